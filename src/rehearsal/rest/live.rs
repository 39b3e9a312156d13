//! Calls that go on: what they are told over REST, and who is in a conference with whom.

use super::account::{Account, RestCall, RestConference, RestParticipant};
use super::ledger::Ledger;
use crate::rehearsal::names::carrier_name;

/// The calls of an account while they go on: for the simulated carrier, which plays them,
/// and for whoever hangs up in one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LiveCalls(pub(super) Ledger);

/// What a call is told over REST.
pub(in crate::rehearsal) type Told = Vec<(String, String)>;

/// Something that happens to a call while it speaks.
#[derive(Debug)]
pub(in crate::rehearsal) enum News {
    /// It is led elsewhere.
    Told(Told),
    /// It is over.
    Ended,
}

/// Something that happens to a call in a conference.
#[derive(Debug)]
pub(in crate::rehearsal) enum Meanwhile {
    /// It is on hold, and hears this.
    Held(Address),
    /// All who are there hear this.
    Announced(Address),
    /// It is led elsewhere, and is there no more.
    Told(Told),
    /// The conference is over; the call goes on.
    Left,
    /// The call is over.
    Ended,
}

/// Where something to hear is asked for, and whether by GET.
pub(in crate::rehearsal) type Address = (String, bool);

/// What a call has seen in its conference so far.
#[derive(Debug)]
pub(in crate::rehearsal) struct Seen {
    pub(in crate::rehearsal) told: usize,
    pub(in crate::rehearsal) holds: usize,
    pub(in crate::rehearsal) announcements: usize,
}

/// Somebody who enters a conference.
#[derive(Debug)]
pub(in crate::rehearsal) struct Entering<'a> {
    pub(in crate::rehearsal) call_sid: &'a str,
    pub(in crate::rehearsal) name: &'a str,
    pub(in crate::rehearsal) label: Option<&'a str>,
    pub(in crate::rehearsal) is_muted: bool,
    pub(in crate::rehearsal) starts: bool,
    pub(in crate::rehearsal) ends: bool,
}

/// The conference that somebody has entered.
#[derive(Clone, Debug)]
pub(in crate::rehearsal) struct Entered {
    pub(in crate::rehearsal) conference_sid: String,
    /// Whether nobody was there before.
    pub(in crate::rehearsal) is_first: bool,
}

impl LiveCalls {
    /// Hangs up in a call, as whoever is at its end does.
    pub fn hang_up(&self, call_sid: &str) {
        self.0.with(|account| {
            let mut calls = account.calls.iter_mut();
            if let Some(call) = calls.find(|call| call.sid == call_sid) {
                "completed".clone_into(&mut call.status);
            }
            account.leave(call_sid);
        });
    }

    /// A call is answered from now on. How often it was told something before.
    pub(in crate::rehearsal) fn begin(&self, new: RestCall) -> usize {
        self.0.with(|account| {
            let at = account.calls.iter().position(|call| call.sid == new.sid);
            let Some(at) = at else {
                account.calls.push(new);
                return 0;
            };
            let call = &mut account.calls[at];
            if ["queued", "ringing"].contains(&call.status.as_str()) {
                call.status = new.status;
            }
            call.told.len()
        })
    }

    /// What happens to a call next that was told something so often.
    pub(in crate::rehearsal) async fn news(&self, call_sid: &str, told: usize) -> News {
        self.0.wait(|account| account.news(call_sid, told)).await
    }

    /// Has a call enter a conference, which is there as soon as somebody does.
    pub(in crate::rehearsal) fn enter(&self, entering: &Entering<'_>) -> Entered {
        self.0.with(|account| account.enter(entering))
    }

    /// Whether all that is needed was there once for the conference to begin.
    pub(in crate::rehearsal) fn has_begun(&self, conference_sid: &str) -> bool {
        self.0.with(|account| {
            let mut all = account.conferences.iter();
            all.any(|one| one.sid == conference_sid && one.has_begun)
        })
    }

