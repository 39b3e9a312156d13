//! How long an answer of the database is waited for.
//!
//! A host that goes out tells nobody: whoever has asked it something and waits is neither
//! answered nor refused, and neither the system nor the driver ever gives up.
//!
//! **Invariant:** who asks in a loop, or in a task for which nobody else loses patience,
//! asks [in time](in_time).

use std::io;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::timeout;

use super::Error;

/// A line to the database that is silent for so long is dead.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// What was asked for, or that the database is away if it is silent for too long. As with a
/// line that breaks, nobody knows then whether what was to be written is.
pub fn in_time<T>(
    asked: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    within(LONGEST_SILENCE, asked)
}

/// The same for what is of no use to anybody after `longest`.
pub fn within<T>(
    longest: Duration,
    asked: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    let answer = timeout(longest, asked);
    answer.map(|answer| answer.unwrap_or_else(|_| Err(silent().into())))
}

/// What the driver would say of a dead line, if it noticed.
pub(super) fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::ErrorKind::TimedOut.into())
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn d2_a_database_that_is_silent_for_too_long_is_away_and_may_come_back() {
        let began = Instant::now();
        assert_eq!(in_time(ready(Ok(1))).await.unwrap(), 1);
        let refused = in_time(ready(Err::<(), _>(Error::Conflict))).await;
        assert!(matches!(refused, Err(Error::Conflict)), "{refused:?}");
        assert_eq!(began.elapsed(), Duration::ZERO);
        let silent = in_time(pending::<Result<(), Error>>()).await.unwrap_err();
        assert_eq!(began.elapsed(), LONGEST_SILENCE);
        assert!(silent.is_outage() && silent.is_transient(), "{silent:?}");
        assert_eq!(silent.to_string(), "the database failed (timed out)");
    }
}
