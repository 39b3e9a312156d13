//! `/api/calls`: the log of calls, and everything kept of one.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::extract::{Path, Query, parsed, phone_number};
use super::list::PageBody;
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{
    CallContact, CallId, CallLog, CallStatus, Direction, EndReason, Money, Party, PhoneNumber,
    TurnLatency, Usage, Utterance,
};
use crate::store::call_events::{self, CallEvent};
use crate::store::{calls, page, turns, utterances};

/// The calls of the tenant, newest first.
#[utoipa::path(get, path = "/api/calls/log", operation_id = "list_calls", tag = "Calls",
    params(LogQuery), responses((status = 200, body = PageBody<CallBody>)))]
pub(super) async fn log(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<LogQuery>,
) -> Result<Json<PageBody<CallBody>>, ApiError> {
    let filter = calls::Filter {
        direction: query.direction,
        status: query.status,
        number: query.number,
        user: operator.only(),
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = calls::list(&state.store, operator.tenant_id, &filter, &request).await?;
    let body = |call: &CallLog| CallBody::new(call, &operator);
    Ok(Json(PageBody {
        data: page.items.iter().map(body).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// One call, with all that was said and done.
#[utoipa::path(get, path = "/api/calls/{id}", operation_id = "show_call", tag = "Calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses((status = 200, body = WholeCallBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<Json<WholeCallBody>, ApiError> {
    let (store, tenant) = (&state.store, operator.tenant_id);
    let call = calls::find(store, tenant, id).await?;
    let is_open = |call: &CallLog| operator.only().is_none_or(|own| call.user_id == Some(own));
    let call = call.filter(is_open).ok_or(ApiError::NotFound)?;
    let transcript = utterances::list(store, tenant, id).await?;
    let turns = turns::list(store, tenant, id).await?;
    let events = call_events::list(store, tenant, id).await?;
    let words = |utterance| UtteranceBody::new(utterance, &operator);
    Ok(Json(WholeCallBody {
        call: CallBody::new(&call, &operator),
        transcript: transcript.into_iter().map(words).collect(),
        turns: turns.into_iter().map(TurnBody::from).collect(),
        events: events.into_iter().map(EventBody::from).collect(),
    }))
}

/// What the log can be asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// How many calls, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
    /// `inbound` or `outbound`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    direction: Option<Direction>,
    /// Where the calls stand, such as `in-progress`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    status: Option<CallStatus>,
    /// Who rang or was rung, in E.164.
    #[serde(deserialize_with = "phone_number")]
    #[param(value_type = Option<String>)]
    number: Option<PhoneNumber>,
}

/// A call of the log. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallBody {
    id: String,
    call_sid: String,
    direction: &'static str,
    /// An E.164 number, `client:…`, `sip:…`, or `anonymous`.
    from: String,
    to: String,
    /// Whom of the tenant's contacts it was with, by the number; null where the
    /// number is masked.
    contact: Option<CallContactBody>,
    receptionist_id: Option<String>,
    /// Whose call it was, if it was a person's.
    user_id: Option<String>,
    status: &'static str,
    /// Why it ended, such as `caller.hung_up`.
    end_reason: Option<&'static str>,
    created_at: String,
    answered_at: Option<String>,
    ended_at: Option<String>,
    duration_s: Option<i64>,
    usage: UsageBody,
    /// Null where the model's price is not known.
    cost: Option<MoneyBody>,
}

impl CallBody {
    fn new(call: &CallLog, operator: &Operator) -> Self {
        let party = |party: &Party| {
            if operator.sees_masked() {
                masked(&party.to_text())
            } else {
                party.to_text()
            }
        };
        Self {
            id: call.id.to_string(),
            call_sid: call.call_sid.to_string(),
            direction: call.direction.as_str(),
            from: party(&call.from),
            to: party(&call.to),
            contact: call
                .contact
                .as_ref()
                .filter(|_| !operator.sees_masked())
                .map(CallContactBody::from),
            receptionist_id: call.receptionist_id.map(|id| id.to_string()),
            user_id: call.user_id.map(|id| id.to_string()),
            status: call.status.as_str(),
            end_reason: call.end_reason.map(EndReason::as_str),
            created_at: call.created_at.to_string(),
            answered_at: call.answered_at.map(|at| at.to_string()),
            ended_at: call.ended_at.map(|at| at.to_string()),
            duration_s: call.duration_s,
            usage: call.usage.into(),
            cost: call.cost.map(MoneyBody::from),
        }
    }
}

/// Somebody whom the tenant knows.
#[derive(Debug, Serialize, ToSchema)]
struct CallContactBody {
    id: String,
    name: String,
}

impl From<&CallContact> for CallContactBody {
    fn from(contact: &CallContact) -> Self {
        Self {
            id: contact.id.to_string(),
            name: contact.name.expose().clone(),
        }
    }
}

/// One call with everything kept of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeCallBody {
    #[serde(flatten)]
    call: CallBody,
    /// What was heard, in the order in which it was said.
    transcript: Vec<UtteranceBody>,
    /// How long the caller waited for each answer.
    turns: Vec<TurnBody>,
    /// What happened, in the order in which we were told.
    events: Vec<EventBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UtteranceBody {
    speaker: &'static str,
    /// Cut where the caller stopped hearing it.
    text: String,
    /// Counted from the start of the stream.
    started_ms: u64,
    interrupted: bool,
}

impl UtteranceBody {
    fn new(utterance: Utterance, operator: &Operator) -> Self {
        let text = utterance.text.into_inner();
        Self {
            speaker: utterance.speaker.as_str(),
            text: if operator.sees_masked() {
                masked(&text)
            } else {
                text
            },
            started_ms: whole_ms(utterance.started),
            interrupted: utterance.interrupted,
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
struct EventBody {
    /// A stable word, such as `carrier.status`.
    kind: String,
    #[schema(value_type = Object, nullable)]
    detail: Box<RawValue>,
    at: String,
}

impl From<CallEvent> for EventBody {
    fn from(event: CallEvent) -> Self {
        let detail = RawValue::from_string(event.detail.into_inner());
        Self {
            kind: event.kind,
            // Whoever wrote the row by hand may have written no JSON.
            detail: detail.unwrap_or_else(|_| RawValue::NULL.to_owned()),
            at: event.at.to_string(),
        }
    }
}

/// Tokens; the cached ones are part of the input ones.
#[expect(
    clippy::struct_field_names,
    reason = "a number in a promise names its unit"
)]
#[derive(Debug, Serialize, ToSchema)]
struct UsageBody {
    input_text_tokens: i64,
    input_audio_tokens: i64,
    cached_text_tokens: i64,
    cached_audio_tokens: i64,
    output_text_tokens: i64,
    output_audio_tokens: i64,
}

impl From<Usage> for UsageBody {
    fn from(usage: Usage) -> Self {
        Self {
            input_text_tokens: usage.input_text_tokens,
            input_audio_tokens: usage.input_audio_tokens,
            cached_text_tokens: usage.cached_text_tokens,
            cached_audio_tokens: usage.cached_audio_tokens,
            output_text_tokens: usage.output_text_tokens,
            output_audio_tokens: usage.output_audio_tokens,
        }
    }
}

/// Money in millionths of the currency's unit.
#[derive(Debug, Serialize, ToSchema)]
struct MoneyBody {
    micros: i64,
    currency: &'static str,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self {
            micros: money.micros,
            currency: money.currency.as_str(),
        }
    }
}

/// As many letters and digits, of which none says anything.
fn masked(text: &str) -> String {
    let mask = |letter: char| {
        if letter.is_alphanumeric() {
            '•'
        } else {
            letter
        }
    };
    text.chars().map(mask).collect()
}

fn whole_ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
