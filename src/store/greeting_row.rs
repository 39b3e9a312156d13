//! A greeting as it stands in its row.

use sqlx::FromRow;

use super::Error;
use super::row::RowOf;
use crate::domain::{Greeting, GreetingContent, Secret, SoundFormat, Timestamp};

/// The columns of a [`GreetingRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, kind, user_id, name, spoken_text, voice, language, audio_file, \
         audio_format, audio_size, audio_secret, from_day, until_day, is_default, created_at_ms"
    };
}
pub(super) use columns;

/// A greeting.
#[derive(FromRow)]
pub(super) struct GreetingRow {
    pub(super) id: String,
    tenant_id: String,
    kind: String,
    user_id: Option<String>,
    name: String,
    spoken_text: Option<String>,
    voice: Option<String>,
    language: Option<String>,
    audio_file: Option<String>,
    audio_format: Option<String>,
    audio_size: Option<i64>,
    audio_secret: Option<String>,
    from_day: Option<String>,
    until_day: Option<String>,
    is_default: i64,
    pub(super) created_at_ms: i64,
}

impl TryFrom<GreetingRow> for Greeting {
    type Error = Error;

    fn try_from(row: GreetingRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "voicemail_greetings",
            id: &row.id,
        };
        let content = if let Some(text) = row.spoken_text {
            GreetingContent::Spoken {
                text,
                voice: row.voice,
                language: row.language,
            }
        } else {
            let expected = "words to speak, or a file with its format, size and secret";
            let format: Option<SoundFormat> = at.parse_opt(row.audio_format.as_deref())?;
            GreetingContent::Played {
                file: at.required(row.audio_file, expected)?,
                format: at.required(format, expected)?,
                size: at.required(row.audio_size, expected)?,
                secret: Secret::new(at.required(row.audio_secret, expected)?),
            }
        };
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            kind: at.parse(&row.kind)?,
            user_id: at.parse_opt(row.user_id.as_deref())?,
            content,
            from: at.parse_opt(row.from_day.as_deref())?,
            until: at.parse_opt(row.until_day.as_deref())?,
            is_default: at.truth(row.is_default)?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            name: row.name,
        })
    }
}
