//! Tells what happens in a call, to the report and to whoever listens.

use tokio::sync::broadcast;
use tokio::time::Instant;

use super::event::{CarrierEvent, CarrierEventKind};

/// One call's teller.
#[derive(Debug)]
pub(super) struct Teller {
    call_sid: String,
    listeners: broadcast::Sender<CarrierEvent>,
    told: Vec<CarrierEvent>,
}

impl Teller {
    pub(super) const fn new(call_sid: String, listeners: broadcast::Sender<CarrierEvent>) -> Self {
        Self {
            call_sid,
            listeners,
            told: Vec::new(),
        }
    }

    pub(super) fn tell(&mut self, at: Instant, kind: CarrierEventKind) {
        let event = CarrierEvent {
            call_sid: self.call_sid.clone(),
            at,
            kind,
        };
        self.told.push(event.clone());
        // Nobody has to listen.
        let _ = self.listeners.send(event);
    }

    /// All that was told.
    pub(super) fn into_told(self) -> Vec<CarrierEvent> {
        self.told
    }
}
