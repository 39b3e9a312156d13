//! A caller is led to leave a message: the right greeting, the beep, the recording.

use std::time::Duration;

use super::at::Point;
use super::memory::Placed;
use super::speech::Speech;
use super::{Webhooks, greeting_sound, spoken};
use crate::domain::{
    Day, Greeting, GreetingContent, Occasion, OpenState, SettingKey, Settings, TenantId, UserId,
    choose,
};
use crate::store::{Error, greetings, settings, tenants, users};
use crate::twilio::twiml::{Callback, Key, Play, Record, RecordingEvent, Response, Say};

/// The longest message.
pub(super) const LONGEST: Duration = Duration::from_mins(3);
/// The carrier writes down no longer ones.
///
/// <https://www.twilio.com/docs/voice/twiml/record#transcribe>
const LONGEST_WRITTEN: Duration = Duration::from_mins(2);

/// Who is to hear a beep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// Whose caller it is.
    pub(super) tenant: TenantId,
    /// Whom they wanted to speak with, if a person.
    pub(super) user: Option<UserId>,
    /// Whether it is open.
    pub(super) open_state: OpenState,
    /// In which language we speak.
    pub(super) speech: Speech,
}

impl Caller {
    /// The caller of a call on its route.
    pub(super) fn of(placed: &Placed) -> Self {
        Self {
            tenant: placed.tenant_id,
            user: None,
            open_state: placed.route.open_state,
            speech: Speech::new(placed.route.language.as_deref()),
        }
    }

    /// The same at a stop of the route: whoever has tried one member, and reached
    /// nobody, leaves the message for them.
    pub(super) fn at(placed: &Placed, point: &Point) -> Self {
        let began = placed.moved_to.filter(|first| *first <= point.stop);
        let tried = placed
            .route
            .member_before(point.stop, began.unwrap_or_default());
        Self {
            user: tried.filter(|_| point.leg.is_none()),
            ..Self::of(placed)
        }
    }

    /// The same, where the message is for that member, if one is named.
    pub(super) fn leaving_for(self, user: Option<UserId>) -> Self {
        let user = user.or(self.user);
        Self { user, ..self }
    }
}

/// A stop of a route at which a caller leaves a message. Without the database
/// they hear a greeting of ours.
pub(super) async fn leave(house: &Webhooks, caller: &Caller, own: Option<&str>) -> Response {
    match house.patience.wait(take_message(house, caller, own)).await {
        Some(Ok(response)) => return response,
        Some(Err(error)) => tracing::error!(%error, "voicemail.greeting_lost"),
        None => tracing::warn!("voicemail.greeting_lost: the database did not answer in time"),
    }
    plain(house, &caller.speech, (caller.user, own))
}

/// What can be had without a database: these words or ours, and the beep.
pub(super) fn plain(
    house: &Webhooks,
    speech: &Speech,
    (user, own): (Option<UserId>, Option<&str>),
) -> Response {
    let greeting = match own {
        Some(own) => speech.say_own(own),
        None => speech.say(speech.phrases.leave_a_message),
    };
    let record = record(house, user);
    recorded(Response::new().say(greeting), speech, record)
}

/// What the tenant's callers hear and do, as the tenant wants it: their `own` words
/// for this place, where they have chosen some.
///
/// Where the tenant wants no voicemail, that is an apology: the route was decided by the
/// same. A member who wants none, or works here no more, has the message left for the
/// tenant.
pub(super) async fn take_message(
    house: &Webhooks,
    caller: &Caller,
    own: Option<&str>,
) -> Result<Response, Error> {
    let tenants = settings::of_tenant(&house.store, caller.tenant, None).await?;
    if !tenants.truth(SettingKey::EnableVoicemail) {
        return Ok(spoken::apology());
    }
    let (user, settings) = match theirs(house, caller).await? {
        Some((user, theirs)) => (Some(user), theirs),
        None => (None, tenants),
    };
    let caller = &Caller { user, ..*caller };
    let greeted = match own {
        Some(own) => Some(Response::new().say(caller.speech.say_own(own))),
        None => chosen(house, caller).await?,
    };
    let response = if let Some(greeted) = greeted {
        greeted
    } else {
        Response::new().say(usual(house, caller, &settings).await?)
    };
    let record = written_down(house, record(house, user), (user, &settings));
    Ok(recorded(response, &caller.speech, record))
}

