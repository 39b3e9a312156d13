//! What the agent has used in a call that goes on.

use super::call_change::amend_one;
use super::{Db, Error, Store};
use crate::domain::{CallId, Money, TenantId, Usage};

/// Notes what the agent has used so far in the tenant's call, until its end
/// tells it all. Whether there is such a call.
pub async fn note(
    store: &Store,
    (tenant, id): (TenantId, CallId),
    (usage, cost): (Usage, Option<Money>),
) -> Result<bool, Error> {
    if note_more(store, (tenant, id), (usage, cost)).await? {
        return Ok(true);
    }
    // It is over or counted, or knows of more; or it is not there.
    amend_one(store, tenant, id, |call| {
        let is_more = call.usage.tokens() <= usage.tokens()
            && call.usage.transcribed_ms <= usage.transcribed_ms;
        if call.end_reason.is_none() && is_more {
            call.usage = usage;
            call.cost = cost;
        }
    })
    .await
}

/// The same where nothing else follows from it: not of a call that is over or counted, nor
/// of one of which more is known. Whether it was so.
pub async fn note_more(
    db: impl Into<Db<'_>>,
    (tenant, id): (TenantId, CallId),
    (usage, cost): (Usage, Option<Money>),
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(NOTE)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(usage.input_text_tokens)
        .bind(usage.input_audio_tokens)
        .bind(usage.cached_text_tokens)
        .bind(usage.cached_audio_tokens)
        .bind(usage.output_text_tokens)
        .bind(usage.output_audio_tokens)
        .bind(cost.map(|cost| cost.micros))
        .bind(cost.map(|cost| cost.currency.as_str().to_owned()))
        .bind(usage.transcribed_ms)
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

// What a call is told most often: in one piece where nothing else follows from it.
const NOTE: &str = "
    UPDATE calls SET input_text_tokens = $3, input_audio_tokens = $4, cached_text_tokens = $5,
        cached_audio_tokens = $6, output_text_tokens = $7, output_audio_tokens = $8,
        cost_micros = $9, cost_currency = $10, transcribed_ms = $11
    WHERE tenant_id = $1 AND id = $2 AND end_reason IS NULL AND usage_day IS NULL
        AND input_text_tokens + input_audio_tokens + output_text_tokens + output_audio_tokens
            <= CAST($3 AS BIGINT) + $4 + $7 + $8
        AND transcribed_ms <= $11";
