//! The words of the OpenAI Realtime protocol (GA), and the line they travel on.
//!
//! [`client_event`] writes what the gateway says, [`server_event`] reads what
//! the model answers, [`SessionConfig`] turns a receptionist into a session,
//! [`connection`] dials. Words end here: what is above speaks in `domain`
//! types and in the plain structs of this room.
//!
//! **Invariant:** nothing that a server sends can make this room panic, and
//! nothing it says is printed: words spoken are `Pii`, errors tell places
//! instead of contents.
//!
//! Beside OpenAI's own servers this room understands Azure's and the ones that
//! speak most of the protocol: both spellings of the audio events, fields that
//! are null or absent, and a patch over the session for what they call
//! differently. The protocol:
//! <https://developers.openai.com/api/docs/guides/realtime>.

pub mod client_event;
pub mod connection;
pub mod server_event;

mod audio_config;
mod endpoint;
mod glance;
mod item;
mod item_event;
mod lenient;
mod merge_patch;
mod new_item;
mod output_event;
mod payload;
mod response;
mod response_options;
mod server_error;
mod session_config;
mod session_info;
mod tool;
mod transcription;
mod trust;
mod turn_detection;
mod turn_event;
mod usage;

pub use audio_config::{
    AudioConfig, AudioInput, AudioOutput, DEFAULT_TRANSCRIPTION_MODEL, Format, NoiseReduction,
    NoiseReductionKind, Transcription, Voice,
};
pub use client_event::ClientEvent;
pub use endpoint::{Auth, Endpoint};
pub use item::{ContentPart, Item, ItemBody, ItemStatus, Role};
pub use item_event::{ItemDeleted, ItemPlaced, ItemTruncated};
pub use merge_patch::merge_patch;
pub use new_item::{
    AssistantContent, NewItem, NewItemBody, NewMessage, SystemContent, UserContent,
};
pub use output_event::{
    FunctionCallArgumentsDone, McpCallArgumentsDone, McpCallNews, OutputAudioDelta, OutputItem,
    OutputPart, OutputText,
};
pub use payload::InvalidAudio;
pub use response::{Response, ResponseReason, ResponseStatus, StatusDetails};
pub use response_options::{
    Conversation, ItemReference, ResponseAudio, ResponseInput, ResponseOptions, ResponseVoice,
};
pub use server_error::ServerError;
pub use server_event::ServerEvent;
pub use session_config::{
    Effort, MaxOutputTokens, Modality, Reasoning, SessionConfig, SessionOptions, Truncation,
};
pub use session_info::SessionInfo;
pub use tool::{Function, Mcp, Tool, ToolChoice};
pub use transcription::{
    InputTranscriptionCompleted, InputTranscriptionDelta, InputTranscriptionFailed,
    TranscriptionUsage,
};
pub use trust::Trust;
pub use turn_detection::{ServerVad, TurnDetection};
pub use turn_event::{
    InputBufferCommitted, RateLimit, SpeechStarted, SpeechStopped, TimeoutTriggered,
};
pub use usage::{CachedTokenDetails, InputTokenDetails, OutputTokenDetails, Usage};
