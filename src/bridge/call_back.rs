//! A caller with whom nobody could go on is to be called back, and what they had said is kept.

use super::keeper::Finished;
use crate::domain::{Party, Pii, Speaker, TakenKind, TakenMessage, Urgency};
use crate::store::{self, Tx, calls, taken_messages};

/// More of what was said is in the transcript.
const MAX_WORDS: usize = 1_000;
/// Its place among the messages of its call, of which there is one for each call.
const ORDINAL: i64 = -1;

/// Notes it, once a call. Who has no number cannot be called.
pub(super) async fn note(tx: &mut Tx, finished: &Finished) -> Result<(), store::Error> {
    let (tenant, id) = (finished.tenant_id, finished.call_id);
    let Some(call) = calls::find(&mut *tx, tenant, id).await? else {
        return Ok(());
    };
    let caller = call.ends().1.clone();
    if !matches!(caller, Party::Number(_)) {
        return Ok(());
    }
    let name = call.contact.map(|contact| contact.name);
    let message = TakenMessage {
        id: finished.note_id,
        tenant_id: tenant,
        call_id: id,
        kind: TakenKind::CallBack,
        caller,
        caller_name: name.unwrap_or_else(|| Pii::new(String::new())),
        callback: None,
        reason: Pii::new(said(finished)),
        urgency: Urgency::Normal,
        is_read: false,
        created_at: finished.at,
    };
    taken_messages::insert(tx, &message, ORDINAL).await?;
    Ok(())
}

/// The caller's words; the last of them, where they are many.
fn said(finished: &Finished) -> String {
    let of_caller = finished
        .utterances
        .iter()
        .filter(|utterance| utterance.speaker == Speaker::Caller);
    let words: Vec<&str> = of_caller
        .map(|utterance| utterance.text.expose().trim())
        .collect();
    let words = words.join(" ");
    let excess = words.chars().count().saturating_sub(MAX_WORDS);
    words.chars().skip(excess).collect()
}
