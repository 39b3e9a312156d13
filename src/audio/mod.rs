//! Sound: samples in, samples out.
//!
//! A telephone speaks G.711 at 8 kHz, a realtime model linear PCM at 24 kHz.
//! [`Uplink`] and [`Downlink`] carry a call's sound between the two; each
//! keeps the history of its filter, so a call has one of either for as long
//! as it lasts, and a pause or a new item is no reason for a fresh one.
//!
//! **Invariant:** what comes out depends on what went in and not on how it
//! was cut: any split of the same sound gives the same samples.

mod chime;
mod companding;
mod downsample;
mod filter;
mod frame;
pub mod g711;
mod level;
pub mod mp3;
#[cfg(feature = "opus")]
mod opus;
mod pairs;
mod transcode;
mod turns;
mod upsample;
pub mod wav;
mod window;

pub use chime::chime;
pub use downsample::Downsampler;
pub use frame::{Frame, SILENCE, frames};
pub use level::{FLOOR_DBFS, SILENCE_DBFS, is_silence, level_dbfs};
#[cfg(feature = "opus")]
pub use opus::OpusWriter;
pub use transcode::{Downlink, Uplink};
pub use turns::{Loudness, Turn};
pub use upsample::Upsampler;
