//! The stream is over: the carrier asks what comes next.

use axum::extract::State;

use super::at::At;
use super::signed::Signed;
use super::xml::Xml;
use super::{Webhooks, spoken, stops, switchboard};
use crate::domain::EndReason;
use crate::routing::ivr::Outcome;
use crate::twilio::twiml::Response;
use crate::twilio::webhook::VoiceRequest;

/// A caller who is still there because something failed goes on along the
/// route; otherwise everything has been said.
pub(super) async fn stream_ended(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(request) = VoiceRequest::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    // A call that this process does not know ended with another process.
    let is_waiting = house
        .bridge
        .outcome(&request.call_sid)
        .is_none_or(EndReason::leaves_caller_waiting);
    if !is_waiting {
        return Xml(Response::new().hangup());
    }
    Xml(match switchboard::find(&house, &request.call_sid).await {
        Some(placed) => stops::go_on(&house, &placed, &request, &at, Outcome::Failed).await,
        None => spoken::apology(),
    })
}
