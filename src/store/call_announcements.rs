//! What is said into a call that people have: its words, among the events of the call.

use serde::{Deserialize, Serialize};

use super::call_events::{self, NewEvent};
use super::row::{RowOf, json};
use super::{Db, Error};
use crate::domain::{CallId, Pii, TenantId, Timestamp};

/// What such an event is called.
const KIND: &str = "call.told";

/// Keeps words that are to be said in the tenant's call, under a key that nobody guesses.
pub async fn note(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    (key, words): (&str, &Pii<String>),
    at: Timestamp,
) -> Result<(), Error> {
    let text = Announcement {
        text: words.expose().clone(),
    };
    let detail = json(&text);
    let event = NewEvent {
        kind: KIND,
        detail: Pii::new(&detail),
        at,
        key: Some(key),
    };
    call_events::append(db, tenant, call, &event).await?;
    Ok(())
}

/// The words that are kept under that key for the tenant's call.
pub async fn find(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    key: &str,
) -> Result<Option<Pii<String>>, Error> {
    let mut conn = db.into().read().await?;
    let detail: Option<String> = sqlx::query_scalar(FIND)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(KIND)
        .bind(key)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(detail) = detail else {
        return Ok(None);
    };
    let call = call.to_string();
    let at = RowOf {
        table: "call_events",
        id: &call,
    };
    let text: Announcement = at.json(&detail, "what is said into a call")?;
    Ok(Some(Pii::new(text.text)))
}

const FIND: &str = "
    SELECT detail FROM call_events
    WHERE tenant_id = $1 AND call_id = $2 AND kind = $3 AND dedupe_key = $4";

#[derive(Deserialize, Serialize)]
struct Announcement {
    text: String,
}
