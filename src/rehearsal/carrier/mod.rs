//! A simulated telephone carrier with a caller, as strict as the real one.
//!
//! A [`Carrier`] places calls to a gateway over real loopback sockets: signed
//! webhooks, TwiML, and media streams on a 20 ms clock, as in
//! <https://www.twilio.com/docs/voice/media-streams>. The caller follows a
//! [`Script`]; the [`CallReport`] has what the caller heard, what the gateway
//! did wrong, and when everything happened. The carrier's REST interface is
//! [`super::rest`]; with its [live calls](super::rest::LiveCalls), those who speak can be
//! led elsewhere by it, and meet in conferences. Absent on purpose is text to speech:
//! what `<Say>` says is read, not heard.

mod call;
mod callee;
mod caller;
#[expect(
    clippy::module_inception,
    reason = "the room is named after who lives there"
)]
mod carrier;
mod event;
mod forms;
mod gateway_message;
mod lone_stream;
pub(super) mod open_stream;
mod options;
mod orders;
mod playback;
mod report;
mod signature;
mod stream;
mod stream_send;
mod talk;
mod teller;
mod tracks;
mod twiml;
mod twiml_rules;
mod upgrade;
mod verbs;
mod waiting;
mod webhook;

pub use callee::Callee;
pub use carrier::Carrier;
pub use event::{CarrierEvent, CarrierEventKind};
pub use lone_stream::{Opening, stream_on};
pub use options::{CarrierOptions, DialOutcome, Fault, Script, Step};
pub use report::{CallReport, Clear, EndedBy, Gap, MarkReport, StreamReport, WebhookReport};
pub use twiml::Element;
