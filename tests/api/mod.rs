//! The admin interface, over HTTP.

mod access;
mod desk;
mod documentation;
mod log;
mod members;
mod numbers;
mod once;
mod tokens;
