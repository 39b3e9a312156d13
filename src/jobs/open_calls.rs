//! Calls that have no end though they should: the carrier is asked for the truth.
//!
//! A callback that says that a call is over may get lost, and a process may die
//! over a call. Neither leaves a call open for ever.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt as _};

use super::house::JobHouse;
use super::worker::{Failure, Next, bear};
use crate::domain::{AnsweredBy, CallId, CallLog, DAY_MS, EndReason, JobKind, TenantId, Timestamp};
use crate::store::calls::{self, StatusNews};
use crate::store::{self, call_events, call_routes, lost_calls, page, settings};
use crate::twilio::rest::{Call, Error};

/// How many the carrier is asked about at one time: enough to be through with a
/// page of them in a minute, and few enough to leave its patience for calls.
const AT_ONCE: usize = 8;
/// News may be as late as this.
const GRACE_MS: i64 = 60_000;
/// A call whose sound broke off is asked for so soon: the caller may have hung up.
const CUT_OFF_MS: i64 = 10_000;
/// No call lasts longer at any carrier.
const LONGEST_MS: i64 = DAY_MS;

/// Looks at every call that should be over.
pub(super) async fn run(house: &JobHouse) -> Result<Next, Failure> {
    let now = house.clock.now();
    let (mut last, mut longest) = (None, BTreeMap::new());
    loop {
        let (before, limit) = (now.plus_ms(-GRACE_MS), page::Limit::longest());
        let open = calls::list_open(&house.store, before, last.as_ref(), limit).await?;
        let Some(end) = open.last() else {
            return Ok(Next::InTurn);
        };
        last = Some(end.clone());
        look_through(house, open, (now, &mut longest)).await?;
    }
}

/// Looks at a page of them.
async fn look_through(
    house: &JobHouse,
    open: Vec<CallLog>,
    (now, longest): (Timestamp, &mut BTreeMap<TenantId, i64>),
) -> Result<(), Failure> {
    let mut due = Vec::new();
    for call in open {
        match look_at(house, &call, longest).await {
            Ok(Some(last_news)) => due.push((call, last_news)),
            Ok(None) => {}
            Err(error) => bear(JobKind::OpenCalls, error)?,
        }
    }
    let asked = due
        .into_iter()
        .map(|(call, last_news)| async move { look_into(house, &call, (last_news, now)).await });
    let mut told = stream::iter(asked).buffer_unordered(AT_ONCE);
    while let Some(outcome) = told.next().await {
        if let Err(error) = outcome {
            bear(JobKind::OpenCalls, error)?;
        }
    }
    Ok(())
}

/// When we last heard of a call that should be over by now; none if it may go on.
async fn look_at(
    house: &JobHouse,
    call: &CallLog,
    longest: &mut BTreeMap<TenantId, i64>,
) -> Result<Option<Timestamp>, store::Error> {
    let is_cut_off = call.end_reason == Some(EndReason::CarrierLost) && house.carrier.is_some();
    let patience_ms = if is_cut_off {
        CUT_OFF_MS
    } else {
        limit_of(house, call, longest).await? + GRACE_MS
    };
    let last_news = last_news(house, call).await?;
    let is_due = last_news.plus_ms(patience_ms) < house.clock.now();
    Ok((is_due && !(house.is_live)(&call.call_sid)).then_some(last_news))
}

/// How long the call may last. Where there is somebody to ask, to ask too soon
/// does no harm. Where there is not, only the AI's own part has a limit: a person
/// may speak for as long as the carrier lets them.
async fn limit_of(
    house: &JobHouse,
    call: &CallLog,
    known: &mut BTreeMap<TenantId, i64>,
) -> Result<i64, store::Error> {
    let is_with_ai = call.answered_by == Some(AnsweredBy::Ai) && call.end_reason.is_none();
    if house.carrier.is_none() && !is_with_ai {
        return Ok(LONGEST_MS);
    }
    if let Some(ms) = known.get(&call.tenant_id) {
        return Ok(*ms);
    }
    let settings = settings::of_tenant(&house.store, call.tenant_id, None).await?;
    let longest = settings.longest_call();
    let ms = longest.and_then(|longest| i64::try_from(longest.as_millis()).ok());
    let ms = ms.unwrap_or(LONGEST_MS);
    known.insert(call.tenant_id, ms);
    Ok(ms)
}

/// When we last heard anything of the call.
pub(super) async fn last_news(house: &JobHouse, call: &CallLog) -> Result<Timestamp, store::Error> {
    let events = call_events::list(&house.store, call.tenant_id, call.id).await?;
    let told = events.iter().map(|event| event.at).max();
    let ended_at = call.bill.agent_ended_at;
    let known = [Some(call.created_at), call.answered_at, ended_at, told];
    Ok(known.into_iter().flatten().max().unwrap_or(call.created_at))
}

async fn look_into(
    house: &JobHouse,
    call: &CallLog,
    (last_news, now): (Timestamp, Timestamp),
) -> Result<(), store::Error> {
    let found = match &house.carrier {
        Some(carrier) => carrier.find_call(&call.call_sid).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(truth)) if truth.status.is_terminal() => {
            believe(house, call, &truth, now).await?;
            note(call, "found");
        }
        // It lasts longer than it should, and it lasts.
        Ok(Some(_)) => {}
        Ok(None) => {
            let of = (call.tenant_id, call.id);
            let why = EndReason::CarrierStatusLost;
            lose(house, of, (why, last_news)).await?;
            call_routes::close(&house.store, &call.call_sid, now).await?;
            note(call, "lost");
        }
        Err(error) => complain(call, &error),
    }
    Ok(())
}

/// The carrier says how the call ended.
pub(super) async fn believe(
    house: &JobHouse,
    call: &CallLog,
    truth: &Call,
    now: Timestamp,
) -> Result<(), store::Error> {
    let at = truth.end_time.unwrap_or(now);
    let news = StatusNews {
        status: truth.status,
        sequence: None,
        duration_s: truth.duration_s,
        at,
    };
    let known = calls::apply_status(&house.store, &call.call_sid, &news).await?;
    if let Some((call, true)) = known {
        (house.tell_closed)(&call);
    }
    call_routes::close(&house.store, &call.call_sid, at).await
}

/// Nobody says how the call ended.
pub(super) async fn lose(
    house: &JobHouse,
    of: (TenantId, CallId),
    (why, at): (EndReason, Timestamp),
) -> Result<(), store::Error> {
    if let Some(call) = lost_calls::lose(&house.store, of, why, at).await? {
        (house.tell_closed)(&call);
    }
    Ok(())
}

pub(super) fn note(call: &CallLog, outcome: &'static str) {
    metrics::counter!("frontdesk_calls_swept_total", "outcome" => outcome).increment(1);
    tracing::warn!(call.id = %call.id, outcome, "call.swept");
}

/// The carrier is asked again the next time.
pub(super) fn complain(call: &CallLog, error: &Error) {
    tracing::warn!(call.id = %call.id, %error, "call.not_swept");
}
