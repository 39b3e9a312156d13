//! Nobody is spoken to while they speak.

use std::time::Duration;

use frontdesk::rehearsal::model::{CallerTurn, SessionRecord};
use tokio::time::Instant;

use super::plan::Plan;
use super::witness::SLACK;
use super::world::Seen;

/// There and back on the slowest line to a model in fair weather.
const WAY: Duration = Duration::from_millis(180);

/// A response that was asked for before the caller spoke, and begins while they
/// do, is stopped before a word of it is heard.
pub(super) fn manners_faults(plan: &Plan, seen: &Seen) -> Vec<String> {
    if plan.mood.model_storm || plan.mood.rude_model {
        return Vec::new();
    }
    let sessions = seen.sessions.iter();
    sessions.flat_map(faults_of).take(3).collect()
}

fn faults_of(session: &SessionRecord) -> Vec<String> {
    let is_into = |turn: &CallerTurn, at: Instant| {
        turn.started_at < at && turn.stopped_at.is_none_or(|stopped| at < stopped)
    };
    let mut faults = Vec::new();
    for response in &session.responses {
        let began = response.created_at;
        let mut turns = session.turns.iter();
        let Some(turn) = turns.find(|turn| is_into(turn, began)) else {
            continue;
        };
        let since = began.saturating_duration_since(turn.started_at);
        let ended = response.done_at.or(session.closed_at);
        let lasted = ended.map(|ended| ended.saturating_duration_since(began));
        if lasted.is_some_and(|lasted| lasted > WAY + SLACK) {
            faults.push(format!(
                "a response goes on for {lasted:?} that began {since:?} into the caller's words"
            ));
        }
    }
    faults
}
