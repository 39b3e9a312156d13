//! The admin interface, over HTTP.

mod access;
mod at_once;
mod calls;
mod contacts;
mod desk;
mod documentation;
mod held;
mod ivr;
mod listening;
mod live;
mod log;
mod members;
mod messages;
mod neighbours;
mod numbers;
mod once;
mod outbound;
mod previews;
mod receptionists;
mod routing;
mod settings;
mod sms;
mod tokens;
mod transfer;
mod usage;
mod voicemail;
