//! The two tracks of a call as the caller heard them, side by side.
//!
//! A place on a track is counted in samples since the recording began, by our
//! clock. What the receptionist says plays one frame after the other from the
//! moment at which the carrier could play it, and what a `clear` threw away was
//! not heard: sent and cleared take the same way, so both by our clock is what
//! the carrier did. The caller's frames stand where the carrier's own time says,
//! counted from the one that came soonest; where frames are missing nothing
//! stands, which is silence, and what comes late still finds its place. So the
//! tracks stay side by side whatever the network does.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use super::CarrierAction;
use super::playhead::{duration, samples};
use crate::audio::Frame;

/// Sound is handed on after so many samples, 120 ms: with what the way to the
/// disk takes, 200 ms are not lost.
const EVERY: usize = 960;
/// And in pieces of at most so many. The receptionist is sent ahead of what is
/// heard: nothing is lost by waiting for the rest of it.
pub const PIECE: usize = 4_000;
/// What comes later than this is not late: the carrier counts anew.
const MAX_LATE: i64 = 80_000;
/// No stream lasts so long: what is said to come later tells no time.
const MAX_TIME: Duration = Duration::from_hours(24);
/// So many frames are looked at before the carrier's clock is called slow.
const WINDOW: u32 = 500;
/// How far behind ours it may have fallen by then.
const MAX_SLACK: i64 = 480;

/// Whose sound.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Track {
    /// What the caller said.
    Caller,
    /// What the caller heard.
    Receptionist,
}

/// Something for whoever keeps the recording.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snippet {
    /// Where on the tracks.
    pub at: u64,
    /// How far the recording had come by then.
    pub clock: u64,
    /// What is there.
    pub what: Piece,
}

/// What stands at a place of the tracks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Sound of this track, in the place of what was there before.
    Sound(Track, Vec<u8>),
    /// What the receptionist was to say from here on was not heard.
    Cleared,
    /// From here on nothing is kept.
    Paused,
    /// From here on it is kept again.
    Resumed,
    /// The recording ends here.
    End,
}

/// A run of sound that is not handed on yet.
#[derive(Debug, Default)]
struct Run {
    at: u64,
    sound: Vec<u8>,
}

impl Run {
    fn end(&self) -> u64 {
        self.at + self.sound.len() as u64
    }

    /// Puts sound in the place of what is there already. What is left of it, and
    /// where that begins.
    fn mend<'a>(&mut self, begin: u64, sound: &'a [u8]) -> (u64, &'a [u8]) {
        let inside = begin.checked_sub(self.at).map(usize::try_from);
        let there = match inside {
            Some(Ok(inside)) => self.sound.get_mut(inside..).unwrap_or_default(),
            Some(Err(_)) | None => &mut [],
        };
        let len = there.len().min(sound.len());
        there[..len].copy_from_slice(&sound[..len]);
        (begin + len as u64, &sound[len..])
    }
}

/// Where the carrier's time stands on our tracks.
#[derive(Debug, Default)]
struct Timeline {
    /// From its samples to ours.
    offset: Option<i64>,
    /// Where its last frame ended, by its own time.
    expected: i64,
    /// How late the soonest of the last frames was, and how many they were.
    slack: Option<i64>,
    seen: u32,
}

impl Timeline {
    /// Where a frame begins that has just come, `clock` samples after the start.
    fn place(&mut self, timestamp: Option<Duration>, len: i64, clock: i64) -> i64 {
        let told = timestamp.filter(|at| *at <= MAX_TIME);
        let told = told.map(|at| signed(samples(at)));
        let begin = told.unwrap_or_else(|| self.follow(len, clock));
        let end = begin + len;
        self.expected = end;
        // It was spoken before it came.
        let soonest = clock - end;
        let offset = match self.offset {
            Some(offset) if soonest - offset <= MAX_LATE => offset.min(soonest),
            Some(_) | None => soonest,
        };
        self.offset = Some(offset + self.drift(soonest - offset));
        begin + offset
    }

    /// A carrier that tells no time sends without holes, or stops sending.
    fn follow(&self, len: i64, clock: i64) -> i64 {
        let now = self.offset.map(|offset| clock - offset - len);
        now.filter(|now| now - self.expected > MAX_SLACK)
            .unwrap_or(self.expected)
    }

    /// How much further on the carrier's time is to be put: its clock may run
    /// slower than ours.
    fn drift(&mut self, slack: i64) -> i64 {
        self.seen += 1;
        let least = self.slack.map_or(slack, |least| least.min(slack));
        self.slack = Some(least);
        if self.seen < WINDOW {
            return 0;
        }
        (self.seen, self.slack) = (0, None);
        if least > MAX_SLACK { least } else { 0 }
    }
}

/// Both tracks, while the recording goes on.
#[derive(Debug)]
pub struct Tape {
    began: Instant,
    timeline: Timeline,
    runs: [Run; 2],
    /// Where the receptionist's next frame will be played, at the soonest.
    played: u64,
    /// How far the receptionist's track was handed on.
    handed: u64,
    /// How far the recording had come when both tracks were handed on.
    handed_at: u64,
    is_paused: bool,
    /// Nothing from before this is kept any more.
    floor: u64,
    snippets: VecDeque<Snippet>,
}

