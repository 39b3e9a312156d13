//! What stands in addresses, headers and fields: numbers, names, cursors, keys.

use frontdesk::bridge::EventId;
use frontdesk::domain::{
    Date, Day, Email, MediaUrl, Party, PhoneNumber, Scope, Span, Tag, ToolName, Zone,
};
use frontdesk::store::{KeyText, Search, page};

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(text: &str) {
    if let Ok(number) = text.parse::<PhoneNumber>() {
        let digits = number.as_str().strip_prefix('+').unwrap();
        assert!((2..=15).contains(&digits.len()));
        assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(number.as_str().parse(), Ok(number));
    }
    let Ok(party) = text.parse::<Party>();
    assert_eq!(party.to_text().parse(), Ok(party));
    if let Ok(cursor) = text.parse::<page::Cursor>() {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
    if let Ok(id) = text.parse::<EventId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(scope) = text.parse::<Scope>() {
        assert_eq!(scope.to_text().parse(), Ok(scope));
    }
    let _ = text.parse::<Search>();
    let _ = text.parse::<KeyText>();
    let _ = text.parse::<Email>();
    let _ = text.parse::<MediaUrl>();
    let _ = text.parse::<ToolName>();
    let _ = text.parse::<Tag>();
    let _ = text.parse::<Date>();
    let _ = text.parse::<Day>();
    let _ = text.parse::<Span>();
    let _ = text.parse::<Zone>();
}
