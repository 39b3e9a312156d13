//! What the model says, piece by piece.

use std::borrow::Cow;

use serde::Deserialize;

use super::payload::{self, InvalidAudio};
use super::{Item, lenient};
use crate::domain::Pii;

/// A piece of speech.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct OutputAudioDelta<'a> {
    /// The response it belongs to.
    #[serde(borrow)]
    pub response_id: Cow<'a, str>,
    /// The item it belongs to.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The part of the item.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
    /// Audio in the session's output format, base64.
    #[serde(borrow, deserialize_with = "lenient::spoken")]
    pub delta: Pii<Cow<'a, str>>,
}

impl OutputAudioDelta<'_> {
    /// Appends the audio to `out`. Leaves `out` as it was if this is not
    /// base64; whether the bytes make whole samples is for the codec to say.
    pub fn decode(&self, out: &mut Vec<u8>) -> Result<(), InvalidAudio> {
        payload::decode(self.delta.expose(), out)
    }
}

/// The end of one part of an item.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct OutputPart<'a> {
    /// The response it belongs to.
    #[serde(borrow)]
    pub response_id: Cow<'a, str>,
    /// The item it belongs to.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The part of the item.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
}

/// A piece of text or transcript, or all of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct OutputText<'a> {
    /// The response it belongs to.
    #[serde(borrow)]
    pub response_id: Cow<'a, str>,
    /// The item it belongs to.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// The part of the item.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
    /// The words: new ones in a delta, all of them when done.
    #[serde(
        borrow,
        default,
        alias = "delta",
        alias = "transcript",
        deserialize_with = "lenient::spoken"
    )]
    pub text: Pii<Cow<'a, str>>,
}

/// An item of a response.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct OutputItem<'a> {
    /// The response it belongs to.
    #[serde(borrow)]
    pub response_id: Cow<'a, str>,
    /// Its place in the response.
    #[serde(default, deserialize_with = "lenient::index")]
    pub output_index: u32,
    /// The item.
    pub item: Item,
}

/// A tool is called, with all of its arguments.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct FunctionCallArgumentsDone<'a> {
    /// The response it belongs to.
    #[serde(borrow)]
    pub response_id: Cow<'a, str>,
    /// The item it belongs to.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// Under this id the answer is expected.
    #[serde(borrow)]
    pub call_id: Cow<'a, str>,
    /// The tool; older servers tell it in the item only.
    #[serde(borrow, default, deserialize_with = "lenient::optional_text")]
    pub name: Option<Cow<'a, str>>,
    /// Its arguments, JSON as the model wrote it: not always valid.
    #[serde(default, deserialize_with = "lenient::json_text")]
    pub arguments: Pii<String>,
}

/// A tool of a server is to be called, with all of its arguments.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct McpCallArgumentsDone<'a> {
    /// The item that it is.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// Its arguments, JSON as the model wrote it: not always valid.
    #[serde(default, deserialize_with = "lenient::json_text")]
    pub arguments: Pii<String>,
}

/// Something about a call that the model makes at a server of tools.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct McpCallNews<'a> {
    /// The item that it is.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
}
