//! What the model sends.
#![no_main]

use frontdesk::realtime::ServerEvent;
use frontdesk::realtime::server_event::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
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
});
