//! A TwiML document as an answer.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::spoken;
use crate::twilio::twiml;

/// TwiML, 200.
pub(super) struct Xml(pub(super) twiml::Response);

impl IntoResponse for Xml {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, "text/xml; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ];
        (headers, self.0.to_xml()).into_response()
    }
}

/// What the caller hears when a handler could not answer at all.
pub fn apology() -> Response {
    Xml(spoken::apology()).into_response()
}
