//! The carrier's playback buffer: sound waiting to be heard, and marks in it.
//!
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-a-mark-message>

use std::collections::VecDeque;

use bytes::Bytes;

use crate::rehearsal::codec::{SAMPLES_PER_MS, SILENCE};

/// Sound in the order it came, played a frame at a time.
#[derive(Debug, Default)]
pub(super) struct Playback {
    waiting: VecDeque<Bytes>,
    marks: VecDeque<(usize, String)>,
    received: usize,
    taken: usize,
    dropped: usize,
    taken_at_clear: usize,
    is_playing: bool,
}

/// What a `clear` found.
#[derive(Debug)]
pub(super) struct Cleared {
    /// Marks that were still waiting; they go back too.
    pub(super) marks: Vec<String>,
    pub(super) dropped_ms: u64,
    pub(super) played_since_clear_ms: u64,
}

/// Twenty milliseconds, usually, as the caller hears them.
#[derive(Debug)]
pub(super) struct PlayedFrame {
    pub(super) mulaw: Vec<u8>,
    /// How much of it came from the gateway; the rest is silence.
    pub(super) filled: usize,
    /// Marks passed when the frame before this one was out.
    pub(super) marks: Vec<String>,
}

impl Playback {
    /// Lines up sound; says `false` when there is too much of it already.
    pub(super) fn push(&mut self, mulaw: Vec<u8>) -> bool {
        if self.buffered() + mulaw.len() > MAX_BUFFERED {
            return false;
        }
        self.received += mulaw.len();
        self.waiting.push_back(mulaw.into());
        true
    }

    /// Lines up a mark; gives it back if nothing is before it.
    pub(super) fn mark(&mut self, name: String) -> Option<String> {
        if self.buffered() == 0 && !self.is_playing {
            return Some(name);
        }
        self.marks.push_back((self.received, name));
        None
    }

    /// Drops what waits.
    pub(super) fn clear(&mut self) -> Cleared {
        let dropped = self.buffered();
        let played = self.taken - self.taken_at_clear;
        self.dropped += dropped;
        self.taken_at_clear = self.taken;
        self.waiting.clear();
        Cleared {
            marks: self.marks.drain(..).map(|(_, name)| name).collect(),
            dropped_ms: to_ms(dropped),
            played_since_clear_ms: to_ms(played),
        }
    }

    /// The next `len` bytes that the caller hears.
    pub(super) fn next_frame(&mut self, len: usize) -> PlayedFrame {
        let passed = self.taken + self.dropped;
        let due = self
            .marks
            .iter()
            .take_while(|(at, _)| *at <= passed)
            .count();
        let marks = self.marks.drain(..due).map(|(_, name)| name).collect();
        let mut mulaw = Vec::with_capacity(len);
        while let Some(first) = self.waiting.front_mut() {
            mulaw.extend_from_slice(&first.split_to(first.len().min(len - mulaw.len())));
            if first.is_empty() {
                self.waiting.pop_front();
            }
            if mulaw.len() == len {
                break;
            }
        }
        let filled = mulaw.len();
        self.taken += filled;
        self.is_playing = filled > 0;
        mulaw.resize(len, SILENCE);
        PlayedFrame {
            mulaw,
            filled,
            marks,
        }
    }

    /// Sound received so far, in milliseconds.
    pub(super) fn received_ms(&self) -> u64 {
        to_ms(self.received)
    }

    /// Sound played so far, in milliseconds.
    pub(super) fn played_ms(&self) -> u64 {
        to_ms(self.taken)
    }

    /// Sound that waits to be played, in milliseconds.
    pub(super) fn waiting_ms(&self) -> u64 {
        to_ms(self.buffered())
    }

    const fn buffered(&self) -> usize {
        self.received - self.taken - self.dropped
    }
}

fn to_ms(bytes: usize) -> u64 {
    u64::try_from(bytes / SAMPLES_PER_MS).unwrap_or(u64::MAX)
}

/// Ten minutes.
const MAX_BUFFERED: usize = 10 * 60 * 1000 * SAMPLES_PER_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_when_all_before_it_is_out() {
        let mut playback = Playback::default();
        assert_eq!(playback.mark("empty".to_owned()), Some("empty".to_owned()));
        assert!(playback.push(vec![1; 200]));
        assert_eq!(playback.mark("end".to_owned()), None);
        assert!(playback.next_frame(160).marks.is_empty());
        let last = playback.next_frame(160);
        assert_eq!((last.filled, last.marks.len()), (40, 0));
        assert_eq!(playback.mark("still playing".to_owned()), None);
        assert_eq!(playback.next_frame(160).marks, ["end", "still playing"]);
        assert_eq!(
            playback.mark("again empty".to_owned()),
            Some("again empty".to_owned())
        );
    }

    #[test]
    fn a_clear_drops_what_waits_and_gives_all_marks_back() {
        let mut playback = Playback::default();
        assert!(playback.push(vec![1; 800]));
        playback.mark("a".to_owned());
        playback.next_frame(160);
        let cleared = playback.clear();
        assert_eq!(cleared.marks, ["a"]);
        assert_eq!(
            (cleared.dropped_ms, cleared.played_since_clear_ms),
            (80, 20)
        );
        assert_eq!(playback.next_frame(160).filled, 0);
        assert_eq!(playback.waiting_ms(), 0);
        assert!(playback.push(vec![2; 160]));
        playback.mark("b".to_owned());
        assert_eq!(playback.next_frame(160).mulaw, [2; 160]);
        assert_eq!(playback.next_frame(160).marks, ["b"]);
        assert_eq!(playback.clear().played_since_clear_ms, 20);
    }

    #[test]
    fn more_than_ten_minutes_are_not_taken() {
        let mut playback = Playback::default();
        assert!(playback.push(vec![0; MAX_BUFFERED]));
        assert!(!playback.push(vec![0; 1]));
    }
}
