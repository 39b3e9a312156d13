//! The input buffer: sound as it came, how much is uncommitted, who is talking.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::refusal::Refusal;
use super::vad::{Vad, VadEvent, VadTuning};
use crate::rehearsal::codec::{Decoder, SAMPLES_PER_MS, WireFormat};

/// The input audio buffer with its detector.
#[derive(Debug, Default)]
pub(super) struct Ear {
    format: WireFormat,
    decoder: Decoder,
    vad: Option<Vad>,
    tuning: Option<VadTuning>,
    heard_samples: usize,
    committed_samples: usize,
    /// The speech being heard: the item that it will become, and where it began.
    pub(super) speech: Option<(String, u64)>,
}

impl Ear {
    /// Takes over what the session says; a detector that stays as it was keeps its memory.
    pub(super) fn configure(&mut self, format: WireFormat, tuning: Option<VadTuning>) {
        if format != self.format {
            self.format = format;
            self.decoder = Decoder::new(format);
        }
        if tuning != self.tuning {
            self.tuning = tuning;
            self.vad = tuning.map(|tuning| Vad::new(tuning, self.heard_ms()));
            self.speech = None;
        }
    }

    pub(super) const fn format(&self) -> WireFormat {
        self.format
    }

    /// The bytes of one append, or why they are none.
    pub(super) fn unwrap_audio(&self, audio: &str) -> Result<Vec<u8>, Refusal> {
        let expected = match self.format {
            WireFormat::Pcm24 => "mono PCM16 at 24kHz",
            WireFormat::Pcmu => "mono G.711 u-law at 8kHz",
            WireFormat::Pcma => "mono G.711 a-law at 8kHz",
        };
        let refuse = |got: &str| {
            let message = format!(
                "Invalid 'audio'. Expected base64-encoded audio bytes ({expected}) but got {got}."
            );
            Refusal::invalid_value("audio", message)
        };
        if audio.len() > MAX_APPEND {
            return Err(refuse("more than 15 MiB"));
        }
        let bytes = STANDARD
            .decode(audio)
            .map_err(|_| refuse("an invalid value"))?;
        match (self.format, bytes.len()) {
            (_, 0) => Err(refuse("empty bytes")),
            (WireFormat::Pcm24, len) if len % 2 == 1 => Err(refuse("an odd number of bytes")),
            _ => Ok(bytes),
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) -> Vec<VadEvent> {
        let samples = self.decoder.decode(bytes);
        self.heard_samples += samples.len();
        self.vad
            .as_mut()
            .map_or_else(Vec::new, |vad| vad.hear(&samples))
    }

    /// All sound of the session so far, in milliseconds.
    pub(super) fn heard_ms(&self) -> u64 {
        to_ms(self.heard_samples)
    }

    /// Sound that is in no item yet, in milliseconds.
    pub(super) fn uncommitted_ms(&self) -> u64 {
        to_ms(self.heard_samples - self.committed_samples)
    }

    /// Empties the buffer, into an item or into nothing.
    pub(super) const fn empty(&mut self) {
        self.committed_samples = self.heard_samples;
    }
}

fn to_ms(samples: usize) -> u64 {
    u64::try_from(samples / SAMPLES_PER_MS).unwrap_or(u64::MAX)
}

const MAX_APPEND: usize = 15 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_is_bounded_whole_and_of_its_format() {
        let mut ear = Ear::default();
        let refused = |ear: &Ear, audio: &str| ear.unwrap_audio(audio).unwrap_err().message;
        assert!(refused(&ear, &"A".repeat(MAX_APPEND + 4)).ends_with("got more than 15 MiB."));
        assert!(refused(&ear, "AAA").contains("mono PCM16 at 24kHz"));
        assert!(refused(&ear, "AA==").ends_with("got an odd number of bytes."));
        ear.configure(WireFormat::Pcmu, None);
        assert_eq!(ear.unwrap_audio("AA==").unwrap(), [0]);
    }
}
