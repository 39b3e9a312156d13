//! Conferences: which there are, who is in one, and what is said there.

use serde_json::{Value, json};

use super::account::{Account, RestConference, RestParticipant};
use super::answer::{Answer, missing, now, page, refusal};
use super::request::RestRequest;
use super::rules::{bad_address, flag};

impl Account {
    pub(super) fn list_conferences(&mut self, request: &RestRequest) -> Answer {
        if request.text("DateCreated").is_some() || request.text("DateUpdated").is_some() {
            self.violate(request, "conferences are not sifted by time here");
        }
        let has = |name, value: &str| request.text(name).is_none_or(|wanted| wanted == value);
        let fits =
            |one: &&RestConference| has("FriendlyName", &one.name) && has("Status", &one.status);
        let found = self.conferences.iter().rev().filter(fits);
        let found: Vec<Value> = found.map(|one| self.conference_resource(one)).collect();
        page(request, "conferences", &found, self.options.max_page)
    }

    pub(super) fn update_conference(&mut self, request: &RestRequest, sid: &str) -> Answer {
        if let Some(refused) = bad_address(request, 21205) {
            return refused;
        }
        let at = self.conferences.iter().position(|one| one.sid == sid);
        let Some(at) = at.filter(|at| self.conferences[*at].status != "completed") else {
            return missing(request);
        };
        match request.text("Status") {
            Some("completed") => self.close(sid, "conference-ended-via-api"),
            Some(_) => return refusal(400, 20001, "Status must be completed"),
            None => {}
        }
        if let Some(url) = request.text("AnnounceUrl") {
            let is_get = request.text("AnnounceMethod") == Some("GET");
            let address = (url.to_owned(), is_get);
            self.conferences[at].announcements.push(address);
        }
        (200, self.conference_resource(&self.conferences[at]))
    }

    fn conference_resource(&self, one: &RestConference) -> Value {
        let path = format!("Conferences/{}", one.sid);
        json!({
            "account_sid": self.options.account_sid, "api_version": "2010-04-01",
            "sid": one.sid, "friendly_name": one.name, "status": one.status, "region": "us1",
            "reason_conference_ended": one.reason,
            "call_sid_ending_conference": null,
            "date_created": now(), "date_updated": now(), "uri": self.uri(&path),
            "subresource_uris": {
                "participants": self.uri(&format!("{path}/Participants")),
                "recordings": self.uri(&format!("{path}/Recordings")),
            },
        })
    }

    pub(super) fn list_participants(&mut self, request: &RestRequest, sid: &str) -> Answer {
        let (muted, hold) = (flag(request, "Muted"), flag(request, "Hold"));
        let all: Vec<_> = self
            .participants
            .iter()
            .filter(|one| one.conference_sid == sid)
            .collect();
        if all.is_empty() {
            return missing(request);
        }
        let found: Vec<Value> = all
            .into_iter()
            .filter(|one| muted.is_none_or(|muted| muted == one.muted))
            .filter(|one| hold.is_none_or(|hold| hold == one.hold))
            .map(|one| self.participant_resource(one))
            .collect();
        page(request, "participants", &found, self.options.max_page)
    }

    pub(super) fn update_participant(
        &mut self,
        request: &RestRequest,
        conference: &str,
        call: &str,
    ) -> Answer {
        if let Some(refused) = bad_address(request, 21205) {
            return refused;
        }
        let at = self.participants.iter().position(|one| {
            let is_it = one.call_sid == call || one.label.as_deref() == Some(call);
            one.conference_sid == conference && is_it
        });
        let Some(at) = at else {
            return missing(request);
        };
        let one = &mut self.participants[at];
        one.muted = flag(request, "Muted").unwrap_or(one.muted);
        let was_held = one.hold;
        one.hold = flag(request, "Hold").unwrap_or(was_held);
        if let Some(url) = request.text("HoldUrl") {
            let is_get = request.text("HoldMethod") == Some("GET");
            one.hold_url = Some((url.to_owned(), is_get));
        }
        let mut conferences = self.conferences.iter_mut();
        if let (true, Some(music), Some(conference)) = (
            one.hold && !was_held,
            one.hold_url.clone(),
            conferences.find(|other| other.sid == conference),
        ) {
            conference.holds.push((one.call_sid.clone(), music));
        }
        let ends = flag(request, "EndConferenceOnExit");
        one.end_conference_on_exit = ends.unwrap_or(one.end_conference_on_exit);
        (200, self.participant_resource(&self.participants[at]))
    }

    fn participant_resource(&self, one: &RestParticipant) -> Value {
        let RestParticipant {
            conference_sid,
            call_sid,
            ..
        } = one;
        let path = format!("Conferences/{conference_sid}/Participants/{call_sid}");
        json!({
            "account_sid": self.options.account_sid, "call_sid": call_sid, "label": one.label,
            "conference_sid": conference_sid, "muted": one.muted, "hold": one.hold,
            "coaching": false, "call_sid_to_coach": null, "status": "connected",
            "start_conference_on_enter": true, "queue_time": null,
            "end_conference_on_exit": one.end_conference_on_exit,
            "date_created": now(), "date_updated": now(), "uri": self.uri(&path),
        })
    }
}
