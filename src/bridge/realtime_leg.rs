//! The agent leg that speaks the Realtime protocol.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::agent_leg::AgentLeg;
use super::breaker::Breaker;
use super::cues::{self, Cues};
use super::realtime_keys::Keys;
use super::wire::{Incoming, MAX_MESSAGES, Wire, empty};
use crate::audio::{Downlink, Frame, Uplink};
use crate::call::{AgentAction, Event, ItemKey, Notice, Reply, ResponseKey};
use crate::domain::{AudioFormat, Pii, Receptionist, Speaker, ToolName, Utterance};
use crate::realtime::client_event::{ClientEvent, write_append};
use crate::realtime::{NewItem, ResponseOptions};

/// Sound that waits for the end of a turn of the loop; a second of it leaves
/// at once.
const MAX_PENDING: usize = 48_000;
/// Sound in one message: 0.2 s.
const MAX_PIECE: usize = 9_600;
/// Sound that waits for an agent which does not keep up: all that the machine
/// holds back until the agent is ready, 12 s, and some more.
const MAX_WAITING: usize = 15 * MAX_PENDING;
/// Malformed messages within a minute before the agent is given up.
pub(super) const MAX_FAULTS: u32 = 5;
pub(super) const FAULTS_WITHIN: Duration = Duration::from_mins(1);
/// How the ids of items begin that were said before the agent came.
pub(super) const RECALLED: &str = "said_before_";
/// Calls of `end_call` that may wait for their answer.
pub(super) const MAX_ENDS: usize = 16;

/// A Realtime session.
pub(super) struct RealtimeLeg<S> {
    pub(super) wire: Wire<S>,
    pub(super) cues: Cues,
    /// What the receptionist permits.
    pub(super) tools: BTreeSet<ToolName>,
    pub(super) codec: Codec,
    /// The item whose sound came last.
    pub(super) sounding: Option<ItemKey>,
    pub(super) items: Keys,
    pub(super) responses: Keys,
    pub(super) is_ready: bool,
    /// The `call_id`s of wishes to end the call that are not answered yet.
    pub(super) ends: VecDeque<String>,
    pub(super) pending: Vec<u8>,
    /// Malformed messages, and when the first of them came.
    pub(super) faults: (u32, Instant),
    /// What all calls know of this agent's endpoint.
    pub(super) breaker: Option<Arc<Breaker>>,
}

/// Between the carrier's mu-law and what the session speaks.
pub(super) enum Codec {
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
        ordinal: u32,
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
            tools: receptionist.tools.clone(),
            codec,
            sounding: None,
            items: Keys::of(ordinal),
            responses: Keys::of(ordinal),
            is_ready: false,
            ends: VecDeque::new(),
            pending: Vec::new(),
            faults: (0, Instant::now()),
            breaker: None,
        };
        leg.send(update);
        leg
    }

    /// The same, telling all calls what becomes of its endpoint.
    pub(super) fn watched_by(self, breaker: Arc<Breaker>) -> Self {
        let breaker = Some(breaker);
        Self { breaker, ..self }
    }

    fn send(&mut self, event: &ClientEvent<'_>) {
        self.send_pending();
        self.wire.queue(|text| event.write(text));
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

    /// Sends the sound that waits, as far as the wire has room for it.
    fn send_pending(&mut self) {
        let mut sent = 0;
        while sent < self.pending.len() && self.wire.has_room() {
            let end = self.pending.len().min(sent + MAX_PIECE);
            self.wire
                .queue(|text| write_append(text, &self.pending[sent..end]));
            sent = end;
        }
        self.pending.drain(..sent);
        if self.pending.is_empty() {
            empty(&mut self.pending);
        } else if self.pending.len() > MAX_WAITING {
            self.wire.give_up();
        }
    }

    pub(super) fn item(&mut self, name: &str) -> ItemKey {
        ItemKey(self.items.key(name))
    }

    pub(super) fn response(&mut self, name: &str) -> ResponseKey {
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

    /// What was said before this agent came, item by item. Their ids are ours,
    /// so that they are not taken for something new.
    fn recall(&mut self, said: &[Utterance]) {
        for (at, said) in said.iter().enumerate() {
            let id = format!("{RECALLED}{at}");
            let text = said.text.expose();
            let item = match said.speaker {
                Speaker::Caller => NewItem::user(text),
                Speaker::Receptionist => NewItem::assistant(text),
            };
            self.send(&ClientEvent::ItemCreate {
                item: item.with_id(&id),
                previous_item_id: None,
            });
        }
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

    fn tell(&mut self, notice: &Notice) {
        let text = cues::notice(notice);
        self.send(&ClientEvent::ItemCreate {
            item: NewItem::system(&text),
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

    pub(super) fn answer_tool(&mut self, call_id: &str, output: &str) {
        let item = NewItem::function_call_output(call_id, output);
        self.send(&ClientEvent::ItemCreate {
            item,
            previous_item_id: None,
        });
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> AgentLeg for RealtimeLeg<S> {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()> {
        for _ in 0..MAX_MESSAGES {
            match futures::ready!(self.wire.poll_message(cx)) {
                Incoming::Text(text) => self.read(text.as_str(), events),
                Incoming::Binary => self.fault(events),
                Incoming::Closed | Incoming::Broken if self.is_ready => {
                    events.push_back(Event::AgentClosed);
                    break;
                }
                Incoming::Closed | Incoming::Broken => {
                    events.push_back(Event::AgentFailed { is_final: false });
                    break;
                }
            }
        }
        Poll::Ready(())
    }

    fn perform(&mut self, action: AgentAction) {
        match action {
            AgentAction::Recall(said) => self.recall(&said),
            AgentAction::Listen(frame) => self.listen(&frame),
            AgentAction::ReadDigits(digits) => self.read_digits(&digits),
            AgentAction::Tell(notice) => self.tell(&notice),
            AgentAction::Respond(reply) => self.respond(reply),
            AgentAction::Cancel => self.send(&ClientEvent::ResponseCancel { response_id: None }),
            AgentAction::Truncate { item, heard } => self.truncate(item, heard),
            AgentAction::Delete { item } => self.delete(item),
            AgentAction::AllowEnd => self.answer_end(cues::END_ALLOWED),
            AgentAction::RefuseEnd => self.answer_end(cues::END_REFUSED),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) {
        loop {
            self.send_pending();
            self.wire.poll_flush(cx);
            if self.pending.is_empty() || self.wire.is_dirty() {
                break;
            }
        }
    }

    fn ping(&mut self) {
        self.wire.queue_ping();
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.wire.close(1000).boxed()
    }
}
