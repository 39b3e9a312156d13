//! Whether a call is recorded, and what its caller says to that before it is.
//!
//! Nobody is recorded who was not asked as the number wants it. Where that
//! cannot be found out in time, nobody is recorded at all.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use tokio::time::timeout;

use super::at::{At, Point, value_of};
use super::memory::Placed;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, spoken, stops, switchboard};
use crate::domain::{
    CallLog, CallSid, Consent, ConsentAnswer, ConsentPolicy, ConsentRule, Direction, Pii,
    SettingKey,
};
use crate::routing::ivr::Outcome;
use crate::store::{Error, call_consents, calls, numbers, settings};
use crate::twilio::twiml::{Gather, GatherInput, Pause, Response, Say};
use crate::twilio::webhook::{GatherResult, VoiceRequest, parse_form};

/// The caller does not wait longer than this for what the number wants.
const PATIENCE: Duration = Duration::from_millis(250);
/// So long whoever stays on the line can think about it.
const TIME_TO_LEAVE: Duration = Duration::from_secs(2);
/// Evidence needs no speech.
const MAX_WORDS: usize = 500;

/// On what ground a call goes on.
#[derive(Debug)]
pub(super) enum Ground {
    /// It is not recorded.
    Unrecorded,
    /// It is, once whoever is on the line has heard this.
    Recorded(Response, Consent),
    /// That is asked first.
    Asked(Response),
}

/// Whether the call may be recorded that is about to have somebody at `point`.
pub(super) async fn ground(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    point: &Point,
) -> Ground {
    match wanted(house, placed, request).await {
        Some(wanted) => wanted.ground(house, placed, point),
        None => Ground::Unrecorded,
    }
}

/// The same where somebody else is to be rung. Whom we have called ourselves is
/// not asked by whoever is on the line with us: they are recorded only where nobody
/// has to be asked, or they were before.
pub(super) async fn ground_of_ring(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
    point: &Point,
) -> Ground {
    // Without an account nobody could fetch what the carrier records.
    if house.carrier.is_none() {
        return Ground::Unrecorded;
    }
    let Some(wanted) = wanted(house, placed, request).await else {
        return Ground::Unrecorded;
    };
    let is_asked = wanted.rule.policy != ConsentPolicy::None;
    let is_ours = request.direction == Direction::Outbound;
    if is_ours && is_asked && wanted.given(placed, point).is_none() {
        return Ground::Unrecorded;
    }
    wanted.ground(house, placed, point)
}

/// This goes out to whoever is on the line. Who has come further has heard it; who is led
/// to the same place again hears it again, for the answer may have been lost.
pub(super) fn note_told(house: &Webhooks, call_sid: &CallSid, point: &Point, consent: Consent) {
    if matches!(consent.answer, ConsentAnswer::Told | ConsentAnswer::Stayed) {
        house.memory.change(call_sid, |placed| {
            placed.told.get_or_insert_with(|| (point.clone(), consent));
        });
    }
}

impl Wanted {
    /// What whoever is on the line has said before they came to `point`, or was told.
    fn given(&self, placed: &Placed, point: &Point) -> Option<Consent> {
        let told = placed.told.as_ref().filter(|(there, _)| there != point);
        let said = placed.consent.as_ref().or(self.given.as_ref());
        said.or(told.map(|(_, consent)| consent)).cloned()
    }

    fn ground(self, house: &Webhooks, placed: &Placed, point: &Point) -> Ground {
        if let Some(consent) = self.given(placed, point) {
            return if consent.answer.permits() {
                Ground::Recorded(Response::new(), consent)
            } else {
                Ground::Unrecorded
            };
        }
        let speech = Speech::new(placed.route.language.as_deref());
        let consent = |answer| Consent {
            policy: self.rule.policy,
            answer,
            words: None,
            at: house.clock.now(),
        };
        let question = Question {
            speech: &speech,
            rule: &self.rule,
            action: format!(
                "{}&asked={}",
                house.stop_url("consent", point),
                self.rule.policy.as_str()
            ),
        };
        let said = |ours| Response::new().say(question.say(ours));
        match self.rule.policy {
            ConsentPolicy::None => {
                Ground::Recorded(Response::new(), consent(ConsentAnswer::NotAsked))
            }
            ConsentPolicy::Announce => {
                Ground::Recorded(said(speech.phrases.recorded), consent(ConsentAnswer::Told))
            }
            ConsentPolicy::StayOnLine => {
                let told = said(speech.phrases.recorded_if_you_stay);
                let told = told.pause(Pause::new(TIME_TO_LEAVE));
                Ground::Recorded(told, consent(ConsentAnswer::Stayed))
            }
            ConsentPolicy::Verbal => Ground::Asked(question.verbal()),
            ConsentPolicy::Keypress => Ground::Asked(question.keypress()),
        }
    }
}

