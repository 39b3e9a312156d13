//! Whether a process grows while callers come and go.

use serde::Serialize;
use tokio::runtime::Handle;

use super::bench_report::rounded;
use super::gauge::{Gauge, Holdings, float};
use crate::rehearsal::load::Going;

/// What the process held at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Sample {
    /// Counted from the beginning of the measured time.
    seconds: f64,
    resident_mib: f64,
    descriptors: usize,
    tasks: usize,
    /// Calls that go on.
    live: usize,
    /// Calls that were placed by then.
    placed: u64,
    /// Frames that were lost by then.
    lost: u64,
}

impl Sample {
    /// What is held now, so long after `since`.
    pub(super) fn read(runtime: &Handle, since: &Gauge, going: &Going) -> anyhow::Result<Self> {
        let held = Holdings::read(runtime)?;
        let passed = Gauge::read()?.since(since).wall;
        Ok(Self {
            seconds: rounded(passed.as_secs_f64()),
            resident_mib: rounded(float(held.resident) / 1024.0 / 1024.0),
            descriptors: held.descriptors,
            tasks: held.tasks,
            live: going.live,
            placed: going.placed,
            lost: going.lost,
        })
    }

    /// For who watches.
    pub(super) fn line(&self) -> String {
        format!(
            "  {:>6.0} s  {:>8.2} MiB  {:>5} descriptors  {:>5} tasks  {:>5} live  {:>7} placed  \
             {} frames lost",
            self.seconds,
            self.resident_mib,
            self.descriptors,
            self.tasks,
            self.live,
            self.placed,
            self.lost
        )
    }
}

/// What is held longer than the calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Growth {
    /// Of memory, by the straight line that fits best.
    memory_percent_per_hour: f64,
    /// By how many the least of the end are more than the most of the beginning.
    descriptors: usize,
    /// The same of tasks.
    tasks: usize,
}

impl Growth {
    /// Nothing, if there is too little to tell it from. The first quarter does
    /// not count: by then everything has its usual size.
    pub(super) fn of(samples: &[Sample]) -> Option<Self> {
        let settled = &samples[samples.len() / 4..];
        let (first, last) = (settled.first()?, settled.last()?);
        if samples.len() < MIN_SAMPLES || last.seconds < MIN_SECONDS {
            return None;
        }
        let slope = slope(settled.iter().map(|one| (one.seconds, one.resident_mib)));
        let percent = slope * 3_600.0 / first.resident_mib * 100.0;
        Some(Self {
            memory_percent_per_hour: rounded(percent),
            descriptors: raised(settled, |one| one.descriptors),
            tasks: raised(settled, |one| one.tasks),
        })
    }

    /// What must not happen, if it did.
    pub(super) fn fault(&self) -> Option<String> {
        let Self {
            memory_percent_per_hour: percent,
            descriptors,
            tasks,
        } = self;
        if *percent > MAX_PERCENT {
            Some(format!("memory grows by {percent:.2} % in an hour"))
        } else if *descriptors > 0 {
            Some(format!("{descriptors} descriptors were not given back"))
        } else if *tasks > 0 {
            Some(format!("{tasks} tasks did not end"))
        } else {
            None
        }
    }

    /// For people.
    pub(super) fn line(&self) -> String {
        format!(
            "memory {:+.2} % in an hour, {} descriptors, {} tasks",
            self.memory_percent_per_hour, self.descriptors, self.tasks
        )
    }
}

/// A straight line through less is a guess.
const MIN_SAMPLES: usize = 12;
const MIN_SECONDS: f64 = 600.0;
/// More than this is a leak.
const MAX_PERCENT: f64 = 1.0;

/// The slope of the straight line that fits best.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let count = points.clone().map(|_| 1.0).sum::<f64>();
    let mean = |values: f64| values / count;
    let x_mean = mean(points.clone().map(|(x, _)| x).sum());
    let y_mean = mean(points.clone().map(|(_, y)| y).sum());
    let rise: f64 = points
        .clone()
        .map(|(x, y)| (x - x_mean) * (y - y_mean))
        .sum();
    let run: f64 = points.map(|(x, _)| (x - x_mean).powi(2)).sum();
    if run > 0.0 { rise / run } else { 0.0 }
}

/// By how much the least of the last third is above the most of the first: what
/// comes and goes with the calls is not.
fn raised(samples: &[Sample], of: impl Fn(&Sample) -> usize + Copy) -> usize {
    let third = samples.len() / 3;
    let most = samples[..third].iter().map(of).max().unwrap_or_default();
    let least = samples[samples.len() - third..].iter().map(of).min();
    least.unwrap_or_default().saturating_sub(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour, a sample a minute; `at` makes each of its number.
    fn hour(at: impl Fn(usize, &mut Sample)) -> Vec<Sample> {
        let sample = |minute: usize| {
            let mut sample = Sample {
                seconds: float(minute * 60),
                // The allocator is never quite the same.
                resident_mib: 60.0 + float(minute * 7 % 5) / 100.0,
                descriptors: 440 + minute * 13 % 17,
                tasks: 210 + minute * 11 % 13,
                live: 200,
                placed: 0,
                lost: 0,
            };
            at(minute, &mut sample);
            sample
        };
        (1..=60).map(sample).collect()
    }

    fn fault(samples: &[Sample]) -> Option<String> {
        let growth = Growth::of(samples);
        growth.map_or_else(|| Some("too short".to_owned()), |growth| growth.fault())
    }

    #[test]
    fn what_comes_and_goes_is_no_growth_nor_is_what_was_needed_at_first() {
        assert_eq!(fault(&hour(|_, _| {})), None);
        let warming = hour(|minute, sample| {
            sample.resident_mib -= float(14_usize.saturating_sub(minute));
            sample.descriptors -= 14_usize.saturating_sub(minute);
        });
        assert_eq!(fault(&warming), None);
    }

    #[test]
    fn a_little_that_stays_of_every_call_is_found() {
        let memory = hour(|minute, sample| sample.resident_mib += float(minute) * 0.015);
        assert!(fault(&memory).unwrap().starts_with("memory grows"));
        let descriptors = hour(|minute, sample| sample.descriptors += minute);
        assert!(fault(&descriptors).unwrap().contains("descriptors"));
        let tasks = hour(|minute, sample| sample.tasks += minute);
        assert!(fault(&tasks).unwrap().contains("tasks"));
    }

    #[test]
    fn less_than_ten_minutes_tell_nothing() {
        let hour = hour(|_, _| {});
        assert_eq!(Growth::of(&hour[..9]), None);
        assert_eq!(Growth::of(&[]), None);
    }
}