/// The member for whom the message is, and what holds for them, if they work here and want
/// one.
async fn theirs(house: &Webhooks, caller: &Caller) -> Result<Option<(UserId, Settings)>, Error> {
    let Some(user) = caller.user else {
        return Ok(None);
    };
    let found = users::find(&house.store, caller.tenant, user).await?;
    if !found.is_some_and(|user| user.is_active) {
        return Ok(None);
    }
    let settings = settings::of_tenant(&house.store, caller.tenant, Some(user)).await?;
    let wants_one = settings.truth(SettingKey::EnableVoicemail);
    Ok(wants_one.then_some((user, settings)))
}

/// The greeting that somebody has made for the occasion, if there is one.
async fn chosen(house: &Webhooks, caller: &Caller) -> Result<Option<Response>, Error> {
    let those = greetings::list_for(&house.store, caller.tenant, caller.user).await?;
    Ok(match choose(&those, &occasion(house, caller).await?) {
        Some(greeting) => greet(house, greeting).await,
        None => None,
    })
}

/// What is said where nobody has made a greeting. Who has not chosen the words
/// has them in the language of the number.
async fn usual(house: &Webhooks, caller: &Caller, settings: &Settings) -> Result<Say, Error> {
    let key = SettingKey::DefaultVoicemailGreeting;
    let (words, speech) = (settings.text(key), &caller.speech);
    if words == key.default_value().to_text() && !speech.is_english() {
        return Ok(speech.say(speech.phrases.leave_a_message));
    }
    let name = name(house, caller).await?;
    Ok(speech.say_own(&words.replace("{name}", &name)))
}

/// A caller who says nothing hears goodbye.
fn recorded(greeted: Response, speech: &Speech, record: Record) -> Response {
    let nothing = speech.say(speech.phrases.nothing_heard);
    greeted.record(record).say(nothing).hangup()
}

/// The occasion that it is now.
async fn occasion(house: &Webhooks, caller: &Caller) -> Result<Occasion, Error> {
    let tenant = tenants::find(&house.store, caller.tenant).await?;
    let time_zone = tenant.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone);
    Ok(Occasion {
        today: Day::of(house.clock.now(), &time_zone),
        open_state: caller.open_state,
        user: caller.user,
    })
}

/// The greeting; none where its sound is not there any more.
async fn greet(house: &Webhooks, greeting: &Greeting) -> Option<Response> {
    match &greeting.content {
        GreetingContent::Spoken {
            text,
            voice,
            language,
        } => {
            let mut say = Say::new(text);
            if let Some(voice) = voice {
                say = say.voice(voice);
            }
            if let Some(language) = language {
                say = say.language(language);
            }
            Some(Response::new().say(say))
        }
        GreetingContent::Played { file, secret, .. } => {
            // The carrier ends a call whose sound it cannot fetch.
            if !house.recordings.has(file).await.unwrap_or(false) {
                tracing::error!(greeting.id = %greeting.id, "greeting.missing");
                return None;
            }
            let path = greeting_sound::path(greeting.id, secret, house.clock.now());
            Some(Response::new().play(Play::new(&house.url(&path))))
        }
    }
}

/// Who was rung, in a word: the person, or the tenant.
async fn name(house: &Webhooks, caller: &Caller) -> Result<String, Error> {
    if let Some(user) = caller.user
        && let Some(user) = users::find(&house.store, caller.tenant, user).await?
    {
        return Ok(user.name);
    }
    let tenant = tenants::find(&house.store, caller.tenant).await?;
    Ok(tenant.map_or_else(String::new, |tenant| tenant.name))
}

fn record(house: &Webhooks, user: Option<UserId>) -> Record {
    let url = house.url(&format!("/api/voice/webhooks/voicemail{}", whose(user)));
    let status = Callback::new(url.clone());
    Record::new()
        .action(url)
        .max_length(LONGEST)
        .finish_on_keys(&[Key::HASH])
        .recording_status_callback(status.on(&[RecordingEvent::Completed, RecordingEvent::Absent]))
}

/// Has the carrier write it down, if that is what the tenant wants.
fn written_down(
    house: &Webhooks,
    record: Record,
    (user, settings): (Option<UserId>, &Settings),
) -> Record {
    let is_written =
        settings.truth(SettingKey::AutoTranscribeVoicemails) && settings.transcribes_by("carrier");
    if !is_written {
        return record;
    }
    let url = house.url(&format!("/api/voice/webhooks/transcription{}", whose(user)));
    record
        .max_length(LONGEST_WRITTEN)
        .transcribe(true)
        .transcribe_callback(&url)
}

fn whose(user: Option<UserId>) -> String {
    user.map_or_else(String::new, |user| format!("?user={user}"))
}
