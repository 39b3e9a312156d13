//! A call is written down, the carrier is asked, and what became of it is found out.

use std::time::Duration;

use super::gate::{cleared, refused};
use crate::api::audit::{self, Change};
use crate::api::carrier::CarrierProblem;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::bridge::Happening;
use crate::domain::{
    CallId, CallLog, CallSid, CallStatus, ConsentPolicy, ContactId, Dial, DialRefusal, Direction,
    Party, Permit, PhoneNumber, Purpose, ReceptionistId, SettingKey, Settings, TenantId, Timestamp,
    UserId, Wishes,
};
use crate::routing::{Route, Stop};
use crate::store::calls::{self, StatusNews};
use crate::store::dials::Clearing;
use crate::store::outbound_calls::{self as outbound, NewOutbound, Standing};
use crate::store::{call_routes, numbers, quotas, settings, tenants};
use crate::twilio::rest::{Client, Error, Instructions, NewCall as Asked, StatusCallback};
use crate::twilio::twiml::CallEvent;

/// A call to be made, of which everything is known and allowed but by the gate.
pub(super) struct NewCall {
    /// Whom it is for.
    pub(super) to: PhoneNumber,
    /// Whom the carrier rings first.
    pub(super) rung: PhoneNumber,
    /// What they see.
    pub(super) from: PhoneNumber,
    pub(super) purpose: Purpose,
    pub(super) receptionist_id: Option<ReceptionistId>,
    pub(super) user_id: Option<UserId>,
    pub(super) contact_id: Option<ContactId>,
    pub(super) wishes: Wishes,
    pub(super) route: Route,
    pub(super) ring_for: Duration,
    /// What the carrier asks for once somebody has picked up.
    pub(super) answer_path: String,
}

/// Makes the call, unless an earlier one turns out to be it.
pub(super) async fn place(
    whole: (&ApiState, &Operator),
    new: NewCall,
) -> Result<CallLog, ApiError> {
    let (state, operator) = whole;
    let carrier = state.carrier()?;
    let addresses = Addresses::of(state, &new)?;
    let mut opened = open(whole, &new).await?;
    if let Opened::Earlier(id, since) = opened {
        if let Some(call) = take_up(whole, carrier, (id, since)).await? {
            let is_it = call.to == Party::Number(new.to.clone())
                && (call.receptionist_id, call.user_id) == (new.receptionist_id, new.user_id);
            return is_it.then_some(call).ok_or(ApiError::Conflict(GOES_ON));
        }
        opened = open(whole, &new).await?;
    }
    let Opened::New(id, permit) = opened else {
        return Err(ApiError::InFlight);
    };
    let asked = Asked {
        from: new.from.clone(),
        instructions: Instructions::Url(addresses.answer(id)),
        fallback_url: Some(addresses.fallback.clone()),
        status_callback: Some(StatusCallback {
            url: addresses.status(id),
            events: EVENTS.to_vec(),
        }),
        ring_for: Some(new.ring_for),
        time_limit: Some(permit.longest()),
        call_token: None,
        machine_callback: None,
        to: permit,
    };
    let sid = ask(state, carrier, (operator, id), (asked, &new)).await?;
    named(state, operator, id, &sid).await
}

/// What became of the attempt to write a call down.
enum Opened {
    /// It is written down, and may be made.
    New(CallId, Permit),
    /// An earlier one may have been made, since then.
    Earlier(CallId, Timestamp),
}

