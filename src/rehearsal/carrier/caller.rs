//! The caller: works through a script, a frame at a time.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::event::CarrierEventKind;
use super::options::{Fault, Script, Step};
use crate::rehearsal::codec::{SILENCE, decode_mulaw, encode_mulaw, level_db};
use crate::rehearsal::spoken::Spoken;

/// The caller's state; it outlives a stream, as the call does.
#[derive(Debug)]
pub(super) struct Caller {
    steps: VecDeque<Step>,
    speaking: Option<Bytes>,
    in_step: Duration,
    hearing: Hearing,
    hiss: Option<Hiss>,
}

/// What the caller does in one frame's time.
#[derive(Debug, Default)]
pub(super) struct Move {
    /// What is sent; none while packets are lost.
    pub(super) frame: Option<Vec<u8>>,
    pub(super) digits: Vec<char>,
    /// Messages that are sent as they are.
    pub(super) texts: Vec<String>,
    pub(super) ending: Option<Leaving>,
    /// What there is to tell; times are how long ago it was.
    pub(super) events: Vec<(Duration, CarrierEventKind)>,
}

/// How the caller leaves the stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Leaving {
    HangUp,
    DropSocket,
    CloseSocket,
}

impl Caller {
    pub(super) fn new(script: &Script) -> Self {
        let hiss = script.faults.iter().find_map(|fault| {
            if let Fault::ComfortNoise(level_db) = fault {
                Some(Hiss::new(*level_db))
            } else {
                None
            }
        });
        Self {
            steps: script.steps.iter().cloned().collect(),
            speaking: None,
            in_step: Duration::ZERO,
            hearing: Hearing::default(),
            hiss,
        }
    }

    /// Hears one frame, and does what the script says meanwhile.
    pub(super) fn live(&mut self, heard: &[u8], frame: Duration) -> Move {
        let len = heard.len();
        let mut step = Move::default();
        step.events.extend(self.hearing.hear(heard, frame));
        self.in_step += frame;
        let mut is_lost = false;
        while self.speaking.is_none() && step.ending.is_none() {
            let Some(next) = self.steps.front() else {
                step.ending = Some(Leaving::HangUp);
                break;
            };
            is_lost = matches!(next, Step::StopFrames(lasting) if self.in_step <= *lasting);
            if !self.is_ready(next) {
                break;
            }
            self.in_step = frame;
            if let Some(next) = self.steps.pop_front() {
                self.act(next, &mut step);
            }
        }
        if !is_lost && step.ending.is_none() {
            step.frame = Some(self.sound(len, &mut step.events));
        }
        step
    }

    /// The script's present step, for the report of a caller who gave up.
    pub(super) fn present_step(&self) -> String {
        self.steps
            .front()
            .map_or_else(|| "the end".to_owned(), |step| format!("{step:?}"))
    }

    /// Keys pressed next, up to `max` or to `finish`, which is not among them.
    pub(super) fn press_keys(&mut self, max: usize, finish: Option<char>) -> String {
        let mut keys = String::new();
        while keys.len() < max {
            match self.steps.front() {
                Some(Step::Digit(key)) if Some(*key) == finish => {
                    self.steps.pop_front();
                    break;
                }
                Some(Step::Digit(key)) => keys.push(*key),
                Some(Step::Wait(_) | Step::WaitForSpeech | Step::WaitForQuiet(_)) => {}
                Some(_) | None => break,
            }
            self.steps.pop_front();
        }
        keys
    }

    /// How long the caller waits in a queue, if not for ever.
    pub(super) fn patience_in_queue(&mut self) -> Option<Duration> {
        while matches!(self.steps.front(), Some(Step::StayUntilEnd)) {
            self.steps.pop_front();
        }
        match self.steps.front() {
            Some(Step::HangUpInQueue(patience)) => Some(*patience),
            Some(_) | None => None,
        }
    }

    /// How long it takes until the caller presses a key.
    pub(super) fn thinks(&mut self) -> Duration {
        let mut lasting = Duration::ZERO;
        while let Some(Step::Wait(more)) = self.steps.front() {
            lasting += *more;
            self.steps.pop_front();
        }
        lasting
    }

