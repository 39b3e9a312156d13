//! A recording as a row of its table.

use sqlx::FromRow;

use super::Error;
use super::row::RowOf;
use crate::domain::{CallRecording, Consent, ParseError, Pause, Pii, RecordingTitle, Timestamp};

/// The columns of a [`RecordingRow`].
macro_rules! columns {
    () => {
        "id, tenant_id, call_id, state, fault, started_at_ms, duration_ms, bytes, content_type,
        audio_file, consent_policy, consent_answer, consent_words, consent_at_ms, pauses, lost_ms"
    };
}
pub(super) use columns;

/// What was kept out of a recording, for its column.
pub(super) fn written(pauses: &[Pause]) -> String {
    let spans = pauses.iter();
    let spans = spans.map(|pause| format!("{}-{}", pause.from_ms, pause.until_ms));
    spans.collect::<Vec<_>>().join(" ")
}

fn read(at: RowOf<'_>, text: &str) -> Result<Vec<Pause>, Error> {
    let span = |span: &str| {
        let (from, until) = span.split_once('-')?;
        Some(Pause {
            from_ms: from.parse().ok()?,
            until_ms: until.parse().ok()?,
        })
    };
    let spans: Option<Vec<_>> = text.split_whitespace().map(span).collect();
    spans.ok_or_else(|| {
        at.corrupt(ParseError {
            expected: "spans of milliseconds",
        })
    })
}

#[derive(FromRow)]
pub(super) struct RecordingRow {
    id: String,
    tenant_id: String,
    call_id: String,
    state: String,
    fault: Option<String>,
    started_at_ms: i64,
    duration_ms: Option<i64>,
    bytes: Option<i64>,
    content_type: Option<String>,
    audio_file: Option<String>,
    consent_policy: String,
    consent_answer: String,
    consent_words: Option<String>,
    consent_at_ms: i64,
    pauses: String,
    lost_ms: i64,
}

impl TryFrom<RecordingRow> for CallRecording {
    type Error = Error;

    fn try_from(row: RecordingRow) -> Result<Self, Error> {
        let at = RowOf {
            table: "call_recordings",
            id: &row.id,
        };
        Ok(Self {
            title: RecordingTitle {
                id: at.parse(&row.id)?,
                tenant_id: at.parse(&row.tenant_id)?,
                call_id: at.parse(&row.call_id)?,
                started_at: Timestamp::from_ms(row.started_at_ms),
                consent: Consent {
                    policy: at.parse(&row.consent_policy)?,
                    answer: at.parse(&row.consent_answer)?,
                    words: row.consent_words.map(Pii::new),
                    at: Timestamp::from_ms(row.consent_at_ms),
                },
            },
            state: at.parse(&row.state)?,
            fault: at.parse_opt(row.fault.as_deref())?,
            pauses: read(at, &row.pauses)?,
            duration_ms: row.duration_ms,
            bytes: row.bytes,
            content_type: row.content_type,
            file: row.audio_file,
            lost_ms: row.lost_ms,
        })
    }
}
