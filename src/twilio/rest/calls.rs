//! Calls: making one, changing a live one, looking at one.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::client::Client;
use super::error::{Error, if_there};
use super::page::{Listed, Listing};
use super::price::{Micros, Price};
use super::read;
use super::request::{Pairs, Request};
use crate::domain::{CallSid, CallStatus, Party, Permit, PhoneNumber, Pii, Secret, Timestamp};
use crate::twilio::twiml::CallEvent;

/// What a call is to do: a document, or where to ask for one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Instructions {
    /// Asked for by POST.
    Url(String),
    /// The document itself, up to 4,000 characters.
    Twiml(Pii<String>),
}

impl Instructions {
    fn pairs(&self) -> Pairs {
        match self {
            Self::Url(url) => vec![("Url", url.clone()), ("Method", "POST".to_owned())],
            Self::Twiml(document) => vec![("Twiml", document.expose().clone())],
        }
    }
}

/// Who is told of a call's life, by POST.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusCallback {
    /// Where.
    pub url: String,
    /// Of what; of the end alone if nothing is named.
    pub events: Vec<CallEvent>,
}

/// A call to be made.
#[derive(Debug, PartialEq)]
pub struct NewCall {
    /// Who is rung. The gate has let it through, and it is worth one call.
    pub to: Permit,
    /// The number that is shown; one of the account's.
    pub from: PhoneNumber,
    /// What happens when somebody answers.
    pub instructions: Instructions,
    /// Who is asked if that fails.
    pub fallback_url: Option<String>,
    /// Who is told how it goes.
    pub status_callback: Option<StatusCallback>,
    /// How long it rings; 60 s where nothing is said.
    pub ring_for: Option<Duration>,
    /// How long it may last; 4 h where nothing is said.
    pub time_limit: Option<Duration>,
    /// Lets it show the number of a caller, by the token that came with their call.
    pub call_token: Option<Secret<String>>,
    /// Who is told whether a person has answered, while the call goes on.
    pub machine_callback: Option<String>,
}

impl NewCall {
    fn pairs(&self) -> Pairs {
        let mut pairs = vec![
            ("To", self.to.to().as_str().to_owned()),
            ("From", self.from.as_str().to_owned()),
        ];
        pairs.extend(self.instructions.pairs());
        if let Some(url) = &self.fallback_url {
            pairs.push(("FallbackUrl", url.clone()));
            pairs.push(("FallbackMethod", "POST".to_owned()));
        }
        if let Some(callback) = &self.status_callback {
            pairs.push(("StatusCallback", callback.url.clone()));
            pairs.push(("StatusCallbackMethod", "POST".to_owned()));
            let events = callback.events.iter();
            pairs.extend(events.map(|event| ("StatusCallbackEvent", event.as_str().to_owned())));
        }
        for (name, span) in [("Timeout", self.ring_for), ("TimeLimit", self.time_limit)] {
            pairs.extend(span.map(|span| (name, span.as_secs().to_string())));
        }
        if let Some(token) = &self.call_token {
            pairs.push(("CallToken", token.expose().clone()));
        }
        if let Some(url) = &self.machine_callback {
            pairs.push(("MachineDetection", "Enable".to_owned()));
            pairs.push(("AsyncAmd", "true".to_owned()));
            pairs.push(("AsyncAmdStatusCallback", url.clone()));
            pairs.push(("AsyncAmdStatusCallbackMethod", "POST".to_owned()));
        }
        pairs
    }
}

/// What a live call is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CallUpdate {
    /// Do this instead. Told twice, it begins anew.
    Redirect(Instructions),
    /// Do what is said at `url`, and tell `ended_url` when it is over.
    Lead {
        /// Asked by POST.
        url: String,
        /// Told by POST, instead of who was to be told before.
        ended_url: String,
    },
    /// Hang up.
    Complete,
    /// Give up, if nobody has answered yet.
    Cancel,
}

