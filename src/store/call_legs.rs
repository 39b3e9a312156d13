//! Who has a call that people have, and whether the two were brought into a conference.

use std::time::Duration;

use sqlx::FromRow;

use super::row::RowOf;
use super::{Db, Error, Store};
use crate::domain::{
    CallId, CallSid, ConsentAnswer, ConsentPolicy, ParseError, TenantId, Timestamp,
};

/// On what ground a conversation is recorded: how whoever is on the line was asked,
/// and what they said.
pub type Recorded = (ConsentPolicy, ConsentAnswer);

/// Somebody who has taken a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewLeg {
    /// The carrier's name for their own call.
    pub leg_sid: CallSid,
    /// Whether that is a call of the log itself.
    pub is_logged: bool,
    /// On what ground the two are recorded; none where they are not.
    pub recorded: Option<Recorded>,
    /// When they took it.
    pub taken_at: Timestamp,
    /// Until when the two may speak.
    pub until: Timestamp,
}

/// Where a leg stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// They speak, or did.
    Taken,
    /// The carrier is asked to lead it into a conference; it may have followed.
    Asked,
    /// The carrier has said that it follows.
    Moved,
    /// Theirs, or the call itself, is over.
    Over,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Asked => "asked",
            Self::Moved => "moved",
            Self::Over => "over",
        }
    }
}

impl std::str::FromStr for Standing {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let all = [Self::Taken, Self::Asked, Self::Moved, Self::Over];
        let found = all.into_iter().find(|one| one.as_str() == text);
        found.ok_or(ParseError {
            expected: "taken, asked, moved or over",
        })
    }
}

/// Somebody who has taken a call, as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leg {
    /// Whose call it is.
    pub tenant_id: TenantId,
    /// Which call.
    pub call_id: CallId,
    /// The carrier's name for that call.
    pub call_sid: CallSid,
    /// The carrier's name for their own.
    pub leg_sid: CallSid,
    /// Whether that is a call of the log itself.
    pub is_logged: bool,
    /// On what ground the two are recorded; none where they are not.
    pub recorded: Option<Recorded>,
    /// Until when the two may speak.
    pub until: Timestamp,
    /// Where it stands.
    pub standing: Standing,
}

impl Leg {
    /// What the conference of the two is called at the carrier. Nobody can guess it, and
    /// no other two have it.
    pub fn conference(&self) -> String {
        format!("{}-{}", self.call_id, self.leg_sid)
    }

    /// How long the two may still speak.
    pub fn left(&self, now: Timestamp) -> Duration {
        let ms = u64::try_from(self.until.as_ms() - now.as_ms()).unwrap_or_default();
        Duration::from_millis(ms).max(Duration::from_secs(1))
    }
}

