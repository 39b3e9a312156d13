//! Text messages: each of them once, whatever the carrier repeats.

use sqlx::{AnyConnection, FromRow};

use super::jobs::{self, NewJob};
use super::row::{RowOf, containing, storable};
use super::{Db, Error, Tx, by_id, dials, page};
use crate::domain::{
    DialRefusal, Direction, JobKind, Party, PhoneNumber, Pii, Sms, SmsId, SmsMedia, SmsState,
    TenantId, Timestamp, UserId,
};

/// The columns of a [`SmsRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, direction, own_party, stranger_party, user_id, contact_id, body,
        (SELECT COUNT(*) FROM sms_media WHERE sms_media.tenant_id = sms_messages.tenant_id
            AND sms_media.sms_id = sms_messages.id) AS media,
        state, error_code, is_read, created_at_ms"
    };
}

/// A message that comes, or is to go.
#[derive(Clone, Debug)]
pub struct NewSms<'a> {
    /// Its name.
    pub id: SmsId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Who wrote: they, or we.
    pub direction: Direction,
    /// The carrier's name for it, if it has one already.
    pub message_sid: Option<&'a str>,
    /// Our end of it.
    pub own: &'a Party,
    /// The other.
    pub stranger: &'a Party,
    /// Who wrote it; of one that came, the store finds whose it is.
    pub user: Option<UserId>,
    /// The words.
    pub body: &'a Pii<String>,
    /// Pictures and the like.
    pub media: &'a [SmsMedia],
    /// Where it stands.
    pub state: SmsState,
    /// When.
    pub at: Timestamp,
}

/// Which messages are wanted; all of them by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only those from or to this number.
    pub number: Option<PhoneNumber>,
    /// Only those that came, or went.
    pub direction: Option<Direction>,
    /// Only those that somebody has, or nobody has, attended to.
    pub is_read: Option<bool>,
    /// Only those of this person's conversations.
    pub user: Option<UserId>,
    /// Only those that have this in their words or number, in any case.
    pub search: Option<String>,
}

/// Writes a message down; whether it is new. The carrier repeats itself.
///
/// A message that came belongs to whoever wrote to that stranger last.
pub async fn insert(tx: &mut Tx, new: &NewSms<'_>) -> Result<bool, Error> {
    let mut conn = Db::from(tx).write().await?;
    let (own, stranger) = (new.own.to_text(), new.stranger.to_text());
    let body = storable(new.body.expose());
    let sought = format!("{}\n{}", stranger.to_lowercase(), body.to_lowercase());
    let inserted = sqlx::query(INSERT)
        .bind(new.id.to_string())
        .bind(new.tenant_id.to_string())
        .bind(new.direction.as_str())
        .bind(new.message_sid.map(|sid| storable(sid).into_owned()))
        .bind(storable(&own).into_owned())
        .bind(storable(&stranger).into_owned())
        .bind(new.user.map(|user| user.to_string()))
        .bind(body.into_owned())
        .bind(new.state.as_str())
        .bind(new.state.rank())
        .bind(storable(&sought).into_owned())
        .bind(new.at.as_ms())
        .execute(&mut *conn)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    for (ordinal, media) in (0_i64..).zip(new.media) {
        attach(&mut conn, new, ordinal, media).await?;
    }
    Ok(true)
}

const INSERT: &str = "
    INSERT INTO sms_messages (id, tenant_id, direction, message_sid, own_party, stranger_party,
        user_id, contact_id, body, state, state_rank, error_code, is_read, sought, created_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6,
        CASE $3 WHEN 'outbound'
            THEN (SELECT users.id FROM users WHERE users.tenant_id = $2 AND users.id = $7)
            ELSE (SELECT earlier.user_id FROM sms_messages AS earlier
                WHERE earlier.tenant_id = $2 AND earlier.stranger_party = $6
                    AND earlier.direction = 'outbound'
                ORDER BY earlier.created_at_ms DESC, earlier.id DESC LIMIT 1) END,
        (SELECT contact_numbers.contact_id FROM contact_numbers
            WHERE contact_numbers.tenant_id = $2 AND contact_numbers.phone_number = $6),
        $8, $9, $10, NULL, CASE $3 WHEN 'outbound' THEN 1 ELSE 0 END, $11, $12)
    ON CONFLICT (tenant_id, message_sid) DO NOTHING";

