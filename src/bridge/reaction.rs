//! How fast a caller who breaks in is obeyed, and how much waits for the carrier.

use std::time::{Duration, Instant};

use super::run::now;
use crate::call::{CarrierAction, Event};

/// The way of one `clear`, from the agent's word to the carrier's socket.
#[derive(Debug, Default)]
pub(super) struct Reaction {
    /// The agent has just said that the caller speaks.
    heard: Option<Instant>,
    /// What was said then is cleared, and the carrier has not taken that yet.
    cleared: Option<Instant>,
}

impl Reaction {
    /// Something happened, and what it asks for comes next.
    pub(super) fn hear(&mut self, event: &Event, now: Instant) {
        self.heard = matches!(event, Event::SpeechStarted { .. }).then_some(now);
    }

    /// The carrier is asked for this.
    pub(super) fn perform(&mut self, action: &CarrierAction) {
        if matches!(action, CarrierAction::Clear)
            && let Some(heard) = self.heard.take()
        {
            self.cleared.get_or_insert(heard);
        }
    }

    /// The carrier has taken everything.
    pub(super) fn sent(&mut self) {
        if let Some(since) = self.cleared.take() {
            let took = now() - since;
            metrics::histogram!("frontdesk_barge_in_seconds").record(took.as_secs_f64());
        }
    }
}

/// Tells how much the carrier has not taken, and has not played: of each call
/// from time to time, so that it costs the sound nothing.
pub(super) fn tell_queue(unsent: usize, lead: Duration) {
    let unsent = u32::try_from(unsent).unwrap_or(u32::MAX);
    metrics::histogram!("frontdesk_carrier_unsent_bytes").record(f64::from(unsent));
    metrics::histogram!("frontdesk_carrier_lead_seconds").record(lead.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::call::ItemKey;

    /// How many reactions were measured while `what` was done.
    fn measured(what: impl FnOnce(&mut Reaction, Instant)) -> usize {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let now = now();
        metrics::with_local_recorder(&recorder, || what(&mut Reaction::default(), now));
        let text = handle.render();
        let count = text
            .lines()
            .find_map(|line| line.strip_prefix("frontdesk_barge_in_seconds_count "));
        count.map_or(0, |count| count.parse().unwrap())
    }

    const SPEECH: Event = Event::SpeechStarted { item: ItemKey(1) };

    #[test]
    fn a_clear_that_the_carrier_has_taken_is_measured_once() {
        let count = measured(|reaction, now| {
            reaction.hear(&SPEECH, now);
            reaction.perform(&CarrierAction::Clear);
            reaction.sent();
            reaction.sent();
        });
        assert_eq!(count, 1);
    }

    #[test]
    fn who_speaks_into_silence_or_is_replaced_is_not_measured() {
        let count = measured(|reaction, now| {
            reaction.hear(&SPEECH, now);
            reaction.sent();
            reaction.hear(&Event::CarrierReplaced, now);
            reaction.perform(&CarrierAction::Clear);
            reaction.sent();
        });
        assert_eq!(count, 0);
    }
}
