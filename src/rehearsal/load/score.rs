//! The messages of both simulators, written and read by their shape.
//!
//! They are written with the keys in the order in which the two services
//! write them; what the gateway sends is read no further than counting needs.

/// The carrier's first word.
pub(super) const CONNECTED: &str = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;

/// The carrier's `start`.
pub(super) fn start(account: &str, call: &str, stream: &str, token: &str) -> String {
    format!(
        concat!(
            r#"{{"event":"start","sequenceNumber":"1","start":{{"accountSid":"{account}","#,
            r#""streamSid":"{stream}","callSid":"{call}","tracks":["inbound"],"mediaFormat":"#,
            r#"{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"#,
            r#""customParameters":{{"token":"{token}"}}}},"streamSid":"{stream}"}}"#,
        ),
        account = account,
        stream = stream,
        call = call,
        token = token,
    )
}

/// The caller's frame `chunk`, counted from 1.
pub(super) fn media(stream: &str, sequence: u64, chunk: u64, payload: &str) -> String {
    format!(
        concat!(
            r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","#,
            r#""chunk":"{chunk}","timestamp":"{timestamp}","payload":"{payload}"}},"#,
            r#""streamSid":"{stream}"}}"#,
        ),
        sequence = sequence,
        chunk = chunk,
        timestamp = (chunk - 1) * 20,
        payload = payload,
        stream = stream,
    )
}

/// A mark that returns.
pub(super) fn mark(stream: &str, sequence: u64, name: &str) -> String {
    format!(
        concat!(
            r#"{{"event":"mark","sequenceNumber":"{sequence}","streamSid":"{stream}","#,
            r#""mark":{{"name":"{name}"}}}}"#,
        ),
        sequence = sequence,
        stream = stream,
        name = name,
    )
}

/// The end of the stream: the caller hangs up.
pub(super) fn stop(stream: &str, sequence: u64, account: &str, call: &str) -> String {
    format!(
        concat!(
            r#"{{"event":"stop","sequenceNumber":"{sequence}","stop":{{"#,
            r#""accountSid":"{account}","callSid":"{call}"}},"streamSid":"{stream}"}}"#,
        ),
        sequence = sequence,
        account = account,
        call = call,
        stream = stream,
    )
}

/// The session is as the gateway wants it.
pub(super) const SESSION_UPDATED: &str =
    include_str!("../../../fixtures/load/session.jsonl").trim_ascii_end();

/// An answer of the model, by its number, and what the caller says to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer(pub(super) u64);

impl Answer {
    /// The answer begins.
    pub(super) fn opening(self) -> impl Iterator<Item = String> {
        self.numbered(include_str!("../../../fixtures/load/opening.jsonl"))
    }

    /// A piece of it: the words, and their sound.
    pub(super) fn piece(self, sound: &str) -> impl Iterator<Item = String> {
        self.numbered(include_str!("../../../fixtures/load/piece.jsonl"))
            .map(move |message| message.replace("$sound", sound))
    }

    /// The answer is complete.
    pub(super) fn closing(self) -> impl Iterator<Item = String> {
        self.numbered(include_str!("../../../fixtures/load/closing.jsonl"))
    }

    /// The model hears the caller.
    pub(super) fn speech_started(self) -> impl Iterator<Item = String> {
        self.numbered(include_str!("../../../fixtures/load/caller.jsonl"))
    }

    /// The caller pauses, and was understood.
    pub(super) fn speech_stopped(self) -> impl Iterator<Item = String> {
        self.numbered(include_str!("../../../fixtures/load/pause.jsonl"))
    }

    fn numbered(self, messages: &'static str) -> impl Iterator<Item = String> {
        messages
            .lines()
            .map(move |message| message.replace("$n", &self.0.to_string()))
    }
}

/// A message of the gateway to the carrier.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum ToCarrier<'a> {
    /// So many bytes of sound.
    Media(usize),
    /// A mark of this name.
    Mark(&'a str),
    /// The order to be silent.
    Clear,
}

impl<'a> ToCarrier<'a> {
    /// Nothing if it has another shape than the documented one.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let body = text.strip_prefix(r#"{"event":""#)?;
        let (event, body) = body.split_once('"')?;
        match event {
            "media" => decoded_len(between(body, r#""payload":""#)?).map(Self::Media),
            "mark" => between(body, r#""name":""#).map(Self::Mark),
            "clear" => Some(Self::Clear),
            _ => None,
        }
    }
}

/// A message of the gateway to the model.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum ToModel {
    /// So many bytes of sound.
    Append(usize),
    /// The session as it shall be.
    SessionUpdate,
    /// The wish for an answer.
    Respond,
    /// Anything else, which is not answered.
    Other,
}

impl ToModel {
    /// Nothing if it has no type.
    pub(super) fn read(text: &str) -> Option<Self> {
        match between(&text[..text.len().min(200)], r#""type":""#)? {
            "input_audio_buffer.append" => {
                decoded_len(between(text, r#""audio":""#)?).map(Self::Append)
            }
            "session.update" => Some(Self::SessionUpdate),
            "response.create" => Some(Self::Respond),
            _ => Some(Self::Other),
        }
    }
}

/// What stands between `start` and the next quotation mark.
fn between<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once('"').map(|(value, _)| value)
}

/// How many bytes a text in base64 stands for.
fn decoded_len(text: &str) -> Option<usize> {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len().is_multiple_of(4) && padding <= 2).then(|| text.len() / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_json() {
        let answer = Answer(3);
        let mut all = vec![
            CONNECTED.to_owned(),
            SESSION_UPDATED.to_owned(),
            start("AC1", "CA1", "MZ1", "token"),
            media("MZ1", 2, 1, "////"),
            mark("MZ1", 3, "name"),
            stop("MZ1", 4, "AC1", "CA1"),
        ];
        all.extend(answer.opening());
        all.extend(answer.piece("AAAA"));
        all.extend(answer.closing());
        all.extend(answer.speech_started());
        all.extend(answer.speech_stopped());
        for text in all {
            assert!(!text.contains('$'), "{text}");
            serde_json::from_str::<serde_json::Value>(&text)
                .unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }

    #[test]
    fn what_the_gateway_says_is_counted() {
        let media = r#"{"event":"media","streamSid":"MZ1","media":{"payload":"AAAAAAA="}}"#;
        assert_eq!(ToCarrier::read(media), Some(ToCarrier::Media(5)));
        let mark = r#"{"event":"mark","streamSid":"MZ1","mark":{"name":"g1.2"}}"#;
        assert_eq!(ToCarrier::read(mark), Some(ToCarrier::Mark("g1.2")));
        let clear = r#"{"event":"clear","streamSid":"MZ1"}"#;
        assert_eq!(ToCarrier::read(clear), Some(ToCarrier::Clear));
        assert_eq!(
            ToCarrier::read(r#"{"event":"media","payload":"AAA"}"#),
            None
        );
        assert_eq!(ToCarrier::read("{}"), None);
        let append = r#"{"type":"input_audio_buffer.append","audio":"AAAA"}"#;
        assert_eq!(ToModel::read(append), Some(ToModel::Append(3)));
        let create = r#"{"type":"response.create"}"#;
        assert_eq!(ToModel::read(create), Some(ToModel::Respond));
        assert_eq!(ToModel::read(r#"{"type":"x"}"#), Some(ToModel::Other));
        assert_eq!(ToModel::read("{}"), None);
    }
}
