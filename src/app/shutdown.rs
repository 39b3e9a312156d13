//! The signals that end the process, and what each of them asks for.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the house has been asked to do about its end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Take no new calls, and leave when the last one has ended.
    pub drain: CancellationToken,
    /// End the calls in progress and leave. Implies `drain`.
    pub abort: CancellationToken,
}

impl Shutdown {
    /// Listens for SIGTERM and SIGINT: the first drains, the second aborts.
    ///
    /// # Errors
    ///
    /// If the operating system does not let us listen.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::default();
        let tokens = [shutdown.drain.clone(), shutdown.abort.clone()];
        tokio::spawn(async move {
            for token in tokens {
                let name = next(&mut terminate, &mut interrupt).await;
                tracing::info!(signal.name = name, "signal received");
                token.cancel();
            }
        });
        Ok(shutdown)
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> &'static str {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
