//! The database; SQL lives here and nowhere else.
//!
//! A file a table, and in it free functions whose first argument says where
//! they run: a [`Store`], or a [`Tx`] where several belong together. `find`
//! gives an `Option`, `list` gives a [`page::Page`] or the whole of something
//! that is short.
//!
//! **Invariant:** a tenant's row is reached with its `TenantId` in hand. Some
//! functions ask on behalf of a stranger who has none yet, and say so:
//! [`numbers::find_by_phone_number`] with [`numbers::answering`] and [`numbers::owner`],
//! [`routing_facts::look_up`], what [`calls`], [`call_routes`] and [`ivr_states`]
//! do by the carrier's SID, [`queues::find_for_member`], [`api_keys::verify`],
//! [`users::list_by_subject`], [`greetings::find_to_play`], and
//! [`sms_messages::apply`], [`outbound_calls::name`],
//! [`call_transfers::take`], [`warm_transfers::abandon`], [`call_owners::adopt`] and
//! [`forgotten_calls::owner`]; three sweep up after a crash: [`calls::list_open`],
//! [`call_owners::list_open`] and [`call_owners::explain`]; the
//! house's own work asks with [`jobs`], [`processes`],
//! [`usage::list_uncounted`], [`quotas::list_limited`], [`kept_secrets::seal_all`],
//! [`retention`] and [`call_recordings::list_stale`]; the platform's operator asks with
//! [`audit_log::list_by_platform`]; one tells that a number is
//! somebody's, and not whose: [`numbers::is_taken`].
//!
//! **Invariant:** one SQL text and one history of migrations run unchanged on
//! SQLite and PostgreSQL, through sqlx's `Any` driver. The dialect that both
//! understand: `$1` placeholders; TEXT, BIGINT, DOUBLE PRECISION; ids are
//! text, times are milliseconds, truth is 0 or 1 (`Any` refuses SQLite's
//! BOOLEAN); `RETURNING`, `ON CONFLICT`, row values and partial indices.
//! Three traps: a nullable DOUBLE PRECISION is never bound (`Any` gives its
//! NULL the wrong width), columns are named and never `*` (PostgreSQL refuses
//! a prepared `*` once a migration has added a column), and a transaction
//! begins with a write (SQLite cannot promote a reader that is out of date).
//!
//! **Invariant:** a secret that a tenant gives us for somebody else, such as the value of
//! a header, is a [`Credential`](crate::domain::Credential) and written down sealed, by
//! [`Seals::seal_given`] for its [`Place`]; it is opened where it is shown to whom it is for.
//!
//! A new table: a migration, a file here with its row type (private, turned
//! into a domain type by `TryFrom`), its queries as constants, its functions,
//! and its cases in the tests, which run on both databases.

mod by_id;
mod call_change;
mod call_recording_row;
mod call_row;
mod call_words;
mod database;
mod error;
mod greeting_row;
mod key_text;
mod migrate;
mod receptionist_row;
pub mod recorded_turns;
mod recording_cost;
mod row;
mod seals;
mod seed;
mod silence;
mod transcription_cost;

pub mod api_keys;
pub mod audit_log;
pub mod call_announcements;
pub mod call_backs;
pub mod call_consents;
pub mod call_events;
pub mod call_legs;
pub mod call_owners;
pub mod call_recordings;
pub mod call_remarks;
pub mod call_routes;
pub mod call_search;
pub mod call_stats;
pub mod call_transfers;
pub mod call_usage;
pub mod caller_lists;
pub mod calls;
pub mod carrier_recordings;
pub mod contacts;
pub mod dials;
pub mod forgotten_calls;
pub mod greetings;
pub mod hours;
pub mod idempotency_keys;
pub mod ivr_counters;
pub mod ivr_flow_versions;
pub mod ivr_flows;
pub mod ivr_states;
pub mod jobs;
pub mod kept_secrets;
pub mod lost_calls;
pub mod number_plans;
pub mod number_purchases;
pub mod numbers;
pub mod outbound_calls;
pub mod page;
pub mod processes;
pub mod queue_waits;
pub mod queues;
pub mod quotas;
pub mod receptionist_versions;
pub mod receptionists;
pub mod retention;
pub mod routing_facts;
pub mod settings;
pub mod sms_messages;
pub mod sms_opt_outs;
pub mod taken_messages;
pub mod tenants;
pub mod text;
pub mod turns;
pub mod usage;
pub mod users;
pub mod utterances;
pub mod voicemail_messages;
pub mod warm_legs;
pub mod warm_transfers;

pub use call_words::Search;
pub use database::{Db, Store, Tx};
pub use error::Error;
pub use key_text::KeyText;
pub use seals::{MasterKey, Place, SealError, Seals};
pub use seed::default_receptionist;
pub use silence::{LONGEST_SILENCE, in_time, within};
