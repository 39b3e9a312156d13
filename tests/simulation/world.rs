//! Runs one simulation: the real bridge, between simulated peers, in virtual time.
//!
//! The database is away until the last call is over: its runtime does not run
//! meanwhile. Whatever waits for it waits for ever, and is found (I8).

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use frontdesk::bridge::{Admission, Bridge, Keeper, LiveEvent, Refusal};
use frontdesk::clock::{Clock, LoadedDice};
use frontdesk::domain::{
    CallId, CallSid, CallStatus, Consent, ConsentAnswer, ConsentPolicy, Direction, EndReason,
    OpenState, Receptionist, TenantId,
};
use frontdesk::rehearsal::carrier::{CarrierOptions, Opening, Script, StreamReport, stream_on};
use frontdesk::rehearsal::model::{ModelServer, SessionRecord};
use frontdesk::routing::{Handover, Route, Stop};
use frontdesk::store::calls::NewCall;
use frontdesk::store::default_receptionist;
use tokio::runtime::{Builder, Handle};
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::chance::Chance;
use super::dialer::SimulatedDialer;
use super::house::House;
use super::network::Network;
use super::plan::{Call, Deed, Plan, stream_sid};

/// No call of a simulation lasts longer, whatever happens in it.
const LONGEST: Duration = Duration::from_mins(4);

/// What was seen of one simulation.
pub(super) struct Seen {
    pub(super) began: Instant,
    pub(super) calls: Vec<SeenCall>,
    pub(super) sessions: Vec<SessionRecord>,
    pub(super) model_violations: Vec<String>,
    pub(super) events: Vec<Arc<LiveEvent>>,
    /// How long the house took to close, if it did so in the middle.
    pub(super) drained: Option<Drained>,
    /// What should not have been.
    pub(super) faults: Vec<String>,
}

/// How the house closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drained {
    pub(super) at: Instant,
    pub(super) took: Duration,
}

/// What was seen of one call.
pub(super) struct SeenCall {
    pub(super) call_id: CallId,
    pub(super) tenant_id: TenantId,
    pub(super) admitted: Result<Instant, Refusal>,
    pub(super) streams: Vec<StreamReport>,
    pub(super) outcome: Option<EndReason>,
    /// The carrier asked once more what to do with it, and it was let in.
    pub(super) admitted_again: bool,
}

/// What calls have in common.
#[derive(Clone)]
struct World {
    bridge: Bridge,
    network: Network,
    options: CarrierOptions,
    clock: Clock,
    receptionist: Receptionist,
    is_recorded: bool,
    seed: u64,
}

pub(super) fn run(house: &House, plan: &Plan) -> Seen {
    let _dice = LoadedDice::new(plan.seed);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime can be had");
    let keeper = house.keeper(plan.is_recorded);
    let seen = runtime.block_on(simulate(house, plan, keeper.clone()));
    drop(runtime);
    house.finish(&keeper);
    seen
}

async fn simulate(house: &House, plan: &Plan, keeper: Keeper) -> Seen {
    let began = Instant::now();
    let network = Network::default();
    let model = ModelServer::start_at(plan.model.clone(), house.clock.clone());
    let model = Arc::new(model.await.expect("a port is free"));
    let dialer = SimulatedDialer::new(plan, network.clone(), Arc::clone(&model));
    let bridge = Bridge::new(8, Arc::new(dialer), keeper);
    let events = listen(&bridge);
    let world = World {
        bridge: bridge.clone(),
        network: network.clone(),
        options: CarrierOptions {
            patience: Duration::from_secs(75),
            ..house.options.clone()
        },
        clock: house.clock.clone(),
        receptionist: receptionist(house, plan),
        is_recorded: plan.is_recorded,
        seed: plan.seed,
    };
    let mut chance = Chance::new(plan.seed ^ 0xC411);
    let calls: Vec<_> = (0..plan.calls.len())
        .map(|at| {
            let (world, call, chance) = (world.clone(), plan.calls[at].clone(), chance.fork());
            tokio::spawn(async move { world.place(at, call, chance).await })
        })
        .collect();
    drop(world);
    let slips = tokio::spawn(slip(Arc::clone(&model), plan.clone()));
    let draining = plan
        .drain
        .map(|when| tokio::spawn(drain(bridge.clone(), when)));
    let mut faults = Vec::new();
    let calls = ended(calls, &bridge, &mut faults).await;
    slips.abort();
    let drained = match draining {
        Some(draining) => draining.await.ok(),
        None => None,
    };
    close(bridge, &network, &mut faults).await;
    let (sessions, model_violations) = (model.sessions(), model.violations());
    drop(model);
    is_empty(&mut faults).await;
    Seen {
        began,
        calls,
        sessions,
        model_violations,
        events: events.await.unwrap_or_default(),
        drained,
        faults,
    }
}

