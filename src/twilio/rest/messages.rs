//! Text messages.

use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use super::page::{Listed, Listing};
use super::read;
use super::request::{Pairs, Request};
use crate::domain::{PhoneNumber, Pii, Timestamp};

/// A text message to be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewMessage {
    /// Who reads it.
    pub to: PhoneNumber,
    /// Who writes; one of the account's numbers.
    pub from: PhoneNumber,
    /// Up to 1,600 characters.
    pub body: Pii<String>,
    /// Who is told what became of it, by POST.
    pub status_callback: Option<String>,
}

impl NewMessage {
    fn pairs(&self) -> Pairs {
        let mut pairs = vec![
            ("To", self.to.as_str().to_owned()),
            ("From", self.from.as_str().to_owned()),
            ("Body", self.body.expose().clone()),
        ];
        let callback = self.status_callback.clone();
        pairs.extend(callback.map(|url| ("StatusCallback", url)));
        pairs
    }
}

/// A message as Twilio sees it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Message {
    /// Twilio's name for it, `SM…` or `MM…`.
    pub sid: String,
    /// Where it stands, such as `queued`.
    pub status: String,
    /// In how many parts it goes out.
    #[serde(default, rename = "num_segments", deserialize_with = "read::lenient")]
    pub segments: Option<u32>,
    /// Twilio's number for what went wrong.
    #[serde(default)]
    pub error_code: Option<u32>,
    /// The text.
    #[serde(default, deserialize_with = "read::personal")]
    pub body: Option<Pii<String>>,
    /// When Twilio took it.
    #[serde(default, deserialize_with = "read::moment")]
    pub date_created: Option<Timestamp>,
}

impl Listed for Message {
    const MEMBER: &'static str = "messages";
}

/// <https://www.twilio.com/docs/messaging/api/message-resource>
impl Client {
    /// Sends a text message. If that is [`Error::Unknown`], it may be read.
    pub async fn send_message(&self, message: &NewMessage) -> Result<Message, Error> {
        let url = self.at(&["Messages.json"]);
        self.send(&Request::create(url, message.pairs())).await
    }

    /// The messages of these words that Twilio has taken from the one for the
    /// other since then, newest first; of the latest hundred between the two.
    pub async fn find_messages(
        &self,
        message: &NewMessage,
        since: Timestamp,
    ) -> Result<Vec<Message>, Error> {
        let url = self.at(&["Messages.json"]);
        let pairs = vec![
            ("To", message.to.as_str().to_owned()),
            ("From", message.from.as_str().to_owned()),
        ];
        let found: Listing<Message> = self.list(url, pairs, LATEST).await?;
        let is_it = |one: &Message| {
            let is_new = one.date_created.is_none_or(|at| at >= since);
            // Twilio puts a sentence of its own before those of a trial account.
            let words = one.body.as_ref().map(|body| body.expose().trim());
            is_new && words.is_some_and(|words| words.ends_with(message.body.expose().trim()))
        };
        Ok(found.items.into_iter().filter(is_it).collect())
    }
}

/// Twilio gives so many at a time.
const LATEST: usize = 100;
