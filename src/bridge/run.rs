//! The loop of a call: one owner of both sockets, the Session and its timer.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::join;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};

use super::allowance::Allowance;
use super::carrier_leg::Carrier;
use super::errands::Errands;
use super::line::{Dial, Line};
use super::logbook::Logbook;
use super::phrases::Phrases;
use super::place::PlaceGuard;
use super::reaction::{self, Reaction};
use super::recorder::{RecordOrder, Recorder};
use crate::call::{Action, CallPlan, Event, Order, Session, Spent};
use crate::domain::{CallId, EndReason, Utterance};

/// Idle proxies cut lines on which nothing goes to and fro, and a peer that has
/// said nothing from one of these to the next is gone: it is noticed within 20 s.
const PING_EVERY: Duration = Duration::from_secs(10);
/// A carrier that takes nothing for so long is lost.
const MAX_STALL: Duration = Duration::from_secs(10);
/// A call that always has more to do lets others go first after so many turns.
const MAX_TURNS: usize = 4;
/// The carrier's stream is taken over by another.
const REPLACED: u16 = 4000;
/// The carrier's call is over: it asks what comes next.
pub(super) const OVER: u16 = 1000;

/// What reaches a call from outside its two legs.
pub(super) enum Control {
    /// The carrier's stream, or the one that takes its place.
    Attach(Box<dyn Carrier>),
    /// Somebody does something to the call.
    Order(Order),
    /// Or to its recording.
    Record(RecordOrder),
}

/// A call that goes on.
pub(super) struct Call {
    session: Session,
    carrier: Option<Box<dyn Carrier>>,
    line: Line,
    phrases: Phrases,
    inbox: mpsc::Receiver<Control>,
    log: Logbook,
    errands: Errands,
    recorder: Recorder,
    reaction: Reaction,
    events: VecDeque<Event>,
    timer: Pin<Box<Sleep>>,
    armed: Instant,
    ping_at: Instant,
    stalled_since: Option<Instant>,
    allowance: Allowance,
    /// How far behind the machine knows the carrier to be, if it is.
    behind: Option<Duration>,
}

impl Call {
    pub(super) fn new(
        (plan, said, spent): (CallPlan, Vec<Utterance>, Spent),
        (dial, phrases): (Dial, Phrases),
        inbox: mpsc::Receiver<Control>,
        (log, errands, recorder): (Logbook, Errands, Recorder),
    ) -> Self {
        let now = now();
        Self {
            session: Session::new(plan, now).remembering(said, spent),
            carrier: None,
            line: Line::new(dial),
            phrases,
            inbox,
            log,
            errands,
            recorder,
            reaction: Reaction::default(),
            events: VecDeque::new(),
            timer: Box::pin(sleep(Duration::ZERO)),
            armed: now,
            ping_at: now + PING_EVERY,
            stalled_since: None,
            allowance: Allowance::full(now),
            behind: None,
        }
    }

    /// Runs until the call is over and both sockets are closed, also where it
    /// ends by a panic: then its caller is led on as far as we still know how.
    pub(super) async fn run(mut self, place: &mut PlaceGuard) {
        self.log.admitted();
        let turns = poll_fn(|cx| self.poll_within_allowance(cx));
        let end_reason = match AssertUnwindSafe(turns).catch_unwind().await {
            Ok(end_reason) => end_reason,
            Err(_) => self.break_off(),
        };
        self.errands.keep(|| self.log.past(&self.session));
        // The carrier asks what comes next as soon as its stream is closed.
        place.leave(end_reason);
        self.turn_away();
        let ended = now();
        let carrier = async {
            if let Some(carrier) = self.carrier {
                carrier.close(OVER).await;
            }
        };
        // Who panics over a goodbye has no more to say.
        let goodbyes = join(
            AssertUnwindSafe(carrier).catch_unwind(),
            AssertUnwindSafe(self.line.close()).catch_unwind(),
        );
        let _ = goodbyes.await;
        let recorded = AssertUnwindSafe(self.recorder.finish(ended));
        if recorded.catch_unwind().await.is_err() {
            count_panic(self.log.call_id());
        }
        self.log.finish(&self.session, end_reason).await;
    }