/// Keeps who has taken the tenant's call; the same news twice is once.
pub async fn take(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
    leg: &NewLeg,
) -> Result<(), Error> {
    let (asked, answer) = leg.recorded.unzip();
    let mut conn = db.into().write().await?;
    sqlx::query(TAKE)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .bind(leg.leg_sid.as_str())
        .bind(i64::from(leg.is_logged))
        .bind(asked.map(ConsentPolicy::as_str))
        .bind(answer.map(ConsentAnswer::as_str))
        .bind(leg.taken_at.as_ms())
        .bind(leg.until.as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const TAKE: &str = "
    INSERT INTO call_legs (tenant_id, call_id, leg_sid, is_logged, asked, answer, taken_at_ms,
        until_ms, standing, asked_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'taken', 0)
    ON CONFLICT (call_id, leg_sid) DO NOTHING";

/// The columns of a [`LegRow`], and where they are.
macro_rules! rows {
    () => {
        "SELECT legs.tenant_id, legs.call_id, calls.call_sid, leg_sid, is_logged, asked, answer,
            until_ms, standing
        FROM call_legs AS legs
        JOIN calls ON calls.tenant_id = legs.tenant_id AND calls.id = legs.call_id "
    };
}

/// Who has taken the tenant's call last, and since it was handed on, if it was.
pub async fn current(
    db: impl Into<Db<'_>>,
    (tenant, call): (TenantId, CallId),
) -> Result<Option<Leg>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<LegRow> = sqlx::query_as(CURRENT)
        .bind(tenant.to_string())
        .bind(call.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Leg::try_from).transpose()
}

const CURRENT: &str = concat!(
    rows!(),
    "WHERE legs.tenant_id = $1 AND legs.call_id = $2 AND standing <> 'over'
        AND taken_at_ms >= (SELECT COALESCE(MAX(asked_at_ms), 0) FROM call_transfers
            WHERE call_transfers.tenant_id = $1 AND call_transfers.call_id = $2)
    ORDER BY taken_at_ms DESC LIMIT 1"
);

/// The leg of the call of that SID, or with that SID itself, that is led into a
/// conference, or is in one. For the carrier, who knows no tenant.
pub async fn moving(db: impl Into<Db<'_>>, sid: &CallSid) -> Result<Vec<Leg>, Error> {
    let mut conn = db.into().read().await?;
    let rows: Vec<LegRow> = sqlx::query_as(MOVING)
        .bind(sid.as_str())
        .fetch_all(&mut *conn)
        .await?;
    rows.into_iter().map(Leg::try_from).collect()
}

const MOVING: &str = concat!(
    rows!(),
    "WHERE (leg_sid = $1 OR legs.call_id IN (SELECT id FROM calls WHERE call_sid = $1))
        AND standing IN ('asked', 'moved')
    ORDER BY asked_at_ms DESC"
);

/// Writes down that the carrier is to lead the leg into its conference. False where
/// somebody else has just asked for that.
pub async fn ask(db: impl Into<Db<'_>>, leg: &Leg, now: Timestamp) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = sqlx::query(ASK)
        .bind(leg.tenant_id.to_string())
        .bind(leg.call_id.to_string())
        .bind(leg.leg_sid.as_str())
        .bind(now.as_ms())
        .bind(now.plus_ms(-PATIENCE_MS).as_ms())
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const ASK: &str = "
    UPDATE call_legs SET standing = 'asked', asked_at_ms = $4
    WHERE tenant_id = $1 AND call_id = $2 AND leg_sid = $3
        AND (standing = 'taken' OR (standing IN ('asked', 'moved') AND asked_at_ms < $5))";

/// So long the carrier has to follow; it may be asked again after that.
const PATIENCE_MS: i64 = 15_000;

/// The carrier has said that it follows, or that it does not: what was asked of it
/// stands so now, unless it is over.
pub async fn settle(db: impl Into<Db<'_>>, leg: &Leg, standing: Standing) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    sqlx::query(SETTLE)
        .bind(leg.tenant_id.to_string())
        .bind(leg.call_id.to_string())
        .bind(leg.leg_sid.as_str())
        .bind(standing.as_str())
        .execute(&mut *conn)
        .await?;
    Ok(())
}

const SETTLE: &str = "
    UPDATE call_legs SET standing = $4
    WHERE tenant_id = $1 AND call_id = $2 AND leg_sid = $3 AND standing = 'asked'";

/// The call of that SID is over: those legs that it takes an end to, which were led into
/// conferences, and are over now, too. For the carrier, who knows no tenant.
pub async fn end(store: &Store, sid: &CallSid) -> Result<Vec<Leg>, Error> {
    let legs = moving(store, sid).await?;
    // Of nearly all calls there is none: their end takes no turn at writing.
    if legs.is_empty() {
        return Ok(legs);
    }
    let mut conn = Db::from(store).write().await?;
    for leg in &legs {
        sqlx::query(END)
            .bind(leg.call_id.to_string())
            .bind(leg.leg_sid.as_str())
            .execute(&mut *conn)
            .await?;
    }
    Ok(legs)
}

const END: &str = "UPDATE call_legs SET standing = 'over' WHERE call_id = $1 AND leg_sid = $2";

#[derive(FromRow)]
struct LegRow {
    tenant_id: String,
    call_id: String,
    call_sid: String,
    leg_sid: String,
    is_logged: i64,
    asked: Option<String>,
    answer: Option<String>,
    until_ms: i64,
    standing: String,
}

impl TryFrom<LegRow> for Leg {
    type Error = Error;

    fn try_from(row: LegRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "call_legs",
            id: &row.leg_sid,
        };
        let asked = at.parse_opt(row.asked.as_deref())?;
        Ok(Self {
            tenant_id: at.parse(&row.tenant_id)?,
            call_id: at.parse(&row.call_id)?,
            call_sid: at.parse(&row.call_sid)?,
            leg_sid: at.parse(&row.leg_sid)?,
            is_logged: at.truth(row.is_logged)?,
            recorded: asked.zip(at.parse_opt(row.answer.as_deref())?),
            until: Timestamp::from_ms(row.until_ms),
            standing: at.parse(&row.standing)?,
        })
    }
}
