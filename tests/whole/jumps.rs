//! The wall clock is set while a call goes on.

use std::sync::Arc;

use frontdesk::bridge::{AgentLeg, DialError, Dialer, RealtimeDialer};
use frontdesk::call::Interruption;
use frontdesk::clock::Clock;
use frontdesk::domain::{EndReason, Receptionist};
use frontdesk::rehearsal::carrier::Step;
use futures::future::BoxFuture;

use super::bare::Bare;
use super::desk::{ms, talkative};

const HOUR: i64 = 3_600_000;

/// The clock is set between the carrier's webhook and its stream.
struct Jumping {
    inner: RealtimeDialer,
    clock: Clock,
    by_ms: i64,
}

impl Dialer for Jumping {
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        self.clock.advance_ms(self.by_ms);
        self.inner.dial(receptionist, ordinal)
    }

    fn interruption(&self) -> Interruption {
        self.inner.interruption()
    }

    fn model(&self) -> Option<&str> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p5_a_clock_that_is_set_neither_ends_a_call_nor_makes_it_longer() {
    for by_ms in [HOUR, -HOUR, 24 * HOUR, -24 * HOUR] {
        let clock = Clock::manual(Clock::system().now());
        let jumping = |inner| -> Arc<dyn Dialer> {
            Arc::new(Jumping {
                inner,
                clock: clock.clone(),
                by_ms,
            })
        };
        let house = Bare::open(talkative(), clock.clone(), jumping).await;
        let steps = vec![
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(400)),
            Step::HangUp,
        ];
        let report = house.call(steps).await;
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(
            report.verb_names(),
            ["Connect"],
            "{by_ms}: the token was good"
        );
        let log = house.log(&report).await;
        assert_eq!(log.end_reason, Some(EndReason::CallerHungUp), "{by_ms}");
        let (answered, ended) = (log.answered_at.unwrap(), log.ended_at.unwrap());
        for (from, until) in [(log.created_at, answered), (answered, ended)] {
            let lasted = until.as_ms() - from.as_ms();
            assert!((0..60_000).contains(&lasted), "{by_ms}: {lasted} ms");
        }
    }
}
