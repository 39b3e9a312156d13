//! Answers: resources, pages of them, and refusals in the carrier's shape.

use serde_json::{Value, json};

use super::request::RestRequest;
use crate::clock::Clock;
use crate::rehearsal::moment::rfc_2822;

/// A status and a body; null where there is none.
pub(super) type Answer = (u16, Value);

/// A refusal, as <https://www.twilio.com/docs/usage/twilios-response> has it.
pub(super) fn refusal(status: u16, code: u32, message: impl Into<String>) -> Answer {
    let message: String = message.into();
    let body = json!({
        "code": code, "message": message, "status": status,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
    });
    (status, body)
}

/// There is no such thing.
pub(super) fn missing(request: &RestRequest) -> Answer {
    let message = format!("The requested resource {} was not found", request.path);
    refusal(404, 20404, message)
}

/// The page of `items` that was asked for.
pub(super) fn page(
    request: &RestRequest,
    member: &str,
    items: &[Value],
    max_page: usize,
) -> Answer {
    let number = |name| request.text(name).and_then(|text| text.parse().ok());
    let size = number("PageSize").unwrap_or(50_usize).clamp(1, max_page);
    let page = number("Page").unwrap_or(0);
    let start = (page * size).min(items.len());
    let end = (start + size).min(items.len());
    let uri = |page: usize| {
        let mut uri = format!("{}?PageSize={size}&Page={page}", request.path);
        let kept = request.query.iter();
        for (name, value) in kept.filter(|(name, _)| !name.starts_with("Page")) {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            uri.extend(["&", name.as_str(), "=", value.as_str()]);
        }
        if page > 0 {
            uri.push_str("&PageToken=PA0123456789abcdef");
        }
        uri
    };
    let next = (end < items.len()).then(|| uri(page + 1));
    let previous = (page > 0).then(|| uri(page - 1));
    let mut body = json!({
        "page": page, "page_size": size, "start": start, "end": end.saturating_sub(1),
        "uri": uri(page), "first_page_uri": uri(0),
        "next_page_uri": next, "previous_page_uri": previous,
    });
    body[member] = items[start..end].into();
    (200, body)
}

/// This moment, as e-mail has it.
pub(super) fn now() -> String {
    rfc_2822(Clock::system().now())
}
