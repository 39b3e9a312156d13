//! How long an answer to the carrier waits for the database: once, however often it asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

/// How long one answer waits for the database. Cheap to clone; clones wait together.
///
/// **Invariant:** a database that has once not answered in time is not waited for
/// again for the same answer, unless there is no answer without it.
#[derive(Clone, Debug)]
pub struct Patience {
    span: Duration,
    until: Instant,
    is_lost: Arc<AtomicBool>,
}

impl Patience {
    /// Where something else will do, so long is waited.
    pub fn of(span: Duration) -> Self {
        Self {
            span,
            until: Instant::now() + DEADLINE,
            is_lost: Arc::default(),
        }
    }

    /// The same for another answer.
    pub(super) fn anew(&self) -> Self {
        Self::of(self.span)
    }

    /// What was asked for, where something else would do; none if it does not come
    /// in time.
    pub(super) async fn wait<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        if self.is_lost.load(Ordering::Relaxed) {
            return None;
        }
        let answer = timeout(self.span, asked).await.ok();
        if answer.is_none() {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// The same for what is worth a longer time, and is asked for also where the database
    /// has not answered before; that time is then not spent.
    pub(super) async fn insist<T>(
        &self,
        longer: Duration,
        asked: impl Future<Output = T>,
    ) -> Option<T> {
        let is_lost = self.is_lost.load(Ordering::Relaxed);
        let span = if is_lost { self.span } else { longer };
        let answer = timeout(span, asked).await.ok();
        if answer.is_none() {
            self.is_lost.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// What was asked for, where nothing else will do; none if it does not come
    /// while the caller still waits.
    pub(super) async fn must<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.until, asked).await.ok()
    }
}

/// As a house has it, where a caller waits.
impl Default for Patience {
    fn default() -> Self {
        Self::of(Duration::from_millis(50))
    }
}

/// The caller does not wait longer than this for any answer.
const DEADLINE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn w5_who_does_not_answer_is_waited_for_once() {
        let (patience, began) = (Patience::default(), Instant::now());
        for _ in 0..5 {
            assert_eq!(patience.wait(async { 1 }).await, Some(1));
        }
        for _ in 0..5 {
            assert_eq!(patience.wait(pending::<()>()).await, None);
        }
        assert_eq!(began.elapsed(), Duration::from_millis(50));
        let longer = Duration::from_millis(250);
        assert_eq!(patience.insist(longer, async { 1 }).await, Some(1));
        assert_eq!(patience.insist(longer, pending::<()>()).await, None);
        assert_eq!(began.elapsed(), Duration::from_millis(100), "no longer");
        let (patience, began) = (patience.anew(), Instant::now());
        assert_eq!(patience.insist(longer, pending::<()>()).await, None);
        assert_eq!(began.elapsed(), longer);
        assert_eq!(patience.clone().wait(async { 1 }).await, None);
        assert_eq!(patience.anew().wait(async { 1 }).await, Some(1));
        for _ in 0..5 {
            assert_eq!(patience.must(pending::<()>()).await, None);
        }
        assert_eq!(began.elapsed(), DEADLINE);
    }
}
