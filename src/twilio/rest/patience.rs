//! How long to wait for Twilio, and when to ask once more.

use std::time::{Duration, Instant};

use super::error::{Cause, Error, Refusal};

/// Chance for the back-off: any number, each as likely as the other.
pub type Jitter = fn() -> u32;

/// How long to wait, and how often to ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Patience {
    /// For one try of what may be tried again.
    pub attempt: Duration,
    /// For all tries together.
    pub total: Duration,
    /// How many tries at most.
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(4),
            total: Duration::from_secs(10),
            tries: 4,
        }
    }
}

/// Whether a request does the same when it is sent twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Repeat {
    /// Twice is once.
    Harmless,
    /// Twice is twice.
    Harmful,
}

/// What one try brought instead of an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// Final.
    Refused(Refusal),
    /// Status 429: not processed, whatever it was.
    Busy(Option<Duration>),
    /// It never left us.
    Unsent,
    /// It left us, and nobody knows what became of it.
    Lost(Cause),
}

/// The tries at one request.
#[derive(Debug)]
pub(super) struct Tries {
    patience: Patience,
    repeat: Repeat,
    deadline: Instant,
    made: u32,
}

impl Tries {
    pub(super) fn new(patience: Patience, repeat: Repeat, now: Instant) -> Self {
        Self {
            patience,
            repeat,
            deadline: now + patience.total,
            made: 0,
        }
    }

    /// How long the next try may take. What must not be sent twice gets all
    /// the time that is left.
    pub(super) fn begin(&mut self, now: Instant) -> Duration {
        self.made += 1;
        let left = self.deadline.saturating_duration_since(now);
        match self.repeat {
            Repeat::Harmless => left.min(self.patience.attempt),
            Repeat::Harmful => left,
        }
    }

    /// How long to wait before the next try; an error if there is none.
    pub(super) fn after(
        &self,
        failure: Failure,
        chance: u32,
        now: Instant,
    ) -> Result<Duration, Error> {
        let asked = match failure {
            Failure::Busy(asked) => asked.unwrap_or_default(),
            Failure::Unsent | Failure::Refused(_) | Failure::Lost(_) => Duration::ZERO,
        };
        let may_repeat = match (&failure, self.repeat) {
            (Failure::Refused(_), _) | (Failure::Lost(_), Repeat::Harmful) => false,
            (Failure::Busy(_) | Failure::Unsent, _) | (Failure::Lost(_), Repeat::Harmless) => true,
        };
        let wait = asked.saturating_add(self.back_off(chance));
        let is_in_time = now
            .checked_add(wait)
            .is_some_and(|then| then < self.deadline);
        if may_repeat && self.made < self.patience.tries && is_in_time {
            return Ok(wait);
        }
        Err(match (failure, self.repeat) {
            (Failure::Refused(refusal), _) => Error::Refused(refusal),
            (Failure::Busy(retry_after), _) => Error::Busy { retry_after },
            (Failure::Unsent, _) => Error::Unavailable(Cause::Unreachable),
            (Failure::Lost(cause), Repeat::Harmless) => Error::Unavailable(cause),
            (Failure::Lost(cause), Repeat::Harmful) => Error::Unknown(cause),
        })
    }

    /// Anything up to 250 ms, 500 ms, 1 s: those who were refused together do
    /// not come back together.
    /// <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
    fn back_off(&self, chance: u32) -> Duration {
        let longest = FIRST_WAIT * 2_u32.pow(self.made.saturating_sub(1).min(5));
        longest.mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u32 = u32::MAX / 2;
    const LOST: Failure = Failure::Lost(Cause::Timeout);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn tries(repeat: Repeat) -> (Tries, Instant) {
        let now = tokio::time::Instant::now().into_std();
        (Tries::new(Patience::default(), repeat, now), now)
    }

    fn rounded(wait: Result<Duration, Error>) -> Result<u64, Error> {
        wait.map(|wait| u64::try_from((wait + ms(1)).as_millis()).unwrap() / 5 * 5)
    }

    #[test]
    fn w6_what_does_no_harm_is_tried_again_after_longer_and_longer_waits() {
        let (mut tries, now) = tries(Repeat::Harmless);
        for longest in [250, 500, 1_000] {
            assert_eq!(tries.begin(now), ms(4_000));
            assert_eq!(tries.after(LOST, 0, now), Ok(Duration::ZERO));
            assert_eq!(rounded(tries.after(LOST, HALF, now)), Ok(longest / 2));
            assert_eq!(rounded(tries.after(LOST, u32::MAX, now)), Ok(longest));
        }
        tries.begin(now);
        let given_up = tries.after(LOST, 0, now);
        assert_eq!(given_up, Err(Error::Unavailable(Cause::Timeout)));
    }

    #[test]
    fn w6_what_makes_something_is_never_sent_again_once_it_has_left_us() {
        for cause in [Cause::Timeout, Cause::Broken, Cause::Failed(503)] {
            let (mut tries, now) = tries(Repeat::Harmful);
            assert_eq!(tries.begin(now), ms(10_000), "one try, and all the time");
            let unknown = tries.after(Failure::Lost(cause), 0, now);
            assert_eq!(unknown, Err(Error::Unknown(cause)));
        }
    }

    #[test]
    fn w6_what_never_left_us_or_was_not_processed_is_sent_again() {
        for failure in [Failure::Unsent, Failure::Busy(None)] {
            let (mut tries, now) = tries(Repeat::Harmful);
            for _ in 0..3 {
                tries.begin(now);
                assert_eq!(tries.after(failure.clone(), 0, now), Ok(Duration::ZERO));
            }
            tries.begin(now);
            let expected = match &failure {
                Failure::Unsent => Error::Unavailable(Cause::Unreachable),
                Failure::Busy(_) | Failure::Refused(_) | Failure::Lost(_) => {
                    Error::Busy { retry_after: None }
                }
            };
            assert_eq!(tries.after(failure, 0, now), Err(expected));
        }
    }

    #[test]
    fn w6_retry_after_is_waited_for_unless_there_is_no_time_for_it() {
        let (mut tries, now) = tries(Repeat::Harmful);
        tries.begin(now);
        let wait = tries.after(Failure::Busy(Some(ms(3_000))), u32::MAX, now);
        assert_eq!(rounded(wait), Ok(3_250));
        for retry_after in [ms(10_000), Duration::MAX] {
            let retry_after = Some(retry_after);
            let given_up = tries.after(Failure::Busy(retry_after), 0, now);
            assert_eq!(given_up, Err(Error::Busy { retry_after }));
        }
    }

    #[test]
    fn all_tries_together_end_with_the_deadline() {
        let (mut tries, now) = tries(Repeat::Harmless);
        assert_eq!(tries.begin(now + ms(9_000)), ms(1_000));
        assert_eq!(tries.begin(now + ms(11_000)), Duration::ZERO);
        let given_up = tries.after(LOST, 0, now + ms(10_000));
        assert_eq!(given_up, Err(Error::Unavailable(Cause::Timeout)));
    }

    #[test]
    fn a_refusal_is_final() {
        let (mut tries, now) = tries(Repeat::Harmless);
        tries.begin(now);
        let refusal = Refusal::read(404, br#"{"code":20404,"message":"no","status":404}"#);
        assert!(refusal.is_missing());
        let refused = tries.after(Failure::Refused(refusal.clone()), 0, now);
        assert_eq!(refused, Err(Error::Refused(refusal)));
    }
}
