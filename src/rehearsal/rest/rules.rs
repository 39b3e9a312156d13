//! Which parameters there are, and what each may look like.

use url::Url;

use super::answer::{Answer, refusal};
use super::request::RestRequest;

/// What the real one would swallow without a word: parameters that it does not
/// know, that come twice, or that stand in the wrong place.
pub(super) fn complaints(request: &RestRequest, path: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let Some(known) = known(&request.method, path) else {
        return found;
    };
    let parameters = request.parameters();
    for (at, (name, _)) in parameters.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            found.push(format!("there is no parameter {name}"));
        }
        let is_repeated = parameters[..at].iter().any(|(other, _)| other == name);
        if is_repeated && !REPEATABLE.contains(&name.as_str()) {
            found.push(format!("{name} is given twice"));
        }
    }
    if request.method == "POST" && !request.query.is_empty() {
        found.push("a POST has its parameters in the body".to_owned());
    }
    if request.method != "POST" && !request.form.is_empty() {
        found.push("only a POST has a body".to_owned());
    }
    found
}

fn known(method: &str, path: &[&str]) -> Option<&'static [&'static str]> {
    match (method, path) {
        ("GET", ["AvailablePhoneNumbers", _, _]) => Some(SEARCH),
        ("GET", ["IncomingPhoneNumbers"]) => Some(LIST_NUMBERS),
        ("POST", ["IncomingPhoneNumbers"]) => Some(BUY),
        ("POST", ["IncomingPhoneNumbers", _]) => Some(NUMBER),
        ("POST", ["Calls"]) => Some(NEW_CALL),
        ("GET", ["Calls"]) => Some(LIST_CALLS),
        ("POST", ["Calls", _]) => Some(CALL),
        ("GET", ["Conferences"]) => Some(LIST_CONFERENCES),
        ("POST", ["Conferences", _]) => Some(CONFERENCE),
        ("GET", ["Conferences", _, "Participants"]) => Some(LIST_PARTICIPANTS),
        ("POST", ["Conferences", _, "Participants", _]) => Some(PARTICIPANT),
        ("POST", ["Messages"]) => Some(MESSAGE),
        ("GET", ["Messages"]) => Some(LIST_MESSAGES),
        ("GET" | "DELETE", _) => Some(&[]),
        _ => None,
    }
}

const REPEATABLE: &[&str] = &["StatusCallbackEvent", "MediaUrl"];

const SEARCH: &[&str] = &[
    "AreaCode",
    "Contains",
    "SmsEnabled",
    "MmsEnabled",
    "VoiceEnabled",
    "PageSize",
    "Page",
    "PageToken",
];
const LIST_NUMBERS: &[&str] = &[
    "FriendlyName",
    "PhoneNumber",
    "PageSize",
    "Page",
    "PageToken",
];
const NUMBER: &[&str] = &[
    "FriendlyName",
    "VoiceUrl",
    "VoiceMethod",
    "VoiceFallbackUrl",
    "VoiceFallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "SmsUrl",
    "SmsMethod",
    "SmsFallbackUrl",
    "SmsFallbackMethod",
];
const BUY: &[&str] = &[
    "PhoneNumber",
    "FriendlyName",
    "VoiceUrl",
    "VoiceMethod",
    "VoiceFallbackUrl",
    "VoiceFallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "SmsUrl",
    "SmsMethod",
    "SmsFallbackUrl",
    "SmsFallbackMethod",
];
const LIST_CALLS: &[&str] = &[
    "To",
    "From",
    "ParentCallSid",
    "Status",
    "StartTime",
    "StartTime<",
    "StartTime>",
    "EndTime",
    "EndTime<",
    "EndTime>",
    "PageSize",
    "Page",
    "PageToken",
];
const NEW_CALL: &[&str] = &[
    "To",
    "From",
    "Url",
    "Method",
    "Twiml",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "StatusCallbackEvent",
    "Timeout",
    "TimeLimit",
    "CallerId",
    "CallToken",
    "MachineDetection",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
];
const CALL: &[&str] = &[
    "Url",
    "Method",
    "Twiml",
    "Status",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "TimeLimit",
];
const LIST_CONFERENCES: &[&str] = &[
    "FriendlyName",
    "Status",
    "DateCreated",
    "DateCreated<",
    "DateCreated>",
    "DateUpdated",
    "DateUpdated<",
    "DateUpdated>",
    "PageSize",
    "Page",
    "PageToken",
];
const CONFERENCE: &[&str] = &["Status", "AnnounceUrl", "AnnounceMethod"];
const LIST_PARTICIPANTS: &[&str] = &["Muted", "Hold", "Coaching", "PageSize", "Page", "PageToken"];
const PARTICIPANT: &[&str] = &[
    "Muted",
    "Hold",
    "HoldUrl",
    "HoldMethod",
    "AnnounceUrl",
    "AnnounceMethod",
    "EndConferenceOnExit",
];
const LIST_MESSAGES: &[&str] = &["To", "From", "DateSent", "PageSize", "Page", "PageToken"];
const MESSAGE: &[&str] = &["To", "From", "Body", "StatusCallback", "MediaUrl"];

/// The first parameter that is no address where it must be one, refused with
/// `code`; or no method where it must be one.
pub(super) fn bad_address(request: &RestRequest, code: u32) -> Option<Answer> {
    for (name, value) in request.parameters() {
        let is_address = name.ends_with("Url") || name.ends_with("StatusCallback");
        if is_address && !value.is_empty() && !is_public_address(value) {
            return Some(refusal(
                400,
                code,
                format!("{name} is not a valid URL: {value}"),
            ));
        }
        if name.ends_with("Method") && !["GET", "POST"].contains(&value.as_str()) {
            return Some(refusal(400, 21403, format!("{name} is not GET or POST")));
        }
    }
    let is_alone = |of: &str, on: &str| request.text(of).is_some() && request.text(on).is_none();
    let alone = is_alone("VoiceFallbackUrl", "VoiceUrl");
    alone.then(|| refusal(400, 21405, "VoiceFallbackUrl without VoiceUrl"))
}

/// The carrier must be able to reach it.
fn is_public_address(text: &str) -> bool {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| ["http", "https"].contains(&url.scheme()));
    let host = url.as_ref().and_then(Url::host_str);
    host.is_some_and(|host| host.contains('.') && !host.starts_with("127."))
}

/// `+` and 8 to 15 digits.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `true` and `false`, in any case.
pub(super) fn flag(request: &RestRequest, name: &str) -> Option<bool> {
    request
        .text(name)
        .map(|text| text.eq_ignore_ascii_case("true"))
}