impl Tape {
    /// Both tracks begin now.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            timeline: Timeline::default(),
            runs: Default::default(),
            played: 0,
            handed: 0,
            handed_at: 0,
            is_paused: false,
            floor: 0,
            snippets: VecDeque::new(),
        }
    }

    /// The next thing to be kept; none if that is all.
    pub fn poll_snippet(&mut self) -> Option<Snippet> {
        self.snippets.pop_front()
    }

    /// A frame of the caller's voice came.
    pub fn hear(&mut self, timestamp: Option<Duration>, frame: &Frame, now: Instant) {
        let clock = self.clock(now);
        let len = signed(frame.len() as u64);
        let begin = self.timeline.place(timestamp, len, signed(clock));
        self.lay(Track::Caller, begin, frame.bytes(), clock);
    }

    /// The carrier's stream was replaced: it counts its time anew, and has
    /// nothing left to play.
    pub fn restart(&mut self, now: Instant) {
        self.timeline = Timeline::default();
        self.clear(now);
    }

    /// The carrier was asked for this.
    pub fn perform(&mut self, action: &CarrierAction, now: Instant) {
        match action {
            CarrierAction::Play(frame) => self.play(frame, now),
            CarrierAction::Clear => self.clear(now),
            CarrierAction::Mark(_) => {}
        }
    }

    /// Keeps nothing from now on, also of what was sent and is not played yet.
    pub fn pause(&mut self, now: Instant) {
        if self.is_paused {
            return;
        }
        self.forget_unplayed(now);
        let clock = self.clock(now);
        self.hand_on(clock);
        self.is_paused = true;
        self.add(clock, clock, Piece::Paused);
    }

    /// Keeps everything from now on; what was said during the pause and comes
    /// late is not kept, nor what was sent during the pause and plays on.
    pub fn resume(&mut self, now: Instant) {
        if !self.is_paused {
            return;
        }
        let clock = self.clock(now);
        self.is_paused = false;
        self.floor = clock;
        self.add(clock, clock, Piece::Resumed);
    }

    /// Whether nothing is kept at this moment.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// The recording is over.
    pub fn finish(&mut self, now: Instant) {
        let clock = self.clock(now);
        self.hand_on(clock);
        self.add(clock, clock, Piece::End);
    }

    /// How long it is by now.
    pub fn length(&self, now: Instant) -> Duration {
        duration(self.clock(now))
    }

    fn clock(&self, now: Instant) -> u64 {
        samples(now.saturating_duration_since(self.began))
    }

    fn play(&mut self, frame: &Frame, now: Instant) {
        let clock = self.clock(now);
        let begin = self.played.max(clock);
        self.played = begin + frame.len() as u64;
        self.lay(Track::Receptionist, signed(begin), frame.bytes(), clock);
    }

    fn clear(&mut self, now: Instant) {
        self.forget_unplayed(now);
        self.played = self.played.min(self.clock(now));
    }

    /// What the carrier has not played by now is not heard, or not kept.
    fn forget_unplayed(&mut self, now: Instant) {
        let clock = self.clock(now);
        let run = &mut self.runs[Track::Receptionist as usize];
        let kept = usize::try_from(clock.saturating_sub(run.at)).unwrap_or(usize::MAX);
        run.sound.truncate(kept);
        if self.handed > clock {
            self.handed = clock;
            self.add(clock, clock, Piece::Cleared);
        }
    }

    /// Lays sound on a track.
    fn lay(&mut self, track: Track, begin: i64, sound: &[u8], clock: u64) {
        if self.is_paused {
            return;
        }
        let before = signed(self.floor).saturating_sub(begin).max(0);
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        let Some(sound) = sound.get(before..).filter(|sound| !sound.is_empty()) else {
            return;
        };
        let begin = u64::try_from(begin).unwrap_or_default().max(self.floor);
        // What comes late may belong into the run, in whole or in part.
        let (begin, sound) = self.runs[track as usize].mend(begin, sound);
        if sound.is_empty() {
            return;
        }
        let run = &mut self.runs[track as usize];
        if begin != run.end() || run.sound.len() + sound.len() > PIECE {
            self.hand_on_track(track, clock);
        }
        let run = &mut self.runs[track as usize];
        if run.sound.is_empty() {
            run.at = begin;
            run.sound.reserve_exact(EVERY);
        }
        run.sound.extend_from_slice(sound);
        let caller = &self.runs[Track::Caller as usize];
        if caller.sound.len() >= EVERY || clock >= self.handed_at + EVERY as u64 {
            self.hand_on(clock);
        }
    }

    fn hand_on(&mut self, clock: u64) {
        self.handed_at = clock;
        self.hand_on_track(Track::Receptionist, clock);
        self.hand_on_track(Track::Caller, clock);
    }

    fn hand_on_track(&mut self, track: Track, clock: u64) {
        let run = mem::take(&mut self.runs[track as usize]);
        if run.sound.is_empty() {
            return;
        }
        if track == Track::Receptionist {
            self.handed = self.handed.max(run.end());
        }
        self.add(run.at, clock, Piece::Sound(track, run.sound));
    }

    fn add(&mut self, at: u64, clock: u64, what: Piece) {
        self.snippets.push_back(Snippet { at, clock, what });
    }
}

fn signed(samples: u64) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}
