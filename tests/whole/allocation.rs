//! What a call asks of the allocator: nothing for sound, and little is kept of a burst.
//!
//! Counted is everything that happens on the thread of the call while the
//! carrier and the model speak: both sockets, the loop, the machine, tokio's
//! runtime and the lines of memory that stand for the network.

use std::time::Duration;

use allocation_counter::{measure, opt_out};
use frontdesk::domain::AudioFormat;
use frontdesk::recordings::Spool;
use tokio::runtime::{Builder, Runtime};

use crate::support::memory_call::{MemoryCall, client, delta, mark, media, server};

const FORMATS: [AudioFormat; 2] = [AudioFormat::Pcm24, AudioFormat::Pcmu];

#[test]
fn a_frame_of_the_caller_allocates_nothing() {
    for format in FORMATS {
        let runtime = runtime();
        let mut call = runtime.block_on(MemoryCall::begin(format));
        let frames: Vec<_> = (0..600).map(|n| client(&media(n, &[0x5A; 160]))).collect();
        let (warm_up, rest) = frames.split_at(100);
        // Nobody waits for the greeting, however slow the machine is.
        runtime.block_on(async {
            tokio::time::pause();
            listen(&mut call, warm_up).await;
        });
        let asked = measure(|| runtime.block_on(listen(&mut call, rest)));
        assert_eq!(asked.count_total, 0, "{format:?}");
    }
}

#[test]
fn a_caller_who_is_recorded_costs_less_than_an_allocation_a_frame() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let spool = Spool::start(folder.path().join("spool")).expect("a thread can be had");
    let recorded = asked_in_3_s(AudioFormat::Pcm24, spool);
    // A piece of 120 ms is one; the runtime makes a list where time jumps.
    assert!((24..150).contains(&recorded), "{recorded}");
}

/// How often the allocator is asked while a caller speaks for 3 s.
fn asked_in_3_s(format: AudioFormat, spool: Spool) -> u64 {
    let runtime = runtime();
    let mut call = runtime.block_on(MemoryCall::answer_with(format, Some(spool)));
    runtime.block_on(call.agree());
    let frames = seconds_of_voice(4);
    let (warm_up, rest) = frames.split_at(50);
    let speak = async |call: &mut MemoryCall, frames: &[Vec<u8>]| {
        for frame in frames {
            tokio::time::advance(Duration::from_millis(20)).await;
            listen(call, std::slice::from_ref(frame)).await;
        }
    };
    runtime.block_on(async {
        tokio::time::pause();
        speak(&mut call, warm_up).await;
    });
    measure(|| runtime.block_on(speak(&mut call, rest))).count_total
}

#[test]
fn a_piece_of_the_models_speech_allocates_nothing() {
    for (format, size) in [(AudioFormat::Pcm24, 9_600), (AudioFormat::Pcmu, 1_600)] {
        let runtime = runtime();
        let mut call = runtime.block_on(MemoryCall::begin(format));
        let piece = server(&delta(&vec![0x5A; size]));
        runtime.block_on(async {
            tokio::time::pause();
            call.model.say(&response_created()).await;
            speak(&mut call, &piece, 20).await;
        });
        // The runtime itself makes a list each time it is entered and time jumps.
        let idle = measure(|| runtime.block_on(tokio::time::advance(Duration::ZERO)));
        let asked = measure(|| runtime.block_on(speak(&mut call, &piece, 200)));
        assert_eq!(asked.count_total, idle.count_total, "{format:?}");
    }
}

#[test]
fn a_word_of_the_model_is_allocated_once_on_its_way_to_the_transcript() {
    let runtime = runtime();
    let mut call = runtime.block_on(MemoryCall::begin(AudioFormat::Pcm24));
    let words = server(
        r#"{"type":"response.output_audio_transcript.delta","event_id":"e","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":" word"}"#,
    );
    let frame = client(&media(0, &[0x5A; 160]));
    let talk = async |call: &mut MemoryCall, times: u64| {
        for _ in 0..times {
            call.model.say(&words).await;
            listen(call, std::slice::from_ref(&frame)).await;
        }
    };
    runtime.block_on(async {
        tokio::time::pause();
        talk(&mut call, 50).await;
    });
    let asked = measure(|| runtime.block_on(talk(&mut call, 500)));
    // The transcript itself grows, each time by as much as it has.
    let doublings = 4;
    assert!(asked.count_total <= 500 + doublings, "{asked:?}");
}

