//! What a caller hears when we cannot do what they called for.

use crate::twilio::twiml::Response;

/// Something failed on our side: an apology, and the line is free again.
///
/// Static: needs no database, no agent, nothing that can be away.
pub(super) fn apology() -> Response {
    say("We are sorry, we cannot take your call at the moment. Please try again in a few minutes.")
}

/// Every place is taken.
pub(super) fn engaged() -> Response {
    say("All our lines are busy at the moment. Please try again in a few minutes.")
}

fn say(words: &str) -> Response {
    Response::new().say(words).hangup()
}
