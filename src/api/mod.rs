//! What admins and machines call.
//!
//! A file a resource. A handler is about a page long: it asks the store, and
//! says what it found in a struct of its own, because what a stranger reads is
//! a promise. [`router()`] has every route and what it asks for.
//! [`Operator`] says whose rows a request may see, [`ApiError`] what a refusal looks like.

mod audit;
mod bounded;
mod caller_lists;
mod calls;
mod carrier;
mod contact_body;
mod contact_import;
mod contacts;
mod extract;
mod gate;
mod greeting_body;
mod greetings;
mod health;
mod hours;
mod ivr_body;
mod ivr_flows;
mod ivr_simulation;
mod ivr_versions;
mod keyring;
mod keys;
mod list;
mod me;
mod messages;
mod metrics;
mod numbers;
mod once;
mod openapi;
mod operator;
mod outbound;
mod patch;
mod problem;
mod problems;
mod queues;
mod quotas;
mod receptionist_body;
mod receptionist_versions;
mod receptionists;
mod recordings;
mod request_id;
mod router;
mod routing;
mod schemas;
mod setting_body;
mod settings;
mod sms;
mod sound;
mod state;
mod tenants;
mod token;
mod toolkit;
mod usage;
mod users;
mod voicemail;
mod voicemail_audio;

pub use carrier::CarrierProblem;
pub use extract::{Json, Path, Query};
pub use keyring::Keyring;
pub use operator::{Actor, Operator, Rights};
pub use problem::{ApiError, Fault};
pub use request_id::{RequestId, name_request};
pub use router::{document, router};
pub use state::{ApiState, Rendering, Simulator};
pub use token::TokenRules;
