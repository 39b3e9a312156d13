//! Numbers: for sale, bought, configured, given back.

use serde_json::{Value, json};

use super::account::{Account, OwnedNumber};
use super::answer::{Answer, missing, now, page, refusal};
use super::options::ForSale;
use super::request::RestRequest;
use super::rules::{bad_address, flag, is_number};
use crate::rehearsal::names::carrier_name;

impl Account {
    pub(super) fn available(&mut self, request: &RestRequest, country: &str, kind: &str) -> Answer {
        if !["Local", "TollFree", "Mobile"].contains(&kind) {
            return missing(request);
        }
        let is_known = self.for_sale.iter().any(|one| one.country == country);
        if !is_known {
            return missing(request);
        }
        let needs = ["VoiceEnabled", "SmsEnabled", "MmsEnabled"].map(|name| flag(request, name));
        let area = request.text("AreaCode");
        if area.is_some_and(|area| area.parse::<u32>().is_err()) {
            return refusal(400, 20001, "AreaCode is not a number");
        }
        let fits = |one: &&ForSale| {
            let can = needs
                .iter()
                .zip(one.can)
                .all(|(need, can)| need.is_none_or(|need| need == can));
            let national = one.phone_number.get(2..).unwrap_or_default();
            let is_there = area.is_none_or(|area| national.starts_with(area));
            let pattern = request.text("Contains").unwrap_or_default();
            let part: String = pattern.chars().filter(char::is_ascii_digit).collect();
            let has_part = one.phone_number.contains(&part);
            one.country == country && one.kind == kind && can && is_there && has_part
        };
        let found: Vec<Value> = self.for_sale.iter().filter(fits).map(offer).collect();
        page(
            request,
            "available_phone_numbers",
            &found,
            self.options.max_page,
        )
    }

    pub(super) fn list_numbers(&mut self, request: &RestRequest) -> Answer {
        let part = request
            .text("PhoneNumber")
            .map(|text| text.trim_matches('*'));
        let fits = |one: &&OwnedNumber| part.is_none_or(|part| one.phone_number.contains(part));
        let found = self.numbers.iter().filter(fits);
        let found: Vec<Value> = found.map(|one| self.resource(one)).collect();
        page(
            request,
            "incoming_phone_numbers",
            &found,
            self.options.max_page,
        )
    }

    pub(super) fn buy(&mut self, request: &RestRequest) -> Answer {
        let Some(wanted) = request.text("PhoneNumber") else {
            return refusal(400, 21421, "PhoneNumber or AreaCode is required");
        };
        if !is_number(wanted) {
            return refusal(400, 21421, format!("{wanted} is not a valid number"));
        }
        if let Some(refused) = bad_setting(request) {
            return refused;
        }
        let at = self
            .for_sale
            .iter()
            .position(|one| one.phone_number == wanted);
        let Some(at) = at else {
            return refusal(400, 21422, format!("{wanted} is not available"));
        };
        let sold = self.for_sale.remove(at);
        let mut settings = request.form.clone();
        settings.retain(|(name, _)| name != "PhoneNumber");
        let number = OwnedNumber {
            sid: carrier_name("PN"),
            phone_number: sold.phone_number,
            can: sold.can,
            settings,
            created: now(),
        };
        let answer = (201, self.resource(&number));
        self.numbers.push(number);
        answer
    }

    pub(super) fn one_number(&mut self, request: &RestRequest, sid: &str) -> Answer {
        let Some(at) = self.numbers.iter().position(|one| one.sid == sid) else {
            return missing(request);
        };
        match request.method.as_str() {
            "GET" => (200, self.resource(&self.numbers[at])),
            "DELETE" => {
                self.numbers.remove(at);
                (204, Value::Null)
            }
            _ => {
                if let Some(refused) = bad_setting(request) {
                    return refused;
                }
                let settings = request.form.iter().cloned();
                self.numbers[at].settings.extend(settings);
                (200, self.resource(&self.numbers[at]))
            }
        }
    }

    fn resource(&self, number: &OwnedNumber) -> Value {
        let OwnedNumber {
            sid,
            phone_number,
            can: [voice, sms, mms],
            ..
        } = number;
        let set = |name: &str| number.setting(name).unwrap_or_default().to_owned();
        let method = |name: &str| number.setting(name).unwrap_or("POST").to_owned();
        let name = number.setting("FriendlyName").unwrap_or(phone_number);
        json!({
            "sid": sid, "account_sid": self.options.account_sid, "phone_number": phone_number,
            "friendly_name": name, "api_version": "2010-04-01", "origin": "twilio",
            "date_created": number.created, "date_updated": number.created,
            "capabilities": {"voice": voice, "sms": sms, "mms": mms, "fax": false},
            "address_requirements": "none", "address_sid": null, "beta": false,
            "bundle_sid": null, "identity_sid": null, "emergency_address_sid": null,
            "emergency_address_status": "unregistered", "emergency_status": "Inactive",
            "sms_application_sid": null, "sms_fallback_method": "POST", "sms_fallback_url": "",
            "sms_method": "POST", "sms_url": "", "trunk_sid": null, "status": "in-use",
            "voice_application_sid": null, "voice_caller_id_lookup": false,
            "voice_receive_mode": "voice", "voice_url": set("VoiceUrl"),
            "voice_method": method("VoiceMethod"), "voice_fallback_url": set("VoiceFallbackUrl"),
            "voice_fallback_method": method("VoiceFallbackMethod"),
            "status_callback": set("StatusCallback"),
            "status_callback_method": method("StatusCallbackMethod"),
            "type": "local", "uri": self.uri(&format!("IncomingPhoneNumbers/{sid}")),
        })
    }
}

fn bad_setting(request: &RestRequest) -> Option<Answer> {
    let name = request.text("FriendlyName").unwrap_or_default();
    if name.chars().count() > 64 {
        return Some(refusal(
            400,
            20001,
            "FriendlyName is longer than 64 characters",
        ));
    }
    bad_address(request, 21402)
}

fn offer(one: &ForSale) -> Value {
    let [voice, sms, mms] = one.can;
    json!({
        "phone_number": one.phone_number, "friendly_name": one.phone_number,
        "iso_country": one.country, "locality": "Oakland", "region": "CA",
        "postal_code": "94612", "rate_center": "OKLD TRNID", "lata": "722",
        "latitude": 37.8, "longitude": -122.27, "beta": false,
        "address_requirements": "none",
        "capabilities": {"voice": voice, "SMS": sms, "MMS": mms},
    })
}
