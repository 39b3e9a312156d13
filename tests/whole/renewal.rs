//! A session that lasts no longer than its hour is followed by another before it is cut.

use std::time::Duration;

use frontdesk::domain::AudioFormat;

use crate::support::memory_call::{MemoryCall, Peer, client, delta, media, server};

/// A sign of life of the model.
const SERVER_PONG: [u8; 2] = [0x8A, 0];
/// A sign of life of the carrier.
const CLIENT_PONG: [u8; 6] = [0x8A, 0x80, 0, 0, 0, 0];

const AGREED: &str = r#"{"type":"session.updated","session":{}}"#;
const BEGUN: &str = r#"{"type":"response.created","response":{"id":"resp_C9G2FspmJkHOrEjD1nFWw"}}"#;
const DONE: &str = r#"{"type":"response.done","response":{"id":"resp_C9G2FspmJkHOrEjD1nFWw"}}"#;

/// So much time passes, and nobody says more than that they are there.
async fn pass(call: &mut MemoryCall, seconds: u64) {
    let mut left = Duration::from_secs(seconds);
    while !left.is_zero() {
        let step = left.min(Duration::from_secs(9));
        tokio::time::sleep(step).await;
        call.carrier.say(&CLIENT_PONG).await;
        call.model.say(&SERVER_PONG).await;
        left -= step;
    }
}

/// What a model hears next, beside pings.
async fn heard(model: &mut Peer) -> String {
    loop {
        let message = model.hear().await;
        if !message.is_empty() {
            return message.to_owned();
        }
    }
}

/// The model says a word in answer to what it was asked.
async fn say(model: &mut Peer, words: &str) {
    let text = format!(
        r#"{{"type":"response.output_audio_transcript.delta","response_id":"resp_C9G2FspmJkHOrEjD1nFWw","item_id":"item_C9G2FDe0MJ3ZsNnmJwYXG","output_index":0,"content_index":0,"delta":"{words}"}}"#
    );
    for message in [BEGUN, &text, &delta(&[0x5A; 1_600])] {
        model.say(&server(message)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn o11_another_agent_takes_the_line_over_while_nobody_speaks_and_knows_what_was_said() {
    let (mut call, mut next) = MemoryCall::answer_long(AudioFormat::Pcmu).await;
    call.agree().await;
    say(&mut call.model, "Hello.").await;
    call.model.say(&server(DONE)).await;
    pass(&mut call, 54 * 60).await;
    assert_eq!(call.bridge.counts().live, 1, "it lasts so long");
    pass(&mut call, 61).await;
    assert!(heard(&mut next).await.contains("session.update"));

    // The first one still has something to say when the other is there.
    say(&mut call.model, "Are you there?").await;
    pass(&mut call, 1).await;
    next.say(&server(AGREED)).await;
    call.carrier.say(&client(&media(0, &[0x55; 160]))).await;
    while !heard(&mut call.model).await.contains("append") {}
    call.model.say(&server(DONE)).await;

    let recalled = heard(&mut next).await;
    assert!(recalled.contains("said_before_0"), "{recalled}");
    assert!(recalled.contains("Hello."), "{recalled}");
    call.carrier.say(&client(&media(1, &[0x55; 160]))).await;
    let hears = heard(&mut next).await;
    assert!(hears.contains("input_audio_buffer.append"), "{hears}");
    assert_eq!(call.bridge.counts().live, 1);
}
