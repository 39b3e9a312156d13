//! Conferences: who is in one, on hold or muted.

use serde::Deserialize;

use super::client::Client;
use super::error::{Error, if_there};
use super::page::{Listed, Listing};
use super::read;
use super::request::{Pairs, Request};
use crate::domain::{CallSid, ConferenceSid};

/// A conference as Twilio sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Conference {
    /// Twilio's name for it.
    #[serde(deserialize_with = "read::text")]
    pub sid: ConferenceSid,
    /// `init` until two are there, `in-progress`, or `completed`.
    #[serde(default)]
    pub status: String,
}

impl Conference {
    /// Whether those who are in it hear one another.
    pub fn is_in_progress(&self) -> bool {
        self.status == "in-progress"
    }
}

impl Listed for Conference {
    const MEMBER: &'static str = "conferences";
}

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
    /// The music that it hears there.
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
            pairs.push(("HoldMethod", "GET".to_owned()));
        }
        pairs
    }
}

/// <https://www.twilio.com/docs/voice/api/conference-participant-resource>
impl Client {
    /// The conference of that name which is not over; none where there is none.
    pub async fn find_conference(&self, name: &str) -> Result<Option<Conference>, Error> {
        let url = self.at(&["Conferences.json"]);
        let pairs = vec![("FriendlyName", name.to_owned())];
        let found: Listing<Conference> = self.list(url, pairs, MOST_OF_ONE_NAME).await?;
        let mut found = found.items.into_iter();
        Ok(found.find(|one| one.status != "completed"))
    }

    /// Ends a conference, with whoever is in it.
    pub async fn end_conference(&self, conference: &ConferenceSid) -> Result<(), Error> {
        let url = self.at(&["Conferences", &format!("{conference}.json")]);
        let pairs = vec![("Status", "completed".to_owned())];
        let done: Result<Conference, Error> = self.send(&Request::update(url, pairs)).await;
        if_there(done).map(drop)
    }

    /// Has all who are in a conference hear what the document at `url` says, which is
    /// asked for by POST.
    pub async fn announce(
        &self,
        conference: &ConferenceSid,
        url: &str,
    ) -> Result<Conference, Error> {
        let there = self.at(&["Conferences", &format!("{conference}.json")]);
        let pairs = vec![
            ("AnnounceUrl", url.to_owned()),
            ("AnnounceMethod", "POST".to_owned()),
        ];
        self.send(&Request::create(there, pairs)).await
    }

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

/// How often two are brought together under one name, at most: each time anew.
const MOST_OF_ONE_NAME: usize = 20;
