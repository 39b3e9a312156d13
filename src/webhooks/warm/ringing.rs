//! Somebody is rung for a caller who waits; and whoever is left over is told to go, or led on.

use std::sync::Arc;

use super::leg::Leg;
use crate::domain::{CallSid, Direction, Permit, PhoneNumber, Secret};
use crate::routing::{CallerId, RingStop, Stop};
use crate::store::call_legs::Recorded;
use crate::store::warm_transfers::{self as warm, Place, WarmTransfer};
use crate::store::{call_routes, in_time, warm_legs};
use crate::twilio::rest::{Call, CallUpdate, Client, Error, Instructions, NewCall, StatusCallback};
use crate::twilio::twiml::CallEvent;
use crate::twilio::webhook::VoiceRequest;
use crate::webhooks::at::{At, Terms};
use crate::webhooks::memory::Placed;
use crate::webhooks::picked_up::hang_up;
use crate::webhooks::{Webhooks, gate, ring};

/// A caller who waits, and where on the route.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) house: Webhooks,
    pub(super) placed: Arc<Placed>,
    /// The caller's call.
    pub(super) caller: CallSid,
    /// Where on its route.
    pub(super) stop: usize,
}

/// What the telephone of somebody shows who is rung.
#[derive(Clone)]
struct Shown {
    number: PhoneNumber,
    /// What lets us show a number that is not ours.
    token: Option<Secret<String>>,
}

impl Waiting {
    pub(super) fn new(house: &Webhooks, placed: Arc<Placed>, caller: &CallSid, at: &At) -> Self {
        Self {
            house: house.clone(),
            placed,
            caller: caller.clone(),
            stop: at.stop,
        }
    }

    /// Whom it rings for them, and how; none if that is not what stands there.
    pub(super) fn ring(&self) -> Option<&RingStop> {
        match self.placed.route.stops.get(self.stop)? {
            Stop::Ring(ring) => Some(ring),
            Stop::Reject(_)
            | Stop::Ai(_)
            | Stop::Queue(_)
            | Stop::Voicemail { .. }
            | Stop::Ivr(_)
            | Stop::Message { .. }
            | Stop::Apology => None,
        }
    }

    /// The same for the database.
    pub(super) fn place(&self) -> Place {
        Place {
            tenant_id: self.placed.tenant_id,
            call_id: self.placed.call_id,
            stop: self.stop,
        }
    }

    /// The name of the queue, which no other caller has.
    pub(super) fn queue(&self) -> String {
        queue_name(&self.placed, self.stop)
    }

    /// The address of a webhook that is asked about a telephone.
    pub(super) fn url(&self, webhook: &str, (leg, to): (Leg, Option<&PhoneNumber>)) -> String {
        let point = self.stop.into();
        let url = self.house.stop_url(webhook, &point);
        let user = self
            .ring()
            .zip(to)
            .and_then(|(stop, to)| stop.member_at(to));
        let user = user.map_or_else(String::new, |user| format!("&user={user}"));
        format!("{url}&call={}{user}{}", self.caller, leg.query())
    }

    /// Rings them all, and waits for nobody.
    pub(super) fn ring_all(
        &self,
        request: &VoiceRequest,
        permits: Vec<Permit>,
        recorded: Option<Recorded>,
    ) {
        for (ordinal, permit) in permits.into_iter().enumerate() {
            let leg = Leg {
                ordinal,
                terms: Terms {
                    longest: Some(permit.longest()),
                    recorded,
                },
            };
            let (waiting, request) = (self.clone(), request.clone());
            tokio::spawn(async move { waiting.ring_one(&request, (permit, leg)).await });
        }
    }

    /// Rings one. A lost answer is no reason to ring again: the carrier names the call
    /// as soon as it tells of it.
    async fn ring_one(&self, request: &VoiceRequest, (permit, leg): (Permit, Leg)) {
        let Some(carrier) = &self.house.carrier else {
            return;
        };
        if !self.is_wanted().await {
            self.leg_ended(leg.ordinal).await;
            return;
        }
        match self.ask(carrier, request, (permit, leg)).await {
            Ok(Some(made)) => self.named(leg, &made.sid).await,
            Ok(None) => self.leg_ended(leg.ordinal).await,
            Err(Error::Unknown(cause)) => {
                tracing::warn!(call.id = %self.placed.call_id, %cause, "warm.answer_lost");
            }
            Err(error) => {
                tracing::warn!(call.id = %self.placed.call_id, %error, "warm.not_rung");
                self.leg_ended(leg.ordinal).await;
            }
        }
    }

