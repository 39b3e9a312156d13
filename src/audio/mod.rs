//! Sound: samples in, samples out; no clock, no socket, no allocation per frame.
//!
//! The carrier speaks mu-law at 8 kHz ([`g711`]), agents linear PCM at 24 kHz.
//! [`Uplink`] and [`Downlink`] translate as the sound comes, by the polyphase
//! filters of [`resample`]. Whatever the sizes of the pieces, the output is
//! the same to the bit.

pub mod g711;
pub mod resample;
pub mod wav;

mod filter;
mod frame;
mod transcode;

pub use frame::Frame;
pub use transcode::{Downlink, Uplink};
