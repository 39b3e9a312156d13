//! Writes a note into the database; each is written to be run twice.

use std::sync::Arc;

use super::feed::Feed;
use super::note::{Answered, Finished, Note, Of, Opened, Taken};
use super::recording_news;
use crate::domain::{AnsweredBy, TakenKind, TakenMessage, Timestamp, UserId, Utterance};
use crate::store::call_events::{self, NewEvent};
use crate::store::{
    self, Db, Store, Tx, call_backs, call_consents, call_owners, call_routes, call_transfers,
    call_usage, calls, processes, taken_messages, turns, utterances,
};

/// Writes it down, and tells whoever watches what nobody has told them yet.
///
/// **Invariant:** the database is the same however often the same notes come in the
/// same order: who dies between the writing and its being known writes again.
pub(super) async fn write((store, feed): (&Store, &Feed), note: &Note) -> Result<(), store::Error> {
    match note {
        Note::Opened(opened) => write_opened(store, opened).await,
        Note::Answered(answered) => write_answered(store, answered).await,
        Note::PickedUp {
            of,
            by,
            user_id,
            at,
        } => write_picked_up(store, *of, (*by, *user_id, *at)).await,
        Note::Consented { of, consent } => {
            call_consents::note(store, (of.tenant_id, of.call_id), consent).await
        }
        Note::Taken(taken) => write_taken(store, taken).await,
        Note::CameBack { of } => {
            calls::come_back(store, of.tenant_id, of.call_id).await?;
            Ok(())
        }
        Note::Moved { call_sid, first } => {
            call_transfers::take(store, call_sid, *first).await?;
            Ok(())
        }
        Note::Stopped { of, at } => write_stopped(store, *of, *at).await,
        Note::Tool {
            of,
            detail,
            nth,
            at,
        } => write_tool(store, *of, detail, (*nth, *at)).await,
        Note::Used { of, usage, cost } => {
            call_usage::note(store, (of.tenant_id, of.call_id), (*usage, *cost)).await?;
            Ok(())
        }
        Note::Said {
            of,
            first,
            utterances,
        } => write_said(store, *of, *first, utterances).await,
        Note::Finished(finished) => write_finished(store, finished).await,
        Note::Recording(news) => recording_news::write(store, news).await,
        Note::Told(told) => told.write(store, feed).await,
    }
}

/// Writes [light](Note::is_light) ones down in one transaction. If one of them wants one of
/// its own, none is written, and it is told at which place that one is.
pub(super) async fn write_together(
    store: &Store,
    notes: &[Arc<Note>],
) -> Result<Option<usize>, store::Error> {
    let mut tx = store.begin().await?;
    for (at, note) in notes.iter().enumerate() {
        match write_light(&mut tx, note).await {
            Ok(true) => {}
            Err(error) if error.is_outage() && !error.is_contention() => return Err(error),
            // What others hold is waited for by one note alone.
            Ok(false) | Err(_) => return Ok(Some(at)),
        }
    }
    tx.commit().await?;
    Ok(None)
}

async fn write_light(tx: &mut Tx, note: &Note) -> Result<bool, store::Error> {
    match note {
        Note::Stopped { of, at } => write_stopped(tx, *of, *at).await?,
        Note::Tool {
            of,
            detail,
            nth,
            at,
        } => write_tool(tx, *of, detail, (*nth, *at)).await?,
        Note::Used { of, usage, cost } => {
            let of = (of.tenant_id, of.call_id);
            return call_usage::note_more(tx, of, (*usage, *cost)).await;
        }
        Note::Said {
            of,
            first,
            utterances,
        } => put_said(tx, *of, *first, utterances).await?,
        Note::Opened(_)
        | Note::Answered(_)
        | Note::PickedUp { .. }
        | Note::Consented { .. }
        | Note::Taken(_)
        | Note::CameBack { .. }
        | Note::Moved { .. }
        | Note::Finished(_)
        | Note::Recording(_)
        | Note::Told(_) => return Ok(false),
    }
    Ok(true)
}

/// The call as it came; who has placed it elsewhere meanwhile was first. Who has only been
/// told how it stands has not.
async fn write_opened(store: &Store, opened: &Opened) -> Result<(), store::Error> {
    let Opened {
        call: new,
        route,
        process,
    } = opened;
    let mut tx = store.begin().await?;
    let (call, _) = calls::find_or_create(&mut tx, new).await?;
    if call.id != new.id {
        tracing::error!(call.id = %call.id, other.id = %new.id, "call.named_twice");
    }
    let of = (call.tenant_id, call.id);
    let is_first = call_routes::insert(&mut tx, of, route, new.created_at).await?;
    if let Some(process) = process.filter(|_| is_first) {
        // It may have died since, and be forgotten: whoever sees that sees to its calls.
        processes::recall(&mut tx, process, new.created_at).await?;
        call_owners::claim(&mut tx, of, process).await?;
    }
    tx.commit().await
}

