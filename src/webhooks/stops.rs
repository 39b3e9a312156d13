//! Follows a route: the first stop that can be had, from a given one on.

use super::memory::Placed;
use super::speech::Speech;
use super::{Webhooks, agent, queue, record, ring, spoken};
use crate::bridge::Refusal;
use crate::routing::{Refusal as Rejection, Stop};
use crate::twilio::twiml::{RejectReason, Response};
use crate::twilio::webhook::VoiceRequest;

/// What the carrier is to do from the stop `first` on. It only goes forward,
/// and there is always an answer.
pub(super) async fn follow(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    first: usize,
) -> Response {
    if placed.is_over() {
        tracing::warn!(call.id = %placed.call_id, "call.replayed: the call is over");
        return Response::new().hangup();
    }
    // Nobody is there any more who could go on, and an agent costs money.
    if request.status.is_terminal() {
        return Response::new().hangup();
    }
    let speech = Speech::new(placed.route.language.as_deref());
    let mut refusal = None;
    for (n, stop) in placed.route.stops.iter().enumerate().skip(first) {
        return match stop {
            Stop::Reject(how) if n == 0 => Response::reject(reason(*how)),
            Stop::Reject(_) => Response::new().hangup(),
            Stop::Ai(ai) => match agent::connect(house, placed, request, (n, ai)).await {
                Ok(response) => response,
                // A request from the past: the receptionist has had this call.
                Err(Refusal::Over) if n == 0 => Response::new().hangup(),
                Err(why) => {
                    tracing::warn!(call.id = %placed.call_id, %why, "call.refused");
                    refusal = Some(why);
                    continue;
                }
            },
            Stop::Ring(ring) => match ring::dial(house, request, (n, ring)) {
                Some(response) => response,
                None => continue,
            },
            Stop::Queue(stop) => match queue::enqueue(house, (n, stop)) {
                Ok(response) => response,
                Err(error) => {
                    tracing::error!(call.id = %placed.call_id, %error, "call.not_queued");
                    continue;
                }
            },
            Stop::Voicemail { greeting } => record::record(house, &speech, greeting.as_deref()),
            Stop::Message { text } => Response::new().say(speech.say_own(text)).hangup(),
            Stop::Apology => break,
        };
    }
    match refusal {
        Some(Refusal::Full) => spoken::engaged(),
        // Whoever rings is not to suffer for a limit: they leave a message.
        Some(Refusal::Spent) => record::record(house, &speech, None),
        _ => spoken::apology(),
    }
}

fn reason(how: Rejection) -> RejectReason {
    match how {
        Rejection::Rejected => RejectReason::Rejected,
        Rejection::Busy => RejectReason::Busy,
    }
}
