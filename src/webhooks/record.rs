//! A stop of a route at which a caller leaves a message; needs no database.

use std::time::Duration;

use super::Webhooks;
use super::speech::Speech;
use crate::twilio::twiml::{Record, Response};

/// The longest message.
const MAX_LENGTH: Duration = Duration::from_mins(3);
/// So much silence ends it.
const SILENCE: Duration = Duration::from_secs(5);

/// Says the greeting and records. A caller who says nothing hears goodbye.
pub(super) fn record(house: &Webhooks, speech: &Speech, greeting: Option<&str>) -> Response {
    let greeting = match greeting {
        Some(own) => speech.say_own(own),
        None => speech.say(speech.phrases.leave_a_message),
    };
    let here = house.url("/api/voice/webhooks/voicemail");
    let record = Record::new()
        .action(&here)
        .recording_status_callback(&here)
        .max_length(MAX_LENGTH)
        .timeout(SILENCE);
    Response::new()
        .say(greeting)
        .record(record)
        .say(speech.say(speech.phrases.nothing_heard))
        .hangup()
}
