//! Forms about text messages: one that came in, and news of one sent out.

use crate::domain::{Party, Pii};
use crate::twilio::words::words;

use super::form::{Error, Form};

/// A text message that somebody sent us.
///
/// See <https://www.twilio.com/docs/messaging/guides/webhook-request>.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRequest {
    /// The message.
    pub message_sid: String,
    /// The account that it is charged to.
    pub account_sid: String,
    /// The service that received it, if one did.
    pub messaging_service_sid: Option<String>,
    /// Who wrote.
    pub from: Party,
    /// Who was written to.
    pub to: Party,
    /// The text; may be empty beside media.
    pub body: Pii<String>,
    /// Where its media are, and of which type each is.
    pub media: Vec<(String, Option<String>)>,
    /// Whether the writer used a word that Twilio obeys on its own.
    pub opt_out: Option<OptOut>,
}

impl MessageRequest {
    /// Reads an incoming message.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        let count: usize = form.optional("NumMedia").unwrap_or_default();
        // No more than the form can hold, whatever it says of itself.
        let media = (0..count.min(pairs.len())).filter_map(|index| {
            let url = form.owned(&format!("MediaUrl{index}"))?;
            Some((url, form.owned(&format!("MediaContentType{index}"))))
        });
        Ok(Self {
            message_sid: form.required_text("MessageSid")?,
            account_sid: form.required_text("AccountSid")?,
            messaging_service_sid: form.owned("MessagingServiceSid"),
            from: form.party("From"),
            to: form
                .known_party("To")
                .ok_or(Error::Missing { field: "To" })?,
            body: Pii::new(form.owned("Body").unwrap_or_default()),
            media: media.collect(),
            opt_out: form.optional("OptOutType"),
        })
    }
}

words! {
    /// A word that Twilio obeys before we see it.
    OptOut {
        /// Write to me again.
        Start = "START",
        /// Write to me no more.
        Stop = "STOP",
        /// Tell me what this is.
        Help = "HELP",
    }
}

/// News of a message that we sent. May come in any order.
///
/// See <https://www.twilio.com/docs/messaging/guides/track-outbound-message-status>.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageStatus {
    /// The message.
    pub message_sid: String,
    /// The account that it is charged to.
    pub account_sid: String,
    /// Where it stands.
    pub state: MessageState,
    /// Who is written to.
    pub to: Party,
    /// Who writes.
    pub from: Party,
    /// Twilio's number for what went wrong.
    pub error_code: Option<u32>,
}

impl MessageStatus {
    /// Reads a message status callback.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, Error> {
        let form = Form(pairs);
        Ok(Self {
            message_sid: form.required_text("MessageSid")?,
            account_sid: form.required_text("AccountSid")?,
            state: form.required("MessageStatus")?,
            to: form.party("To"),
            from: form.party("From"),
            error_code: form.optional("ErrorCode"),
        })
    }
}

words! {
    /// Where a message stands.
    MessageState {
        /// Taken, not yet given a sender.
        Accepted = "accepted",
        /// To be sent later.
        Scheduled = "scheduled",
        /// Waiting to be sent.
        Queued = "queued",
        /// On its way to the carrier.
        Sending = "sending",
        /// With the carrier.
        Sent = "sent",
        /// With the reader.
        Delivered = "delivered",
        /// Refused on the way.
        Undelivered = "undelivered",
        /// Could not be sent.
        Failed = "failed",
        /// Seen by the reader.
        Read = "read",
        /// Taken back before it was sent.
        Canceled = "canceled",
    }
}
