//! How the session begins, makes and ends responses.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::brain::{Alarm, Brain, TOKEN_LIMIT};
use super::client_event::{ConversationChoice, ResponseParam};
use super::item_shape::check_item;
use super::options::{Ending, Line};
use super::plan::{Step, plan};
use super::record::ResponseRecord;
use super::refusal::Refusal;
use super::response::{InputTokens, Response};
use super::session_rules::{check_modalities, check_tool_choice, check_tools};
use super::session_shape::Modality;
use crate::rehearsal::codec::Encoder;
use crate::rehearsal::names::model_name;

impl Brain {
    /// `response.create` from the client.
    pub(super) fn create_response(
        &mut self,
        param: ResponseParam,
        now: Instant,
    ) -> Result<(), Refusal> {
        check_param(&param)?;
        self.begin_response(param, false, now)
    }

    /// The end of the caller's turn asks for a response.
    pub(super) fn respond_by_itself(&mut self, now: Instant) {
        let result = self.begin_response(ResponseParam::default(), true, now);
        if let Err(refusal) = result {
            // The client did nothing wrong: it asked not to be interrupted.
            self.refuse(&refusal, None, true);
        }
    }

    /// `response.cancel` from the client.
    pub(super) fn cancel_response(
        &mut self,
        response_id: Option<&str>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let is_meant = |response: &Response| match response_id {
            Some(id) => response.id == id,
            None => response.is_default,
        };
        let Some(at) = self.responses.iter().position(is_meant) else {
            let message = "Cancellation failed: no active response found";
            return Err(Refusal::new("response_cancel_not_active", message));
        };
        let details = json!({"type": "cancelled", "reason": "client_cancelled"});
        self.end_response(at, "cancelled", &details, now);
        Ok(())
    }

    /// The caller began to speak.
    pub(super) fn interrupt(&mut self, now: Instant) {
        if let Some(at) = self
            .responses
            .iter()
            .position(|response| response.is_default)
        {
            let details = json!({"type": "cancelled", "reason": "turn_detected"});
            self.end_response(at, "cancelled", &details, now);
        }
    }

    /// Makes every response do what is due.
    pub(super) fn advance_responses(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(response) = self.responses.get_mut(at) {
            if response.due > now {
                at += 1;
                continue;
            }
            let Some(timed) = response.steps.pop_front() else {
                self.end_response(at, "completed", &Value::Null, now);
                continue;
            };
            if let Some(next) = response.steps.front() {
                response.due += next.wait;
            }
            self.perform(at, timed.step, now);
        }
    }

    fn begin_response(
        &mut self,
        param: ResponseParam,
        is_own: bool,
        now: Instant,
    ) -> Result<(), Refusal> {
        let is_default = param.conversation != Some(ConversationChoice::None);
        let active = self.responses.iter().find(|response| response.is_default);
        if let Some(active) = active.filter(|_| is_default) {
            let message = format!(
                "Conversation already has an active response in progress: {}. \
                 Wait until the response is finished before creating a new one.",
                active.id
            );
            return Err(Refusal::new(
                "conversation_already_has_active_response",
                message,
            ));
        }
        let is_text_only = match &param.output_modalities {
            Some(modalities) => modalities[..] == [Modality::Text],
            None => self.session.is_text_only(),
        };
        let steps = plan(&self.next_line(), &self.options, is_text_only);
        let first_wait = steps.front().map(|step| step.wait).unwrap_or_default();
        let response = Response {
            id: model_name("resp"),
            is_default,
            is_text_only,
            is_own,
            created_at: now,
            first_audio_at: None,
            steps,
            due: now + first_wait,
            encoder: Encoder::new(self.session.output_format()),
            open: None,
            output: Vec::new(),
            audio_ms: 0,
            text_len: 0,
            input: self.input_tokens(param.instructions.as_deref()),
            metadata: param.metadata.map_or(Value::Null, Value::Object),
            audio: self.session.response_audio(),
            max_output_tokens: self.session.max_output_tokens(),
        };
        self.announce(&response);
        self.responses.push(response);
        Ok(())
    }

    fn announce(&mut self, response: &Response) {
        self.alarms
            .retain(|(_, alarm)| !matches!(alarm, Alarm::Idle { .. }));
        let value = response.to_value("in_progress", &Value::Null, &self.conversation_id);
        self.recorder.note(|record| {
            record.responses.push(ResponseRecord {
                response_id: response.id.clone(),
                status: "in_progress".to_owned(),
                reason: None,
                created_at: response.created_at,
                first_audio_at: None,
                done_at: None,
            });
        });
        self.emit(json!({"type": "response.created", "response": value}));
    }

