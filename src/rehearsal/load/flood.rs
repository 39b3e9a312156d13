//! A call whose both ends send as much as is taken: what the calls beside it suffer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::line::Names;
use super::plan::PIECES;
use super::report::Flooded;
use super::score::{self, Answer};
use super::sockets::{ModelSocket, next, offer};
use super::voice::Voice;
use crate::rehearsal::carrier::open_stream::{OpenStream, StreamSocket};

/// So often it sends.
const EVERY: Duration = Duration::from_millis(2);
/// So many messages of the model at a time, if they are taken.
const BURST: usize = 64;
/// So many frames of the caller: a hundred times what a caller speaks.
const FRAMES: u64 = 10;
/// Letters in the longest of its words.
const LONG: usize = 64 * 1024;

/// A call that floods.
pub(super) struct Flood {
    carrier: RefCell<StreamSocket>,
    model: RefCell<ModelSocket>,
    names: Names,
    is_over: Cell<bool>,
    /// What the caller says, over and over.
    frame: String,
    /// And what the model says.
    words: Vec<Utf8Bytes>,
    sent: RefCell<Flooded>,
}

impl Flood {
    /// Begins a call whose two sockets are open; it floods until the load is over, or
    /// the gateway has had enough.
    pub(super) fn begin((stream, model): (OpenStream, ModelSocket), voice: &Voice) -> Rc<Self> {
        let names = Names::of(&stream);
        let hello = names.hello(&stream.token);
        let flood = Rc::new(Self {
            carrier: RefCell::new(stream.socket),
            model: RefCell::new(model),
            names,
            is_over: Cell::new(false),
            frame: voice.frame(0).to_owned(),
            words: words(voice),
            sent: RefCell::default(),
        });
        offer(&flood.carrier, hello.into_iter().map(Utf8Bytes::from));
        let updated = [Utf8Bytes::from_static(score::SESSION_UPDATED)];
        offer(&flood.model, updated.into_iter());
        tokio::task::spawn_local(Rc::clone(&flood).hear_carrier());
        tokio::task::spawn_local(Rc::clone(&flood).hear_model());
        tokio::task::spawn_local(Rc::clone(&flood).pour());
        flood
    }

    /// What it has sent so far.
    pub(super) fn sent(&self) -> Flooded {
        *self.sent.borrow()
    }

    /// The caller hangs up.
    pub(super) fn end(&self) {
        self.is_over.set(true);
    }

    async fn pour(self: Rc<Self>) {
        let (mut chunk, mut at) = (0, 0);
        while !self.is_over.get() {
            let frames = chunk + 1..=chunk + FRAMES;
            let frames =
                frames.map(|n| score::media(&self.names.stream, n + 1, n, &self.frame).into());
            let frames = offer(&self.carrier, frames);
            chunk += frames;
            let words = self.words.iter().cycle().skip(at).take(BURST);
            let words = offer(&self.model, words.cloned());
            at = (at + usize::try_from(words).unwrap_or_default()) % self.words.len();
            self.count(frames, words);
            sleep(EVERY).await;
        }
        let stop = Utf8Bytes::from(self.names.stop(chunk + 2));
        while offer(&self.carrier, [stop.clone()].into_iter()) == 0 && !self.sent().is_cut_off {
            sleep(EVERY).await;
        }
    }

    fn count(&self, frames: u64, events: u64) {
        let mut sent = self.sent.borrow_mut();
        sent.frames += frames;
        sent.events += events;
    }

    async fn hear_carrier(self: Rc<Self>) {
        while next(&self.carrier).await.is_some() {}
        self.sent.borrow_mut().is_cut_off = true;
    }

    async fn hear_model(self: Rc<Self>) {
        while next(&self.model).await.is_some() {}
    }
}

/// Words, sound, wishes for a tool with arguments that are none, and what nobody knows;
/// now and then words of 64 KiB.
fn words(voice: &Voice) -> Vec<Utf8Bytes> {
    let answer = Answer(1);
    let mut words: Vec<String> = answer.opening().collect();
    for number in 0..BURST {
        words.extend(answer.piece(voice.piece(number % PIECES)));
        words.push(wish(number));
        words.push(format!(
            r#"{{"type":"response.unheard_of","event_id":"e{number}","x":"{}"}}"#,
            "x".repeat(1_000)
        ));
    }
    let long = "na ".repeat(LONG / 3);
    words.push(format!(
        concat!(
            r#"{{"type":"response.output_audio_transcript.delta","event_id":"e","#,
            r#""response_id":"resp_1","item_id":"item_answer1","output_index":0,"#,
            r#""content_index":0,"delta":"{}"}}"#
        ),
        long
    ));
    words.into_iter().map(Utf8Bytes::from).collect()
}

fn wish(number: usize) -> String {
    format!(
        concat!(
            r#"{{"type":"response.output_item.done","event_id":"w{number}","#,
            r#""response_id":"resp_1","output_index":1,"item":{{"id":"fc_{number}","#,
            r#""object":"realtime.item","type":"function_call","status":"completed","#,
            r#""name":"take_message","call_id":"call_{number}","arguments":"{{not json"}}}}"#
        ),
        number = number,
    )
}
