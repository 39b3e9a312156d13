//! The wire, per message: what a call reads and writes fifty times a second.
//!
//! `cargo bench --bench wire` prints the time of one message. Beside what a
//! call does stands the plain way of `serde_json`: a struct that borrows, and
//! the tree that fits everything. `hop` is one message through a WebSocket in
//! memory, masked, framed and read again: the floor below all of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use divan::{Bencher, black_box};
use frontdesk::realtime::client_event::write_append;
use frontdesk::realtime::connection::web_socket_config;
use frontdesk::realtime::{OutputAudioDelta, ServerEvent, server_event};
use frontdesk::twilio::media_stream::{self, Inbound};
use futures::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::duplex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

const STREAM_SID: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";
/// 20 ms at 8 kHz, as the carrier sends them.
const NARROW: usize = 160;
/// 20 ms at 24 kHz, as the model hears them.
const WIDE: usize = 960;
/// 100 and 200 ms at 24 kHz, as the model speaks them.
const PIECES: [usize; 2] = [4_800, 9_600];

fn main() {
    divan::main();
}

/// The carrier's `media` message.
mod media {
    use base64::Engine as _;

    use super::{
        Bencher, BytesMut, Inbound, MediaMessage, NARROW, STANDARD, STREAM_SID, SentMedia,
        SentMessage, Value, black_box, json, media_stream, media_text, sound,
    };

    #[divan::bench]
    fn read(bencher: Bencher<'_, '_>) {
        let text = media_text();
        bencher.bench_local(|| media_stream::parse(black_box(&text)).is_ok());
    }

    #[divan::bench]
    fn read_by_serde_struct(bencher: Bencher<'_, '_>) {
        let text = media_text();
        bencher.bench_local(|| serde_json::from_str::<MediaMessage<'_>>(black_box(&text)).is_ok());
    }

    #[divan::bench]
    fn read_by_serde_value(bencher: Bencher<'_, '_>) {
        let text = media_text();
        bencher.bench_local(|| serde_json::from_str::<Value>(black_box(&text)).is_ok());
    }

    #[divan::bench]
    fn decode(bencher: Bencher<'_, '_>) {
        let (text, mut mulaw) = (media_text(), Vec::new());
        let Ok(Inbound::Media(media)) = media_stream::parse(&text) else {
            panic!("a media message");
        };
        bencher.bench_local(|| black_box(&media).decode(&mut mulaw));
    }

    #[divan::bench]
    fn decode_without_simd(bencher: Bencher<'_, '_>) {
        let (payload, mut mulaw) = (STANDARD.encode(sound(NARROW)), Vec::new());
        bencher.bench_local(|| {
            mulaw.clear();
            STANDARD.decode_vec(black_box(&payload), &mut mulaw)
        });
    }

    #[divan::bench]
    fn write(bencher: Bencher<'_, '_>) {
        let (mulaw, mut out) = (sound(NARROW), BytesMut::new());
        let sid = STREAM_SID.parse().expect("a SID");
        bencher.bench_local(|| media_stream::write_media(&mut out, &sid, black_box(&mulaw)));
    }

    #[divan::bench]
    fn write_by_serde_struct(bencher: Bencher<'_, '_>) {
        let mulaw = sound(NARROW);
        bencher.bench_local(|| {
            let message = SentMessage {
                event: "media",
                stream_sid: STREAM_SID,
                media: SentMedia {
                    payload: STANDARD.encode(black_box(&mulaw)),
                },
            };
            serde_json::to_string(&message)
        });
    }

    #[divan::bench]
    fn write_by_serde_value(bencher: Bencher<'_, '_>) {
        let mulaw = sound(NARROW);
        bencher.bench_local(|| {
            let payload = STANDARD.encode(black_box(&mulaw));
            json!({"event": "media", "streamSid": STREAM_SID, "media": {"payload": payload}})
                .to_string()
        });
    }
}

/// The model's `response.output_audio.delta`, by the bytes of its sound.
mod delta {
    use base64::Engine as _;

    use super::{
        Bencher, OutputAudioDelta, PIECES, STANDARD, ServerEvent, Value, black_box, delta_text,
        server_event, sound,
    };

    #[divan::bench(args = PIECES)]
    fn read(bencher: Bencher<'_, '_>, size: usize) {
        let text = delta_text(size);
        bencher.bench_local(|| server_event::parse(black_box(&text)).is_ok());
    }

