//! Receptionists as they are edited: every field a column, for a person to read.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, FromRow};

use super::receptionist_row::{ReceptionistRow, columns};
use super::row::{json, millis};
use super::text::ToolkitText;
use super::{Db, Error, Tx, by_id, page};
use crate::domain::{Receptionist, ReceptionistId, TenantId, Timestamp, TurnDetection};

/// The columns of a [`DraftRow`].
macro_rules! draft_columns {
    () => {
        concat!(
            columns!(),
            ", published_version, is_changed, updated_at_ms,
            CAST(CASE WHEN EXISTS (SELECT 1 FROM default_receptionists AS defaults
                WHERE defaults.receptionist_id = receptionists.id) THEN 1 ELSE 0 END
                AS BIGINT) AS is_default"
        )
    };
}

/// A receptionist as it is edited; callers meet a
/// [version](super::receptionist_versions) of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What it would be, were it published now.
    pub receptionist: Receptionist,
    /// The version that answers; none before the first publication.
    pub published_version: Option<i64>,
    /// Whether it was written since that version.
    pub is_changed: bool,
    /// Whether it answers where a number names nobody.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// Adds a receptionist to its tenant, as a draft: it answers nobody before it
/// is [published](super::receptionist_versions::publish).
pub async fn insert(
    db: impl Into<Db<'_>>,
    receptionist: &Receptionist,
    created_at: Timestamp,
) -> Result<(), Error> {
    let mut conn = db.into().write().await?;
    write(INSERT, receptionist, created_at)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

// The threshold is bound as a number always and made NULL here: `Any` gives a
// NULL of this type the width of another, and PostgreSQL remembers that.
const INSERT: &str = "
    INSERT INTO receptionists (id, tenant_id, name, greeting, instructions, voice, language,
        audio_format, turn_detection, vad_threshold, vad_prefix_padding_ms,
        vad_silence_duration_ms, vad_eagerness, tools, silence_prompt_after_ms,
        silence_prompts, max_duration_ms, created_at_ms, updated_at_ms, toolkit)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
        CASE WHEN $9 = 'server_vad' THEN $10 END,
        $11, $12, $13, $14, $15, $16, $17, $18, $18, $19)";

/// The tenant's receptionist of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<Option<Draft>, Error> {
    by_id::find::<DraftRow, _>(db, FIND, tenant, id).await
}

const FIND: &str = concat!(
    "SELECT ",
    draft_columns!(),
    " FROM receptionists WHERE tenant_id = $1 AND id = $2"
);

/// The same, which nobody else changes until `tx` is over.
pub async fn lock(
    tx: &mut Tx,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<Option<Draft>, Error> {
    by_id::lock(tx, LOCK, tenant, id).await?;
    find(tx, tenant, id).await
}

const LOCK: &str = "UPDATE receptionists SET id = id WHERE tenant_id = $1 AND id = $2";

/// The tenant's receptionists, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Draft>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &DraftRow| {
        (row.receptionist.created_at_ms, &row.receptionist.id)
    })
    .await
}

