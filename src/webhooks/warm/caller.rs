//! The caller's side: the tune, and the way out of it.

use std::time::Duration;

use axum::extract::State;

use super::ringing::{self, Waiting};
use crate::domain::{CallSid, Timestamp};
use crate::routing::Stop;
use crate::routing::ivr::Outcome;
use crate::store::call_legs::Recorded;
use crate::store::warm_legs::WarmLeg;
use crate::store::warm_transfers::{self as warm, Standing, WarmTransfer};
use crate::twilio::twiml::{Enqueue, Play, Response};
use crate::twilio::webhook::{EnqueueResult, QueueOutcome, QueueWait, VoiceRequest};
use crate::webhooks::at::{At, Point, Terms};
use crate::webhooks::memory::Placed;
use crate::webhooks::picked_up::hang_up;
use crate::webhooks::signed::Signed;
use crate::webhooks::xml::Xml;
use crate::webhooks::{Webhooks, hold_music, last_answer, queue, spoken, stops, switchboard};

/// So long whoever has picked up may listen and think, beyond the ringing.
const THINKING: Duration = Duration::from_mins(1);
/// So long the carrier may take to name a call, or to connect the two.
const LATEST: Duration = Duration::from_secs(20);
/// So long it may take to lead a caller on whom it was told to lead on.
const LEADING_ON: Duration = Duration::from_secs(5);
/// Who has waited for longer has heard our tune.
const A_TUNE: Duration = Duration::from_secs(hold_music::SECONDS / 2);

/// Has a caller wait at a place on the route, whose call is recorded on that ground.
pub(in crate::webhooks) fn enqueue(
    house: &Webhooks,
    placed: &Placed,
    point: &Point,
    recorded: Option<Recorded>,
) -> Option<Response> {
    let terms = Terms {
        longest: None,
        recorded,
    };
    let wait = house.stop_url("warm/wait", point);
    let enqueue = Enqueue::new(&ringing::queue_name(placed, point.stop))
        .inspect_err(|error| tracing::error!(%error, "warm.not_queued"))
        .ok()?
        .action(house.stop_url("warm/left", point))
        .wait_url(format!("{wait}{}", terms.query()));
    Some(Response::new().enqueue(enqueue))
}

/// What is heard while waiting; asked for again whenever it ends.
pub(in crate::webhooks) async fn wait(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(form) = QueueWait::from_pairs(&pairs) else {
        return Xml(Response::new().leave());
    };
    let caller = &form.call.call_sid;
    // Whoever waits in a queue that we know nothing of is let out of it.
    let Some(placed) = switchboard::find_at(&house, caller, at.stop).await else {
        return Xml(Response::new().leave());
    };
    let stays = !placed.is_over() && {
        let waiting = Waiting::new(&house, placed, caller, &at);
        waiting.stays(&form, at.terms.recorded).await
    };
    Xml(if stays {
        Response::new().play(Play::new(&house.url("/api/voice/webhooks/hold-music.wav")))
    } else {
        Response::new().leave()
    })
}

impl Waiting {
    /// Whether there still is somebody to wait for.
    async fn stays(&self, form: &QueueWait, recorded: Option<Recorded>) -> bool {
        let Some(stop) = self.ring() else {
            return false;
        };
        let is_late = form.waited >= stop.ring.timeout + THINKING;
        let is_unanswered = form.waited > stop.ring.timeout;
        let is_unnamed = form.waited >= LATEST;
        // Who is to hear something before we go is led on to it.
        let is_last = last_answer::is_due(&self.house);
        let is_late = is_late || is_last;
        let found = warm::find(&self.house.store, self.place());
        match self.house.patience.must(found).await {
            Some(Ok(Some(transfer))) => {
                self.note_ringing();
                if is_unanswered && transfer.standing == Standing::Waiting {
                    self.look_after(&transfer);
                }
                let now = self.house.clock.now();
                !is_due(&transfer, (is_late, is_unnamed), now) || self.is_kept(&transfer).await
            }
            Some(Ok(None)) => !is_last && self.begins(&form.call, recorded).await,
            Some(Err(error)) => {
                tracing::warn!(call.id = %self.placed.call_id, %error, "warm.unknown");
                !is_late && self.may_ring(form)
            }
            None => !is_late && self.may_ring(form),
        }
    }

    /// Whether there may be somebody to wait for while the database is away: whoever is
    /// rung may take the call without it. Where nobody is, as far as we know, it may be back
    /// by the end of a tune.
    fn may_ring(&self, form: &QueueWait) -> bool {
        self.placed.rings_at == Some(self.stop) || form.waited < A_TUNE
    }

    fn note_ringing(&self) {
        if self.placed.rings_at != Some(self.stop) {
            let (memory, stop) = (&self.house.memory, self.stop);
            memory.change(&self.caller, |placed| placed.rings_at = Some(stop));
        }
    }

