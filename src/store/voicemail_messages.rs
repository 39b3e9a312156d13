//! Messages that callers left: told of late, twice and out of order.

use sqlx::{Connection as _, FromRow};

use super::jobs::{self, NewJob};
use super::row::{RowOf, containing, storable};
use super::{Db, Error, Store, Tx, by_id, page, recording_cost, transcription_cost};
use crate::domain::{
    CallId, CallLog, JobKind, MessageId, MessageSound, Money, PhoneNumber, Pii, TenantId,
    Timestamp, UserId, VoicemailMessage,
};

/// The columns of a [`MessageRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, call_id, user_id, from_party, recording_sid, sound, duration_s, is_read, \
         transcript, created_at_ms"
    };
}

/// What the carrier tells of a message.
#[derive(Clone, Debug)]
pub struct News<'a> {
    /// The message's name, if it is new.
    pub id: MessageId,
    /// In which call it was left; the call says whose it is.
    pub call: &'a CallLog,
    /// The carrier's name for the recording, which says whether it is new.
    pub recording_sid: &'a str,
    /// Whom it is for, if for one member.
    pub user: Option<UserId>,
    /// Whether there is anything to hear.
    pub sound: MessageSound,
    /// How long it is, in seconds.
    pub duration_s: Option<i64>,
    /// Where the carrier keeps the sound.
    pub carrier_url: Option<&'a str>,
    /// What was said.
    pub transcript: Option<&'a str>,
    /// When we were told.
    pub at: Timestamp,
}

/// Which messages are wanted; all of them by default.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filter {
    /// Only those that somebody has, or nobody has, attended to.
    pub is_read: Option<bool>,
    /// Only those for this person.
    pub user: Option<UserId>,
    /// Also those for nobody in particular.
    pub and_nobodys: bool,
    /// Only those from this number.
    pub number: Option<PhoneNumber>,
    /// Only those whose transcript or number has this in it, in any case.
    pub search: Option<String>,
}

/// Merges what the carrier tells into the message of that recording, or makes it.
///
/// **Invariant:** the message is the same after the same news in any order and
/// any number, and one that was deleted stays so.
///
/// What there is to hear is fetched by a job.
pub async fn merge(store: &Store, news: &News<'_>) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    write(&mut tx, news).await?;
    if news.sound == MessageSound::Recorded {
        let tenant = news.call.tenant_id;
        let recording_sid = storable(news.recording_sid);
        let job = NewJob {
            kind: JobKind::MessageSound,
            key: &format!("{tenant}/{recording_sid}"),
            tenant: Some(tenant),
            payload: &recording_sid,
            run_at: news.at,
        };
        jobs::enqueue(&mut tx, &job, news.at).await?;
    }
    tx.commit().await
}

async fn write(tx: &mut Tx, news: &News<'_>) -> Result<(), Error> {
    let mut conn = Db::from(tx).write().await?;
    let from = news.call.from.to_text();
    let transcript = news.transcript.map(|text| storable(text).into_owned());
    let sought = transcript.as_deref().unwrap_or_default().to_lowercase();
    let recording_sid = storable(news.recording_sid).into_owned();
    sqlx::query(MERGE)
        .bind(news.id.to_string())
        .bind(news.call.tenant_id.to_string())
        .bind(news.call.id.to_string())
        .bind(recording_sid)
        .bind(news.user.map(|user| user.to_string()))
        .bind(storable(&from).into_owned())
        .bind(news.sound.as_str())
        .bind(news.duration_s)
        .bind(news.carrier_url.map(|url| storable(url).into_owned()))
        .bind(transcript)
        .bind(format!("{}\n{sought}", from.to_lowercase()))
        .bind(news.at.as_ms())
        .execute(&mut *conn)
        .await?;
    recording_cost::note(&mut conn, news.call.tenant_id, news.call.id).await
}

