//! What a bench found, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use super::bench::{BenchConfig, Measured};
use super::bench_limits::exceeded;
use super::bench_soak::{Growth, Sample};
use super::gauge::Gauge;
use crate::rehearsal::load::{Flooded, LoadReport, Quantiles};

/// What the calls cost the gateway's process.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Costs {
    /// Processor time of one call in one second.
    pub(super) cpu_ms_per_call_second: f64,
    /// Of it, outside of the kernel.
    pub(super) user_ms_per_call_second: f64,
    /// Of it, in the kernel.
    pub(super) system_ms_per_call_second: f64,
    /// How often in a second a thread slept because nothing was to be done.
    pub(super) waits_per_second: f64,
    /// Resident memory without a call.
    pub(super) idle_mib: f64,
    /// Resident memory of one call, beyond that.
    pub(super) memory_kib_per_call: f64,
}

impl Costs {
    pub(super) fn between(from: &Gauge, to: &Gauge, idle: &Gauge, calls: u16) -> Self {
        let spent = to.since(from);
        let call_seconds = spent.wall.as_secs_f64() * f64::from(calls);
        let per_call_second = |time: std::time::Duration| time.as_secs_f64() * 1e3 / call_seconds;
        Self {
            cpu_ms_per_call_second: rounded(per_call_second(spent.user + spent.system)),
            user_ms_per_call_second: rounded(per_call_second(spent.user)),
            system_ms_per_call_second: rounded(per_call_second(spent.system)),
            waits_per_second: rounded(float(spent.waits) / spent.wall.as_secs_f64()),
            idle_mib: rounded(bytes(idle.resident) / 1024.0 / 1024.0),
            memory_kib_per_call: rounded(
                (bytes(to.resident) - bytes(idle.resident)) / 1024.0 / f64::from(calls),
            ),
        }
    }
}

/// All figures of a bench.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    calls: u16,
    seconds: u16,
    format: &'static str,
    tls: bool,
    workers: u8,
    /// Whether each side had cores of its own.
    pinned: bool,
    costs: Costs,
    seen: LoadReport,
    /// What the process held while callers came and went.
    samples: Vec<Sample>,
    /// What it holds of them, if it went on for long enough to tell.
    growth: Option<Growth>,
    is_soak: bool,
}

impl Figures {
    pub(super) fn new(
        config: &BenchConfig,
        is_pinned: bool,
        costs: Costs,
        measured: Measured,
    ) -> Self {
        let is_soak = config.load.talk.is_some();
        Self {
            calls: config.load.calls,
            seconds: config.load.seconds,
            format: config.load.format.as_str(),
            tls: config.load.tls,
            workers: config.workers,
            pinned: is_pinned,
            costs,
            seen: measured.report,
            growth: Growth::of(&measured.samples).filter(|_| is_soak),
            samples: measured.samples,
            is_soak,
        }
    }

    /// What must not happen, if it did; if it `is_strict`, what is promised and not kept.
    pub(super) fn fault(&self, is_strict: bool) -> Option<String> {
        let seen = &self.seen;
        if let Some(first) = &seen.first_failure {
            return Some(format!("{} calls failed: {first}", seen.failed));
        }
        let faults = [
            (seen.lost_up, "frames of callers were lost"),
            (seen.lost_down, "frames of the model were lost"),
            (seen.missing_clears, "interruptions were not obeyed"),
            (seen.misshapen, "messages were misshapen"),
            (seen.unanswered, "callers were told nothing"),
        ];
        let fault = faults.iter().find(|(count, _)| *count > 0);
        let fault = fault.map(|(count, what)| format!("{count} {what}"));
        let fault = fault.or_else(|| self.growth.as_ref()?.fault());
        let over = || exceeded(&self.costs, seen, self.tls);
        fault.or_else(|| is_strict.then(over)?)
    }

    /// The figures, a line each.
    pub(super) fn table(&self) -> String {
        let (costs, seen) = (&self.costs, &self.seen);
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            writeln!(text, "  {name:<38} {value}").expect("a string takes all");
        };
        line("calls", self.subject());
        line("", "      p50        p99      p99.9        max".to_owned());
        line("added delay, caller to model", times(&seen.up));
        line("added delay, model to caller", times(&seen.down));
        line("speech_started to clear", times(&seen.barge_in));
        line("the simulators' own lateness", times(&seen.pacing));
        line(
            "frames of callers",
            format!("{}, {} lost", seen.frames_up, seen.lost_up),
        );
        line(
            "frames of the model",
            format!("{}, {} lost", seen.frames_down, seen.lost_down),
        );
        line("messages later than 20 ms", seen.late.to_string());
        line("holes in the caller's ear", seen.holes.to_string());
        line("CPU per call and second", self.cpu());
        line(
            "sleeps per second",
            format!("{:.0}", costs.waits_per_second),
        );
        line(
            "memory per call",
            format!("{:.0} KiB", costs.memory_kib_per_call),
        );
        line(
            "memory without a call",
            format!("{:.1} MiB", costs.idle_mib),
        );
        if seen.turned_away.count > 0 {
            line("no place, to what is said", times(&seen.turned_away));
            line(
                "callers without a place",
                seen.turned_away.count.to_string(),
            );
        }
        for flood in &seen.floods {
            line("a call beside these floods", self.flooded(flood));
        }
        if self.is_soak {
            line("calls placed", seen.placed.to_string());
            let growth = self.growth.as_ref();
            line(
                "growth",
                growth.map_or_else(|| TOO_SHORT.to_owned(), Growth::line),
            );
        }
        text
    }

    fn subject(&self) -> String {
        let tls = if self.tls { ", TLS to the model" } else { "" };
        let cores = match (self.pinned, self.workers) {
            (true, 1) => "gateway and simulators on a core each".to_owned(),
            (true, workers) => format!("gateway on {workers} cores, simulators on one"),
            (false, _) => "too few cores to tell the sides apart: figures mean little".to_owned(),
        };
        format!(
            "{}, {} s, {}{tls}; {cores}",
            self.calls, self.seconds, self.format
        )
    }

    fn flooded(&self, flood: &Flooded) -> String {
        let seconds = u64::from(self.seconds);
        let end = if flood.is_cut_off { "; cut off" } else { "" };
        format!(
            "{} events and {} frames a second taken{end}",
            flood.events / seconds,
            flood.frames / seconds
        )
    }

    fn cpu(&self) -> String {
        let costs = &self.costs;
        format!(
            "{:.2} ms ({:.2} in the kernel)",
            costs.cpu_ms_per_call_second, costs.system_ms_per_call_second
        )
    }
}

const TOO_SHORT: &str = "not told: that takes ten minutes, and twelve samples";

fn times(times: &Quantiles) -> String {
    if times.count == 0 {
        return "none".to_owned();
    }
    let times = [times.p50_us, times.p99_us, times.p999_us, times.max_us];
    let columns = times.map(|time| format!("{:>8.2} ms", time / 1e3));
    columns.concat()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, far from 2^52"
)]
fn bytes(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, far from 2^52"
)]
fn float(count: i64) -> f64 {
    count as f64
}

/// To three decimal places.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
