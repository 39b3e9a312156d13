//! Plans, hours and routes as text: JSON as the database keeps it and the admin interface shows it.
//!
//! One form for both, so that what is written is what is read. Values are read
//! by the parsers of their types; what does not fit is refused with its place.

mod dialling;
mod hours;
mod plan;
mod ring;
mod route;
mod rule;
mod value;

pub use dialling::{DearKindText, DialPolicyText};
pub use hours::{ExceptionText, HoursText, WeekText};
pub use plan::{
    AiText, ForwardText, MessageText, PlanText, QueueText, TargetText, UsersText, VoiceText,
    VoicemailText,
};
pub use ring::{CallerIdText, RingText, StrategyText};
pub use route::{AiStopText, QueueStopText, RingStopText, StepText, StopText};
pub use rule::{ActionText, ConditionText, HoursRef, ListRef, RefusalText, RuleText, TimesText};
pub use value::{E164, Few, Line, Number, Text, Word};
