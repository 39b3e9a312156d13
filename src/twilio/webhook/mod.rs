//! The forms that Twilio posts, parsed once at the door.
//!
//! [`parse_form`] decodes a body into pairs; each request type then reads what
//! it knows `from_pairs`. A required parameter that is missing or wrong is an
//! [`Error`] that names it. An optional one that cannot be read counts as
//! absent, and unknown ones are ignored: Twilio adds and respells some without
//! notice, and a status must not be lost over that.
//!
//! See <https://www.twilio.com/docs/voice/twiml#request-parameters>.

mod form;
mod message;
mod recording;
mod stream;
mod voice;

pub use form::{Error, parse_form};
pub use message::{MessageRequest, MessageState, MessageStatus, OptOut};
pub use recording::{RecordResult, RecordingState, RecordingStatus, TranscriptionResult};
pub use stream::{StreamEnded, StreamEvent, StreamStatus, TranscriptionEvent, TranscriptionUpdate};
pub use voice::{
    AnsweredBy, DialResult, DialStatus, EnqueueResult, FallbackRequest, GatherResult,
    MachineVerdict, Place, QueueOutcome, QueueWait, StatusCallback, VoiceRequest,
};
