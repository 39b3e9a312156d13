//! One session of the simulated model: client events in, server events out.
//!
//! No socket and no clock: the connection brings both.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::brain_mcp::RunningMcpCall;
use super::client_event::{ClientEvent, read};
use super::conversation::Conversation;
use super::ear::Ear;
use super::options::ModelOptions;
use super::record::{Ledger, RefusalRecord, SessionRecord};
use super::refusal::Refusal;
use super::response::Response;
use super::session_object::SessionObject;
use super::session_shape::SessionParam;
use crate::rehearsal::names::model_name;

/// A session's whole state.
#[derive(Debug)]
pub(super) struct Brain {
    pub(super) options: Arc<ModelOptions>,
    pub(super) recorder: Recorder,
    pub(super) session: SessionObject,
    pub(super) ear: Ear,
    pub(super) conversation: Conversation,
    pub(super) conversation_id: String,
    pub(super) responses: Vec<Response>,
    pub(super) alarms: Vec<(Instant, Alarm)>,
    pub(super) lines_used: usize,
    pub(super) transcripts_used: usize,
    pub(super) has_spoken: bool,
    pub(super) last_done_at: Option<Instant>,
    /// What the last response read, which the next finds cached: text, sound.
    pub(super) cached: (u64, u64),
    pub(super) tokens_left: u64,
    /// Calls of servers' tools that wait for leave.
    pub(super) unpermitted: Vec<RunningMcpCall>,
    /// Servers whose tools have been listed.
    pub(super) listed: Vec<String>,
    /// While the first settings are thought about, nothing else is read.
    busy_until: Option<Instant>,
    out: VecDeque<Value>,
    is_over: bool,
}

/// Something that happens later.
#[derive(Debug)]
pub(super) enum Alarm {
    Updated,
    Transcribe {
        item_id: String,
        text: String,
        /// How long they spoke.
        audio: Duration,
    },
    Idle {
        since_ms: u64,
    },
    McpEnded(RunningMcpCall),
    FallSilent,
    Expire,
}

/// Writes into one session's record.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    pub(super) ledger: Arc<Ledger>,
    pub(super) index: usize,
}

impl Recorder {
    pub(super) fn note(&self, note: impl FnOnce(&mut SessionRecord)) {
        self.ledger
            .change(|state| state.sessions.get_mut(self.index).map(note));
    }
}

impl Brain {
    pub(super) fn new(
        options: Arc<ModelOptions>,
        recorder: Recorder,
        model: &str,
        unix_seconds: i64,
    ) -> Self {
        let session = SessionObject::new(&model_name("sess"), model, unix_seconds + 3600);
        let mut ear = Ear::default();
        ear.configure(
            session.input_format(),
            session.turn_taking().map(|turn| turn.tuning),
        );
        let mut brain = Self {
            options,
            recorder,
            session,
            ear,
            conversation: Conversation::default(),
            conversation_id: model_name("conv"),
            responses: Vec::new(),
            alarms: Vec::new(),
            lines_used: 0,
            transcripts_used: 0,
            has_spoken: false,
            last_done_at: None,
            cached: (0, 0),
            tokens_left: TOKEN_LIMIT,
            unpermitted: Vec::new(),
            listed: Vec::new(),
            busy_until: None,
            out: VecDeque::new(),
            is_over: false,
        };
        brain.emit(json!({"type": "session.created", "session": brain.session.to_value()}));
        brain
    }

    /// The session ends by itself at `at`.
    pub(super) fn expire_at(&mut self, at: Instant) {
        self.alarms.push((at, Alarm::Expire));
    }

    /// Takes one text message.
    pub(super) fn handle_message(&mut self, text: &str, now: Instant) {
        if self.options.keep.is_everything() {
            self.recorder
                .note(|record| record.client_log.push(text.to_owned()));
        }
        let (event_id, event) = read(text);
        let result = event.and_then(|event| self.handle_event(event, now));
        if let Err(refusal) = result {
            let is_crossing = self.is_crossing(refusal.code, now);
            self.refuse(&refusal, event_id.as_deref(), is_crossing);
        }
    }

    /// Takes a message that the service never reads.
    pub(super) fn handle_binary(&mut self) {
        let message = "We could not parse the JSON body of your request.";
        self.refuse(&Refusal::new("invalid_json", message), None, false);
    }

