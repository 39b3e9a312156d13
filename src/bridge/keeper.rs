//! Hands to the store what is worth keeping, and never makes audio wait for it.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::call_back;
use super::recording_news::{self, RecordingNews};
use crate::clock::Clock;
use crate::domain::{
    AnsweredBy, CallId, EndReason, Money, TakenMessageId, TenantId, Timestamp, TurnLatency, Usage,
    Utterance,
};
use crate::recordings::Spool;
use crate::routing::Route;
use crate::store::call_events::{self, NewEvent};
use crate::store::calls::NewCall;
use crate::store::{self, Store, call_routes, calls, turns, utterances};

/// Notes that may wait for the database.
const WAITING: usize = 4_096;
/// How often a note is tried, each time after a longer pause.
const ATTEMPTS: u32 = 8;
/// The first of these pauses.
const PAUSE: Duration = Duration::from_millis(100);

/// Something to be written down.
#[derive(Debug)]
pub(super) enum Note {
    /// A call came while the database was away, and this was decided.
    Opened(Box<(NewCall, Route)>),
    /// The carrier's stream is there.
    Answered {
        tenant_id: TenantId,
        call_id: CallId,
        at: Timestamp,
    },
    /// The caller was handed on, and has come back.
    CameBack {
        tenant_id: TenantId,
        call_id: CallId,
    },
    /// The agent has asked for a tool, and something came of it.
    Tool {
        tenant_id: TenantId,
        call_id: CallId,
        detail: String,
        at: Timestamp,
    },
    /// What the agent has used so far.
    Used {
        tenant_id: TenantId,
        call_id: CallId,
        usage: Usage,
        cost: Option<Money>,
    },
    /// The call is over.
    Finished(Box<Finished>),
    /// Something became of a recording.
    Recording(Box<RecordingNews>),
    /// Nothing more is to come.
    Last,
}

/// All that is known of a call that is over.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) tenant_id: TenantId,
    pub(super) call_id: CallId,
    /// What the note that the caller is to be called back is named, if there is one.
    pub(super) note_id: TakenMessageId,
    pub(super) at: Timestamp,
    pub(super) end_reason: EndReason,
    pub(super) usage: Usage,
    pub(super) cost: Option<Money>,
    /// Turns of the time before the caller came back have lower numbers.
    pub(super) first_turn: usize,
    pub(super) utterances: Vec<Utterance>,
    pub(super) latencies: Vec<TurnLatency>,
}

impl Finished {
    /// The end of a call that failed before anybody could say more of it.
    pub(super) fn unknown((tenant_id, call_id): (TenantId, CallId), keeper: &Keeper) -> Self {
        Self {
            tenant_id,
            call_id,
            note_id: keeper.new_id(),
            at: keeper.now(),
            end_reason: EndReason::Internal,
            usage: Usage::default(),
            cost: None,
            first_turn: 0,
            utterances: Vec::new(),
            latencies: Vec::new(),
        }
    }
}

/// Takes notes for the store.
#[derive(Clone, Debug)]
pub struct Keeper {
    notes: mpsc::Sender<Note>,
    clock: Clock,
    spool: Option<Spool>,
}

impl Keeper {
    /// Starts the one task that writes. It ends once the [last](Self::close)
    /// note is written.
    pub fn start(store: Store, clock: Clock) -> (Self, JoinHandle<()>) {
        let (notes, mut inbox) = mpsc::channel(WAITING);
        let task = tokio::spawn(async move {
            while let Some(note) = inbox.recv().await {
                if matches!(note, Note::Last) {
                    break;
                }
                write_down(&store, &note).await;
            }
        });
        let keeper = Self {
            notes,
            clock,
            spool: None,
        };
        (keeper, task)
    }

    /// Lets calls be recorded there.
    #[must_use]
    pub fn recording_to(self, spool: Spool) -> Self {
        Self {
            spool: Some(spool),
            ..self
        }
    }

    /// Where calls are recorded, if they are.
    pub(super) fn spool(&self) -> Option<&Spool> {
        self.spool.as_ref()
    }

    /// A name for something that is kept.
    pub(super) fn new_id<T: From<(Timestamp, u128)>>(&self) -> T {
        self.clock.new_id()
    }

    /// The time of day.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Every call is over: the writer ends when it has written all of them.
    pub async fn close(&self) {
        // A writer that is gone has no more to write.
        let _ = self.notes.send(Note::Last).await;
    }

