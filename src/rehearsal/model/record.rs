//! What the simulated model saw of each session, for the report and the tests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::rehearsal::codec::{Decoder, WireFormat, encode_mulaw};

/// One session, from the upgrade to the close.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// When the upgrade was answered.
    pub opened_at: Instant,
    /// When the socket was gone.
    pub closed_at: Option<Instant>,
    /// The close code that the client sent, if it did.
    pub close_code: Option<u16>,
    /// The model asked for.
    pub model: String,
    /// Whether a `session.update` was accepted.
    pub is_configured: bool,
    /// The sound received.
    pub appended: Appended,
    /// When the caller was found to start and stop speaking.
    pub turns: Vec<CallerTurn>,
    /// The assistant's messages, in order.
    pub items: Vec<ItemRecord>,
    /// The responses, in order.
    pub responses: Vec<ResponseRecord>,
    /// Truncations asked for, also those refused.
    pub truncations: Vec<Truncation>,
    /// Items deleted.
    pub deletions: Vec<Deletion>,
    /// Answers to tool calls: `call_id`, output.
    pub tool_outputs: Vec<(String, String)>,
    /// Texts of messages that the client put into the conversation: role, text.
    pub messages: Vec<(String, String)>,
    /// All that the client sent, line by line, as it came.
    pub client_log: Vec<String>,
    /// All that was sent to the client, line by line.
    pub server_log: Vec<String>,
    /// Every `error` sent because of something that the client did.
    pub refusals: Vec<RefusalRecord>,
    /// What the client did that the real service refuses or warns of.
    pub violations: Vec<String>,
}

impl SessionRecord {
    pub(super) fn new(model: String, now: Instant) -> Self {
        Self {
            opened_at: now,
            closed_at: None,
            close_code: None,
            model,
            is_configured: false,
            appended: Appended::default(),
            turns: Vec::new(),
            items: Vec::new(),
            responses: Vec::new(),
            truncations: Vec::new(),
            deletions: Vec::new(),
            tool_outputs: Vec::new(),
            messages: Vec::new(),
            client_log: Vec::new(),
            server_log: Vec::new(),
            refusals: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// The item called `item_id`, if the model said one.
    pub fn find_item(&self, item_id: &str) -> Option<&ItemRecord> {
        self.items.iter().find(|item| item.item_id == item_id)
    }

    /// Server events of this type sent so far.
    pub fn count_sent(&self, event_type: &str) -> usize {
        count(&self.server_log, event_type)
    }

    /// Client events of this type received so far.
    pub fn count_received(&self, event_type: &str) -> usize {
        count(&self.client_log, event_type)
    }
}

fn count(log: &[String], event_type: &str) -> usize {
    let of_type = |line: &&String| {
        serde_json::from_str::<serde_json::Value>(line)
            .is_ok_and(|event| event["type"].as_str() == Some(event_type))
    };
    log.iter().filter(of_type).count()
}

/// Sound that the client appended.
#[derive(Clone, Debug, Default)]
pub struct Appended {
    /// How it travelled.
    pub format: WireFormat,
    /// The bytes, in order.
    pub bytes: Vec<u8>,
    /// When each append came, and the bytes in all after it.
    pub arrivals: Vec<(Instant, usize)>,
    /// The bytes in all, counted also when they are not kept.
    pub total_bytes: usize,
}

impl Appended {
    /// How long the sound is.
    pub fn duration(&self) -> Duration {
        let ms = self.total_bytes / self.format.bytes_per_ms();
        Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
    }

    /// The sound as 8 kHz mu-law, whatever it travelled as.
    pub fn mulaw(&self) -> Vec<u8> {
        let samples = Decoder::new(self.format).decode(&self.bytes);
        samples.into_iter().map(encode_mulaw).collect()
    }
}

/// The caller's turn, as the server's detection found it.
#[derive(Clone, Copy, Debug)]
pub struct CallerTurn {
    /// When `speech_started` was sent.
    pub started_at: Instant,
    /// When `speech_stopped` was sent.
    pub stopped_at: Option<Instant>,
}

/// A message of the assistant.
#[derive(Clone, Debug)]
pub struct ItemRecord {
    /// Its id.
    pub item_id: String,
    /// The response it belongs to.
    pub response_id: String,
    /// Its words, as far as they were made.
    pub text: String,
    /// Sound sent of it, in milliseconds.
    pub generated_ms: u64,
    /// When its first sound was sent.
    pub first_audio_at: Option<Instant>,
    /// When its last sound was sent.
    pub last_audio_at: Option<Instant>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct ResponseRecord {
    /// Its id.
    pub response_id: String,
    /// `in_progress` until it is done; then as `response.done` said.
    pub status: String,
    /// `turn_detected`, `client_cancelled`... when there is one.
    pub reason: Option<String>,
    /// When it began.
    pub created_at: Instant,
    /// When its first sound was sent.
    pub first_audio_at: Option<Instant>,
    /// When it was done.
    pub done_at: Option<Instant>,
}

/// A truncation asked for by the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Truncation {
    /// When it came.
    pub at: Instant,
    /// The item.
    pub item_id: String,
    /// Where the client says the caller stopped hearing.
    pub audio_end_ms: u64,
    /// Sound that the item had.
    pub generated_ms: u64,
    /// Whether the server did it.
    pub is_accepted: bool,
}

/// An item deleted by the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Deletion {
    /// When it came.
    pub at: Instant,
    /// The item.
    pub item_id: String,
}

/// An `error` sent to the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusalRecord {
    /// The code: `invalid_value`, `unknown_parameter`...
    pub code: String,
    /// The message.
    pub message: String,
    /// Whether the client could not have known: the two crossed on the wire.
    pub is_crossing: bool,
}

/// All sessions, and a bell that rings at each change.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: Mutex<LedgerState>,
    changed: Notify,
}

#[derive(Debug, Default)]
pub(super) struct LedgerState {
    pub(super) sessions: Vec<SessionRecord>,
    pub(super) accepted: usize,
    pub(super) upgrade_violations: Vec<String>,
}

impl Ledger {
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut LedgerState) -> R) -> R {
        let result = change(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    pub(super) fn look<R>(&self, look: impl FnOnce(&LedgerState) -> R) -> R {
        look(&self.lock())
    }

    pub(super) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    fn lock(&self) -> MutexGuard<'_, LedgerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
