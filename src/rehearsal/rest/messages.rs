//! Text messages.

use serde_json::{Value, json};

use super::account::{Account, RestMessage};
use super::answer::{Answer, now, page, refusal};
use super::request::RestRequest;
use super::rules::{bad_address, is_number};
use crate::rehearsal::names::carrier_name;

impl Account {
    pub(super) fn send_message(&mut self, request: &RestRequest) -> Answer {
        let Some(to) = request.text("To") else {
            return refusal(400, 21604, "A 'To' phone number is required");
        };
        if !is_number(to) {
            return refusal(400, 21211, format!("Invalid 'To' Phone Number: {to}"));
        }
        let from = request.text_or("From", "");
        if !self.numbers.iter().any(|one| one.phone_number == from) {
            return refusal(400, 21606, format!("'From' {from} cannot send messages"));
        }
        let body = request.text_or("Body", "");
        let length = body.chars().count();
        if length == 0 {
            return refusal(400, 21602, "Message body is required");
        }
        if length > 1_600 {
            return refusal(400, 21617, "The body exceeds the 1600 character limit");
        }
        if let Some(refused) = bad_address(request, 21609) {
            return refused;
        }
        let message = RestMessage {
            sid: carrier_name("SM"),
            to: to.to_owned(),
            from,
            body,
            created: now(),
        };
        let resource = self.message_resource(&message);
        self.messages.push(message);
        (201, resource)
    }

    pub(super) fn list_messages(&mut self, request: &RestRequest) -> Answer {
        let is = |name, value: &str| request.text(name).is_none_or(|text| text == value);
        let fits = |one: &&RestMessage| is("To", &one.to) && is("From", &one.from);
        let found = self.messages.iter().rev().filter(fits);
        let found: Vec<Value> = found.map(|one| self.message_resource(one)).collect();
        page(request, "messages", &found, self.options.max_page)
    }

    fn message_resource(&self, message: &RestMessage) -> Value {
        let RestMessage {
            sid,
            to,
            from,
            body,
            created,
        } = message;
        let path = format!("Messages/{sid}");
        let segments = body.chars().count().div_ceil(153).to_string();
        json!({
            "sid": sid, "account_sid": self.options.account_sid, "api_version": "2010-04-01",
            "to": to, "from": from, "body": body, "status": "queued", "num_media": "0",
            "num_segments": segments, "direction": "outbound-api",
            "date_created": created, "date_updated": created, "date_sent": null, "price": null,
            "price_unit": "USD", "error_code": null, "error_message": null,
            "messaging_service_sid": null, "uri": self.uri(&path),
            "subresource_uris": {"media": self.uri(&format!("{path}/Media"))},
        })
    }
}
