//! Mu-law at 8 kHz to linear PCM at 24 kHz and back, as the sound comes.

use super::g711::{decode_mulaw, encode_mulaw};
use super::resample::{Downsampler, Upsampler};

/// From the caller to the agent.
#[derive(Clone, Debug, Default)]
pub struct Uplink {
    resampler: Upsampler,
}

impl Uplink {
    /// Appends to `pcm` six bytes for each byte of `mulaw`: 24 kHz, signed
    /// 16-bit, little-endian. It comes 2 ms late.
    pub fn process(&mut self, mulaw: &[u8], pcm: &mut Vec<u8>) {
        pcm.reserve(mulaw.len() * 6);
        let samples = mulaw.iter().map(|code| decode_mulaw(*code));
        self.resampler.process(samples, |sample| {
            pcm.extend_from_slice(&sample.to_le_bytes());
        });
    }
}

/// From the agent to the caller.
#[derive(Clone, Debug, Default)]
pub struct Downlink {
    resampler: Downsampler,
    /// The first half of a sample whose second half has not come.
    half: Option<u8>,
}

impl Downlink {
    /// Appends to `mulaw` a byte for every six of `pcm`: 24 kHz, signed
    /// 16-bit, little-endian, cut anywhere. It comes 2 ms late.
    pub fn process(&mut self, pcm: &[u8], mulaw: &mut Vec<u8>) {
        mulaw.reserve(pcm.len() / 6 + 1);
        let mut emit = |sample| mulaw.push(encode_mulaw(sample));
        let mut rest = pcm;
        if let (Some(low), Some((high, after))) = (self.half, pcm.split_first()) {
            let sample = i16::from_le_bytes([low, *high]);
            self.resampler.process(std::iter::once(sample), &mut emit);
            self.half = None;
            rest = after;
        }
        let (pairs, odd) = rest.as_chunks::<2>();
        self.resampler.process(
            pairs.iter().map(|pair| i16::from_le_bytes(*pair)),
            &mut emit,
        );
        if let [low] = odd {
            self.half = Some(*low);
        }
    }
}
