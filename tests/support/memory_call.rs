//! A call without a network: the real bridge between a carrier and a model made of bytes.
//!
//! Neither of the two allocates while it speaks or listens, so that what is
//! counted meanwhile is the gateway's.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::bridge::{
    Admission, AgentLeg, Bridge, DialError, Dialer, Keeper, Outbox, RealtimeDialer, StreamToken,
};
use frontdesk::call::Interruption;
use frontdesk::clock::Clock;
use frontdesk::domain::{
    AudioFormat, Consent, ConsentAnswer, ConsentPolicy, Direction, Limits, Receptionist,
    SilencePolicy, TurnDetection,
};
use frontdesk::realtime::connection::web_socket_config;
use frontdesk::realtime::{Endpoint, SessionOptions};
use frontdesk::recordings::Spool;
use frontdesk::store::Store;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Runtime;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

/// What a line of memory holds; as little as a socket of the kernel.
const LINE: usize = 16 * 1024;
/// The longest message that a peer can hear.
const MAX_HEARD: usize = 128 * 1024;
const STREAM_SID: &str = "MZ18ad3ab5a668481ce02b83e7395059f0";

/// One call that goes on.
pub(crate) struct MemoryCall {
    /// The carrier's end of its stream.
    pub(crate) carrier: Peer,
    /// The model's end of its connection.
    pub(crate) model: Peer,
    /// It has room for this one.
    pub(crate) bridge: Bridge,
    /// What writes to the database has threads of its own.
    elsewhere: Option<Runtime>,
}

impl MemoryCall {
    /// Both are there, and the model has been asked to greet the caller.
    pub(crate) async fn begin(format: AudioFormat) -> Self {
        let mut call = Self::answer(format).await;
        call.agree().await;
        call
    }

    /// The caller is there, and the model has not yet agreed to its
    /// configuration.
    pub(crate) async fn answer(format: AudioFormat) -> Self {
        Self::answer_with(format, None).await
    }

    /// The same; everything is recorded in the spool, if there is one.
    pub(crate) async fn answer_with(format: AudioFormat, spool: Option<Spool>) -> Self {
        let (near, far) = duplex(LINE);
        Self::answer_on(vec![near], Peer::new(far), admission(format), spool).await
    }

    /// The caller is there, for two hours, and need not say a word. The model
    /// that is reached after the first is there as well.
    pub(crate) async fn answer_long(format: AudioFormat) -> (Self, Peer) {
        let mut admission = admission(format);
        admission.receptionist.limits.max_duration = Duration::from_hours(2);
        admission.receptionist.silence.prompt_after = Duration::from_hours(2);
        let ((near, far), (next_near, next_far)) = (duplex(LINE), duplex(LINE));
        let lines = vec![near, next_near];
        let call = Self::answer_on(lines, Peer::new(far), admission, None).await;
        (call, Peer::new(next_far))
    }

