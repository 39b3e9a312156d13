//! One call of a load, at both of its ends.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::agenda::{Agenda, Cue};
use super::lane::{Lane, Playout};
use super::plan::{
    AFTERMATH, BARGE_IN, EAGER_LEAD, FRAME, FRAME_LEN, HELD_BACK, LAST_WORDS, PAUSE, PIECE_EVERY,
    PIECE_LEN, PIECES, REPLY, ROUND,
};
use super::score::{self, Answer, ToCarrier, ToModel};
use super::sockets::{ModelSocket, next, send};
use super::tally::Tally;
use super::voice::Voice;
use crate::rehearsal::carrier::open_stream::{OpenStream, StreamSocket};

/// What all calls of a load share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) voice: Voice,
    pub(super) tally: RefCell<Tally>,
    pub(super) agenda: RefCell<Agenda>,
}

/// A call that goes on.
pub(super) struct Call {
    number: usize,
    names: Names,
    carrier: RefCell<StreamSocket>,
    model: RefCell<ModelSocket>,
    state: RefCell<State>,
    shared: Rc<Shared>,
    began: Instant,
}

/// What the carrier calls a call, and what belongs to it.
pub(super) struct Names {
    pub(super) account: String,
    pub(super) call: String,
    pub(super) stream: String,
}

impl Names {
    pub(super) fn of(stream: &OpenStream) -> Self {
        Self {
            account: stream.account_sid.clone(),
            call: stream.call_sid.clone(),
            stream: stream.stream_sid.clone(),
        }
    }

    /// The first that the carrier sends.
    pub(super) fn hello(&self, token: &str) -> [String; 2] {
        let start = score::start(&self.account, &self.call, &self.stream, token);
        [score::CONNECTED.to_owned(), start]
    }

    /// The last.
    pub(super) fn stop(&self, sequence: u64) -> String {
        score::stop(&self.stream, sequence, &self.account, &self.call)
    }
}

#[derive(Default)]
struct State {
    up: Lane,
    down: Lane,
    playout: Playout,
    sequence: u64,
    chunk: u64,
    answer: u64,
    answer_began: Option<Instant>,
    /// Whether the answer counts: some of it was sent while the load was measured.
    is_counted: bool,
    /// Pieces of it that are not sent yet.
    unsent: usize,
    /// Since when a `clear` is awaited.
    cut_at: Option<Instant>,
    /// Nothing is said any more, and the end comes when all has arrived.
    silent_since: Option<Instant>,
    is_over: bool,
}

impl Call {
    /// Begins a call whose two sockets are open; its first frame leaves `at`
    /// that time.
    pub(super) fn begin(
        number: usize,
        (stream, model): (OpenStream, ModelSocket),
        at: Instant,
        shared: &Rc<Shared>,
    ) -> Rc<Self> {
        let call = Rc::new(Self {
            number,
            names: Names::of(&stream),
            carrier: RefCell::new(stream.socket),
            model: RefCell::new(model),
            state: RefCell::default(),
            shared: Rc::clone(shared),
            began: Instant::now(),
        });
        for message in call.names.hello(&stream.token) {
            send(&call.carrier, message);
        }
        call.state.borrow_mut().sequence = 1;
        tokio::task::spawn_local(Rc::clone(&call).listen_at_carrier());
        tokio::task::spawn_local(Rc::clone(&call).listen_at_model());
        call.add(at, Cue::Frame);
        call
    }

    /// Does what its time has come for; `due` is when that was.
    pub(super) fn perform(&self, cue: Cue, due: Instant, now: Instant) {
        if cue == Cue::HangUp {
            return self.hang_up(now);
        }
        let state = self.state.borrow();
        if state.is_over || state.silent_since.is_some() {
            return;
        }
        drop(state);
        self.shared.tally.borrow_mut().note_pacing(now - due);
        match cue {
            Cue::Frame => self.send_frame(due, now),
            Cue::Answer => self.answer(now),
            Cue::Piece(number) => self.send_piece(number, due, now),
            Cue::Speech => self.speech(now),
            Cue::Pause => self.pause(due, now),
            Cue::HangUp => {}
        }
    }

