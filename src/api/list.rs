//! Lists, page by page.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::parsed;
use crate::store::page;

/// Which page is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many, 1 to 200; 50 where nothing is said.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<u8>, minimum = 1, maximum = 200)]
    limit: Option<page::Limit>,
    /// `next_cursor` of the page before.
    #[serde(deserialize_with = "parsed")]
    #[param(value_type = Option<String>, min_length = 1)]
    cursor: Option<page::Cursor>,
}

impl PageQuery {
    pub(super) fn into_request(self) -> page::Request {
        page::Request {
            limit: self.limit.unwrap_or_default(),
            after: self.cursor,
        }
    }
}

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PageBody<T> {
    pub(super) data: Vec<T>,
    /// Where the next page begins; null on the last.
    pub(super) next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    pub(super) fn of<I: Into<T>>(page: page::Page<I>) -> Self {
        Self {
            data: page.items.into_iter().map(I::into).collect(),
            next_cursor: page.next.map(|cursor| cursor.to_string()),
        }
    }
}
