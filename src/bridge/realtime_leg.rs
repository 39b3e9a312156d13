//! The agent leg that speaks the Realtime protocol.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::agent_leg::AgentLeg;
use super::cues::Cues;
use super::realtime_keys::Keys;
use super::wire::{Incoming, Wire};
use crate::audio::{Downlink, Frame, Uplink};
use crate::call::{AgentAction, Event, ItemKey, Outcome, Reply, ResponseKey};
use crate::domain::{AudioFormat, Pii, Receptionist, Speaker, ToolName, Usage};
use crate::realtime::client_event::{ClientEvent, write_append};
use crate::realtime::server_event::{self, ServerEvent};
use crate::realtime::{
    Item, ItemBody, ItemPlaced, NewItem, OutputAudioDelta, OutputItem, Response, ResponseOptions,
    ResponseStatus, Role, ServerError,
};

/// Sound that waits for the end of a turn of the loop; a second of it leaves
/// at once.
const MAX_PENDING: usize = 48_000;
/// Malformed messages before the agent is given up.
const MAX_FAULTS: u32 = 32;
/// Calls of `end_call` that may wait for their answer.
const MAX_ENDS: usize = 16;

/// A Realtime session.
pub(super) struct RealtimeLeg<S> {
    wire: Wire<S>,
    cues: Cues,
    codec: Codec,
    items: Keys,
    responses: Keys,
    is_ready: bool,
    /// The `call_id`s of wishes to end the call that are not answered yet.
    ends: VecDeque<String>,
    pending: Vec<u8>,
    text: String,
    sound: Vec<u8>,
    mulaw: Vec<u8>,
    faults: u32,
}

/// Between the carrier's mu-law and what the session speaks.
enum Codec {
    Pcm24 {
        up: Box<Uplink>,
        down: Box<Downlink>,
    },
    Pcmu,
}

impl<S: AsyncRead + AsyncWrite + Unpin> RealtimeLeg<S> {
    /// A leg on a fresh connection; `update` is its first message.
    pub(super) fn new(
        wire: Wire<S>,
        receptionist: &Receptionist,
        update: &ClientEvent<'_>,
    ) -> Self {
        let codec = match receptionist.format {
            AudioFormat::Pcm24 => Codec::Pcm24 {
                up: Box::default(),
                down: Box::default(),
            },
            AudioFormat::Pcmu => Codec::Pcmu,
        };
        let mut leg = Self {
            wire,
            cues: Cues::of(receptionist),
            codec,
            items: Keys::default(),
            responses: Keys::default(),
            is_ready: false,
            ends: VecDeque::new(),
            pending: Vec::new(),
            text: String::new(),
            sound: Vec::new(),
            mulaw: Vec::new(),
            faults: 0,
        };
        leg.send(update);
        leg
    }

    fn send(&mut self, event: &ClientEvent<'_>) {
        self.send_pending();
        self.text.clear();
        event.write(&mut self.text);
        self.wire.queue(&self.text);
    }

    fn listen(&mut self, frame: &Frame) {
        match &mut self.codec {
            Codec::Pcm24 { up, .. } => up.process(frame.bytes(), &mut self.pending),
            Codec::Pcmu => self.pending.extend_from_slice(frame.bytes()),
        }
        if self.pending.len() >= MAX_PENDING {
            self.send_pending();
        }
    }

    fn send_pending(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        self.text.clear();
        write_append(&mut self.text, &self.pending);
        self.pending.clear();
        self.wire.queue(&self.text);
    }

    fn read(&mut self, text: &str, events: &mut VecDeque<Event>) {
        match server_event::parse(text) {
            Ok(event) => self.translate(event, events),
            Err(error) => {
                self.faults += 1;
                metrics::counter!("frontdesk_agent_faults_total").increment(1);
                tracing::debug!(%error, "agent.fault");
                if self.faults > MAX_FAULTS {
                    events.push_back(Event::AgentClosed);
                }
            }
        }
    }

