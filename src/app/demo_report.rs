//! What the demo found, in figures.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::rehearsal::carrier::CallReport;
use crate::rehearsal::model::SessionRecord;
use crate::rehearsal::{TruncationError, truncation_error};

/// How far the model's idea of what was heard may be from the truth.
const TOLERANCE_MS: i64 = 40;
/// Turns of each side in every call.
const TURNS: usize = 2;

/// Whether all was well.
pub(super) enum Finding {
    Good,
    Bad(String),
}

/// All calls of a demo, summed up.
pub(super) struct Summary {
    calls: usize,
    answers: Vec<Duration>,
    barge_ins: Vec<Duration>,
    underrun: Duration,
    truncations: Vec<i64>,
    faults: Vec<String>,
}

/// The simulated model's records, what it complained of, and whether every
/// socket was closed in time.
pub(super) type Sessions = Option<(Vec<SessionRecord>, Vec<String>, bool)>;

impl Summary {
    pub(super) fn of(reports: &[CallReport], sessions: Sessions) -> Self {
        let mut summary = Self {
            calls: reports.len(),
            answers: reports
                .iter()
                .flat_map(CallReport::response_times)
                .collect(),
            barge_ins: reports
                .iter()
                .flat_map(CallReport::barge_in_times)
                .collect(),
            underrun: Duration::ZERO,
            truncations: Vec::new(),
            faults: Vec::new(),
        };
        for report in reports {
            summary.add_report(report);
        }
        if let Some((sessions, violations, are_closed)) = sessions {
            summary.add_sessions(reports, &sessions, are_closed);
            summary.faults.extend(violations);
        }
        summary
    }

    fn add_report(&mut self, report: &CallReport) {
        self.faults.extend(report.all_violations());
        self.faults.extend(report.failures.iter().cloned());
        self.faults.extend(
            report
                .gave_up_at
                .iter()
                .map(|step| format!("the caller gave up at {step}")),
        );
        let Some(stream) = report.stream() else {
            self.faults.push("no media stream was opened".to_owned());
            return;
        };
        self.underrun += stream.underrun(Duration::from_millis(300));
        if stream.clears.is_empty() {
            self.faults
                .push("the interruption cleared nothing".to_owned());
        }
    }

    fn add_sessions(
        &mut self,
        reports: &[CallReport],
        sessions: &[SessionRecord],
        are_closed: bool,
    ) {
        if !are_closed || sessions.len() != reports.len() {
            let open = sessions
                .iter()
                .filter(|session| session.closed_at.is_none())
                .count();
            self.faults.push(format!(
                "{} model sockets for {} calls, {open} left open",
                sessions.len(),
                reports.len()
            ));
        }
        for session in sessions {
            if session.turns.len() != TURNS || session.responses.len() != TURNS + 1 {
                self.faults.push(format!(
                    "{} turns of the caller and {} of the receptionist, not {TURNS} and {}",
                    session.turns.len(),
                    session.responses.len(),
                    TURNS + 1
                ));
            }
        }
        // With several calls there is no telling which session was whose.
        if let ([report], [session]) = (reports, sessions)
            && let Some(stream) = report.stream()
        {
            self.truncations = truncation_error(stream, session)
                .iter()
                .map(TruncationError::error_ms)
                .collect();
            if self.truncations.is_empty() {
                self.faults
                    .push("the model was not told of the interruption".to_owned());
            }
            let is_off = |error: &i64| error.abs() > TOLERANCE_MS;
            if let Some(error) = self.truncations.iter().copied().find(is_off) {
                self.faults
                    .push(format!("the truncation is off by {error} ms"));
            }
        }
    }

    pub(super) fn finding(&self) -> Finding {
        match self.faults.first() {
            None => Finding::Good,
            Some(first) => Finding::Bad(format!("{first} ({} in all)", self.faults.len())),
        }
    }

    /// The figures, a line each.
    pub(super) fn text(&self, wav: &Path) -> String {
        let mut text = String::from("\n");
        let mut line = |name: &str, value: String| {
            writeln!(text, "  {name:<44} {value}").expect("a string takes all");
        };
        line("calls", self.calls.to_string());
        line(
            "from the caller's last sound to the answer",
            quantiles(&self.answers),
        );
        line("from barge-in to silence", quantiles(&self.barge_ins));
        line(
            "holes in the receptionist's speech",
            format!("{} ms", self.underrun.as_millis()),
        );
        if !self.truncations.is_empty() {
            let errors: Vec<String> = self
                .truncations
                .iter()
                .map(|error| format!("{error:+} ms"))
                .collect();
            line("truncation, against what was played", errors.join(", "));
        }
        line(
            "complaints of carrier and model",
            self.faults.len().to_string(),
        );
        for fault in self.faults.iter().take(10) {
            line("", fault.clone());
        }
        line("both voices", wav.display().to_string());
        text
    }
}

/// The median and the worst.
fn quantiles(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(worst)) => {
            format!(
                "{} ms, at worst {} ms",
                median.as_millis(),
                worst.as_millis()
            )
        }
        _ => "none".to_owned(),
    }
}