async fn attach(
    conn: &mut AnyConnection,
    new: &NewSms<'_>,
    ordinal: i64,
    media: &SmsMedia,
) -> Result<(), Error> {
    sqlx::query(ATTACH)
        .bind(new.tenant_id.to_string())
        .bind(new.id.to_string())
        .bind(ordinal)
        .bind(storable(&media.carrier_url).into_owned())
        .bind(
            media
                .mime
                .as_deref()
                .map(|mime| storable(mime).into_owned()),
        )
        .execute(conn)
        .await?;
    Ok(())
}

const ATTACH: &str = "
    INSERT INTO sms_media (tenant_id, sms_id, ordinal, carrier_url, mime)
    VALUES ($1, $2, $3, $4, $5)";

/// Writes down a message of ours, and has a job send it, if the tenant's policy
/// allows it; nobody else sends any. `is_here` if the stranger is on the line at
/// this moment.
pub async fn submit(
    tx: &mut Tx,
    new: &NewSms<'_>,
    is_here: bool,
) -> Result<Result<(), DialRefusal>, Error> {
    let Some(to) = new.stranger.number() else {
        return Ok(Err(DialRefusal::Unknown));
    };
    let to = (new.tenant_id, to);
    if let Err(refusal) = dials::judge_writing(tx, to, is_here, new.at).await? {
        return Ok(Err(refusal));
    }
    insert(tx, new).await?;
    let id = new.id.to_string();
    let job = NewJob {
        kind: JobKind::SmsToSend,
        key: &id,
        tenant: Some(new.tenant_id),
        payload: &id,
        run_at: new.at,
    };
    jobs::enqueue(tx, &job, new.at).await?;
    Ok(Ok(()))
}

/// Whether the carrier's message of that name is one that we know. For a job,
/// which asks the carrier about the messages of all tenants.
pub async fn is_known(db: impl Into<Db<'_>>, message_sid: &str) -> Result<bool, Error> {
    let mut conn = db.into().read().await?;
    let count: i64 = sqlx::query_scalar(COUNT_OF_SID)
        .bind(message_sid)
        .fetch_one(&mut *conn)
        .await?;
    Ok(count > 0)
}

const COUNT_OF_SID: &str = "SELECT COUNT(*) FROM sms_messages WHERE message_sid = $1";

/// What is told of a message that we sent.
#[derive(Clone, Copy, Debug)]
pub struct News<'a> {
    /// The carrier's name for it, if it has told.
    pub message_sid: Option<&'a str>,
    /// Ours, where whoever tells knows it.
    pub id: Option<SmsId>,
    /// Where it stands.
    pub state: SmsState,
    /// The carrier's number for what went wrong.
    pub error_code: Option<u32>,
}

/// Notes where a message of ours stands; whether there is one. For the
/// carrier, who knows no tenant.
///
/// **Invariant:** the message is the same after the same news in any order and
/// any number.
pub async fn apply(db: impl Into<Db<'_>>, news: &News<'_>) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(APPLY)
        .bind(news.message_sid.map(|sid| storable(sid).into_owned()))
        .bind(news.id.map(|id| id.to_string()))
        .bind(news.state.as_str())
        .bind(news.state.rank())
        .bind(news.error_code.map(i64::from))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

const APPLY: &str = "
    UPDATE sms_messages SET
        message_sid = COALESCE(message_sid, $1),
        state = CASE WHEN $4 > state_rank THEN $3 ELSE state END,
        error_code = CASE WHEN $4 >= state_rank THEN COALESCE($5, error_code)
            ELSE error_code END,
        state_rank = CASE WHEN $4 > state_rank THEN $4 ELSE state_rank END
    WHERE direction = 'outbound' AND (message_sid = $1 OR (message_sid IS NULL AND id = $2))";

