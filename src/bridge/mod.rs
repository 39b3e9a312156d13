//! One task a call: two legs, one Session, one timer.
//!
//! A call's task is born at the carrier's webhook, dials the agent at once and
//! waits for the carrier's stream, which is [attached](Bridge::attach) once
//! it has shown its one-time token. From then on one loop owns both sockets;
//! when it ends, for whatever reason, both are closed and nothing is left.
//!
//! - [`registry`] knows the live calls: admission and look-up; [`drain`] lets them end.
//!   One call's panic ends one call, and gives its [`place`] back.
//! - [`run`] is the loop; [`wire`] a WebSocket in the form that it wants, on an [`outbox`].
//! - [`carrier_leg`] and [`agent_leg`] translate between what is said on the
//!   wire and the machine's events and actions; [`realtime_leg`] and
//!   [`realtime_ear`] speak the Realtime protocol, [`dial`] reaches for it;
//!   [`realtime_start`] is how an agent begins, [`realtime_acts`] what it does by itself.
//! - [`errands`] has the agent's [`tools`] used beside the call.
//! - [`feed`] tells whoever watches what happens.
//! - [`briefing`] tells the receptionist whom they speak with.
//! - [`past`] is what a caller who comes back has said before.
//! - [`mod@line`] holds the call's agents: the one that speaks, and the one that takes
//!   over; [`breaker`] knows for all calls whether an endpoint is worth dialling.
//! - [`phrases`] are sentences for callers whom nobody answers at the moment.
//! - [`recorder`] listens to both legs, where the caller has consented; [`discretion`]
//!   knows what is not to be kept of their words either.
//! - [`keeper`] hands what is worth keeping to the store, and never makes audio wait
//!   for it: the one [`writer`] writes its [`note`]s down, or, while the database is
//!   away, [as text](note_form) into the journal; [`told`] is what the carrier tells,
//!   and [`early`] what it tells of a call that the database does not know yet.
//! - [`standing`] and [`reaction`] measure how calls stand, and how fast they are;
//!   [`trace`] tells of a call, and of its [turns](turn_spans), in [spans](mod@span).

mod admission;
mod agent_leg;
mod allowance;
mod arrival;
mod attempt;
mod breaker;
mod briefing;
mod carrier_leg;
mod cues;
mod dial;
mod discretion;
mod drain;
mod early;
mod equipment;
mod errands;
mod feed;
mod hand;
mod handover;
mod keeper;
mod line;
mod live;
mod logbook;
mod note;
mod note_entry;
mod note_form;
mod note_values;
mod note_writing;
mod origin;
mod outbox;
mod past;
mod phrases;
mod place;
mod quiet;
mod reaction;
mod realtime_acts;
mod realtime_ear;
mod realtime_keys;
mod realtime_leg;
mod realtime_recall;
mod realtime_start;
mod recorder;
mod recording_news;
mod registry;
mod run;
mod span;
mod standing;
mod stands;
mod token;
mod told;
mod told_form;
mod tools;
mod trace;
mod turn_spans;
mod wire;
mod writer;

pub use admission::{Admission, Counts, Refusal};
pub use agent_leg::{AgentLeg, DialError, Dialer};
pub use dial::RealtimeDialer;
pub use equipment::Equipment;
pub use feed::{EventId, Resumed};
pub use keeper::{Keeper, Keeping};
pub use live::{Happening, LiveEvent};
pub use outbox::Outbox;
pub use past::Past;
pub use phrases::Phrasebook;
pub use quiet::Quiet;
pub use recorder::RecordOrder;
pub use registry::Bridge;
pub use span::{Span, SpanKind, SpanSink, SpanValue};
pub use stands::{CallStands, Placing};
pub use token::StreamToken;
pub use told::{CallRecorded, MessageNews, NotTaken, TextCame, TextStands, Told};
pub use tools::{Toolbox, check_parameters};
