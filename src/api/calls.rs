//! `/api/calls`: the log of calls, and everything kept of one.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::extract::{Path, Query, parsed};
use super::operator::Operator;
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{
    CallId, CallLog, CallStatus, Direction, Disposition, Money, ParseError, PhoneNumber, Speaker,
    TurnLatency, Usage, Utterance,
};
use crate::store::call_events::{self, CallEvent};
use crate::store::{calls, page, turns, utterances};

/// `GET /api/calls/log`: the calls of the operator's tenant, newest first.
pub(super) async fn log(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<LogQuery>,
) -> Result<Json<PageBody<CallBody>>, ApiError> {
    let filter = calls::Filter {
        direction: query.direction,
        status: query.status,
        number: query.number,
    };
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor,
    };
    let page = calls::list(&state.store, operator.tenant_id, &filter, &request).await?;
    Ok(Json(PageBody {
        data: page.items.into_iter().map(CallBody::from).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// `GET /api/calls/{id}`: one call, with all that was said and done.
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<Json<WholeCallBody>, ApiError> {
    let (store, tenant) = (&state.store, operator.tenant_id);
    let call = calls::find(store, tenant, id).await?;
    let call = call.ok_or(ApiError::NotFound)?;
    let transcript = utterances::list(store, tenant, id).await?;
    let turns = turns::list(store, tenant, id).await?;
    let events = call_events::list(store, tenant, id).await?;
    Ok(Json(WholeCallBody {
        call: call.into(),
        transcript: transcript.into_iter().map(UtteranceBody::from).collect(),
        turns: turns.into_iter().map(TurnBody::from).collect(),
        events: events.into_iter().map(EventBody::from).collect(),
    }))
}

/// What the log can be asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LogQuery {
    /// How many calls, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    cursor: Option<page::Cursor>,
    /// `inbound` or `outbound`.
    #[serde(deserialize_with = "parsed")]
    direction: Option<Direction>,
    /// Where the calls stand, such as `in-progress`.
    #[serde(deserialize_with = "parsed")]
    status: Option<CallStatus>,
    /// Who rang or was rung, in E.164.
    #[serde(deserialize_with = "number")]
    number: Option<PhoneNumber>,
}

/// A plus in a query is a space unless it is written `%2B`; no number begins
/// with a space, so either is understood.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PhoneNumber>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = text.strip_prefix(' ').map(|digits| format!("+{digits}"));
    let number = digits.as_deref().unwrap_or(&text).parse();
    number
        .map(Some)
        .map_err(|error: ParseError| serde::de::Error::custom(error))
}

/// One page of a list.
#[derive(Debug, Serialize)]
pub(super) struct PageBody<T> {
    data: Vec<T>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A call of the log. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize)]
pub(super) struct CallBody {
    id: String,
    call_sid: String,
    direction: &'static str,
    /// An E.164 number, `client:…`, `sip:…`, or `anonymous`.
    from: String,
    to: String,
    receptionist_id: Option<String>,
    status: &'static str,
    /// Why it ended, such as `caller.hung_up`.
    disposition: Option<&'static str>,
    created_at: String,
    answered_at: Option<String>,
    ended_at: Option<String>,
    duration_s: Option<i64>,
    usage: UsageBody,
    /// Null where the model's price is not known.
    cost: Option<MoneyBody>,
}

impl From<CallLog> for CallBody {
    fn from(call: CallLog) -> Self {
        Self {
            id: call.id.to_string(),
            call_sid: call.call_sid.to_string(),
            direction: call.direction.as_str(),
            from: call.from.to_text(),
            to: call.to.to_text(),
            receptionist_id: call.receptionist_id.map(|id| id.to_string()),
            status: call.status.as_str(),
            disposition: call.disposition.map(Disposition::as_str),
            created_at: call.created_at.to_string(),
            answered_at: call.answered_at.map(|at| at.to_string()),
            ended_at: call.ended_at.map(|at| at.to_string()),
            duration_s: call.duration_s,
            usage: call.usage.into(),
            cost: call.cost.map(MoneyBody::from),
        }
    }
}

/// One call with everything kept of it.
#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
struct UtteranceBody {
    speaker: &'static str,
    /// Cut where the caller stopped hearing it.
    text: String,
    /// Counted from the start of the stream.
    started_ms: u64,
    interrupted: bool,
}

impl From<Utterance> for UtteranceBody {
    fn from(utterance: Utterance) -> Self {
        Self {
            speaker: Speaker::as_str(utterance.speaker),
            text: utterance.text.into_inner(),
            started_ms: whole_ms(utterance.started),
            interrupted: utterance.interrupted,
        }
    }
}

#[derive(Debug, Serialize)]
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

#[derive(Debug, Serialize)]
struct EventBody {
    /// A stable word, such as `carrier.status`.
    kind: String,
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
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
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

fn whole_ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
