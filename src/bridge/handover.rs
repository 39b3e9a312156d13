//! Calls that their receptionist hands on.

use super::registry::Bridge;
use crate::call::{HandsTo, Order};
use crate::domain::CallSid;
use crate::routing::{Handover, Stop};

impl Bridge {
    /// Hands a call on that a receptionist has: the caller is told so, and when
    /// the carrier asks what comes next, it is what the handover says. False if
    /// the call is not live, or too busy to listen.
    pub fn transfer(&self, call_sid: &CallSid, handover: Handover) -> bool {
        let to = handover.stops.first().map_or(HandsTo::Person, to_whom);
        self.handovers().insert(call_sid.clone(), handover);
        let is_told = self.order(call_sid, Order::Transfer(to));
        if !is_told {
            self.handovers().remove(call_sid);
        }
        is_told
    }

    /// The call goes on there as soon as the carrier asks; its caller is being
    /// told.
    pub(super) fn hand_over(&self, call_sid: &CallSid, handover: Handover) {
        self.handovers().insert(call_sid.clone(), handover);
    }

    /// Where a call goes on that was handed on here a short time ago.
    pub fn handover(&self, call_sid: &CallSid) -> Option<Handover> {
        let found = self.handovers().get(call_sid);
        found.map(|handover| handover.clone())
    }

    /// The same, if it was handed on from the stop `n` of its route, and not before.
    pub fn handover_from(&self, call_sid: &CallSid, n: usize) -> Option<Handover> {
        let found = self.handover(call_sid);
        found.filter(|handover| handover.first > n)
    }

    /// What nobody asks for any more.
    pub(super) fn forget_old_handovers(&self) {
        let is_known = |sid: &CallSid| self.has(sid) || self.outcome(sid).is_some();
        self.handovers().retain(|sid, _| is_known(sid));
        self.pasts().retain(|sid, _| is_known(sid));
    }
}

/// What a caller may be told who is handed on there.
pub(super) fn to_whom(stop: &Stop) -> HandsTo {
    if matches!(stop, Stop::Voicemail { .. }) {
        HandsTo::Voicemail
    } else {
        HandsTo::Person
    }
}
