//! Sound as an answer: the whole of it, or the part that a player asks for.

use std::io::SeekFrom;
use std::ops::Range;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    RANGE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_range_header::parse_range_header;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

use super::problem::ApiError;

/// A WAV file of one channel, 8,000 samples a second.
#[derive(ToSchema)]
#[schema(value_type = String, content_media_type = "audio/wav")]
pub(super) struct Wav(pub(super) Vec<u8>);

impl Wav {
    /// The sound, or the one part of it that the request asks for.
    pub(super) fn answer(self, request: &HeaderMap) -> Result<Response, ApiError> {
        let part = Part::asked_for(request, self.0.len() as u64)?;
        let place = part.place()?;
        let sound = match &part.range {
            Some(_) => self.0.get(place).unwrap_or_default().to_vec(),
            None => self.0,
        };
        let head = head("audio/wav", "message.wav");
        Ok((part.status(), head, part.headers(), sound).into_response())
    }
}

/// A sound of two channels, the caller left and the receptionist right: WAV with
/// mu-law, or Ogg with Opus, as `Content-Type` says.
#[derive(ToSchema)]
#[schema(value_type = String, content_media_type = "audio/wav")]
pub(super) struct BothTracks(#[expect(dead_code, reason = "for the documentation")] Vec<u8>);

/// A file to be heard.
pub(super) struct SoundFile {
    /// The file.
    pub(super) file: File,
    /// How long it is.
    pub(super) length: u64,
    /// What it is.
    pub(super) content_type: String,
    /// What it is called when it is kept.
    pub(super) name: String,
}

impl SoundFile {
    /// The file, or the one part of it that the request asks for; it is read as
    /// it is sent.
    pub(super) async fn answer(mut self, request: &HeaderMap) -> Result<Response, ApiError> {
        let part = Part::asked_for(request, self.length)?;
        let (from, length) = part.span();
        let sought = self.file.seek(SeekFrom::Start(from)).await;
        sought.map_err(ApiError::storage)?;
        let stream = ReaderStream::new(self.file.take(length));
        let head = head(&self.content_type, &self.name);
        let measure = [(CONTENT_LENGTH, length.to_string())];
        let body = Body::from_stream(stream);
        Ok((part.status(), head, part.headers(), measure, body).into_response())
    }
}

/// What of a sound is asked for.
struct Part {
    length: u64,
    range: Option<(u64, u64)>,
}

impl Part {
    /// A request that cannot be read, or for several parts, is for the whole.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-14>
    fn asked_for(request: &HeaderMap, length: u64) -> Result<Self, ApiError> {
        let asked = request.get(RANGE).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|text| parse_range_header(text).ok());
        let ranges = asked.map(|ranges| ranges.validate(length));
        let ranges = ranges.transpose();
        let ranges = ranges.map_err(|_| ApiError::BeyondEnd(length))?;
        let range = match ranges.as_deref() {
            Some([range]) => Some((*range.start(), *range.end())),
            Some(_) | None => None,
        };
        Ok(Self { length, range })
    }

    /// Where it begins, and how long it is.
    fn span(&self) -> (u64, u64) {
        match self.range {
            Some((from, to)) => (from, to + 1 - from),
            None => (0, self.length),
        }
    }

    fn place(&self) -> Result<Range<usize>, ApiError> {
        let beyond = |_| ApiError::BeyondEnd(self.length);
        let (from, length) = self.span();
        let from = usize::try_from(from).map_err(beyond)?;
        Ok(from..from + usize::try_from(length).map_err(beyond)?)
    }

    fn status(&self) -> StatusCode {
        match self.range {
            Some(_) => StatusCode::PARTIAL_CONTENT,
            None => StatusCode::OK,
        }
    }

    fn headers(&self) -> HeaderMap {
        let place = self.range.map(|(from, to)| {
            let place = format!("bytes {from}-{to}/{}", self.length);
            (CONTENT_RANGE, ascii(&place))
        });
        place.into_iter().collect()
    }
}

fn head(content_type: &str, name: &str) -> HeaderMap {
    let headers = [
        (CONTENT_TYPE, ascii(content_type)),
        (
            CONTENT_DISPOSITION,
            ascii(&format!("inline; filename=\"{name}\"")),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    headers.into_iter().collect()
}

/// Names and numbers of ours are ASCII.
fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
