//! What a caller heard on one stream, and when, as its messages tell.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::rehearsal::carrier::StreamReport;
use tokio::time::Instant;

use super::sound::{Tag, tag};

/// What of the model's items was heard, and what was wrong with its order.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Milliseconds played of an item of a line, the most of all times it was said.
    pub(super) played: BTreeMap<(usize, usize), usize>,
    pub(super) faults: Vec<String>,
}

/// The model's sound on this stream. A listener who is kept from hearing for a
/// while misses some of an item, and may.
pub(super) fn heard(stream: &StreamReport, has_gaps: bool) -> Heard {
    let mut heard = Heard::default();
    let mut clears = stream.clears.iter();
    // What was received since the last clear, a millisecond each.
    let mut waiting: Vec<Option<Tag>> = Vec::new();
    let (mut last, mut cut) = (None, None);
    for (_, message) in &stream.messages {
        if let Some(sound) = payload(message) {
            for unit in sound.chunks(8) {
                let unit = tag(unit);
                waiting.push(unit);
                let Some(unit) = unit else { continue };
                heard.faults.extend(misplaced(last, cut, unit, has_gaps));
                last = Some(unit);
            }
        } else if message.contains("\"clear\"") {
            let dropped = clears.next().map_or(0, |clear| clear.dropped_ms);
            heard.note(&waiting, dropped);
            waiting.clear();
            cut = last.take().or(cut);
        }
    }
    let dropped: u64 = stream.clears.iter().map(|clear| clear.dropped_ms).sum();
    let unplayed =
        stream.received_ms - stream.played_ms - dropped.min(stream.received_ms - stream.played_ms);
    heard.note(&waiting, unplayed);
    heard
}

impl Heard {
    fn note(&mut self, received: &[Option<Tag>], unplayed_ms: u64) {
        let unplayed = usize::try_from(unplayed_ms).unwrap_or(usize::MAX);
        let played = &received[..received.len().saturating_sub(unplayed)];
        for tag in played.iter().flatten() {
            let most = self.played.entry((tag.line, tag.item)).or_default();
            *most = (*most).max(tag.ms + 1);
        }
    }
}

/// What is wrong with this millisecond after those before it, if anything is.
fn misplaced(last: Option<Tag>, cut: Option<Tag>, unit: Tag, has_gaps: bool) -> Option<String> {
    let same = |other: Tag| (other.line, other.item) == (unit.line, unit.item);
    let Some(last) = last else {
        let is_stale =
            unit.ms > 0 && !has_gaps || cut.is_some_and(|cut| same(cut) && unit.ms > cut.ms);
        return is_stale.then(|| format!("i3: {unit:?} is heard after {cut:?} was interrupted"));
    };
    let follows = if same(last) {
        unit.ms == last.ms + 1 || unit.ms == 0 || has_gaps && unit.ms > last.ms
    } else {
        unit.ms == 0 || has_gaps
    };
    (!follows).then(|| format!("i4: {unit:?} is heard after {last:?}"))
}

/// What of the model's sound came last until then, if no other came after it.
pub(super) fn last_before(stream: &StreamReport, at: Instant) -> Option<Tag> {
    let until = stream.messages.iter().filter(|(came, _)| *came <= at);
    let mut last = None;
    for (_, message) in until {
        if let Some(sound) = payload(message) {
            last = sound.chunks(8).next_back().and_then(tag);
        } else if message.contains("\"clear\"") {
            last = None;
        }
    }
    last
}

fn payload(message: &str) -> Option<Vec<u8>> {
    let (_, rest) = message.split_once("\"payload\":\"")?;
    let (sound, _) = rest.split_once('"')?;
    STANDARD.decode(sound).ok()
}

/// When nothing was heard, from the start of the stream to its end.
pub(super) fn silences(stream: &StreamReport) -> Vec<(Instant, Instant)> {
    let (Some(start), Some(end)) = (stream.started_at, stream.ended_at) else {
        return Vec::new();
    };
    let mut sounds: Vec<(Instant, Instant)> = Vec::new();
    for (at, message) in &stream.messages {
        if let Some(sound) = payload(message) {
            let lasting = Duration::from_millis(sound.len() as u64 / 8);
            let from = sounds.last().map_or(*at, |(_, until)| (*at).max(*until));
            sounds.push((from, from + lasting));
        } else if message.contains("\"clear\"") {
            for (from, until) in &mut sounds {
                *from = (*from).min(*at);
                *until = (*until).min(*at);
            }
        }
    }
    let mut silences = Vec::new();
    let mut quiet_since = start;
    for (from, until) in sounds {
        if from > quiet_since {
            silences.push((quiet_since, from));
        }
        quiet_since = quiet_since.max(until);
    }
    if end > quiet_since {
        silences.push((quiet_since, end));
    }
    silences
}
