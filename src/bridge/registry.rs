//! The live calls: admission and look-up.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use futures::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio_util::task::TaskTracker;

use super::admission::{Admission, AttachError, Counts, Refusal};
use super::agent_leg::Dialer;
use super::briefing::briefed;
use super::carrier_leg::{Carrier, CarrierLeg};
use super::equipment::Equipment;
use super::errands::Errands;
use super::feed::{EventId, Feed, Resumed};
use super::keeper::Keeper;
use super::line::Dial;
use super::live::{Happening, LiveEvent};
use super::logbook::Logbook;
use super::note::Finished;
use super::past::Past;
use super::phrases::Phrasebook;
use super::place::{Over, PlaceGuard};
use super::quiet::Quiet;
use super::recorder::{Light, RecordOrder, Recorder};
use super::run::{Call, Control, OVER, count_panic};
use super::token::{StreamToken, Tickets};
use super::tools::Toolbox;
use super::wire::Wire;
use crate::call::{CallPlan, Order};
use crate::clock::random_bytes;
use crate::domain::{CallId, CallSid, EndReason, RecordingState, TenantId, Timestamp};
use crate::routing::Handover;
use crate::twilio::media_stream::Start;

/// How a call ended is remembered until the carrier asks what comes next.
const OUTCOME_LIFE: Duration = Duration::from_mins(5);
/// Controls that may wait for a call's task.
const MAILBOX: usize = 8;
/// Streams that may be waiting to say whose they are.
const WAITING_ROOM: usize = 256;

pub(super) struct Place {
    /// Among the stops of its route, where the call is.
    pub(super) stop: usize,
    pub(super) mailbox: mpsc::Sender<Control>,
    light: Arc<Light>,
    pub(super) tickets: Tickets,
}

pub(super) struct Shared {
    pub(super) calls: DashMap<CallSid, Place>,
    pub(super) outcomes: DashMap<CallSid, Over>,
    /// Where calls go on that are handed on.
    handovers: DashMap<CallSid, Handover>,
    /// What was said in those that may come back.
    pasts: DashMap<CallSid, Past>,
    pub(super) live: AtomicUsize,
    capacity: usize,
    pub(super) is_draining: AtomicBool,
    pub(super) is_leaving: AtomicBool,
    dialer: Arc<dyn Dialer>,
    equipment: Equipment,
    keeper: Keeper,
    pub(super) feed: Feed,
    pub(super) tasks: TaskTracker,
    /// Streams that have not said yet whose they are.
    waiting_room: Arc<Semaphore>,
}

/// The live calls of this process.
#[derive(Clone)]
pub struct Bridge {
    pub(super) shared: Arc<Shared>,
}

impl Bridge {
    /// A house with `capacity` places, whose agents `dialer` reaches. All that
    /// they can do is end a call.
    pub fn new(capacity: usize, dialer: Arc<dyn Dialer>, keeper: Keeper) -> Self {
        Self::equipped(capacity, dialer, keeper, Equipment::default())
    }

