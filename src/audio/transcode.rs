//! A call's sound between the carrier's format and the model's.

use super::g711;
use super::resample::{Downsampler, Upsampler};

/// Caller to model: mu-law at 8 kHz in, little-endian PCM16 at 24 kHz out.
#[derive(Clone, Debug, Default)]
pub struct Uplink {
    upsampler: Upsampler,
}

impl Uplink {
    /// One that has heard nothing but silence.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `pcm` six bytes for each one of `mulaw`.
    ///
    /// It allocates only when `pcm` has no room for them.
    pub fn process(&mut self, mulaw: &[u8], pcm: &mut Vec<u8>) {
        let start = pcm.len();
        pcm.resize(start + 6 * mulaw.len(), 0);
        let (output, _) = pcm[start..].as_chunks_mut::<6>();
        self.upsampler
            .convert(mulaw, g711::decode_mulaw, output, |three| {
                let [first, second, third] = three.map(i16::to_le_bytes);
                [first[0], first[1], second[0], second[1], third[0], third[1]]
            });
    }
}

/// Model to caller: little-endian PCM16 at 24 kHz in, mu-law at 8 kHz out.
///
/// The input may be cut anywhere, within a sample too: what makes no whole
/// output yet is kept for the next call.
#[derive(Clone, Debug, Default)]
pub struct Downlink {
    downsampler: Downsampler,
    /// The first half of a sample.
    odd: Option<u8>,
}

impl Downlink {
    /// One that has heard nothing but silence.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `mulaw` one byte for each six of `pcm`.
    ///
    /// It allocates only when `mulaw` has no room for them.
    pub fn process(&mut self, mut pcm: &[u8], mulaw: &mut Vec<u8>) {
        if let Some(low) = self.odd
            && let Some((&high, rest)) = pcm.split_first()
        {
            self.odd = None;
            self.convert(&[[low, high]], mulaw);
            pcm = rest;
        }
        let (samples, odd) = pcm.as_chunks();
        self.convert(samples, mulaw);
        if let [low] = *odd {
            self.odd = Some(low);
        }
    }

    fn convert(&mut self, samples: &[[u8; 2]], mulaw: &mut Vec<u8>) {
        self.downsampler
            .convert(samples, i16::from_le_bytes, mulaw, g711::encode_mulaw);
    }
}