// The first transcript, address and person are kept, and the longest duration; of
// what is known of the sound, what overrules the other.
const MERGE: &str = "
    INSERT INTO voicemail_messages (id, tenant_id, call_id, recording_sid, user_id, from_party,
        sound, duration_s, carrier_url, is_read, transcript, sought, created_at_ms)
    VALUES ($1, $2, $3, $4, (SELECT users.id FROM users WHERE tenant_id = $2 AND users.id = $5),
        $6, $7, $8, $9, 0, $10, $11, $12)
    ON CONFLICT (tenant_id, recording_sid) DO UPDATE SET
        sound = CASE
            WHEN 'recorded' IN (voicemail_messages.sound, excluded.sound) THEN 'recorded'
            WHEN 'failed' IN (voicemail_messages.sound, excluded.sound) THEN 'failed'
            WHEN 'none' IN (voicemail_messages.sound, excluded.sound) THEN 'none'
            ELSE 'pending' END,
        duration_s = CASE
            WHEN voicemail_messages.duration_s > excluded.duration_s
            THEN voicemail_messages.duration_s
            ELSE COALESCE(excluded.duration_s, voicemail_messages.duration_s) END,
        user_id = COALESCE(voicemail_messages.user_id, excluded.user_id),
        carrier_url = COALESCE(voicemail_messages.carrier_url, excluded.carrier_url),
        sought = CASE WHEN voicemail_messages.transcript IS NULL
            THEN excluded.sought ELSE voicemail_messages.sought END,
        transcript = COALESCE(voicemail_messages.transcript, excluded.transcript)
    WHERE voicemail_messages.deleted_at_ms IS NULL";

/// The tenant's message of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: MessageId,
) -> Result<Option<VoicemailMessage>, Error> {
    by_id::find::<MessageRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_messages WHERE tenant_id = $1 AND id = $2 AND deleted_at_ms IS NULL"
);

/// The tenant's message of that recording, by the carrier's name for it.
pub async fn find_by_recording(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    recording_sid: &str,
) -> Result<Option<VoicemailMessage>, Error> {
    by_id::find::<MessageRow, _>(db, FIND_BY_RECORDING, tenant, recording_sid).await
}

const FIND_BY_RECORDING: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_messages
    WHERE tenant_id = $1 AND recording_sid = $2 AND deleted_at_ms IS NULL"
);

/// The tenant's oldest messages from before `before`, `limit` at most.
pub async fn list_older(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<VoicemailMessage>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<MessageRow> = sqlx::query_as(LIST_OLDER)
        .bind(tenant.to_string())
        .bind(before.as_ms())
        .bind(i64::from(limit))
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(VoicemailMessage::try_from).collect()
}

const LIST_OLDER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_messages
    WHERE tenant_id = $1 AND created_at_ms < $2 AND deleted_at_ms IS NULL
    ORDER BY created_at_ms, id LIMIT $3"
);

/// What was left in a call of the tenant's.
pub async fn list_of_call(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    call: CallId,
) -> Result<Vec<VoicemailMessage>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<MessageRow> = sqlx::query_as(LIST_OF_CALL)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(VoicemailMessage::try_from).collect()
}

const LIST_OF_CALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_messages WHERE tenant_id = $1 AND call_id = $2 AND deleted_at_ms IS NULL"
);

