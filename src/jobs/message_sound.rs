//! What a caller said: fetched from the carrier before it is lost there, and written down.

use std::time::Duration;

use anyhow::anyhow;

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::audio::wav;
use crate::domain::{MessageSound, SettingKey, Settings, VoicemailMessage};
use crate::store::jobs::ClaimedJob;
use crate::store::{settings, voicemail_messages as messages};
use crate::transcribe::{Transcriber, Written};

/// Keeps the sound of the message whose recording the job names, and writes it
/// down if the tenant wants that.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let Some(tenant) = job.tenant else {
        return Err(Failure::GiveUp(anyhow!("it is nobody's message")));
    };
    let message = messages::find_by_recording(&house.store, tenant, &job.payload).await?;
    let message = message.filter(|message| message.sound == MessageSound::Recorded);
    let Some(message) = message else {
        return Ok(Next::Done);
    };
    let Some(sound) = sound(house, &message).await? else {
        return Ok(Next::Done);
    };
    if message.transcript.is_some() {
        return Ok(Next::Done);
    }
    let settings = settings::of_tenant(&house.store, tenant, message.user_id).await?;
    match &house.transcriber {
        Some(transcriber) if is_ours_to_write(&settings) => {
            write_down(house, transcriber, (&message, sound)).await
        }
        _ => Ok(Next::Done),
    }
}

/// Whether the tenant wants it written down, and by the model.
fn is_ours_to_write(settings: &Settings) -> bool {
    settings.truth(SettingKey::AutoTranscribeVoicemails) && settings.transcribes_by("openai")
}

/// The sound, kept from now on; none where nobody can be asked for it.
async fn sound(house: &JobHouse, message: &VoicemailMessage) -> Result<Option<Vec<u8>>, Failure> {
    let file = message.file();
    if let Some(sound) = house
        .recordings
        .read(&file)
        .await
        .map_err(Failure::of_storage)?
    {
        return Ok(Some(sound));
    }
    let Some(carrier) = &house.carrier else {
        return Ok(None);
    };
    let sound = carrier.recording_sound(&message.recording_sid).await;
    let sound = sound.map_err(|error| Failure::Retry(error.into()))?;
    let sound = sound.ok_or_else(|| Failure::Retry(anyhow!("the carrier does not have it yet")))?;
    house
        .recordings
        .put(&file, &sound)
        .await
        .map_err(Failure::of_storage)?;
    // Who deleted it meanwhile did not find the file.
    let (tenant, id) = (message.tenant_id, message.id);
    if messages::find(&house.store, tenant, id).await?.is_none() {
        house
            .recordings
            .delete(&file)
            .await
            .map_err(Failure::of_storage)?;
        return Ok(None);
    }
    Ok(Some(sound))
}

async fn write_down(
    house: &JobHouse,
    transcriber: &Transcriber,
    (message, sound): (&VoicemailMessage, Vec<u8>),
) -> Result<Next, Failure> {
    let lasting = lasting(message, &sound);
    let Written { words, heard } = transcriber.transcribe(sound, None).await?;
    metrics::counter!("frontdesk_transcripts_total").increment(1);
    let price = transcriber.cost(heard.unwrap_or(lasting), house.clock.now());
    messages::write_down(&house.store, message, &words, price).await?;
    Ok(Next::Done)
}

/// How long the sound is, by itself or else by the carrier's word.
fn lasting(message: &VoicemailMessage, sound: &[u8]) -> Duration {
    let head = wav::Head::read(sound, sound.len() as u64);
    let told = message.duration_s.and_then(|s| u64::try_from(s).ok());
    let told = Duration::from_secs(told.unwrap_or_default());
    head.map_or(told, |head| head.duration())
}
