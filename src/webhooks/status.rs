//! How a call stands, as the carrier tells it: late, twice and out of order.

use axum::extract::State;
use axum::http::StatusCode;

use super::at::At;
use super::signed::Signed;
use super::{Webhooks, log};
use crate::domain::EndReason;
use crate::store::{self, call_routes, calls, outbound_calls};
use crate::twilio::webhook::StatusCallback;

/// Writes the state down; the log moves forward only, whatever the order.
///
/// A failure is 503: the carrier repeats the callback if it is told to.
pub(super) async fn status(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> StatusCode {
    let callback = match StatusCallback::from_pairs(&pairs) {
        Ok(callback) => callback,
        Err(error) => {
            tracing::warn!(%error, "status.unreadable");
            return StatusCode::BAD_REQUEST;
        }
    };
    if callback.call.status.is_terminal() {
        // An agent that was dialled for a stream that never came is let go.
        house
            .bridge
            .hang_up(&callback.call.call_sid, EndReason::CallerHungUp);
        house.memory.close(&callback.call.call_sid);
        house.journal.forget(&callback.call.call_sid);
    }
    match write_down(&house, &at, &callback).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(error) => {
            tracing::error!(%error, "status.failed");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

async fn write_down(
    house: &Webhooks,
    at: &At,
    callback: &StatusCallback,
) -> Result<(), store::Error> {
    let call = &callback.call;
    if let Some(own) = at.own
        && !outbound_calls::name(&house.store, own, &call.call_sid).await?
    {
        // A call of ours that was forgotten, or that the carrier has made twice.
        tracing::warn!(call.id = %own, "status.unknown: nobody waits for this call");
        return Ok(());
    }
    let news = calls::StatusNews {
        status: call.status,
        sequence: callback
            .sequence_number
            .and_then(|sequence| i64::try_from(sequence).ok()),
        duration_s: callback
            .duration
            .and_then(|long| i64::try_from(long.as_secs()).ok()),
        at: callback.timestamp.unwrap_or_else(|| house.clock.now()),
    };
    if calls::apply_status(&house.store, &call.call_sid, &news)
        .await?
        .is_none()
    {
        // The first that we hear of this call, unless it was deleted.
        match log::open(house, call).await {
            Err(store::Error::Forgotten) => return Ok(()),
            opened => opened?,
        };
        calls::apply_status(&house.store, &call.call_sid, &news).await?;
    }
    if call.status.is_terminal() {
        call_routes::close(&house.store, &call.call_sid, news.at).await?;
    }
    Ok(())
}
