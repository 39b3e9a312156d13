//! The store, the same cases on SQLite and PostgreSQL.

mod api_keys;
mod calls;
mod databases;
mod dials;
mod isolation;
mod ivr;
mod pages;
mod receptionists;
mod requests;
mod routing;
mod seals;
mod statuses;
mod tenants;
mod transcripts;
mod values;
mod voicemail;
mod warm_transfers;
