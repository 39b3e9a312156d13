//! `send_sms`: a text message to the person in this call, or to somebody whom an admin has
//! named, and to nobody else.

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::answer::{Problem, bad_arguments, read};
use super::toolbox::{Ask, Done, Toolbox};
use crate::domain::{
    CallLog, DialRefusal, Direction, Party, Pii, SmsId, SmsState, TextRecipient, Timestamp,
};
use crate::store::Error;
use crate::store::sms_messages::{self, NewSms};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    text: String,
    #[serde(default)]
    to: Option<String>,
}

/// Has it sent, if the tenant's policy and the person want it.
pub(super) async fn send(house: &Toolbox, ask: &Ask) -> Result<Done, Error> {
    let wish: Wish = match read(&ask.arguments) {
        Ok(wish) => wish,
        Err(fault) => return Ok(Done::bad(fault)),
    };
    let is_fit = |c: char| !c.is_control() || c == '\n';
    let body: String = wish.text.trim().chars().filter(|c| is_fit(*c)).collect();
    if body.is_empty() || body.chars().count() > MAX_CHARS {
        return Ok(Done::bad(bad_arguments(
            "text must have 1 to 480 characters",
        )));
    }
    let named = wish.to.filter(|key| key != TextRecipient::CALLER);
    let mut known = ask.receptionist.toolkit.text_recipients.iter();
    let recipient = named.map(|key| known.find(|one| one.key == key).ok_or(NO_RECIPIENT));
    let recipient = match recipient.transpose() {
        Ok(recipient) => recipient,
        Err(why) => return Ok(Done::bad(bad_arguments(why))),
    };
    if ask.is_discreet {
        return Ok(PAUSED.into());
    }
    let call = house.call(ask).await?;
    let parties = call.as_ref().map(CallLog::ends);
    let numbers = parties.and_then(|(own, to)| own.number().cloned().zip(to.number().cloned()));
    let Some((own, caller)) = numbers.filter(|_| house.has_carrier) else {
        return Ok(NO_NUMBER.into());
    };
    let to = recipient.map_or(caller, |one| one.number.clone());
    let new = NewSms {
        id: name(ask),
        tenant_id: ask.tenant_id,
        direction: Direction::Outbound,
        message_sid: None,
        own: &Party::Number(own),
        stranger: &Party::Number(to),
        user: None,
        body: &Pii::new(body),
        media: &[],
        state: SmsState::Pending,
        at: house.clock.now(),
    };
    let mut tx = house.store.begin().await?;
    let outcome = match sms_messages::submit(&mut tx, &new, recipient.is_none()).await {
        Ok(outcome) => outcome,
        // The same wish was told before.
        Err(Error::Conflict) => Ok(()),
        Err(error) => return Err(error),
    };
    match outcome {
        Ok(()) => tx.commit().await?,
        Err(DialRefusal::Unwanted) => return Ok(UNWANTED.into()),
        Err(_) => return Ok(REFUSED.into()),
    }
    let detail = "The text is on its way. Do not promise when it arrives.";
    Ok(Done::good(&json!({"status": "ok", "detail": detail})))
}

/// The same name for the same wish: it is written down once.
fn name(ask: &Ask) -> SmsId {
    let hash = Sha256::digest(format!("tool/{}/{}", ask.call_id, ask.number).as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    SmsId::from_parts(Timestamp::from_ms(0), u128::from_le_bytes(bytes))
}

const MAX_CHARS: usize = 480;

const NO_RECIPIENT: &str = "there is nobody of that key who may be written to";
const PAUSED: Problem = Problem::new(
    "recording_paused",
    "The recording is paused, and nothing that is said now may be kept or sent. Send it when the \
     recording goes on.",
);
const NO_NUMBER: Problem = Problem::new(
    "no_number",
    "The caller cannot be written to. Say so, and tell them what you wanted to write.",
);
const UNWANTED: Problem = Problem::new(
    "unwanted",
    "They have said before that they want no texts from here. Tell the caller what you wanted to \
     write; they themselves can write START to this number.",
);
const REFUSED: Problem = Problem::new(
    "refused",
    "No text can be sent to this number from here. Tell the caller what you wanted to write.",
);
