//! Whether the gateway told the model the truth about what the caller heard.

use std::time::Duration;

use super::carrier::{Clear, StreamReport};
use super::model::{ItemRecord, SessionRecord};
use tokio::time::Instant;

/// One item that the gateway cut or deleted, and what had really been heard of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TruncationError {
    /// The item.
    pub item_id: String,
    /// Where the gateway said the caller stopped hearing; 0 if it deleted the item.
    pub claimed_ms: u64,
    /// What the caller's buffer had played of it.
    pub heard_ms: u64,
}

impl TruncationError {
    /// Claimed more than heard is positive.
    pub fn error_ms(&self) -> i64 {
        let signed = |ms| i64::try_from(ms).unwrap_or(i64::MAX);
        signed(self.claimed_ms) - signed(self.heard_ms)
    }
}

/// Compares every truncation and deletion with the clear that it belongs to.
///
/// What the caller heard since the clear before is laid along the items made
/// since then, in order. Sound that is not the model's, such as a filler of the
/// gateway's own, would be laid there too: compare calls without.
pub fn truncation_error(stream: &StreamReport, session: &SessionRecord) -> Vec<TruncationError> {
    let truncations = session.truncations.iter().filter(|cut| cut.is_accepted);
    let cuts = truncations.map(|cut| (cut.at, &cut.item_id, cut.audio_end_ms));
    let deletions = session
        .deletions
        .iter()
        .map(|deletion| (deletion.at, &deletion.item_id, 0));
    let mut errors = Vec::new();
    for (at, item_id, claimed_ms) in cuts.chain(deletions) {
        let Some(clear) = clear_of(stream, at) else {
            continue;
        };
        let since = stream.clears[..clear]
            .last()
            .map_or(session.opened_at, |before| before.at);
        let clear = &stream.clears[clear];
        let heard_ms = heard_of(item_id, since, clear, &session.items);
        errors.extend(heard_ms.map(|heard_ms| TruncationError {
            item_id: item_id.clone(),
            claimed_ms,
            heard_ms,
        }));
    }
    errors
}

/// The clear nearest to `at`, if it is near at all.
fn clear_of(stream: &StreamReport, at: Instant) -> Option<usize> {
    let distance = |clear: &Clear| {
        clear.at.saturating_duration_since(at) + at.saturating_duration_since(clear.at)
    };
    let near = stream
        .clears
        .iter()
        .enumerate()
        .filter(|(_, clear)| distance(clear) < NEAR);
    near.min_by_key(|(_, clear)| distance(clear))
        .map(|(index, _)| index)
}

fn heard_of(item_id: &str, since: Instant, clear: &Clear, items: &[ItemRecord]) -> Option<u64> {
    let mut left = clear.played_ms_since_last_clear;
    for item in items
        .iter()
        .filter(|item| item.first_audio_at.is_some_and(|at| at > since))
    {
        if item.item_id == item_id {
            return Some(left.min(item.generated_ms));
        }
        left = left.saturating_sub(item.generated_ms);
    }
    None
}

const NEAR: Duration = Duration::from_secs(1);
