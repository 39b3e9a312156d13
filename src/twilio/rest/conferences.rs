//! Conferences: who is in one, on hold or muted.

use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use super::page::{Listed, Listing};
use super::read;
use super::request::{Pairs, Request};
use crate::domain::{CallSid, ConferenceSid};

/// A call that takes part in a conference.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Participant {
    /// The call.
    #[serde(deserialize_with = "read::text")]
    pub call_sid: CallSid,
    /// What we called it.
    #[serde(default, deserialize_with = "read::filled")]
    pub label: Option<String>,
    /// Whether the others do not hear it.
    #[serde(default)]
    pub muted: bool,
    /// Whether it hears music instead of the others.
    #[serde(default)]
    pub hold: bool,
    /// `queued`, `connecting`, `ringing`, `connected`, `complete` or `failed`.
    #[serde(default)]
    pub status: String,
}

impl Listed for Participant {
    const MEMBER: &'static str = "participants";
}

/// What a participant is told; what is not said stays as it is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ParticipantUpdate {
    /// Whether the others hear it no more.
    pub muted: Option<bool>,
    /// Whether it is put on hold.
    pub hold: Option<bool>,
    /// What it hears there, asked for by POST.
    pub hold_url: Option<String>,
    /// Whether the conference ends when it leaves.
    pub end_conference_on_exit: Option<bool>,
}

impl ParticipantUpdate {
    fn pairs(&self) -> Pairs {
        let mut pairs = Pairs::new();
        for (name, flag) in [
            ("Muted", self.muted),
            ("Hold", self.hold),
            ("EndConferenceOnExit", self.end_conference_on_exit),
        ] {
            pairs.extend(flag.map(|flag| (name, flag.to_string())));
        }
        if let Some(url) = &self.hold_url {
            pairs.push(("HoldUrl", url.clone()));
            pairs.push(("HoldMethod", "POST".to_owned()));
        }
        pairs
    }
}

/// <https://www.twilio.com/docs/voice/api/conference-participant-resource>
impl Client {
    /// Who is in a conference, up to `limit`.
    pub async fn participants(
        &self,
        conference: &ConferenceSid,
        limit: usize,
    ) -> Result<Listing<Participant>, Error> {
        let url = self.at(&["Conferences", conference.as_str(), "Participants.json"]);
        self.list(url, Pairs::new(), limit).await
    }

    /// Mutes a participant, puts it on hold, or takes that back.
    pub async fn update_participant(
        &self,
        conference: &ConferenceSid,
        call: &CallSid,
        update: &ParticipantUpdate,
    ) -> Result<Participant, Error> {
        let call = format!("{call}.json");
        let url = self.at(&["Conferences", conference.as_str(), "Participants", &call]);
        self.send(&Request::update(url, update.pairs())).await
    }
}