    /// The caller will hang up then.
    pub(super) fn hang_up_at(&self, at: Instant) {
        self.add(at, Cue::HangUp);
    }

    /// The caller says no more, and hangs up when all of it has arrived.
    fn hang_up(&self, now: Instant) {
        let mut state = self.state.borrow_mut();
        // The model falls silent as well: what was held back is not heard.
        state.is_counted = false;
        let since = *state.silent_since.get_or_insert(now);
        let has_arrived = now - since >= AFTERMATH && state.up.missing() == 0;
        if has_arrived || now - since > LAST_WORDS {
            drop(state);
            self.end();
        } else {
            self.add(now + AFTERMATH, Cue::HangUp);
        }
    }

    /// Whether all that counts has arrived.
    pub(super) fn is_settled(&self) -> bool {
        let state = self.state.borrow();
        let is_whole = state.unsent == 0 && state.down.missing() == 0 && state.cut_at.is_none();
        state.is_over || !state.is_counted || is_whole
    }

    /// What the carrier calls it.
    pub(super) fn call_sid(&self) -> &str {
        &self.names.call
    }

    /// How long ago it began.
    pub(super) fn lasting(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether it is over, for whatever reason.
    pub(super) fn is_over(&self) -> bool {
        self.state.borrow().is_over
    }

    /// The caller hangs up; what did not arrive is lost.
    pub(super) fn end(&self) {
        let mut state = self.state.borrow_mut();
        if !state.is_over {
            self.settle(&mut state);
            let mut tally = self.shared.tally.borrow_mut();
            tally.lost_up += (state.up.missing() + state.up.surplus()).div_ceil(FRAME_LEN as u64);
            state.is_over = true;
            state.sequence += 1;
            send(&self.carrier, self.names.stop(state.sequence));
        }
    }

    fn add(&self, at: Instant, cue: Cue) {
        self.shared.agenda.borrow_mut().add(at, self.number, cue);
    }

    fn send_frame(&self, due: Instant, now: Instant) {
        let mut state = self.state.borrow_mut();
        while let Some(mark) = state.playout.due_mark(now) {
            self.return_mark(&mut state, &mark);
        }
        state.sequence += 1;
        state.chunk += 1;
        let payload = self.shared.voice.frame(state.chunk + self.number as u64);
        let media = score::media(&self.names.stream, state.sequence, state.chunk, payload);
        state.up.send(FRAME_LEN, now, true);
        let mut tally = self.shared.tally.borrow_mut();
        tally.frames_up += u64::from(tally.is_measuring);
        drop((state, tally));
        send(&self.carrier, media);
        self.add(due + FRAME, Cue::Frame);
    }

    fn return_mark(&self, state: &mut State, name: &str) {
        state.sequence += 1;
        let mark = score::mark(&self.names.stream, state.sequence, name);
        send(&self.carrier, mark);
    }

    fn answer(&self, now: Instant) {
        let mut state = self.state.borrow_mut();
        self.settle(&mut state);
        if self.shared.tally.borrow().is_measured {
            return;
        }
        state.unsent = PIECES;
        state.answer += 1;
        state.answer_began = Some(now);
        state.playout.rest();
        for message in Answer(state.answer).opening() {
            send(&self.model, message);
        }
        self.add(now, Cue::Piece(0));
        let is_cut = (state.answer + self.number as u64).is_multiple_of(2);
        self.add(now + if is_cut { BARGE_IN } else { REPLY }, Cue::Speech);
        self.add(now + PAUSE, Cue::Pause);
    }

    /// The answer before is over: what of it has not come is lost.
    fn settle(&self, state: &mut State) {
        let missing = state.down.missing() + state.down.surplus();
        let mut tally = self.shared.tally.borrow_mut();
        if state.is_counted {
            tally.lost_samples_down += missing;
            tally.missing_clears += u64::from(state.cut_at.is_some());
        }
        state.is_counted = false;
        state.cut_at = None;
        state.down.forget();
    }

    fn send_piece(&self, number: usize, due: Instant, now: Instant) {
        let mut state = self.state.borrow_mut();
        let answer = Answer(state.answer);
        let under_way = Duration::from_micros(125 * state.down.missing());
        let is_eager = state.playout.lead(now) + under_way < EAGER_LEAD;
        state.down.send(PIECE_LEN, now, is_eager);
        for message in answer.piece(self.shared.voice.piece(number)) {
            send(&self.model, message);
        }
        let mut tally = self.shared.tally.borrow_mut();
        tally.samples_down += PIECE_LEN as u64 * u64::from(tally.is_measuring);
        state.is_counted |= tally.is_measuring;
        state.unsent = state.unsent.saturating_sub(1);
        if number + 1 < PIECES {
            self.add(due + PIECE_EVERY, Cue::Piece(number + 1));
        } else {
            for message in answer.closing() {
                send(&self.model, message);
            }
        }
    }

    fn speech(&self, now: Instant) {
        let mut state = self.state.borrow_mut();
        if !state.playout.lead(now).is_zero() {
            state.cut_at = Some(now);
        }
        for message in Answer(state.answer).speech_started() {
            send(&self.model, message);
        }
    }

    fn pause(&self, due: Instant, now: Instant) {
        let state = self.state.borrow();
        for message in Answer(state.answer).speech_stopped() {
            send(&self.model, message);
        }
        let began = state.answer_began.unwrap_or(due);
        self.add((began + ROUND).max(now), Cue::Answer);
    }

    async fn listen_at_carrier(self: Rc<Self>) {
        while let Some(text) = next(&self.carrier).await {
            self.hear_at_carrier(&text, Instant::now());
        }
        self.break_off("the gateway closed the stream");
    }

    fn hear_at_carrier(&self, text: &str, now: Instant) {
        let mut state = self.state.borrow_mut();
        let mut tally = self.shared.tally.borrow_mut();
        match ToCarrier::read(text) {
            Some(ToCarrier::Media(samples)) => {
                let is_hole = state.playout.push(samples, now).is_some();
                tally.holes += u64::from(is_hole && tally.is_measuring);
                state
                    .down
                    .receive(samples, now, |delay| tally.note_down(delay));
            }
            Some(ToCarrier::Mark(name)) => state.playout.mark(name.to_owned(), now),
            Some(ToCarrier::Clear) => {
                if let Some(cut_at) = state.cut_at.take() {
                    tally.note_barge_in(now - cut_at);
                }
                if state.is_counted {
                    let missing = state.down.missing().saturating_sub(HELD_BACK);
                    tally.lost_samples_down += missing + state.down.surplus();
                }
                state.down.forget();
                let marks: Vec<String> = state.playout.clear().collect();
                for mark in marks {
                    self.return_mark(&mut state, &mark);
                }
            }
            None => tally.misshapen += 1,
        }
    }

    async fn listen_at_model(self: Rc<Self>) {
        while let Some(text) = next(&self.model).await {
            self.hear_at_model(&text, Instant::now());
        }
        self.break_off("the gateway closed the model's socket");
    }

    fn hear_at_model(&self, text: &str, now: Instant) {
        match ToModel::read(text) {
            Some(ToModel::Append(bytes)) => {
                let mut tally = self.shared.tally.borrow_mut();
                let samples = self.shared.voice.samples(bytes);
                let mut state = self.state.borrow_mut();
                state.up.receive(samples, now, |delay| tally.note_up(delay));
            }
            Some(ToModel::SessionUpdate) => send(&self.model, score::SESSION_UPDATED.to_owned()),
            Some(ToModel::Respond) => self.add(now, Cue::Answer),
            Some(ToModel::Other) => {}
            None => self.shared.tally.borrow_mut().misshapen += 1,
        }
    }

    fn break_off(&self, why: &str) {
        let mut state = self.state.borrow_mut();
        if !state.is_over {
            state.is_over = true;
            self.note_failure(why);
        }
    }

    /// Something that must not happen did.
    pub(super) fn note_failure(&self, why: &str) {
        let why = format!("call {}: {why}", self.number);
        self.shared.tally.borrow_mut().failures.push(why);
    }
}
