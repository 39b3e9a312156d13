//! Speech written down as text, by a model that listens to a recording.
//!
//! See <https://platform.openai.com/docs/api-reference/audio/createTranscription>;
//! many others answer to the same.

use std::fmt;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use url::Url;

use crate::domain::{Money, Pii, Secret, Timestamp, TranscriptionPrice};
use crate::realtime::TranscriptionUsage;

/// The longest recording, in bytes: what the service takes.
pub const MAX_BYTES: usize = 25 * 1024 * 1024;

/// Writes recordings down. Cheap to clone.
#[derive(Clone)]
pub struct Transcriber {
    http: Client,
    url: Url,
    key: Secret<String>,
    model: String,
}

/// A recording that was written down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// The words; empty where nobody says anything.
    pub words: Pii<String>,
    /// How much sound that was by the service's own count, if it told.
    pub heard: Option<Duration>,
}

/// Why a recording was not written down.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// It understood, and refused: the same again would be refused again.
    #[error("the transcriber refused with status {status}{}", told(.code.as_ref()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its word for it.
        code: Option<String>,
    },
    /// It has too much to do, or the account no money.
    #[error("the transcriber wants fewer requests")]
    Busy {
        /// How long it wants to be left alone, if it said so.
        retry_after: Option<Duration>,
    },
    /// It does not answer, or not so that it can be read.
    #[error("the transcriber {0}")]
    Unavailable(&'static str),
}

fn told(code: Option<&String>) -> String {
    code.map_or_else(String::new, |code| format!(" ({code})"))
}

impl Transcriber {
    /// Asks `model` at `base`, such as `https://api.openai.com/v1`, by `http`,
    /// which says how patient we are.
    pub fn new(http: Client, base: &Url, key: Secret<String>, model: &str) -> Self {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["audio", "transcriptions"]);
        }
        Self {
            http,
            url,
            key,
            model: model.to_owned(),
        }
    }

    /// What it costs to have sound of that length written down at that time, by the
    /// public price list of the model; none where the model is not in it.
    pub fn cost(&self, lasting: Duration, at: Timestamp) -> Option<Money> {
        let price = TranscriptionPrice::of(&self.model)?;
        Some(price.cost(lasting, at))
    }

    /// The words in a WAV file. `language` is a BCP 47 tag, if it is known.
    ///
    /// # Errors
    ///
    /// If the service refuses, is busy or does not answer. Asked once: whoever
    /// has time tries again.
    pub async fn transcribe(&self, wav: Vec<u8>, language: Option<&str>) -> Result<Written, Error> {
        if wav.len() > MAX_BYTES {
            return Err(Error::Refused {
                status: StatusCode::PAYLOAD_TOO_LARGE.as_u16(),
                code: None,
            });
        }
        let file = Part::bytes(wav).file_name("recording.wav");
        let file = file.mime_str("audio/wav");
        let file = file.map_err(|_| Error::Unavailable("cannot be asked"))?;
        let mut form = Form::new()
            .text("model", self.model.clone())
            .text("response_format", "json")
            .part("file", file);
        if let Some(language) = language.and_then(iso_639_1) {
            form = form.text("language", language);
        }
        let request = self.http.post(self.url.clone());
        let request = request.bearer_auth(self.key.expose()).multipart(form);
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        read(response).await
    }
}

/// The language of a tag where it has two letters: `de` of `de-AT`.
fn iso_639_1(tag: &str) -> Option<String> {
    let language = tag.split('-').next()?;
    let is_code = language.len() == 2 && language.bytes().all(|b| b.is_ascii_alphabetic());
    is_code.then(|| language.to_ascii_lowercase())
}

async fn read(response: Response) -> Result<Written, Error> {
    #[derive(Deserialize)]
    struct Answer {
        text: String,
        #[serde(default)]
        usage: TranscriptionUsage,
    }
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let seconds = response.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|text| text.to_str().ok()?.trim().parse().ok());
        return Err(Error::Busy {
            retry_after: seconds.map(Duration::from_secs),
        });
    }
    if status.is_server_error() {
        return Err(Error::Unavailable("failed"));
    }
    if !status.is_success() {
        return Err(refusal(status, response).await);
    }
    let answer: Result<Answer, _> = response.json().await;
    let answer = answer.map_err(|error| unanswered(&error))?;
    Ok(Written {
        words: Pii::new(answer.text.trim().to_owned()),
        heard: answer.usage.duration(),
    })
}

async fn refusal(status: StatusCode, response: Response) -> Error {
    #[derive(Deserialize)]
    struct Body {
        error: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        code: Option<String>,
    }
    let body: Option<Body> = response.json().await.ok();
    Error::Refused {
        status: status.as_u16(),
        code: body.and_then(|body| body.error.code),
    }
}

fn unanswered(error: &reqwest::Error) -> Error {
    Error::Unavailable(if error.is_timeout() {
        "did not answer in time"
    } else if error.is_decode() {
        "gave an answer that cannot be read"
    } else {
        "cannot be reached"
    })
}

/// Shows neither with what it asks nor the query of where.
impl fmt::Debug for Transcriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transcriber")
            .field("host", &self.url.host_str())
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_of_three_letters_is_left_to_the_model() {
        for (tag, code) in [
            ("de-AT", Some("de")),
            ("EN", Some("en")),
            ("tlh", None),
            ("", None),
            ("1x", None),
        ] {
            assert_eq!(iso_639_1(tag).as_deref(), code, "{tag}");
        }
    }
}
