//! What a caller is told by a process that will not be there for another question.
//!
//! Everything is in one document: who can be rung without a further word from us is rung,
//! and what follows is fixed, whatever comes of it. Whoever waits or leaves a message would
//! need somebody who is told of it.

use super::memory::Placed;
use super::speech::Speech;
use super::{Webhooks, gate, ring};
use crate::routing::{RingStop, Stop};
use crate::twilio::twiml::{Dial, Number, RejectReason, Response};
use crate::twilio::webhook::VoiceRequest;

/// Whether this process goes, and nobody else of the house is there to be asked.
pub(super) fn is_due(house: &Webhooks) -> bool {
    house.bridge.is_leaving() && !house.process.has_others()
}

/// Whether that is to be soon: whoever waits is given nothing to hear that takes long.
pub(super) fn is_near(house: &Webhooks) -> bool {
    house.bridge.counts().is_draining && !house.process.has_others()
}

/// The rest of the route from the stop `first` on, as far as it can be told at once.
pub(super) async fn give(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    first: usize,
) -> Response {
    let speech = Speech::new(placed.route.language.as_deref());
    for (n, stop) in placed.route.stops.iter().enumerate().skip(first) {
        match stop {
            Stop::Reject(_) if n == 0 => return Response::reject(RejectReason::Rejected),
            Stop::Message { text } => return Response::new().say(speech.say_own(text)).hangup(),
            Stop::Ring(stop) => {
                if let Some(dial) = rung(house, placed, request, stop).await {
                    let after = speech.say(speech.phrases.call_again_if_nobody_came);
                    return Response::new().dial(dial).say(after).hangup();
                }
            }
            Stop::Reject(_)
            | Stop::Ai(_)
            | Stop::Queue(_)
            | Stop::Voicemail { .. }
            | Stop::Ivr(_)
            | Stop::Apology => {}
        }
    }
    let again = speech.say(speech.phrases.call_again);
    Response::new().say(again).hangup()
}

/// Whom the gate lets be rung. They are connected without a word before: nobody would be
/// here to say it.
async fn rung(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    stop: &RingStop,
) -> Option<Dial> {
    let allowance = gate::of(house, placed, stop).await.ok()?;
    let (permits, _) = ring::let_through(&allowance, request, stop);
    let dial = ring::begun(request, stop, &permits)?;
    Some(permits.iter().map(Number::new).fold(dial, Dial::number))
}
