//! Wall-clock time and chance, from one place, so that a test can set them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::Timestamp;

/// Tells the time of day and makes ids.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<Arc<AtomicI64>>,
    /// The time of the newest id.
    newest: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `at` until it is [advanced](Self::advance_ms).
    pub fn manual(at: Timestamp) -> Self {
        Self {
            manual: Some(Arc::new(AtomicI64::new(at.as_ms()))),
            newest: Arc::default(),
        }
    }

    /// Moves a manual clock; the machine's clock does not care.
    pub fn advance_ms(&self, ms: i64) {
        if let Some(manual) = &self.manual {
            manual.fetch_add(ms, Ordering::Relaxed);
        }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        match &self.manual {
            Some(manual) => Timestamp::from_ms(manual.load(Ordering::Relaxed)),
            None => system_now(),
        }
    }

    /// A new id, ordered by time: `clock.new_id::<CallId>()`. An id is never of an
    /// earlier time than one before it, also where the clock is set back.
    pub fn new_id<T: From<(Timestamp, u128)>>(&self) -> T {
        let now = self.now().as_ms();
        let newest = self.newest.fetch_max(now, Ordering::Relaxed);
        let at = Timestamp::from_ms(newest.max(now));
        T::from((at, u128::from_le_bytes(random_bytes())))
    }
}

/// Bytes that nobody can guess.
///
/// # Panics
///
/// If the operating system has no randomness to give, nothing that we hand
/// out would be safe; there is no way on from there.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
fn system_now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CallId;

    #[test]
    fn p5_ids_stay_in_order_however_the_clock_jumps() {
        const HOUR: i64 = 3_600_000;
        let clock = Clock::manual(Timestamp::from_ms(1_763_717_400_000));
        let mut newest: CallId = clock.new_id();
        for jump in [
            1,
            HOUR,
            -HOUR,
            -24 * HOUR,
            1,
            48 * HOUR,
            -24 * HOUR,
            25 * HOUR,
        ] {
            clock.advance_ms(jump);
            let next: CallId = clock.clone().new_id();
            // Of one and the same millisecond, chance decides.
            let time = |id: CallId| id.to_string()[..15].to_owned();
            assert!(time(next) >= time(newest), "{jump}: {newest}, {next}");
            newest = newest.max(next);
        }
    }
}
