//! `/api/contacts/import`: many contacts at once, or none.

use axum::Json as JsonBody;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::contact_body::NewContact;
use super::contacts::made;
use super::extract::{Json, pointer_to};
use super::operator::Operator;
use super::problem::{ApiError, Fault};
use super::state::ApiState;
use crate::domain::Contact;
use crate::store::contacts;

/// Writes up to 1,000 people down: all of them, or none if anything is wrong
/// with any of them. The body may be 2 MiB.
#[utoipa::path(post, path = "/api/contacts/import", operation_id = "import_contacts",
    tag = "Contacts", request_body = inline(Vec<NewContact>),
    responses((status = 201, body = ImportedBody)))]
pub(super) async fn import(
    State(state): State<ApiState>,
    operator: Operator,
    Json(values): Json<Vec<Value>>,
) -> Result<(StatusCode, JsonBody<ImportedBody>), ApiError> {
    let new = read(values)?;
    let people: Vec<Contact> = new
        .into_iter()
        .map(|new| made(&state, &operator, new))
        .collect();
    let mut tx = state.store.begin().await?;
    let mut faults = Vec::new();
    for (place, contact) in people.iter().enumerate() {
        let taken = contacts::insert(&mut tx, contact).await?;
        faults.extend(taken.into_iter().map(|number| Fault {
            pointer: format!("#/{place}/numbers/{number}"),
            detail: "another contact has this number, here or in this list".to_owned(),
        }));
    }
    refuse(faults)?;
    let change = Change {
        action: "contact.imported",
        object: format!("{} contacts", people.len()),
        fields: &[],
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    let body = ImportedBody {
        ids: people
            .iter()
            .map(|contact| contact.id.to_string())
            .collect(),
    };
    Ok((StatusCode::CREATED, JsonBody(body)))
}

/// Every value as a contact, or what is wrong with each that is none.
fn read(values: Vec<Value>) -> Result<Vec<NewContact>, ApiError> {
    if !(1..=MAX_CONTACTS).contains(&values.len()) {
        return Err(ApiError::Invalid(vec![Fault {
            pointer: "#".to_owned(),
            detail: format!("expected 1 to {MAX_CONTACTS} contacts"),
        }]));
    }
    let mut people = Vec::new();
    let mut faults = Vec::new();
    for (place, value) in values.into_iter().enumerate() {
        match serde_path_to_error::deserialize(value) {
            Ok(contact) => people.push(contact),
            Err(error) => {
                let below = pointer_to(error.path());
                faults.push(Fault {
                    pointer: format!("#/{place}{}", below.trim_start_matches('#')),
                    detail: error.inner().to_string(),
                });
            }
        }
    }
    refuse(faults)?;
    Ok(people)
}

/// Tells of some faults, if there are any: who made a hundred mistakes made
/// the same one each time.
fn refuse(mut faults: Vec<Fault>) -> Result<(), ApiError> {
    faults.truncate(100);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Invalid(faults))
    }
}

const MAX_CONTACTS: usize = 1_000;

/// Who was written down.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedBody {
    /// In the order in which they were given.
    ids: Vec<String>,
}