    /// The same, with more to work with.
    pub fn equipped(
        capacity: usize,
        dialer: Arc<dyn Dialer>,
        keeper: Keeper,
        equipment: Equipment,
    ) -> Self {
        let shared = Shared {
            calls: DashMap::new(),
            outcomes: DashMap::new(),
            handovers: DashMap::new(),
            pasts: DashMap::new(),
            live: AtomicUsize::new(0),
            capacity,
            is_draining: AtomicBool::new(false),
            is_leaving: AtomicBool::new(false),
            dialer,
            equipment,
            feed: keeper.feed().clone(),
            keeper,
            tasks: TaskTracker::new(),
            waiting_room: Arc::new(Semaphore::new(WAITING_ROOM)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Tells whoever measures how the places stand where agents are: what is
    /// true of them changes also while nobody rings.
    pub fn measure(&self) {
        self.shared.dialer.tell();
    }

    /// Lets a call in: its task is born and dials the agent at once.
    ///
    /// A call that is in already gets another token, for the carrier may ask
    /// twice; it keeps its one task and one agent.
    pub fn admit(&self, mut admission: Admission) -> Result<StreamToken, Refusal> {
        self.forget_old_outcomes();
        match self.shared.calls.entry(admission.call_sid.clone()) {
            Entry::Occupied(mut place) => {
                let place = place.get_mut();
                place.stop = admission.stop;
                Ok(place.tickets.mint())
            }
            Entry::Vacant(vacant) => {
                self.refuse(&admission)?;
                self.welcome_back(&mut admission);
                let (mailbox, inbox) = mpsc::channel(MAILBOX);
                let light = Arc::<Light>::default();
                let mut tickets = Tickets::default();
                let token = tickets.mint();
                vacant.insert(Place {
                    stop: admission.stop,
                    mailbox,
                    light: Arc::clone(&light),
                    tickets,
                });
                self.start(admission, (inbox, light));
                Ok(token)
            }
        }
    }

    /// Hands a started stream to its call, if it shows a token that is good.
    ///
    /// A second stream with a good token takes the place of the first, and one
    /// whose call has ended meanwhile is let go as any whose call is over. On
    /// refusal the wire has been closed with 1008.
    pub(super) async fn attach<S>(&self, start: Start, wire: Wire<S>) -> Result<(), AttachError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mailbox = match self.spend_token(&start) {
            Ok(mailbox) => mailbox,
            Err(error) => {
                wire.close(1008).await;
                return Err(error);
            }
        };
        let carrier: Box<dyn Carrier> = Box::new(CarrierLeg::new(wire, start.stream_sid));
        let control = Control::Attach(carrier);
        let unread = match mailbox {
            Some(mailbox) => mailbox.send(control).await.err().map(|unread| unread.0),
            None => Some(control),
        };
        if let Some(Control::Attach(carrier)) = unread {
            carrier.close(OVER).await;
        }
        Ok(())
    }

    /// Ends a call from outside. False if it is not live.
    pub fn hang_up(&self, call_sid: &CallSid, end_reason: EndReason) -> bool {
        self.order(call_sid, Order::HangUp(end_reason))
    }

    /// Does something to a call from outside. False if it is not live, or too
    /// busy to listen.
    pub fn order(&self, call_sid: &CallSid, order: Order) -> bool {
        self.control(call_sid, Control::Order(order))
    }

    /// Does something to the recording of a call. False if the call is not live,
    /// or too busy to listen.
    pub fn record(&self, call_sid: &CallSid, order: RecordOrder) -> bool {
        self.control(call_sid, Control::Record(order))
    }

    fn control(&self, call_sid: &CallSid, control: Control) -> bool {
        let place = self.shared.calls.get(call_sid);
        place.is_some_and(|place| place.mailbox.try_send(control).is_ok())
    }

    /// How the recording of a call stands that is live here; none where nothing
    /// is recorded.
    pub fn recording(&self, call_sid: &CallSid) -> Option<RecordingState> {
        self.shared.calls.get(call_sid)?.light.state()
    }

    /// Whether a call is live here.
    pub fn has(&self, call_sid: &CallSid) -> bool {
        self.shared.calls.contains_key(call_sid)
    }

    /// How many calls there are.
    pub fn counts(&self) -> Counts {
        Counts {
            live: self.shared.live.load(Ordering::Relaxed),
            capacity: self.shared.capacity,
            is_draining: self.shared.is_draining.load(Ordering::Relaxed),
        }
    }

    /// What happens from now on. A watcher that is too slow misses some.
    pub fn watch(&self) -> broadcast::Receiver<Arc<LiveEvent>> {
        self.shared.feed.watch()
    }

    /// What has happened after that event, if one is given, and what happens
    /// from now on.
    pub fn resume(&self, after: Option<EventId>) -> Resumed {
        self.shared.feed.resume(after)
    }

    /// Tells whoever watches what happened in a call that the agent does not have.
    pub fn tell(&self, (tenant, call): (TenantId, CallId), since: Timestamp, what: Happening) {
        let time = self.keeper().now();
        let ms = u64::try_from(time.as_ms() - since.as_ms());
        self.shared.feed.tell(|id| LiveEvent {
            id,
            call_id: call,
            tenant_id: tenant,
            at: Duration::from_millis(ms.unwrap_or_default()),
            time,
            what,
        });
    }

    /// Who is kept waiting or from being heard in that call, as far as this process was told.
    pub fn quiet(&self, call: CallId) -> Quiet {
        self.shared.feed.quiet(call)
    }

    /// Tells nobody who comes back what happened in that call.
    pub fn forget(&self, call: CallId) {
        self.shared.feed.forget(call);
    }

    pub(super) fn keeper(&self) -> &Keeper {
        &self.shared.keeper
    }

    pub(super) fn pasts(&self) -> &DashMap<CallSid, Past> {
        &self.shared.pasts
    }

    pub(super) fn handovers(&self) -> &DashMap<CallSid, Handover> {
        &self.shared.handovers
    }

    pub(super) fn toolbox(&self) -> Option<&Toolbox> {
        self.shared.equipment.toolbox.as_ref()
    }

    pub(super) fn phrasebook(&self) -> Option<&Phrasebook> {
        self.shared.equipment.phrasebook.as_ref()
    }

    /// Does something beside the calls that the house waits for when it closes.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.tasks.spawn(work);
    }

    pub(super) fn waiting_room(&self) -> &Arc<Semaphore> {
        &self.shared.waiting_room
    }

    fn refuse(&self, admission: &Admission) -> Result<(), Refusal> {
        if self.shared.is_draining.load(Ordering::Relaxed) {
            return Err(Refusal::Draining);
        }
        let is_back = admission.past.is_some();
        if !is_back && self.shared.outcomes.contains_key(&admission.call_sid) {
            return Err(Refusal::Over);
        }
        let take = |live| (live < self.shared.capacity).then_some(live + 1);
        let live = &self.shared.live;
        live.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|_| Refusal::Full)?;
        Ok(())
    }

