//! One call, with everything kept of it.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::body::{CallBody, readable};
use crate::api::extract::Path;
use crate::api::list::PageBody;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{CallId, CallLog, Permission, Reach, RecordedTurn, TurnLatency, Utterance};
use crate::store::call_events::{self, CallEvent};
use crate::store::{calls, queue_waits, recorded_turns, turns, utterances};

/// One call, with all that was said and done.
#[utoipa::path(get, path = "/api/calls/{id}", operation_id = "show_call", tag = "Calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses((status = 200, body = WholeCallBody)))]
pub(in crate::api) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<Json<WholeCallBody>, ApiError> {
    let call = watched(&state, &operator, id).await?;
    let (store, tenant) = (&state.store, operator.tenant_id);
    let said = utterances::list(store, tenant, id).await?;
    let recorded = recorded_turns::list(store, tenant, id).await?;
    let turns = turns::list(store, tenant, id).await?;
    let events = call_events::list(store, tenant, id).await?;
    let said = said
        .iter()
        .map(|utterance| UtteranceBody::new(utterance, &operator));
    let recorded = recorded
        .iter()
        .map(|turn| UtteranceBody::of_recording(turn, &operator));
    let mut transcript: Vec<UtteranceBody> = said.chain(recorded).collect();
    transcript.sort_by_key(|utterance| utterance.started_ms);
    let event = |event| EventBody::new(event, &operator);
    Ok(Json(WholeCallBody {
        call: CallBody::new(&call, &operator),
        transcript,
        turns: turns.into_iter().map(TurnBody::from).collect(),
        events: events.into_iter().map(event).collect(),
    }))
}

/// What happened to a call, in the order in which we were told.
#[utoipa::path(get, path = "/api/calls/{id}/events", operation_id = "list_call_events",
    tag = "Calls", params(("id" = String, Path, description = "`call_…`")),
    responses((status = 200, body = PageBody<EventBody>)))]
pub(in crate::api) async fn events(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<Json<PageBody<EventBody>>, ApiError> {
    watched(&state, &operator, id).await?;
    let events = call_events::list(&state.store, operator.tenant_id, id).await?;
    let event = |event| EventBody::new(event, &operator);
    Ok(Json(PageBody {
        data: events.into_iter().map(event).collect(),
        next_cursor: None,
    }))
}

/// The call of that name, if the operator may know of it.
pub(in crate::api) async fn seen(
    state: &ApiState,
    operator: &Operator,
    id: CallId,
) -> Result<CallLog, ApiError> {
    let call = calls::find(&state.store, operator.tenant_id, id).await?;
    // What may be changed is not more than what may be seen.
    let only = match operator.rights.reach(Permission::CallsRead) {
        Reach::All | Reach::Masked => operator.only(),
        Reach::Own | Reach::None => operator.member(),
    };
    let is_open = |call: &CallLog| only.is_none_or(|own| call.user_id == Some(own));
    call.filter(is_open).ok_or(ApiError::NotFound)
}

/// The call, also where it is nobody's yet and waits in a queue of the operator's.
async fn watched(state: &ApiState, operator: &Operator, id: CallId) -> Result<CallLog, ApiError> {
    let own = seen(state, operator, id).await;
    let (Err(ApiError::NotFound), Some(member)) = (&own, operator.only()) else {
        return own;
    };
    let (store, tenant) = (&state.store, operator.tenant_id);
    if !queue_waits::is_for(store, (tenant, id), member).await? {
        return own;
    }
    let call = calls::find(store, tenant, id).await?;
    call.ok_or(ApiError::NotFound)
}

/// One call with everything kept of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct WholeCallBody {
    #[serde(flatten)]
    call: CallBody,
    /// What was heard, in the order in which it was said: by the AI as it went on; of
    /// people who were recorded, some time after, if that is wanted.
    transcript: Vec<UtteranceBody>,
    /// How long the caller waited for each answer.
    turns: Vec<TurnBody>,
    /// What happened, in the order in which we were told.
    events: Vec<EventBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UtteranceBody {
    /// `caller`, `receptionist`, `person`, or `unknown` where a recording keeps all on one
    /// track. Of a call that a member has placed, `caller` is who was called.
    speaker: &'static str,
    /// Cut where the caller stopped hearing it.
    text: String,
    /// Counted from when the call was answered.
    started_ms: u64,
    interrupted: bool,
}

impl UtteranceBody {
    fn new(utterance: &Utterance, operator: &Operator) -> Self {
        Self {
            speaker: utterance.speaker.as_str(),
            text: readable(&utterance.text, operator),
            started_ms: whole_ms(utterance.started),
            interrupted: utterance.interrupted,
        }
    }

    fn of_recording(turn: &RecordedTurn, operator: &Operator) -> Self {
        Self {
            speaker: turn.voice.as_str(),
            text: readable(&turn.text, operator),
            started_ms: whole_ms(turn.started),
            interrupted: false,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct TurnBody {
    /// From the end of the caller's words to our first audio on its way.
    sent_ms: u64,
    /// The same to the carrier playing it; null if it never said so.
    heard_ms: Option<u64>,
}

impl From<TurnLatency> for TurnBody {
    fn from(turn: TurnLatency) -> Self {
        Self {
            sent_ms: whole_ms(turn.sent),
            heard_ms: turn.heard.map(whole_ms),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct EventBody {
    /// A stable word, such as `carrier.status`.
    kind: String,
    #[schema(value_type = Object, nullable)]
    detail: Box<RawValue>,
    at: String,
}

impl EventBody {
    fn new(event: CallEvent, operator: &Operator) -> Self {
        // It may have numbers and words in it.
        let detail = if operator.sees_masked() {
            Ok(RawValue::NULL.to_owned())
        } else {
            RawValue::from_string(event.detail.into_inner())
        };
        Self {
            kind: event.kind,
            // Whoever wrote the row by hand may have written no JSON.
            detail: detail.unwrap_or_else(|_| RawValue::NULL.to_owned()),
            at: event.at.to_string(),
        }
    }
}

fn whole_ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
