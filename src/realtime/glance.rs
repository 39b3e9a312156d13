//! A piece of speech, as OpenAI writes it.

use super::OutputAudioDelta;
use crate::domain::Pii;
use crate::glance::{Glance, once};

/// Reads an audio delta that is written as always, its keys in any order.
/// None is for [`parse`](super::server_event::parse) to understand or refuse.
pub(super) fn audio_delta(text: &str) -> Option<OutputAudioDelta<'_>> {
    let mut glance = Glance::at(text);
    let (mut kind, mut event, mut response, mut item) = (None, None, None, None);
    let (mut output, mut content, mut delta) = (None, None, None);
    glance.members(|value, key| match key {
        "type" => once(&mut kind, value.exactly("response.output_audio.delta")),
        "event_id" => once(&mut event, value.string()),
        "response_id" => once(&mut response, value.string()),
        "item_id" => once(&mut item, value.string()),
        "output_index" => once(&mut output, value.whole()),
        "content_index" => once(&mut content, value.whole()),
        "delta" => once(&mut delta, value.string()),
        _ => None,
    })?;
    glance.end().and(kind)?;
    Some(OutputAudioDelta {
        response_id: response?.into(),
        item_id: item?.into(),
        content_index: content.unwrap_or_default().try_into().ok()?,
        delta: Pii::new(delta?.into()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::audio_delta;
    use crate::glance::hostile::{Members, damaged, object, shaken};
    use crate::realtime::ServerEvent;
    use crate::realtime::server_event::read;

    fn members() -> Members {
        vec![
            ("type", "\"response.output_audio.delta\"".to_owned()),
            ("event_id", "\"event_C9G2GNUBtO5JHzzHMzJnD\"".to_owned()),
            ("response_id", "\"resp_C9G2FspmJkHOrEjD1nFWw\"".to_owned()),
            ("item_id", "\"item_C9G2FDe0MJ3ZsNnmJwYXG\"".to_owned()),
            ("output_index", "0".to_owned()),
            ("content_index", "1".to_owned()),
            ("delta", "\"AAABAAIAAwAEAAUABgAHAA==\"".to_owned()),
        ]
    }

    fn parsed(text: &str) -> Option<ServerEvent<'_>> {
        read(text).ok()
    }

    fn seen(text: &str) -> Option<ServerEvent<'_>> {
        audio_delta(text).map(ServerEvent::OutputAudioDelta)
    }

    #[test]
    fn what_openai_writes_is_read_at_a_glance() {
        let turn = include_str!("../../fixtures/realtime/full_turn.jsonl");
        for line in turn
            .lines()
            .filter(|line| line.contains("output_audio.delta"))
        {
            assert!(seen(line).is_some(), "{line}");
            assert_eq!(seen(line), parsed(line), "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16_384))]

        #[test]
        fn a_glance_sees_what_the_parser_sees(
            text in damaged(shaken(members()).prop_map(|members| object(&members))),
        ) {
            if let Some(seen) = seen(&text) {
                prop_assert_eq!(Some(seen), parsed(&text));
            }
        }

        #[test]
        fn the_keys_may_come_in_any_order(members in Just(members()).prop_shuffle()) {
            let text = object(&members);
            prop_assert!(seen(&text).is_some(), "{}", text);
            prop_assert_eq!(seen(&text), parsed(&text));
        }
    }
}
