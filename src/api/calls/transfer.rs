//! A call that goes on is handed to somebody else.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::live_call::{carrier_of, gone, open_call};
use crate::api::audit::{self, Change};
use crate::api::extract::{Json, Path};
use crate::api::operator::Operator;
use crate::api::outbound::{cleared, refused};
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{CallId, CallLog, Dial, Purpose, ReceptionistId};
use crate::routing::{AiStop, CallerId, Handover, Ring, RingStop, Route, Stop, Telephone, Voice};
use crate::store::call_transfers::{self as transfers, Standing};
use crate::store::dials::{self, Clearing};
use crate::store::text::{E164, Line, NumberRef, QueueRef, Text, UserRef, VoicemailText};
use crate::store::{Tx, call_routes, queues, routing_facts, settings, users};
use crate::twilio::rest::{CallUpdate, Error, Instructions};

/// Hands a call that goes on to somebody else.
///
/// A caller who speaks with the AI is told so in a short sentence first. Any
/// other call is led there by the carrier, and whoever the caller speaks with
/// is hung up on. If nobody is there, the caller goes on to whom the receptionist
/// stood before, and to voicemail; never to silence. A number outside must be
/// allowed by the outbound policy. One transfer at a time.
#[utoipa::path(post, path = "/api/calls/{id}/transfer", operation_id = "transfer_call",
    tag = "Live calls", params(("id" = String, Path, description = "`call_…`")),
    request_body = Transfer, responses((status = 204)))]
pub(in crate::api) async fn transfer(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(body): Json<Transfer>,
) -> Result<StatusCode, ApiError> {
    let whole = (&state, &operator);
    let call = open_call(whole, id).await?;
    let has_ai = state.bridge.has(&call.call_sid);
    if !has_ai {
        carrier_of(&state, &call)?;
    }
    let tenant = operator.tenant_id;
    let mut stop = body.stop(whole, &call).await?;
    let route = call_routes::find(&state.store, tenant, id).await?;
    let route = route.ok_or(ApiError::Conflict(UNROUTED))?;
    if Route::is_placed_by_member(Some(&route), call.direction) {
        return Err(ApiError::Conflict(OF_MEMBER));
    }
    let tx = state.store.begin().await?;
    let mut tx = let_through(whole, tx, (id, &mut stop)).await?;
    let stops = route.handed_on(stop);
    let now = state.clock.now();
    let handover = match transfers::ask(&mut tx, (tenant, id), &stops, now).await? {
        Standing::Asked(handover) => handover,
        Standing::Done => {
            tx.commit().await?;
            return Ok(StatusCode::NO_CONTENT);
        }
        Standing::UnderWay => return Err(ApiError::Conflict(UNDER_WAY)),
        Standing::Unrouted => return Err(ApiError::Conflict(UNROUTED)),
    };
    let change = Change {
        action: "call.transferred",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, whole, tenant, change).await?;
    if has_ai {
        by_receptionist(whole, &call, handover).await
    } else {
        by_carrier(whole, &call, handover.first).await
    }
}

const OF_MEMBER: &str =
    "a member has placed this call by their own telephone, and hands it on there";

/// The receptionist tells the caller, and ends the stream; then the carrier asks.
async fn by_receptionist(
    (state, operator): (&ApiState, &Operator),
    call: &CallLog,
    handover: Handover,
) -> Result<StatusCode, ApiError> {
    let first = handover.first;
    if state.bridge.transfer(&call.call_sid, handover) {
        return Ok(StatusCode::NO_CONTENT);
    }
    transfers::strike(&state.store, operator.tenant_id, call.id, first).await?;
    Err(ApiError::Conflict("the call has just ended"))
}

/// The carrier asks us at once. To lead it to the same stop twice begins there
/// anew, so it is not told twice without being asked to.
async fn by_carrier(
    (state, operator): (&ApiState, &Operator),
    call: &CallLog,
    first: usize,
) -> Result<StatusCode, ApiError> {
    let carrier = carrier_of(state, call)?;
    let path = format!("/api/voice/webhooks/transferred?stop={first}");
    let there = CallUpdate::Redirect(Instructions::Url(state.public_url(&path)?));
    let (store, tenant) = (&state.store, operator.tenant_id);
    match carrier.update_call(&call.call_sid, &there).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(Error::Unknown(cause)) => {
            transfers::leave_open(store, tenant, call.id, first).await?;
            Err(Error::Unknown(cause).into())
        }
        Err(error) => {
            transfers::strike(store, tenant, call.id, first).await?;
            Err(gone(error))
        }
    }
}

