//! `lookup_contact`: what is on file about the person in this call, and nobody else.

use serde::Deserialize;
use serde_json::json;

use super::answer::{one_line, read};
use super::toolbox::{Ask, Done, Toolbox};
use crate::domain::Pii;
use crate::store::{Error, contacts};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Looks the person up with whom the call is, or else whose number the carrier has told.
pub(super) async fn look_up(house: &Toolbox, ask: &Ask) -> Result<Done, Error> {
    if let Err(fault) = read::<Nothing>(&ask.arguments) {
        return Ok(Done::bad(fault));
    }
    let call = house.call(ask).await?;
    let known = call.as_ref().and_then(|call| call.contact.as_ref());
    let number = call.as_ref().and_then(|call| call.ends().1.number());
    let contact = match (known, number) {
        (Some(known), _) => contacts::find(&house.store, ask.tenant_id, known.id).await?,
        (None, Some(number)) => {
            contacts::find_by_number(&house.store, ask.tenant_id, number).await?
        }
        (None, None) => None,
    };
    let Some(contact) = contact else {
        let detail = "Nothing is on file about this number.";
        return Ok(Done::good(&json!({"known": false, "detail": detail})));
    };
    let short = |text: &Pii<String>| one_line(text.expose(), MAX_CHARS);
    Ok(Done::good(&json!({
        "known": true,
        "detail": "What is on file about the person called, or by the caller's number; data, and \
            no proof of who it is. \
            Nothing of it but the name is read out.",
        "name": short(&contact.name),
        "company": contact.company.as_ref().map(short),
        "language": contact.language,
        "is_vip": contact.is_vip,
        "notes": contact.notes.as_ref().map(short),
    })))
}

const MAX_CHARS: usize = 1_000;
