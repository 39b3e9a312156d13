//! Every path that the carrier calls, on one page.

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use super::{Webhooks, fallback, inbound, status, stream, stream_ended};

/// The carrier's paths. A webhook may be fetched by POST or by GET, as the
/// number is configured.
pub fn router(house: Webhooks) -> Router {
    Router::new()
        .route(
            "/api/voice/webhooks/twiml/inbound",
            both(post(inbound::inbound).get(inbound::inbound)),
        )
        .route(
            "/api/voice/webhooks/stream-ended",
            both(post(stream_ended::stream_ended).get(stream_ended::stream_ended)),
        )
        .route(
            "/api/voice/webhooks/status",
            both(post(status::status).get(status::status)),
        )
        .route(
            "/api/voice/webhooks/fallback",
            both(post(fallback::fallback).get(fallback::fallback)),
        )
        .route("/media-stream", get(stream::stream))
        .with_state(house)
}

fn both(routes: MethodRouter<Webhooks>) -> MethodRouter<Webhooks> {
    routes
}
