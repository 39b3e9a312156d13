//! What people write beside a call, and calls that are to be forgotten.

use std::collections::BTreeSet;

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::CallBody;
use super::show::seen;
use crate::api::audit::{self, Change};
use crate::api::bounded::{Text, given_tags};
use crate::api::extract::{Given, Json, Path};
use crate::api::operator::Operator;
use crate::api::patch::Fields;
use crate::api::problem::ApiError;
use crate::api::schemas;
use crate::api::state::ApiState;
use crate::domain::{CallId, ContactId, Permission, Pii, Remarks, Tag};
use crate::store::{call_remarks, calls, forgotten_calls};

/// Changes what is given of what people wrote beside a call; the rest stays.
#[utoipa::path(patch, path = "/api/calls/{id}", operation_id = "update_call", tag = "Calls",
    params(("id" = String, Path, description = "`call_…`")),
    request_body = CallPatch, responses((status = 200, body = CallBody)))]
pub(in crate::api) async fn update(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
    Json(mut patch): Json<CallPatch>,
) -> Result<JsonBody<CallBody>, ApiError> {
    let tenant = operator.tenant_id;
    seen(&state, &operator, id).await?;
    let contact = std::mem::take(&mut patch.contact_id);
    let mut tx = state.store.begin().await?;
    let mut fields = Vec::new();
    let change = |remarks: &mut Remarks| fields = patch.apply(remarks);
    let call = call_remarks::update(&mut tx, tenant, id, change).await?;
    let mut call = call.ok_or(ApiError::NotFound)?;
    if let Given::As(contact) = contact {
        if !call_remarks::put_contact(&mut tx, (tenant, id), contact).await? {
            return Err(ApiError::field("contact_id", "there is no such contact"));
        }
        let changed = calls::find(&mut tx, tenant, id).await?;
        call = changed.ok_or(ApiError::NotFound)?;
        fields.push("contact_id");
    }
    let change = Change {
        action: "call.updated",
        object: id.to_string(),
        fields: &fields,
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    let reader = operator.reading(Permission::CallsRead);
    Ok(JsonBody(CallBody::new(&call, &reader)))
}

/// Forgets a call that is over: its entry, its transcript, the messages that
/// were left in it, its recordings, all that was kept. What it came to stays
/// counted; what the carrier tells of it later does not bring it back.
#[utoipa::path(delete, path = "/api/calls/{id}", operation_id = "delete_call", tag = "Calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses((status = 204)))]
pub(in crate::api) async fn delete(
    State(state): State<ApiState>,
    operator: Operator,
    Path(id): Path<CallId>,
) -> Result<StatusCode, ApiError> {
    let tenant = operator.tenant_id;
    let call = seen(&state, &operator, id).await?;
    let mut tx = state.store.begin().await?;
    // The carrier may say that a call is over before we have let go of it.
    let goes_on = state.bridge.has(&call.call_sid)
        || !forgotten_calls::forget(&mut tx, tenant, id, state.clock.now()).await?;
    if goes_on {
        return Err(ApiError::Conflict("the call goes on; hang it up first"));
    }
    let change = Change {
        action: "call.deleted",
        object: id.to_string(),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    state.bridge.forget(id);
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
    #[schema(value_type = Option<String>, min_length = 1, max_length = 10_000)]
    notes: Given<Text<10_000>>,
    /// In place of those it has.
    #[serde(default, deserialize_with = "given_tags")]
    #[schema(schema_with = schemas::tags)]
    tags: Option<BTreeSet<Tag>>,
    /// Whom of the contacts it was with, `con_…`. Null where it was none of them.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^con_[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    contact_id: Given<ContactId>,
}

impl CallPatch {
    /// Lays it over `remarks`; the names of what was given.
    fn apply(self, remarks: &mut Remarks) -> Vec<&'static str> {
        let mut fields = Fields::default();
        fields.lay_given("disposition", self.disposition, &mut remarks.disposition);
        let notes = match self.notes {
            Given::As(notes) => Given::As(notes.map(|notes| Pii::new(notes.0))),
            Given::Not => Given::Not,
        };
        fields.lay_given("notes", notes, &mut remarks.notes);
        fields.lay("tags", self.tags, &mut remarks.tags);
        fields.0
    }
}
