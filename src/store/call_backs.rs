//! A caller with whom nobody could go on is to be called back, and what they had said is kept.

use super::{Error, Tx, calls, taken_messages, utterances};
use crate::domain::{
    CallId, Party, Pii, Speaker, TakenKind, TakenMessage, TakenMessageId, TenantId, Timestamp,
    Urgency, Utterance,
};

/// More of what was said is in the transcript.
const MAX_WORDS: usize = 1_000;
/// Its place among the messages of its call, of which there is one for each call.
const ORDINAL: i64 = -1;

/// Notes it with what is written down of the tenant's call, once a call. Who has no
/// number cannot be called.
pub async fn note(
    tx: &mut Tx,
    (tenant, id): (TenantId, CallId),
    (note_id, at): (TakenMessageId, Timestamp),
) -> Result<(), Error> {
    let Some(call) = calls::find(&mut *tx, tenant, id).await? else {
        return Ok(());
    };
    let caller = call.ends().1.clone();
    if !matches!(caller, Party::Number(_)) {
        return Ok(());
    }
    let said = utterances::list(&mut *tx, tenant, id).await?;
    let name = call.contact.map(|contact| contact.name);
    let message = TakenMessage {
        id: note_id,
        tenant_id: tenant,
        call_id: id,
        kind: TakenKind::CallBack,
        caller,
        caller_name: name.unwrap_or_else(|| Pii::new(String::new())),
        callback: None,
        reason: Pii::new(words(&said)),
        urgency: Urgency::Normal,
        is_read: false,
        created_at: at,
    };
    taken_messages::insert(tx, &message, ORDINAL).await?;
    Ok(())
}

/// The caller's words; the last of them, where they are many.
fn words(said: &[Utterance]) -> String {
    let of_caller = said.iter().filter(|one| one.speaker == Speaker::Caller);
    let words: Vec<&str> = of_caller.map(|one| one.text.expose().trim()).collect();
    let words = words.join(" ");
    let excess = words.chars().count().saturating_sub(MAX_WORDS);
    words.chars().skip(excess).collect()
}
