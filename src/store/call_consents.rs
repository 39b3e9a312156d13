//! What callers said to being recorded: evidence, among the events of their calls.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::call_events::{self, NewEvent};
use super::row::{RowOf, json};
use super::{Db, Error};
use crate::domain::{CallId, Consent, Pii, TenantId, Timestamp};

/// What such an event is called; a call has one at most.
const KIND: &str = "recording.consent";

/// Keeps what the caller of the tenant's call said; what was said first stays.
pub async fn note(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    consent: &Consent,
) -> Result<(), Error> {
    let words = consent.words.as_ref();
    let text = ConsentText {
        policy: consent.policy.as_str().to_owned(),
        answer: consent.answer.as_str().to_owned(),
        words: words.map(|words| words.expose().clone()),
    };
    let detail = json(&text);
    let event = NewEvent {
        kind: KIND,
        detail: Pii::new(&detail),
        at: consent.at,
        key: Some(KIND),
    };
    call_events::append(db, tenant, call, &event).await?;
    Ok(())
}

/// What the caller of the tenant's call said; none if nobody has asked.
pub async fn find(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
) -> Result<Option<Consent>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<EventRow> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(KIND)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let call = call.to_string();
    let at = RowOf {
        table: "call_events",
        id: &call,
    };
    let text: ConsentText = at.json(&row.detail, "what a caller said to being recorded")?;
    Ok(Some(Consent {
        policy: at.parse(&text.policy)?,
        answer: at.parse(&text.answer)?,
        words: text.words.map(Pii::new),
        at: Timestamp::from_ms(row.at_ms),
    }))
}

const FIND: &str = "
    SELECT detail, at_ms FROM call_events
    WHERE tenant_id = $1 AND call_id = $2 AND dedupe_key = $3";

#[derive(Deserialize, Serialize)]
struct ConsentText {
    policy: String,
    answer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

#[derive(FromRow)]
struct EventRow {
    detail: String,
    at_ms: i64,
}
