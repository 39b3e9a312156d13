//! Whether an endpoint is worth dialling, as all calls together know it.
//!
//! One call that waits for a server which is down learns what every other call
//! has learnt already: after a few failures in a row nobody is let through but
//! one from time to time, who tries for all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::run::now;

/// Failures in a row after which nobody is let through.
const MAX_FAILURES: u32 = 5;
/// For so long at first, then twice as long each time.
const OPEN: Duration = Duration::from_millis(250);
/// Whoever asks has a caller who waits, and is given up after a few seconds: a
/// server that is back is to be noticed well before.
const MAX_OPEN: Duration = Duration::from_millis(500);
/// An endpoint that refused us for a reason which time does not mend.
const REFUSED: Duration = Duration::from_secs(30);
/// Who tries for all at one that refused us is waited for so long.
const TRIAL: Duration = Duration::from_secs(3);
/// Who lost a call in the middle of it is dialled after the others for so long.
const DOUBT: Duration = Duration::from_secs(10);
/// What went wrong longer ago tells nothing of an endpoint that nobody has
/// dialled since.
const NEWS: Duration = Duration::from_mins(5);

/// How the state of a breaker is told to whoever measures it.
const LETS_THROUGH: f64 = 0.0;
const IS_UNTRIED: f64 = 0.5;
const IS_DOWN: f64 = 1.0;
const REFUSES: f64 = 2.0;

/// What a caller of an endpoint is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// Dial, and say what came of it.
    Dial(Pass),
    /// It is down; ask again at this time.
    Down(Instant),
    /// It refused us, and will again.
    Refusing,
}

/// Leave to dial. What comes of it is news only as long as nobody has found out
/// more meanwhile: twenty who fail together are one failure of the endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Pass {
    era: u64,
    /// Whether it is given to one who tries for all.
    pub(super) is_trial: bool,
}

/// The breaker of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// What its endpoint is called where it is measured.
    name: String,
    state: Mutex<State>,
    /// Who waits is told of every change.
    news: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    openings: u32,
    /// Begins anew whenever somebody has found out how it is.
    era: u64,
    is_refused: bool,
    /// Nobody is let through until then.
    shut_until: Option<Instant>,
    /// When somebody last found that it is down or refuses us.
    found_at: Option<Instant>,
    doubted_until: Option<Instant>,
}

impl State {
    fn shut(&mut self, until: Instant, now: Instant) {
        self.era += 1;
        self.shut_until = Some(until);
        self.found_at = Some(now);
    }

    /// Whether nobody is let through, or would have been of late.
    fn is_shut(&self, now: Instant) -> bool {
        let is_news = |at: Instant| now.saturating_duration_since(at) < NEWS;
        self.shut_until.is_some() && self.found_at.is_some_and(is_news)
    }

    fn level(&self, now: Instant) -> f64 {
        match self.shut_until {
            None => LETS_THROUGH,
            Some(_) if !self.is_shut(now) => IS_UNTRIED,
            Some(_) if self.is_refused => REFUSES,
            Some(_) => IS_DOWN,
        }
    }
}

impl Breaker {
    /// The breaker of the endpoint that is called so where it is measured.
    pub(super) fn of(name: String, news: Arc<Notify>) -> Self {
        let breaker = Self {
            name,
            news,
            ..Self::default()
        };
        breaker.show(LETS_THROUGH);
        breaker
    }

    /// Whether to dial. Whoever is told to must say what came of it.
    pub(super) fn ask(&self, now: Instant) -> Verdict {
        let mut state = self.state();
        let pass = |era, is_trial| Verdict::Dial(Pass { era, is_trial });
        match state.shut_until {
            Some(until) if now < until && state.is_refused => Verdict::Refusing,
            Some(until) if now < until => Verdict::Down(until),
            // The first to come tries for all; the others wait for the outcome,
            // and where it does not come soon another one tries.
            Some(_) => {
                let wait = if state.is_refused { TRIAL } else { MAX_OPEN };
                state.shut_until = Some(now + wait);
                pass(state.era, true)
            }
            None => pass(state.era, false),
        }
    }

    /// Whether nothing has been found out since this was given.
    pub(super) fn holds(&self, pass: Pass) -> bool {
        self.state().era == pass.era
    }

    /// It answered.
    pub(super) fn succeeded(&self, now: Instant) {
        let mut state = self.state();
        let was_shut = state.shut_until.is_some();
        *state = State {
            era: state.era + u64::from(was_shut),
            doubted_until: state.doubted_until,
            ..State::default()
        };
        self.tell_of(&state, now, was_shut);
    }

    /// It could not be reached.
    pub(super) fn failed(&self, pass: Pass, now: Instant) {
        let mut state = self.state();
        if pass.era != state.era {
            // Others have found out before, or it has answered since.
            return;
        }
        state.failures += 1;
        let is_enough = state.failures >= MAX_FAILURES;
        if is_enough {
            let open = OPEN * 2_u32.saturating_pow(state.openings.min(8));
            state.openings += 1;
            state.is_refused = false;
            state.shut(now + open.min(MAX_OPEN), now);
        }
        self.tell_of(&state, now, is_enough);
    }

    /// It refused us, and will until somebody has changed a setting or paid a
    /// bill.
    pub(super) fn refused(&self, now: Instant) {
        let mut state = self.state();
        state.failures = MAX_FAILURES;
        state.is_refused = true;
        state.shut(now + REFUSED, now);
        self.tell_of(&state, now, true);
    }

    /// It lost a call in the middle of it. That may be an accident, but the
    /// next agent is rather looked for somewhere else.
    pub(super) fn lost(&self, now: Instant) {
        self.state().doubted_until = Some(now + DOUBT);
    }

