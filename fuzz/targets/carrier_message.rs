//! What the carrier sends over its WebSocket.
#![no_main]

use frontdesk::twilio::media_stream::{Inbound, parse, parse_message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(message) = parse_message(text) else {
        assert!(parse(text).is_err());
        return;
    };
    assert_eq!(parse(text).as_ref(), Ok(&message.inbound));
    if let Inbound::Media(media) = &message.inbound {
        let mut sound = vec![1, 2, 3];
        match media.decode(&mut sound) {
            Ok(()) => assert!(sound.starts_with(&[1, 2, 3]) && sound.len() <= 3 + text.len()),
            Err(_) => assert_eq!(sound, [1, 2, 3], "half a payload is none"),
        }
    }
});
