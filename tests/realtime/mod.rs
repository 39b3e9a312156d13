//! The Realtime protocol, there and back.

mod dialling;
mod reading;
mod writing;
