//! A caller is led to leave a message: the right greeting, the beep, the recording.

use std::time::Duration;

use super::{Webhooks, greeting_sound, spoken};
use crate::domain::{
    CallLog, Day, Greeting, GreetingContent, Occasion, SettingKey, Settings, UserId, choose,
};
use crate::store::{Error, greetings, settings, tenants, users};
use crate::twilio::twiml::{Callback, Key, Play, Record, RecordingEvent, Response, Say};

/// What the caller of this call hears and does, on this occasion.
///
/// Where the tenant wants no voicemail, that is an apology.
pub(super) async fn take_message(
    house: &Webhooks,
    call: &CallLog,
    occasion: &Occasion,
) -> Result<Response, Error> {
    let settings = settings::of_tenant(&house.store, call.tenant_id, occasion.user).await?;
    if !settings.truth(SettingKey::EnableVoicemail) {
        return Ok(spoken::apology());
    }
    let those = greetings::list_for(&house.store, call.tenant_id, occasion.user).await?;
    let response = match choose(&those, occasion) {
        Some(greeting) => greet(house, greeting).await,
        None => None,
    };
    let response = if let Some(response) = response {
        response
    } else {
        let name = name(house, call, occasion.user).await?;
        let words = settings.text(SettingKey::DefaultVoicemailGreeting);
        Response::new().say(words.replace("{name}", &name))
    };
    let record = record(house, occasion.user, &settings);
    let nothing = "We did not hear anything. Goodbye.";
    Ok(response.record(record).say(nothing).hangup())
}

/// The occasion that it is now.
pub(super) async fn occasion(
    house: &Webhooks,
    call: &CallLog,
    user: Option<UserId>,
    (is_open, is_holiday): (bool, bool),
) -> Result<Occasion, Error> {
    let tenant = tenants::find(&house.store, call.tenant_id).await?;
    let time_zone = tenant.map_or_else(|| "UTC".to_owned(), |tenant| tenant.time_zone);
    Ok(Occasion {
        today: Day::of(house.clock.now(), &time_zone),
        is_holiday,
        is_open,
        user,
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
async fn name(house: &Webhooks, call: &CallLog, user: Option<UserId>) -> Result<String, Error> {
    if let Some(user) = user
        && let Some(user) = users::find(&house.store, call.tenant_id, user).await?
    {
        return Ok(user.name);
    }
    let tenant = tenants::find(&house.store, call.tenant_id).await?;
    Ok(tenant.map_or_else(String::new, |tenant| tenant.name))
}

fn record(house: &Webhooks, user: Option<UserId>, settings: &Settings) -> Record {
    let whose = user.map_or_else(String::new, |user| format!("?user={user}"));
    let url = house.url(&format!("/api/voice/webhooks/voicemail{whose}"));
    let status = Callback::new(url.clone());
    let record = Record::new()
        .action(url)
        .max_length(LONGEST)
        .finish_on_keys(&[Key::HASH])
        .recording_status_callback(status.on(&[RecordingEvent::Completed, RecordingEvent::Absent]));
    let is_transcribed = settings.truth(SettingKey::AutoTranscribeVoicemails)
        && settings.truth(SettingKey::EnableAiTranscription)
        && settings.text(SettingKey::TranscriptionProvider) == "carrier";
    if is_transcribed {
        let transcription = house.url(&format!("/api/voice/webhooks/transcription{whose}"));
        record.transcribe(true).transcribe_callback(&transcription)
    } else {
        record
    }
}

/// The carrier writes down no longer ones.
///
/// <https://www.twilio.com/docs/voice/twiml/record#transcribe>
const LONGEST: Duration = Duration::from_mins(2);
