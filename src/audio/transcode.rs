//! A call's sound between the carrier's format and the model's.
//!
//! Which instructions there are is asked while running, once for each link, and
//! what comes out is the same bit for bit with any of them. Measured with
//! callgrind as `benches/quality/main.rs` tells, a frame of 20 ms takes 2,481
//! instructions up and 2,888 down where there is AVX2, and 4,478 and 4,407 on
//! any x86-64.

use fearless_simd::Level;

use super::{Downsampler, Upsampler, companding};

/// Caller to model: mu-law at 8 kHz in, little-endian PCM16 at 24 kHz out.
#[derive(Clone, Debug)]
pub struct Uplink {
    level: Level,
    upsampler: Upsampler,
}

impl Uplink {
    /// One that has heard nothing but silence.
    pub fn new() -> Self {
        Self::with(Level::new())
    }

    /// One that uses no instructions but those of `level`.
    pub fn with(level: Level) -> Self {
        Self {
            level,
            upsampler: Upsampler::with(level),
        }
    }

    /// Appends to `pcm` six bytes for each one of `mulaw`.
    ///
    /// It allocates only when `pcm` has no room for them and for two bytes more.
    pub fn process(&mut self, mulaw: &[u8], pcm: &mut Vec<u8>) {
        let level = self.level;
        self.upsampler.convert(
            mulaw,
            |mulaw, halves| companding::decode_halves(level, mulaw, halves),
            pcm,
        );
    }
}

impl Default for Uplink {
    fn default() -> Self {
        Self::new()
    }
}

/// Model to caller: little-endian PCM16 at 24 kHz in, mu-law at 8 kHz out.
///
/// The input may be cut anywhere, within a sample too: what makes no whole
/// output yet is kept for the next call.
#[derive(Clone, Debug)]
pub struct Downlink {
    level: Level,
    downsampler: Downsampler,
}

impl Downlink {
    /// One that has heard nothing but silence.
    pub fn new() -> Self {
        Self::with(Level::new())
    }

    /// One that uses no instructions but those of `level`.
    pub fn with(level: Level) -> Self {
        Self {
            level,
            downsampler: Downsampler::with(level),
        }
    }

    /// Appends to `mulaw` one byte for each six of `pcm`.
    ///
    /// It allocates only when `mulaw` has no room for them.
    pub fn process(&mut self, pcm: &[u8], mulaw: &mut Vec<u8>) {
        self.downsampler.convert(pcm, |samples| {
            let start = mulaw.len();
            mulaw.resize(start + samples.len(), 0);
            companding::encode(self.level, samples, &mut mulaw[start..]);
        });
    }
}

impl Default for Downlink {
    fn default() -> Self {
        Self::new()
    }
}
