//! A bug that shows in one call ends that call, and no other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use frontdesk::bridge::{AgentLeg, DialError, Dialer, RealtimeDialer};
use frontdesk::call::{AgentAction, Event, Interruption};
use frontdesk::clock::Clock;
use frontdesk::domain::{EndReason, Receptionist};
use frontdesk::rehearsal::RECEPTIONIST;
use frontdesk::rehearsal::carrier::Step;
use frontdesk::store::utterances;
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use tokio::time::Instant;

use super::bare::Bare;
use super::desk::{ms, talkative};

/// Where the bug is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Bug {
    /// The agent is to be dialled.
    Dial,
    /// It is being dialled.
    Reach,
    /// It has spoken for a while.
    Speak,
    /// It is asked for something.
    Perform,
    /// It is let go.
    Close,
}

/// Reaches agents of whom the first has a bug.
struct Buggy {
    inner: RealtimeDialer,
    bug: Bug,
    dialled: AtomicUsize,
}

impl Dialer for Buggy {
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let is_first = self.dialled.fetch_add(1, Ordering::Relaxed) == 0;
        let bug = self.bug;
        assert!(!is_first || bug != Bug::Dial, "a bug where it is dialled");
        let reached = self.inner.dial(receptionist, ordinal);
        async move {
            assert!(!is_first || bug != Bug::Reach, "a bug where it is reached");
            let inner = reached.await?;
            if !is_first {
                return Ok(inner);
            }
            let leg: Box<dyn AgentLeg> = Box::new(Fragile {
                inner,
                bug,
                speaks_since: None,
            });
            Ok(leg)
        }
        .boxed()
    }

    fn interruption(&self) -> Interruption {
        self.inner.interruption()
    }

    fn model(&self) -> Option<&str> {
        None
    }
}

struct Fragile {
    inner: Box<dyn AgentLeg>,
    bug: Bug,
    /// Since when it speaks.
    speaks_since: Option<Instant>,
}

impl AgentLeg for Fragile {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()> {
        let polled = self.inner.poll_events(cx, events);
        let speaks = |event: &Event| matches!(event, Event::AgentAudio { .. });
        if events.iter().any(speaks) {
            self.speaks_since.get_or_insert_with(Instant::now);
        }
        let is_long = self.speaks_since.is_some_and(|at| at.elapsed() > ms(1_000));
        assert!(self.bug != Bug::Speak || !is_long, "a bug in what it says");
        polled
    }

    fn perform(&mut self, action: AgentAction) {
        let is_asked = matches!(action, AgentAction::Respond(_));
        assert!(
            self.bug != Bug::Perform || !is_asked,
            "a bug in what it does"
        );
        self.inner.perform(action);
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        self.inner.poll_flush(cx);
    }

    fn ping(&mut self) {
        self.inner.ping();
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        assert!(self.bug != Bug::Close, "a bug in its goodbye");
        self.inner.close()
    }
}

async fn house(bug: Bug) -> Bare {
    let buggy = |inner| -> Arc<dyn Dialer> {
        Arc::new(Buggy {
            inner,
            bug,
            dialled: AtomicUsize::new(0),
        })
    };
    Bare::open(talkative(), Clock::system(), buggy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_a_panic_ends_one_call_whose_caller_goes_on_along_the_route() {
    for bug in [Bug::Dial, Bug::Reach, Bug::Speak, Bug::Perform] {
        let house = house(bug).await;
        let report = house.call(vec![Step::StayUntilEnd]).await;
        assert_eq!(report.gave_up_at, None, "{bug:?}: the line is not dead");
        assert_eq!(report.verb_names(), ["Connect", "Say", "Hangup"], "{bug:?}");
        assert!(report.said()[0].starts_with("We are sorry"), "{bug:?}");
        assert_eq!(report.failures, Vec::<String>::new(), "{bug:?}");
        let log = house.log(&report).await;
        assert_eq!(log.end_reason, Some(EndReason::Internal), "{bug:?}");
        if bug == Bug::Speak {
            assert_eq!(report.stream().unwrap().close_code, Some(1000));
            let said = utterances::list(&house.store, log.tenant_id, log.id).await;
            let said = said.unwrap();
            assert!(!said.is_empty(), "what was said is kept");
            let text = said[0].text.expose();
            assert!(RECEPTIONIST[0].text.starts_with(text.trim()), "{text}");
        }
        assert_eq!(house.bridge.counts().live, 0, "{bug:?}: its place is free");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_other_calls_do_not_notice_that_one_has_panicked() {
    let house = house(Bug::Speak).await;
    let talk = || {
        let quiet = Step::WaitForQuiet(ms(700));
        vec![Step::WaitForSpeech, quiet, Step::HangUp]
    };
    // Whoever of the three is dialled first has the bug.
    let reports = join_all((0..3).map(|_| house.call(talk()))).await;
    let mut broken = 0;
    for report in &reports {
        let log = house.log(report).await;
        if log.end_reason == Some(EndReason::Internal) {
            broken += 1;
        } else {
            assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
            assert!(report.stream().unwrap().played_ms > 1_000);
        }
        assert_eq!(report.all_violations(), Vec::<String>::new());
    }
    assert_eq!(broken, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_who_panics_over_a_goodbye_takes_nothing_along() {
    let house = house(Bug::Close).await;
    let quiet = Step::WaitForQuiet(ms(700));
    let report = house.call(vec![Step::WaitForSpeech, quiet, Step::HangUp]);
    let report = report.await;
    let log = house.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    let said = utterances::list(&house.store, log.tenant_id, log.id).await;
    assert!(!said.unwrap().is_empty());
}
