//! The admin interface, over HTTP.

mod access;
mod calls;
mod desk;
mod documentation;
mod live;
mod log;
mod members;
mod numbers;
mod once;
mod tokens;
