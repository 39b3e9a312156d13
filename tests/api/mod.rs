//! The admin interface, over HTTP.

mod access;
mod contacts;
mod desk;
mod documentation;
mod log;
mod members;
mod receptionists;
mod settings;
mod tokens;
mod voicemail;