/// A number outside goes through the gate. A member needs to be no number that
/// is dear or denied.
async fn let_through(
    whole: (&ApiState, &Operator),
    tx: Tx,
    (call_id, stop): (CallId, &mut Stop),
) -> Result<Tx, ApiError> {
    let (state, operator) = whole;
    let Stop::Ring(ring) = stop else {
        return Ok(tx);
    };
    let Some(Telephone { number: to, .. }) = ring.telephones.first() else {
        return Ok(tx);
    };
    let Some(longest) = ring.longest else {
        let mut tx = tx;
        let policy = dials::policy(&mut tx, operator.tenant_id).await?;
        let judged = policy.judge_forward((to, Purpose::Member), Duration::MAX);
        let Err(refusal) = judged else {
            return Ok(tx);
        };
        drop(tx);
        return Err(refused(whole, "call.refused", refusal).await?);
    };
    let clearing = Clearing {
        tenant_id: operator.tenant_id,
        call_id,
        user_id: operator.member(),
        dial: Dial {
            to,
            purpose: Purpose::Outside,
            via: None,
            longest,
        },
        at: state.clock.now(),
    };
    let (tx, permit) = cleared(whole, tx, &clearing).await?;
    ring.longest = Some(permit.longest());
    Ok(tx)
}

/// Who takes over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Transfer {
    to: Destination,
    /// What whoever answers the telephone is told before the two are connected.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1_000,
        pattern = r"^[^\p{C}]*[^\s\p{C}][^\p{C}]*$")]
    whisper: Option<Line<1_000>>,
}

/// One of these.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Destination {
    /// A member, on their telephone.
    UserId(UserRef),
    /// Those who answer a queue.
    QueueId(QueueRef),
    /// A receptionist, if none has had the call.
    ReceptionistId(ReceptionistRef),
    /// A number outside, in E.164.
    PhoneNumber(NumberRef),
    /// Voicemail.
    Voicemail(VoicemailText),
}

/// The id of a receptionist.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^rec_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
struct ReceptionistRef(Text<ReceptionistId>);

impl Transfer {
    async fn stop(
        self,
        (state, operator): (&ApiState, &Operator),
        call: &CallLog,
    ) -> Result<Stop, ApiError> {
        let (store, tenant) = (&state.store, operator.tenant_id);
        let caller_id = CallerId::of_call(call);
        let whisper = self.whisper.map(|words| words.0);
        match self.to {
            Destination::UserId(UserRef(Text(id))) => {
                let user = users::find(store, tenant, id).await?;
                let user = user.filter(|user| user.is_active);
                let user = user.ok_or_else(|| missing("user_id", "active member"))?;
                let number = user.phone_number.ok_or(ApiError::Conflict(NO_TELEPHONE))?;
                let telephone = Telephone::of_member(number, id);
                Ok(ring(telephone, (caller_id, whisper), None))
            }
            Destination::PhoneNumber(NumberRef(E164(number))) => {
                let settings = settings::of_tenant(store, tenant, call.placed_by()).await?;
                let longest = settings.longest_call().unwrap_or(Duration::MAX);
                let telephone = Telephone::outside(number);
                Ok(ring(telephone, (caller_id, whisper), Some(longest)))
            }
            Destination::QueueId(QueueRef(Text(id))) => {
                let queue = queues::find(store, tenant, id).await?;
                let queue = queue.ok_or_else(|| missing("queue_id", "queue"))?;
                Ok(Stop::Queue((&queue).into()))
            }
            Destination::ReceptionistId(ReceptionistRef(Text(id))) => {
                if state.bridge.has(&call.call_sid) || call.end_reason.is_some() {
                    return Err(ApiError::Conflict(HAD_ONE));
                }
                let found = routing_facts::receptionist(store, tenant, id).await?;
                found.ok_or_else(|| missing("receptionist_id", "published receptionist"))?;
                Ok(Stop::Ai(AiStop {
                    receptionist_id: id,
                    voice: Voice::default(),
                    back_from: None,
                }))
            }
            Destination::Voicemail(text) => {
                let user_id = text.user_id();
                if let Some(id) = user_id {
                    let user = users::find(store, tenant, id).await?;
                    user.ok_or_else(|| missing("voicemail/user_id", "member"))?;
                }
                let greeting = text.into_greeting();
                Ok(Stop::Voicemail { greeting, user_id })
            }
        }
    }
}

fn ring(
    telephone: Telephone,
    (caller_id, whisper): (CallerId, Option<String>),
    longest: Option<Duration>,
) -> Stop {
    let ring = Ring {
        caller_id,
        whisper,
        ..Ring::default()
    };
    Stop::Ring(RingStop::one(telephone, longest, ring))
}

fn missing(field: &str, what: &str) -> ApiError {
    ApiError::field(
        &format!("to/{field}"),
        format!("there is no {what} of that id here"),
    )
}

const UNDER_WAY: &str = "a transfer of this call is under way";
const UNROUTED: &str = "nothing is known of where this call goes";
const NO_TELEPHONE: &str = "the member has no telephone number";
const HAD_ONE: &str = "a receptionist has had this call, and does not get it again";
