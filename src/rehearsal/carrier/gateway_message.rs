//! What a gateway may send on a media stream, exactly; the rest is a warning.
//!
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages#send-websocket-messages-to-twilio>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// A message, understood.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum GatewayMessage {
    Media(Vec<u8>),
    Mark(String),
    Clear,
}

/// Reads one text message. An error is a warning, with the carrier's code.
pub(super) fn read(text: &str, stream_sid: &str) -> Result<GatewayMessage, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("31950: not JSON: {error}"))?;
    let event = value["event"]
        .as_str()
        .ok_or("31951: no 'event'")?
        .to_owned();
    match event.as_str() {
        "media" => {
            let message: Media = shaped(&event, value)?;
            check_sid(&message.stream_sid, stream_sid)?;
            payload(&message.body.payload).map(GatewayMessage::Media)
        }
        "mark" => {
            let message: Mark = shaped(&event, value)?;
            check_sid(&message.stream_sid, stream_sid)?;
            if message.body.name.is_empty() {
                return Err("31951: a mark without a name".to_owned());
            }
            Ok(GatewayMessage::Mark(message.body.name))
        }
        "clear" => {
            let message: Clear = shaped(&event, value)?;
            check_sid(&message.stream_sid, stream_sid)?;
            Ok(GatewayMessage::Clear)
        }
        _ => Err(format!("31951: unknown event '{event}'")),
    }
}

fn shaped<T: DeserializeOwned>(event: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value)
        .map_err(|error| format!("31951: invalid {event} message: {error}"))
}

fn check_sid(given: &str, own: &str) -> Result<(), String> {
    if given == own {
        return Ok(());
    }
    Err(format!("31951: streamSid '{given}' is not this stream's"))
}

fn payload(text: &str) -> Result<Vec<u8>, String> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| format!("31951: payload is not base64: {error}"))?;
    if bytes.is_empty() {
        return Err("31951: empty payload".to_owned());
    }
    if bytes.starts_with(b"RIFF") {
        return Err("31951: payload has the header of a file".to_owned());
    }
    Ok(bytes)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    #[serde(rename = "event")]
    _event: IgnoredAny,
    #[serde(rename = "streamSid")]
    stream_sid: String,
    #[serde(rename = "media")]
    body: MediaBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MediaBody {
    payload: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    #[serde(rename = "event")]
    _event: IgnoredAny,
    #[serde(rename = "streamSid")]
    stream_sid: String,
    #[serde(rename = "mark")]
    body: MarkBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkBody {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clear {
    #[serde(rename = "event")]
    _event: IgnoredAny,
    #[serde(rename = "streamSid")]
    stream_sid: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_messages_are_understood() {
        let media = r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38="}}"#;
        assert_eq!(
            read(media, "MZ1"),
            Ok(GatewayMessage::Media(vec![0xFF, 0x7F]))
        );
        let mark = r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"m"}}"#;
        assert_eq!(read(mark, "MZ1"), Ok(GatewayMessage::Mark("m".to_owned())));
        assert_eq!(
            read(r#"{"event":"clear","streamSid":"MZ1"}"#, "MZ1"),
            Ok(GatewayMessage::Clear)
        );
    }

    #[test]
    fn anything_else_is_warned_of_by_its_code() {
        for (text, code) in [
            ("hello", "31950"),
            (r#"{"streamSid":"MZ1"}"#, "31951"),
            (r#"{"event":"stop","streamSid":"MZ1"}"#, "31951"),
            (r#"{"event":"clear"}"#, "31951"),
            (r#"{"event":"clear","streamSid":"MZ2"}"#, "31951"),
            (
                r#"{"event":"clear","streamSid":"MZ1","sequenceNumber":"1"}"#,
                "31951",
            ),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38=","track":"x"}}"#,
                "31951",
            ),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"/38"}}"#,
                "31951",
            ),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":""}}"#,
                "31951",
            ),
            (
                r#"{"event":"media","streamSid":"MZ1","media":{"payload":"UklGRg=="}}"#,
                "31951",
            ),
        ] {
            assert!(read(text, "MZ1").unwrap_err().starts_with(code), "{text}");
        }
    }
}
