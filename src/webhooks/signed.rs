//! A webhook request whose signature is good.

use axum::body::to_bytes;
use axum::extract::{FromRequest, OriginalUri, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::router::Door;
use crate::twilio::signature::{SETTINGS_HEADER, SIGNATURE_HEADER, Signature};
use crate::twilio::webhook::parse_form;

/// The longest form that a carrier sends.
const MAX_BODY: usize = 64 * 1024;

/// The parameters of a request that the carrier has signed.
pub(super) struct Signed(pub(super) Vec<(String, String)>);

/// Why a request is turned away, without a word: whoever sent it is not the
/// carrier, or the house is misconfigured, which the log tells.
#[derive(Debug)]
pub(super) enum Refused {
    Signature,
    Body,
}

impl FromRequest<Door> for Signed {
    type Rejection = Refused;

    async fn from_request(request: Request, Door(house): &Door) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await.map_err(|_| Refused::Body)?;
        let uri = parts
            .extensions
            .get::<OriginalUri>()
            .map_or(&parts.uri, |uri| &uri.0);
        let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
        let url = house.url(path_and_query);
        let signature = signature(&parts.headers);
        let verifier = &house.verifier;
        let signed = if parts.method == Method::GET {
            let query = uri.query().unwrap_or_default();
            verifier
                .verify_get(&url, signature)
                .map(|()| parse_form(query.as_bytes()))
        } else {
            verifier.verify_form_body(&url, &body, signature)
        };
        let signed = signed.map_err(|error| {
            if let Some(visit) = house.strangers.count(&parts.extensions) {
                let (from, times) = (visit.from(), visit.times);
                tracing::warn!(%error, %from, times,
                    "webhook.refused: check PUBLIC_URL and TWILIO_AUTH_TOKEN");
            }
            Refused::Signature
        })?;
        house.callers.note(&signed);
        Ok(Self(signed))
    }
}

/// The signature that a request carries, if it carries one.
pub(super) fn signature(headers: &HeaderMap) -> Signature<'_> {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Signature::from(value(SIGNATURE_HEADER)).with_settings(value(SETTINGS_HEADER))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Signature => {
                metrics::counter!("frontdesk_webhooks_refused_total").increment(1);
                StatusCode::FORBIDDEN
            }
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
        };
        status.into_response()
    }
}
