//! What notes are made of, as text for the journal.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::note::{Of, Taken};
use crate::domain::{
    CallId, CallSid, Consent, Money, ParseError, Party, Pii, ReceptionistId, RecordingId,
    RecordingTitle, TakenMessageId, TenantId, Timestamp, TurnLatency, Usage, Utterance,
};
use crate::routing::{Route, Step, Stop};
use crate::store::calls::NewCall;
use crate::store::text::{StepText, StopText, Text};

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

pub(super) fn word<T: FromStr<Err = ParseError>>(text: &str) -> Result<T, ParseError> {
    text.parse()
}

pub(super) fn party(text: &str) -> Party {
    let Ok(party) = text.parse();
    party
}

pub(super) fn all<'a, T, F: From<&'a T>>(values: &'a [T]) -> Vec<F> {
    values.iter().map(F::from).collect()
}

pub(super) fn all_of<F, T>(
    forms: Vec<F>,
    read: impl Fn(F) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    forms.into_iter().map(read).collect()
}

#[derive(Deserialize, Serialize)]
pub(super) struct CallForm {
    id: Text<CallId>,
    tenant: Text<TenantId>,
    call_sid: Text<CallSid>,
    direction: String,
    from: String,
    to: String,
    receptionist: Option<Text<ReceptionistId>>,
    status: String,
    created_at_ms: i64,
}

impl From<&NewCall> for CallForm {
    fn from(call: &NewCall) -> Self {
        Self {
            id: Text(call.id),
            tenant: Text(call.tenant_id),
            call_sid: Text(call.call_sid.clone()),
            direction: call.direction.as_str().to_owned(),
            from: call.from.to_text(),
            to: call.to.to_text(),
            receptionist: call.receptionist_id.map(Text),
            status: call.status.as_str().to_owned(),
            created_at_ms: call.created_at.as_ms(),
        }
    }
}

