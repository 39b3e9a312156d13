//! What the carrier sends over its WebSocket.

use frontdesk::twilio::media_stream::{Inbound, parse, parse_message};

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(text: &str) {
    let Ok(message) = parse_message(text) else {
        assert!(parse(text).is_err());
        return;
    };
    assert_eq!(parse(text).as_ref(), Ok(&message.inbound));
    if let Inbound::Media(media) = &message.inbound {
        // What was there before is gone, whatever comes.
        let mut sound = vec![1, 2, 3];
        match media.decode(&mut sound) {
            Ok(()) => assert!(sound.len() <= text.len()),
            Err(_) => assert!(sound.is_empty(), "half a payload is none"),
        }
    }
}
