//! The signals that end the process, and what each of them asks for.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long calls may go on where the end is in a hurry.
const HURRY: Duration = Duration::from_secs(10);
/// So long before the end whoever asks is given their last answer: callers who wait hear
/// a tune that is shorter, and ask again.
const LAST_CALLS: Duration = Duration::from_secs(15);

/// What the house has been asked to do about its end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Take no new calls, and leave when the last one has ended.
    pub drain: CancellationToken,
    /// The calls in progress have ten more seconds.
    pub hurry: CancellationToken,
    /// End the calls in progress and leave.
    pub abort: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT: the first drains, the second hurries, the third
    /// aborts.
    ///
    /// # Errors
    ///
    /// If the operating system does not let us listen.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::default();
        let tokens = [
            shutdown.drain.clone(),
            shutdown.hurry.clone(),
            shutdown.abort.clone(),
        ];
        tokio::spawn(async move {
            for token in tokens {
                let name = next(&mut terminate, &mut interrupt).await;
                tracing::info!(signal.name = name, "signal received");
                token.cancel();
            }
        });
        Ok(shutdown)
    }

    /// Waits until calls that still go on must end, where they may go on for so long
    /// unless somebody is in a hurry.
    pub(super) async fn deadline(&self, usual: Duration) {
        let until = Instant::now() + usual;
        let hurry = async {
            self.hurry.cancelled().await;
            sleep_until(until.min(Instant::now() + HURRY)).await;
        };
        tokio::select! {
            () = sleep_until(until) => {}
            () = hurry => {}
            () = self.abort.cancelled() => {}
        }
    }

    /// Waits until it is almost time for that.
    pub(super) async fn last_calls(&self, usual: Duration) {
        let until = Instant::now() + usual.saturating_sub(LAST_CALLS);
        tokio::select! {
            () = sleep_until(until) => {}
            () = self.hurry.cancelled() => {}
            () = self.abort.cancelled() => {}
        }
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Duration = Duration::from_mins(15);

    #[tokio::test(start_paused = true)]
    async fn p1_a_second_signal_leaves_ten_seconds_and_a_third_none() {
        let (shutdown, began) = (Shutdown::default(), Instant::now());
        shutdown.last_calls(USUAL).await;
        assert_eq!(began.elapsed() + LAST_CALLS, USUAL);
        shutdown.last_calls(LAST_CALLS / 2).await;
        assert_eq!(began.elapsed() + LAST_CALLS, USUAL, "there is no time left");
        let began = Instant::now();
        shutdown.deadline(USUAL).await;
        assert_eq!(began.elapsed(), USUAL);

        shutdown.hurry.cancel();
        let began = Instant::now();
        shutdown.last_calls(USUAL).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        shutdown.deadline(USUAL).await;
        assert_eq!(began.elapsed(), HURRY);
        shutdown.deadline(HURRY / 2).await;
        assert_eq!(began.elapsed(), HURRY + HURRY / 2, "it never takes longer");

        shutdown.abort.cancel();
        let began = Instant::now();
        shutdown.deadline(USUAL).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