    /// Asks the carrier to ring, showing the caller's number; where it refuses that, one
    /// of ours.
    async fn ask(
        &self,
        carrier: &Client,
        request: &VoiceRequest,
        (permit, leg): (Permit, Leg),
    ) -> Result<Option<Call>, Error> {
        let (to, ours) = (permit.to().clone(), self.own_number(request));
        let Some(first) = self.callers_number(request).or_else(|| ours.clone()) else {
            return Ok(None);
        };
        let has_other = first.token.is_some();
        let asked = carrier.create_call(self.new_call(first, (permit, leg)));
        let refused = match asked.await {
            Err(error @ Error::Refused(_)) if has_other => error,
            asked => return asked.map(Some),
        };
        let Some((ours, permit)) = ours.zip(self.permit(request, &to).await) else {
            return Err(refused);
        };
        if !self.is_wanted().await {
            return Ok(None);
        }
        let asked = carrier.create_call(self.new_call(ours, (permit, leg)));
        asked.await.map(Some)
    }

    /// Whether somebody else is still to be rung, as far as that is known.
    async fn is_wanted(&self) -> bool {
        match in_time(warm::find(&self.house.store, self.place())).await {
            Ok(Some(transfer)) => transfer.standing == warm::Standing::Waiting,
            Ok(None) | Err(_) => true,
        }
    }

    /// What the gate says of a telephone once more.
    async fn permit(&self, request: &VoiceRequest, to: &PhoneNumber) -> Option<Permit> {
        let mut permits = self.permits(request).await.into_iter();
        permits.find(|permit| permit.to() == to)
    }

    /// Whom the gate lets be rung for the caller.
    pub(super) async fn permits(&self, request: &VoiceRequest) -> Vec<Permit> {
        let Some(stop) = self.ring() else {
            return Vec::new();
        };
        match gate::of(&self.house, &self.placed, stop).await {
            Ok(allowance) => ring::let_through(&allowance, request, stop).0,
            Err(_) => Vec::new(),
        }
    }

    /// The caller's number, where it is to be shown and the carrier lets us.
    fn callers_number(&self, request: &VoiceRequest) -> Option<Shown> {
        let stop = self.ring()?;
        let is_wanted = stop.ring.caller_id == CallerId::Caller;
        let number = request.from.number().filter(|_| is_wanted)?;
        Some(Shown {
            number: number.clone(),
            token: Some(request.call_token.clone()?),
        })
    }

    /// The number of ours that is shown: one that was wanted, else the one that the call
    /// is at.
    fn own_number(&self, request: &VoiceRequest) -> Option<Shown> {
        let wanted = self.ring().and_then(|stop| match &stop.ring.caller_id {
            CallerId::Number(number) => Some(number),
            CallerId::Caller | CallerId::Called => None,
        });
        let number = wanted.or(match request.direction {
            Direction::Inbound => request.to.number(),
            Direction::Outbound => request.from.number(),
        });
        number.map(|number| Shown {
            number: number.clone(),
            token: None,
        })
    }

    fn new_call(&self, shown: Shown, (permit, leg): (Permit, Leg)) -> NewCall {
        let ring = self.ring().map(|stop| &stop.ring);
        let url = |webhook| self.url(webhook, (leg, Some(permit.to())));
        let detects = ring.is_some_and(|ring| ring.detects_machines);
        let [answered, stands] = ["warm/answered", "warm/stands"].map(url);
        NewCall {
            from: shown.number,
            instructions: Instructions::Url(answered),
            fallback_url: Some(self.house.url("/api/voice/webhooks/fallback")),
            status_callback: Some(StatusCallback {
                url: stands,
                events: EVENTS.to_vec(),
            }),
            ring_for: ring.map(|ring| ring.timeout),
            // It is the conversation that is limited.
            time_limit: None,
            call_token: shown.token,
            machine_callback: detects.then(|| url("warm/machine")),
            to: permit,
        }
    }