    /// Notes that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.notes.max_capacity() - self.notes.capacity()
    }

    /// Takes a note that is worth less than the sound of a call: if too many
    /// wait it is left out, and counted.
    pub(super) fn note(&self, note: Note) {
        if self.notes.try_send(note).is_err() {
            metrics::counter!("frontdesk_notes_lost_total").increment(1);
        }
    }

    /// Takes the note that a call is over, waiting for room: by now nobody
    /// hears the call.
    pub(super) async fn finish(&self, finished: Finished) {
        self.tell(Note::Finished(Box::new(finished))).await;
    }

    /// Takes a note of a call that nobody hears any more, waiting for room.
    pub(super) async fn tell(&self, note: Note) {
        // The writer outlives every keeper.
        let _ = self.notes.send(note).await;
    }
}

async fn write_down(store: &Store, note: &Note) {
    let mut pause = PAUSE;
    for attempt in 1..=ATTEMPTS {
        let error = match try_write(store, note).await {
            Ok(()) => return,
            // Somebody had the call forgotten, and forgotten it stays.
            Err(store::Error::Dangling | store::Error::Forgotten) => {
                tracing::info!("note.forgotten");
                return;
            }
            Err(error) => error,
        };
        if attempt == ATTEMPTS {
            metrics::counter!("frontdesk_notes_lost_total").increment(1);
            tracing::error!(%error, "note.lost");
            return;
        }
        tracing::warn!(%error, attempt, "note.retried");
        sleep(pause).await;
        pause *= 2;
    }
}

async fn try_write(store: &Store, note: &Note) -> Result<(), store::Error> {
    match note {
        Note::Opened(opened) => write_opened(store, &opened.0, &opened.1).await,
        Note::Answered {
            tenant_id,
            call_id,
            at,
        } => write_answered(store, *tenant_id, *call_id, *at).await,
        Note::Tool {
            tenant_id,
            call_id,
            detail,
            at,
        } => {
            let event = NewEvent {
                kind: "tool.used",
                detail: detail.as_str().into(),
                at: *at,
                key: None,
            };
            call_events::append(store, *tenant_id, *call_id, &event).await?;
            Ok(())
        }
        Note::CameBack { tenant_id, call_id } => {
            calls::come_back(store, *tenant_id, *call_id).await?;
            Ok(())
        }
        Note::Used {
            tenant_id,
            call_id,
            usage,
            cost,
        } => {
            let used = (*usage, *cost);
            calls::note_usage(store, *tenant_id, *call_id, used).await?;
            Ok(())
        }
        Note::Finished(finished) => write_finished(store, finished).await,
        Note::Recording(news) => recording_news::write(store, news).await,
        Note::Last => Ok(()),
    }
}

/// The call as it came; who has heard of it elsewhere meanwhile was first.
async fn write_opened(store: &Store, new: &NewCall, route: &Route) -> Result<(), store::Error> {
    let mut tx = store.begin().await?;
    let (call, _) = calls::find_or_create(&mut tx, new).await?;
    call_routes::insert(&mut tx, (call.tenant_id, call.id), route, new.created_at).await?;
    tx.commit().await
}

async fn write_answered(
    store: &Store,
    tenant_id: TenantId,
    call_id: CallId,
    at: Timestamp,
) -> Result<(), store::Error> {
    let mut tx = store.begin().await?;
    calls::mark_answered(&mut tx, tenant_id, call_id, (AnsweredBy::Ai, at)).await?;
    let event = event("stream.started", "{}", at);
    call_events::append(&mut tx, tenant_id, call_id, &event).await?;
    tx.commit().await
}

/// In one piece, and written to be run twice.
async fn write_finished(store: &Store, finished: &Finished) -> Result<(), store::Error> {
    let Finished {
        tenant_id,
        call_id,
        at,
        end_reason,
        ..
    } = *finished;
    let mut tx = store.begin().await?;
    utterances::replace_all(&mut tx, tenant_id, call_id, &finished.utterances).await?;
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
        call_back::note(&mut tx, finished).await?;
    }
    let why = format!(r#"{{"end_reason":"{}"}}"#, end_reason.as_str());
    call_events::append(&mut tx, tenant_id, call_id, &event("call.ended", &why, at)).await?;
    tx.commit().await
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
