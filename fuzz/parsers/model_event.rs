//! What the model sends.

use frontdesk::realtime::ServerEvent;
use frontdesk::realtime::server_event::parse;

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(text: &str) {
    match parse(text) {
        Ok(ServerEvent::OutputAudioDelta(delta)) => {
            let mut sound = Vec::new();
            let _ = delta.decode(&mut sound);
            assert!(sound.len() <= text.len());
        }
        Ok(_) => {}
        // It may hold speech, and is logged.
        Err(error) => assert!(error.to_string().len() < 400),
    }
}
