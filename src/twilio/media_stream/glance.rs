//! The message that comes fifty times a second, as Twilio writes it.

use std::borrow::Cow;

use super::inbound::{Inbound, Media, Message, Track};
use crate::glance::{Glance, once};

/// Reads a media message that is written as always, its keys in any order.
/// None is for [`parse_message`](super::parse_message) to understand or refuse.
pub(super) fn media(text: &str) -> Option<Message<'_>> {
    let mut glance = Glance::at(text);
    let (mut event, mut number, mut sid, mut media) = (None, None, None, None);
    glance.members(|value, key| match key {
        "event" => once(&mut event, value.exactly("media")),
        "sequenceNumber" => once(&mut number, value.quoted_whole()),
        "streamSid" => once(&mut sid, value.string()),
        "media" => once(&mut media, body(value)),
        _ => None,
    })?;
    glance.end().and(event)?;
    let stream_sid = sid.map(Cow::Borrowed);
    let media = Media {
        stream_sid: stream_sid.clone(),
        ..media?
    };
    Some(Message {
        stream_sid,
        sequence_number: number,
        inbound: Inbound::Media(media),
    })
}

fn body<'a>(glance: &mut Glance<'a>) -> Option<Media<'a>> {
    let (mut track, mut timestamp_ms, mut chunk, mut payload) = (None, None, None, None);
    glance.members(|value, key| match key {
        "track" => once(&mut track, value.string()),
        "timestamp" => once(&mut timestamp_ms, value.quoted_whole()),
        "chunk" => once(&mut chunk, value.quoted_whole()),
        "payload" => once(&mut payload, value.string()),
        _ => None,
    })?;
    Some(Media {
        stream_sid: None,
        track: track.map_or(Track::Inbound, Track::from_word),
        timestamp_ms,
        chunk,
        payload: payload?.into(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::media;
    use crate::glance::hostile::{Members, damaged, object, shaken};
    use crate::twilio::media_stream::inbound::read;

    fn body() -> Members {
        vec![
            ("track", "\"inbound\"".to_owned()),
            ("chunk", "\"4320\"".to_owned()),
            ("timestamp", "\"86405\"".to_owned()),
            ("payload", "\"/////wAA//8A/38AAAAA/w==\"".to_owned()),
        ]
    }

    fn message(body: &Members) -> Members {
        vec![
            ("event", "\"media\"".to_owned()),
            ("sequenceNumber", "\"4321\"".to_owned()),
            ("media", object(body)),
            (
                "streamSid",
                "\"MZ18ad3ab5a668481ce02b83e7395059f0\"".to_owned(),
            ),
        ]
    }

    #[test]
    fn what_twilio_writes_is_read_at_a_glance() {
        let stream = include_str!("../../../fixtures/twilio/stream.jsonl");
        let frames = stream.lines().filter(|line| line.contains("\"media\":{"));
        for line in frames {
            assert_eq!(media(line), read(line).ok(), "{line}");
            assert!(media(line).is_some(), "{line}");
        }
    }

    fn shaken_messages() -> impl Strategy<Value = String> {
        let messages = shaken(body()).prop_flat_map(|body| shaken(message(&body)));
        messages.prop_map(|members| object(&members))
    }

    fn messages_in_any_order() -> impl Strategy<Value = String> {
        let bodies = Just(body()).prop_shuffle();
        let messages = bodies.prop_flat_map(|body| Just(message(&body)).prop_shuffle());
        messages.prop_map(|members| object(&members))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16_384))]

        #[test]
        fn a_glance_sees_what_the_parser_sees(text in damaged(shaken_messages())) {
            if let Some(seen) = media(&text) {
                prop_assert_eq!(Ok(seen), read(&text));
            }
        }

        #[test]
        fn the_keys_may_come_in_any_order(text in messages_in_any_order()) {
            prop_assert!(media(&text).is_some(), "{}", text);
            prop_assert_eq!(media(&text), read(&text).ok());
        }
    }
}
