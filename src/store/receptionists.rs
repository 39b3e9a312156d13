//! Receptionists: every field a column, so that a person can read the table.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, FromRow};

use super::row::{RowOf, millis};
use super::{Db, Error, page};
use crate::domain::{
    Eagerness, Limits, ParseError, Receptionist, ReceptionistId, SilencePolicy, TenantId,
    Timestamp, ToolName, TurnDetection,
};

/// The columns of a [`ReceptionistRow`]; none of these names occurs twice in
/// a query that joins.
macro_rules! columns {
    () => {
        "id, tenant_id, name, greeting, instructions, voice, language, audio_format, \
         turn_detection, vad_threshold, vad_prefix_padding_ms, vad_silence_duration_ms, \
         vad_eagerness, tools, silence_prompt_after_ms, silence_prompts, max_duration_ms, \
         created_at_ms"
    };
}
pub(super) use columns;

/// Adds a receptionist to its tenant.
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
        silence_prompts, max_duration_ms, created_at_ms, updated_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
        CASE WHEN $9 = 'server_vad' THEN $10 END,
        $11, $12, $13, $14, $15, $16, $17, $18, $18)";

/// The tenant's receptionist of that id.
pub async fn find(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    id: ReceptionistId,
) -> Result<Option<Receptionist>, Error> {
    let mut conn = db.into().read().await?;
    let row: Option<ReceptionistRow> = sqlx::query_as(FIND)
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    row.map(Receptionist::try_from).transpose()
}

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM receptionists WHERE tenant_id = $1 AND id = $2"
);

/// The tenant's receptionists, newest first.
pub async fn list(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    page: &page::Request,
) -> Result<page::Page<Receptionist>, Error> {
    page::of_tenant(db, LIST, tenant, page, |row: &ReceptionistRow| {
        (row.created_at_ms, &row.id)
    })
    .await
}

const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM receptionists WHERE tenant_id = $1 AND (created_at_ms, id) < ($2, $3)
    ORDER BY created_at_ms DESC, id DESC LIMIT $4"
);

/// Writes every field of the tenant's receptionist of that id; whether there
/// is one.
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
        max_duration_ms = $17, updated_at_ms = $18
    WHERE id = $1 AND tenant_id = $2";

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

/// A row, also as part of what [`super::numbers::answering`] finds.
#[derive(FromRow)]
pub(super) struct ReceptionistRow {
    id: String,
    tenant_id: String,
    name: String,
    greeting: String,
    instructions: String,
    voice: String,
    language: String,
    audio_format: String,
    turn_detection: String,
    vad_threshold: Option<f64>,
    vad_prefix_padding_ms: Option<i64>,
    vad_silence_duration_ms: Option<i64>,
    vad_eagerness: Option<String>,
    tools: String,
    silence_prompt_after_ms: i64,
    silence_prompts: i64,
    max_duration_ms: i64,
    created_at_ms: i64,
}

impl ReceptionistRow {
    fn at(&self) -> RowOf<'_> {
        RowOf {
            table: "receptionists",
            id: &self.id,
        }
    }

    fn turn_detection(&self) -> Result<TurnDetection, Error> {
        let at = self.at();
        let number = "a number, as server_vad needs it";
        match self.turn_detection.as_str() {
            "server_vad" => {
                let prefix_padding_ms = at.required(self.vad_prefix_padding_ms, number)?;
                let silence_duration_ms = at.required(self.vad_silence_duration_ms, number)?;
                Ok(TurnDetection::ServerVad {
                    threshold: at.required(self.vad_threshold, number)?,
                    prefix_padding: at.duration(prefix_padding_ms)?,
                    silence_duration: at.duration(silence_duration_ms)?,
                })
            }
            "semantic_vad" => {
                let eagerness: Option<Eagerness> = at.parse_opt(self.vad_eagerness.as_deref())?;
                let eagerness = at.required(eagerness, "an eagerness, as semantic_vad needs it")?;
                Ok(TurnDetection::SemanticVad { eagerness })
            }
            _ => Err(at.corrupt(ParseError {
                expected: "server_vad or semantic_vad",
            })),
        }
    }

    fn tools(&self) -> Result<BTreeSet<ToolName>, Error> {
        let names = self.tools.split_whitespace();
        names.map(|name| self.at().parse(name)).collect()
    }

    fn silence(&self) -> Result<SilencePolicy, Error> {
        let prompt_after: Duration = self.at().duration(self.silence_prompt_after_ms)?;
        let prompts = u32::try_from(self.silence_prompts).ok();
        Ok(SilencePolicy {
            prompt_after,
            prompts: self.at().required(prompts, "a number of prompts")?,
        })
    }
}

impl TryFrom<ReceptionistRow> for Receptionist {
    type Error = Error;

    fn try_from(row: ReceptionistRow) -> Result<Self, Error> {
        let at = row.at();
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            format: at.parse(&row.audio_format)?,
            turn_detection: row.turn_detection()?,
            tools: row.tools()?,
            silence: row.silence()?,
            limits: Limits {
                max_duration: at.duration(row.max_duration_ms)?,
            },
            name: row.name,
            greeting: row.greeting,
            instructions: row.instructions,
            voice: row.voice,
            language: row.language,
        })
    }
}
