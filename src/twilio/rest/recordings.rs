//! Recordings: their sound, and their end.

use std::time::Duration;

use super::client::Client;
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
