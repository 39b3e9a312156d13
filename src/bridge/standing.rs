//! How a live call stands, for the count of calls by state.

use super::registry::Bridge;
use crate::call::Report;

impl Bridge {
    /// Facts about calls that wait to be written down.
    pub fn notes_waiting(&self) -> usize {
        self.keeper().waiting()
    }
}

/// One call among those that are counted; counted no more when it is dropped.
#[derive(Debug)]
pub(super) struct Standing {
    has_carrier: bool,
    agent: Agent,
    is_held: bool,
    counted: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Agent {
    /// The first is being reached for.
    Awaited,
    There,
    Lost,
}

impl Standing {
    /// A call that was let in and whose stream is not there.
    pub(super) fn ringing() -> Self {
        let standing = Self {
            has_carrier: false,
            agent: Agent::Awaited,
            is_held: false,
            counted: RINGING,
        };
        count(RINGING, 1.0);
        standing
    }

    /// The carrier's stream is there.
    pub(super) fn answered(&mut self) {
        self.has_carrier = true;
        self.recount();
    }

    /// This was reported of the call.
    pub(super) fn note(&mut self, report: &Report) {
        match report {
            Report::Connected | Report::AgentBack { .. } => self.agent = Agent::There,
            Report::AgentLost => self.agent = Agent::Lost,
            Report::Held(is_held) => self.is_held = *is_held,
            Report::Speaking(_)
            | Report::Said(_)
            | Report::Interrupted { .. }
            | Report::Latency(_)
            | Report::RanDry { .. }
            | Report::OutOfDate { .. }
            | Report::Digits(_)
            | Report::Tool { .. }
            | Report::Used(_)
            | Report::Muted { .. }
            | Report::Silence { .. } => return,
        }
        self.recount();
    }

    fn recount(&mut self) {
        let state = match (self.has_carrier, self.agent) {
            (false, _) => RINGING,
            (true, _) if self.is_held => "held",
            (true, Agent::Awaited) => "connecting",
            (true, Agent::There) => "talking",
            (true, Agent::Lost) => "reconnecting",
        };
        if state != self.counted {
            count(self.counted, -1.0);
            count(state, 1.0);
            self.counted = state;
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        count(self.counted, -1.0);
    }
}

const RINGING: &str = "ringing";

fn count(state: &'static str, by: f64) {
    metrics::gauge!("frontdesk_calls", "state" => state).increment(by);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

    use super::*;

    /// The states in which there are calls, and how many.
    fn calls(handle: &PrometheusHandle) -> Vec<(String, String)> {
        let text = handle.render();
        let counts = text.lines().filter_map(|line| {
            let line = line.strip_prefix("frontdesk_calls{state=\"")?;
            let (state, count) = line.split_once("\"} ")?;
            (count != "0").then(|| (state.to_owned(), count.to_owned()))
        });
        counts.collect()
    }

    #[test]
    fn a_call_is_counted_where_it_stands_and_nowhere_when_it_is_over() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let one = |state: &str| vec![(state.to_owned(), "1".to_owned())];
        metrics::with_local_recorder(&recorder, || {
            let mut standing = Standing::ringing();
            assert_eq!(calls(&handle), one("ringing"));
            standing.answered();
            assert_eq!(calls(&handle), one("connecting"));
            standing.note(&Report::Connected);
            assert_eq!(calls(&handle), one("talking"));
            standing.note(&Report::Held(true));
            standing.note(&Report::AgentLost);
            assert_eq!(calls(&handle), one("held"));
            standing.note(&Report::Held(false));
            assert_eq!(calls(&handle), one("reconnecting"));
            let after = Duration::from_secs(1);
            standing.note(&Report::AgentBack { after });
            assert_eq!(calls(&handle), one("talking"));
            drop(standing);
            assert_eq!(calls(&handle), []);
        });
    }
}
