//! What the carrier is told while there is no house yet, for its database is waited for.
//!
//! Nobody can be looked up and nothing be written down: callers are asked to call again,
//! who waits in a queue waits on, and what is told once is refused, so that it is told
//! again. That is no secret, so no signature is asked for.

use std::time::Duration;

use axum::Router;
use axum::extract::RawForm;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};

use super::hold_music::hold_music;
use super::xml::Xml;
use super::{spoken, voicemail};
use crate::twilio::twiml;
use crate::twilio::webhook::parse_form;

/// Whoever waits asks again so soon.
const SOON: Duration = Duration::from_secs(10);

/// The carrier's paths, before the house is there.
pub fn closed() -> Router {
    let webhooks = Router::new()
        .route("/status", any(refuse))
        .route("/recording", any(refuse))
        .route("/transcription", any(refuse))
        .route("/sms", any(refuse))
        .route("/sms-status", any(refuse))
        .route("/voicemail", any(recorded))
        .route("/queue/wait", any(wait_on))
        .route("/warm/wait", any(wait_on))
        .route("/warm/stands", any(refuse))
        .route("/hold-music.wav", get(hold_music))
        .route("/greetings/{*path}", any(refuse))
        .route("/{*path}", any(call_again));
    Router::new()
        .nest("/api/voice/webhooks", webhooks)
        .route("/media-stream", any(refuse))
}

async fn call_again() -> Response {
    let why = "database.away";
    metrics::counter!("frontdesk_setup_failures_total", "why" => why).increment(1);
    Xml(spoken::apology()).into_response()
}

/// Whoever has left a message is asked to call again; that there is one is told again.
async fn recorded(RawForm(form): RawForm) -> Response {
    if voicemail::is_status(&parse_form(&form)) {
        return refuse().await.into_response();
    }
    call_again().await
}

async fn wait_on() -> Response {
    Xml(twiml::Response::new().pause(SOON)).into_response()
}

async fn refuse() -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}
