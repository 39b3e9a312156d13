//! What must be true of every simulation, whatever happened in it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use frontdesk::bridge::{Happening, LiveEvent, RecordOrder, Refusal};
use frontdesk::call::Report;
use frontdesk::domain::{AudioFormat, EndReason, RecordingState, Speaker};
use frontdesk::rehearsal::carrier::{EndedBy, Fault, StreamReport};
use frontdesk::store::{call_events, call_recordings, calls, utterances};
use tokio::time::Instant;

use super::answers::answer_faults;
use super::heard::{Heard, heard, silences};
use super::house::House;
use super::manners::manners_faults;
use super::network::{Trouble, Way, Weather};
use super::plan::{Call, Deed, Plan};
use super::states::state_faults;
use super::world::{Seen, SeenCall};

/// From the moment when something is due to the caller's ear, beside the way.
pub(super) const SLACK: Duration = Duration::from_millis(100);

/// Everything that was not as it must be.
pub(super) fn faults(house: &House, plan: &Plan, seen: &Seen) -> Vec<String> {
    let mut faults = seen.faults.clone();
    faults.extend(model_faults(plan, seen));
    faults.extend(manners_faults(plan, seen));
    faults.extend(drain_faults(plan, seen));
    faults.extend(state_faults(house, plan, seen));
    for (call, seen_call) in plan.calls.iter().zip(&seen.calls) {
        faults.extend(record_faults(house, seen, seen_call));
        faults.extend(recording_faults(house, plan, (call, seen), seen_call));
        faults.extend(stream_faults(plan, call, seen_call));
        faults.extend(transcript_faults(house, plan, call, seen, seen_call));
        faults.extend(waiting_faults(plan, call, seen, seen_call));
        faults.extend(answer_faults(plan, call, seen, seen_call));
    }
    faults
}

/// The same for two runs only if the same happened in them, at the same times.
pub(super) fn trace(seen: &Seen) -> u64 {
    let mut hash = DefaultHasher::new();
    for event in &seen.events {
        format!("{:?} {:?} {:?}", event.call_id, event.at, event.what).hash(&mut hash);
    }
    let streams = seen.calls.iter().flat_map(|call| &call.streams);
    for (at, message) in streams.flat_map(|stream| &stream.messages) {
        (at.duration_since(seen.began), message).hash(&mut hash);
    }
    for session in &seen.sessions {
        let closed = session.closed_at.map(|at| at.duration_since(seen.began));
        (closed, &session.client_log, &session.server_log).hash(&mut hash);
    }
    for call in &seen.calls {
        format!("{:?}", call.outcome).hash(&mut hash);
    }
    hash.finish()
}

/// I1: who is let in ends once, and is written down so.
fn record_faults(house: &House, seen: &Seen, call: &SeenCall) -> Vec<String> {
    let count = |is_meant: fn(&Happening) -> bool| {
        let mut own = seen
            .events
            .iter()
            .filter(|event| event.call_id == call.call_id);
        own.by_ref().filter(|event| is_meant(&event.what)).count()
    };
    let ended = count(|what| matches!(what, Happening::Ended(_)));
    let admitted = usize::from(call.admitted.is_ok());
    let mut faults = Vec::new();
    if ended != admitted {
        faults.push(format!(
            "i1: admitted {admitted} times, and ended {ended} times"
        ));
    }
    if call.admitted.is_err() {
        return faults;
    }
    if call.outcome.is_none() || call.outcome == Some(EndReason::Internal) {
        faults.push(format!("i1: the outcome is {:?}", call.outcome));
    }
    let (tenant, id) = (call.tenant_id, call.call_id);
    let found = house.block_on(calls::find(&house.store, tenant, id));
    let log = found.expect("the database is back");
    let written = log.as_ref().and_then(|log| log.end_reason);
    if written.is_none() || written != call.outcome {
        faults.push(format!("i1: {written:?} is written of {:?}", call.outcome));
    }
    let events = house.block_on(call_events::list(&house.store, tenant, id));
    let events = events.expect("the database is back");
    let ends = events.iter().filter(|event| event.kind == "call.ended");
    if ends.count() != 1 {
        faults.push("i1: the end is not written once".to_owned());
    }
    faults
}

/// I6: what was begun has ended, whatever became of it.
fn recording_faults(
    house: &House,
    plan: &Plan,
    (planned, seen): (&Call, &Seen),
    call: &SeenCall,
) -> Option<String> {
    let (tenant, id) = (call.tenant_id, call.call_id);
    let found = house.block_on(call_recordings::list_of_call(&house.store, tenant, id));
    let found = found.expect("the database is back");
    let is_open = |state| matches!(state, RecordingState::Recording | RecordingState::Paused);
    let open = found
        .iter()
        .filter(|recording| is_open(recording.state))
        .count();
    let had_caller = call.streams.iter().any(|stream| stream.media_count > 0);
    if open > 0 {
        Some(format!("i6: {open} recordings never end"))
    } else if plan.is_recorded
        && had_caller
        && found.is_empty()
        && !is_unwished(planned, seen, call)
    {
        Some("i6: nothing was recorded".to_owned())
    } else {
        None
    }
}

