//! The messages of both simulators, written and read by their shape.
//!
//! They are written with the keys in the order in which the two services
//! write them; what the gateway sends is read no further than counting needs.

/// The carrier's first word.
pub(super) const CONNECTED: &str = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;

/// The carrier's `start`.
pub(super) fn start(account: &str, call: &str, stream: &str, token: &str) -> String {
    format!(
        r#"{{"event":"start","sequenceNumber":"1","start":{{"accountSid":"{account}","streamSid":"{stream}","callSid":"{call}","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{"token":"{token}"}}}},"streamSid":"{stream}"}}"#
    )
}

/// The caller's frame `chunk`, counted from 1.
pub(super) fn media(stream: &str, sequence: u64, chunk: u64, payload: &str) -> String {
    let timestamp = (chunk - 1) * 20;
    format!(
        r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":"{payload}"}},"streamSid":"{stream}"}}"#
    )
}

/// A mark that returns.
pub(super) fn mark(stream: &str, sequence: u64, name: &str) -> String {
    format!(
        r#"{{"event":"mark","sequenceNumber":"{sequence}","streamSid":"{stream}","mark":{{"name":"{name}"}}}}"#
    )
}

/// The end of the stream: the caller hangs up.
pub(super) fn stop(stream: &str, sequence: u64, account: &str, call: &str) -> String {
    format!(
        r#"{{"event":"stop","sequenceNumber":"{sequence}","stop":{{"accountSid":"{account}","callSid":"{call}"}},"streamSid":"{stream}"}}"#
    )
}

/// The session is as the gateway wants it.
pub(super) const SESSION_UPDATED: &str = r#"{"type":"session.updated","event_id":"event_1","session":{"type":"realtime","object":"realtime.session","id":"sess_1","model":"gpt-realtime-2.1","output_modalities":["audio"]}}"#;

/// An answer of the model, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer(pub(super) u64);

impl Answer {
    /// The answer begins.
    pub(super) fn opening(self) -> [String; 4] {
        let n = self.0;
        let item = format!(
            r#"{{"id":"item_answer{n}","type":"message","status":"in_progress","role":"assistant","content":[]}}"#
        );
        [
            format!(
                r#"{{"type":"response.created","event_id":"event_2","response":{{"object":"realtime.response","id":"resp_{n}","status":"in_progress","status_details":null,"output":[],"usage":null}}}}"#
            ),
            format!(
                r#"{{"type":"response.output_item.added","event_id":"event_3","response_id":"resp_{n}","output_index":0,"item":{item}}}"#
            ),
            format!(
                r#"{{"type":"conversation.item.added","event_id":"event_4","previous_item_id":null,"item":{item}}}"#
            ),
            format!(
                r#"{{"type":"response.content_part.added","event_id":"event_5","response_id":"resp_{n}","item_id":"item_answer{n}","output_index":0,"content_index":0,"part":{{"type":"audio","transcript":""}}}}"#
            ),
        ]
    }

    /// Some words of it.
    pub(super) fn words(self) -> String {
        self.part(
            "response.output_audio_transcript.delta",
            r#","delta":" and so on""#,
        )
    }

    /// A piece of its sound.
    pub(super) fn sound(self, payload: &str) -> String {
        self.part(
            "response.output_audio.delta",
            &format!(r#","delta":"{payload}""#),
        )
    }

    /// The answer is complete.
    pub(super) fn closing(self) -> [String; 5] {
        let n = self.0;
        let item = format!(
            r#"{{"id":"item_answer{n}","type":"message","status":"completed","role":"assistant","content":[{{"type":"output_audio","transcript":" and so on"}}]}}"#
        );
        [
            self.part("response.output_audio.done", ""),
            self.part(
                "response.output_audio_transcript.done",
                r#","transcript":" and so on""#,
            ),
            format!(
                r#"{{"type":"response.output_item.done","event_id":"event_6","response_id":"resp_{n}","output_index":0,"item":{item}}}"#
            ),
            format!(
                r#"{{"type":"conversation.item.done","event_id":"event_7","previous_item_id":null,"item":{item}}}"#
            ),
            format!(
                r#"{{"type":"response.done","event_id":"event_8","response":{{"object":"realtime.response","id":"resp_{n}","status":"completed","status_details":null,"output":[{item}],"usage":{{"total_tokens":140,"input_tokens":60,"output_tokens":80,"input_token_details":{{"text_tokens":20,"audio_tokens":40,"cached_tokens":0}},"output_token_details":{{"text_tokens":20,"audio_tokens":60}}}}}}}}"#
            ),
        ]
    }

    /// The model hears the caller after this answer.
    pub(super) fn speech_started(self) -> String {
        let n = self.0;
        format!(
            r#"{{"type":"input_audio_buffer.speech_started","event_id":"event_9","audio_start_ms":1240,"item_id":"item_caller{n}"}}"#
        )
    }

    /// The caller pauses, and was understood.
    pub(super) fn speech_stopped(self) -> [String; 4] {
        let n = self.0;
        [
            format!(
                r#"{{"type":"input_audio_buffer.speech_stopped","event_id":"event_10","audio_end_ms":3168,"item_id":"item_caller{n}"}}"#
            ),
            format!(
                r#"{{"type":"input_audio_buffer.committed","event_id":"event_11","previous_item_id":"item_answer{n}","item_id":"item_caller{n}"}}"#
            ),
            format!(
                r#"{{"type":"conversation.item.added","event_id":"event_12","previous_item_id":"item_answer{n}","item":{{"id":"item_caller{n}","type":"message","status":"completed","role":"user","content":[{{"type":"input_audio","transcript":null}}]}}}}"#
            ),
            format!(
                r#"{{"type":"conversation.item.input_audio_transcription.completed","event_id":"event_13","item_id":"item_caller{n}","content_index":0,"transcript":"go forward ten meters","usage":{{"type":"duration","seconds":2}}}}"#
            ),
        ]
    }

    fn part(self, kind: &str, rest: &str) -> String {
        let n = self.0;
        format!(
            r#"{{"type":"{kind}","event_id":"event_14","response_id":"resp_{n}","item_id":"item_answer{n}","output_index":0,"content_index":0{rest}}}"#
        )
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
            answer.words(),
            answer.sound("AAAA"),
            answer.speech_started(),
        ];
        all.extend(answer.opening());
        all.extend(answer.closing());
        all.extend(answer.speech_stopped());
        for text in all {
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