    /// What happens next to a call in a conference, of which it has seen so much.
    pub(in crate::rehearsal) async fn meanwhile(
        &self,
        call_sid: &str,
        (conference_sid, seen): (&str, &mut Seen),
    ) -> Meanwhile {
        let next = |account: &Account| {
            // What was to be heard is asked for, also if it is over before anybody looks.
            let heard = account.to_hear(call_sid, (conference_sid, &mut *seen));
            heard.or_else(|| match account.news(call_sid, seen.told) {
                Some(News::Told(told)) => Some(Meanwhile::Told(told)),
                Some(News::Ended) => Some(Meanwhile::Ended),
                None => account
                    .has_left(call_sid, conference_sid)
                    .then_some(Meanwhile::Left),
            })
        };
        self.0.wait(next).await
    }
}

impl Account {
    fn news(&self, call_sid: &str, told: usize) -> Option<News> {
        let call = self.calls.iter().find(|call| call.sid == call_sid)?;
        if call.status != "in-progress" {
            return Some(News::Ended);
        }
        call.told.get(told).cloned().map(News::Told)
    }

    fn has_left(&self, call_sid: &str, conference_sid: &str) -> bool {
        let mut there = self.participants.iter();
        !there.any(|one| one.call_sid == call_sid && one.conference_sid == conference_sid)
    }

    /// What somebody in a conference hears next beside the others. Where no music is wanted
    /// it is the carrier's own.
    fn to_hear(
        &self,
        call_sid: &str,
        (conference_sid, seen): (&str, &mut Seen),
    ) -> Option<Meanwhile> {
        let mut all = self.conferences.iter();
        let conference = all.find(|one| one.sid == conference_sid)?;
        let mut own = conference.holds.iter().filter(|(held, _)| held == call_sid);
        if let Some((_, music)) = own.nth(seen.holds) {
            seen.holds += 1;
            return Some(Meanwhile::Held(music.clone()));
        }
        let next = conference.announcements.get(seen.announcements)?;
        seen.announcements += 1;
        Some(Meanwhile::Announced(next.clone()))
    }

    fn enter(&mut self, entering: &Entering<'_>) -> Entered {
        let is_it = |one: &RestConference| one.name == entering.name && one.status != "completed";
        let at = self.conferences.iter().position(is_it);
        let is_first = at.is_none();
        let at = at.unwrap_or_else(|| {
            self.conferences.push(RestConference::new(entering.name));
            self.conferences.len() - 1
        });
        let conference_sid = self.conferences[at].sid.clone();
        self.participants.push(RestParticipant {
            conference_sid: conference_sid.clone(),
            call_sid: entering.call_sid.to_owned(),
            label: entering.label.map(str::to_owned),
            muted: entering.is_muted,
            hold: false,
            hold_url: None,
            end_conference_on_exit: entering.ends,
        });
        let conference = &mut self.conferences[at];
        conference.has_starter |= entering.starts;
        let mut there = self.participants.iter();
        let is_there = |one: &&RestParticipant| one.conference_sid == conference_sid;
        let count = there.by_ref().filter(is_there).count();
        if count >= 2 && conference.has_starter {
            conference.has_begun = true;
            "in-progress".clone_into(&mut conference.status);
        }
        Entered {
            conference_sid,
            is_first,
        }
    }

    /// The call is in no conference any more. One that it ends is over.
    pub(super) fn leave(&mut self, call_sid: &str) {
        let is_its = |one: &RestParticipant| one.call_sid == call_sid;
        let (left, there): (Vec<_>, Vec<_>) = self.participants.drain(..).partition(is_its);
        self.participants = there;
        for one in left {
            let is_there = |other: &RestParticipant| other.conference_sid == one.conference_sid;
            if one.end_conference_on_exit {
                let reason = "participant-with-end-conference-on-exit-left";
                self.close(&one.conference_sid, reason);
            } else if !self.participants.iter().any(is_there) {
                self.close(&one.conference_sid, "last-participant-left");
            }
        }
    }

    /// The conference is over, for all who are in it.
    pub(super) fn close(&mut self, conference_sid: &str, reason: &str) {
        let mut all = self.conferences.iter_mut();
        if let Some(conference) = all.find(|one| one.sid == conference_sid) {
            "completed".clone_into(&mut conference.status);
            conference.reason = Some(reason.to_owned());
        }
        self.participants
            .retain(|one| one.conference_sid != conference_sid);
    }
}

impl RestConference {
    fn new(name: &str) -> Self {
        Self {
            sid: carrier_name("CF"),
            name: name.to_owned(),
            status: "init".to_owned(),
            reason: None,
            announcements: Vec::new(),
            holds: Vec::new(),
            has_starter: false,
            has_begun: false,
        }
    }
}
