//! Something said: the words, and the sound of them.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::codec::{SAMPLES_PER_MS, encode_mulaw};
use super::speech::Clip;

/// A sentence with its sound, 8 kHz mu-law.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Spoken {
    /// The words.
    pub text: String,
    /// The sound, one byte a sample.
    pub mulaw: Bytes,
}

impl Spoken {
    /// `text` spoken as `mulaw`.
    pub fn new(text: impl Into<String>, mulaw: impl Into<Bytes>) -> Self {
        Self {
            text: text.into(),
            mulaw: mulaw.into(),
        }
    }

    /// `text` spoken in babble: noise with the loudness and rhythm of speech.
    ///
    /// The same length gives the same sound, so that tests repeat.
    pub fn babble(text: impl Into<String>, lasting: Duration) -> Self {
        let samples = usize::try_from(lasting.as_millis()).unwrap_or(usize::MAX);
        let mut noise = 0x2545_F491_u32;
        let mulaw: Vec<u8> = (0..samples.saturating_mul(SAMPLES_PER_MS))
            .map(|n| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                encode_mulaw(babble_sample(n, noise))
            })
            .collect();
        Self::new(text, mulaw)
    }

    /// How long it takes to say.
    pub fn duration(&self) -> Duration {
        let ms = self.mulaw.len() / SAMPLES_PER_MS;
        Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
    }
}

impl From<&Clip> for Spoken {
    fn from(clip: &Clip) -> Self {
        Self::new(clip.text, clip.mulaw)
    }
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({:?})", self.text, self.duration())
    }
}

/// A buzz of 125 Hz with breath on it, four syllables a second.
fn babble_sample(n: usize, noise: u32) -> i16 {
    const PITCH: usize = 64;
    const SYLLABLE: usize = 2000;
    let within = n % SYLLABLE;
    let opening = within.min(SYLLABLE - within) * 10 / SYLLABLE;
    let loudness = 1500 + 900 * i32::try_from(opening).unwrap_or_default();
    let buzz = i32::try_from(n % PITCH).unwrap_or_default() - 32;
    let breath = i32::try_from(noise >> 27).unwrap_or_default() - 16;
    i16::try_from(loudness * (buzz + breath) / 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::codec::{decode_mulaw, level_db};

    #[test]
    fn babble_is_as_loud_as_speech_throughout() {
        let spoken = Spoken::babble("hello", Duration::from_millis(500));
        assert_eq!(spoken.duration(), Duration::from_millis(500));
        for frame in spoken.mulaw.chunks(160) {
            let samples: Vec<i16> = frame.iter().map(|&byte| decode_mulaw(byte)).collect();
            assert!((-32.0..-10.0).contains(&level_db(&samples)));
        }
    }
}
