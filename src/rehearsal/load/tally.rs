//! What is counted while the load is measured.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::plan::LATE;
use super::report::{Going, LoadReport, Quantiles};

/// Counts of all calls together.
#[derive(Debug)]
pub(super) struct Tally {
    /// Outside of the measured time nothing is counted but faults.
    pub(super) is_measuring: bool,
    /// That time is over: no answer is begun any more.
    pub(super) is_measured: bool,
    up: Histogram<u64>,
    down: Histogram<u64>,
    barge_in: Histogram<u64>,
    pacing: Histogram<u64>,
    turned_away: Histogram<u64>,
    unanswered: u64,
    pub(super) frames_up: u64,
    pub(super) lost_up: u64,
    pub(super) samples_down: u64,
    pub(super) lost_samples_down: u64,
    pub(super) holes: u64,
    pub(super) missing_clears: u64,
    pub(super) misshapen: u64,
    pub(super) failures: Vec<String>,
    pub(super) placed: u64,
    late: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            is_measuring: false,
            is_measured: false,
            up: histogram(),
            down: histogram(),
            barge_in: histogram(),
            pacing: histogram(),
            turned_away: histogram(),
            unanswered: 0,
            frames_up: 0,
            lost_up: 0,
            samples_down: 0,
            lost_samples_down: 0,
            holes: 0,
            missing_clears: 0,
            misshapen: 0,
            failures: Vec::new(),
            placed: 0,
            late: 0,
        }
    }

    pub(super) fn note_up(&mut self, delay: Duration) {
        self.note_late(delay);
        note(&mut self.up, self.is_measuring, delay);
    }

    pub(super) fn note_down(&mut self, delay: Duration) {
        self.note_late(delay);
        note(&mut self.down, self.is_measuring, delay);
    }

    pub(super) fn note_barge_in(&mut self, delay: Duration) {
        note(&mut self.barge_in, self.is_measuring, delay);
    }

    pub(super) fn note_pacing(&mut self, delay: Duration) {
        note(&mut self.pacing, self.is_measuring, delay);
    }

    pub(super) fn note_turned_away(&mut self, took: Duration) {
        note(&mut self.turned_away, self.is_measuring, took);
    }

    /// A caller was told nothing that a carrier could do.
    pub(super) fn note_unanswered(&mut self, why: &str) {
        self.unanswered += 1;
        if self.failures.is_empty() {
            self.failures.push(why.to_owned());
        }
    }

    fn note_late(&mut self, delay: Duration) {
        self.late += u64::from(self.is_measuring && delay > LATE);
    }

    pub(super) fn going(&self, live: usize) -> Going {
        Going {
            live,
            placed: self.placed,
            lost: self.lost_up + self.lost_samples_down.div_ceil(160),
        }
    }

    pub(super) fn report(&self, calls: usize) -> LoadReport {
        LoadReport {
            calls,
            placed: self.placed,
            failed: self.failures.len(),
            first_failure: self.failures.first().cloned(),
            up: quantiles(&self.up),
            down: quantiles(&self.down),
            barge_in: quantiles(&self.barge_in),
            pacing: quantiles(&self.pacing),
            turned_away: quantiles(&self.turned_away),
            unanswered: self.unanswered,
            frames_up: self.frames_up,
            lost_up: self.lost_up,
            frames_down: self.samples_down / 160,
            lost_down: self.lost_samples_down.div_ceil(160),
            late: self.late,
            holes: self.holes,
            missing_clears: self.missing_clears,
            misshapen: self.misshapen,
            floods: Vec::new(),
        }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(100, 60_000_000_000, 3).expect("the bounds are in order")
}

fn note(histogram: &mut Histogram<u64>, is_measuring: bool, delay: Duration) {
    if is_measuring {
        let nanoseconds = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        histogram.saturating_record(nanoseconds);
    }
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let at = |quantile| {
        let delay = Duration::from_nanos(histogram.value_at_quantile(quantile));
        (delay.as_secs_f64() * 1e7).round() / 10.0
    };
    Quantiles {
        count: histogram.len(),
        p50_us: at(0.5),
        p99_us: at(0.99),
        p999_us: at(0.999),
        max_us: at(1.0),
    }
}
