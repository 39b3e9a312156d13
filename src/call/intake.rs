//! The caller's voice on its way to the agent, without holes.
//!
//! Until the agent is ready the voice waits here and is then handed on in
//! order: the caller's first words are not lost. Where the carrier lost
//! frames, silence takes their place, so that the agent's sense of time and
//! its hearing of pauses stay right.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use crate::audio::Frame;

/// How long the voice waits for the agent; longer than the agent may take.
const HELD: usize = 600;
/// Jitter in the carrier's timestamps is not a hole.
const TOLERANCE: Duration = Duration::from_millis(25);
/// The longest hole that is filled.
const MAX_GAP: Duration = Duration::from_secs(2);
/// A timestamp further back than this starts the count anew.
const JUMP: Duration = Duration::from_millis(500);
/// Frames missing for so long while the caller speaks: the agent would wait
/// for the end of the turn for ever.
pub(super) const STALL: Duration = Duration::from_millis(750);
/// The silence that ends such a turn.
const STALL_FILL: Duration = Duration::from_secs(1);

/// The way from the caller's mouth to the agent's ear.
#[derive(Debug, Default)]
pub(super) struct Intake {
    is_open: bool,
    held: VecDeque<Frame>,
    expected: Option<Duration>,
    last_frame: Option<Instant>,
}

impl Intake {
    /// The agent can hear from now on. `listen` gets what has waited.
    pub(super) fn open(&mut self, listen: impl FnMut(Frame)) {
        self.is_open = true;
        mem::take(&mut self.held).into_iter().for_each(listen);
    }

    /// There is no agent that could hear: the voice waits again.
    pub(super) fn close(&mut self) {
        self.is_open = false;
    }

    /// A frame came; `listen` gets it, behind the silence that is missing.
    pub(super) fn hear(
        &mut self,
        timestamp: Option<Duration>,
        frame: Frame,
        now: Instant,
        mut listen: impl FnMut(Frame),
    ) {
        self.last_frame = Some(now);
        if let Some(at) = timestamp {
            let gap = self
                .expected
                .map_or(Duration::ZERO, |expected| at.saturating_sub(expected));
            if gap > TOLERANCE {
                self.fill(gap.min(MAX_GAP), &mut listen);
            }
            let end = at + frame.duration();
            let is_jump = self.expected.is_some_and(|expected| end + JUMP < expected);
            let expected = if is_jump {
                end
            } else {
                self.expected.map_or(end, |old| old.max(end))
            };
            self.expected = Some(expected);
        }
        self.pass(frame, &mut listen);
    }

    /// Feeds silence if no frame came for too long. Returns when to look
    /// again.
    pub(super) fn check_stall(&mut self, now: Instant, mut listen: impl FnMut(Frame)) -> Instant {
        let due = self.last_frame.map_or(now, |at| at + STALL);
        if now < due {
            return due;
        }
        self.fill(STALL_FILL, &mut listen);
        // What was fed here must not be fed again when the frames come back.
        self.expected = self.expected.map(|expected| expected + STALL_FILL);
        self.last_frame = Some(now + STALL_FILL);
        now + STALL_FILL + STALL
    }

    /// A new stream counts its time anew.
    pub(super) fn restart(&mut self) {
        self.expected = None;
    }

    fn fill(&mut self, gap: Duration, listen: &mut impl FnMut(Frame)) {
        let mut missing = usize::try_from(gap.as_millis() * 8).unwrap_or_default();
        while missing > 0 {
            let frame = Frame::silence(missing.min(Frame::MAX_LEN));
            missing -= frame.len();
            self.pass(frame, listen);
        }
    }

    fn pass(&mut self, frame: Frame, listen: &mut impl FnMut(Frame)) {
        if self.is_open {
            listen(frame);
            return;
        }
        if self.held.len() == HELD {
            self.held.pop_front();
        }
        self.held.push_back(frame);
    }
}
