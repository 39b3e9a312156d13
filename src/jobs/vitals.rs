//! Who of the other processes lives, by their beats and our own clock alone.
//!
//! The clocks of several machines differ, and may jump; that a number grows does
//! not depend on them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ProcessId;
use crate::store::processes::Pulse;

/// How often a process says that it lives, and looks at the others.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(1);
/// Who has said nothing for so long is dead. With the beat before it, and the work after,
/// the calls of a dead process are seen to within ten seconds.
const DEAD_AFTER: Duration = Duration::from_secs(7);
/// Who has not looked for so long was away: silence meanwhile proves nothing.
const AWAY_AFTER: Duration = Duration::from_secs(3);

/// What is known of the processes, ourselves among them.
#[derive(Debug, Default)]
pub(super) struct Vitals {
    known: BTreeMap<ProcessId, Known>,
    looked_at: Option<Instant>,
}

#[derive(Debug)]
struct Known {
    beats: i64,
    since: Instant,
    has_beaten: bool,
}

/// What a look has shown.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Judged {
    /// How many of the others certainly live.
    pub(super) living: usize,
    /// Those that do not.
    pub(super) dead: Vec<Pulse>,
}

impl Vitals {
    /// Who lives, if these are the beats at this moment.
    pub(super) fn judge(&mut self, pulses: &[Pulse], own: ProcessId, now: Instant) -> Judged {
        let since = self.looked_at.replace(now);
        let was_away = since.is_some_and(|at| now.duration_since(at) > AWAY_AFTER);
        self.known
            .retain(|id, _| pulses.iter().any(|pulse| pulse.id == *id));
        if was_away || !self.is_heard(pulses, own, now) {
            self.known.retain(|id, _| *id == own);
        }
        let mut judged = Judged {
            living: 0,
            dead: Vec::new(),
        };
        for pulse in pulses.iter().filter(|pulse| pulse.id != own) {
            let known = self.note(*pulse, now);
            if now.duration_since(known.since) >= DEAD_AFTER {
                judged.dead.push(*pulse);
            } else if known.has_beaten {
                judged.living += 1;
            }
        }
        judged
    }

    /// Whether our own beats arrive. Where they do not the others' cannot either, however
    /// well the database is read: their silence proves nothing.
    fn is_heard(&mut self, pulses: &[Pulse], own: ProcessId, now: Instant) -> bool {
        let pulse = pulses.iter().find(|pulse| pulse.id == own);
        pulse.is_some_and(|pulse| now.duration_since(self.note(*pulse, now).since) <= AWAY_AFTER)
    }

    /// Remembers since when a process has beaten so often.
    fn note(&mut self, pulse: Pulse, now: Instant) -> &Known {
        let Pulse { id, beats, .. } = pulse;
        let known = self.known.entry(id).or_insert(Known {
            beats,
            since: now,
            has_beaten: false,
        });
        if known.beats != beats {
            *known = Known {
                beats,
                since: now,
                has_beaten: true,
            };
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn id(n: u128) -> ProcessId {
        ProcessId::from((Timestamp::default(), n))
    }

    fn pulse(n: u128, beats: i64) -> Pulse {
        Pulse {
            id: id(n),
            beats,
            seen_at: Timestamp::default(),
        }
    }

    /// What is known after so many seconds in which the second process has done
    /// what `beats` says.
    fn after(seconds: u64, beats: impl Fn(u64) -> i64) -> Judged {
        let (mut vitals, began) = (Vitals::default(), Instant::now());
        let mut look = |second| {
            let at = began + Duration::from_secs(second);
            let own = i64::try_from(second).unwrap();
            vitals.judge(&[pulse(1, own), pulse(2, beats(second))], id(1), at)
        };
        (0..=seconds).map(&mut look).last().unwrap()
    }

    #[test]
    fn p2_who_beats_lives_and_who_does_not_is_dead_within_seven_seconds() {
        let beating = after(60, |second| i64::try_from(second).unwrap());
        assert_eq!((beating.living, beating.dead), (1, vec![]));
        let still = after(6, |_| 1);
        assert_eq!((still.living, still.dead), (0, vec![]), "not known yet");
        let dead = after(7, |_| 1);
        assert_eq!((dead.living, dead.dead), (0, vec![pulse(2, 1)]));
        let stopped = |second: u64| i64::try_from(second.min(30)).unwrap();
        assert_eq!(after(36, stopped).living, 1);
        assert_eq!(after(37, stopped).dead, [pulse(2, 30)]);
    }

    #[test]
    fn p5_who_was_away_does_not_take_the_others_for_dead() {
        let (mut vitals, began) = (Vitals::default(), Instant::now());
        let mut look = |second| {
            let at = began + Duration::from_secs(second);
            let own = i64::try_from(second).unwrap();
            let pulses = [pulse(1, own), pulse(2, 5)];
            vitals.judge(&pulses, id(1), at).dead.len()
        };
        assert_eq!([0, 1, 2].map(&mut look), [0; 3]);
        // A machine that was asleep for an hour, or a database that was away.
        assert_eq!([3_600, 3_602, 3_604, 3_606].map(&mut look), [0; 4]);
        assert_eq!(look(3_607), 1);
    }

    #[test]
    fn d2_in_a_database_that_is_read_and_not_written_nobody_is_taken_for_dead() {
        let (mut vitals, began) = (Vitals::default(), Instant::now());
        let mut dead = Vec::new();
        for second in 0..60 {
            // From the tenth second to the thirtieth nobody's beats arrive; then ours do.
            let own = if (10..30).contains(&second) {
                9
            } else {
                second
            };
            let at = began + Duration::from_secs(u64::try_from(second).unwrap());
            let judged = vitals.judge(&[pulse(1, own), pulse(2, second.min(9))], id(1), at);
            if !judged.dead.is_empty() {
                dead.push(second);
            }
        }
        assert_eq!(dead.first(), Some(&36));
    }
}
