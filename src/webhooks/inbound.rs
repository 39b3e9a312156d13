//! Somebody rings: where the call goes is decided, and TwiML goes out.

use axum::extract::State;

use super::signed::Signed;
use super::xml::Xml;
use super::{Webhooks, spoken, stops, switchboard};
use crate::twilio::webhook::VoiceRequest;

/// Answers a call as the plan of its number wants it.
pub(super) async fn inbound(State(house): State<Webhooks>, Signed(pairs): Signed) -> Xml {
    let request = match VoiceRequest::from_pairs(&pairs) {
        Ok(request) => request,
        Err(error) => {
            tracing::warn!(%error, "inbound.unreadable");
            return Xml(spoken::apology());
        }
    };
    Xml(match switchboard::arrive(&house, &request).await {
        Some(placed) => stops::follow(&house, &placed, &request, 0).await,
        None => spoken::apology(),
    })
}
