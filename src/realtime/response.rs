//! A response of the model, from its beginning to its end.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Item, ServerError, Usage, lenient};

/// A response. What is unreadable in it counts as absent: the end of a response
/// is not to be missed for the sake of its bill.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct Response {
    /// Its id; empty on servers that give none.
    #[serde(deserialize_with = "lenient::or_default")]
    pub id: String,
    /// How it stands, if that is a word we know.
    #[serde(deserialize_with = "lenient::known")]
    pub status: Option<ResponseStatus>,
    /// Why it stands so.
    #[serde(deserialize_with = "lenient::known")]
    pub status_details: Option<StatusDetails>,
    /// The items it consists of.
    #[serde(deserialize_with = "lenient::or_default")]
    pub output: Vec<Item>,
    /// The conversation it belongs to; none if to none.
    #[serde(deserialize_with = "lenient::known")]
    pub conversation_id: Option<String>,
    /// What we gave it on its way.
    #[serde(deserialize_with = "lenient::known")]
    pub metadata: Option<BTreeMap<String, String>>,
    /// What it used, once it has ended.
    #[serde(deserialize_with = "lenient::known")]
    pub usage: Option<Usage>,
}

/// How a response stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatus {
    /// It is being made.
    InProgress,
    /// It ended well.
    Completed,
    /// The caller or we broke in.
    #[serde(alias = "canceled")]
    Cancelled,
    /// The server could not.
    Failed,
    /// It was cut short.
    Incomplete,
}

/// Why a response stands as it does.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct StatusDetails {
    /// Why it was cancelled or cut short, if that is a word we know.
    #[serde(deserialize_with = "lenient::known")]
    pub reason: Option<ResponseReason>,
    /// Why it failed.
    pub error: Option<ServerError>,
}

/// Why a response was cancelled or cut short.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ResponseReason {
    /// The caller broke in.
    TurnDetected,
    /// We asked for it.
    ClientCancelled,
    /// It grew too long.
    MaxOutputTokens,
    /// It was not fit to be heard.
    ContentFilter,
}

#[derive(Deserialize)]
pub(super) struct WithResponse {
    pub(super) response: Box<Response>,
}