    /// Whether others are dialled before it.
    pub(super) fn is_doubted(&self, now: Instant) -> bool {
        self.state().doubted_until.is_some_and(|until| now < until)
    }

    /// Tells whoever measures how it stands. Whether it is shut.
    pub(super) fn tell(&self, now: Instant) -> bool {
        let state = self.state();
        self.tell_of(&state, now, false);
        state.is_shut(now)
    }

    fn tell_of(&self, state: &State, now: Instant, has_turned: bool) {
        self.show(state.level(now));
        if has_turned {
            self.news.notify_waiters();
        }
    }

    fn show(&self, level: f64) {
        let endpoint = self.name.clone();
        metrics::gauge!("frontdesk_agent_endpoint_state", "endpoint" => endpoint).set(level);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all calls learn from one agent of how its endpoint is.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    breaker: Arc<Breaker>,
    pass: Pass,
}

impl Watch {
    /// Of an agent that was dialled with this leave.
    pub(super) fn new(breaker: Arc<Breaker>, pass: Pass) -> Self {
        Self { breaker, pass }
    }

    /// It accepted its configuration.
    pub(super) fn ready(&self) {
        self.breaker.succeeded(now());
    }

    /// It did not.
    pub(super) fn failed(&self) {
        self.breaker.failed(self.pass, now());
    }

    /// It will not before somebody has changed a setting or paid a bill.
    pub(super) fn refused(&self) {
        self.breaker.refused(now());
    }

    /// It is gone, or has fallen silent, in the middle of a call.
    pub(super) fn lost(&self) {
        self.breaker.lost(now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Is let through.
    fn pass(breaker: &Breaker, now: Instant) -> Pass {
        let Verdict::Dial(pass) = breaker.ask(now) else {
            panic!("nobody is let through");
        };
        pass
    }

    /// An endpoint that has just failed so often that nobody is let through.
    fn shut(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..MAX_FAILURES {
            breaker.failed(pass(&breaker, now), now);
        }
        breaker
    }

    #[test]
    fn o16_one_tries_for_all_and_nobody_waits_long_for_a_server_that_is_back() {
        let mut now = now();
        let breaker = shut(now);
        for pause in [250, 500, 500, 500] {
            assert!(breaker.tell(now));
            let until = now + ms(pause);
            assert_eq!(breaker.ask(now + ms(pause - 1)), Verdict::Down(until));
            now = until;
            let trial = pass(&breaker, now);
            assert!(trial.is_trial);
            assert!(
                matches!(breaker.ask(now), Verdict::Down(_)),
                "one is enough"
            );
            breaker.failed(trial, now);
        }
        now += ms(500);
        let _ = pass(&breaker, now);
        breaker.succeeded(now);
        assert!(!breaker.tell(now));
        assert!(!pass(&breaker, now).is_trial);
        assert!(!pass(&breaker, now).is_trial);
    }

    #[test]
    fn o16_twenty_who_fail_together_shut_it_once() {
        let now = now();
        let breaker = Breaker::default();
        let passes: Vec<_> = (0..20).map(|_| pass(&breaker, now)).collect();
        for pass in passes {
            breaker.failed(pass, now);
        }
        let _ = pass(&breaker, now + ms(250));
    }

    #[test]
    fn o16_who_fails_late_does_not_shut_what_has_answered_since() {
        let now = now();
        let breaker = Breaker::default();
        let passes: Vec<_> = (0..20).map(|_| pass(&breaker, now)).collect();
        for pass in &passes[..5] {
            breaker.failed(*pass, now);
        }
        let _ = pass(&breaker, now + ms(250));
        breaker.succeeded(now + ms(300));
        for pass in &passes[5..] {
            breaker.failed(*pass, now + ms(400));
        }
        assert!(!pass(&breaker, now + ms(400)).is_trial);
    }

    #[test]
    fn who_tried_for_all_and_was_not_heard_of_again_is_not_waited_for() {
        let now = now();
        let breaker = shut(now);
        let later = now + ms(250);
        let _ = pass(&breaker, later);
        let _ = pass(&breaker, later + MAX_OPEN);
    }

    #[test]
    fn o3_a_refusal_holds_until_somebody_may_have_paid() {
        let now = now();
        let breaker = Breaker::default();
        breaker.refused(now);
        assert_eq!(breaker.ask(now + ms(29_999)), Verdict::Refusing);
        let _ = pass(&breaker, now + REFUSED);
        assert_eq!(breaker.ask(now + REFUSED), Verdict::Refusing);
        breaker.succeeded(now + REFUSED);
        let _ = pass(&breaker, now + REFUSED);
    }

    #[test]
    fn o16_an_endpoint_that_nobody_dials_any_more_is_not_called_shut_for_ever() {
        let now = now();
        let refusing = Breaker::default();
        refusing.refused(now);
        for (breaker, level) in [(shut(now), IS_DOWN), (refusing, REFUSES)] {
            let level_at = |at: Duration| breaker.state().level(now + at);
            assert!(breaker.tell(now));
            assert!(
                breaker.tell(now + ms(299_999)),
                "somebody may dial it again"
            );
            assert!((level_at(ms(299_999)) - level).abs() < 0.1);
            assert!(!breaker.tell(now + NEWS));
            assert!((level_at(NEWS) - IS_UNTRIED).abs() < 0.1);
            let _ = pass(&breaker, now + NEWS);
        }
    }

    #[test]
    fn o16_who_lost_a_call_is_dialled_after_the_others_for_a_while() {
        let now = now();
        let breaker = Breaker::default();
        breaker.lost(now);
        breaker.succeeded(now);
        assert!(breaker.is_doubted(now + ms(9_999)));
        assert!(!breaker.is_doubted(now + DOUBT));
        assert!(!pass(&breaker, now).is_trial, "and dialled all the same");
    }
}
