//! Lists, page by page, to a bound.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::Client;
use super::error::{Cause, Error};
use super::request::{Pairs, Request};
use url::Url;

/// What a list has, up to a bound.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listing<T> {
    /// In Twilio's order.
    pub items: Vec<T>,
    /// Whether that is all of it.
    pub is_whole: bool,
}

/// Something that Twilio lists.
pub(super) trait Listed: DeserializeOwned {
    /// The member of a page that holds them.
    const MEMBER: &'static str;
}

/// A page: the things themselves, and where the next page is.
#[derive(Deserialize)]
struct Page<T> {
    next_page_uri: Option<String>,
    #[serde(flatten)]
    members: serde_json::Map<String, serde_json::Value>,
    #[serde(skip)]
    _of: PhantomData<T>,
}

impl<T: Listed> Page<T> {
    fn take(&mut self) -> Result<Vec<T>, Error> {
        let things = self.members.remove(T::MEMBER);
        let things = things.and_then(|things| serde_json::from_value(things).ok());
        things.ok_or(Error::Unavailable(Cause::Unreadable))
    }
}

impl Client {
    /// Reads the list at `url` until its end, or until `limit` things are there.
    pub(super) async fn list<T: Listed>(
        &self,
        url: Url,
        mut pairs: Pairs,
        limit: usize,
    ) -> Result<Listing<T>, Error> {
        pairs.push(("PageSize", limit.clamp(1, PAGE_SIZE).to_string()));
        let mut items = Vec::new();
        let mut request = Request::get(url, pairs);
        for _ in 0..MAX_PAGES {
            let mut page: Page<T> = self.send(&request).await?;
            items.extend(page.take()?);
            let next = page.next_page_uri.filter(|uri| !uri.is_empty());
            let is_whole = next.is_none() && items.len() <= limit;
            items.truncate(limit);
            let Some(uri) = next.filter(|_| items.len() < limit) else {
                return Ok(Listing { items, is_whole });
            };
            let next = self.at_uri(&uri);
            let next = next.ok_or(Error::Unavailable(Cause::Unreadable))?;
            request = Request::get(next, Pairs::new());
        }
        Ok(Listing {
            items,
            is_whole: false,
        })
    }
}

/// Twilio gives up to 1,000; a hundred fit into what we read.
const PAGE_SIZE: usize = 100;
/// Nobody leads us round in circles.
const MAX_PAGES: usize = 50;