/// The tenant's messages that pass the filter, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    filter: &Filter,
    page: &page::Request,
) -> Result<page::Page<VoicemailMessage>, Error> {
    let (at, id) = page.key();
    let search = filter.search.as_deref();
    let mut conn = db.into().read().await?;
    let rows: Vec<MessageRow> = sqlx::query_as(LIST)
        .bind(tenant.to_string())
        .bind(at)
        .bind(id)
        .bind(page.rows())
        .bind(filter.is_read.map(i64::from))
        .bind(filter.user.map(|user| user.to_string()))
        .bind(filter.number.as_ref().map(PhoneNumber::as_str))
        .bind(search.map(|text| containing(&text.to_lowercase())))
        .bind(i64::from(filter.and_nobodys))
        .fetch_all(&mut *conn)
        .await?;
    page.page(rows, |row| (row.created_at_ms, &row.id))
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM voicemail_messages WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
        AND deleted_at_ms IS NULL
        AND ($5 IS NULL OR is_read = $5)
        AND ($6 IS NULL OR user_id = $6 OR ($9 = 1 AND user_id IS NULL))
        AND ($7 IS NULL OR from_party = $7)
        AND ($8 IS NULL OR sought LIKE $8 ESCAPE '\\')
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes whether somebody has attended to the tenant's message of that id;
/// whether there is one.
pub async fn mark(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: MessageId,
    is_read: bool,
) -> Result<bool, Error> {
    by_id::mark(db, MARK, tenant, (id, is_read)).await
}

const MARK: &str = "
    UPDATE voicemail_messages SET is_read = $3
    WHERE tenant_id = $1 AND id = $2 AND deleted_at_ms IS NULL";

/// Keeps what was said in a message, where nobody has written it down yet, and counts
/// for its call what that cost, if that is known: once, however often it is written
/// down, and also where no word was understood.
pub async fn write_down(
    db: impl Into<Db<'_>>,
    message: &VoicemailMessage,
    words: &Pii<String>,
    price: Option<Money>,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    let mut tx = conn.begin().await?;
    let words = storable(words.expose());
    sqlx::query(WRITE_DOWN)
        .bind(message.tenant_id.to_string())
        .bind(message.id.to_string())
        .bind(words.clone().into_owned())
        .bind(words.to_lowercase())
        .execute(&mut *tx)
        .await?;
    if let Some(price) = price {
        transcription_cost::note_message(&mut tx, message, price).await?;
    }
    Ok(tx.commit().await?)
}

// Without a transcript `sought` ends where the words begin.
const WRITE_DOWN: &str = "
    UPDATE voicemail_messages SET transcript = NULLIF($3, ''), sought = sought || $4
    WHERE tenant_id = $1 AND id = $2 AND transcript IS NULL AND deleted_at_ms IS NULL";

/// Empties a message, so that nothing is left but that it was; a job deletes
/// its sound. Whether it was there.
pub async fn delete(tx: &mut Tx, message: &VoicemailMessage, at: Timestamp) -> Result<bool, Error> {
    let emptied = sqlx::query(DELETE)
        .bind(message.tenant_id.to_string())
        .bind(message.id.to_string())
        .bind(at.as_ms())
        .execute(&mut *Db::from(&mut *tx).write().await?)
        .await?;
    forget_sound(tx, message, at).await?;
    Ok(emptied.rows_affected() == 1)
}

/// Has a job delete the sound of a message that goes.
pub async fn forget_sound(
    tx: &mut Tx,
    message: &VoicemailMessage,
    at: Timestamp,
) -> Result<(), Error> {
    let file = message.file();
    let forgotten = Forgotten {
        file: &file,
        recording_sid: &message.recording_sid,
    };
    let job = NewJob {
        kind: JobKind::ForgottenMessage,
        key: &message.id.to_string(),
        tenant: Some(message.tenant_id),
        payload: &forgotten.written(),
        run_at: at,
    };
    jobs::enqueue(tx, &job, at).await.map(drop)
}

/// The sound of a message that is gone: here, and at the carrier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Forgotten<'a> {
    /// The file among the recordings; empty where there is none.
    pub file: &'a str,
    /// The carrier's name for it.
    pub recording_sid: &'a str,
}

impl<'a> Forgotten<'a> {
    /// From the payload of a job.
    pub fn read(payload: &'a str) -> Option<Self> {
        let (file, recording_sid) = payload.split_once('\n')?;
        Some(Self {
            file,
            recording_sid,
        })
    }

    /// The payload of a job, for a recording of which nothing is kept here.
    pub(super) fn at_carrier(recording_sid: &'a str) -> String {
        let forgotten = Self {
            file: "",
            recording_sid,
        };
        forgotten.written()
    }

    fn written(&self) -> String {
        format!("{}\n{}", self.file, self.recording_sid)
    }
}

const DELETE: &str = "
    UPDATE voicemail_messages SET deleted_at_ms = $3, from_party = '', sought = '',
        transcript = NULL, carrier_url = NULL, duration_s = NULL
    WHERE tenant_id = $1 AND id = $2 AND deleted_at_ms IS NULL";

#[derive(FromRow)]
struct MessageRow {
    id: String,
    tenant_id: String,
    call_id: String,
    user_id: Option<String>,
    from_party: String,
    recording_sid: String,
    sound: String,
    duration_s: Option<i64>,
    is_read: i64,
    transcript: Option<String>,
    created_at_ms: i64,
}

impl TryFrom<MessageRow> for VoicemailMessage {
    type Error = Error;

    fn try_from(row: MessageRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "voicemail_messages",
            id: &row.id,
        };
        let Ok(from) = row.from_party.parse();
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            call_id: at.parse(&row.call_id)?,
            user_id: at.parse_opt(row.user_id.as_deref())?,
            from,
            recording_sid: row.recording_sid,
            sound: at.parse(&row.sound)?,
            duration_s: row.duration_s,
            is_read: at.truth(row.is_read)?,
            transcript: row.transcript.map(Pii::new),
            created_at: Timestamp::from_ms(row.created_at_ms),
        })
    }
}
