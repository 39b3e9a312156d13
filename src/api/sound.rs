//! Sound as an answer: the whole of it, or the part that a player asks for.

use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_range_header::parse_range_header;
use utoipa::ToSchema;

use super::problem::ApiError;

/// A WAV file of one channel, 8,000 samples a second.
#[derive(ToSchema)]
#[schema(value_type = String, content_media_type = "audio/wav")]
pub(super) struct Wav(pub(super) Vec<u8>);

impl Wav {
    /// The sound, or the one part of it that the request asks for. A request
    /// that cannot be read, or for several parts, is for the whole.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-14>
    pub(super) fn answer(self, request: &HeaderMap) -> Result<Response, ApiError> {
        let length = self.0.len();
        let asked = request.get(RANGE).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|text| parse_range_header(text).ok());
        let ranges = asked.map(|ranges| ranges.validate(length as u64));
        let ranges = ranges.transpose();
        let ranges = ranges.map_err(|_| ApiError::BeyondEnd(length))?;
        let Some([range]) = ranges.as_deref() else {
            return Ok((head(), self.0).into_response());
        };
        let beyond = |_| ApiError::BeyondEnd(length);
        let from = usize::try_from(*range.start()).map_err(beyond)?;
        let to = usize::try_from(*range.end()).map_err(beyond)?;
        let part = self.0.get(from..=to).unwrap_or_default().to_vec();
        let place = [(CONTENT_RANGE, format!("bytes {from}-{to}/{length}"))];
        Ok((StatusCode::PARTIAL_CONTENT, head(), place, part).into_response())
    }
}

fn head() -> HeaderMap {
    let headers = [
        (CONTENT_TYPE, "audio/wav"),
        (CONTENT_DISPOSITION, "inline; filename=\"message.wav\""),
        (CACHE_CONTROL, "private, no-store"),
        (ACCEPT_RANGES, "bytes"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    headers.into_iter().collect()
}
