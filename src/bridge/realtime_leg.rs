//! The agent leg that speaks the Realtime protocol.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::agent_leg::AgentLeg;
use super::breaker::Watch;
use super::cues;
use super::realtime_acts::Acts;
use super::realtime_keys::Keys;
use super::realtime_recall::recalled_id;
use super::wire::{Incoming, MAX_KEPT_BY_CALL, MAX_MESSAGES, Wire, empty};
use crate::audio::{Downlink, Frame, Uplink};
use crate::call::{AgentAction, Event, ItemKey, Notice, Reply, ResponseKey, ToolKey};
use crate::domain::{AudioFormat, Pii, Receptionist};
use crate::realtime::client_event::{ClientEvent, write_append};
use crate::realtime::{NewItem, ResponseOptions, ToolChoice};

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
/// How the ids of events begin that ask for a response.
const REQUEST: &str = "respond_";

/// A Realtime session.
pub(super) struct RealtimeLeg<S> {
    pub(super) wire: Wire<S>,
    /// Who is spoken for, and which tools there are.
    pub(super) receptionist: Arc<Receptionist>,
    pub(super) codec: Codec,
    /// The item whose sound came last.
    pub(super) sounding: Option<ItemKey>,
    pub(super) items: Keys,
    pub(super) responses: Keys,
    /// The session exists.
    pub(super) is_greeted: bool,
    pub(super) is_ready: bool,
    /// What happened before anybody asked.
    pub(super) early: VecDeque<Event>,
    /// The `call_id`s of wishes for tools, and the items of what it does itself.
    pub(super) wishes: Keys,
    pub(super) acts: Acts,
    /// Wishes of an agent before this one that are not answered yet.
    pub(super) recalled: Vec<ToolKey>,
    /// Responses asked for so far.
    asked: u32,
    pub(super) pending: Vec<u8>,
    /// Malformed messages, and when the first of them came.
    pub(super) faults: (u32, Instant),
    /// What all calls learn of this agent's endpoint.
    pub(super) watch: Option<Watch>,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Blame {
    /// Of the response that we asked for last.
    Request,
    /// Of one that we asked for before.
    OldRequest,
    /// Of something else, or nobody says.
    Unknown,
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
        receptionist: &Arc<Receptionist>,
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
            receptionist: Arc::clone(receptionist),
            codec,
            sounding: None,
            items: Keys::of(ordinal),
            responses: Keys::of(ordinal),
            is_greeted: false,
            is_ready: false,
            early: VecDeque::new(),
            wishes: Keys::of(ordinal),
            acts: Acts::default(),
            recalled: Vec::new(),
            asked: 0,
            pending: Vec::new(),
            faults: (0, Instant::now()),
            watch: None,
        };
        leg.send(update);
        leg
    }

    /// The same, telling all calls what becomes of its endpoint.
    pub(super) fn watched_by(self, watch: Watch) -> Self {
        let watch = Some(watch);
        Self { watch, ..self }
    }

    pub(super) fn poll_messages(
        &mut self,
        cx: &mut Context<'_>,
        events: &mut VecDeque<Event>,
    ) -> Poll<()> {
        for _ in 0..MAX_MESSAGES {
            match futures::ready!(self.wire.poll_message(cx)) {
                Incoming::Text(text) => self.read(text.as_str(), events),
                Incoming::Binary => self.fault(events),
                Incoming::Closed | Incoming::Broken => {
                    self.leave(events);
                    break;
                }
            }
        }
        Poll::Ready(())
    }

    /// The agent is gone, or speaks no sense.
    pub(super) fn leave(&mut self, events: &mut VecDeque<Event>) {
        if self.is_ready {
            self.tell_all(Watch::lost);
            events.push_back(Event::AgentClosed);
        } else {
            self.tell_all(Watch::failed);
            events.push_back(Event::AgentFailed { is_final: false });
        }
    }

    /// All calls learn how this endpoint is.
    pub(super) fn tell_all(&self, news: impl Fn(&Watch)) {
        if let Some(watch) = &self.watch {
            news(watch);
        }
    }

    pub(super) fn send(&mut self, event: &ClientEvent<'_>) {
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
        if self.wire.is_deaf() {
            // Who cannot be sent anything is not waited for.
            self.pending.clear();
        }
        let mut sent = 0;
        while sent < self.pending.len() && self.wire.has_room() {
            let end = self.pending.len().min(sent + MAX_PIECE);
            self.wire
                .queue(|text| write_append(text, &self.pending[sent..end]));
            sent = end;
        }
        self.pending.drain(..sent);
        if self.pending.is_empty() {
            empty(&mut self.pending, MAX_KEPT_BY_CALL);
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
        let instructions = cues::instructions(&self.receptionist, reply);
        // Who is only to say something uses no tools for it.
        let is_free = matches!(
            reply,
            Reply::Answer | Reply::Greeting | Reply::Back | Reply::StillThere
        );
        let response = (instructions.is_some() || !is_free).then(|| ResponseOptions {
            instructions: instructions.as_deref(),
            tool_choice: (!is_free).then_some(ToolChoice::None),
            ..ResponseOptions::default()
        });
        self.asked = self.asked.wrapping_add(1);
        let id = request_id(self.asked);
        self.send_pending();
        let event = ClientEvent::ResponseCreate { response };
        self.wire.queue(|text| event.write_with_id(&id, text));
    }

    /// Whose fault an error is that blames this event.
    pub(super) fn blame(&self, event_id: Option<&str>) -> Blame {
        match event_id {
            Some(id) if *id == request_id(self.asked) => Blame::Request,
            Some(id) if id.starts_with(REQUEST) => Blame::OldRequest,
            Some(_) | None => Blame::Unknown,
        }
    }

    fn cancel(&mut self, response: Option<ResponseKey>) {
        let name = response.and_then(|key| self.responses.name(key.0));
        let name = name.map(str::to_owned);
        let response_id = name.as_deref();
        self.send(&ClientEvent::ResponseCancel { response_id });
    }

    fn read_digits(&mut self, digits: &Pii<String>) {
        let text = cues::keyed(digits);
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

    pub(super) fn answer_tool(&mut self, call: ToolKey, output: &str) {
        let recalled = self.recalled.iter().position(|known| *known == call);
        let call_id = if let Some(at) = recalled {
            recalled_id(self.recalled.remove(at))
        } else if let Some(call_id) = self.wishes.name(call.0) {
            call_id.to_owned()
        } else {
            return;
        };
        let item = NewItem::function_call_output(&call_id, output);
        self.send(&ClientEvent::ItemCreate {
            item,
            previous_item_id: None,
        });
    }
}

/// The id of the event that asks for a response, so many having been asked for.
fn request_id(asked: u32) -> String {
    format!("{REQUEST}{asked}")
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> AgentLeg for RealtimeLeg<S> {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut VecDeque<Event>) -> Poll<()> {
        if !self.early.is_empty() {
            events.append(&mut mem::take(&mut self.early));
            return Poll::Ready(());
        }
        self.poll_messages(cx, events)
    }

    fn perform(&mut self, action: AgentAction) {
        match action {
            AgentAction::Recall(recalled) => self.recall(&recalled),
            AgentAction::Listen(frame) => self.listen(&frame),
            AgentAction::ReadDigits(digits) => self.read_digits(&digits),
            AgentAction::Tell(notice) => self.tell(&notice),
            AgentAction::Respond(reply) => self.respond(reply),
            AgentAction::Cancel(response) => self.cancel(response),
            AgentAction::Truncate { item, heard } => self.truncate(item, heard),
            AgentAction::Delete { item } => self.delete(item),
            AgentAction::RecallTool {
                call,
                name,
                arguments,
                answer,
            } => self.recall_tool(call, (&name, &arguments), answer.as_ref()),
            AgentAction::AnswerTool { call, answer } => {
                self.answer_tool(call, &cues::answer(&answer));
            }
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

    fn give_up(&mut self) {
        self.tell_all(Watch::lost);
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.wire.close(1000).boxed()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::future::poll_fn;

    use futures::SinkExt as _;
    use tokio::io::{DuplexStream, duplex};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::super::breaker::{Breaker, Verdict};
    use super::*;
    use crate::bridge::Outbox;
    use crate::clock::Clock;
    use crate::realtime::{SessionConfig, SessionOptions};
    use crate::store::default_receptionist;

    pub(in crate::bridge) fn a_receptionist() -> Receptionist {
        let clock = Clock::system();
        default_receptionist(clock.new_id(), clock.new_id())
    }

    /// A leg on which nothing has happened, and the agent's end of its line, which has
    /// `room` for so many bytes.
    pub(in crate::bridge) async fn fresh(
        room: usize,
        receptionist: Receptionist,
    ) -> (RealtimeLeg<DuplexStream>, DuplexStream) {
        let receptionist = Arc::new(receptionist);
        let (near, far) = duplex(room);
        let near = WebSocketStream::from_raw_socket(Outbox::new(near), Role::Client, None).await;
        let session = SessionConfig::for_receptionist(&receptionist, &SessionOptions::default());
        let update = ClientEvent::SessionUpdate { session: &session };
        let leg = RealtimeLeg::new(Wire::new(near, Role::Client), &receptionist, 0, &update);
        (leg, far)
    }

    #[tokio::test]
    async fn p9_an_agent_that_is_gone_while_the_caller_speaks_keeps_nobody_busy() {
        let (mut leg, far) = fresh(4 * 1024, a_receptionist()).await;
        let mut far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
        // Much is on its way when the agent goes without a word.
        for _ in 0..500 {
            leg.listen(&Frame::silence(160));
        }
        poll_fn(|cx| {
            leg.poll_flush(cx);
            Poll::Ready(())
        })
        .await;
        let _ = far.close(None).await;
        drop(far);
        for _ in 0..500 {
            leg.listen(&Frame::silence(160));
            poll_fn(|cx| {
                leg.poll_flush(cx);
                Poll::Ready(())
            })
            .await;
        }
        let mut events = VecDeque::new();
        poll_fn(|cx| leg.poll_events(cx, &mut events)).await;
        assert_eq!(events, [Event::AgentFailed { is_final: false }]);
    }

    #[tokio::test]
    async fn o3_what_one_tenant_has_configured_shuts_no_endpoint_for_the_others() {
        let breaker = Arc::<Breaker>::default();
        for _ in 0..10 {
            let Verdict::Dial(pass) = breaker.ask(Instant::now().into_std()) else {
                panic!("it is shut");
            };
            let (leg, far) = fresh(64 * 1024, a_receptionist()).await;
            let mut leg = leg.watched_by(Watch::new(Arc::clone(&breaker), pass));
            let mut far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
            let refusal = r#"{"type":"error","event_id":"event_1","error":{
                "type":"invalid_request_error","code":"invalid_value",
                "message":"Invalid schema","param":"session.tools[0].parameters"}}"#;
            far.send(Message::text(refusal)).await.unwrap();
            let mut events = VecDeque::new();
            let heard = poll_fn(|cx| {
                let _ = leg.poll_events(cx, &mut events);
                events.pop_front().map_or(Poll::Pending, Poll::Ready)
            });
            assert_eq!(heard.await, Event::AgentFailed { is_final: true });
        }
    }
}