/// What is to be asked.
struct Question<'a> {
    speech: &'a Speech,
    rule: &'a ConsentRule,
    action: String,
}

impl Question<'_> {
    /// The tenant's words, or ours.
    fn say(&self, ours: &str) -> Say {
        match &self.rule.words {
            Some(words) => self.speech.say_own(words),
            None => self.speech.say(ours),
        }
    }

    fn verbal(self) -> Response {
        let phrases = self.speech.phrases;
        let words = self.say(phrases.recorded_if_you_say_so);
        let hints = [phrases.yes, phrases.no].concat();
        let gather = Gather::new()
            .input(GatherInput::DtmfSpeech)
            .language(self.speech.tag())
            .hints(&hints);
        self.ask(gather.num_digits(1).say(words))
    }

    fn keypress(self) -> Response {
        let words = self.say(self.speech.phrases.recorded_if_you_press_1);
        self.ask(Gather::new().num_digits(1).say(words))
    }

    /// Who says nothing is heard too.
    fn ask(self, gather: Gather) -> Response {
        let gather = gather.action(self.action).action_on_empty_result(true);
        Response::new().gather(gather)
    }
}

/// A call that is to be recorded.
struct Wanted {
    rule: ConsentRule,
    /// What whoever is on the line has said before.
    given: Option<Consent>,
}

async fn wanted(house: &Webhooks, placed: &Placed, request: &VoiceRequest) -> Option<Wanted> {
    let looked_up = look_up(house, placed, request);
    match house.patience.insist(PATIENCE, looked_up).await {
        Some(Ok(wanted)) => wanted,
        Some(Err(error)) => {
            tracing::warn!(call.id = %placed.call_id, %error, "recording.unknown");
            None
        }
        None => {
            tracing::warn!(call.id = %placed.call_id, "recording.unknown: the database is slow");
            None
        }
    }
}

/// None where it is not to be recorded.
async fn look_up(
    house: &Webhooks,
    placed: &Placed,
    request: &VoiceRequest,
) -> Result<Option<Wanted>, Error> {
    let (store, tenant, call) = (&house.store, placed.tenant_id, placed.call_id);
    let is_ours = request.direction == Direction::Outbound;
    let placed_by_us = if is_ours {
        calls::find(store, tenant, call).await?
    } else {
        None
    };
    // A member who places calls may have settings of their own.
    let member = placed_by_us.as_ref().and_then(CallLog::placed_by);
    let settings = settings::of_tenant(store, tenant, member).await?;
    if !settings.truth(SettingKey::EnableCallRecording) {
        return Ok(None);
    }
    let wish = placed_by_us.and_then(|call| call.wishes.recording);
    if !wish.unwrap_or_else(|| settings.truth(SettingKey::AutoRecordCalls)) {
        return Ok(None);
    }
    let own = if is_ours { &request.from } else { &request.to };
    let number = match own.number() {
        Some(number) => numbers::find_of_tenant(store, tenant, number).await?,
        None => None,
    };
    let given = call_consents::find(store, (tenant, call)).await?;
    let rule = number.map(|number| number.recording);
    Ok(Some(Wanted {
        rule: rule.unwrap_or_default(),
        given,
    }))
}

/// The caller has said whether they may be recorded, or nothing. Either way the
/// call goes on.
pub(super) async fn answered(
    State(house): State<Webhooks>,
    at: At,
    RawQuery(query): RawQuery,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(result) = GatherResult::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let request = &result.call;
    let Some(placed) = switchboard::find_at(&house, &request.call_sid, at.stop).await else {
        return Xml(spoken::apology());
    };
    if stops::is_gone(&placed, request) {
        return Xml(Response::new().hangup());
    }
    let consent = Consent {
        policy: asked(query.as_deref()),
        ..heard(&house, &placed, &result)
    };
    let changed = house.memory.change(&request.call_sid, |placed| {
        // What was said first stays.
        placed.consent.get_or_insert_with(|| consent.clone());
    });
    let placed = changed.unwrap_or(placed);
    note(&house, &placed, consent).await;
    Xml(go_on(&house, &placed, request, &at).await)
}