    async fn answer_on(
        lines: Vec<DuplexStream>,
        mut model: Peer,
        mut admission: Admission,
        spool: Option<Spool>,
    ) -> Self {
        let elsewhere = Runtime::new().expect("threads can be had");
        let keeper = elsewhere
            .spawn(async {
                let store = Store::connect("sqlite::memory:").await;
                Keeper::start(store.expect("memory can be had"), Clock::system(), None).0
            })
            .await
            .expect("the keeper starts");
        let keeper = match spool {
            Some(spool) => {
                admission.recording = Some(consent());
                keeper.recording_to(spool)
            }
            None => keeper,
        };
        let bridge = Bridge::new(1, Arc::new(Line::new(lines)), keeper);
        let token = bridge.admit(admission).expect("a place is free");
        assert!(model.hear().await.contains("session.update"));
        let (near, far) = duplex(LINE);
        assert!(bridge.receive(async { Ok::<_, Infallible>(near) }));
        let mut carrier = Peer::new(far);
        carrier.say(&client(r#"{"event":"connected"}"#)).await;
        carrier.say(&client(&start(&token))).await;
        Self {
            carrier,
            model,
            bridge,
            elsewhere: Some(elsewhere),
        }
    }

    /// The model agrees, and is asked to greet the caller.
    pub(crate) async fn agree(&mut self) {
        let agreed = server(r#"{"type":"session.updated","session":{}}"#);
        self.model.say(&agreed).await;
        assert!(self.model.hear().await.contains("response.create"));
    }
}

/// A runtime must not wait for its threads inside of another.
impl Drop for MemoryCall {
    fn drop(&mut self) {
        if let Some(elsewhere) = self.elsewhere.take() {
            elsewhere.shutdown_background();
        }
    }
}

/// The end of a line that is not ours.
pub(crate) struct Peer {
    line: DuplexStream,
    heard: Box<[u8]>,
    filled: Range<usize>,
}

impl Peer {
    fn new(line: DuplexStream) -> Self {
        Self {
            line,
            heard: vec![0; MAX_HEARD].into(),
            filled: 0..0,
        }
    }

    /// Sends frames.
    pub(crate) async fn say(&mut self, frames: &[u8]) {
        self.line.write_all(frames).await.expect("it listens");
    }

    /// A carrier plays what it is sent up to the next mark, which takes so
    /// long, and answers to the name of that mark.
    pub(crate) async fn play(&mut self, lasts: Duration, answer: impl Fn(&str) -> Vec<u8>) {
        let mut answered = None;
        while answered.is_none() {
            let heard = self.hear().await.split_once("\"mark\":{\"name\":\"");
            answered = heard.map(|(_, name)| answer(name.trim_end_matches("\"}}")));
        }
        tokio::time::advance(lasts).await;
        self.say(&answered.expect("there was a mark")).await;
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> &str {
        let mut message = frame_at(&self.heard[self.filled.clone()]);
        while message.is_none() {
            self.heard.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
            let room = &mut self.heard[self.filled.end..];
            let read = self.line.read(room).await.expect("it is open");
            assert!(read > 0, "it hung up");
            self.filled.end += read;
            message = frame_at(&self.heard[self.filled.clone()]);
        }
        let Frame { mask, payload, end } = message.expect("a message is there");
        let payload = self.filled.start + payload.start..self.filled.start + payload.end;
        self.filled.start += end;
        let payload = &mut self.heard[payload];
        let (fours, rest) = payload.as_chunks_mut();
        for four in fours {
            *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
        }
        for (byte, mask) in rest.iter_mut().zip(mask) {
            *byte ^= mask;
        }
        std::str::from_utf8(payload).expect("it is a text")
    }
}

/// A frame as it lies on a line.
struct Frame {
    mask: [u8; 4],
    payload: Range<usize>,
    end: usize,
}

fn frame_at(bytes: &[u8]) -> Option<Frame> {
    let second = *bytes.get(1)?;
    let (length, mut start) = match second & 0x7F {
        126 => (
            usize::from(u16::from_be_bytes(*bytes[2..].first_chunk()?)),
            4,
        ),
        127 => (
            u64::from_be_bytes(*bytes[2..].first_chunk()?)
                .try_into()
                .ok()?,
            10,
        ),
        short => (usize::from(short), 2),
    };
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        mask = *bytes.get(start..)?.first_chunk()?;
        start += 4;
    }
    let end = start + length;
    (end <= bytes.len()).then_some(Frame {
        mask,
        payload: start..end,
        end,
    })
}

/// A text message as a server sends it.
pub(crate) fn server(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    push_length(&mut bytes, text.len(), 0);
    bytes.extend(text.bytes());
    bytes
}

/// A text message as a client sends it.
pub(crate) fn client(text: &str) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![0x81];
    push_length(&mut bytes, text.len(), 0x80);
    bytes.extend(mask);
    bytes.extend(
        text.bytes()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

fn push_length(bytes: &mut Vec<u8>, length: usize, bit: u8) {
    match u16::try_from(length) {
        Ok(short @ 0..126) => bytes.push(bit | short.to_be_bytes()[1]),
        Ok(medium) => {
            bytes.push(bit | 0x7E);
            bytes.extend(medium.to_be_bytes());
        }
        Err(_) => {
            bytes.push(bit | 0x7F);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
}

/// The `number`th frame of a caller who makes this sound, counted from 0.
pub(crate) fn media(number: usize, mulaw: &[u8]) -> String {
    let payload = STANDARD.encode(mulaw);
    format!(
        r#"{{"event":"media","sequenceNumber":"{}","media":{{"track":"inbound","chunk":"{}","timestamp":"{}","payload":"{payload}"}},"streamSid":"{STREAM_SID}"}}"#,
        number + 2,
        number + 1,
        number * 20,
    )
}

/// A piece of the model's voice.
pub(crate) fn delta(audio: &[u8]) -> String {
    let delta = STANDARD.encode(audio);
    format!(
        r#"{{"type":"response.output_audio.delta","event_id":"event_C9G2GNUBtO5JHzzHMzJnD","response_id":"resp_C9G2FspmJkHOrEjD1nFWw","item_id":"item_C9G2FDe0MJ3ZsNnmJwYXG","output_index":0,"content_index":0,"delta":"{delta}"}}"#
    )
}

/// The carrier's answer to a mark that it was sent.
pub(crate) fn mark(name: &str) -> String {
    format!(
        r#"{{"event":"mark","sequenceNumber":"5","streamSid":"{STREAM_SID}","mark":{{"name":"{name}"}}}}"#
    )
}

fn start(token: &StreamToken) -> String {
    let token = token.expose();
    format!(
        r#"{{"event":"start","sequenceNumber":"1","start":{{"accountSid":"AC1","streamSid":"{STREAM_SID}","callSid":"CA1","tracks":["inbound"],"mediaFormat":{{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}},"customParameters":{{"token":"{token}"}}}},"streamSid":"{STREAM_SID}"}}"#
    )
}

fn consent() -> Consent {
    Consent {
        policy: ConsentPolicy::None,
        answer: ConsentAnswer::NotAsked,
        words: None,
        at: Clock::system().now(),
    }
}

/// Somebody who rings.
pub(crate) fn admission(format: AudioFormat) -> Admission {
    let clock = Clock::system();
    let tenant_id = clock.new_id();
    Admission {
        call_id: clock.new_id(),
        tenant_id,
        call_sid: "CA1".parse().expect("a SID"),
        stop: 0,
        direction: Direction::Inbound,
        receptionist: Receptionist {
            id: clock.new_id(),
            tenant_id,
            name: "Ann".to_owned(),
            greeting: "Hello.".to_owned(),
            instructions: "Be brief.".to_owned(),
            voice: "marin".to_owned(),
            language: "en".to_owned(),
            format,
            turn_detection: TurnDetection::default(),
            tools: BTreeSet::new(),
            toolkit: frontdesk::domain::Toolkit::default(),
            silence: SilencePolicy::default(),
            limits: Limits::default(),
        },
        contact: None,
        past: None,
        recording: None,
    }
}

/// Dials a model at the other end of each line of memory, once.
struct Line {
    lines: Mutex<VecDeque<DuplexStream>>,
    dialer: RealtimeDialer,
}

impl Line {
    fn new(lines: Vec<DuplexStream>) -> Self {
        let endpoint = Endpoint::new("ws://localhost", "gpt-realtime-2.1");
        Self {
            lines: Mutex::new(lines.into()),
            dialer: RealtimeDialer::new(endpoint, SessionOptions::default()),
        }
    }
}

impl Dialer for Line {
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let near = self.lines.lock().expect("nobody panics").pop_front();
        let near = near.expect("no line is dialled twice");
        let (dialer, receptionist) = (self.dialer.clone(), Arc::clone(receptionist));
        async move {
            let config = Some(web_socket_config());
            let near = Outbox::new(near);
            let socket = WebSocketStream::from_raw_socket(near, Role::Client, config).await;
            Ok(dialer.leg_on(socket, &receptionist, ordinal))
        }
        .boxed()
    }

    fn interruption(&self) -> Interruption {
        Interruption::Truncate
    }

    fn model(&self) -> Option<&str> {
        None
    }
}
