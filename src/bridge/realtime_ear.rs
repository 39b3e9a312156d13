//! What the Realtime protocol tells us, as events.

use std::cell::RefCell;
use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::breaker::Watch;
use super::realtime_leg::{Blame, Codec, FAULTS_WITHIN, MAX_FAULTS, RealtimeLeg};
use super::realtime_recall::RECALLED;
use super::wire::{MAX_KEPT, empty};
use crate::audio::{Downlink, frames};
use crate::call::{Event, Outcome, Refused, ToolKey};
use crate::domain::{Pii, Speaker, Usage};
use crate::realtime::server_event::{self, ServerEvent};
use crate::realtime::{
    InputTranscriptionCompleted, Item, ItemBody, ItemPlaced, OutputAudioDelta, OutputItem,
    Response, ResponseReason, ResponseStatus, Role, ServerError,
};

/// A piece of speech between the wire and the machine.
#[derive(Default)]
struct Scratch {
    sound: Vec<u8>,
    mulaw: Vec<u8>,
}

thread_local! {
    /// A thread has one: in a call of its own it would lie idle nearly all the
    /// time.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl<S: AsyncRead + AsyncWrite + Unpin> RealtimeLeg<S> {
    pub(super) fn read(&mut self, text: &str, events: &mut VecDeque<Event>) {
        match server_event::parse(text) {
            Ok(event) => self.translate(event, events),
            Err(error) => {
                tracing::debug!(%error, "agent.fault");
                self.fault(events);
            }
        }
    }

    pub(super) fn fault(&mut self, events: &mut VecDeque<Event>) {
        metrics::counter!("frontdesk_agent_faults_total").increment(1);
        let (faults, since) = &mut self.faults;
        if since.elapsed() > FAULTS_WITHIN {
            (*faults, *since) = (0, Instant::now());
        }
        *faults += 1;
        if *faults > MAX_FAULTS {
            self.leave(events);
        }
    }

    fn translate(&mut self, event: ServerEvent<'_>, events: &mut VecDeque<Event>) {
        match event {
            ServerEvent::OutputAudioDelta(delta) => self.on_audio(&delta, events),
            ServerEvent::SessionCreated(_) => self.is_greeted = true,
            ServerEvent::SessionUpdated(_) => self.on_ready(events),
            ServerEvent::ItemAdded(placed) => self.on_item(&placed, events),
            ServerEvent::SpeechStarted(speech) => {
                let item = self.item(speech.item_id.as_deref().unwrap_or_default());
                events.push_back(Event::SpeechStarted { item });
            }
            ServerEvent::SpeechStopped(speech) => {
                let item = self.item(speech.item_id.as_deref().unwrap_or_default());
                events.push_back(Event::SpeechStopped { item });
            }
            ServerEvent::InputTranscriptionCompleted(words) => self.on_words(words, events),
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
            ServerEvent::OutputItemAdded(output) => self.on_act_item(&output.item, events),
            ServerEvent::OutputItemDone(output) => self.on_output(&output, events),
            ServerEvent::ItemDone(placed) => self.on_act_item(&placed.item, events),
            ServerEvent::McpCallArgumentsDone(act) => {
                self.begin_act(&act.item_id, act.arguments, events);
            }
            ServerEvent::McpCallInProgress(act) => {
                self.begin_act(&act.item_id, Pii::new(String::new()), events);
            }
            ServerEvent::McpCallCompleted(act) => self.on_act_completed(&act.item_id, events),
            ServerEvent::McpCallFailed(act) => self.on_act_failed(&act.item_id, events),
            ServerEvent::ResponseDone(response) => self.on_response_done(&response, events),
            ServerEvent::Error(error) => self.on_error(&error, events),
            ServerEvent::ItemRetrieved(_)
            | ServerEvent::ItemDeleted(_)
            | ServerEvent::ItemTruncated(_)
            | ServerEvent::InputTranscriptionDelta(_)
            | ServerEvent::InputTranscriptionFailed(_)
            | ServerEvent::InputBufferCommitted(_)
            | ServerEvent::TimeoutTriggered(_)
            | ServerEvent::OutputAudioTranscriptDone(_)
            | ServerEvent::OutputTextDelta(_)
            | ServerEvent::OutputTextDone(_)
            | ServerEvent::FunctionCallArgumentsDone(_)
            | ServerEvent::RateLimitsUpdated(_)
            | ServerEvent::Unused { .. }
            | ServerEvent::Unknown { .. } => {}
        }
    }

    fn on_ready(&mut self, events: &mut VecDeque<Event>) {
        if !self.is_ready {
            self.tell_all(Watch::ready);
        }
        self.is_ready = true;
        events.push_back(Event::AgentReady);
    }

    fn on_audio(&mut self, delta: &OutputAudioDelta<'_>, events: &mut VecDeque<Event>) {
        SCRATCH.with_borrow_mut(|scratch| {
            if delta.decode(&mut scratch.sound).is_ok() {
                self.on_sound(delta, scratch, events);
            } else {
                metrics::counter!("frontdesk_agent_faults_total").increment(1);
            }
            empty(&mut scratch.sound, MAX_KEPT);
            empty(&mut scratch.mulaw, MAX_KEPT);
        });
    }

    fn on_sound(
        &mut self,
        delta: &OutputAudioDelta<'_>,
        scratch: &mut Scratch,
        events: &mut VecDeque<Event>,
    ) {
        let response = self.response(&delta.response_id);
        let item = self.item(&delta.item_id);
        let mulaw = match &mut self.codec {
            Codec::Pcm24 { down, .. } => {
                if self.sounding.replace(item) != Some(item) {
                    // Half a sample left by another item would make noise of this one.
                    **down = Downlink::default();
                }
                down.process(&scratch.sound, &mut scratch.mulaw);
                &scratch.mulaw
            }
            Codec::Pcmu => &scratch.sound,
        };
        for frame in frames(mulaw) {
            events.push_back(Event::AgentAudio {
                response,
                item,
                frame,
            });
        }
    }

    fn on_item(&mut self, placed: &ItemPlaced<'_>, events: &mut VecDeque<Event>) {
        if placed.item.id.starts_with(RECALLED) {
            return;
        }
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

    /// What the words cost is told first: it is paid also if they end the call.
    fn on_words(&mut self, words: InputTranscriptionCompleted<'_>, events: &mut VecDeque<Event>) {
        let usage = Usage::from(words.usage);
        if usage != Usage::default() {
            events.push_back(Event::Used(usage));
        }
        let item = self.item(&words.item_id);
        let text = Pii::new(words.transcript.into_inner().into_owned());
        events.push_back(Event::CallerTranscript { item, text });
    }

    fn on_output(&mut self, output: &OutputItem<'_>, events: &mut VecDeque<Event>) {
        self.on_act_item(&output.item, events);
        let ItemBody::FunctionCall {
            call_id,
            name,
            arguments,
        } = &output.item.body
        else {
            return;
        };
        // A call that was cut off in the middle is not a call.
        if !output.item.is_complete() {
            return;
        }
        let response = self.response(&output.response_id);
        events.push_back(Event::ToolCalled {
            call: ToolKey(self.wishes.key(call_id)),
            response,
            tool: self.receptionist.permits(name),
            arguments: arguments.clone(),
        });
    }

    fn on_response_done(&mut self, done: &Response, events: &mut VecDeque<Event>) {
        let response = self.response(&done.id);
        let outcome = match done.status {
            None | Some(ResponseStatus::Completed | ResponseStatus::InProgress) => {
                Outcome::Completed
            }
            Some(ResponseStatus::Cancelled) => Outcome::Cancelled,
            Some(ResponseStatus::Failed | ResponseStatus::Incomplete) => failure(done),
        };
        let usage = done.usage.as_ref().map(Usage::from).unwrap_or_default();
        events.push_back(Event::ResponseDone {
            response,
            outcome,
            usage,
        });
        if error_of(done).is_some_and(ServerError::is_permanent) {
            // The next answer would fail in the same way.
            self.tell_all(Watch::refused);
            events.push_back(Event::AgentClosed);
        }
    }

    fn on_error(&mut self, error: &ServerError, events: &mut VecDeque<Event>) {
        if error.is_harmless() {
            return;
        }
        let blame = self.blame(error.event_id.as_deref());
        if error.is_too_early() {
            events.extend(too_early(blame, error).map(Event::ResponseRefused));
            return;
        }
        let (kind, code, param) = (&error.kind, &error.code, &error.param);
        tracing::warn!(kind, code, param, "agent.error");
        metrics::counter!("frontdesk_agent_errors_total").increment(1);
        if error.is_permanent() {
            self.tell_all(Watch::refused);
        } else if !self.is_ready && error.is_about_us() {
            // What one tenant has configured shuts no endpoint for the others.
            self.tell_all(Watch::ready);
        } else if !self.is_ready {
            self.tell_all(Watch::failed);
        }
        if !self.is_ready {
            let is_final = error.is_permanent() || error.is_about_us();
            events.push_back(Event::AgentFailed { is_final });
        } else if error.is_fatal() {
            events.push_back(Event::AgentClosed);
        } else {
            events.extend(refusal(blame, error).map(Event::ResponseRefused));
        }
    }
}

/// Which response it was that was asked for while another was being made. What
/// the caller's turn asks for has no id of ours.
fn too_early(blame: Blame, error: &ServerError) -> Option<Refused> {
    match blame {
        Blame::OldRequest => None,
        Blame::Unknown if error.event_id.is_none() => Some(Refused::Unasked),
        Blame::Request | Blame::Unknown => Some(Refused::TooEarly),
    }
}

/// Whether it is a response that does not begin, and why.
fn refusal(blame: Blame, error: &ServerError) -> Option<Refused> {
    let busy = error.retry_after().map(Refused::Busy);
    match blame {
        Blame::Request => Some(busy.unwrap_or(Refused::Failed)),
        Blame::OldRequest => None,
        Blame::Unknown => busy,
    }
}

/// What may be done about a response that failed.
fn failure(done: &Response) -> Outcome {
    let details = done.status_details.as_ref();
    if details.and_then(|details| details.reason) == Some(ResponseReason::ContentFilter) {
        Outcome::Withheld
    } else if let Some(after) = error_of(done).and_then(ServerError::retry_after) {
        Outcome::Busy(after)
    } else {
        Outcome::Failed
    }
}

/// What the server says went wrong with a response.
fn error_of(done: &Response) -> Option<&ServerError> {
    done.status_details.as_ref()?.error.as_ref()
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
        | ItemBody::McpCall { .. }
        | ItemBody::McpApprovalRequest { .. }
        | ItemBody::Other { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::io::DuplexStream;

    use super::*;
    use crate::bridge::agent_leg::AgentLeg as _;
    use crate::bridge::realtime_leg::tests::{a_receptionist, fresh};
    use crate::call::{AgentAction, Reply};

    /// A leg that was asked for two responses, and the agent's end of its line.
    async fn asked_twice() -> (RealtimeLeg<DuplexStream>, DuplexStream) {
        let (mut leg, far) = fresh(64 * 1024, a_receptionist()).await;
        leg.is_ready = true;
        leg.perform(AgentAction::Respond(Reply::Greeting));
        leg.perform(AgentAction::Respond(Reply::Answer));
        (leg, far)
    }

    /// What the machine is told of an error that blames that event.
    async fn told_of(code: &str, event_id: Option<&str>) -> Vec<Event> {
        let (mut leg, _far) = asked_twice().await;
        let error = json!({"type": "error", "event_id": "event_1", "error": {
            "type": "invalid_request_error", "code": code,
            "message": "Rate limit reached. Please try again in 1.5s.", "event_id": event_id,
        }});
        let mut events = VecDeque::new();
        leg.read(&error.to_string(), &mut events);
        events.into()
    }

    #[tokio::test]
    async fn o4_a_response_that_is_refused_is_known_by_the_event_that_asked_for_it() {
        let refused = |refused| vec![Event::ResponseRefused(refused)];
        let busy = || refused(Refused::Busy(Duration::from_millis(1_500)));
        let (old, last) = (Some("respond_1"), Some("respond_2"));
        for (code, event_id, told) in [
            ("rate_limit_exceeded", last, busy()),
            ("rate_limit_exceeded", None, busy()),
            ("rate_limit_exceeded", old, Vec::new()),
            ("invalid_value", last, refused(Refused::Failed)),
            ("invalid_value", old, Vec::new()),
            ("invalid_value", None, Vec::new()),
            ("invalid_value", Some("another"), Vec::new()),
        ] {
            assert_eq!(told_of(code, event_id).await, told, "{code} {event_id:?}");
        }
    }

    #[tokio::test]
    async fn whether_it_was_asked_for_is_known_of_a_response_that_comes_too_early() {
        let code = "conversation_already_has_active_response";
        for (event_id, told) in [
            (Some("respond_2"), Some(Refused::TooEarly)),
            (Some("respond_1"), None),
            (Some("another"), Some(Refused::TooEarly)),
            (None, Some(Refused::Unasked)),
        ] {
            let told: Vec<_> = told.map(Event::ResponseRefused).into_iter().collect();
            assert_eq!(told_of(code, event_id).await, told, "{event_id:?}");
        }
    }

    #[tokio::test]
    async fn words_that_were_written_down_are_paid_for_by_their_length() {
        let (mut leg, _far) = fresh(64 * 1024, a_receptionist()).await;
        let mut events = VecDeque::new();
        for (end, usage) in [
            ("failed", json!({"type": "duration", "seconds": 9})),
            ("completed", json!({"type": "duration", "seconds": 2.5})),
            ("completed", json!({"type": "tokens", "input_tokens": 9})),
            ("completed", Value::Null),
        ] {
            let told = json!({
                "type": format!("conversation.item.input_audio_transcription.{end}"),
                "item_id": "i1", "transcript": "One", "usage": usage,
            });
            leg.read(&told.to_string(), &mut events);
        }
        let item = leg.item("i1");
        let said = || Event::CallerTranscript {
            item,
            text: Pii::new("One".to_owned()),
        };
        let used = Usage {
            transcribed_ms: 2_500,
            ..Usage::default()
        };
        assert_eq!(events, [Event::Used(used), said(), said(), said()]);
    }
}