/// Whether somebody stopped the recording before there was a stream to record:
/// then it never begins.
fn is_unwished(planned: &Call, seen: &Seen, call: &SeenCall) -> bool {
    let stop = |(at, deed): &(Duration, Deed)| {
        matches!(deed, Deed::Record(RecordOrder::Stop)).then_some(*at)
    };
    let stopped = planned.orders.iter().filter_map(stop).min();
    let is_answer = |event: &&Arc<LiveEvent>| {
        event.call_id == call.call_id && matches!(event.what, Happening::Answered)
    };
    let answered = seen.events.iter().find(is_answer).map(|event| event.at);
    let set_up = planned.set_up.unwrap_or_default();
    stopped.is_some_and(|at| answered.is_some_and(|answered| set_up + at <= answered))
}

/// What the model had to complain of, unless its hearing was bad.
fn model_faults(plan: &Plan, seen: &Seen) -> Vec<String> {
    if plan.mood.model_storm || plan.mood.rude_model {
        return Vec::new();
    }
    // Two messages that met on the way.
    let crossing = [
        "response_cancel_not_active",
        "conversation_already_has_active_response",
    ];
    let complaints = seen.model_violations.iter();
    complaints
        .filter(|complaint| !crossing.iter().any(|code| complaint.starts_with(code)))
        .map(|complaint| format!("the model complains: {complaint}"))
        .collect()
}

/// I12: nobody is let in, and everybody is out by the deadline.
fn drain_faults(plan: &Plan, seen: &Seen) -> Vec<String> {
    let (Some(drained), Some((_, deadline))) = (seen.drained, plan.drain) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    // The goodbye of the sockets, and the carrier's last questions.
    if drained.took > deadline + Duration::from_secs(4) {
        faults.push(format!("i12: the house took {:?} to close", drained.took));
    }
    for call in &seen.calls {
        let is_late = |at: Instant| at > drained.at;
        if call.admitted.is_ok_and(is_late) {
            faults.push("i12: a call was let into a house that closes".to_owned());
        }
        let is_refused = |why| why != Refusal::Draining;
        if call.admitted.is_err_and(is_refused) {
            faults.push(format!("{:?}", call.admitted));
        }
    }
    faults
}

/// I3, I4: what the carrier got, and how far ahead.
fn stream_faults(plan: &Plan, call: &Call, seen: &SeenCall) -> Vec<String> {
    let mut faults = Vec::new();
    let is_replaced = seen.streams.len() > 1;
    for stream in &seen.streams {
        // That it ended otherwise than the carrier likes is what storms are for.
        let serious = stream.violations.iter().filter(|complaint| {
            let is_end = complaint.starts_with("31921");
            !is_end || !(plan.mood.carrier_storm || plan.mood.rude_carrier || is_replaced)
        });
        if !is_garbled(&call.weather, Way::Out) {
            faults.extend(serious.map(|complaint| format!("the carrier complains: {complaint}")));
        }
        let way = call.weather.latency + call.weather.jitter;
        let bound = Duration::from_millis(2_200) + way + stalls(&call.weather);
        if Duration::from_millis(stream.max_lead_ms) > bound && !is_black(&call.weather) {
            faults.push(format!("i4: {} ms ahead", stream.max_lead_ms));
        }
        if let Some(heard) = model_sound(plan, call, stream) {
            faults.extend(heard.faults.into_iter().take(3));
        }
    }
    faults
}

/// The model's sound, where it can be told from other sound.
fn model_sound(plan: &Plan, call: &Call, stream: &StreamReport) -> Option<Heard> {
    let is_garbled = is_garbled(&call.weather, Way::Out) || plan.mood.model_storm;
    let is_plain = plan.format == AudioFormat::Pcmu && !is_garbled;
    is_plain.then(|| heard(stream, is_kept_from_hearing(call)))
}

fn is_kept_from_hearing(call: &Call) -> bool {
    call.orders
        .iter()
        .any(|(_, deed)| matches!(deed, Deed::Order(_) | Deed::HandOver))
}

fn is_garbled(weather: &Weather, way: Way) -> bool {
    let mut troubles = weather.troubles.iter();
    troubles.any(|(_, trouble)| *trouble == Trouble::Corrupt(way))
}

fn is_black(weather: &Weather) -> bool {
    let mut troubles = weather.troubles.iter();
    troubles.any(|(_, trouble)| matches!(trouble, Trouble::BlackHole(_)))
}

fn stalls(weather: &Weather) -> Duration {
    let stall = |(_, trouble): &(Duration, Trouble)| {
        if let Trouble::Stall(lasting) = trouble {
            *lasting
        } else {
            Duration::ZERO
        }
    };
    weather.troubles.iter().map(stall).sum()
}

