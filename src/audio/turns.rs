//! Who speaks when on the tracks of a recording, turn by turn.

use std::ops::Range;

use super::level::SILENCE_POWER;

/// How loud linear PCM16 is, a moment of 20 ms at a time, each channel by itself.
///
/// Takes little room however long the sound is: four bytes a moment and channel.
#[derive(Clone, Debug)]
pub struct Loudness {
    channels: usize,
    /// Samples of one channel in a moment.
    moment: usize,
    /// Of the moment that is not whole yet: a sum of squares each.
    sums: Vec<u64>,
    heard: usize,
    /// The mean squares, each channel's in a row of its own.
    rows: Vec<Vec<u32>>,
}

/// One who speaks, from one sample to another of a channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// On which channel, counted from 0.
    pub channel: usize,
    /// The samples of that channel, a little silence on both sides included.
    pub samples: Range<u64>,
}

impl Loudness {
    /// Of a sound with so many channels and samples a second.
    pub fn new(channels: u16, rate: u32) -> Self {
        let channels = usize::from(channels).max(1);
        Self {
            channels,
            moment: (rate as usize / MOMENTS_A_SECOND).max(1),
            sums: vec![0; channels],
            heard: 0,
            rows: vec![Vec::new(); channels],
        }
    }

    /// Hears what comes next, of all channels in turn; half a sample at the end is
    /// left out.
    pub fn hear(&mut self, pcm: &[u8]) {
        let (samples, _) = pcm.as_chunks::<2>();
        for all in samples.chunks_exact(self.channels) {
            for (sum, sample) in self.sums.iter_mut().zip(all) {
                let size = u64::from(i16::from_le_bytes(*sample).unsigned_abs());
                *sum += size * size;
            }
            self.heard += 1;
            if self.heard == self.moment {
                self.end_moment();
            }
        }
    }

    fn end_moment(&mut self) {
        let count = self.heard as u64;
        for (row, sum) in self.rows.iter_mut().zip(&mut self.sums) {
            row.push(u32::try_from(*sum / count).unwrap_or(u32::MAX));
            *sum = 0;
        }
        self.heard = 0;
    }

    /// Who has spoken, in the order in which they began.
    ///
    /// A pause ends a turn if it is long, or if it is not short and somebody else
    /// speaks in it. A turn is never longer than half a minute, so that there is
    /// one to be read while somebody tells a story.
    pub fn turns(&self) -> Vec<Turn> {
        let loud: Vec<Vec<bool>> = self.rows.iter().map(|row| loud(row)).collect();
        let mut turns = Vec::new();
        for (channel, row) in loud.iter().enumerate() {
            let others = loud.iter().enumerate();
            let others: Vec<&Vec<bool>> = others
                .filter(|(other, _)| *other != channel)
                .map(|(_, row)| row)
                .collect();
            let is_quiet = |pause: Range<usize>| {
                let speaks = |other: &&Vec<bool>| other[pause.clone()].iter().any(|loud| *loud);
                !others.iter().any(speaks)
            };
            let spoken = spoken(row, is_quiet);
            let samples = self.with_margins(&spoken);
            turns.extend(samples.map(|samples| Turn { channel, samples }));
        }
        turns.sort_by_key(|turn| (turn.samples.start, turn.channel));
        turns
    }

    /// A soft beginning is not lost, and nothing is heard twice.
    fn with_margins(&self, spoken: &[Range<usize>]) -> impl Iterator<Item = Range<u64>> {
        let end = self.rows.first().map_or(0, Vec::len);
        let moment = self.moment as u64;
        spoken.iter().enumerate().map(move |(at, run)| {
            let before = at.checked_sub(1).map_or(0, |before| spoken[before].end);
            let after = spoken.get(at + 1).map_or(end, |after| after.start);
            let from = run.start.saturating_sub(MARGIN);
            let from = from.max(before.midpoint(run.start));
            let until = (run.end + MARGIN).min(run.end.midpoint(after));
            from as u64 * moment..until as u64 * moment
        })
    }
}

/// Where somebody speaks, by the noise of the line.
fn loud(row: &[u32]) -> Vec<bool> {
    let mut sorted: Vec<u32> = row.iter().copied().filter(|power| *power > 0).collect();
    let place = sorted.len() / 10;
    let noise = if sorted.is_empty() {
        0
    } else {
        *sorted.select_nth_unstable(place).1
    };
    let threshold = (u64::from(noise) * ABOVE_NOISE).clamp(SILENCE_POWER, SURELY_SPEECH);
    row.iter()
        .map(|power| u64::from(*power) > threshold)
        .collect()
}

