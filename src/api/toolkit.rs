//! What is wrong with a receptionist's toolkit, each by its place.

use std::collections::BTreeSet;

use super::ivr_body::KEYLESS;
use super::outbound::closed_to_callers;
use super::problem::{ApiError, Fault};
use super::routing::missing;
use super::state::ApiState;
use crate::bridge::check_parameters;
use crate::domain::{
    Destination, DialPolicy, Place, Receptionist, TenantId, TextRecipient, Toolkit, TransferMode,
};
use crate::routing::Reference;
use crate::store::{Tx, kept_secrets, number_plans};

/// What is sealed already is not anybody's to give.
pub(super) fn given(mut kit: Toolkit) -> Result<Toolkit, ApiError> {
    let sealed = kit.credentials_mut().filter(|(_, one)| one.is_sealed());
    let faults: Vec<_> = sealed
        .map(|(place, _)| (place, "give it as it is".to_owned()))
        .collect();
    refuse(faults).map(|()| kit)
}

/// Seals the secrets of a toolkit for the place where it is kept.
pub(super) fn sealed(state: &ApiState, receptionist: &mut Receptionist) -> Result<(), ApiError> {
    let id = receptionist.id.to_string();
    let place = kept_secrets::of_receptionist(receptionist.tenant_id, &id);
    let mut faults = Vec::new();
    for (at, credential) in receptionist.toolkit.credentials_mut() {
        if state.store.seals().seal_given(&place, credential).is_err() {
            faults.push((at, KEYLESS.to_owned()));
        }
    }
    refuse(faults)
}

/// Refuses a toolkit that names what the tenant does not have, or that would do
/// nothing.
pub(super) async fn check(tx: &mut Tx, tenant: TenantId, kit: &Toolkit) -> Result<(), ApiError> {
    let mut faults = Vec::new();
    for (n, destination) in kit.destinations.iter().enumerate() {
        let at = format!("destinations/{n}");
        faults.extend(of_destination(destination).map(|(place, why)| (at.clone() + place, why)));
        let (references, field) = match &destination.place {
            Place::User(id) => (vec![Reference::User(*id)], "user_id"),
            Place::Team(ids) => {
                let members = ids.iter().copied().map(Reference::User);
                (members.collect(), "user_ids")
            }
            Place::Queue(id) => (vec![Reference::Queue(*id)], "queue_id"),
            Place::Number(number) => {
                let closed = closed_to_callers(&mut *tx, tenant, &[number]).await?;
                let why = closed.into_iter().flatten();
                faults.extend(why.map(|why| (format!("{at}/to/phone_number"), why)));
                continue;
            }
            Place::Voicemail { user_id, .. } => {
                let member = user_id.map(Reference::User).into_iter();
                (member.collect(), "voicemail/user_id")
            }
        };
        for reference in references {
            if !number_plans::has(&mut *tx, tenant, reference).await? {
                let why = format!("there {} of that id here", missing(reference));
                faults.push((format!("{at}/to/{field}"), why));
            }
        }
    }
    let keys = kit.destinations.iter().map(|one| one.key.as_str());
    faults.extend(repeated(keys, "destinations", "key"));
    faults.extend(of_recipients(kit));
    faults.extend(of_machines(kit));
    if let Some(key) = &kit.person.destination
        && !kit.destinations.iter().any(|one| one.key == *key)
    {
        let why = "there is no destination of that key".to_owned();
        faults.push(("person/destination".to_owned(), why));
    }
    refuse(faults)
}

fn refuse(faults: Vec<(String, String)>) -> Result<(), ApiError> {
    if faults.is_empty() {
        return Ok(());
    }
    let faults = faults.into_iter().map(|(place, detail)| Fault {
        pointer: format!("#/toolkit/{place}"),
        detail,
    });
    Err(ApiError::Invalid(faults.collect()))
}

fn of_destination(destination: &Destination) -> Option<(&'static str, String)> {
    let is_telephone = matches!(
        &destination.place,
        Place::Number(_) | Place::User(_) | Place::Team(_)
    );
    let is_warm = destination.mode == TransferMode::Warm;
    let why = "only members and numbers can be asked first: use blind";
    (is_warm && !is_telephone).then(|| ("/mode", why.to_owned()))
}

fn of_recipients(kit: &Toolkit) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    for (n, one) in kit.text_recipients.iter().enumerate() {
        let at = format!("text_recipients/{n}");
        if one.key == TextRecipient::CALLER {
            faults.push((format!("{at}/key"), "the caller has this key".to_owned()));
        }
        if let Err(refusal) = DialPolicy::judge_anywhere(&one.number) {
            faults.push((format!("{at}/phone_number"), refusal.to_string()));
        }
    }
    let keys = kit.text_recipients.iter().map(|one| one.key.as_str());
    faults.extend(repeated(keys, "text_recipients", "key"));
    faults
}

fn of_machines(kit: &Toolkit) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    for (n, tool) in kit.http.iter().enumerate() {
        let at = format!("http_tools/{n}");
        faults.extend(check_parameters(tool).map(|why| (format!("{at}/parameters"), why)));
        for (m, header) in tool.headers.iter().enumerate() {
            if header.value.is_none() {
                let why = "there is no value of this header for this host yet: give one".to_owned();
                faults.push((format!("{at}/headers/{m}/value"), why));
            }
        }
    }
    let names = kit.http.iter().map(|tool| tool.name.as_str());
    faults.extend(repeated(names, "http_tools", "name"));
    let labels = kit.mcp.iter().map(|server| server.label.as_str());
    faults.extend(repeated(labels, "mcp_servers", "label"));
    faults
}

fn repeated<'a>(
    names: impl Iterator<Item = &'a str>,
    list: &'static str,
    field: &'static str,
) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let again = names
        .enumerate()
        .filter(move |(_, name)| !seen.insert(*name));
    let why = "another one before it has that name".to_owned();
    again
        .map(|(n, _)| (format!("{list}/{n}/{field}"), why.clone()))
        .collect()
}
