//! Nobody is left in silence in the middle of an answer.

use std::time::Duration;

use frontdesk::domain::{AudioFormat, EndReason};
use frontdesk::rehearsal::carrier::{Fault, StreamReport};
use frontdesk::rehearsal::model::{ResponseRecord, SessionRecord};
use tokio::time::Instant;

use super::heard::{last_before, silences};
use super::network::Trouble;
use super::plan::{Call, ModelLine, Plan};
use super::witness::{SLACK, place_of};
use super::world::{Seen, SeenCall};

/// A model that stops in the middle of a response is waited for like one that is slow.
pub(super) fn answer_faults(
    plan: &Plan,
    call: &Call,
    seen: &Seen,
    seen_call: &SeenCall,
) -> Vec<String> {
    let [stream] = &seen_call.streams[..] else {
        return Vec::new();
    };
    if !is_plain(plan, call) || !is_without_goodbye(seen_call) {
        return Vec::new();
    }
    let way = 2 * (call.weather.latency + call.weather.jitter) + SLACK;
    let mut faults = Vec::new();
    for session in seen.sessions.iter().filter(|session| !is_misheard(session)) {
        for response in &session.responses {
            let next = seen.sessions.iter().map(|session| session.opened_at);
            let next = next.filter(|at| *at > response.created_at).min();
            for silence in waits(stream, session, response, next) {
                if silence > Duration::from_millis(1_600) + way {
                    faults.push(format!("{silence:?} of silence in the middle of an answer"));
                }
            }
        }
    }
    faults
}

/// Whether the model's sound can be told from other sound, and nobody but it misbehaves.
fn is_plain(plan: &Plan, call: &Call) -> bool {
    let is_garbled = plan.model_lines.iter().any(|line| match line {
        ModelLine::Open(weather) => {
            let mut troubles = weather.troubles.iter();
            troubles.any(|(_, trouble)| matches!(trouble, Trouble::Corrupt(_)))
        }
        ModelLine::Refused { .. } => false,
    });
    let marks_stray = |fault: &Fault| matches!(fault, Fault::MarksNever | Fault::MarksLate(_));
    let is_calm = !plan.mood.carrier_storm && !plan.mood.rude_carrier && call.orders.is_empty();
    plan.format == AudioFormat::Pcmu
        && plan.calls.len() == 1
        && plan.drain.is_none()
        && is_calm
        && !is_garbled
        && !call.script.faults.iter().any(marks_stray)
}

/// Who is being said goodbye to waits for nothing else.
fn is_without_goodbye(call: &SeenCall) -> bool {
    matches!(
        call.outcome,
        Some(EndReason::CallerHungUp | EndReason::AgentLost)
    )
}

/// Whether the model was made to say that it hears a caller who says nothing.
fn is_misheard(session: &SessionRecord) -> bool {
    session
        .server_log
        .iter()
        .any(|line| line.contains("item_flap"))
}

/// How long nothing was heard behind a part of this response while it went on, and
/// before the next session.
fn waits(
    stream: &StreamReport,
    session: &SessionRecord,
    response: &ResponseRecord,
    next: Option<Instant>,
) -> Vec<Duration> {
    let items = session
        .items
        .iter()
        .filter(|item| item.response_id == response.response_id);
    let places: Vec<_> = items
        .filter_map(|item| place_of(item.text.split(' ').next()?))
        .map(|(place, _)| place)
        .collect();
    let done = response.done_at.or(session.closed_at);
    let is_part = |at: Instant| {
        last_before(stream, at).is_some_and(|tag| places.contains(&(tag.line, tag.item)))
    };
    silences(stream)
        .into_iter()
        .filter(|(from, _)| {
            *from > response.created_at && is_part(*from) && !is_callers(session, *from)
        })
        .map(|(from, until)| {
            let spoken = session.turns.iter().map(|turn| turn.started_at);
            let spoken = spoken.filter(|at| *at > from).min();
            let end = [done, spoken, next]
                .into_iter()
                .flatten()
                .fold(until, Instant::min);
            end.saturating_duration_since(from)
        })
        .collect()
}

/// Whether the caller speaks at that moment.
fn is_callers(session: &SessionRecord, at: Instant) -> bool {
    session
        .turns
        .iter()
        .any(|turn| turn.started_at <= at && turn.stopped_at.is_none_or(|stopped| stopped >= at))
}