    fn translate(&mut self, event: ServerEvent<'_>, events: &mut VecDeque<Event>) {
        match event {
            ServerEvent::OutputAudioDelta(delta) => self.on_audio(&delta, events),
            ServerEvent::SessionUpdated(_) => {
                self.is_ready = true;
                events.push_back(Event::AgentReady);
            }
            ServerEvent::ItemAdded(placed) => self.on_item(&placed, events),
            ServerEvent::SpeechStarted(speech) => {
                let item = self.item(speech.item_id.as_deref().unwrap_or_default());
                events.push_back(Event::SpeechStarted { item });
            }
            ServerEvent::SpeechStopped(speech) => {
                let item = self.item(speech.item_id.as_deref().unwrap_or_default());
                events.push_back(Event::SpeechStopped { item });
            }
            ServerEvent::InputTranscriptionCompleted(words) => {
                let item = self.item(&words.item_id);
                let text = Pii::new(words.transcript.into_inner().into_owned());
                events.push_back(Event::CallerTranscript { item, text });
            }
            ServerEvent::ResponseCreated(response) => {
                events.push_back(Event::ResponseStarted(self.response(&response.id)));
            }
            ServerEvent::OutputAudioTranscriptDelta(words) => {
                let item = self.item(&words.item_id);
                let delta = Pii::new(words.text.into_inner().into_owned());
                events.push_back(Event::AgentText { item, delta });
            }
            ServerEvent::OutputAudioDone(part) => {
                let item = self.item(&part.item_id);
                events.push_back(Event::AgentAudioDone { item });
            }
            ServerEvent::OutputItemDone(output) => self.on_output(&output, events),
            ServerEvent::ResponseDone(response) => self.on_response_done(&response, events),
            ServerEvent::Error(error) => self.on_error(&error, events),
            ServerEvent::SessionCreated(_)
            | ServerEvent::ItemDone(_)
            | ServerEvent::ItemRetrieved(_)
            | ServerEvent::ItemDeleted(_)
            | ServerEvent::ItemTruncated(_)
            | ServerEvent::InputTranscriptionDelta(_)
            | ServerEvent::InputTranscriptionFailed(_)
            | ServerEvent::InputBufferCommitted(_)
            | ServerEvent::TimeoutTriggered(_)
            | ServerEvent::OutputItemAdded(_)
            | ServerEvent::OutputAudioTranscriptDone(_)
            | ServerEvent::OutputTextDelta(_)
            | ServerEvent::OutputTextDone(_)
            | ServerEvent::FunctionCallArgumentsDone(_)
            | ServerEvent::RateLimitsUpdated(_)
            | ServerEvent::Unused { .. }
            | ServerEvent::Unknown { .. } => {}
        }
    }

    fn on_audio(&mut self, delta: &OutputAudioDelta<'_>, events: &mut VecDeque<Event>) {
        self.sound.clear();
        if delta.decode(&mut self.sound).is_err() {
            metrics::counter!("frontdesk_agent_faults_total").increment(1);
            return;
        }
        let response = self.response(&delta.response_id);
        let item = self.item(&delta.item_id);
        self.mulaw.clear();
        let mulaw = match &mut self.codec {
            Codec::Pcm24 { down, .. } => {
                down.process(&self.sound, &mut self.mulaw);
                &self.mulaw
            }
            Codec::Pcmu => &self.sound,
        };
        for frame in mulaw.chunks(Frame::MAX_LEN).filter_map(Frame::new) {
            events.push_back(Event::AgentAudio {
                response,
                item,
                frame,
            });
        }
    }

    fn on_item(&mut self, placed: &ItemPlaced<'_>, events: &mut VecDeque<Event>) {
        let item = self.item(&placed.item.id);
        let previous = placed
            .previous_item_id
            .as_deref()
            .map(|previous| self.item(previous));
        if let Some(speaker) = speaker(&placed.item) {
            events.push_back(Event::ItemAdded {
                item,
                previous,
                speaker,
            });
        }
    }

