//! The nouns of the house: plain values, no behaviour that needs a world.
//!
//! Everything above speaks in these types. Each is parsed once, at the door,
//! and carries the proof of that in its type. Nothing here is serializable: a
//! serializable type is a promise to a stranger, and strangers are met in
//! `twilio`, `realtime` and `api`.

mod access;
mod bill;
mod call_log;
mod caller_list;
mod contact;
mod day;
mod dialling;
mod error;
mod greeting;
mod hours;
mod ids;
mod job;
mod latency;
mod media_url;
mod money;
mod outcome;
mod phone;
mod queue;
mod quota;
mod receptionist;
mod recording;
mod sealed;
mod secret;
mod settings;
mod side;
mod sms;
mod taken_message;
mod tenant;
mod time;
mod tool;
mod toolkit;
mod transcript;
mod usage;
mod user;
mod voicemail;

pub use access::{Permission, Reach, Role, Scope};
pub use bill::{Bill, Cost, CostPart, Totals, carrier_estimate, recording_price};
pub use call_log::{CallContact, CallLog, CallStatus, Direction, EndReason, Remarks, Wishes};
pub use caller_list::{CallerList, ListKind};
pub use contact::{Contact, Tag};
pub use day::Day;
pub use dialling::{
    Country, Dial, DialPolicy, DialRefusal, DialsUsed, Line, LineKind, Permit, Prefix, Purpose,
    Rate, Writing,
};
pub use error::ParseError;
pub use greeting::{
    Greeting, GreetingContent, GreetingKind, Occasion, OpenState, SoundFormat, choose,
};
pub use hours::{Closure, Date, Exception, Hours, HoursPlan, Opening, Span, Week, Weekday, Zone};
pub use ids::{
    ApiKeyId, AuditId, CallId, CallSid, CallerListId, ConferenceSid, ContactId, FlowId, GreetingId,
    HoursId, MessageId, NumberId, NumberSid, ProcessId, QueueId, ReceptionistId, RecordingId,
    SmsId, StreamSid, TakenMessageId, TenantId, UserId,
};
pub use job::JobKind;
pub use latency::TurnLatency;
pub use media_url::MediaUrl;
pub use money::{Currency, CurrencyCode, Money};
pub use outcome::{AnsweredBy, Outcome};
pub use phone::{Party, PhoneNumber};
pub use queue::Queue;
pub use quota::{Gauge, Measure, Period, Quota, QuotaLimits, Quotas, Standing, Strain};
pub use receptionist::{
    AudioFormat, Eagerness, Limits, Receptionist, SilencePolicy, TurnDetection,
};
pub use recording::{
    CallRecording, Consent, ConsentAnswer, ConsentPolicy, ConsentRule, Pause, RecordingFault,
    RecordingState, RecordingTitle,
};
pub use sealed::{Credential, Sealed};
pub use secret::{Pii, Secret};
pub use settings::{
    Effective, Entry, Level, Lock, SettingKey, SettingKind, SettingValue, Settings,
};
pub use side::Side;
pub use sms::{OptOut, OptOutSource, Sms, SmsMedia, SmsState, Wish};
pub use taken_message::{TakenKind, TakenMessage, Urgency};
pub use tenant::{Ability, Capabilities, Number, Tenant};
pub use time::{DAY_MS, Timestamp};
pub use tool::{Effect, PermittedTool, ToolName};
pub use toolkit::{
    Destination, HttpMethod, HttpTool, McpServer, PersonRule, Place, TextRecipient, ToolHeader,
    Toolkit, TransferMode,
};
pub use transcript::{RecordedTurn, RecordedVoice, Speaker, Utterance};
pub use usage::{ModelPrice, TranscriptionPrice, Usage};
pub use user::{Email, User};
pub use voicemail::{MessageSound, VoicemailMessage};
