//! Recordings and their sound.

use serde_json::Value;

use super::account::{Account, RestRecording};
use super::answer::{Answer, missing};
use super::request::RestRequest;

impl Account {
    /// Says whether there is sound; [`Account::sound`] has it.
    pub(super) fn show_sound(&mut self, request: &RestRequest, name: &str) -> Answer {
        let is_known = |(name, value): &(String, String)| {
            name == "RequestedChannels" && ["1", "2"].contains(&value.as_str())
        };
        if request.method != "GET" || !request.query.iter().all(is_known) {
            self.violate(request, "sound is fetched, of one channel or two");
        }
        match self.sound(name) {
            Some(_) => (200, Value::Null),
            None => missing(request),
        }
    }

    /// The sound of a recording by the name of its file.
    pub(super) fn sound(&self, name: &str) -> Option<Vec<u8>> {
        let sid = name.strip_suffix(".wav")?;
        let mut found = self.recordings.iter();
        let found = found.find(|recording| recording.sid == sid);
        found.map(|recording| recording.wav.clone())
    }

    pub(super) fn delete_recording(&mut self, request: &RestRequest, sid: &str) -> Answer {
        let is_other = |one: &RestRecording| one.sid != sid;
        let count = self.recordings.len();
        self.recordings.retain(is_other);
        if self.recordings.len() == count {
            return missing(request);
        }
        (204, Value::Null)
    }
}
