//! How much of a core one call may use, whatever its peers send.
//!
//! A call that goes on as calls do uses some thousandths of a core. One whose agent or
//! carrier floods it would take the whole of one, and every other call of that core
//! would be late. So each has an allowance that fills up as time goes by; a call that
//! has used it up is not looked at until there is some again, and what its peers send
//! meanwhile waits in their sockets until they have to wait themselves.

use std::time::{Duration, Instant};

/// One part of so many is a call's: thirty times what a call needs.
const SHARE: u32 = 16;
/// What may be saved up, for the beginning of a call and for what a stall leaves behind.
const MOST: Duration = Duration::from_millis(100);
/// What takes longer without a pause is the machine's doing and not the call's.
const LONGEST: Duration = Duration::from_millis(20);
/// A call that has used it up goes on with so much.
const LEAST: Duration = Duration::from_millis(1);

/// What is left of it.
#[derive(Debug)]
pub(super) struct Allowance {
    left: Duration,
    /// What was used beyond it.
    debt: Duration,
    /// When it was last looked at.
    at: Instant,
    is_used_up: bool,
}

impl Allowance {
    /// All of it.
    pub(super) fn full(now: Instant) -> Self {
        Self {
            left: MOST,
            debt: Duration::ZERO,
            at: now,
            is_used_up: false,
        }
    }

    /// The call wants to go on. When it may, if that is later.
    pub(super) fn ask(&mut self, now: Instant) -> Option<Instant> {
        let filled = now.saturating_duration_since(self.at) / SHARE;
        self.at = now;
        self.left = (self.left + filled.saturating_sub(self.debt)).min(MOST);
        self.debt = self.debt.saturating_sub(filled);
        if self.is_used_up && self.left < LEAST {
            let missing = LEAST.saturating_sub(self.left) + self.debt;
            return Some(now + missing * SHARE);
        }
        self.is_used_up = false;
        None
    }

    /// It went on until now.
    pub(super) fn spend(&mut self, now: Instant) {
        let used = now.saturating_duration_since(self.at).min(LONGEST);
        self.at = now;
        self.debt += used.saturating_sub(self.left);
        self.left = self.left.saturating_sub(used);
        if self.left.is_zero() && !self.is_used_up {
            self.is_used_up = true;
            metrics::counter!("frontdesk_calls_slowed_total").increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    fn some_moment() -> Instant {
        Instant::now()
    }

    fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    #[test]
    fn p9_a_call_as_it_should_be_never_waits() {
        let mut now = some_moment();
        let mut allowance = Allowance::full(now);
        // 110 wake-ups a second of 300 us each: fifteen times what is measured.
        for _ in 0..110 * 60 {
            assert_eq!(allowance.ask(now), None);
            allowance.spend(now + us(300));
            now += us(9_090);
        }
    }

    #[test]
    fn p9_a_call_that_takes_all_it_can_gets_its_share_and_no_more() {
        let start = some_moment();
        let (mut now, mut used) = (start, Duration::ZERO);
        let mut allowance = Allowance::full(now);
        while now < start + Duration::from_secs(10) {
            if let Some(later) = allowance.ask(now) {
                assert!(later > now);
                now = later;
                continue;
            }
            now += us(300);
            used += us(300);
            allowance.spend(now);
        }
        let share = Duration::from_secs(10) / SHARE;
        assert!(used >= share, "{used:?}");
        assert!(used <= share + MOST + 2 * LEAST, "{used:?}");
    }
}