    fn start(&self, admission: Admission, (inbox, light): (mpsc::Receiver<Control>, Arc<Light>)) {
        let place = PlaceGuard::new(Arc::clone(&self.shared), admission.call_sid.clone());
        let of = (admission.tenant_id, admission.call_id);
        let bridge = self.clone();
        self.shared.tasks.spawn(async move {
            // What a call that panicked leaves behind is its own; what it shares with
            // others is behind locks that do not poison.
            let keeper = bridge.shared.keeper.clone();
            let call = async move {
                let mut place = place;
                let call = bridge.prepare(admission, (inbox, light));
                call.run(&mut place).await;
            };
            if AssertUnwindSafe(call).catch_unwind().await.is_err() {
                count_panic(of.1);
                keeper.finish(Finished::unknown(of, &keeper)).await;
            }
        });
    }

    /// The call of that admission, whose agent is being dialled.
    fn prepare(
        &self,
        mut admission: Admission,
        (inbox, light): (mpsc::Receiver<Control>, Arc<Light>),
    ) -> Call {
        let shared = &self.shared;
        if let Some(toolbox) = self.toolbox() {
            toolbox.unseal(&mut admission.receptionist);
        }
        let receptionist = admission.receptionist.clone();
        let (past, limits) = (admission.past.as_ref(), receptionist.limits);
        let plan = CallPlan {
            silence: receptionist.silence,
            limits: past.map_or(limits, |past| past.rest_of(limits)),
            interruption: shared.dialer.interruption(),
            has_zero_key: receptionist.toolkit.person.has_zero_key,
            is_back: past.is_some(),
            renew_after: shared.dialer.renew_after(),
            seed: u64::from_le_bytes(random_bytes()),
        };
        let receptionist = Arc::new(briefed(receptionist, &admission));
        let phrases = self
            .phrasebook()
            .map(|book| book.of(&receptionist))
            .unwrap_or_default();
        let errands = Errands::new(self.clone(), &admission, Arc::clone(&receptionist));
        let (dialer, mut ordinals) = (Arc::clone(&shared.dialer), 0..);
        let dial: Dial = Box::new(move || {
            let ordinal = ordinals.next().unwrap_or(u32::MAX);
            dialer.dial(&receptionist, ordinal)
        });
        let log = Logbook::new(&admission, shared.keeper.clone(), shared.feed.clone())
            .priced(shared.dialer.price())
            .traced(
                shared.equipment.spans.as_ref(),
                &admission,
                shared.dialer.model(),
            );
        let recorder = Recorder::new(&admission, shared.keeper.clone(), light);
        let said = past.map(|past| past.utterances.clone()).unwrap_or_default();
        let spent = past.map(|past| past.spent).unwrap_or_default();
        Call::new(
            (plan, said, spent),
            (dial, phrases),
            inbox,
            (log, errands, recorder),
        )
    }

