//! What happens to the items of the conversation.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Item, lenient};

/// An item and its place.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct ItemPlaced<'a> {
    /// The item.
    pub item: Item,
    /// The item before it; none at the head of the conversation. A transcript
    /// is ordered by this, because events come in any order.
    #[serde(borrow, default, deserialize_with = "lenient::optional_text")]
    pub previous_item_id: Option<Cow<'a, str>>,
}

/// An item has left the conversation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct ItemDeleted<'a> {
    /// Which.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
}

/// An item was cut.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct ItemTruncated<'a> {
    /// Which.
    #[serde(borrow)]
    pub item_id: Cow<'a, str>,
    /// Which part of it.
    #[serde(default, deserialize_with = "lenient::index")]
    pub content_index: u32,
    /// Where its audio ends now.
    #[serde(default, deserialize_with = "lenient::count")]
    pub audio_end_ms: u64,
}