/// Writes the call down, if the gate lets it through and nobody rings there.
async fn open(whole: (&ApiState, &Operator), new: &NewCall) -> Result<Opened, ApiError> {
    let (state, operator) = whole;
    let (tenant_id, now) = (operator.tenant_id, state.clock.now());
    let settings = settings::of_tenant(&state.store, tenant_id, new.user_id).await?;
    can_be_had(&settings, &new.wishes)?;
    if new.receptionist_id.is_none() {
        can_be_had_of_people(state, tenant_id, (&settings, new)).await?;
    }
    if !quotas::may_spend(&state.store, tenant_id, now).await? {
        return Err(refused(whole, "call.refused", DialRefusal::Quota).await?);
    }
    let mut tx = state.store.begin().await?;
    tenants::hold(&mut tx, tenant_id).await?;
    let given_up = outbound::give_up(&mut tx, tenant_id, now).await?;
    match outbound::ringing(&mut tx, tenant_id, &new.rung, now).await? {
        None => {}
        Some((_, Standing::UnderWay)) => return Err(ApiError::InFlight),
        Some((_, Standing::GoesOn)) => return Err(ApiError::Conflict(GOES_ON)),
        Some((id, Standing::MayHaveHappened { since })) => return Ok(Opened::Earlier(id, since)),
    }
    let call_id: CallId = state.clock.new_id();
    let clearing = Clearing {
        tenant_id,
        call_id,
        user_id: new.user_id,
        dial: Dial {
            to: &new.to,
            purpose: new.purpose,
            via: Some(&new.rung).filter(|rung| **rung != new.to),
            longest: settings.longest_call().unwrap_or(Duration::MAX),
        },
        at: now,
    };
    let (mut tx, permit) = cleared(whole, tx, &clearing).await?;
    outbound::insert(&mut tx, &row((operator, call_id), new, now)).await?;
    let route = limited(&new.route, permit.longest());
    call_routes::insert(&mut tx, (tenant_id, call_id), &route, now).await?;
    let change = Change {
        action: "call.placed",
        object: call_id.to_string(),
        fields: &[],
    };
    audit::commit(tx, whole, tenant_id, change).await?;
    for call in &given_up {
        state.bridge.tell_closed(call);
    }
    // Before the carrier can say what became of it.
    let placed = Happening::Placed(new.user_id);
    state.bridge.tell((tenant_id, call_id), now, placed);
    Ok(Opened::New(call_id, permit))
}

/// The route, whose telephones the gate has let through for so long.
fn limited(route: &Route, longest: Duration) -> Route {
    let mut route = route.clone();
    for stop in &mut route.stops {
        if let Stop::Ring(ring) = stop {
            ring.longest = Some(longest);
        }
    }
    route
}

fn row((operator, id): (&Operator, CallId), new: &NewCall, now: Timestamp) -> NewOutbound {
    NewOutbound {
        call: calls::NewCall {
            id,
            tenant_id: operator.tenant_id,
            call_sid: CallSid::unnamed(id),
            direction: Direction::Outbound,
            from: Party::Number(new.from.clone()),
            to: Party::Number(new.to.clone()),
            receptionist_id: new.receptionist_id,
            status: CallStatus::Queued,
            created_at: now,
        },
        user_id: new.user_id,
        contact_id: new.contact_id,
        wishes: new.wishes.clone(),
        rung: new.rung.clone(),
    }
}

/// Whether what is wanted of the call can be had, as whoever places it has set.
fn can_be_had(settings: &Settings, wishes: &Wishes) -> Result<(), ApiError> {
    let is_recorded = settings.truth(SettingKey::EnableCallRecording);
    if wishes.recording == Some(true) && !is_recorded {
        Err(ApiError::Conflict(UNRECORDED))
    } else if wishes.transcript == Some(true) && !settings.transcribes_by("openai") {
        Err(ApiError::Conflict(UNWRITTEN))
    } else {
        Ok(())
    }
}

/// The same where a member speaks. Whom we have called is asked nothing by whoever is on
/// the line with us: the two are recorded only where nobody has to be asked.
async fn can_be_had_of_people(
    state: &ApiState,
    tenant: TenantId,
    (settings, new): (&Settings, &NewCall),
) -> Result<(), ApiError> {
    let wishes = &new.wishes;
    let (is_recorded, is_written) = (
        wishes.recording == Some(true),
        wishes.transcript == Some(true),
    );
    if !is_recorded && !is_written {
        return Ok(());
    }
    let number = numbers::find_of_tenant(&state.store, tenant, &new.from).await?;
    let rule = number.map(|number| number.recording).unwrap_or_default();
    let of_all = settings.truth(SettingKey::AutoRecordCalls);
    if rule.policy != ConsentPolicy::None {
        Err(ApiError::Conflict(UNASKED))
    } else if !settings.truth(SettingKey::EnableCallRecording)
        || !wishes.recording.unwrap_or(of_all)
    {
        Err(ApiError::Conflict(UNHEARD))
    } else {
        Ok(())
    }
}

const UNASKED: &str = "whom a member calls is not asked whether they may be recorded: the call is \
    recorded, and written down, only where recording_consent of the number shown is none";
const UNHEARD: &str = "what people say is written down from the recording of their call, and this \
    one is not recorded";
const UNRECORDED: &str = "calls are not recorded; enable_call_recording says so";
const UNWRITTEN: &str = "calls are not written down; that takes enable_ai_transcription, and \
    openai as the transcription_provider";

