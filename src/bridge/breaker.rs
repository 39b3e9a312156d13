//! Whether an endpoint is worth dialling, as all calls together know it.
//!
//! One call that waits for a server which is down learns what every other call
//! has learnt already: after a few failures in a row nobody is let through but
//! one from time to time, who tries for all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which nobody is let through.
const MAX_FAILURES: u32 = 5;
/// For so long at first, then twice as long each time.
const OPEN: Duration = Duration::from_millis(250);
const MAX_OPEN: Duration = Duration::from_secs(8);
/// An endpoint that refused us for a reason which time does not mend.
const REFUSED: Duration = Duration::from_secs(30);
/// Who tries for all is waited for so long.
const TRIAL: Duration = Duration::from_secs(3);

/// How the state of a breaker is told to whoever measures it.
const LETS_THROUGH: f64 = 0.0;
const IS_DOWN: f64 = 1.0;
const REFUSES: f64 = 2.0;

/// What a caller of an endpoint is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// Dial.
    Dial,
    /// It is down; perhaps not for long.
    Down,
    /// It refused us, and will again.
    Refusing,
}

/// The breaker of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// What its endpoint is called where it is measured.
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    openings: u32,
    is_refused: bool,
    /// Nobody is let through until then.
    shut_until: Option<Instant>,
}

impl Breaker {
    /// The breaker of the endpoint that is called so where it is measured.
    pub(super) fn of(name: String) -> Self {
        let breaker = Self {
            name,
            ..Self::default()
        };
        breaker.tell(LETS_THROUGH);
        breaker
    }

    /// Whether to dial. Whoever is told to must say what came of it.
    pub(super) fn ask(&self, now: Instant) -> Verdict {
        let mut state = self.state();
        match state.shut_until {
            Some(until) if now < until && state.is_refused => Verdict::Refusing,
            Some(until) if now < until => Verdict::Down,
            // The first to come tries for all; the others wait for the outcome.
            Some(_) => {
                state.shut_until = Some(now + TRIAL);
                Verdict::Dial
            }
            None => Verdict::Dial,
        }
    }

    /// It answered.
    pub(super) fn succeeded(&self) {
        *self.state() = State::default();
        self.tell(LETS_THROUGH);
    }

    /// It could not be reached.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.state();
        state.failures += 1;
        if state.failures >= MAX_FAILURES {
            let open = OPEN * 2_u32.saturating_pow(state.openings.min(8));
            state.openings += 1;
            state.is_refused = false;
            state.shut_until = Some(now + open.min(MAX_OPEN));
            self.tell(IS_DOWN);
        }
    }

    /// It refused us, and will until somebody has changed a setting or paid a
    /// bill.
    pub(super) fn refused(&self, now: Instant) {
        let mut state = self.state();
        state.failures = MAX_FAILURES;
        state.is_refused = true;
        state.shut_until = Some(now + REFUSED);
        self.tell(REFUSES);
    }

    /// Whether nobody is let through.
    pub(super) fn is_shut(&self) -> bool {
        self.state().shut_until.is_some()
    }

    fn tell(&self, state: f64) {
        let endpoint = self.name.clone();
        metrics::gauge!("frontdesk_agent_endpoint_state", "endpoint" => endpoint).set(state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// An endpoint that has just failed so often that nobody is let through.
    fn shut(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..MAX_FAILURES {
            assert_eq!(breaker.ask(now), Verdict::Dial);
            breaker.failed(now);
        }
        breaker
    }

    fn origin() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn o16_one_tries_for_all_and_the_pauses_grow() {
        let mut now = origin();
        let breaker = shut(now);
        for pause in [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000] {
            assert!(breaker.is_shut());
            assert_eq!(breaker.ask(now + ms(pause - 1)), Verdict::Down);
            now += ms(pause);
            assert_eq!(breaker.ask(now), Verdict::Dial);
            assert_eq!(breaker.ask(now), Verdict::Down, "one is enough");
            breaker.failed(now);
        }
        now += ms(8_000);
        assert_eq!(breaker.ask(now), Verdict::Dial);
        breaker.succeeded();
        assert!(!breaker.is_shut());
        assert_eq!(breaker.ask(now), Verdict::Dial);
        assert_eq!(breaker.ask(now), Verdict::Dial);
    }

    #[test]
    fn who_tried_for_all_and_was_not_heard_of_again_is_not_waited_for() {
        let now = origin();
        let breaker = shut(now);
        let later = now + ms(250);
        assert_eq!(breaker.ask(later), Verdict::Dial);
        assert_eq!(breaker.ask(later + TRIAL), Verdict::Dial);
    }

    #[test]
    fn o3_a_refusal_holds_until_somebody_may_have_paid() {
        let now = origin();
        let breaker = Breaker::default();
        breaker.refused(now);
        assert_eq!(breaker.ask(now + ms(29_999)), Verdict::Refusing);
        assert_eq!(breaker.ask(now + REFUSED), Verdict::Dial);
        assert_eq!(breaker.ask(now + REFUSED), Verdict::Refusing);
        breaker.succeeded();
        assert_eq!(breaker.ask(now + REFUSED), Verdict::Dial);
    }
}