fn receptionist(house: &House, plan: &Plan) -> Receptionist {
    Receptionist {
        format: plan.format,
        silence: plan.silence,
        limits: plan.limits,
        ..default_receptionist(house.tenant_id, house.receptionist_id)
    }
}

/// All that happens, until the house is closed.
fn listen(bridge: &Bridge) -> JoinHandle<Vec<Arc<LiveEvent>>> {
    let mut feed = bridge.watch();
    tokio::spawn(async move {
        let mut events = Vec::new();
        loop {
            match feed.recv().await {
                Ok(event) => events.push(event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return events,
            }
        }
    })
}

/// Waits until everybody has hung up and every call is over.
async fn ended(
    calls: Vec<JoinHandle<SeenCall>>,
    bridge: &Bridge,
    faults: &mut Vec<String>,
) -> Vec<SeenCall> {
    let mut seen = Vec::new();
    for call in calls {
        match timeout(LONGEST, call).await {
            Ok(Ok(call)) => seen.push(call),
            Ok(Err(panic)) => faults.push(format!("a caller panicked: {panic}")),
            Err(_) => faults.push("a caller is never let go".to_owned()),
        }
    }
    let over = async {
        while bridge.counts().live > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    if timeout(Duration::from_secs(70), over).await.is_err() {
        faults.push("i1: a call never ends".to_owned());
    }
    seen
}

/// The house closes, and nothing of any call is left a second later.
async fn close(bridge: Bridge, network: &Network, faults: &mut Vec<String>) {
    sleep(Duration::from_secs(1)).await;
    if network.held() > 0 {
        faults.push(format!("{} sockets are left after 1 s", network.held()));
    }
    if network.spins() > 0 {
        faults.push("p9: somebody asks again and again for nothing".to_owned());
    }
    let closing = timeout(Duration::from_secs(10), bridge.drain(ready(()), ready(())));
    if closing.await.is_err() {
        faults.push("i12: the empty house does not close".to_owned());
    }
}

/// No task is left but the one that listens to what happens.
async fn is_empty(faults: &mut Vec<String>) {
    // Troubles of lines that are gone are the last to find nobody.
    sleep(Duration::from_secs(30)).await;
    let left = Handle::current().metrics().num_alive_tasks();
    if left > 0 {
        faults.push(format!("{left} tasks are left"));
    }
}

async fn slip(model: Arc<ModelServer>, plan: Plan) {
    let began = Instant::now();
    let mut slips = plan.slips;
    slips.sort_by_key(|(at, ..)| *at);
    for (at, session, text) in slips {
        sleep_until(began + at).await;
        model.inject(session, text).await;
    }
}

async fn drain(bridge: Bridge, (after, deadline): (Duration, Duration)) -> Drained {
    sleep(after).await;
    let at = Instant::now();
    bridge.drain(ready(()), sleep(deadline)).await;
    let took = at.elapsed();
    Drained { at, took }
}

impl World {
    async fn place(self, number: usize, call: Call, mut chance: Chance) -> SeenCall {
        sleep(call.starts).await;
        let call_sid: CallSid = format!("CA{:016x}{number:016x}", self.seed)
            .parse()
            .expect("a SID");
        let admission = self.admission(call_sid.clone());
        let mut seen = SeenCall {
            call_id: admission.call_id,
            tenant_id: admission.tenant_id,
            admitted: Ok(Instant::now()),
            streams: Vec::new(),
            outcome: None,
            admitted_again: false,
        };
        let token = match self.bridge.admit(admission.clone()) {
            Ok(token) => token,
            Err(refusal) => {
                seen.admitted = Err(refusal);
                return seen;
            }
        };
        self.bridge
            .write_down(self.new_call(&admission), route())
            .await;
        if let Some(set_up) = call.set_up {
            sleep(set_up).await;
            let orders = tokio::spawn(
                self.clone()
                    .give_orders(call_sid.clone(), call.orders.clone()),
            );
            let opening = |stream, token: &str| Opening {
                call_sid: call_sid.as_str().to_owned(),
                stream_sid: stream_sid(number, stream),
                token: token.to_owned(),
            };
            let first = opening(0, token.expose());
            let second = async {
                let (after, script) = call.second.as_ref()?;
                sleep(*after).await;
                let again = self.bridge.admit(admission.clone()).ok()?;
                let second = opening(1, again.expose());
                Some(self.stream(&second, script, &call, chance.fork()).await)
            };
            let first = self.stream(&first, &call.script, &call, Chance::new(number as u64));
            let (first, second) = tokio::join!(first, second);
            seen.streams.push(first);
            seen.streams.extend(second);
            orders.abort();
        }
        self.wait_for_outcome(&call_sid, &mut seen).await;
        seen.admitted_again = self.bridge.admit(admission).is_ok();
        seen
    }

    async fn wait_for_outcome(&self, call_sid: &CallSid, seen: &mut SeenCall) {
        let over = async {
            while self.bridge.has(call_sid) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        // Whoever never ends is found by the one who waits for all.
        let _ = timeout(Duration::from_mins(2), over).await;
        seen.outcome = self.bridge.outcome(call_sid);
    }

    async fn stream(
        &self,
        opening: &Opening,
        script: &Script,
        call: &Call,
        chance: Chance,
    ) -> StreamReport {
        let (near, far) = self.network.open(&call.weather, chance);
        let received = self.bridge.receive(async { Ok::<_, Infallible>(near) });
        assert!(received, "the waiting room has seats");
        stream_on(far, &self.options, opening, script).await
    }

    async fn give_orders(self, call_sid: CallSid, mut orders: Vec<(Duration, Deed)>) {
        orders.sort_by_key(|(at, _)| *at);
        let began = Instant::now();
        for (at, deed) in orders {
            sleep_until(began + at).await;
            match deed {
                Deed::Order(order) => self.bridge.order(&call_sid, order),
                Deed::Record(order) => self.bridge.record(&call_sid, order),
                Deed::HandOver => {
                    let stops = vec![Stop::Apology];
                    self.bridge
                        .transfer(&call_sid, Handover { first: 1, stops })
                }
            };
        }
    }

    fn new_call(&self, admission: &Admission) -> NewCall {
        NewCall {
            id: admission.call_id,
            tenant_id: admission.tenant_id,
            call_sid: admission.call_sid.clone(),
            direction: Direction::Inbound,
            from: "+15550100001".parse().expect("a number"),
            to: "+15550100000".parse().expect("a number"),
            receptionist_id: Some(admission.receptionist.id),
            status: CallStatus::InProgress,
            created_at: self.clock.now(),
        }
    }

    fn admission(&self, call_sid: CallSid) -> Admission {
        Admission {
            call_id: self.clock.new_id(),
            tenant_id: self.receptionist.tenant_id,
            call_sid,
            stop: 0,
            direction: Direction::Inbound,
            receptionist: self.receptionist.clone(),
            contact: None,
            past: None,
            recording: self.is_recorded.then(|| Consent {
                policy: ConsentPolicy::None,
                answer: ConsentAnswer::NotAsked,
                words: None,
                at: self.clock.now(),
            }),
        }
    }
}

/// What was decided for every call.
fn route() -> Route {
    Route {
        stops: vec![Stop::Apology],
        open_state: OpenState::Open,
        language: None,
        steps: Vec::new(),
    }
}