/// The loud moments, joined over pauses that are part of speaking.
fn spoken(row: &[bool], is_quiet: impl Fn(Range<usize>) -> bool) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for run in row
        .chunk_by(|left, right| left == right)
        .scan(0, |at, run| {
            let from = *at;
            *at += run.len();
            Some((from..*at, run[0]))
        })
    {
        let (run, is_loud) = run;
        if !is_loud {
            continue;
        }
        for run in pieces(run) {
            let last = joined.last_mut().filter(|last| {
                let pause = last.end..run.start;
                let is_short = pause.len() <= BREATH || pause.len() <= PAUSE && is_quiet(pause);
                is_short && run.end - last.start <= LONGEST
            });
            match last {
                Some(last) => last.end = run.end,
                None => joined.push(run),
            }
        }
    }
    // A click is nobody's word.
    joined.retain(|run| row[run.clone()].iter().filter(|loud| **loud).count() >= SHORTEST);
    joined
}

/// A noise without an end is cut somewhere.
fn pieces(run: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = run.end;
    run.step_by(LONGEST)
        .map(move |from| from..end.min(from + LONGEST))
}

const MOMENTS_A_SECOND: usize = 50;
/// 0.7 s.
const BREATH: usize = 35;
/// 2 s.
const PAUSE: usize = 100;
/// 30 s.
const LONGEST: usize = 1_500;
/// 0.1 s of sound.
const SHORTEST: usize = 5;
/// 0.2 s.
const MARGIN: usize = 10;
/// 9 dB.
const ABOVE_NOISE: u64 = 8;
/// What is louder than -30 dBFS is no noise of a line.
const SURELY_SPEECH: u64 = 1_073_742;

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of one channel: a tone, or what a quiet room sounds like.
    fn second(is_loud: bool) -> Vec<i16> {
        let size = if is_loud { 4_000 } else { 30 };
        (0..8_000)
            .map(|at| if at % 16 < 8 { size } else { -size })
            .collect()
    }

    /// Seconds of both channels, `#` where there is a voice.
    fn heard(left: &str, right: &str) -> Vec<(usize, u64, u64)> {
        let mut loudness = Loudness::new(2, 8_000);
        for (left, right) in left.chars().zip(right.chars()) {
            let both = second(left == '#').into_iter().zip(second(right == '#'));
            let bytes: Vec<u8> = both
                .flat_map(|(left, right)| [left.to_le_bytes(), right.to_le_bytes()])
                .flatten()
                .collect();
            // However it is cut.
            for some in bytes.chunks(4 * 333) {
                loudness.hear(some);
            }
        }
        let turns = loudness.turns();
        turns
            .into_iter()
            .map(|turn| (turn.channel, turn.samples.start, turn.samples.end))
            .collect()
    }

    #[test]
    fn two_who_take_turns_are_told_apart() {
        let turns = heard("##____##__", "__##______");
        let margin = 1_600;
        assert_eq!(
            turns,
            [
                (0, 0, 16_000 + margin),
                (1, 16_000 - margin, 32_000 + margin),
                (0, 48_000 - margin, 64_000 + margin),
            ]
        );
    }

    #[test]
    fn a_pause_that_nobody_fills_is_part_of_the_turn() {
        assert_eq!(heard("#__#____", "________").len(), 1);
        assert_eq!(heard("#___#___", "________").len(), 2);
        assert_eq!(heard("#__#____", "_##_____").len(), 3);
    }

    #[test]
    fn no_turn_is_longer_than_half_a_minute_and_nothing_is_lost_between_two() {
        let turns = heard(&"#".repeat(70), &"_".repeat(70));
        let second = 8_000;
        assert_eq!(
            turns,
            [
                (0, 0, 30 * second),
                (0, 30 * second, 60 * second),
                (0, 60 * second, 70 * second)
            ]
        );
    }

    #[test]
    fn silence_a_click_and_nothing_are_nobody() {
        assert_eq!(heard("", ""), []);
        assert_eq!(heard("____", "____"), []);
        let mut loudness = Loudness::new(1, 8_000);
        let mut bytes = vec![0; 32_000];
        bytes[16_000..16_200].fill(0x40);
        loudness.hear(&bytes);
        assert_eq!(loudness.turns(), []);
    }
}
