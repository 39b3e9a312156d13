//! What it cost to have recordings and messages of a call written down.

use sqlx::AnyConnection;

use super::Error;
use super::call_change::{amend, lock};
use crate::domain::{CallId, Money, TenantId, VoicemailMessage};

/// Adds one more sound that was written down to what the tenant's call costs; in the
/// transaction that keeps for the first time that it was. What is deleted afterwards was
/// charged all the same.
///
/// All of it is in US dollars.
pub(super) async fn add(
    tx: &mut AnyConnection,
    (tenant, call): (TenantId, CallId),
    price: Money,
) -> Result<(), Error> {
    if let Some(locked) = lock(tx, tenant, call).await? {
        amend(tx, locked, |call| {
            let known = call.bill.transcription.map_or(0, |money| money.micros);
            call.bill.transcription = Some(Money {
                micros: known.saturating_add(price.micros),
                ..price
            });
        })
        .await?;
    }
    Ok(())
}

/// Adds a message, unless it was added before.
pub(super) async fn note_message(
    tx: &mut AnyConnection,
    message: &VoicemailMessage,
    price: Money,
) -> Result<(), Error> {
    let noted = sqlx::query(NOTE_MESSAGE)
        .bind(message.tenant_id.to_string())
        .bind(message.id.to_string())
        .bind(price.micros)
        .execute(&mut *tx)
        .await?;
    if noted.rows_affected() == 1 {
        add(tx, (message.tenant_id, message.call_id), price).await?;
    }
    Ok(())
}

const NOTE_MESSAGE: &str = "
    UPDATE voicemail_messages SET transcription_micros = $3
    WHERE tenant_id = $1 AND id = $2 AND transcription_micros IS NULL";
