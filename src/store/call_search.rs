//! Which calls of the log are wanted, and the query that finds them.
//!
//! Whatever is asked for, the newest calls come from one index in the order in
//! which they are shown: that of the rarest thing asked for. What else is
//! asked for is looked up call by call.

use sqlx::AssertSqlSafe;

use super::call_row::{CallRow, columns};
use super::call_words::{self, Search};
use super::{Db, Error, page};
use crate::domain::{
    CallLog, CallStatus, Direction, Outcome, PhoneNumber, ReceptionistId, Tag, TenantId, Timestamp,
    UserId,
};

/// Which calls of the log are wanted; all of them by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only those in this direction.
    pub direction: Option<Direction>,
    /// Only those that stand there.
    pub status: Option<CallStatus>,
    /// Only those that came to this.
    pub outcome: Option<Outcome>,
    /// Only those from or to this number.
    pub number: Option<PhoneNumber>,
    /// Only those of this person.
    pub user: Option<UserId>,
    /// Of these, only those of this person: whoever asks may see no others.
    pub owner: Option<UserId>,
    /// Only those of this person, and those that wait in a queue of theirs.
    pub watcher: Option<UserId>,
    /// Only those that this receptionist answered.
    pub receptionist: Option<ReceptionistId>,
    /// Only those with this tag.
    pub tag: Option<Tag>,
    /// Only those in which all of this was said or noted, or whose number
    /// ends so.
    pub search: Option<Search>,
    /// Only those that began then or later.
    pub since: Option<Timestamp>,
    /// Only those that began before.
    pub until: Option<Timestamp>,
}

/// The tenant's calls that pass the filter, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    filter: &Filter,
    page: &page::Request,
) -> Result<page::Page<CallLog>, Error> {
    let (at, id) = page.key();
    // Whoever asks for what was before a moment begins there.
    let (at, id) = match filter.until {
        Some(until) if until.as_ms() <= at => (until.as_ms(), ""),
        _ => (at, id),
    };
    let mut conn = db.into().read().await?;
    let mut words = words(filter);
    call_words::put_rarest_first(&mut conn, tenant, &mut words).await?;
    let question = Question::of(filter, words);
    let mut query = sqlx::query_as(AssertSqlSafe(question.sql.as_str()))
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows());
    if let Some(since) = filter.since {
        query = query.bind(since.as_ms());
    }
    for value in &question.values {
        query = query.bind(value.clone());
    }
    let rows: Vec<CallRow> = query.fetch_all(&mut *conn).await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

/// The query that finds what passes `filter`, for whoever wants to see how a
/// database goes about it.
pub fn sql(filter: &Filter) -> String {
    Question::of(filter, words(filter)).sql
}

/// What leads to the call among the words that stand beside it.
fn words(filter: &Filter) -> Vec<String> {
    // The digits lead to the call; that they are all of its number is asked of
    // the call.
    let number = filter.number.as_ref();
    let number = number.map(|number| number.as_str()[1..].to_owned());
    let sought = filter.search.iter().flat_map(Search::words).cloned();
    number.into_iter().chain(sought).collect()
}

/// A query and what is bound to it: of the tenant `$1`, below the key `$2` and
/// `$3`, `$4` of them, the rest in the order of `values`.
struct Question {
    sql: String,
    values: Vec<String>,
}

impl Question {
    /// The first of the words leads.
    fn of(filter: &Filter, words: Vec<String>) -> Self {
        let driver = Driver::of(filter);
        let (from, at, id) = driver.words();
        let table = driver.table();
        let below = format!("{table}.tenant_id = $1 AND ({at}, {id}) < ($2, $3)");
        let mut question = Self {
            sql: format!("SELECT {COLUMNS} FROM {from} WHERE {below}"),
            values: Vec::new(),
        };
        let mut next = 5;
        if filter.since.is_some() {
            question.sql.extend([" AND ", at, " >= $5"]);
            next = 6;
        }
        for (condition, value) in conditions(filter, driver, words) {
            let place = format!("${next}");
            question.sql.push_str(" AND ");
            question.sql.push_str(&condition.replace("$?", &place));
            question.values.push(value);
            next += 1;
        }
        let order = format!(" ORDER BY {at} DESC, {id} DESC LIMIT $4");
        question.sql.push_str(&order);
        question
    }
}

