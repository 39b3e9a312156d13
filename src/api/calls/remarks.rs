//! What people write beside a call, and calls that are to be forgotten.

use std::collections::BTreeSet;
use std::str::FromStr;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::CallBody;
use super::show::seen;
use crate::api::audit::{self, Change};
use crate::api::extract::{Given, Json, Path, given};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::{CallId, ParseError, Pii, Remarks};
use crate::store::call_remarks;

/// Changes what is given of what people wrote beside a call; the rest stays.
#[utoipa::path(patch, path = "/api/calls/{id}", operation_id = "update_call", tag = "Calls",
    params(("id" = String, Path, description = "`call_…`")),
    request_body = CallPatch, responses((status = 200, body = CallBody)))]
pub(in crate::api) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(patch): Json<CallPatch>,
) -> Result<JsonBody<CallBody>, ApiError> {
    seen(&state, &operator, id).await?;
    let mut tx = state.store.begin().await?;
    let mut fields = Vec::new();
    let change = |remarks: &mut Remarks| fields = patch.apply(remarks);
    let call = call_remarks::update(&mut tx, operator.tenant_id, id, change).await?;
    let call = call.ok_or(ApiError::NotFound)?;
    let change = Change {
        action: "call.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody(CallBody::new(&call, &operator)))
}

/// Forgets a call that is over: its entry, its transcript, all that was kept.
#[utoipa::path(delete, path = "/api/calls/{id}", operation_id = "delete_call", tag = "Calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204)))]
pub(in crate::api) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    seen(&state, &operator, id).await?;
    let mut tx = state.store.begin().await?;
    if !call_remarks::delete(&mut tx, operator.tenant_id, id).await? {
        return Err(ApiError::Conflict("the call goes on; hang it up first"));
    }
    let change = Change {
        action: "call.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is to change of what was written beside a call.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct CallPatch {
    /// What came of it, in a word of the tenant's own. Null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 50,
        pattern = r"^[^\s\p{C}]([^\p{C}]*[^\s\p{C}])?$")]
    disposition: Given<Tag>,
    /// Null takes them away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 10_000)]
    notes: Given<Notes>,
    /// In place of those it has.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, nullable = false)]
    tags: Option<Tags>,
}

impl CallPatch {
    /// Lays it over `remarks`; the names of what was given.
    fn apply(self, remarks: &mut Remarks) -> Vec<&'static str> {
        let mut fields = Vec::new();
        if let Given::As(disposition) = self.disposition {
            remarks.disposition = disposition.map(|word| word.0);
            fields.push("disposition");
        }
        if let Given::As(notes) = self.notes {
            remarks.notes = notes.map(|notes| Pii::new(notes.0));
            fields.push("notes");
        }
        if let Some(Tags(tags)) = self.tags {
            remarks.tags = tags;
            fields.push("tags");
        }
        fields
    }
}

/// One line of 1 to 50 characters, without space around it.
#[derive(Clone, Debug)]
pub(in crate::api) struct Tag(pub(super) String);

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fits = (1..=50).contains(&text.chars().count());
        if fits && text.trim() == text && !text.contains(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError {
                expected: "one line of 1 to 50 characters, without space around it",
            })
        }
    }
}

/// Up to 10,000 characters.
#[derive(Clone, Debug)]
struct Notes(String);

impl FromStr for Notes {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.chars().count() <= 10_000 {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError {
                expected: "at most 10,000 characters",
            })
        }
    }
}

/// At most twenty tags.
#[derive(Clone, Debug)]
struct Tags(BTreeSet<String>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let texts = Vec::<String>::deserialize(deserializer)?;
        if texts.len() > 20 {
            return Err(D::Error::custom("expected at most 20 tags"));
        }
        let tags: Result<BTreeSet<String>, ParseError> = texts
            .iter()
            .map(|text| text.parse::<Tag>().map(|tag| tag.0))
            .collect();
        tags.map(Self).map_err(D::Error::custom)
    }
}
