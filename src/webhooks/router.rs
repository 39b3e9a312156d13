//! Every path that the carrier calls, on one page.

use axum::Router;
use axum::routing::get;

use super::{Webhooks, fallback, greeting_sound, inbound, status, stream, stream_ended, voicemail};

/// The carrier's paths. A webhook may be fetched by POST or by GET, as the
/// number is configured.
pub fn router(house: Webhooks) -> Router {
    let webhooks = Router::new()
        .route(
            "/twiml/inbound",
            get(inbound::inbound).post(inbound::inbound),
        )
        .route(
            "/stream-ended",
            get(stream_ended::stream_ended).post(stream_ended::stream_ended),
        )
        .route(
            "/twiml/voicemail",
            get(voicemail::leave_message).post(voicemail::leave_message),
        )
        .route(
            "/voicemail",
            get(voicemail::recorded).post(voicemail::recorded),
        )
        .route(
            "/transcription",
            get(voicemail::transcribed).post(voicemail::transcribed),
        )
        .route(
            "/greetings/{id}/{until}/{signature}",
            get(greeting_sound::sound),
        )
        .route("/status", get(status::status).post(status::status))
        .route(
            "/fallback",
            get(fallback::fallback).post(fallback::fallback),
        );
    Router::new()
        .nest("/api/voice/webhooks", webhooks)
        .route("/media-stream", get(stream::stream))
        .with_state(house)
}
