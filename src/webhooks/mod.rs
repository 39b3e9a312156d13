//! What the carrier calls: webhooks that are answered in TwiML, and the media stream.
//!
//! Every request must carry a good signature, or nothing happens at all: no
//! row, no agent, no cent. A request that is good gets TwiML whatever fails
//! behind it; a caller never hears an error of ours as one of the carrier's.
//!
//! A call is routed once, when it comes ([`switchboard`]), and follows that
//! route ([`stops`]), and the flows on it ([`ivr`]), by addresses of ours that say
//! how far it has come. What is
//! decided is kept with the call and in [`memory`], which also answers when the
//! database is away; a database that hangs is waited for once ([`patience`]).
//!
//! What the carrier tells of calls and messages it tells once: it is
//! [taken down](crate::bridge::Bridge::take_down) in the database or, while that is
//! away, on the disk, and only what neither has taken is refused.
//!
//! Who is to be taken by somebody waits with music meanwhile, and whoever takes them is a
//! call of ours ([`warm`]).
//!
//! A process that goes, and leaves no other behind, gives its [`last_answer`] to whoever is
//! still there; one that has not found its database yet is [`mod@closed`].
//!
//! **Invariant:** no telephone rings that the tenant's policy does not let ring
//! ([`gate`]), and nobody is connected for longer than the tenant lets a call last.
//!
//! | path | what |
//! |---|---|
//! | `/api/voice/webhooks/twiml/inbound` | somebody rings |
//! | `/api/voice/webhooks/twiml/outbound` | somebody whom we ring has picked up |
//! | `/api/voice/webhooks/twiml/outbound/accepted` | a member wants to be connected |
//! | `/api/voice/webhooks/stream-ended` | the stream is over, what comes next? |
//! | `/api/voice/webhooks/transferred` | the call was led to another stop |
//! | `/api/voice/webhooks/consent` | a caller has said whether they may be recorded |
//! | `/api/voice/webhooks/dial-status` | the ringing is over, what comes next? |
//! | `/api/voice/webhooks/whisper`, `/accepted`, `/picked-up` | somebody was rung and picked up |
//! | `/api/voice/webhooks/machine` | whether it is a person who has |
//! | `/api/voice/webhooks/warm/wait`, `/left`, `/back` | a caller waits until somebody takes the call, and waits no longer |
//! | `/api/voice/webhooks/warm/answered`, `/accepted`, `/connecting`, `/done`, `/machine`, `/stands` | somebody was rung for them |
//! | `/api/voice/webhooks/ivr` | a caller in a flow has pressed keys, or has not |
//! | `/api/voice/webhooks/queue/wait`, `/key`, `/over`, `/left` | somebody waits, and waits no longer |
//! | `/api/voice/webhooks/queue/{queue_id}/answer` | a member of a queue rings up |
//! | `/api/voice/webhooks/queue/connecting` | who has waited is about to be connected |
//! | `/api/voice/webhooks/conference` | whoever has a call is led into its conference |
//! | `/api/voice/webhooks/conference/left` | the caller's part in it is over |
//! | `/api/voice/webhooks/conference/announcement` | what is said there |
//! | `/api/voice/webhooks/leg-ended` | whoever was led there has hung up |
//! | `/api/voice/webhooks/hold-music.wav` | the built-in tune |
//! | `/api/voice/webhooks/recording` | the carrier has recorded a call between people |
//! | `/api/voice/webhooks/status` | how the call stands |
//! | `/api/voice/webhooks/twiml/voicemail` | a caller is to leave a message |
//! | `/api/voice/webhooks/voicemail` | a message was recorded, or was not |
//! | `/api/voice/webhooks/transcription` | what was said in a message |
//! | `/api/voice/webhooks/greetings/…` | the sound before the beep; the address is signed by us |
//! | `/api/voice/webhooks/sms`, `/sms-status` | a text message comes, and where one of ours stands |
//! | `/api/voice/webhooks/fallback` | the carrier could not use our answer |
//! | `/media-stream` | the WebSocket that carries the voices |

mod agent;
mod ahead;
mod at;
mod budget;
mod callers;
mod closed;
mod conference;
mod consent;
mod fallback;
mod gate;
mod greeting_sound;
mod hold_music;
mod house;
mod inbound;
mod ivr;
mod last_answer;
mod log;
mod memory;
mod outbound;
mod patience;
mod picked_up;
mod queue;
mod queue_member;
mod recording;
mod ring;
mod router;
mod signed;
mod sms;
mod speech;
mod spoken;
mod status;
mod stops;
mod strangers;
mod stream;
mod stream_ended;
mod switchboard;
mod voicemail;
mod voicemail_twiml;
mod warm;
mod xml;

pub use ahead::learn_ahead;
pub use callers::Callers;
pub use closed::closed;
pub use house::Webhooks;
pub use ivr::{Trails, simulator};
pub use memory::Memory;
pub use patience::Patience;
pub use router::router;
pub use strangers::Strangers;
pub use xml::apology;
