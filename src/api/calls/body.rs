//! A call of the log, as a stranger reads it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::operator::Operator;
use crate::domain::{
    AnsweredBy, CallContact, CallLog, Cost, EndReason, Money, Outcome, Party, Pii, Tag, Timestamp,
    Usage,
};

/// A call of the log. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct CallBody {
    id: String,
    /// The carrier's name for it; null until the carrier has named it.
    call_sid: Option<String>,
    direction: &'static str,
    /// An E.164 number, `client:…`, `sip:…`, or `anonymous`.
    from: String,
    to: String,
    /// Whom of the tenant's contacts it was with, by the number; null where the
    /// number is masked.
    contact: Option<CallContactBody>,
    /// The receptionist who has answered, of several the first; or for whom it was placed.
    receptionist_id: Option<String>,
    /// Whose call it was, if it was a person's.
    user_id: Option<String>,
    status: &'static str,
    /// Who answered: `ai`, `person` or `voicemail`.
    answered_by: Option<&'static str>,
    /// What became of it: `open`, `ai`, `person`, `voicemail`, `missed` or `failed`.
    outcome: &'static str,
    /// Why it ended, such as `caller.hung_up`.
    end_reason: Option<&'static str>,
    created_at: String,
    answered_at: Option<String>,
    ended_at: Option<String>,
    duration_s: Option<i64>,
    usage: UsageBody,
    /// Null where nothing of it is known.
    cost: Option<CostBody>,
    /// What came of it, in a word of the tenant's own.
    disposition: Option<String>,
    notes: Option<String>,
    tags: Vec<String>,
    /// Whether whoever placed it wants it recorded; null where nothing was said.
    record: Option<bool>,
    /// Whether whoever placed it wants it written down; null where nothing was
    /// said.
    transcribe: Option<bool>,
    /// What whoever placed it wrote beside it.
    metadata: BTreeMap<String, String>,
}

impl CallBody {
    pub(in crate::api) fn new(call: &CallLog, operator: &Operator) -> Self {
        let party = |party: &Party| readable(&Pii::new(party.to_text()), operator);
        let word = |tag: &Tag| tag.as_str().to_owned();
        let words = |words: &Pii<String>| readable(words, operator);
        Self {
            id: call.id.to_string(),
            call_sid: Some(call.call_sid.to_string()).filter(|sid| *sid != call.id.to_string()),
            direction: call.direction.as_str(),
            from: party(&call.from),
            to: party(&call.to),
            contact: call
                .contact
                .as_ref()
                .filter(|_| !operator.sees_masked())
                .map(CallContactBody::from),
            receptionist_id: call.receptionist_id.map(|id| id.to_string()),
            user_id: call.user_id.map(|id| id.to_string()),
            status: call.status.as_str(),
            answered_by: call.answered_by.map(AnsweredBy::as_str),
            outcome: Outcome::of(call).as_str(),
            end_reason: call.end_reason.map(EndReason::as_str),
            created_at: call.created_at.to_string(),
            answered_at: call.answered_at.map(|at| at.to_string()),
            ended_at: call.ended_at.map(|at| at.to_string()),
            duration_s: call.duration_s,
            usage: call.usage.into(),
            cost: CostBody::of(Cost::of(call, None)),
            disposition: call.remarks.disposition.as_ref().map(word),
            notes: call.remarks.notes.as_ref().map(words),
            tags: call.remarks.tags.iter().map(word).collect(),
            record: call.wishes.recording,
            transcribe: call.wishes.transcript,
            metadata: {
                let pairs = call.wishes.metadata.iter();
                pairs
                    .map(|(name, value)| (name.clone(), words(value)))
                    .collect()
            },
        }
    }

    /// The same with what a call that goes on costs by `now`.
    pub(super) fn costing(self, call: &CallLog, now: Timestamp) -> Self {
        Self {
            cost: CostBody::of(Cost::of(call, Some(now))),
            ..self
        }
    }
}

/// What a call costs: an estimate until the carrier has said what it charges,
/// some minutes after the end.
#[derive(Debug, Serialize, ToSchema)]
struct CostBody {
    /// The sum of the parts in this currency.
    #[serde(flatten)]
    sum: MoneyBody,
    /// Whether nothing of it will change.
    is_final: bool,
    /// The tokens, and what it takes to write down what the caller says, by the prices
    /// of the call's day; null where they are not known.
    model: Option<CostPartBody>,
    /// Null where there is nothing to go by yet.
    carrier: Option<CostPartBody>,
    /// What the carrier has recorded, by its price list; null where that is nothing.
    recording: Option<CostPartBody>,
    /// What it cost to have recordings and messages written down, by the price list of
    /// the model; null where nothing was, or it is not in the list.
    transcription: Option<CostPartBody>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CostPartBody {
    #[serde(flatten)]
    money: MoneyBody,
    is_final: bool,
}

impl CostBody {
    fn of(cost: Cost) -> Option<Self> {
        let (sum, is_final) = cost.sum()?;
        let part = |part: Option<(Money, bool)>| {
            part.map(|(money, is_final)| CostPartBody {
                money: money.into(),
                is_final,
            })
        };
        Some(Self {
            sum: sum.into(),
            is_final,
            model: part(cost.model),
            carrier: part(cost.carrier),
            recording: part(cost.recording),
            transcription: part(cost.transcription),
        })
    }
}

/// Somebody whom the tenant knows.
#[derive(Debug, Serialize, ToSchema)]
struct CallContactBody {
    id: String,
    name: String,
}

impl From<&CallContact> for CallContactBody {
    fn from(contact: &CallContact) -> Self {
        Self {
            id: contact.id.to_string(),
            name: contact.name.expose().clone(),
        }
    }
}

/// Tokens, of which the cached ones are part of the input ones, and what the caller said
/// that was written down meanwhile and is billed by its length.
#[derive(Debug, Serialize, ToSchema)]
struct UsageBody {
    input_text_tokens: i64,
    input_audio_tokens: i64,
    cached_text_tokens: i64,
    cached_audio_tokens: i64,
    output_text_tokens: i64,
    output_audio_tokens: i64,
    transcribed_ms: i64,
}

impl From<Usage> for UsageBody {
    fn from(usage: Usage) -> Self {
        Self {
            input_text_tokens: usage.input_text_tokens,
            input_audio_tokens: usage.input_audio_tokens,
            cached_text_tokens: usage.cached_text_tokens,
            cached_audio_tokens: usage.cached_audio_tokens,
            output_text_tokens: usage.output_text_tokens,
            output_audio_tokens: usage.output_audio_tokens,
            transcribed_ms: usage.transcribed_ms,
        }
    }
}

/// Money in millionths of the currency's unit.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct MoneyBody {
    micros: i64,
    /// ISO 4217.
    currency: String,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self {
            micros: money.micros,
            currency: money.currency.as_str().to_owned(),
        }
    }
}

/// Words or a number, as far as the operator may read them.
pub(super) fn readable(text: &Pii<String>, operator: &Operator) -> String {
    if operator.sees_masked() {
        masked(text.expose())
    } else {
        text.expose().clone()
    }
}

/// As many letters and digits, of which none says anything.
fn masked(text: &str) -> String {
    let mask = |letter: char| {
        if letter.is_alphanumeric() {
            '•'
        } else {
            letter
        }
    };
    text.chars().map(mask).collect()
}
