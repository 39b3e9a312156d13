//! Calls: made, changed while they live, and looked at.

use serde_json::{Value, json};

use super::account::{Account, RestCall};
use super::answer::{Answer, missing, now, page, refusal};
use super::request::RestRequest;
use super::rules::{bad_address, is_number};
use crate::rehearsal::exchange::LineOrder;
use crate::rehearsal::names::carrier_name;

impl Account {
    pub(super) fn create_call(&mut self, request: &RestRequest) -> Answer {
        let Some(to) = request.text("To") else {
            return refusal(400, 21201, "No 'To' number is specified");
        };
        let Some(from) = request.text("From") else {
            return refusal(400, 21213, "No 'From' number is specified");
        };
        let is_other = to.starts_with("client:") || to.starts_with("sip:");
        if !is_other && !is_number(to) {
            return refusal(400, 21211, format!("Invalid 'To' Phone Number: {to}"));
        }
        // A caller's number may be shown to whom the call is handed on.
        let is_shown = request.text("CallToken").is_some() && is_number(from);
        if !is_shown && !self.numbers.iter().any(|one| one.phone_number == from) {
            return refusal(
                400,
                21210,
                format!("'From' phone number not verified: {from}"),
            );
        }
        if let Some(refused) = bad_instructions(request) {
            return refused;
        }
        if request.text("Url").is_none() && request.text("Twiml").is_none() {
            return refusal(400, 21205, "Url parameter is required");
        }
        let call = RestCall {
            direction: "outbound-api".to_owned(),
            told: vec![request.form.clone()],
            ..RestCall::new(&carrier_name("CA"), (from, to), "queued")
        };
        let answer = (201, self.call_resource(&call));
        self.exchange.made(&call);
        self.calls.push(call);
        answer
    }

    pub(super) fn show_call(&mut self, request: &RestRequest, sid: &str) -> Answer {
        let found = self.calls.iter().find(|call| call.sid == sid);
        found.map_or_else(|| missing(request), |call| (200, self.call_resource(call)))
    }

    /// The calls that have all that is asked for. What would be swallowed or
    /// sifted by time is a violation: nobody here asks for it.
    pub(super) fn list_calls(&mut self, request: &RestRequest) -> Answer {
        for name in ["StartTime", "StartTime<", "StartTime>", "EndTime"] {
            if request.text(name).is_some() {
                self.violate(request, "calls are not sifted by time here");
            }
        }
        if request
            .text("ParentCallSid")
            .is_some_and(|sid| !is_call(sid))
        {
            return refusal(400, 20001, "ParentCallSid is not the SID of a call");
        }
        let has = |name, value: Option<&str>| {
            let wanted = request.text(name);
            wanted.is_none_or(|wanted| value == Some(wanted))
        };
        let fits = |call: &&RestCall| {
            has("ParentCallSid", call.parent.as_deref())
                && has("To", Some(&call.to))
                && has("From", Some(&call.from))
                && has("Status", Some(&call.status))
        };
        let found = self.calls.iter().rev().filter(fits);
        let found: Vec<Value> = found.map(|call| self.call_resource(call)).collect();
        page(request, "calls", &found, self.options.max_page)
    }

    pub(super) fn update_call(&mut self, request: &RestRequest, sid: &str) -> Answer {
        let Some(at) = self.calls.iter().position(|call| call.sid == sid) else {
            return missing(request);
        };
        if let Some(refused) = bad_instructions(request) {
            return refused;
        }
        let call = &mut self.calls[at];
        let is_answered = call.status == "in-progress";
        let is_waiting = ["queued", "ringing"].contains(&call.status.as_str());
        match request.text("Status") {
            Some("completed") if is_answered || is_waiting => {
                "completed".clone_into(&mut call.status);
            }
            Some("canceled") if is_waiting => "canceled".clone_into(&mut call.status),
            // Who hangs up twice is told how it stands.
            Some("completed" | "canceled") if !is_answered => {}
            None if is_answered => {}
            Some("completed" | "canceled") | None => {
                return refusal(400, 21220, "Call is not in-progress. Cannot redirect.");
            }
            Some(_) => return refusal(400, 20001, "Status must be canceled or completed"),
        }
        call.told.push(request.form.clone());
        match request.text("Url") {
            Some(url) => self.exchange.tell(sid, LineOrder::Goto(url.to_owned())),
            None => self.exchange.tell(sid, LineOrder::End),
        }
        // Whoever is hung up on or led elsewhere is in no conference.
        self.leave(sid);
        (200, self.call_resource(&self.calls[at]))
    }

    /// Calls stand as their lines do, where they have one.
    pub(super) fn take_calls_of_lines(&mut self) {
        for line in self.exchange.calls() {
            match self.calls.iter_mut().find(|call| call.sid == line.sid) {
                Some(call) => call.status = line.status,
                None => self.calls.push(line),
            }
        }
    }

    fn call_resource(&self, call: &RestCall) -> Value {
        let RestCall {
            sid,
            to,
            from,
            status,
            direction,
            parent,
            rating,
            ..
        } = call;
        let is_over = rating.is_some();
        let (duration, price, unit) = rating.clone().map_or((None, None, None), |rating| {
            let price = Some(rating.1).filter(|price| !price.is_empty());
            (Some(rating.0), price, Some(rating.2))
        });
        let ended = is_over.then(now);
        let started = (is_over || status == "in-progress").then(now);
        json!({
            "sid": sid, "account_sid": self.options.account_sid, "api_version": "2010-04-01",
            "to": to, "to_formatted": to, "from": from, "from_formatted": from,
            "status": status, "direction": direction, "duration": duration, "price": price,
            "price_unit": unit.unwrap_or_else(|| "USD".to_owned()), "start_time": started,
            "end_time": ended, "date_created": now(), "date_updated": now(),
            "parent_call_sid": parent, "phone_number_sid": null, "answered_by": null,
            "forwarded_from": null, "group_sid": null, "caller_name": null, "queue_time": "0",
            "trunk_sid": null, "stir_verstat": null, "uri": self.uri(&format!("Calls/{sid}")),
            "subresource_uris": {
                "recordings": self.uri(&format!("Calls/{sid}/Recordings")),
            },
        })
    }
}

/// `CA` and 32 hexadecimal digits.
fn is_call(sid: &str) -> bool {
    let digits = sid.strip_prefix("CA").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn bad_instructions(request: &RestRequest) -> Option<Answer> {
    let document = request.text("Twiml");
    if document.is_some_and(|text| text.chars().count() > 4_000) {
        return Some(refusal(400, 21247, "Twiml is longer than 4000 characters"));
    }
    if document.is_some() && request.text("Url").is_some() {
        return Some(refusal(400, 20001, "Url and Twiml exclude each other"));
    }
    bad_address(request, 21205)
}