async fn write_answered(store: &Store, answered: &Answered) -> Result<(), store::Error> {
    let Answered {
        of,
        receptionist_id,
        at,
    } = *answered;
    let mut tx = store.begin().await?;
    calls::mark_answered(&mut tx, of.tenant_id, of.call_id, (AnsweredBy::Ai, at)).await?;
    if let Some(id) = receptionist_id {
        calls::give_to_receptionist(&mut tx, of.tenant_id, of.call_id, id).await?;
    }
    let event = event("stream.started", "{}", at);
    call_events::append(&mut tx, of.tenant_id, of.call_id, &event).await?;
    tx.commit().await
}

/// Who has been spoken with need not be called back.
async fn write_picked_up(
    store: &Store,
    of: Of,
    (by, user_id, at): (AnsweredBy, Option<UserId>, Timestamp),
) -> Result<(), store::Error> {
    let mut tx = store.begin().await?;
    calls::mark_answered(&mut tx, of.tenant_id, of.call_id, (by, at)).await?;
    if let Some(user) = user_id {
        calls::give_to(&mut tx, of.tenant_id, of.call_id, user).await?;
    }
    taken_messages::settle_call_back(&mut tx, of.tenant_id, of.call_id).await?;
    tx.commit().await
}

/// Who was on the line is what the house knows of the call.
async fn write_taken(store: &Store, taken: &Taken) -> Result<(), store::Error> {
    let Of { tenant_id, call_id } = taken.of;
    let Some(call) = calls::find(store, tenant_id, call_id).await? else {
        return Err(store::Error::Forgotten);
    };
    let message = TakenMessage {
        id: taken.id,
        tenant_id,
        call_id,
        kind: TakenKind::Message,
        caller: call.ends().1.clone(),
        caller_name: taken.caller_name.clone(),
        callback: taken.callback.clone(),
        reason: taken.reason.clone(),
        urgency: taken.urgency,
        is_read: false,
        created_at: taken.at,
    };
    taken_messages::insert(store, &message, taken.ordinal).await?;
    Ok(())
}

/// As long as the call goes on: its end [says](write_finished) it all.
async fn write_said(
    store: &Store,
    of: Of,
    first: usize,
    said: &[Utterance],
) -> Result<(), store::Error> {
    if let [utterance] = said {
        let ordinal = u32::try_from(first).unwrap_or_default();
        return utterances::put(store, of.tenant_id, of.call_id, ordinal, utterance).await;
    }
    let mut tx = store.begin().await?;
    put_said(&mut tx, of, first, said).await?;
    tx.commit().await
}

async fn put_said(
    tx: &mut Tx,
    of: Of,
    first: usize,
    said: &[Utterance],
) -> Result<(), store::Error> {
    let first = u32::try_from(first).unwrap_or_default();
    for (ordinal, utterance) in (first..).zip(said) {
        utterances::put(&mut *tx, of.tenant_id, of.call_id, ordinal, utterance).await?;
    }
    Ok(())
}

/// In one piece. Who can tell no more of a call leaves what was written while it went on.
async fn write_finished(store: &Store, finished: &Finished) -> Result<(), store::Error> {
    let Finished {
        of: Of { tenant_id, call_id },
        at,
        end_reason,
        ..
    } = *finished;
    let mut tx = store.begin().await?;
    if !finished.utterances.is_empty() {
        utterances::replace_all(&mut tx, tenant_id, call_id, &finished.utterances).await?;
    }
    let first = u32::try_from(finished.first_turn).unwrap_or_default();
    for (ordinal, latency) in (first..).zip(&finished.latencies) {
        turns::put(&mut tx, tenant_id, call_id, ordinal, latency).await?;
    }
    let end = calls::Finished {
        end_reason,
        usage: finished.usage,
        cost: finished.cost,
        ended_at: at,
    };
    calls::finish(&mut tx, tenant_id, call_id, &end).await?;
    if end_reason.owes_call_back() {
        call_backs::note(&mut tx, (tenant_id, call_id), (finished.note_id, at)).await?;
    } else if end_reason.is_served() {
        // Others may have taken the call for lost while it went on.
        taken_messages::settle_call_back(&mut tx, tenant_id, call_id).await?;
    }
    let why = format!(r#"{{"end_reason":"{}"}}"#, end_reason.as_str());
    call_events::append(&mut tx, tenant_id, call_id, &event("call.ended", &why, at)).await?;
    tx.commit().await
}

async fn write_stopped(db: impl Into<Db<'_>>, of: Of, at: Timestamp) -> Result<(), store::Error> {
    append(db, of, &event("quota.stopped", "{}", at)).await
}

async fn write_tool(
    db: impl Into<Db<'_>>,
    of: Of,
    detail: &str,
    (nth, at): (u32, Timestamp),
) -> Result<(), store::Error> {
    let key = format!("tool/{}/{nth}", at.as_ms());
    let event = NewEvent {
        key: Some(&key),
        ..event("tool.used", detail, at)
    };
    append(db, of, &event).await
}

async fn append(db: impl Into<Db<'_>>, of: Of, event: &NewEvent<'_>) -> Result<(), store::Error> {
    let appended = call_events::append(db, of.tenant_id, of.call_id, event).await;
    appended.map(drop)
}

/// An event that happens once in a call.
fn event<'a>(kind: &'a str, detail: &'a str, at: Timestamp) -> NewEvent<'a> {
    NewEvent {
        kind,
        detail: detail.into(),
        at,
        key: Some(kind),
    }
}
