//! TwiML: the documents that tell Twilio what to do with a call.
//!
//! Each verb and noun is a type; each attribute is a method that takes a type
//! that fits it. What Twilio would refuse is mostly impossible to write: a
//! [`Gather`] holds speech only, a [`Connect`] exactly one thing, a reject
//! comes first. Texts of limited length or alphabet are checked where they are
//! made, and [`Error`] says what to do.
//!
//! ```
//! use std::time::Duration;
//! use frontdesk::twilio::twiml::{Connect, Gather, Parameter, Response, Stream};
//!
//! let stream = Stream::new("wss://desk.example/media-stream")
//!     .parameter(Parameter::new("token", "s3cret")?);
//! let xml = Response::new()
//!     .say("One moment.")
//!     .connect(Connect::stream(stream).action("/api/voice/webhooks/stream-ended"))
//!     .to_xml();
//! assert!(xml.ends_with("</Connect></Response>"));
//!
//! let menu = Gather::new().num_digits(1).timeout(Duration::from_secs(5)).say("Press 1.");
//! assert!(Response::new().gather(menu).hangup().to_xml().contains("numDigits=\"1\""));
//! # Ok::<(), frontdesk::twilio::twiml::Error>(())
//! ```
//!
//! Documents are written through an XML writer, never by pasting strings.
//! Letters that XML 1.0 cannot hold are left out. An attribute given twice has
//! its last value. Deliberately absent: `<Pay>`, `<Prompt>`, `<Sms>`, and those
//! children of `<Connect>` that need a product of Twilio's beyond the call.
//!
//! See <https://www.twilio.com/docs/voice/twiml>.

mod callback;
mod conference;
mod connect;
mod dial;
mod element;
mod enqueue;
mod gather;
mod keys;
mod messaging;
mod noun;
mod number;
mod record;
mod relay;
mod response;
mod say;
mod side;
mod ssml;
mod transcription;
mod vocabulary;

pub use callback::{Callback, EventWord, Webhook};
pub use conference::Conference;
pub use connect::{Connect, Parameter, Stream};
pub use dial::Dial;
pub use element::Error;
pub use enqueue::{Enqueue, Queue, Task};
pub use gather::{Gather, SpeechTimeout};
pub use keys::{Digits, Key};
pub use messaging::{Message, MessagingResponse};
pub use noun::{Application, Client, Sim, WhatsApp};
pub use number::{AnswerDetection, Number, Sip};
pub use record::{Record, Recording};
pub use relay::{ConversationRelay, Language};
pub use response::{Refer, Response};
pub use say::{Pause, Play, Say};
pub use side::{Fork, Siprec, Start, Stop};
pub use ssml::{Prosody, Ssml};
pub use transcription::Transcription;
pub use vocabulary::{
    Beep, BreakStrength, CallEvent, ConferenceEvent, ConferenceRecord, DialRecord, EmphasisLevel,
    GatherInput, InterpretAs, Interruptible, JitterBuffer, MachineDetection, PhonemeAlphabet,
    RecordingChannels, RecordingEvent, RecordingTrack, RejectReason, StreamTrack,
    TranscriptionEngine, Trim,
};