    /// Does what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.busy_until.is_some_and(|until| until <= now) {
            self.busy_until = None;
        }
        while let Some(at) = self.alarms.iter().position(|(due, _)| *due <= now) {
            let (_, alarm) = self.alarms.swap_remove(at);
            self.ring(alarm, now);
        }
        self.advance_responses(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is wanted next.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let alarms = self.alarms.iter().map(|(due, _)| *due);
        let steps = self.responses.iter().map(|response| response.due);
        alarms.chain(steps).chain(self.busy_until).min()
    }

    /// The next event to send.
    pub(super) fn poll_event(&mut self) -> Option<Value> {
        self.out.pop_front()
    }

    /// Whether messages have to wait.
    pub(super) const fn is_busy(&self) -> bool {
        self.busy_until.is_some()
    }

    /// Whether the session has expired, so that the socket is to be closed.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Lines up an event, under a name of its own.
    pub(super) fn emit(&mut self, mut event: Value) {
        event["event_id"] = json!(model_name("event"));
        self.out.push_back(event);
    }

    /// Answers with an `error`; what could not be known is no violation.
    pub(super) fn refuse(&mut self, refusal: &Refusal, event_id: Option<&str>, is_crossing: bool) {
        self.emit(refusal.to_event(event_id));
        self.recorder.note(|record| {
            if !is_crossing {
                record
                    .violations
                    .push(format!("{}: {}", refusal.code, refusal.message));
            }
            record.refusals.push(RefusalRecord {
                code: refusal.code.to_owned(),
                message: refusal.message.clone(),
                is_crossing,
            });
        });
    }

    fn handle_event(&mut self, event: ClientEvent, now: Instant) -> Result<(), Refusal> {
        match event {
            ClientEvent::SessionUpdate { session, raw } => self.update_session(&session, raw, now),
            ClientEvent::Append { audio } => self.append(&audio, now),
            ClientEvent::Commit => self.commit_by_hand(now),
            ClientEvent::Clear => {
                self.ear.empty();
                self.emit(json!({"type": "input_audio_buffer.cleared"}));
                Ok(())
            }
            ClientEvent::ItemCreate {
                item,
                previous_item_id,
            } => self.create_item(item, previous_item_id.as_deref(), now),
            ClientEvent::ItemRetrieve { item_id } => {
                let item = self.conversation.retrieve(&item_id)?;
                self.emit(json!({"type": "conversation.item.retrieved", "item": item}));
                Ok(())
            }
            ClientEvent::ItemDelete { item_id } => self.delete_item(&item_id, now),
            ClientEvent::ItemTruncate(truncate) => self.truncate_item(&truncate, now),
            ClientEvent::ResponseCreate(param) => self.create_response(*param, now),
            ClientEvent::ResponseCancel { response_id } => {
                self.cancel_response(response_id.as_deref(), now)
            }
        }
    }

    fn update_session(
        &mut self,
        param: &SessionParam,
        raw: Value,
        now: Instant,
    ) -> Result<(), Refusal> {
        self.session.update(param, raw, self.has_spoken)?;
        let tuning = self.session.turn_taking().map(|turn| turn.tuning);
        self.ear.configure(self.session.input_format(), tuning);
        let mut is_first = false;
        self.recorder.note(|record| {
            is_first = !record.is_configured;
            record.is_configured = true;
        });
        let delay = if is_first {
            self.options.ready_delay
        } else {
            Duration::ZERO
        };
        if delay.is_zero() {
            self.ring(Alarm::Updated, now);
        } else {
            self.busy_until = Some(now + delay);
            self.alarms.push((now + delay, Alarm::Updated));
        }
        Ok(())
    }

    fn ring(&mut self, alarm: Alarm, now: Instant) {
        match alarm {
            Alarm::Updated => {
                let session = self.session.to_value();
                self.emit(json!({"type": "session.updated", "session": session}));
                self.list_mcp_tools();
            }
            Alarm::Transcribe {
                item_id,
                text,
                audio,
            } => {
                self.transcribe(&item_id, &text, audio);
            }
            Alarm::McpEnded(call) => self.end_mcp_call(call),
            Alarm::Idle { since_ms } => self.time_out_idle(since_ms, now),
            Alarm::FallSilent => self.interrupt(now),
            Alarm::Expire => {
                let message = "Your session hit the maximum duration of 60 minutes.";
                self.emit(Refusal::new("session_expired", message).to_event(None));
                self.is_over = true;
            }
        }
    }

    /// Whether the client could not know yet what made its event wrong.
    fn is_crossing(&self, code: &str, now: Instant) -> bool {
        let is_fresh = |at: Instant| now.duration_since(at) < CROSSING;
        match code {
            "response_cancel_not_active" => self.last_done_at.is_some_and(is_fresh),
            "conversation_already_has_active_response" => {
                let active = self.responses.iter().find(|response| response.is_default);
                active.is_some_and(|active| active.is_own && is_fresh(active.created_at))
            }
            _ => false,
        }
    }
}

/// Tokens a minute that the account is said to have.
pub(super) const TOKEN_LIMIT: u64 = 200_000;
/// Two messages sent within this time may have met on the way.
const CROSSING: Duration = Duration::from_millis(250);