    /// How long the caller speaks after the tone of a voicemail.
    pub(super) fn leave_message(&mut self) -> Duration {
        let mut lasting = Duration::ZERO;
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Speak(spoken) | Step::SpeakOver { spoken, .. } => {
                    lasting += spoken.duration();
                }
                Step::HangUp
                | Step::StayUntilEnd
                | Step::DropSocket
                | Step::CloseSocket
                | Step::HangUpInQueue(_) => break,
                Step::Wait(_)
                | Step::WaitForSpeech
                | Step::WaitForQuiet(_)
                | Step::Digit(_)
                | Step::Send(_)
                | Step::StopFrames(_) => {}
            }
        }
        lasting
    }

    fn is_ready(&self, step: &Step) -> bool {
        match step {
            Step::Wait(lasting) | Step::StopFrames(lasting) => self.in_step > *lasting,
            Step::WaitForSpeech => self.hearing.is_talking && self.hearing.quiet_for.is_zero(),
            Step::WaitForQuiet(lasting) => self.hearing.quiet_for >= *lasting,
            Step::SpeakOver { after, .. } => self
                .hearing
                .since_onset
                .is_some_and(|since| since >= *after),
            Step::Speak(_)
            | Step::Digit(_)
            | Step::Send(_)
            | Step::DropSocket
            | Step::CloseSocket
            | Step::HangUp => true,
            Step::StayUntilEnd | Step::HangUpInQueue(_) => false,
        }
    }

    fn act(&mut self, step: Step, done: &mut Move) {
        match step {
            Step::Speak(Spoken { text, mulaw })
            | Step::SpeakOver {
                spoken: Spoken { text, mulaw },
                ..
            } => {
                done.events
                    .push((Duration::ZERO, CarrierEventKind::CallerStarted(text)));
                self.speaking = Some(mulaw);
            }
            Step::Digit(key) => {
                done.events
                    .push((Duration::ZERO, CarrierEventKind::Digit(key)));
                done.digits.push(key);
            }
            Step::Send(text) => done.texts.push(text),
            Step::DropSocket => done.ending = Some(Leaving::DropSocket),
            Step::CloseSocket => done.ending = Some(Leaving::CloseSocket),
            Step::HangUp => done.ending = Some(Leaving::HangUp),
            Step::Wait(_)
            | Step::WaitForSpeech
            | Step::WaitForQuiet(_)
            | Step::StopFrames(_)
            | Step::HangUpInQueue(_)
            | Step::StayUntilEnd => {}
        }
    }

    fn sound(&mut self, len: usize, events: &mut Vec<(Duration, CarrierEventKind)>) -> Vec<u8> {
        let mut frame = match &mut self.speaking {
            Some(rest) => rest.split_to(rest.len().min(len)).to_vec(),
            None => Vec::new(),
        };
        if self.speaking.as_ref().is_some_and(Bytes::is_empty) {
            events.push((Duration::ZERO, CarrierEventKind::CallerStopped));
            self.speaking = None;
            self.in_step = Duration::ZERO;
        }
        while frame.len() < len {
            frame.push(self.hiss.as_mut().map_or(SILENCE, Hiss::next));
        }
        frame
    }
}

/// Whether the receptionist is being heard, and since when.
#[derive(Debug, Default)]
struct Hearing {
    /// Since her turn began; she may breathe in it.
    since_onset: Option<Duration>,
    quiet_for: Duration,
    is_talking: bool,
}

impl Hearing {
    fn hear(&mut self, frame: &[u8], lasting: Duration) -> Option<(Duration, CarrierEventKind)> {
        self.since_onset = self.since_onset.map(|since| since + lasting);
        if is_audible(frame) {
            self.quiet_for = Duration::ZERO;
            self.since_onset.get_or_insert(lasting);
            let has_begun = !std::mem::replace(&mut self.is_talking, true);
            return has_begun.then_some((Duration::ZERO, CarrierEventKind::ReceptionistStarted));
        }
        self.quiet_for += lasting;
        if self.quiet_for >= PAUSE {
            self.since_onset = None;
        }
        if self.is_talking && self.quiet_for >= BREATH {
            self.is_talking = false;
            let ago = self.quiet_for.saturating_sub(lasting);
            return Some((ago, CarrierEventKind::ReceptionistStopped));
        }
        None
    }
}

/// Whether a person would hear `frame`.
fn is_audible(frame: &[u8]) -> bool {
    let samples: Vec<i16> = frame.iter().map(|&byte| decode_mulaw(byte)).collect();
    level_db(&samples) > -50.0
}

/// Noise of an even level.
#[derive(Debug)]
struct Hiss {
    amplitude: i32,
    state: u32,
}

impl Hiss {
    fn new(level_db: f64) -> Self {
        // Even noise of amplitude a has the level of a sine of a·√⅔.
        let peak = 32_768.0 * 10_f64.powf(level_db / 20.0) * 3_f64.sqrt();
        let amplitude = (1..30_000)
            .find(|&a| f64::from(a) >= peak)
            .unwrap_or(30_000);
        Self {
            amplitude,
            state: 1,
        }
    }

    fn next(&mut self) -> u8 {
        self.state = self
            .state
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        let noise = i32::try_from(self.state >> 16).unwrap_or_default() - 32_768;
        encode_mulaw(i16::try_from(noise * self.amplitude / 32_768).unwrap_or_default())
    }
}

/// Shorter silences are within a sentence.
const BREATH: Duration = Duration::from_millis(300);
/// Shorter silences are within a turn.
const PAUSE: Duration = Duration::from_millis(700);

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);
    const QUIET: [u8; 160] = [SILENCE; 160];

    #[test]
    fn the_caller_speaks_over_the_receptionist_after_the_delay() {
        let spoken = Spoken::babble("wait", Duration::from_millis(40));
        let voice = Spoken::babble("hello", FRAME).mulaw;
        let after = Duration::from_millis(60);
        let mut caller = Caller::new(&Script::new([Step::SpeakOver { spoken, after }]));
        for _ in 0..10 {
            assert_eq!(caller.live(&QUIET, FRAME).frame.unwrap(), QUIET);
        }
        let sent: Vec<bool> = (0..4)
            .map(|_| is_audible(&caller.live(&voice, FRAME).frame.unwrap()))
            .collect();
        assert_eq!(sent, [false, false, true, true]);
        assert_eq!(caller.live(&voice, FRAME).ending, Some(Leaving::HangUp));
    }

    #[test]
    fn hiss_is_as_loud_as_asked_for() {
        let mut hiss = Hiss::new(-45.0);
        let samples: Vec<i16> = (0..8000).map(|_| decode_mulaw(hiss.next())).collect();
        assert!((level_db(&samples) + 45.0).abs() < 1.0);
    }
}