    /// The carrier has named the call to a telephone. One for which nobody waits any more,
    /// for they are gone or somebody else has taken them, is ended.
    pub(super) async fn named(&self, leg: Leg, call_sid: &CallSid) {
        let (store, place) = (&self.house.store, self.place());
        let found = async {
            warm_legs::name(store, (place, leg.ordinal), call_sid).await?;
            warm::find(store, place).await
        };
        match in_time(found).await {
            Ok(Some(transfer)) if transfer.standing == warm::Standing::Waiting => {
                if self.is_caller_gone().await {
                    abandon(&self.house, &self.caller);
                }
            }
            Ok(Some(transfer)) if transfer.is_taken_at(leg.ordinal) => {}
            Ok(_) => hang_up(&self.house, vec![call_sid.clone()]),
            Err(error) => tracing::warn!(%error, "warm.not_named"),
        }
    }

    /// Whether the carrier has said that the caller is gone, maybe before anybody rang.
    async fn is_caller_gone(&self) -> bool {
        let placed = self.house.memory.call(&self.caller);
        if placed.is_some_and(|placed| placed.is_over()) {
            return true;
        }
        let kept = call_routes::find_by_sid(&self.house.store, &self.caller);
        matches!(in_time(kept).await, Ok(Some(kept)) if kept.is_closed)
    }

    /// Asks the carrier how the calls stand that should be over: what it tells may get lost.
    pub(super) fn look_after(&self, transfer: &WarmTransfer) {
        let legs = transfer
            .legs
            .iter()
            .enumerate()
            .filter(|(_, leg)| !leg.is_over);
        for (ordinal, leg) in legs {
            let (Some(carrier), Some(call_sid)) =
                (self.house.carrier.clone(), leg.call_sid.clone())
            else {
                continue;
            };
            let waiting = self.clone();
            tokio::spawn(async move {
                match carrier.find_call(&call_sid).await {
                    Ok(Some(call)) if !call.status.is_terminal() => {}
                    Ok(_) => waiting.leg_ended(ordinal).await,
                    Err(error) => tracing::info!(%error, "warm.not_looked_after"),
                }
            });
        }
    }

    /// The call to a telephone is over, or was never made: whoever was the last to be rung
    /// leaves the caller alone.
    pub(super) async fn leg_ended(&self, ordinal: usize) {
        let (house, now) = (&self.house, self.house.clock.now());
        let ended = warm_legs::end(&house.store, (self.place(), ordinal), now);
        match in_time(ended).await {
            Ok(true) => self.lead_on().await,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "warm.leg_not_ended"),
        }
    }

    /// Has the carrier lead the caller on at once. Where it does not, the next answer to
    /// what they hear does.
    async fn lead_on(&self) {
        let Some(carrier) = &self.house.carrier else {
            return;
        };
        let url = self.house.stop_url("warm/back", &self.stop.into());
        let there = CallUpdate::Redirect(Instructions::Url(url));
        if let Err(error) = carrier.update_call(&self.caller, &there).await {
            tracing::info!(call.id = %self.placed.call_id, %error, "warm.not_led_on");
        }
    }
}

/// The caller is gone: nobody is rung for them any more.
pub(super) fn abandon(house: &Webhooks, caller: &CallSid) {
    if house.carrier.is_none() {
        return;
    }
    let (house, caller) = (house.clone(), caller.clone());
    tokio::spawn(async move {
        let abandoned = warm::abandon(&house.store, &caller, house.clock.now());
        match in_time(abandoned).await {
            Ok(legs) => hang_up(&house, legs),
            Err(error) => tracing::warn!(%error, "warm.not_abandoned"),
        }
    });
}

/// The name of the queue of a caller who waits at a stop.
pub(super) fn queue_name(placed: &Placed, stop: usize) -> String {
    format!("{}-{stop}", placed.call_id)
}

const EVENTS: [CallEvent; 3] = [
    CallEvent::Initiated,
    CallEvent::Answered,
    CallEvent::Completed,
];