/// I5: nobody is said to have heard what they did not hear.
fn transcript_faults(
    house: &House,
    plan: &Plan,
    call: &Call,
    seen: &Seen,
    seen_call: &SeenCall,
) -> Vec<String> {
    if plan.mood.carrier_storm || plan.mood.model_storm || plan.format != AudioFormat::Pcmu {
        return Vec::new();
    }
    let mut played = BTreeMap::<_, usize>::new();
    for stream in &seen_call.streams {
        for (item, ms) in heard(stream, true).played {
            let most = played.entry(item).or_default();
            *most = (*most).max(ms);
        }
    }
    let way = 2 * (call.weather.latency + call.weather.jitter);
    // A mark each 200 ms, and a word each 200 ms.
    let slack = 450 + usize::try_from(way.as_millis()).unwrap_or_default();
    let (tenant, id) = (seen_call.tenant_id, seen_call.call_id);
    let said = house.block_on(utterances::list(&house.store, tenant, id));
    let said = said.expect("the database is back");
    let own = said
        .iter()
        .filter(|said| said.speaker == Speaker::Receptionist);
    let mut faults = Vec::new();
    for word in own.flat_map(|said| said.text.expose().split(' ')) {
        let Some((item, number)) = place_of(word) else {
            continue;
        };
        let heard = played.get(&item).copied().unwrap_or_default();
        if number * 200 > heard + slack {
            faults.push(format!("i5: {word} is said to be heard, of {heard} ms"));
        }
    }
    if plan.calls.len() == 1 {
        faults.extend(claims(seen, &played, slack));
    }
    faults.truncate(3);
    faults
}

/// Nor is the model told so.
fn claims(seen: &Seen, played: &BTreeMap<(usize, usize), usize>, slack: usize) -> Vec<String> {
    let mut faults = Vec::new();
    for session in &seen.sessions {
        for cut in &session.truncations {
            let words = session
                .find_item(&cut.item_id)
                .map(|item| item.text.as_str());
            let first = words.and_then(|words| words.split(' ').next());
            let Some((item, _)) = first.and_then(place_of) else {
                continue;
            };
            let heard = played.get(&item).copied().unwrap_or_default();
            if cut.audio_end_ms > (heard + slack) as u64 {
                faults.push(format!("i5: {cut:?}, of which {heard} ms were heard"));
            }
        }
    }
    faults
}

/// Line and item of a word, and which word of them it is.
pub(super) fn place_of(word: &str) -> Option<((usize, usize), usize)> {
    let mut parts = word.strip_prefix('w')?.split('.').map(str::parse);
    let mut next = || parts.next()?.ok();
    Some(((next()?, next()?), next()?))
}

/// Nobody is left in silence while there is no agent, or one that is slow.
fn waiting_faults(plan: &Plan, call: &Call, seen: &Seen, seen_call: &SeenCall) -> Vec<String> {
    let is_calm = !plan.mood.carrier_storm && !plan.mood.rude_carrier && call.orders.is_empty();
    let [stream] = &seen_call.streams[..] else {
        return Vec::new();
    };
    let marks_stray = |fault: &Fault| matches!(fault, Fault::MarksNever | Fault::MarksLate(_));
    if !is_calm || call.script.faults.iter().any(marks_stray) {
        return Vec::new();
    }
    let (Some(started), Some(ended)) = (stream.started_at, stream.ended_at) else {
        return Vec::new();
    };
    let way = 2 * (call.weather.latency + call.weather.jitter) + SLACK;
    let mut faults = Vec::new();
    let first = Duration::from_millis(1_200) + way;
    let has_spoken = seen.sessions.iter().any(|session| {
        let mut turns = session.turns.iter();
        turns.any(|turn| turn.started_at < started + first)
    });
    let was_heard = stream
        .first_media_at
        .is_some_and(|at| at <= started + first);
    if !was_heard && !has_spoken && ended > started + first {
        faults.push(format!(
            "the first sound comes after {:?}",
            stream.first_audio_after()
        ));
    }
    for (lost, back) in outages(seen, seen_call, ended) {
        for (from, until) in silences(stream) {
            let (from, until) = (from.max(lost), until.min(back));
            let silence = until.saturating_duration_since(from);
            if silence > Duration::from_millis(1_600) + way {
                faults.push(format!("{silence:?} of silence while there is no agent"));
            }
        }
        let quiet = silences(stream).iter().map(|(from, _)| *from).max();
        let last = quiet.unwrap_or(lost).max(lost);
        if back == ended
            && stream.ended_by == EndedBy::Gateway
            && ended > last + Duration::from_secs(5) + way
        {
            faults.push("nobody takes over from the agent that is gone".to_owned());
        }
    }
    faults
}

/// From when to when the call had no agent, after it had had one.
fn outages(seen: &Seen, call: &SeenCall, end: Instant) -> Vec<(Instant, Instant)> {
    let Ok(admitted) = call.admitted else {
        return Vec::new();
    };
    let own = seen
        .events
        .iter()
        .filter(|event| event.call_id == call.call_id);
    let mut outages = Vec::new();
    for event in own {
        let LiveEvent { at, what, .. } = &**event;
        if let Happening::Reported(Report::AgentLost) = what {
            outages.push((admitted + *at, end));
        } else if let (Happening::Reported(Report::AgentBack { .. }), Some(outage)) =
            (what, outages.last_mut())
        {
            outage.1 = admitted + *at;
        }
    }
    outages
}