    #[divan::bench(args = PIECES)]
    fn read_by_serde_struct(bencher: Bencher<'_, '_>, size: usize) {
        let text = delta_text(size);
        bencher
            .bench_local(|| serde_json::from_str::<OutputAudioDelta<'_>>(black_box(&text)).is_ok());
    }

    #[divan::bench(args = PIECES)]
    fn read_by_serde_value(bencher: Bencher<'_, '_>, size: usize) {
        let text = delta_text(size);
        bencher.bench_local(|| serde_json::from_str::<Value>(black_box(&text)).is_ok());
    }

    #[divan::bench(args = PIECES)]
    fn decode(bencher: Bencher<'_, '_>, size: usize) {
        let (text, mut pcm) = (delta_text(size), Vec::new());
        let Ok(ServerEvent::OutputAudioDelta(delta)) = server_event::parse(&text) else {
            panic!("a piece of speech");
        };
        bencher.bench_local(|| {
            pcm.clear();
            black_box(&delta).decode(&mut pcm)
        });
    }

    #[divan::bench(args = PIECES)]
    fn decode_without_simd(bencher: Bencher<'_, '_>, size: usize) {
        let (payload, mut pcm) = (STANDARD.encode(sound(size)), Vec::new());
        bencher.bench_local(|| {
            pcm.clear();
            STANDARD.decode_vec(black_box(&payload), &mut pcm)
        });
    }
}

/// The `input_audio_buffer.append` that a frame of the caller becomes.
mod append {
    use base64::Engine as _;

    use super::{Append, Bencher, BytesMut, STANDARD, WIDE, black_box, json, sound, write_append};

    #[divan::bench]
    fn write(bencher: Bencher<'_, '_>) {
        let (pcm, mut out) = (sound(WIDE), BytesMut::new());
        bencher.bench_local(|| write_append(&mut out, black_box(&pcm)));
    }

    #[divan::bench]
    fn write_by_serde_struct(bencher: Bencher<'_, '_>) {
        let pcm = sound(WIDE);
        bencher.bench_local(|| {
            serde_json::to_string(&Append {
                kind: "input_audio_buffer.append",
                audio: STANDARD.encode(black_box(&pcm)),
            })
        });
    }

    #[divan::bench]
    fn write_by_serde_value(bencher: Bencher<'_, '_>) {
        let pcm = sound(WIDE);
        bencher.bench_local(|| {
            let audio = STANDARD.encode(black_box(&pcm));
            json!({"type": "input_audio_buffer.append", "audio": audio}).to_string()
        });
    }
}

/// From a client to a server, through memory.
#[divan::bench(args = [450, 1_340])]
fn hop(bencher: Bencher<'_, '_>, size: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime can be had");
    let text = Message::text("x".repeat(size));
    let (near, far) = duplex(64 * 1024);
    let (mut client, mut server) = runtime.block_on(async {
        let config = Some(web_socket_config());
        let client = WebSocketStream::from_raw_socket(near, Role::Client, config);
        let server = WebSocketStream::from_raw_socket(far, Role::Server, config);
        (client.await, server.await)
    });
    bencher.bench_local(|| {
        runtime.block_on(async {
            client.send(text.clone()).await.expect("it is open");
            server.next().await
        })
    });
}

fn sound(bytes: usize) -> Vec<u8> {
    let speech = include_bytes!("../fixtures/speech/caller-numbers.ulaw");
    speech[8_000..8_000 + bytes].to_vec()
}

fn media_text() -> String {
    let payload = STANDARD.encode(sound(NARROW));
    format!(
        r#"{{"event":"media","sequenceNumber":"4321","media":{{"track":"inbound","chunk":"4320","timestamp":"86405","payload":"{payload}"}},"streamSid":"{STREAM_SID}"}}"#
    )
}

fn delta_text(bytes: usize) -> String {
    let delta = STANDARD.encode(sound(bytes));
    format!(
        r#"{{"type":"response.output_audio.delta","event_id":"event_C9G2GNUBtO5JHzzHMzJnD","response_id":"resp_C9G2FspmJkHOrEjD1nFWw","item_id":"item_C9G2FDe0MJ3ZsNnmJwYXG","output_index":0,"content_index":0,"delta":"{delta}"}}"#
    )
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, which is what is measured")]
struct MediaMessage<'a> {
    event: &'a str,
    #[serde(rename = "sequenceNumber")]
    sequence_number: &'a str,
    #[serde(rename = "streamSid")]
    stream_sid: &'a str,
    media: MediaBody<'a>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, which is what is measured")]
struct MediaBody<'a> {
    track: &'a str,
    chunk: &'a str,
    timestamp: &'a str,
    payload: &'a str,
}

#[derive(Serialize)]
struct SentMessage<'a> {
    event: &'a str,
    #[serde(rename = "streamSid")]
    stream_sid: &'a str,
    media: SentMedia,
}

#[derive(Serialize)]
struct SentMedia {
    payload: String,
}

#[derive(Serialize)]
struct Append<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    audio: String,
}