impl CallForm {
    pub(super) fn into_call(self) -> Result<NewCall, ParseError> {
        Ok(NewCall {
            id: self.id.0,
            tenant_id: self.tenant.0,
            call_sid: self.call_sid.0,
            direction: word(&self.direction)?,
            from: party(&self.from),
            to: party(&self.to),
            receptionist_id: self.receptionist.map(|Text(id)| id),
            status: word(&self.status)?,
            created_at: at(self.created_at_ms),
        })
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct RouteForm {
    stops: Vec<StopText>,
    open_state: String,
    language: Option<String>,
    steps: Vec<StepText>,
}

impl From<&Route> for RouteForm {
    fn from(route: &Route) -> Self {
        Self {
            stops: all(&route.stops),
            open_state: route.open_state.as_str().to_owned(),
            language: route.language.clone(),
            steps: all(&route.steps),
        }
    }
}

impl RouteForm {
    pub(super) fn into_route(self) -> Result<Route, ParseError> {
        Ok(Route {
            stops: self.stops.into_iter().map(Stop::from).collect(),
            open_state: word(&self.open_state)?,
            language: self.language,
            steps: self.steps.into_iter().map(Step::from).collect(),
        })
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct UsageForm {
    input_text: i64,
    input_audio: i64,
    cached_text: i64,
    cached_audio: i64,
    output_text: i64,
    output_audio: i64,
    #[serde(default)]
    transcribed_ms: i64,
}

impl From<&Usage> for UsageForm {
    fn from(usage: &Usage) -> Self {
        Self {
            input_text: usage.input_text_tokens,
            input_audio: usage.input_audio_tokens,
            cached_text: usage.cached_text_tokens,
            cached_audio: usage.cached_audio_tokens,
            output_text: usage.output_text_tokens,
            output_audio: usage.output_audio_tokens,
            transcribed_ms: usage.transcribed_ms,
        }
    }
}

impl From<UsageForm> for Usage {
    fn from(form: UsageForm) -> Self {
        Self {
            input_text_tokens: form.input_text,
            input_audio_tokens: form.input_audio,
            cached_text_tokens: form.cached_text,
            cached_audio_tokens: form.cached_audio,
            output_text_tokens: form.output_text,
            output_audio_tokens: form.output_audio,
            transcribed_ms: form.transcribed_ms,
        }
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct MoneyForm {
    micros: i64,
    currency: String,
}

impl From<&Money> for MoneyForm {
    fn from(money: &Money) -> Self {
        Self {
            micros: money.micros,
            currency: money.currency.as_str().to_owned(),
        }
    }
}

impl MoneyForm {
    pub(super) fn into_money(self) -> Result<Money, ParseError> {
        Ok(Money {
            micros: self.micros,
            currency: word(&self.currency)?,
        })
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct UtteranceForm {
    speaker: String,
    text: String,
    started_us: u64,
    interrupted: bool,
}

impl From<&Utterance> for UtteranceForm {
    fn from(utterance: &Utterance) -> Self {
        Self {
            speaker: utterance.speaker.as_str().to_owned(),
            text: utterance.text.expose().clone(),
            started_us: micros(utterance.started),
            interrupted: utterance.interrupted,
        }
    }
}

impl UtteranceForm {
    pub(super) fn into_utterance(self) -> Result<Utterance, ParseError> {
        Ok(Utterance {
            speaker: word(&self.speaker)?,
            text: Pii::new(self.text),
            started: Duration::from_micros(self.started_us),
            interrupted: self.interrupted,
        })
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct LatencyForm {
    sent_us: u64,
    heard_us: Option<u64>,
}

impl From<&TurnLatency> for LatencyForm {
    fn from(latency: &TurnLatency) -> Self {
        Self {
            sent_us: micros(latency.sent),
            heard_us: latency.heard.map(micros),
        }
    }
}

impl From<LatencyForm> for TurnLatency {
    fn from(form: LatencyForm) -> Self {
        Self {
            sent: Duration::from_micros(form.sent_us),
            heard: form.heard_us.map(Duration::from_micros),
        }
    }
}

#[derive(Deserialize, Serialize)]
pub(super) struct TitleForm {
    id: Text<RecordingId>,
    tenant: Text<TenantId>,
    call: Text<CallId>,
    started_at_ms: i64,
    #[serde(flatten)]
    consent: ConsentForm,
}

#[derive(Deserialize, Serialize)]
pub(super) struct ConsentForm {
    policy: String,
    answer: String,
    consent_at_ms: i64,
    words: Option<String>,
}

impl From<&Consent> for ConsentForm {
    fn from(consent: &Consent) -> Self {
        Self {
            policy: consent.policy.as_str().to_owned(),
            answer: consent.answer.as_str().to_owned(),
            consent_at_ms: consent.at.as_ms(),
            words: consent.words.as_ref().map(|words| words.expose().clone()),
        }
    }
}

impl ConsentForm {
    pub(super) fn into_consent(self) -> Result<Consent, ParseError> {
        Ok(Consent {
            policy: word(&self.policy)?,
            answer: word(&self.answer)?,
            at: at(self.consent_at_ms),
            words: self.words.map(Pii::new),
        })
    }
}

impl From<&RecordingTitle> for TitleForm {
    fn from(title: &RecordingTitle) -> Self {
        Self {
            id: Text(title.id),
            tenant: Text(title.tenant_id),
            call: Text(title.call_id),
            started_at_ms: title.started_at.as_ms(),
            consent: ConsentForm::from(&title.consent),
        }
    }
}

impl TitleForm {
    pub(super) fn into_title(self) -> Result<RecordingTitle, ParseError> {
        Ok(RecordingTitle {
            id: self.id.0,
            tenant_id: self.tenant.0,
            call_id: self.call.0,
            started_at: at(self.started_at_ms),
            consent: self.consent.into_consent()?,
        })
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[derive(Deserialize, Serialize)]
pub(super) struct TakenForm {
    tenant: Text<TenantId>,
    call: Text<CallId>,
    id: Text<TakenMessageId>,
    ordinal: i64,
    caller_name: String,
    callback: Option<String>,
    reason: String,
    urgency: String,
    at_ms: i64,
}

impl From<&Taken> for TakenForm {
    fn from(taken: &Taken) -> Self {
        Self {
            tenant: Text(taken.of.tenant_id),
            call: Text(taken.of.call_id),
            id: Text(taken.id),
            ordinal: taken.ordinal,
            caller_name: taken.caller_name.expose().clone(),
            callback: taken.callback.as_ref().map(|text| text.expose().clone()),
            reason: taken.reason.expose().clone(),
            urgency: taken.urgency.as_str().to_owned(),
            at_ms: taken.at.as_ms(),
        }
    }
}

impl TakenForm {
    pub(super) fn into_taken(self) -> Result<Taken, ParseError> {
        Ok(Taken {
            of: Of {
                tenant_id: self.tenant.0,
                call_id: self.call.0,
            },
            id: self.id.0,
            ordinal: self.ordinal,
            caller_name: Pii::new(self.caller_name),
            callback: self.callback.map(Pii::new),
            reason: Pii::new(self.reason),
            urgency: word(&self.urgency)?,
            at: at(self.at_ms),
        })
    }
}