/// Whose index leads: the log itself, or words or tags that stand beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Driver {
    Calls,
    Words,
    Tags,
}

impl Driver {
    fn of(filter: &Filter) -> Self {
        if filter.search.is_some() || filter.number.is_some() {
            Self::Words
        } else if filter.tag.is_some() {
            Self::Tags
        } else {
            Self::Calls
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Words => "w",
            Self::Tags => "t",
        }
    }

    /// Where to look, and the key of the order.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Calls => ("calls", "calls.created_at_ms", "calls.id"),
            Self::Words => (
                "call_words AS w JOIN calls \
                    ON calls.tenant_id = w.tenant_id AND calls.id = w.call_id",
                "w.created_at_ms",
                "w.call_id",
            ),
            Self::Tags => (
                "call_tags AS t JOIN calls \
                    ON calls.tenant_id = t.tenant_id AND calls.id = t.call_id",
                "t.created_at_ms",
                "t.call_id",
            ),
        }
    }
}

/// What must hold, and what is bound where it says `$?`.
fn conditions(filter: &Filter, driver: Driver, words: Vec<String>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if let Some(number) = &filter.number {
        found.push((
            "$? IN (calls.from_party, calls.to_party)",
            number.as_str().to_owned(),
        ));
    }
    for (place, word) in words.into_iter().enumerate() {
        let condition = if place == 0 { "w.word = $?" } else { HAS_WORD };
        found.push((condition, word));
    }
    if let Some(tag) = &filter.tag {
        let leads = driver == Driver::Tags;
        found.push((
            if leads { "t.tag = $?" } else { HAS_TAG },
            tag.as_str().to_owned(),
        ));
    }
    let mut column = |condition, value: Option<String>| {
        found.extend(value.map(|value| (condition, value)));
    };
    column("calls.user_id = $?", filter.user.map(|id| id.to_string()));
    column("calls.user_id = $?", filter.owner.map(|id| id.to_string()));
    column(IS_WATCHED, filter.watcher.map(|id| id.to_string()));
    column(
        "calls.receptionist_id = $?",
        filter.receptionist.map(|id| id.to_string()),
    );
    column(
        "calls.outcome = $?",
        filter.outcome.map(|one| one.as_str().to_owned()),
    );
    column(
        "calls.status = $?",
        filter.status.map(|one| one.as_str().to_owned()),
    );
    column(
        "calls.direction = $?",
        filter.direction.map(|one| one.as_str().to_owned()),
    );
    found
}

const COLUMNS: &str = columns!("calls.");

const IS_WATCHED: &str = "(calls.user_id = $? OR (calls.user_id IS NULL AND EXISTS (\
    SELECT 1 FROM queue_waits AS q JOIN queue_members AS m \
    ON m.tenant_id = q.tenant_id AND m.queue_id = q.queue_id \
    WHERE q.tenant_id = calls.tenant_id AND q.call_id = calls.id AND m.user_id = $?)))";

const HAS_WORD: &str = "EXISTS (SELECT 1 FROM call_words AS x WHERE x.tenant_id = w.tenant_id \
    AND x.word = $? AND x.created_at_ms = w.created_at_ms AND x.call_id = w.call_id)";

const HAS_TAG: &str = "EXISTS (SELECT 1 FROM call_tags AS y WHERE y.tenant_id = calls.tenant_id \
    AND y.tag = $? AND y.created_at_ms = calls.created_at_ms AND y.call_id = calls.id)";