/// A call as Twilio sees it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Call {
    /// Twilio's name for it.
    #[serde(deserialize_with = "read::text")]
    pub sid: CallSid,
    /// The call that made this one.
    #[serde(default, deserialize_with = "read::lenient")]
    pub parent_call_sid: Option<CallSid>,
    /// Where it stands.
    #[serde(deserialize_with = "read::text")]
    pub status: CallStatus,
    /// Who was rung.
    #[serde(default = "nobody", deserialize_with = "party")]
    pub to: Party,
    /// Who rang.
    #[serde(default = "nobody", deserialize_with = "party")]
    pub from: Party,
    /// When Twilio heard of it.
    #[serde(default, rename = "date_created", deserialize_with = "read::moment")]
    pub created_at: Option<Timestamp>,
    /// When it was answered.
    #[serde(default, deserialize_with = "read::moment")]
    pub start_time: Option<Timestamp>,
    /// When it ended.
    #[serde(default, deserialize_with = "read::moment")]
    pub end_time: Option<Timestamp>,
    /// How long it lasted, in seconds; none while it does.
    #[serde(default, rename = "duration", deserialize_with = "read::lenient")]
    pub duration_s: Option<i64>,
    /// `human`, `fax`, or a machine, where that was to be found out.
    #[serde(default, deserialize_with = "read::filled")]
    pub answered_by: Option<String>,
    #[serde(default, deserialize_with = "read::lenient")]
    price: Option<Micros>,
    #[serde(default, deserialize_with = "read::filled")]
    price_unit: Option<String>,
}

impl Call {
    /// What Twilio charged; none until it is rated, some minutes after the end.
    pub fn price(&self) -> Option<Price> {
        let Micros(micros) = self.price?;
        let currency = self.price_unit.clone()?;
        Some(Price { micros, currency })
    }
}

impl Listed for Call {
    const MEMBER: &'static str = "calls";
}

/// Whoever is not named has hidden the number.
fn party<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Party, D::Error> {
    let party = read::lenient(deserializer)?;
    Ok(party.unwrap_or_else(nobody))
}

fn nobody() -> Party {
    Party::Anonymous
}

/// <https://www.twilio.com/docs/voice/api/call-resource>
impl Client {
    /// Rings somebody. If that is [`Error::Unknown`], somebody may be rung.
    pub async fn create_call(&self, call: NewCall) -> Result<Call, Error> {
        let url = self.at(&["Calls.json"]);
        self.send(&Request::create(url, call.pairs())).await
    }

    /// Tells a live call what to do; one that is over refuses, with 21220.
    pub async fn update_call(&self, sid: &CallSid, update: &CallUpdate) -> Result<Call, Error> {
        let url = self.at(&["Calls", &format!("{sid}.json")]);
        let status = |word: &str| vec![("Status", word.to_owned())];
        let request = match update {
            CallUpdate::Redirect(instructions) => Request::create(url, instructions.pairs()),
            CallUpdate::Lead { url: to, ended_url } => {
                let mut pairs = Instructions::Url(to.clone()).pairs();
                pairs.push(("StatusCallback", ended_url.clone()));
                pairs.push(("StatusCallbackMethod", "POST".to_owned()));
                Request::create(url, pairs)
            }
            CallUpdate::Complete => Request::update(url, status("completed")),
            CallUpdate::Cancel => Request::update(url, status("canceled")),
        };
        self.send(&request).await
    }

    /// How a call stands, how long it lasted and what it cost; none if Twilio
    /// knows of no such call.
    pub async fn find_call(&self, sid: &CallSid) -> Result<Option<Call>, Error> {
        let url = self.at(&["Calls", &format!("{sid}.json")]);
        if_there(self.send(&Request::get(url, Pairs::new())).await)
    }

    /// The calls that a call has made, by `<Dial>`; up to `limit`.
    pub async fn child_calls(
        &self,
        parent: &CallSid,
        limit: usize,
    ) -> Result<Listing<Call>, Error> {
        let url = self.at(&["Calls.json"]);
        let pairs = vec![("ParentCallSid", parent.to_string())];
        self.list(url, pairs, limit).await
    }

    /// Up to `limit` calls between these two, newest first.
    pub async fn find_calls(
        &self,
        from: &PhoneNumber,
        to: &PhoneNumber,
        limit: usize,
    ) -> Result<Listing<Call>, Error> {
        let url = self.at(&["Calls.json"]);
        let pairs = vec![
            ("From", from.as_str().to_owned()),
            ("To", to.as_str().to_owned()),
        ];
        self.list(url, pairs, limit).await
    }
}