/// The call goes where it was going.
async fn go_on(house: &Webhooks, placed: &Placed, request: &VoiceRequest, at: &At) -> Response {
    if at.leg.is_none() {
        return stops::follow(house, placed, request, at.stop).await;
    }
    if let Some(stop) = stops::at(house, placed, &request.call_sid, at).await
        && let Ok(response) = stops::take(house, placed, request, (&at.point(), &stop)).await
    {
        return response;
    }
    stops::go_on(house, placed, request, at, Outcome::Failed).await
}

/// The evidence outlives this process, and is kept while the database is away; whoever is
/// on the line does not wait long for it.
async fn note(house: &Webhooks, placed: &Placed, consent: Consent) {
    metrics::counter!("frontdesk_consents_total", "answer" => consent.answer.as_str()).increment(1);
    let (bridge, of) = (house.bridge.clone(), (placed.tenant_id, placed.call_id));
    let noting = tokio::spawn(async move {
        if let Err(error) = bridge.keep_consent(of, consent).await {
            tracing::error!(call.id = %of.1, %error, "recording.consent_not_noted");
        }
    });
    // It goes on by itself.
    let _ = timeout(PATIENCE, noting).await;
}

/// How they were asked, by the address that we gave the carrier.
fn asked(query: Option<&str>) -> ConsentPolicy {
    let pairs = parse_form(query.unwrap_or_default().as_bytes());
    value_of(&pairs, "asked").unwrap_or(ConsentPolicy::Keypress)
}

fn heard(house: &Webhooks, placed: &Placed, result: &GatherResult) -> Consent {
    let speech = Speech::new(placed.route.language.as_deref());
    let said = |said: &&Pii<String>| !said.expose().trim().is_empty();
    let keys = result.digits.as_ref().filter(said);
    let words = result.speech.as_ref().filter(said);
    let answer = match (keys, words) {
        (Some(keys), _) => by_key(keys.expose()),
        (None, Some(words)) => by_words(&speech, words.expose()),
        (None, None) => ConsentAnswer::Silent,
    };
    let words = keys.or(words);
    Consent {
        policy: ConsentPolicy::default(),
        answer,
        words: words.map(|words| Pii::new(words.expose().chars().take(MAX_WORDS).collect())),
        at: house.clock.now(),
    }
}

fn by_key(keys: &str) -> ConsentAnswer {
    match keys {
        "1" => ConsentAnswer::Agreed,
        _ => ConsentAnswer::Refused,
    }
}

/// One word of doubt is no.
fn by_words(speech: &Speech, words: &str) -> ConsentAnswer {
    let words = words.to_lowercase().replace('’', "'");
    let has = |known: &[&str]| {
        let mut words = words.split(|c: char| !c.is_alphanumeric() && c != '\'');
        words.any(|word| known.contains(&word))
    };
    match (has(speech.phrases.no), has(speech.phrases.yes)) {
        (true, _) => ConsentAnswer::Refused,
        (false, true) => ConsentAnswer::Agreed,
        (false, false) => ConsentAnswer::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_yes_agrees_and_who_says_anything_else_does_not() {
        use ConsentAnswer::{Agreed, Refused, Silent};
        for (language, words, answer) in [
            ("en-US", "Yes.", Agreed),
            ("en-US", "Yeah, sure!", Agreed),
            ("en-GB", "No, thank you", Refused),
            ("en-US", "yes, no, I don't know", Refused),
            ("en-US", "I don’t agree", Refused),
            ("en-US", "what?", Silent),
            ("en-US", "yesterday", Silent),
            ("de-DE", "Ja, gerne", Agreed),
            ("de-DE", "Lieber nicht", Refused),
            ("de-DE", "Nein", Refused),
            ("es-ES", "Sí, claro", Agreed),
            ("es-MX", "¡No!", Refused),
            ("fr-FR", "Oui, d'accord", Agreed),
            ("fr-FR", "Je ne suis pas d'accord", Refused),
            ("fr-FR", "", Silent),
        ] {
            let speech = Speech::new(Some(language));
            assert_eq!(by_words(&speech, words), answer, "{words}");
        }
        assert_eq!(by_key("1"), Agreed);
        assert_eq!(by_key("2"), Refused);
        assert_eq!(by_key("11"), Refused);
    }
}