    fn on_output(&mut self, output: &OutputItem<'_>, events: &mut VecDeque<Event>) {
        let ItemBody::FunctionCall {
            call_id,
            name,
            arguments: _,
        } = &output.item.body
        else {
            return;
        };
        // A call that was cut off in the middle is not a call.
        if !output.item.is_complete() {
            return;
        }
        match name.parse() {
            Ok(ToolName::EndCall) if self.ends.len() < MAX_ENDS => {
                self.ends.push_back(call_id.clone());
                let response = self.response(&output.response_id);
                events.push_back(Event::AgentEndsCall { response });
            }
            Ok(ToolName::EndCall) => {}
            Err(_) => {
                self.answer_tool(call_id, r#"{"error":"unknown_tool","detail":"There is no such tool. Go on without it."}"#);
                events.push_back(Event::ToolAnswered);
            }
        }
    }

    fn on_response_done(&mut self, done: &Response, events: &mut VecDeque<Event>) {
        let response = self.response(&done.id);
        let outcome = match done.status {
            None | Some(ResponseStatus::Completed | ResponseStatus::InProgress) => {
                Outcome::Completed
            }
            Some(ResponseStatus::Cancelled) => Outcome::Cancelled,
            Some(ResponseStatus::Failed | ResponseStatus::Incomplete) => Outcome::Failed,
        };
        let usage = done.usage.as_ref().map(Usage::from).unwrap_or_default();
        events.push_back(Event::ResponseDone {
            response,
            outcome,
            usage,
        });
    }

    fn on_error(&mut self, error: &ServerError, events: &mut VecDeque<Event>) {
        if error.is_harmless() {
            return;
        }
        if error.is_too_early() {
            events.push_back(Event::ResponseRefused);
            return;
        }
        let (kind, code, param) = (&error.kind, &error.code, &error.param);
        tracing::warn!(kind, code, param, "agent.error");
        metrics::counter!("frontdesk_agent_errors_total").increment(1);
        if !self.is_ready {
            events.push_back(Event::AgentFailed);
        } else if error.is_fatal() {
            events.push_back(Event::AgentClosed);
        }
    }

    fn item(&mut self, name: &str) -> ItemKey {
        ItemKey(self.items.key(name))
    }

    fn response(&mut self, name: &str) -> ResponseKey {
        ResponseKey(self.responses.key(name))
    }

    fn respond(&mut self, reply: Reply) {
        let instructions = self.cues.instructions(reply);
        let response = instructions.as_deref().map(|instructions| ResponseOptions {
            instructions: Some(instructions),
            ..ResponseOptions::default()
        });
        self.send(&ClientEvent::ResponseCreate { response });
    }

    fn read_digits(&mut self, digits: &Pii<String>) {
        let keys: Vec<String> = digits.expose().chars().map(String::from).collect();
        let text = format!(
            "(The caller did not speak but pressed these keys on the telephone keypad: {})",
            keys.join(" ")
        );
        self.send(&ClientEvent::ItemCreate {
            item: NewItem::user(&text),
            previous_item_id: None,
        });
    }

    fn truncate(&mut self, item: ItemKey, heard: Duration) {
        let Some(name) = self.items.name(item.0).map(str::to_owned) else {
            return;
        };
        let audio_end_ms = u64::try_from(heard.as_millis()).unwrap_or(u64::MAX);
        let event = ClientEvent::ItemTruncate {
            item_id: &name,
            content_index: 0,
            audio_end_ms,
        };
        self.send(&event);
    }

    fn delete(&mut self, item: ItemKey) {
        let Some(name) = self.items.name(item.0).map(str::to_owned) else {
            return;
        };
        self.send(&ClientEvent::ItemDelete { item_id: &name });
    }

    fn answer_end(&mut self, output: &str) {
        if let Some(call_id) = self.ends.pop_front() {
            self.answer_tool(&call_id, output);
        }
    }

    fn answer_tool(&mut self, call_id: &str, output: &str) {
        let item = NewItem::function_call_output(call_id, output);
        self.send(&ClientEvent::ItemCreate {
            item,
            previous_item_id: None,
        });
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> AgentLeg for RealtimeLeg<S> {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()> {
        let before = events.len();
        loop {
            match futures::ready!(self.wire.poll_message(cx)) {
                Incoming::Text(text) => self.read(text.as_str(), events),
                Incoming::Binary => self.faults += 1,
                Incoming::Closed | Incoming::Broken if self.is_ready => {
                    events.push_back(Event::AgentClosed);
                }
                Incoming::Closed | Incoming::Broken => events.push_back(Event::AgentFailed),
            }
            if events.len() > before {
                return Poll::Ready(());
            }
        }
    }

    fn perform(&mut self, action: AgentAction) {
        match action {
            AgentAction::Listen(frame) => self.listen(&frame),
            AgentAction::ReadDigits(digits) => self.read_digits(&digits),
            AgentAction::Respond(reply) => self.respond(reply),
            AgentAction::Cancel => self.send(&ClientEvent::ResponseCancel { response_id: None }),
            AgentAction::Truncate { item, heard } => self.truncate(item, heard),
            AgentAction::Delete { item } => self.delete(item),
            AgentAction::AllowEnd => self.answer_end(
                r#"{"status":"ok","detail":"The call ends once the caller has heard your goodbye, unless they speak again."}"#,
            ),
            AgentAction::RefuseEnd => self.answer_end(
                r#"{"error":"interrupted","detail":"The caller has spoken again; the call goes on."}"#,
            ),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        self.send_pending();
        self.wire.poll_flush(cx);
    }

    fn ping(&mut self) {
        self.wire.queue_ping();
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.wire.close(1000).boxed()
    }
}

/// Whose words an item holds, if it holds words of the conversation.
fn speaker(item: &Item) -> Option<Speaker> {
    match &item.body {
        ItemBody::Message {
            role: Some(Role::User),
            ..
        } => Some(Speaker::Caller),
        ItemBody::Message {
            role: Some(Role::Assistant),
            ..
        } => Some(Speaker::Receptionist),
        ItemBody::Message {
            role: Some(Role::System) | None,
            ..
        }
        | ItemBody::FunctionCall { .. }
        | ItemBody::FunctionCallOutput { .. }
        | ItemBody::Other { .. } => None,
    }
}
