//! `GET /metrics`: what Prometheus reads. No tenant is named in it.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics::gauge;

use super::state::ApiState;

/// Everything counted, with the calls of this moment.
pub(super) async fn metrics(State(state): State<ApiState>) -> impl IntoResponse {
    let counts = state.bridge.counts();
    gauge!("frontdesk_calls_live").set(as_gauge(counts.live));
    gauge!("frontdesk_calls_capacity").set(as_gauge(counts.capacity));
    gauge!("frontdesk_notes_waiting").set(as_gauge(state.bridge.notes_waiting()));
    gauge!("frontdesk_draining").set(if counts.is_draining { 1.0 } else { 0.0 });
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        (state.rendering)(),
    )
}

/// No house has so many calls that the number would lose its end.
fn as_gauge(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
