//! `/api/calls/log`: the calls of the tenant.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::body::CallBody;
use crate::api::extract::{Query, parsed, phone_number};
use crate::api::list::PageBody;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{
    CallLog, CallStatus, Direction, Outcome, PhoneNumber, ReceptionistId, Tag, Timestamp, UserId,
};
use crate::store::{Search, call_search, page};

/// The calls of the tenant, newest first.
#[utoipa::path(get, path = "/api/calls/log", operation_id = "list_calls", tag = "Calls",
    params(LogQuery), responses((status = 200, body = PageBody<CallBody>)))]
pub(in crate::api) async fn log(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<LogQuery>,
) -> Result<Json<PageBody<CallBody>>, ApiError> {
    // Who may not see a number may not find out by asking for it either.
    if operator.sees_masked() && (query.number.is_some() || query.q.is_some()) {
        return Err(ApiError::Forbidden("to see numbers and words"));
    }
    let request = page::Request {
        limit: query.limit.unwrap_or_default(),
        after: query.cursor.clone(),
    };
    let filter = query.into_filter(&operator);
    let page = call_search::list(&state.store, operator.tenant_id, &filter, &request).await?;
    let body = |call: &CallLog| CallBody::new(call, &operator);
    Ok(Json(PageBody {
        data: page.items.iter().map(body).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// What the log can be asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct LogQuery {
    /// How many calls, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
    /// The last digits of the other party's number, four or more, or words that
    /// were said or noted.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 2, max_length = 200)]
    q: Option<Search>,
    /// `inbound` or `outbound`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(inbound|outbound)$")]
    direction: Option<Direction>,
    /// Where the calls stand, such as `in-progress`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(queued|initiated|ringing|in-progress|\
        completed|busy|no-answer|canceled|failed)$")]
    status: Option<CallStatus>,
    /// What became of them: `open`, `ai`, `person`, `voicemail`, `missed` or `failed`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, pattern = "^(open|ai|person|voicemail|missed|failed)$")]
    outcome: Option<Outcome>,
    /// Who rang or was rung, in E.164.
    #[serde(deserialize_with = "phone_number")]
    #[param(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    number: Option<PhoneNumber>,
    /// Whose calls, `usr_…`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Answered by which receptionist, of several the first, or placed for which: `rec_…`.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>)]
    receptionist_id: Option<ReceptionistId>,
    /// With which tag.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1, max_length = 50)]
    tag: Option<Tag>,
    /// Begun then or later, in RFC 3339.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Begun before, in RFC 3339.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl LogQuery {
    fn into_filter(self, operator: &Operator) -> call_search::Filter {
        call_search::Filter {
            direction: self.direction,
            status: self.status,
            outcome: self.outcome,
            number: self.number,
            user: self.user_id,
            owner: operator.only(),
            watcher: None,
            receptionist: self.receptionist_id,
            tag: self.tag,
            search: self.q,
            since: self.since,
            until: self.until,
        }
    }
}