    fn perform(&mut self, at: usize, step: Step, now: Instant) {
        match step {
            Step::OpenMessage => self.open_item(at, None),
            Step::Speak { words, mulaw } => self.speak(at, &words, &mulaw, now),
            Step::Write { words } => self.write(at, &words),
            Step::OpenCall(call) => self.open_item(at, Some(call)),
            Step::Argue(piece) => self.argue(at, &piece),
            Step::CloseMessage | Step::CloseCall => self.close_item(at, "completed"),
            Step::AskServer(call) => self.ask_server(at, &call, now),
            Step::End(ending) => {
                let (status, details) = ending_details(ending);
                self.end_response(at, status, &details, now);
            }
        }
    }

    fn end_response(&mut self, at: usize, status: &str, details: &Value, now: Instant) {
        if self.responses[at].open.is_some() {
            self.close_item(at, "incomplete");
        }
        let response = self.responses.remove(at);
        let reason = details["reason"].as_str().map(str::to_owned);
        let value = response.to_value(status, details, &self.conversation_id);
        self.recorder.note(|record| {
            let own = record
                .responses
                .iter_mut()
                .find(|own| own.response_id == response.id);
            if let Some(own) = own {
                status.clone_into(&mut own.status);
                own.reason = reason;
                own.done_at = Some(now);
            }
        });
        let used = value["usage"]["total_tokens"].as_u64().unwrap_or_default();
        self.tokens_left = self.tokens_left.saturating_sub(used);
        self.emit(json!({"type": "response.done", "response": value}));
        self.emit(json!({
            "type": "rate_limits.updated",
            "rate_limits": [{
                "name": "tokens",
                "limit": TOKEN_LIMIT,
                "remaining": self.tokens_left,
                "reset_seconds": 0.1,
            }],
        }));
        if response.is_default {
            self.last_done_at = Some(now);
            self.cached = (response.input.text, response.input.audio);
            self.set_idle_alarm(&response, now);
        }
    }

    fn set_idle_alarm(&mut self, response: &Response, now: Instant) {
        let Some(idle_ms) = self
            .session
            .turn_taking()
            .and_then(|turn| turn.idle_timeout_ms)
        else {
            return;
        };
        let playing = std::time::Duration::from_millis(response.audio_ms);
        let heard_out = response
            .first_audio_at
            .map_or(now, |first| now.max(first + playing));
        let due = heard_out + std::time::Duration::from_millis(idle_ms);
        self.alarms.push((
            due,
            Alarm::Idle {
                since_ms: self.ear.heard_ms(),
            },
        ));
    }

    fn next_line(&mut self) -> Line {
        let count = self.options.lines.len().max(1);
        let line = self.options.lines.get(self.lines_used % count).cloned();
        self.lines_used += 1;
        line.unwrap_or_default()
    }

    fn input_tokens(&self, instructions: Option<&str>) -> InputTokens {
        let (text, audio) = self.conversation.tokens();
        let prompt = self.session.prompt_len() + instructions.map_or(0, str::len);
        let text = text + u64::try_from(prompt / 4).unwrap_or_default();
        // The service caches in steps of 64.
        let in_steps = |tokens: u64| tokens / 64 * 64;
        InputTokens {
            text,
            audio,
            cached_text: in_steps(self.cached.0.min(text)),
            cached_audio: in_steps(self.cached.1.min(audio)),
        }
    }
}

fn ending_details(ending: Ending) -> (&'static str, Value) {
    match ending {
        Ending::Completed => ("completed", Value::Null),
        Ending::Failed { code, message } => {
            let error = json!({"type": "server_error", "code": code, "message": message});
            ("failed", json!({"type": "failed", "error": error}))
        }
        Ending::Incomplete { reason } => (
            "incomplete",
            json!({"type": "incomplete", "reason": reason}),
        ),
    }
}

fn check_param(param: &ResponseParam) -> Result<(), Refusal> {
    if let Some(modalities) = &param.output_modalities {
        check_modalities("response.output_modalities", modalities)?;
    }
    if let Some(tokens) = &param.max_output_tokens {
        tokens.check("response.max_output_tokens")?;
    }
    if let Some(output) = param.audio.as_ref().and_then(|audio| audio.output.as_ref()) {
        output.check("response.audio.output")?;
    }
    if let Some(tools) = &param.tools {
        check_tools("response.tools", tools)?;
    }
    if let Some(choice) = &param.tool_choice {
        check_tool_choice("response.tool_choice", choice)?;
    }
    for item in param.input.iter().flatten() {
        if item["type"] != "item_reference" {
            check_item(item)?;
        }
    }
    let metadata = param.metadata.iter().flatten();
    if metadata.clone().count() > 16 || !metadata.clone().all(|(_, value)| value.is_string()) {
        let message = "Invalid 'response.metadata': expected at most 16 strings.";
        return Err(Refusal::invalid_value("response.metadata", message));
    }
    Ok(())
}