    /// Where the call of that token gets its mail; none if it is over.
    fn spend_token(&self, start: &Start) -> Result<Option<mpsc::Sender<Control>>, AttachError> {
        let shown = start.custom_parameters.get("token");
        let shown = shown.ok_or(AttachError::Token)?;
        if let Some(mut place) = self.shared.calls.get_mut(&start.call_sid) {
            let is_good = place.tickets.spend(shown);
            let mailbox = is_good.then(|| Some(place.mailbox.clone()));
            return mailbox.ok_or(AttachError::Token);
        }
        let over = self.shared.outcomes.get_mut(&start.call_sid);
        let mut over = over.ok_or(AttachError::UnknownCall)?;
        let is_good = over.tickets.spend(shown);
        is_good.then_some(None).ok_or(AttachError::Token)
    }

    fn forget_old_outcomes(&self) {
        if self.shared.outcomes.len() > self.shared.capacity {
            let outcomes = &self.shared.outcomes;
            outcomes.retain(|_, over| over.at.elapsed() < OUTCOME_LIFE);
            self.forget_old_handovers();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures::future::{BoxFuture, pending};
    use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
    use serde_json::json;
    use tempfile::TempDir;
    use tokio::io::duplex;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::bridge::{AgentLeg, DialError};
    use crate::call::Interruption;
    use crate::clock::Clock;
    use crate::domain::{Receptionist, Usage};
    use crate::routing::{AiStop, Stop, Voice};
    use crate::store::Store;

    /// Agents that never answer.
    struct NobodyThere;

    impl Dialer for NobodyThere {
        fn dial(
            &self,
            _: &Arc<Receptionist>,
            _: u32,
        ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
            pending().boxed()
        }

        fn interruption(&self) -> Interruption {
            Interruption::Truncate
        }

        fn model(&self) -> Option<&str> {
            None
        }
    }

    /// A house with one place, and a call that asks for it.
    async fn house() -> (Bridge, Admission, TempDir) {
        let (clock, folder) = (Clock::system(), TempDir::new().unwrap());
        let url = format!("sqlite://{}", folder.path().join("desk.db").display());
        let store = Store::connect(&url).await.unwrap();
        let (keeper, _) = Keeper::start(store, clock.clone(), None);
        let admission = Admission::of_a_stranger(&clock);
        let bridge = Bridge::new(1, Arc::new(NobodyThere), keeper);
        (bridge, admission, folder)
    }

    #[tokio::test]
    async fn p1_a_call_whose_mailbox_is_full_is_ended_too() {
        let (bridge, admission, _folder) = house().await;
        let call_sid = admission.call_sid.clone();
        bridge.admit(admission).unwrap();
        while bridge.order(&call_sid, Order::Hold(true)) {}
        bridge.shared.tasks.close();
        let ended = tokio::time::timeout(Duration::from_secs(5), bridge.end_all()).await;
        assert!(ended.is_ok());
        assert_eq!(bridge.outcome(&call_sid), Some(EndReason::Shutdown));
    }

    /// How a stream is closed that shows that token.
    async fn close_code(bridge: &Bridge, token: &str) -> u16 {
        let (near, far) = duplex(16 * 1024);
        assert!(bridge.receive(async { Ok::<_, Infallible>(near) }));
        let mut far = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
        let start = json!({"event": "start", "streamSid": "MZ1", "start": {
            "streamSid": "MZ1", "accountSid": "AC1", "callSid": "CA1", "tracks": ["inbound"],
            "customParameters": {"token": token},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }});
        let start = Message::text(start.to_string());
        far.send(start).await.unwrap();
        loop {
            if let Message::Close(frame) = far.next().await.unwrap().unwrap() {
                return frame.unwrap().code.into();
            }
        }
    }

    #[tokio::test]
    async fn t2_a_stream_whose_call_has_ended_meanwhile_is_let_go_once() {
        let (bridge, admission, _folder) = house().await;
        let call_sid = admission.call_sid.clone();
        let token = bridge.admit(admission).unwrap();
        // The carrier sets the stream up when somebody hangs up.
        bridge.hang_up(&call_sid, EndReason::HungUp);
        while bridge.has(&call_sid) {
            tokio::task::yield_now().await;
        }
        assert_eq!(close_code(&bridge, "a stranger's").await, 1008);
        assert_eq!(close_code(&bridge, token.expose()).await, 1000);
        assert_eq!(close_code(&bridge, token.expose()).await, 1008);
    }

    #[tokio::test]
    async fn t12_who_comes_back_at_once_keeps_the_place() {
        let (bridge, admission, _folder) = house().await;
        let call_sid = admission.call_sid.clone();
        let mut place = PlaceGuard::new(Arc::clone(&bridge.shared), call_sid.clone());
        bridge.admit(admission.clone()).unwrap();
        place.leave(EndReason::Transferred);
        let past = Some(Past::begun_now());
        bridge.admit(Admission { past, ..admission }).unwrap();
        // Only now is everything of the first part written down.
        drop(place);
        assert!(bridge.has(&call_sid));
        assert_eq!((bridge.outcome(&call_sid), bridge.counts().live), (None, 1));
    }

    /// What was used before, if it was so much.
    fn having_used(tokens: i64) -> Past {
        let usage = Usage {
            input_text_tokens: tokens,
            ..Usage::default()
        };
        Past {
            usage,
            ..Past::begun_now()
        }
    }

    #[tokio::test]
    async fn p6_what_was_said_here_is_not_all_once_the_caller_was_at_another_process() {
        let (bridge, admission, _folder) = house().await;
        let call_sid = &admission.call_sid;
        let back = Stop::Ai(AiStop {
            receptionist_id: admission.receptionist.id,
            voice: Voice::default(),
            back_from: Some("ada".to_owned()),
        });
        for (stop, used) in [(2, 1), (5, 7)] {
            let stops = vec![Stop::Apology, back.clone(), Stop::VOICEMAIL];
            bridge.hand_over(call_sid, Handover { first: 1, stops });
            bridge.keep(call_sid, || having_used(1));
            let mut again = Admission {
                stop,
                past: Some(having_used(7)),
                ..admission.clone()
            };
            bridge.welcome_back(&mut again);
            let past = again.past.unwrap();
            assert_eq!(past.usage.input_text_tokens, used, "at the stop {stop}");
        }
    }

    #[tokio::test]
    async fn p6_how_a_call_ended_at_one_stop_is_not_how_it_ended_at_another() {
        let (bridge, admission, _folder) = house().await;
        let call_sid = admission.call_sid.clone();
        let mut place = PlaceGuard::new(Arc::clone(&bridge.shared), call_sid.clone());
        bridge
            .admit(Admission {
                stop: 3,
                ..admission
            })
            .unwrap();
        place.leave(EndReason::Transferred);
        let at = |stop| bridge.outcome_at(&call_sid, stop);
        assert_eq!(at(3), Some(EndReason::Transferred));
        assert_eq!((at(0), at(5)), (None, None));
    }
}
