//! The sound of a greeting, for the carrier to fetch.
//!
//! The carrier fetches it as any stranger would: the address is the key. It
//! names the greeting and the hour at which it ends to be good, and carries a
//! signature that only the greeting's own secret makes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Webhooks;
use crate::domain::{GreetingContent, GreetingId, Secret, Timestamp};
use crate::store::greetings;

/// The path at which the sound can be fetched for an hour or two. Within an
/// hour it is the same, so that the carrier need not fetch it for every call.
pub(super) fn path(id: GreetingId, secret: &Secret<String>, now: Timestamp) -> String {
    let until = (now.as_ms().div_euclid(HOUR_MS) + 2) * HOUR_MS;
    let signature = sign(id, secret, until).finalize().into_bytes();
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("/api/voice/webhooks/greetings/{id}/{until}/{signature}")
}

/// Hands the sound to whoever has a good address; nobody else learns more than
/// that there is nothing.
pub(super) async fn sound(
    State(house): State<Webhooks>,
    Path((id, until, signature)): Path<(String, String, String)>,
) -> Response {
    match fetch(&house, (&id, &until, &signature)).await {
        Some((mime, bytes)) => {
            let headers = [
                (CONTENT_TYPE, mime),
                (CONTENT_DISPOSITION, "attachment"),
                (CACHE_CONTROL, "private, max-age=3600"),
            ];
            (headers, bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn fetch(
    house: &Webhooks,
    (id, until, signature): (&str, &str, &str),
) -> Option<(&'static str, Vec<u8>)> {
    let id: GreetingId = id.parse().ok()?;
    let until: i64 = until.parse().ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let greeting = greetings::find_to_play(&house.store, id).await;
    let greeting = greeting
        .inspect_err(|error| tracing::error!(%error, "greeting.failed"))
        .ok()??;
    let GreetingContent::Played {
        file,
        format,
        secret,
        ..
    } = greeting.content
    else {
        return None;
    };
    sign(id, &secret, until).verify_slice(&signature).ok()?;
    if until <= house.clock.now().as_ms() {
        return None;
    }
    let bytes = house.recordings.read(&file).await;
    let bytes = bytes.inspect_err(|error| tracing::error!(%error, "greeting.failed"));
    Some((format.mime(), bytes.ok()??))
}

fn sign(id: GreetingId, secret: &Secret<String>, until: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("a key of any length is a key");
    mac.update(format!("{id}/{until}").as_bytes());
    mac
}

const HOUR_MS: i64 = 3_600_000;
