//! Everything that an account holds at one moment.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::answer::{Answer, missing, refusal};
use super::options::{ForSale, RestFault, RestOptions};
use super::request::{RestExchange, RestRequest};
use super::rules;
use crate::rehearsal::exchange::Exchange;

/// An account: what it has, and what it was asked.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) options: RestOptions,
    pub(super) for_sale: Vec<ForSale>,
    pub(super) numbers: Vec<OwnedNumber>,
    pub(super) calls: Vec<RestCall>,
    pub(super) conferences: Vec<RestConference>,
    pub(super) participants: Vec<RestParticipant>,
    pub(super) messages: Vec<RestMessage>,
    pub(super) recordings: Vec<RestRecording>,
    pub(super) exchanges: Vec<RestExchange>,
    pub(super) violations: Vec<String>,
    pub(super) faults: VecDeque<RestFault>,
    pub(super) exchange: Exchange,
}

/// A number of the account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnedNumber {
    /// `PN` and 32 digits.
    pub sid: String,
    /// The number.
    pub phone_number: String,
    /// Voice, SMS, MMS.
    pub can: [bool; 3],
    /// What was set, by the names of the parameters.
    pub settings: Vec<(String, String)>,
    pub(super) created: String,
}

impl OwnedNumber {
    /// What was set under this name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A call of the account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestCall {
    /// `CA` and 32 digits.
    pub sid: String,
    /// Who was rung.
    pub to: String,
    /// Who rang.
    pub from: String,
    /// Such as `in-progress`.
    pub status: String,
    /// `inbound` or `outbound-api`.
    pub direction: String,
    /// The call that made this one, if one did.
    pub parent: Option<String>,
    /// Seconds, price and its unit, once it is over; an empty price is one that
    /// is not there yet.
    pub rating: Option<(String, String, String)>,
    /// What it was told, in order, by the names of the parameters.
    pub told: Vec<Vec<(String, String)>>,
}

impl RestCall {
    /// A call that came in, and of which nothing more is known.
    pub fn new(sid: &str, (from, to): (&str, &str), status: &str) -> Self {
        Self {
            sid: sid.to_owned(),
            to: to.to_owned(),
            from: from.to_owned(),
            status: status.to_owned(),
            direction: "inbound".to_owned(),
            parent: None,
            rating: None,
            told: Vec::new(),
        }
    }
}

/// A conference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestConference {
    /// `CF` and 32 digits.
    pub sid: String,
    /// What it was called.
    pub name: String,
    /// `init` until two are there, `in-progress` or `completed`.
    pub status: String,
    /// Why it has ended, if it has.
    pub reason: Option<String>,
    /// What all were to hear, and whether that is asked for by GET.
    pub announcements: Vec<(String, bool)>,
    /// Which calls were put on hold, in order, and what each was to hear there.
    pub holds: Vec<(String, (String, bool))>,
    /// Whether somebody is or was there whom it need not wait for.
    pub has_starter: bool,
    /// Whether those who were there have heard one another.
    pub has_begun: bool,
}

/// A call in a conference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestParticipant {
    /// `CF` and 32 digits.
    pub conference_sid: String,
    /// The call.
    pub call_sid: String,
    /// What it was called.
    pub label: Option<String>,
    /// Whether the others do not hear it.
    pub muted: bool,
    /// Whether it is on hold.
    pub hold: bool,
    /// What it is to hear there, and whether that is asked for by GET.
    pub hold_url: Option<(String, bool)>,
    /// Whether the conference ends with it.
    pub end_conference_on_exit: bool,
}

/// A text message that was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestMessage {
    /// `SM` and 32 digits.
    pub sid: String,
    /// Who reads it.
    pub to: String,
    /// Who wrote.
    pub from: String,
    /// The words.
    pub body: String,
    pub(super) created: String,
}

/// A recording of the account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RestRecording {
    /// `RE` and 32 digits.
    pub sid: String,
    /// Its sound.
    pub wav: Vec<u8>,
}

impl Account {
    pub(super) fn new(options: RestOptions) -> Self {
        Self {
            for_sale: options.for_sale.clone(),
            options,
            numbers: Vec::new(),
            calls: Vec::new(),
            conferences: Vec::new(),
            participants: Vec::new(),
            messages: Vec::new(),
            recordings: Vec::new(),
            exchanges: Vec::new(),
            violations: Vec::new(),
            faults: VecDeque::new(),
            exchange: Exchange::default(),
        }
    }

    /// Does what is asked, if `credentials` are good.
    pub(super) fn answer(
        &mut self,
        request: &RestRequest,
        credentials: Option<&(String, String)>,
    ) -> Answer {
        if !self.knows(credentials) {
            return refusal(401, 20003, "Authenticate");
        }
        let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        let ["2010-04-01", "Accounts", account, rest @ ..] = parts.as_slice() else {
            return missing(request);
        };
        if *account != self.options.account_sid {
            return missing(request);
        }
        let Some((last, folders)) = rest.split_last() else {
            return missing(request);
        };
        if folders == ["Recordings"] && last.strip_suffix(".wav").is_some() {
            return self.show_sound(request, last);
        }
        let Some(last) = last.strip_suffix(".json") else {
            self.violate(request, "the path does not end in .json");
            return missing(request);
        };
        let mut path = folders.to_vec();
        path.push(last);
        let found = rules::complaints(request, &path);
        for complaint in found {
            self.violate(request, &complaint);
        }
        self.route(request, &path)
    }

    fn route(&mut self, request: &RestRequest, path: &[&str]) -> Answer {
        self.take_calls_of_lines();
        match (request.method.as_str(), path) {
            ("GET", ["AvailablePhoneNumbers", country, kind]) => {
                self.available(request, country, kind)
            }
            ("GET", ["IncomingPhoneNumbers"]) => self.list_numbers(request),
            ("POST", ["IncomingPhoneNumbers"]) => self.buy(request),
            (_, ["IncomingPhoneNumbers", sid]) => self.one_number(request, sid),
            ("POST", ["Calls"]) => self.create_call(request),
            ("GET", ["Calls"]) => self.list_calls(request),
            ("GET", ["Calls", sid]) => self.show_call(request, sid),
            ("POST", ["Calls", sid]) => self.update_call(request, sid),
            ("GET", ["Conferences"]) => self.list_conferences(request),
            ("POST", ["Conferences", sid]) => self.update_conference(request, sid),
            ("GET", ["Conferences", conference, "Participants"]) => {
                self.list_participants(request, conference)
            }
            ("POST", ["Conferences", conference, "Participants", call]) => {
                self.update_participant(request, conference, call)
            }
            ("POST", ["Messages"]) => self.send_message(request),
            ("GET", ["Messages"]) => self.list_messages(request),
            ("DELETE", ["Queues", sid]) => self.delete_queue(request, sid),
            ("DELETE", ["Recordings", sid]) => self.delete_recording(request, sid),
            _ => missing(request),
        }
    }

    fn knows(&self, credentials: Option<&(String, String)>) -> bool {
        credentials.is_some_and(|(user, password)| {
            let known = self.options.credentials.iter();
            let mut known = known.filter(|(name, _)| name == user);
            known.any(|(_, secret)| secret.expose() == password)
        })
    }

    pub(super) fn violate(&mut self, request: &RestRequest, what: &str) {
        let RestRequest { method, path, .. } = request;
        self.violations.push(format!("{method} {path}: {what}"));
    }

    /// The address of a resource, as the carrier writes it.
    pub(super) fn uri(&self, path: &str) -> Value {
        json!(format!(
            "/2010-04-01/Accounts/{}/{path}.json",
            self.options.account_sid
        ))
    }
}
