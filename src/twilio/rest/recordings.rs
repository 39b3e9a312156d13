//! Recordings: their sound, and their end.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::client::{Client, next_part};
use super::error::{Error, if_there};
use super::patience::Patience;
use super::request::Request;
use crate::domain::SoundFormat;

/// <https://www.twilio.com/docs/voice/api/recording>
impl Client {
    /// The sound of a recording, as WAV with 16 bits a sample; none if Twilio
    /// has it not yet, or no more.
    pub async fn recording_sound(&self, sid: &str) -> Result<Option<Vec<u8>>, Error> {
        let url = self.at(&["Recordings", &format!("{sid}.wav")]);
        let patient = self.clone().with_patience(PATIENCE);
        if_there(patient.fetch(&Request::sound(url), is_wav).await)
    }

    /// Hands on the sound of a long recording part by part, as WAV with a channel
    /// for each side of the call; whether Twilio has it. Nobody who listens any
    /// more is the end of it, and so is a line that breaks: what came is not whole
    /// then.
    pub async fn hand_on_recording(
        &self,
        sid: &str,
        parts: mpsc::Sender<Bytes>,
    ) -> Result<bool, Error> {
        let url = self.at(&["Recordings", &format!("{sid}.wav")]);
        let patient = self.clone().with_patience(PATIENCE);
        let opened = if_there(patient.open(&Request::long_sound(url)).await)?;
        let Some(mut response) = opened else {
            return Ok(false);
        };
        while let Some(part) = next_part(&mut response).await? {
            if parts.send(part).await.is_err() {
                break;
            }
        }
        Ok(true)
    }

    /// Takes a recording and its sound away; whether it was there.
    pub async fn delete_recording(&self, sid: &str) -> Result<bool, Error> {
        let url = self.at(&["Recordings", &format!("{sid}.json")]);
        let gone = if_there(self.send_for_nothing(&Request::delete(url)).await)?;
        Ok(gone.is_some())
    }
}

/// Three minutes of sound have 3 MB.
const PATIENCE: Patience = Patience {
    attempt: Duration::from_secs(8),
    total: Duration::from_secs(12),
    tries: 3,
};

fn is_wav(bytes: &[u8]) -> bool {
    SoundFormat::sniff(bytes) == Some(SoundFormat::Wav)
}