#[test]
fn the_first_words_to_a_late_model_leave_no_room_behind() {
    let calm = kept_after(|runtime, call| {
        runtime.block_on(call.agree());
        runtime.block_on(listen(call, &seconds_of_voice(1)));
    });
    let late = kept_after(|runtime, call| {
        let voice = seconds_of_voice(12);
        runtime.block_on(async {
            for frame in &voice {
                call.carrier.say(frame).await;
            }
            call.agree().await;
            hear_all(call, 12 * 48_000).await;
        });
        runtime.block_on(listen(call, &seconds_of_voice(1)));
    });
    assert!(late - calm < MAX_LEFT, "{calm} and {late} bytes");
}

#[test]
fn an_answer_that_comes_at_once_leaves_no_room_behind() {
    let calm = kept_after(|runtime, call| {
        runtime.block_on(call.agree());
        runtime.block_on(answer(call, 5));
    });
    let long = kept_after(|runtime, call| {
        runtime.block_on(call.agree());
        runtime.block_on(answer(call, 300));
    });
    assert!(long - calm < MAX_LEFT, "{calm} and {long} bytes");
}

/// What a burst of more than a megabyte may leave behind, in bytes. The lines
/// of memory keep some of it, as the kernel would, and so does the library.
const MAX_LEFT: i64 = 160 * 1024;

/// The bytes that a call holds after `what` has happened.
fn kept_after(what: impl FnOnce(&Runtime, &mut MemoryCall)) -> i64 {
    let runtime = runtime();
    let mut call = None;
    let kept = measure(|| {
        let mut begun = runtime.block_on(MemoryCall::answer(AudioFormat::Pcm24));
        what(&runtime, &mut begun);
        call = Some(begun);
    });
    kept.bytes_current
}

fn seconds_of_voice(seconds: usize) -> Vec<Vec<u8>> {
    let frames = 0..50 * seconds;
    frames.map(|n| client(&media(n, &[0x5A; 160]))).collect()
}

/// The model hears so many bytes of the caller's voice.
async fn hear_all(call: &mut MemoryCall, mut bytes: usize) {
    while bytes > 0 {
        let message = call.model.hear().await;
        let (_, audio) = message.split_once("\"audio\":\"").expect("it is sound");
        let letters = audio.trim_end_matches("\"}").trim_end_matches('=').len();
        bytes -= letters * 3 / 4;
    }
}

/// A sign of life of the model.
const SERVER_PONG: [u8; 2] = [0x8A, 0];
/// A sign of life of the carrier.
const CLIENT_PONG: [u8; 6] = [0x8A, 0x80, 0, 0, 0, 0];

/// The model says so many pieces of 200 ms at once, and all of it is played.
async fn answer(call: &mut MemoryCall, pieces: usize) {
    tokio::time::pause();
    call.model.say(&response_created()).await;
    let piece = server(&delta(&[0x5A; 9_600]));
    for _ in 0..pieces {
        call.model.say(&piece).await;
    }
    let done = r#"{"type":"response.done","response":{"id":"resp_C9G2FspmJkHOrEjD1nFWw"}}"#;
    call.model.say(&server(done)).await;
    let mut played = 0;
    while played < pieces * 1_600 {
        let message = call.carrier.hear().await;
        if let Some((_, sound)) = message.split_once("\"payload\":\"") {
            let letters = sound.trim_end_matches("\"}}").trim_end_matches('=').len();
            played += letters * 3 / 4;
        }
        // Who is heard of lives, however long nobody says a word.
        call.carrier.say(&CLIENT_PONG).await;
        call.model.say(&SERVER_PONG).await;
    }
}

/// The caller says these frames, and the model hears them.
async fn listen(call: &mut MemoryCall, frames: &[Vec<u8>]) {
    for frame in frames {
        call.carrier.say(frame).await;
        assert!(call.model.hear().await.contains("append"));
    }
}

/// The model says 200 ms so many times, as fast as they are played.
async fn speak(call: &mut MemoryCall, piece: &[u8], times: usize) {
    // What the carrier answers is not ours to count.
    let answer = |name: &str| {
        let mut answer = Vec::new();
        opt_out(|| answer = client(&mark(name)));
        answer
    };
    for _ in 0..times {
        call.model.say(piece).await;
        call.carrier.play(Duration::from_millis(200), answer).await;
    }
}

fn response_created() -> Vec<u8> {
    server(r#"{"type":"response.created","response":{"id":"resp_C9G2FspmJkHOrEjD1nFWw"}}"#)
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be had")
}
