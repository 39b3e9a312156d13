//! Calls of a process that has died: the others find out what became of them.
//!
//! Where there is an account, the carrier is asked: a call that is over ends as the
//! carrier says, and one that goes on is led on by its webhooks. Where there is none,
//! a call that a receptionist had is over: its line has gone with the process.

use std::time::Duration;

use futures::future::join;
use futures::stream::{self, StreamExt as _};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::house::JobHouse;
use super::open_calls::{believe, complain, last_news, lose, note};
use super::vitals::{BEAT_EVERY, Vitals};
use crate::domain::{CallLog, EndReason, Timestamp};
use crate::store::processes::{self, Pulse};
use crate::store::{self, call_backs, call_owners, call_routes, in_time, lost_calls, page, within};
use crate::twilio::rest::Call;

/// How many the carrier is asked about at one time.
const AT_ONCE: usize = 8;
/// A beat that takes longer is late, and what is seen of the others' is old. The next turn
/// may find a line that is not dead.
const LONGEST_BEAT: Duration = Duration::from_secs(3);

/// Looks after the processes of the house, of which it is one.
#[derive(Debug)]
pub struct Watch {
    house: JobHouse,
    vitals: Vitals,
}

impl Watch {
    /// A watch that has seen nobody yet.
    pub fn new(house: JobHouse) -> Self {
        Self {
            house,
            vitals: Vitals::default(),
        }
    }

    /// Says every second that this process lives, and takes up what others have left
    /// that do not, until `stop`.
    pub async fn keep(mut self, stop: CancellationToken) {
        let house = self.house.clone();
        let beats = async {
            while let Some(()) = next_turn(&stop).await {
                if let Err(error) = house.beat().await {
                    tracing::warn!(%error, "process.not_told");
                }
            }
        };
        // Who waits for the carrier lives meanwhile.
        let looks = async {
            while let Some(()) = next_turn(&stop).await {
                if let Err(error) = self.look(Instant::now()).await {
                    tracing::warn!(%error, "processes.not_seen");
                }
            }
        };
        join(beats, looks).await;
    }

    /// One look at the others.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached; the next look may go well.
    pub async fn look(&mut self, now: Instant) -> Result<(), store::Error> {
        let JobHouse { store, process, .. } = &self.house;
        let pulses = within(LONGEST_BEAT, processes::list(store)).await?;
        let judged = self.vitals.judge(&pulses, process.id(), now);
        process.note_others(judged.living);
        for pulse in judged.dead {
            take_up(&self.house, pulse).await?;
        }
        Ok(())
    }
}

/// None once it is time to stop.
async fn next_turn(stop: &CancellationToken) -> Option<()> {
    stop.run_until_cancelled(sleep(BEAT_EVERY)).await
}

impl JobHouse {
    /// Says that this process lives.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached; the next beat may go well.
    pub async fn beat(&self) -> Result<(), store::Error> {
        let beat = processes::beat(&self.store, self.process.id(), self.clock.now());
        within(LONGEST_BEAT, beat).await
    }

    /// Says that this process goes in peace; unless it has calls that are not over, which
    /// the others see to as if it had died.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached; then the others find out.
    pub async fn leave(&self) -> Result<(), store::Error> {
        let id = self.process.id();
        let open = call_owners::list_open(&self.store, id, page::Limit::longest()).await?;
        if open.is_empty() {
            processes::leave(&self.store, id).await?;
        }
        Ok(())
    }
}

/// All calls of one process; it is forgotten once nothing of it is left.
async fn take_up(house: &JobHouse, dead: Pulse) -> Result<(), store::Error> {
    let limit = page::Limit::longest();
    let open = in_time(call_owners::list_open(&house.store, dead.id, limit)).await?;
    if open.is_empty() {
        in_time(call_owners::explain(&house.store, dead.id)).await?;
        metrics::counter!("frontdesk_processes_lost_total").increment(1);
        tracing::warn!(process.id = %dead.id, "process.lost");
        return in_time(processes::forget(&house.store, dead)).await;
    }
    let seen_to = open
        .into_iter()
        .map(|call| async move { see_to(house, &call, dead).await });
    let mut seen_to = stream::iter(seen_to).buffer_unordered(AT_ONCE);
    while let Some(outcome) = seen_to.next().await {
        outcome?;
    }
    Ok(())
}

async fn see_to(house: &JobHouse, call: &CallLog, dead: Pulse) -> Result<(), store::Error> {
    let of = (call.tenant_id, call.id);
    if (house.is_live)(&call.call_sid) {
        return in_time(call_owners::own(&house.store, of, house.process.id())).await;
    }
    let at = in_time(last_news(house, call)).await?.max(dead.seen_at);
    let Some(carrier) = &house.carrier else {
        return in_time(close(house, call, at)).await;
    };
    match carrier.find_call(&call.call_sid).await {
        Ok(found) => in_time(heed(house, call, (found, at))).await,
        Err(error) => {
            complain(call, &error);
            Ok(())
        }
    }
}

/// The carrier has said how the call stands, or that it knows of none.
async fn heed(
    house: &JobHouse,
    call: &CallLog,
    (found, at): (Option<Call>, Timestamp),
) -> Result<(), store::Error> {
    let (store, of) = (&house.store, (call.tenant_id, call.id));
    let Some(truth) = found else {
        note_call_back(house, call).await?;
        lose(house, of, (EndReason::ProcessLost, at)).await?;
        call_routes::close(store, &call.call_sid, house.clock.now()).await?;
        note(call, "lost");
        return Ok(());
    };
    let call_back = (house.clock.new_id(), house.clock.now());
    lost_calls::break_off(store, of, at, call_back).await?;
    if truth.status.is_terminal() {
        believe(house, call, &truth, house.clock.now()).await?;
        note(call, "found");
        return Ok(());
    }
    note(call, "goes_on");
    call_owners::disown(store, of).await
}

/// Nobody can be asked. Whoever rings, waits or speaks with a person does not depend on
/// the process; if a caller of ours is still there after all, the carrier asks what comes
/// next, and is told.
async fn close(house: &JobHouse, call: &CallLog, at: Timestamp) -> Result<(), store::Error> {
    let of = (call.tenant_id, call.id);
    if !lost_calls::is_with_agent(&house.store, call).await? {
        return call_owners::disown(&house.store, of).await;
    }
    note_call_back(house, call).await?;
    lose(house, of, (EndReason::ProcessLost, at)).await?;
    note(call, "lost");
    Ok(())
}

/// Whoever spoke with a receptionist whose process has died is called back, unless a
/// person has them yet.
async fn note_call_back(house: &JobHouse, call: &CallLog) -> Result<(), store::Error> {
    if !lost_calls::is_with_agent(&house.store, call).await? {
        return Ok(());
    }
    let mut tx = house.store.begin().await?;
    let (of, id) = ((call.tenant_id, call.id), house.clock.new_id());
    call_backs::note(&mut tx, of, (id, house.clock.now())).await?;
    tx.commit().await
}
