//! Pages of a list, newest first, by keyset: stable while rows are added.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use sqlx::FromRow;
use sqlx::any::AnyRow;

use super::{Db, Error};
use crate::domain::{ParseError, TenantId, Timestamp};

/// Which page is wanted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Request {
    /// How many at most.
    pub limit: Limit,
    /// Where the page before ended; none for the first page.
    pub after: Option<Cursor>,
}

impl Request {
    /// The key below which the page begins.
    pub(super) fn key(&self) -> (i64, &str) {
        match &self.after {
            Some(cursor) => (cursor.at.as_ms(), &cursor.id),
            None => (i64::MAX, ""),
        }
    }

    /// How many rows to ask for: one more than is shown tells whether there
    /// is a next page.
    pub(super) fn rows(&self) -> i64 {
        i64::from(self.limit.0) + 1
    }

    /// The page made of `rows`, of which each has its `key`.
    pub(super) fn page<R, T>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> (i64, &str),
    ) -> Result<Page<T>, Error>
    where
        T: TryFrom<R, Error = Error>,
    {
        let shown = usize::from(self.limit.0);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next = rows.last().filter(|_| more).map(|last| {
            let (at, id) = key(last);
            Cursor {
                at: Timestamp::from_ms(at),
                id: id.into(),
            }
        });
        let items: Result<Vec<T>, Error> = rows.into_iter().map(T::try_from).collect();
        Ok(Page {
            items: items?,
            next,
        })
    }
}

/// The page of a tenant's rows that `sql` selects: of the tenant `$1`, below the
/// key `$2` and `$3`, `$4` of them. Each row has its `key`.
pub(super) async fn of_tenant<R, T>(
    db: impl Into<Db<'_>>,
    sql: &'static str,
    tenant: TenantId,
    request: &Request,
    key: impl Fn(&R) -> (i64, &str),
) -> Result<Page<T>, Error>
where
    R: for<'r> FromRow<'r, AnyRow> + Send + Unpin,
    T: TryFrom<R, Error = Error>,
{
    let (at, id) = request.key();
    let mut conn = db.into().read().await?;
    let rows = sqlx::query_as(sql)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(request.rows())
        .fetch_all(&mut *conn)
        .await?;
    request.page(rows, key)
}

/// One page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; none if this is the last.
    pub next: Option<Cursor>,
}

/// How many things a page may hold: 1 to 200, 50 where nothing is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit(u8);

impl Limit {
    /// The longest page.
    pub const MAX: u8 = 200;

    /// As many as there may be.
    pub fn longest() -> Self {
        Self(Self::MAX)
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl FromStr for Limit {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let limit = text.parse().ok();
        let limit = limit.filter(|limit| (1..=Self::MAX).contains(limit));
        limit.map(Self).ok_or(ParseError {
            expected: "a whole number from 1 to 200",
        })
    }
}

/// A place in a list. Its text is opaque to whoever holds it, and gives no
/// access to anything: a list shows a tenant its own rows, whatever the place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cursor {
    at: Timestamp,
    id: Box<str>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!("{}.{}", self.at.as_ms(), self.id);
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl FromStr for Cursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError {
            expected: "a cursor as an earlier page gave it",
        };
        if text.len() > MAX_CURSOR_LEN {
            return Err(error);
        }
        let plain = URL_SAFE_NO_PAD.decode(text).map_err(|_| error)?;
        let plain = String::from_utf8(plain).map_err(|_| error)?;
        let (at, id) = plain.split_once('.').ok_or(error)?;
        let at = at.parse().map_err(|_| error)?;
        let is_id = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if id.is_empty() || !id.bytes().all(is_id) {
            return Err(error);
        }
        Ok(Self {
            at: Timestamp::from_ms(at),
            id: id.into(),
        })
    }
}

/// Twice what the longest of ours has.
const MAX_CURSOR_LEN: usize = 128;
