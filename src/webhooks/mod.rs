//! What the carrier calls: webhooks that are answered in TwiML, and the media stream.
//!
//! Every request must carry a good signature, or nothing happens at all: no
//! row, no agent, no cent. A request that is good gets TwiML whatever fails
//! behind it; a caller never hears an error of ours as one of the carrier's.
//!
//! | path | what |
//! |---|---|
//! | `/api/voice/webhooks/twiml/inbound` | somebody rings |
//! | `/api/voice/webhooks/stream-ended` | the stream is over, what comes next? |
//! | `/api/voice/webhooks/status` | how the call stands |
//! | `/api/voice/webhooks/twiml/voicemail` | a caller is to leave a message |
//! | `/api/voice/webhooks/voicemail` | a message was recorded, or was not |
//! | `/api/voice/webhooks/transcription` | what was said in a message |
//! | `/api/voice/webhooks/greetings/…` | the sound before the beep; the address is signed by us |
//! | `/api/voice/webhooks/fallback` | the carrier could not use our answer |
//! | `/media-stream` | the WebSocket that carries the voices |

mod fallback;
mod greeting_sound;
mod house;
mod inbound;
mod log;
mod router;
mod signed;
mod spoken;
mod status;
mod stream;
mod stream_ended;
mod voicemail;
mod voicemail_twiml;
mod xml;

pub use house::Webhooks;
pub use router::router;
pub use xml::apology;