const LIST: &str = concat!(
    "SELECT ",
    draft_columns!(),
    " FROM receptionists WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes every field of the draft of the tenant's receptionist of that id;
/// whether there is one. Callers notice nothing.
pub async fn update(
    db: impl Into<Db<'_>>,
    receptionist: &Receptionist,
    updated_at: Timestamp,
) -> Result<bool, Error> {
    let mut conn = db.into().write().await?;
    let done = write(UPDATE, receptionist, updated_at)
        .execute(&mut *conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

const UPDATE: &str = "
    UPDATE receptionists SET name = $3, greeting = $4, instructions = $5, voice = $6,
        language = $7, audio_format = $8, turn_detection = $9,
        vad_threshold = CASE WHEN $9 = 'server_vad' THEN $10 END,
        vad_prefix_padding_ms = $11, vad_silence_duration_ms = $12, vad_eagerness = $13,
        tools = $14, silence_prompt_after_ms = $15, silence_prompts = $16,
        max_duration_ms = $17, updated_at_ms = $18, is_changed = 1, toolkit = $19
    WHERE id = $1 AND tenant_id = $2";

/// Deletes the tenant's receptionist of that id with all its versions, unless
/// it is the tenant's default or a number's: then nothing happens. Whether it
/// was deleted; what else refers to it is [`Error::Dangling`].
pub async fn delete(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<bool, Error> {
    by_id::delete(db, DELETE, tenant, id).await
}

const DELETE: &str = "
    DELETE FROM receptionists WHERE tenant_id = $1 AND id = $2
        AND NOT EXISTS (SELECT 1 FROM default_receptionists
            WHERE tenant_id = $1 AND receptionist_id = $2)
        AND NOT EXISTS (SELECT 1 FROM numbers WHERE tenant_id = $1 AND receptionist_id = $2)";

fn write(
    sql: &'static str,
    receptionist: &Receptionist,
    at: Timestamp,
) -> Query<'static, Any, AnyArguments> {
    let vad = VadColumns::from(&receptionist.turn_detection);
    let tools: Vec<&str> = receptionist
        .tools
        .iter()
        .map(|tool| tool.as_str())
        .collect();
    sqlx::query(sql)
        .bind(receptionist.id.to_string())
        .bind(receptionist.tenant_id.to_string())
        .bind(receptionist.name.clone())
        .bind(receptionist.greeting.clone())
        .bind(receptionist.instructions.clone())
        .bind(receptionist.voice.clone())
        .bind(receptionist.language.clone())
        .bind(receptionist.format.as_str())
        .bind(vad.turn_detection)
        .bind(vad.threshold.unwrap_or_default())
        .bind(vad.prefix_padding_ms)
        .bind(vad.silence_duration_ms)
        .bind(vad.eagerness)
        .bind(tools.join(" "))
        .bind(millis(receptionist.silence.prompt_after))
        .bind(i64::from(receptionist.silence.prompts))
        .bind(millis(receptionist.limits.max_duration))
        .bind(at.as_ms())
        .bind(json(&ToolkitText::from(&receptionist.toolkit)))
}

/// [`TurnDetection`], spread over its columns.
struct VadColumns {
    turn_detection: &'static str,
    threshold: Option<f64>,
    prefix_padding_ms: Option<i64>,
    silence_duration_ms: Option<i64>,
    eagerness: Option<&'static str>,
}

impl From<&TurnDetection> for VadColumns {
    fn from(turn_detection: &TurnDetection) -> Self {
        match turn_detection {
            TurnDetection::ServerVad {
                threshold,
                prefix_padding,
                silence_duration,
            } => Self {
                turn_detection: "server_vad",
                threshold: Some(*threshold),
                prefix_padding_ms: Some(millis(*prefix_padding)),
                silence_duration_ms: Some(millis(*silence_duration)),
                eagerness: None,
            },
            TurnDetection::SemanticVad { eagerness } => Self {
                turn_detection: "semantic_vad",
                threshold: None,
                prefix_padding_ms: None,
                silence_duration_ms: None,
                eagerness: Some(eagerness.as_str()),
            },
        }
    }
}

#[derive(FromRow)]
struct DraftRow {
    #[sqlx(flatten)]
    receptionist: ReceptionistRow,
    published_version: Option<i64>,
    is_changed: i64,
    is_default: i64,
    updated_at_ms: i64,
}

impl TryFrom<DraftRow> for Draft {
    type Error = Error;

    fn try_from(row: DraftRow) -> Result<Self, Error> {
        let at = row.receptionist.at();
        Ok(Self {
            published_version: row.published_version,
            is_changed: at.truth(row.is_changed)?,
            is_default: at.truth(row.is_default)?,
            created_at: Timestamp::from_ms(row.receptionist.created_at_ms),
            updated_at: Timestamp::from_ms(row.updated_at_ms),
            receptionist: row.receptionist.try_into()?,
        })
    }
}