    /// Has them rung who may be, once.
    async fn begins(&self, request: &VoiceRequest, recorded: Option<Recorded>) -> bool {
        let permits = self.permits(request).await;
        if permits.is_empty() {
            return false;
        }
        let (store, now) = (&self.house.store, self.house.clock.now());
        match warm::begin(store, self.place(), permits.len(), now).await {
            Ok(true) => {
                self.note_ringing();
                self.ring_all(request, permits, recorded);
            }
            Ok(false) => {}
            Err(error) => {
                tracing::error!(call.id = %self.placed.call_id, %error, "warm.not_begun");
                return false;
            }
        }
        true
    }

    /// Whether somebody else has the caller, who is about to be led on by this answer.
    async fn is_kept(&self, transfer: &WarmTransfer) -> bool {
        if transfer.standing == Standing::Left {
            return false;
        }
        match warm::leave(&self.house.store, self.place(), self.house.clock.now()).await {
            Ok(Some(legs)) => {
                hang_up(&self.house, legs);
                false
            }
            // Somebody has taken the call, or leads the caller on.
            Ok(None) => true,
            Err(error) => {
                tracing::error!(call.id = %self.placed.call_id, %error, "warm.not_left");
                false
            }
        }
    }
}

/// Whether the caller is to be led on by this answer: nobody comes any more, or who was to
/// lead them on has not.
fn is_due(transfer: &WarmTransfer, (is_late, is_unnamed): (bool, bool), now: Timestamp) -> bool {
    let lasts = now.as_ms() - transfer.since.as_ms();
    let lasts = Duration::from_millis(u64::try_from(lasts).unwrap_or_default());
    match transfer.standing {
        Standing::Waiting => {
            // A call that the carrier has not named by now was never made.
            let is_lost = |leg: &WarmLeg| leg.is_over || (is_unnamed && leg.call_sid.is_none());
            is_late || transfer.legs.iter().all(is_lost)
        }
        Standing::Accepted => lasts >= LATEST,
        Standing::Connected => false,
        Standing::Left => lasts >= LEADING_ON,
    }
}

/// The caller waits no longer.
pub(in crate::webhooks) async fn left(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let Ok(result) = EnqueueResult::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    // The carrier keeps every queue that anybody has ever waited in.
    if let Some(queue) = result.queue_sid.clone() {
        forget_queue(&house, queue);
    }
    let request = &result.call;
    match result.outcome {
        QueueOutcome::Bridged => {
            let placed = switchboard::find_at(&house, &request.call_sid, at.stop).await;
            let spoken = queue::spoken_with(&house, placed.as_deref(), (&at, request));
            return Xml(spoken.await);
        }
        QueueOutcome::BridgingInProcess | QueueOutcome::RedirectedFromBridged => {
            return Xml(Response::new().hangup());
        }
        // Somebody else may have led the caller elsewhere.
        QueueOutcome::HangUp | QueueOutcome::Redirected => {
            ringing::abandon(&house, &request.call_sid);
            return Xml(Response::new().hangup());
        }
        QueueOutcome::Leave
        | QueueOutcome::QueueFull
        | QueueOutcome::Error
        | QueueOutcome::SystemError => {}
    }
    // Who never came to wait is not to be rung for.
    ringing::abandon(&house, &request.call_sid);
    Xml(led_on(&house, request, &at).await)
}

/// The carrier was told to lead the caller on.
pub(in crate::webhooks) async fn back(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    match VoiceRequest::from_pairs(&pairs) {
        Ok(request) => Xml(led_on(&house, &request, &at).await),
        Err(_) => Xml(spoken::apology()),
    }
}

async fn led_on(house: &Webhooks, request: &VoiceRequest, at: &At) -> Response {
    match switchboard::find_at(house, &request.call_sid, at.stop).await {
        Some(placed) => stops::go_on(house, &placed, request, at, Outcome::NoAnswer).await,
        None => spoken::apology(),
    }
}

/// The caller has hung up: nobody is rung for them any more. Of a call that was placed
/// elsewhere only the database knows whether they waited.
pub(in crate::webhooks) fn caller_gone(house: &Webhooks, caller: &CallSid) {
    let is_warm = |stop: &Stop| matches!(stop, Stop::Ring(ring) if ring.is_warm);
    let placed = house.memory.call(caller);
    if placed.is_none_or(|placed| placed.route.stops.iter().any(is_warm)) {
        ringing::abandon(house, caller);
    }
}

fn forget_queue(house: &Webhooks, queue: String) {
    let Some(carrier) = house.carrier.clone() else {
        return;
    };
    tokio::spawn(async move {
        if let Err(error) = carrier.delete_queue(&queue).await {
            tracing::info!(%error, "warm.queue_not_forgotten");
        }
    });
}