/// The tenant's message of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: SmsId,
) -> Result<Option<Sms>, Error> {
    by_id::find::<SmsRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sms_messages WHERE tenant_id = $1 AND id = $2 AND deleted_at_ms IS NULL"
);

/// What came with the tenant's message of that id, in its order.
pub async fn media(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: SmsId,
) -> Result<Vec<SmsMedia>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(MEDIA)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_all(&mut *conn)
        .await?;
    let media = |(carrier_url, mime)| SmsMedia { carrier_url, mime };
    Ok(rows.into_iter().map(media).collect())
}

const MEDIA: &str = "
    SELECT carrier_url, mime FROM sms_media
    WHERE tenant_id = $1 AND sms_id = $2 ORDER BY ordinal";

/// The tenant's messages that pass the filter, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    filter: &Filter,
    page: &page::Request,
) -> Result<page::Page<Sms>, Error> {
    let (at, id) = page.key();
    let search = filter.search.as_deref();
    let mut conn = db.into().read().await?;
    let rows: Vec<SmsRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .bind(filter.number.as_ref().map(PhoneNumber::as_str))
        .bind(filter.direction.map(Direction::as_str))
        .bind(filter.is_read.map(i64::from))
        .bind(filter.user.map(|user| user.to_string()))
        .bind(search.map(|text| containing(&text.to_lowercase())))
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sms_messages WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
        AND deleted_at_ms IS NULL
        AND ($5 IS NULL OR stranger_party = $5)
        AND ($6 IS NULL OR direction = $6)
        AND ($7 IS NULL OR is_read = $7)
        AND ($8 IS NULL OR user_id = $8)
        AND ($9 IS NULL OR sought LIKE $9 ESCAPE '\\')
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes whether somebody has attended to the tenant's message of that id;
/// whether there is one.
pub async fn mark(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: SmsId,
    is_read: bool,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(MARK)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(i64::from(is_read))
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const MARK: &str = "
    UPDATE sms_messages SET is_read = $3
    WHERE tenant_id = $1 AND id = $2 AND deleted_at_ms IS NULL";

/// Empties the tenant's message of that id, so that nothing is left but that it
/// was. Whether there was one.
pub async fn delete(
    tx: &mut Tx,
    tenant: TenantId,
    id: SmsId,
    at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = Db::from(tx).write().await?;
    let emptied = sqlx::query(EMPTY)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .bind(at.as_ms())
        .execute(&mut *conn)
        .await?;
    sqlx::query(STRIP)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    Ok(emptied.rows_affected() == 1)
}

const EMPTY: &str = "
    UPDATE sms_messages SET deleted_at_ms = $3, stranger_party = '', body = '', sought = '',
        contact_id = NULL
    WHERE tenant_id = $1 AND id = $2 AND deleted_at_ms IS NULL";

const STRIP: &str = "DELETE FROM sms_media WHERE tenant_id = $1 AND sms_id = $2";

#[derive(FromRow)]
struct SmsRow {
    id: String,
    tenant_id: String,
    direction: String,
    own_party: String,
    stranger_party: String,
    user_id: Option<String>,
    contact_id: Option<String>,
    body: String,
    media: i64,
    state: String,
    error_code: Option<i64>,
    is_read: i64,
    created_at_ms: i64,
}

impl TryFrom<SmsRow> for Sms {
    type Error = Error;

    fn try_from(row: SmsRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "sms_messages",
            id: &row.id,
        };
        let Ok(own) = row.own_party.parse();
        let Ok(stranger) = row.stranger_party.parse();
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            direction: at.parse(&row.direction)?,
            own,
            stranger,
            user_id: at.parse_opt(row.user_id.as_deref())?,
            contact_id: at.parse_opt(row.contact_id.as_deref())?,
            body: Pii::new(row.body),
            media: row.media,
            state: at.parse(&row.state)?,
            error_code: row.error_code,
            is_read: at.truth(row.is_read)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
        })
    }
}
