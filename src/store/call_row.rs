//! A row of the log of calls.

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::Error;
use super::row::{RowOf, time};
use crate::domain::{
    Bill, CallContact, CallLog, Currency, Money, Pii, Remarks, Timestamp, Usage, Wishes,
};

/// The columns of a [`CallRow`], of a table where another could be meant.
macro_rules! columns {
    () => {
        columns!("")
    };
    ($of:literal) => {
        columns!(
            $of,
            "id",
            "tenant_id",
            "call_sid",
            "direction",
            "from_party",
            "to_party",
            "contact_id",
            "receptionist_id",
            "user_id",
            "answered_by",
            "status",
            "end_reason",
            "created_at_ms",
            "answered_at_ms",
            "ended_at_ms",
            "duration_s",
            "input_text_tokens",
            "input_audio_tokens",
            "cached_text_tokens",
            "cached_audio_tokens",
            "output_text_tokens",
            "output_audio_tokens",
            "transcribed_ms",
            "cost_micros",
            "cost_currency",
            "agent_ended_at_ms",
            "carrier_estimate_micros",
            "carrier_micros",
            "carrier_currency",
            "recording_micros",
            "transcription_micros",
            "usage_day",
            "disposition",
            "notes",
            "tags",
            "wants_recording",
            "wants_transcript",
            "metadata"
        )
    };
    ($of:literal, $first:literal $(, $name:literal)*) => {
        concat!(
            $of, $first $(, ", ", $of, $name)*,
            ", (SELECT contacts.name FROM contacts WHERE contacts.tenant_id = calls.tenant_id \
                AND contacts.id = calls.contact_id) AS contact_name"
        )
    };
}
pub(super) use columns;

#[derive(FromRow)]
pub(super) struct CallRow {
    pub(super) id: String,
    tenant_id: String,
    call_sid: String,
    direction: String,
    from_party: String,
    to_party: String,
    contact_id: Option<String>,
    contact_name: Option<String>,
    receptionist_id: Option<String>,
    user_id: Option<String>,
    answered_by: Option<String>,
    status: String,
    end_reason: Option<String>,
    pub(super) created_at_ms: i64,
    answered_at_ms: Option<i64>,
    ended_at_ms: Option<i64>,
    duration_s: Option<i64>,
    input_text_tokens: i64,
    input_audio_tokens: i64,
    cached_text_tokens: i64,
    cached_audio_tokens: i64,
    output_text_tokens: i64,
    output_audio_tokens: i64,
    transcribed_ms: i64,
    cost_micros: Option<i64>,
    cost_currency: Option<String>,
    agent_ended_at_ms: Option<i64>,
    carrier_estimate_micros: Option<i64>,
    carrier_micros: Option<i64>,
    carrier_currency: Option<String>,
    recording_micros: Option<i64>,
    transcription_micros: Option<i64>,
    usage_day: Option<String>,
    disposition: Option<String>,
    notes: Option<String>,
    tags: String,
    wants_recording: Option<i64>,
    wants_transcript: Option<i64>,
    metadata: Option<String>,
}

impl CallRow {
    fn at(&self) -> RowOf<'_> {
        RowOf {
            table: "calls",
            id: &self.id,
        }
    }

    fn usage(&self) -> Usage {
        Usage {
            input_text_tokens: self.input_text_tokens,
            input_audio_tokens: self.input_audio_tokens,
            cached_text_tokens: self.cached_text_tokens,
            cached_audio_tokens: self.cached_audio_tokens,
            output_text_tokens: self.output_text_tokens,
            output_audio_tokens: self.output_audio_tokens,
            transcribed_ms: self.transcribed_ms,
        }
    }

    fn contact(&self) -> Result<Option<CallContact>, Error> {
        let (Some(id), Some(name)) = (&self.contact_id, &self.contact_name) else {
            return Ok(None);
        };
        Ok(Some(CallContact {
            id: self.at().parse(id)?,
            name: Pii::new(name.clone()),
        }))
    }

    fn wishes(&self) -> Result<Wishes, Error> {
        let at = self.at();
        let truth = |value: Option<i64>| value.map(|value| at.truth(value)).transpose();
        let metadata = self.metadata.as_deref();
        let metadata = metadata.map(|text| at.json(text, "an object of texts"));
        let metadata: BTreeMap<String, String> = metadata.transpose()?.unwrap_or_default();
        let pairs = metadata.into_iter();
        Ok(Wishes {
            recording: truth(self.wants_recording)?,
            transcript: truth(self.wants_transcript)?,
            metadata: pairs.map(|(name, value)| (name, Pii::new(value))).collect(),
        })
    }

    fn money(&self, micros: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, Error> {
        let (Some(micros), Some(currency)) = (micros, currency) else {
            return Ok(None);
        };
        let currency = self.at().parse(currency)?;
        Ok(Some(Money { micros, currency }))
    }

    fn bill(&self) -> Result<Bill, Error> {
        let dollars = |micros: i64| Money {
            micros,
            currency: Currency::Usd,
        };
        Ok(Bill {
            agent_ended_at: time(self.agent_ended_at_ms),
            carrier_estimate: self.carrier_estimate_micros.map(dollars),
            carrier: self.money(self.carrier_micros, self.carrier_currency.as_deref())?,
            recording: self.recording_micros.map(dollars),
            transcription: self.transcription_micros.map(dollars),
            day: self.at().parse_opt(self.usage_day.as_deref())?,
        })
    }
}

impl TryFrom<CallRow> for CallLog {
    type Error = Error;

    fn try_from(row: CallRow) -> Result<Self, Error> {
        let at = row.at();
        let Ok(from) = row.from_party.parse();
        let Ok(to) = row.to_party.parse();
        let tags: Result<_, Error> = row.tags.lines().map(|tag| at.parse(tag)).collect();
        Ok(Self {
            id: at.parse(&row.id)?,
            tenant_id: at.parse(&row.tenant_id)?,
            call_sid: at.parse(&row.call_sid)?,
            direction: at.parse(&row.direction)?,
            from,
            to,
            contact: row.contact()?,
            receptionist_id: at.parse_opt(row.receptionist_id.as_deref())?,
            user_id: at.parse_opt(row.user_id.as_deref())?,
            answered_by: at.parse_opt(row.answered_by.as_deref())?,
            status: at.parse(&row.status)?,
            end_reason: at.parse_opt(row.end_reason.as_deref())?,
            created_at: Timestamp::from_ms(row.created_at_ms),
            answered_at: time(row.answered_at_ms),
            ended_at: time(row.ended_at_ms),
            duration_s: row.duration_s,
            usage: row.usage(),
            cost: row.money(row.cost_micros, row.cost_currency.as_deref())?,
            bill: row.bill()?,
            wishes: row.wishes()?,
            remarks: Remarks {
                disposition: at.parse_opt(row.disposition.as_deref())?,
                notes: row.notes.map(Pii::new),
                tags: tags?,
            },
        })
    }
}