/// Asks the carrier. If its answer is lost, looks whether it heard us.
async fn ask(
    state: &ApiState,
    carrier: &Client,
    (operator, id): (&Operator, CallId),
    (asked, new): (Asked, &NewCall),
) -> Result<CallSid, ApiError> {
    let since = state.clock.now();
    match carrier.create_call(asked).await {
        Ok(made) => Ok(made.sid),
        Err(Error::Unknown(cause)) => {
            let ends = (&new.from, &new.rung);
            if let Ok(Some(sid)) = look_up(state, carrier, ends, since).await {
                return Ok(sid);
            }
            outbound::leave_open(&state.store, operator.tenant_id, id).await?;
            Err(Error::Unknown(cause).into())
        }
        Err(error) => {
            strike(state, id).await?;
            Err(error.into())
        }
    }
}

/// The call that may have been made; none if it was not, which is sure after a
/// while.
async fn take_up(
    (state, operator): (&ApiState, &Operator),
    carrier: &Client,
    (id, since): (CallId, Timestamp),
) -> Result<Option<CallLog>, ApiError> {
    let call = calls::find(&state.store, operator.tenant_id, id).await?;
    let call = call.ok_or(ApiError::InFlight)?;
    let rung = outbound::rung(&state.store, operator.tenant_id, id).await?;
    let (Some(from), Some(rung)) = (call.from.number(), rung) else {
        return Err(ApiError::InFlight);
    };
    if let Some(sid) = look_up(state, carrier, (from, &rung), since).await? {
        return named(state, operator, id, &sid).await.map(Some);
    }
    if state.clock.now() < since.plus_ms(SETTLED_MS) {
        return Err(CarrierProblem::OutcomeUnknown.into());
    }
    strike(state, id).await?;
    Ok(None)
}

/// The carrier's name of a call between these two that we know nothing of.
async fn look_up(
    state: &ApiState,
    carrier: &Client,
    (from, rung): (&PhoneNumber, &PhoneNumber),
    since: Timestamp,
) -> Result<Option<CallSid>, ApiError> {
    let found = carrier.find_calls(from, rung, MOST_LOOKED_AT).await?;
    let earliest = since.plus_ms(-CLOCKS_DIFFER_MS);
    for call in found.items {
        let is_old = call.created_at.is_some_and(|at| at < earliest);
        let is_ours = call.parent_call_sid.is_none() && !is_old;
        if is_ours && calls::find_by_sid(&state.store, &call.sid).await?.is_none() {
            return Ok(Some(call.sid));
        }
    }
    Ok(None)
}

/// It is made, and the carrier calls it so.
async fn named(
    state: &ApiState,
    operator: &Operator,
    id: CallId,
    sid: &CallSid,
) -> Result<CallLog, ApiError> {
    outbound::name(&state.store, id, sid).await?;
    let call = calls::find(&state.store, operator.tenant_id, id).await?;
    call.ok_or(ApiError::NotFound)
}

/// It was not made.
async fn strike(state: &ApiState, id: CallId) -> Result<(), ApiError> {
    let news = StatusNews {
        status: CallStatus::Failed,
        sequence: None,
        duration_s: None,
        at: state.clock.now(),
    };
    let struck = calls::apply_status(&state.store, &CallSid::unnamed(id), &news).await?;
    if let Some((call, true)) = struck {
        state.bridge.tell_closed(&call);
    }
    call_routes::close(&state.store, &CallSid::unnamed(id), news.at).await?;
    Ok(())
}

/// Where the carrier asks and tells.
struct Addresses {
    answer: String,
    status: String,
    fallback: String,
}

impl Addresses {
    fn of(state: &ApiState, new: &NewCall) -> Result<Self, ApiError> {
        Ok(Self {
            answer: state.public_url(&new.answer_path)?,
            status: state.public_url("/api/voice/webhooks/status")?,
            fallback: state.public_url("/api/voice/webhooks/fallback")?,
        })
    }

    fn answer(&self, id: CallId) -> String {
        format!("{}?call={id}", self.answer)
    }

    fn status(&self, id: CallId) -> String {
        format!("{}?call={id}", self.status)
    }
}

const GOES_ON: &str = "a call to that telephone goes on already";
const EVENTS: [CallEvent; 4] = [
    CallEvent::Initiated,
    CallEvent::Ringing,
    CallEvent::Answered,
    CallEvent::Completed,
];
/// After so long the carrier's list has every call that it heard of.
const SETTLED_MS: i64 = 60_000;
/// The carrier's clock and ours are no further apart.
const CLOCKS_DIFFER_MS: i64 = 30_000;
const MOST_LOOKED_AT: usize = 50;
