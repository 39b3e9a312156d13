//! What the session does with sound that comes in.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::brain::{Alarm, Brain};
use super::conversation::Item;
use super::record::CallerTurn;
use super::refusal::Refusal;
use super::vad::VadEvent;
use crate::rehearsal::names::model_name;

impl Brain {
    pub(super) fn append(&mut self, audio: &str, now: Instant) -> Result<(), Refusal> {
        let bytes = self.ear.unwrap_audio(audio)?;
        let (format, keep) = (self.ear.format(), self.options.keep.is_everything());
        self.recorder.note(|record| {
            let appended = &mut record.appended;
            if appended.format != format {
                appended.format = format;
                appended.bytes.clear();
            }
            appended.total_bytes += bytes.len();
            if keep {
                appended.bytes.extend_from_slice(&bytes);
                appended.arrivals.push((now, appended.total_bytes));
            }
        });
        for event in self.ear.hear(&bytes) {
            match event {
                VadEvent::Started { audio_start_ms } => self.speech_started(audio_start_ms, now),
                VadEvent::Stopped { audio_end_ms } => self.speech_stopped(audio_end_ms, now),
            }
        }
        Ok(())
    }

    pub(super) fn commit_by_hand(&mut self, now: Instant) -> Result<(), Refusal> {
        let buffered = self.ear.uncommitted_ms();
        if buffered < 100 {
            let message = format!(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms \
                 of audio, but buffer only has {buffered}.00ms of audio."
            );
            return Err(Refusal::new("input_audio_buffer_commit_empty", message));
        }
        let speech = self.ear.speech.take();
        let item_id = speech.map_or_else(|| model_name("item"), |(item_id, _)| item_id);
        self.commit(&item_id, Duration::from_millis(buffered), now);
        Ok(())
    }

    pub(super) fn transcribe(&mut self, item_id: &str, text: &str, audio: Duration) {
        let Some(item) = self.conversation.find_mut(item_id) else {
            return;
        };
        item.value["content"][0]["transcript"] = json!(text);
        let kind = "conversation.item.input_audio_transcription";
        let model = self.session.transcriber().unwrap_or_default();
        let usage = transcription_usage(model, text, audio);
        self.emit(json!({
            "type": format!("{kind}.delta"),
            "item_id": item_id,
            "content_index": 0,
            "delta": text,
        }));
        self.emit(json!({
            "type": format!("{kind}.completed"),
            "item_id": item_id,
            "content_index": 0,
            "transcript": text,
            "usage": usage,
        }));
    }

    /// Nobody has said anything for long: the model is to say something.
    pub(super) fn time_out_idle(&mut self, since_ms: u64, now: Instant) {
        let item_id = model_name("item");
        self.emit(json!({
            "type": "input_audio_buffer.timeout_triggered",
            "audio_start_ms": since_ms,
            "audio_end_ms": self.ear.heard_ms(),
            "item_id": item_id,
        }));
        self.ear.empty();
        self.push_caller_item(&item_id, Duration::ZERO);
        self.respond_by_itself(now);
    }

    fn speech_started(&mut self, audio_start_ms: u64, now: Instant) {
        let item_id = model_name("item");
        self.alarms
            .retain(|(_, alarm)| !matches!(alarm, Alarm::Idle { .. }));
        self.recorder.note(|record| {
            record.turns.push(CallerTurn {
                started_at: now,
                stopped_at: None,
            });
        });
        self.emit(json!({
            "type": "input_audio_buffer.speech_started",
            "audio_start_ms": audio_start_ms,
            "item_id": item_id,
        }));
        self.ear.speech = Some((item_id, audio_start_ms));
        if self
            .session
            .turn_taking()
            .is_some_and(|turn| turn.interrupts_response)
        {
            self.fall_silent(now);
        }
    }

    fn speech_stopped(&mut self, audio_end_ms: u64, now: Instant) {
        if self.is_falling_silent() {
            self.interrupt(now);
        }
        let speech = self.ear.speech.take();
        let (item_id, from_ms) = speech.unwrap_or_else(|| (model_name("item"), audio_end_ms));
        self.recorder.note(|record| {
            if let Some(turn) = record.turns.last_mut() {
                turn.stopped_at = Some(now);
            }
        });
        self.emit(json!({
            "type": "input_audio_buffer.speech_stopped",
            "audio_end_ms": audio_end_ms,
            "item_id": item_id,
        }));
        let audio = Duration::from_millis(audio_end_ms.saturating_sub(from_ms));
        self.commit(&item_id, audio, now);
        if self
            .session
            .turn_taking()
            .is_some_and(|turn| turn.creates_response)
        {
            self.respond_by_itself(now);
        }
    }

    /// The real service goes on for a moment: pieces that were made are sent.
    fn fall_silent(&mut self, now: Instant) {
        let reaction = self.options.reaction;
        if reaction.is_zero() {
            self.interrupt(now);
        } else if !self.responses.is_empty() {
            self.alarms.push((now + reaction, Alarm::FallSilent));
        }
    }

    /// Whether it was about to, and is not any more.
    fn is_falling_silent(&mut self) -> bool {
        let before = self.alarms.len();
        self.alarms
            .retain(|(_, alarm)| !matches!(alarm, Alarm::FallSilent));
        self.alarms.len() < before
    }

    fn commit(&mut self, item_id: &str, audio: Duration, now: Instant) {
        self.ear.empty();
        self.push_caller_item(item_id, audio);
        if self.session.transcriber().is_none() {
            return;
        }
        let text = self
            .options
            .caller_transcripts
            .get(self.transcripts_used)
            .cloned();
        self.transcripts_used += 1;
        let alarm = Alarm::Transcribe {
            item_id: item_id.to_owned(),
            text: text.unwrap_or_default(),
            audio,
        };
        self.alarms
            .push((now + self.options.transcription_delay, alarm));
    }

    fn push_caller_item(&mut self, item_id: &str, audio: Duration) {
        let previous = self.conversation.last();
        let value = json!({
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": Value::Null}],
        });
        self.emit(json!({
            "type": "input_audio_buffer.committed",
            "previous_item_id": previous,
            "item_id": item_id,
        }));
        for kind in ["conversation.item.added", "conversation.item.done"] {
            self.emit(json!({"type": kind, "previous_item_id": previous, "item": value}));
        }
        let id = item_id.to_owned();
        self.conversation.push(Item {
            id,
            value,
            audio,
            is_spoken: false,
        });
    }
}

/// What writing down was paid for: by its length, or by the token.
fn transcription_usage(model: &str, text: &str, audio: Duration) -> Value {
    if !model.starts_with("gpt-4o") {
        return json!({"type": "duration", "seconds": audio.as_secs_f64()});
    }
    let audio_tokens = u64::try_from(audio.as_millis() / 100).unwrap_or_default();
    let text_tokens = u64::try_from(text.len() / 4).unwrap_or_default();
    json!({
        "type": "tokens",
        "total_tokens": audio_tokens + text_tokens,
        "input_tokens": audio_tokens,
        "output_tokens": text_tokens,
        "input_token_details": {"text_tokens": 0, "audio_tokens": audio_tokens},
    })
}
