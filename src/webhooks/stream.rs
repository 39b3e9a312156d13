//! The WebSocket upgrade of a media stream.
//!
//! <https://www.rfc-editor.org/rfc/rfc6455#section-4.2>

use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Webhooks;
use super::signed::signature;

/// Grants the upgrade to whoever signs as the carrier. What the stream is
/// worth shows in its first messages.
pub(super) async fn stream(
    State(house): State<Webhooks>,
    OriginalUri(uri): OriginalUri,
    mut request: Request,
) -> Response {
    let path_and_query = uri
        .path_and_query()
        .map_or("/media-stream", |path| path.as_str());
    let url = house.socket_url(path_and_query);
    let headers = request.headers();
    if let Err(error) = house.verifier.verify_upgrade(&url, signature(headers)) {
        metrics::counter!("frontdesk_streams_refused_total", "why" => "signature").increment(1);
        if let Some(visit) = house.strangers.count(request.extensions()) {
            let (from, times) = (visit.from(), visit.times);
            tracing::warn!(%error, %from, times,
                "stream.refused: check PUBLIC_URL and TWILIO_AUTH_TOKEN");
        }
        return StatusCode::FORBIDDEN.into_response();
    }
    let key = match handshake_key(headers) {
        Ok(key) => key,
        Err(refusal) => return refusal.into_response(),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let upgraded = async { upgrade.await.map(TokioIo::new) };
    if !house.bridge.receive(upgraded) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let headers = [
        (CONNECTION, "Upgrade".to_owned()),
        (UPGRADE, "websocket".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, key),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

type HandshakeRefusal = (StatusCode, [(HeaderName, &'static str); 1], &'static str);

/// The answer to the peer's key, if it asks for a WebSocket in the right way.
fn handshake_key(headers: &HeaderMap) -> Result<String, HandshakeRefusal> {
    let has = |name: HeaderName, token: &str| {
        let values = headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    let refusal = [(SEC_WEBSOCKET_VERSION, "13")];
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") {
        let hint = "this is a WebSocket: send Connection: Upgrade and Upgrade: websocket\n";
        return Err((StatusCode::UPGRADE_REQUIRED, refusal, hint));
    }
    if !has(SEC_WEBSOCKET_VERSION, "13") {
        return Err((
            StatusCode::UPGRADE_REQUIRED,
            refusal,
            "Sec-WebSocket-Version must be 13\n",
        ));
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .map(|key| derive_accept_key(key.as_bytes()));
    key.ok_or((
        StatusCode::BAD_REQUEST,
        refusal,
        "Sec-WebSocket-Key is missing\n",
    ))
}
