//! The `start` message: which call, which stream, which sound.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::domain::{CallSid, StreamSid};

use super::inbound::{Error, Track};
use super::text::{Text, Whole};

/// What a stream says of itself when it starts.
#[derive(Clone, PartialEq)]
pub struct Start {
    /// The stream.
    pub stream_sid: StreamSid,
    /// The call that it carries.
    pub call_sid: CallSid,
    /// The account that it is charged to; empty if the carrier does not say.
    pub account_sid: String,
    /// The voices that will be sent.
    pub tracks: Vec<Track>,
    /// The `<Parameter>`s of the TwiML that started the stream.
    pub custom_parameters: BTreeMap<String, String>,
    /// How the sound is written down.
    pub media_format: MediaFormat,
}

/// The parameters hold the stream's token, so they print their names only.
impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.custom_parameters.keys().collect();
        f.debug_struct("Start")
            .field("stream_sid", &self.stream_sid)
            .field("call_sid", &self.call_sid)
            .field("account_sid", &self.account_sid)
            .field("tracks", &self.tracks)
            .field("custom_parameters", &names)
            .field("media_format", &self.media_format)
            .finish()
    }
}

/// How a stream writes its sound down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MediaFormat {
    /// `audio/x-mulaw` at Twilio.
    pub encoding: String,
    /// Samples a second.
    pub sample_rate: u64,
    /// Voices in one payload.
    pub channels: u64,
}

impl MediaFormat {
    /// Whether this is mu-law, 8 kHz, one voice: the only format that Twilio
    /// documents and that this house speaks.
    pub fn is_mulaw_8k(&self) -> bool {
        let name = self.encoding.split(';').next().unwrap_or_default().trim();
        let known = [
            "audio/x-mulaw",
            "audio/pcmu",
            "audio/basic",
            "mulaw",
            "pcmu",
            "ulaw",
        ];
        let is_mulaw = known.iter().any(|word| name.eq_ignore_ascii_case(word));
        is_mulaw && self.sample_rate == 8_000 && self.channels == 1
    }
}

impl Start {
    pub(super) fn from_body(body: StartBody<'_>, outer: Option<&str>) -> Result<Self, Error> {
        let inner = body.stream_sid.as_ref().map(|sid| sid.0.as_ref());
        if let (Some(inner), Some(outer)) = (inner, outer)
            && inner != outer
        {
            return Err(Error::Invalid {
                field: "start.streamSid",
                expected: "the streamSid of the message",
            });
        }
        let call_sid = body.call_sid.as_ref().map(|sid| sid.0.as_ref());
        let parameters = body.custom_parameters.unwrap_or_default().into_iter();
        Ok(Self {
            stream_sid: sid(inner.or(outer), "start.streamSid")?,
            call_sid: sid(call_sid, "start.callSid")?,
            account_sid: body.account_sid.unwrap_or_default().0.into_owned(),
            tracks: body.tracks.map_or_else(
                || vec![Track::Inbound],
                |tracks| {
                    tracks
                        .iter()
                        .map(|word| Track::from_word(&word.0))
                        .collect()
                },
            ),
            custom_parameters: parameters
                .filter_map(|(name, value)| Some((name, value?.0.into_owned())))
                .collect(),
            media_format: body.media_format.unwrap_or_default().into(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct StartBody<'a> {
    #[serde(alias = "stream_sid", borrow, default, rename = "streamSid")]
    stream_sid: Option<Text<'a>>,
    #[serde(alias = "account_sid", borrow, default, rename = "accountSid")]
    account_sid: Option<Text<'a>>,
    #[serde(alias = "call_sid", borrow, default, rename = "callSid")]
    call_sid: Option<Text<'a>>,
    #[serde(borrow, default)]
    tracks: Option<Vec<Text<'a>>>,
    #[serde(
        alias = "custom_parameters",
        borrow,
        default,
        rename = "customParameters"
    )]
    custom_parameters: Option<BTreeMap<String, Option<Text<'a>>>>,
    #[serde(alias = "media_format", borrow, default, rename = "mediaFormat")]
    media_format: Option<FormatBody<'a>>,
}

#[derive(Default, Deserialize)]
struct FormatBody<'a> {
    #[serde(borrow, default)]
    encoding: Option<Text<'a>>,
    #[serde(alias = "sample_rate", default, rename = "sampleRate")]
    sample_rate: Whole,
    #[serde(default)]
    channels: Whole,
}

impl From<FormatBody<'_>> for MediaFormat {
    /// What a carrier does not say is as at Twilio, which knows one format.
    fn from(body: FormatBody<'_>) -> Self {
        let encoding = body.encoding.map(|text| text.0.into_owned());
        Self {
            encoding: encoding.unwrap_or_else(|| "audio/x-mulaw".to_owned()),
            sample_rate: body.sample_rate.0.unwrap_or(8_000),
            channels: body.channels.0.unwrap_or(1),
        }
    }
}

fn sid<T: FromStr>(text: Option<&str>, field: &'static str) -> Result<T, Error> {
    let text = text.ok_or(Error::Missing { field })?;
    text.parse().map_err(|_| Error::Invalid {
        field,
        expected: "1 to 64 letters, digits or -_.:",
    })
}
