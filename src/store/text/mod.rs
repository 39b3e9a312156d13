//! Plans, hours and routes as text: JSON as the database keeps it and the admin interface shows it.
//!
//! One form for both, so that what is written is what is read. Values are read
//! by the parsers of their types; what does not fit is refused with its place.

mod credential;
mod destination;
mod dialling;
mod hours;
mod ivr;
mod ivr_answer;
mod ivr_branch;
mod ivr_kind;
mod ivr_prompt;
mod ivr_state;
mod ivr_value;
mod plan;
mod ring;
mod route;
mod rule;
mod toolkit;
mod value;

pub use credential::CredentialText;
pub use destination::{
    DestinationText, NumberRef, PlaceText, QueueRef, TeamRef, TextRecipientText, TransferModeText,
    UserRef,
};
pub use dialling::{DearKindText, DialPolicyText};
pub use hours::{ExceptionText, HoursText, WeekText};
pub use ivr::{EdgeText, FlowText, NodeText, PositionText};
pub use ivr_answer::{kept_of, kept_of_json};
pub use ivr_branch::{
    BranchText, CaseText, ComparisonText, FieldText, HeaderText, HttpText, LanguageTest,
    MethodText, NumberTest, PairText, Pointer, TestText, VariableTest,
};
pub use ivr_kind::{
    GatherText, KindText, MenuText, OpeningText, SetText, SmsText, SpokenText, SynonymsText,
};
pub use ivr_prompt::{PromptText, SoundText, WordsText};
pub use ivr_state::StateText;
pub use ivr_value::{CaseName, HttpsUrl, KeyText, Short, VariableName};
pub use plan::{
    AiText, ForwardText, IvrText, MessageText, PlanText, QueueText, TargetText, UsersText,
    VoiceText, VoicemailText,
};
pub use ring::{CallerIdText, RingText, StrategyText};
pub use route::{
    AiStopText, CallerFactsText, IvrStopText, QueueStopText, RingStopText, StepText, StopText,
};
pub use rule::{ActionText, ConditionText, HoursRef, ListRef, RefusalText, RuleText, TimesText};
pub use toolkit::{
    HttpToolText, McpServerText, Parameters, PersonText, ToolHeaderText, ToolWord, ToolkitText,
};
pub use value::{E164, Few, Line, Number, Text, Word};