    /// A stream that comes from now on is let go.
    fn turn_away(&mut self) {
        self.inbox.close();
        while let Ok(control) = self.inbox.try_recv() {
            if let Control::Attach(carrier) = control {
                tokio::spawn(carrier.close(OVER));
            }
        }
    }

    /// A bug: the call is over, and what was said until then is kept.
    fn break_off(&mut self) -> EndReason {
        count_panic(self.log.call_id());
        let end_reason = EndReason::Internal;
        let end = || {
            let order = Event::Ordered(Order::HangUp(end_reason));
            self.session.handle_event(order, now());
            while let Some(action) = self.session.poll_action() {
                if let Action::Report(report) = action {
                    self.log.report(report);
                }
            }
        };
        // What was being changed when it panicked may not be fit to be ended.
        if catch_unwind(AssertUnwindSafe(end)).is_err() {
            tracing::warn!(call.id = %self.log.call_id(), "call.broken_off");
        }
        end_reason
    }

    /// Ready when the call is over. One that has used up what it may waits.
    fn poll_within_allowance(&mut self, cx: &mut Context<'_>) -> Poll<EndReason> {
        if let Some(later) = self.allowance.ask(now()) {
            self.armed = later;
            self.timer.as_mut().reset(later.into());
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        let end = self.poll_end(cx);
        self.allowance.spend(now());
        end
    }

    /// Ready when the call is over.
    ///
    /// A turn reads whatever has come, lets the machine answer, and sends what
    /// it said. Who has said everything is not asked again in the same wake-up.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<EndReason> {
        for _ in 0..MAX_TURNS {
            self.mind_carrier(cx);
            let has_more = self.poll_sources(cx).is_ready();
            let is_due = self.timer.as_mut().poll(cx).is_ready();
            let now = now();
            if is_due || !self.events.is_empty() {
                self.advance(now);
            }
            if let Some(end_reason) = self.session.ended() {
                return Poll::Ready(end_reason);
            }
            self.flush(cx);
            if self.line.take_fresh() {
                // Who has just been dialled is asked at once.
                cx.waker().wake_by_ref();
            }
            // A timer that was set must be asked, or it does not go off.
            let is_due = self.arm(now) && self.timer.as_mut().poll(cx).is_ready();
            if !has_more && !is_due {
                return Poll::Pending;
            }
        }
        // Other calls have their turn first.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Puts what has happened into the events. Pending when nobody has more.
    fn poll_sources(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_inbox(cx);
        self.errands.poll_ends(cx, &mut self.events);
        let agent = self.line.poll_events(cx, &mut self.events);
        for error in self.line.take_failures() {
            self.log.agent_failed(&error);
        }
        let carrier = match &mut self.carrier {
            Some(carrier) => carrier.poll_events(cx, &mut self.events),
            None => Poll::Pending,
        };
        if carrier.is_ready() { carrier } else { agent }
    }

    fn poll_inbox(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(control)) = self.inbox.poll_recv(cx) {
            match control {
                Control::Attach(carrier) => self.attach(carrier),
                Control::Order(order) => self.events.push_back(Event::Ordered(order)),
                Control::Record(order) => {
                    let now = now();
                    self.log.heed(&order, now);
                    self.recorder.order(order, now);
                }
            }
        }
    }

    fn attach(&mut self, carrier: Box<dyn Carrier>) {
        self.behind = None;
        match self.carrier.replace(carrier) {
            None => {
                self.log.answered();
                self.events.push_back(Event::CarrierStarted);
            }
            Some(old) => {
                tokio::spawn(old.close(REPLACED));
                self.events.push_back(Event::CarrierReplaced);
            }
        }
    }

