//! Finds speech by its loudness, as a stand-in for the service's detector.

use crate::rehearsal::codec::{SAMPLES_PER_MS, level_db};

/// When speech is taken to begin and to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VadTuning {
    /// 0 to 1: how sure to be that it is speech.
    pub(super) threshold: f64,
    pub(super) prefix_padding_ms: u64,
    pub(super) silence_duration_ms: u64,
}

/// What was found, in milliseconds from the first sound of the session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum VadEvent {
    Started { audio_start_ms: u64 },
    Stopped { audio_end_ms: u64 },
}

/// The detector: samples in, events out.
#[derive(Debug)]
pub(super) struct Vad {
    tuning: VadTuning,
    frame: Vec<i16>,
    heard_ms: u64,
    voiced_ms: u64,
    silent_ms: u64,
    is_talking: bool,
}

impl Vad {
    /// A detector that has already let `heard_ms` of sound pass.
    pub(super) fn new(tuning: VadTuning, heard_ms: u64) -> Self {
        Self {
            tuning,
            frame: Vec::with_capacity(FRAME_SAMPLES),
            heard_ms,
            voiced_ms: 0,
            silent_ms: 0,
            is_talking: false,
        }
    }

    pub(super) fn hear(&mut self, samples: &[i16]) -> Vec<VadEvent> {
        let mut events = Vec::new();
        for &sample in samples {
            self.frame.push(sample);
            if self.frame.len() == FRAME_SAMPLES {
                events.extend(self.judge_frame());
                self.frame.clear();
            }
        }
        events
    }

    fn judge_frame(&mut self) -> Option<VadEvent> {
        self.heard_ms += FRAME_MS;
        if likelihood(level_db(&self.frame)) >= self.tuning.threshold {
            self.voiced_ms += FRAME_MS;
            self.silent_ms = 0;
        } else {
            self.voiced_ms = 0;
            self.silent_ms += FRAME_MS;
        }
        if !self.is_talking && self.voiced_ms >= ONSET_MS {
            self.is_talking = true;
            let before = ONSET_MS + self.tuning.prefix_padding_ms;
            return Some(VadEvent::Started {
                audio_start_ms: self.heard_ms.saturating_sub(before),
            });
        }
        if self.is_talking && self.silent_ms >= self.tuning.silence_duration_ms.max(FRAME_MS) {
            self.is_talking = false;
            return Some(VadEvent::Stopped {
                audio_end_ms: self.heard_ms,
            });
        }
        None
    }
}

/// Nothing below -55 dB is speech, everything above -25 dB is.
fn likelihood(level_db: f64) -> f64 {
    ((level_db + 55.0) / 30.0).clamp(0.0, 1.0)
}

const FRAME_MS: u64 = 20;
const FRAME_SAMPLES: usize = 20 * SAMPLES_PER_MS;
/// Shorter sounds are clicks.
const ONSET_MS: u64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    const TUNING: VadTuning = VadTuning {
        threshold: 0.5,
        prefix_padding_ms: 100,
        silence_duration_ms: 200,
    };

    #[test]
    fn speech_starts_with_its_prefix_and_stops_after_the_silence() {
        let mut vad = Vad::new(TUNING, 0);
        assert_eq!(vad.hear(&[0; 8 * 400]), []);
        let started = VadEvent::Started {
            audio_start_ms: 300,
        };
        assert_eq!(vad.hear(&[4000; 8 * 500]), [started]);
        assert_eq!(vad.hear(&[0; 8 * 190]), []);
        assert_eq!(
            vad.hear(&[0; 8 * 10]),
            [VadEvent::Stopped { audio_end_ms: 1100 }]
        );
    }

    #[test]
    fn a_click_and_a_hum_are_no_speech() {
        let mut vad = Vad::new(TUNING, 0);
        assert_eq!(vad.hear(&[9000; 8 * 40]), []);
        assert_eq!(vad.hear(&[30; 8 * 800]), []);
    }
}
