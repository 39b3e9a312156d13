//! `take_message`: somebody is to be told something.

use serde::Deserialize;
use serde_json::json;

use super::answer::{bad_arguments, one_line, read};
use super::toolbox::{Ask, Done, Toolbox};
use crate::bridge::discretion::NOT_KEPT;
use crate::domain::{Pii, TakenKind, TakenMessage, Urgency};
use crate::store::{Error, taken_messages};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    caller_name: String,
    #[serde(default)]
    callback_number: Option<String>,
    reason: String,
    #[serde(default)]
    urgency: UrgencyWord,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UrgencyWord {
    Low,
    #[default]
    Normal,
    High,
}

/// Writes it down; the same wish, told again, is one message.
pub(super) async fn take(house: &Toolbox, ask: &Ask) -> Result<Done, Error> {
    let wish: Wish = match read(&ask.arguments) {
        Ok(wish) => wish,
        Err(fault) => return Ok(Done::bad(fault)),
    };
    let name = one_line(&wish.caller_name, MAX_NAME);
    let reason = one_line(&wish.reason, MAX_REASON);
    if name.is_empty() || reason.is_empty() {
        return Ok(Done::bad(bad_arguments(
            "caller_name and reason may not be empty",
        )));
    }
    let callback = wish.callback_number.map(|text| one_line(&text, MAX_NUMBER));
    let callback = callback.filter(|text| !text.is_empty());
    let is_number = |text: &String| {
        let is_sign = |c: char| c.is_ascii_digit() || " +-()/.".contains(c);
        text.chars().all(is_sign) && text.chars().any(|c| c.is_ascii_digit())
    };
    if !callback.as_ref().is_none_or(is_number) {
        return Ok(Done::bad(bad_arguments(
            "callback_number is not a telephone number",
        )));
    }
    let Some(call) = house.call(ask).await? else {
        return Ok(super::answer::UNAVAILABLE.into());
    };
    let now = house.clock.now();
    let kept = |text: String| {
        Pii::new(if ask.is_discreet {
            NOT_KEPT.to_owned()
        } else {
            text
        })
    };
    let message = TakenMessage {
        id: house.clock.new_id(),
        tenant_id: ask.tenant_id,
        call_id: ask.call_id,
        kind: TakenKind::Message,
        caller: call.ends().1.clone(),
        caller_name: kept(name),
        callback: callback.filter(|_| !ask.is_discreet).map(Pii::new),
        reason: kept(reason),
        urgency: match wish.urgency {
            UrgencyWord::Low => Urgency::Low,
            UrgencyWord::Normal => Urgency::Normal,
            UrgencyWord::High => Urgency::High,
        },
        is_read: false,
        created_at: now,
    };
    taken_messages::insert(&house.store, &message, ask.number).await?;
    let detail = if ask.is_discreet {
        "That the caller has a message is written down, without its words: the recording is \
         paused. Take it once more when the recording goes on."
    } else {
        "The message is written down. Say so, and promise no time."
    };
    Ok(Done::good(&json!({"status": "ok", "detail": detail})))
}

const MAX_NAME: usize = 100;
const MAX_NUMBER: usize = 40;
const MAX_REASON: usize = 1_000;
