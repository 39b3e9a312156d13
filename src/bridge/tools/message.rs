//! `take_message`: somebody is to be told something.

use serde::Deserialize;
use serde_json::json;

use super::answer::{UNAVAILABLE, bad_arguments, one_line, read};
use super::toolbox::{Ask, Done};
use crate::bridge::discretion::NOT_KEPT;
use crate::bridge::keeper::Keeper;
use crate::bridge::note::{Note, Taken};
use crate::domain::{Pii, Urgency};

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

/// Has it kept, in the database or, while that is away, on the disk; the same wish, told
/// again, is one message.
pub(super) async fn take(keeper: &Keeper, ask: &Ask) -> Done {
    let taken = match taken(keeper, ask) {
        Ok(taken) => taken,
        Err(fault) => return Done::bad(fault),
    };
    if let Err(error) = keeper.keep_behind(Note::Taken(Box::new(taken))).await {
        tracing::warn!(call.id = %ask.call_id, %error, "tool.message_not_kept");
        return UNAVAILABLE.into();
    }
    let detail = if ask.is_discreet {
        "That the caller has a message is written down, without its words: the recording is \
         paused. Take it once more when the recording goes on."
    } else {
        "The message is written down. Say so, and promise no time."
    };
    Done::good(&json!({"status": "ok", "detail": detail}))
}

/// The message; what is wrong with it, if something is.
fn taken(keeper: &Keeper, ask: &Ask) -> Result<Taken, String> {
    let wish: Wish = read(&ask.arguments)?;
    let name = one_line(&wish.caller_name, MAX_NAME);
    let reason = one_line(&wish.reason, MAX_REASON);
    if name.is_empty() || reason.is_empty() {
        return Err(bad_arguments("caller_name and reason may not be empty"));
    }
    let callback = wish.callback_number.map(|text| one_line(&text, MAX_NUMBER));
    let callback = callback.filter(|text| !text.is_empty());
    let is_number = |text: &String| {
        let is_sign = |c: char| c.is_ascii_digit() || " +-()/.".contains(c);
        text.chars().all(is_sign) && text.chars().any(|c| c.is_ascii_digit())
    };
    if !callback.as_ref().is_none_or(is_number) {
        return Err(bad_arguments("callback_number is not a telephone number"));
    }
    let kept = |text: String| {
        Pii::new(if ask.is_discreet {
            NOT_KEPT.to_owned()
        } else {
            text
        })
    };
    Ok(Taken {
        of: (ask.tenant_id, ask.call_id).into(),
        id: keeper.new_id(),
        ordinal: ask.number,
        caller_name: kept(name),
        callback: callback.filter(|_| !ask.is_discreet).map(Pii::new),
        reason: kept(reason),
        urgency: match wish.urgency {
            UrgencyWord::Low => Urgency::Low,
            UrgencyWord::Normal => Urgency::Normal,
            UrgencyWord::High => Urgency::High,
        },
        at: keeper.now(),
    })
}

const MAX_NAME: usize = 100;
const MAX_NUMBER: usize = 40;
const MAX_REASON: usize = 1_000;
