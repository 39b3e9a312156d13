//! A row of a receptionist: as it is edited, as it was published, as it answers.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::FromRow;

use super::Error;
use super::row::RowOf;
use super::text::ToolkitText;
use crate::domain::{
    Eagerness, Limits, ParseError, Receptionist, SilencePolicy, ToolName, Toolkit, TurnDetection,
};

/// What can be edited of a receptionist, as columns.
macro_rules! content {
    () => {
        "name, greeting, instructions, voice, language, audio_format, \
         turn_detection, vad_threshold, vad_prefix_padding_ms, vad_silence_duration_ms, \
         vad_eagerness, tools, toolkit, silence_prompt_after_ms, silence_prompts, max_duration_ms"
    };
}
pub(super) use content;

/// The columns of a [`ReceptionistRow`]; none of these names occurs twice in
/// a query that joins.
macro_rules! columns {
    () => {
        concat!(
            "id, tenant_id, ",
            super::receptionist_row::content!(),
            ", created_at_ms"
        )
    };
}
pub(super) use columns;

/// A row, also as part of what [`super::numbers::answering`] finds and of a
/// version.
#[derive(FromRow)]
pub(super) struct ReceptionistRow {
    pub(super) id: String,
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
    toolkit: String,
    silence_prompt_after_ms: i64,
    silence_prompts: i64,
    max_duration_ms: i64,
    pub(super) created_at_ms: i64,
}

impl ReceptionistRow {
    pub(super) fn at(&self) -> RowOf<'_> {
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

    fn toolkit(&self) -> Result<Toolkit, Error> {
        let text: ToolkitText = self.at().json(&self.toolkit, "a toolkit")?;
        Ok(text.into())
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
            toolkit: row.toolkit()?,
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