    /// One event, drain; again; then the one timer.
    fn advance(&mut self, now: Instant) {
        self.check_stall(now);
        if self.session.poll_timeout().is_some_and(|at| at <= now) {
            self.session.handle_timeout(now);
            self.drain(now);
        }
        while let Some(event) = self.events.pop_front() {
            self.recorder.hear(&event, now);
            self.reaction.hear(&event, now);
            self.log.hear(&event, now);
            self.session.handle_event(event, now);
            self.drain(now);
        }
        let log = &self.log;
        self.recorder.tell_change(|state| log.recording(state));
        if now >= self.ping_at {
            self.ping(now);
        }
    }

    fn drain(&mut self, now: Instant) {
        while let Some(action) = self.session.poll_action() {
            self.log.perform(&action, now);
            match action {
                Action::Carrier(action) => {
                    if let Some(carrier) = &mut self.carrier {
                        self.recorder.perform(&action, now);
                        self.reaction.perform(&action);
                        carrier.perform(action);
                    }
                }
                Action::Agent(action) => self.line.perform(action),
                Action::Dial => self.line.dial(),
                Action::DialSpare => self.line.dial_spare(),
                Action::Swap => self.line.swap(),
                Action::Utter(phrase) => {
                    let (text, sound) = self.phrases.sentence(phrase);
                    self.events.push_back(Event::Uttered { text, sound });
                }
                Action::Tool(action) => {
                    let is_discreet = self.log.is_discreet(now);
                    self.errands.perform(action, is_discreet, &mut self.events);
                }
                Action::Report(report) => self.log.report(report),
                Action::End(_) => {}
            }
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>) {
        if let Some(carrier) = &mut self.carrier {
            carrier.poll_flush(cx);
            if !carrier.is_dirty() {
                self.reaction.sent();
            }
        }
        self.line.poll_flush(cx);
    }

    /// Tells the machine how far behind a carrier is that has not taken everything.
    fn mind_carrier(&mut self, cx: &mut Context<'_>) {
        let Some(carrier) = &mut self.carrier else {
            return;
        };
        if self.behind.is_none() && !carrier.is_dirty() {
            return;
        }
        carrier.poll_flush(cx);
        let behind = carrier.is_dirty().then(|| carrier.untaken());
        if behind != self.behind {
            self.behind = behind;
            let event = behind.map_or(Event::CarrierCaughtUp, Event::CarrierBehind);
            let now = now();
            self.session.handle_event(event, now);
            self.drain(now);
        }
    }

    /// A carrier that reads nothing is lost, however alive its socket looks.
    fn check_stall(&mut self, now: Instant) {
        let is_dirty = self
            .carrier
            .as_ref()
            .is_some_and(|carrier| carrier.is_dirty());
        if !is_dirty {
            self.stalled_since = None;
        } else if now.duration_since(*self.stalled_since.get_or_insert(now)) > MAX_STALL {
            self.events.push_back(Event::CarrierLost);
        }
    }

    fn ping(&mut self, now: Instant) {
        self.ping_at = now + PING_EVERY;
        if let Some(carrier) = &mut self.carrier {
            reaction::tell_queue(carrier.unsent(), self.session.lead(now));
            carrier.ping();
        }
        self.line.ping();
    }

    /// Sets the timer, unless it goes off early enough as it is: a wake-up
    /// too many costs less than moving it at every frame. True if it was set.
    fn arm(&mut self, now: Instant) -> bool {
        let due = self
            .session
            .poll_timeout()
            .map_or(self.ping_at, |at| at.min(self.ping_at));
        let must_move = self.armed <= now || due < self.armed;
        if must_move {
            self.armed = due;
            self.timer.as_mut().reset(due.into());
        }
        must_move
    }
}

/// One call's panic ends that call, and is told to whoever looks after all.
pub(super) fn count_panic(call: CallId) {
    metrics::counter!("frontdesk_call_panics_total").increment(1);
    tracing::error!(call.id = %call, "call.panicked");
}

/// Tokio's clock, which a test can stop.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
