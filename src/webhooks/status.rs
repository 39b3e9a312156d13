//! How a call stands, as the carrier tells it: late, twice and out of order.

use axum::extract::State;
use axum::http::StatusCode;

use super::at::At;
use super::signed::Signed;
use super::{Webhooks, conference, warm};
use crate::bridge::{CallStands, Placing, Told};
use crate::domain::{CallId, EndReason};
use crate::store::calls::StatusNews;
use crate::twilio::webhook::StatusCallback;

/// Has the state written down; the log moves forward only, whatever the order. Who
/// watches is told of an end when it is written.
///
/// Where not even the disk takes it the answer is 503: the carrier repeats the
/// callback if it is told to.
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
    let stands = stands(&house, &at, &callback);
    if callback.call.status.is_terminal() {
        // An agent that was dialled for a stream that never came is let go.
        house
            .bridge
            .hang_up(&callback.call.call_sid, EndReason::CallerHungUp);
        house.memory.close(&callback.call.call_sid);
        conference::over(&house, &callback.call.call_sid);
        house.trails.forget(&callback.call.call_sid);
        warm::caller_gone(&house, &callback.call.call_sid);
    }
    house.take_down(Told::Stands(stands), "status.failed").await
}

fn stands(house: &Webhooks, at: &At, callback: &StatusCallback) -> CallStands {
    let (call, now) = (&callback.call, house.clock.now());
    let duration = callback.duration.map(|long| long.as_secs());
    let sequence = callback.sequence_number;
    CallStands {
        own: at.own,
        call_sid: call.call_sid.clone(),
        placed: placing(house, callback),
        direction: call.direction,
        from: call.from.clone(),
        to: call.to.clone(),
        news: StatusNews {
            status: call.status,
            sequence: sequence.and_then(|sequence| i64::try_from(sequence).ok()),
            duration_s: duration.and_then(|long| i64::try_from(long).ok()),
            at: callback.timestamp.unwrap_or(now),
        },
        at: now,
    }
}

/// Of a call that was placed here, the database may hear by this first.
fn placing(house: &Webhooks, callback: &StatusCallback) -> Placing {
    let Some(placed) = house.memory.call(&callback.call.call_sid) else {
        return Placing::Unknown {
            call_id: CallId::of_sid(&callback.call.call_sid),
        };
    };
    Placing::Here {
        tenant_id: placed.tenant_id,
        call_id: placed.call_id,
    }
}
