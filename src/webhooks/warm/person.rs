//! The side of whoever is rung: who it is and why, the key that takes the call, and the end.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::leg::Leg;
use super::ringing::Waiting;
use crate::domain::CallSid;
use crate::store::warm_transfers::{self as warm, Standing};
use crate::store::{Error, in_time, warm_legs};
use crate::twilio::twiml::{Dial, Queue, Response};
use crate::twilio::webhook::{MachineVerdict, StatusCallback};
use crate::webhooks::at::{At, presses_1, value_of};
use crate::webhooks::queue::EMPTY;
use crate::webhooks::signed::Signed;
use crate::webhooks::speech::Speech;
use crate::webhooks::xml::Xml;
use crate::webhooks::{Webhooks, conference, picked_up, recording, switchboard};

/// Somebody has picked up.
pub(in crate::webhooks) async fn answered(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let leg = Leg::of(&at);
    let (Some(waiting), Some(own)) = (waiting(&house, &at).await, value_of(&pairs, "CallSid"))
    else {
        return Xml(Response::new().hangup());
    };
    let speech = waiting.speech();
    let Some(stop) = waiting.ring() else {
        return Xml(Response::new().hangup());
    };
    match waiting.admits(leg, &own).await {
        Admitted::Yes => {
            let action = waiting.again("warm/accepted", &at, leg);
            Xml(picked_up::question(&speech, &stop.ring, &action))
        }
        Admitted::TooLate => Xml(too_late(&speech)),
        Admitted::Unknown => Xml(Response::new().hangup()),
    }
}

/// Whether whoever has picked up may take the call.
enum Admitted {
    Yes,
    /// It was taken, or nobody waits any more.
    TooLate,
    /// Another call to the same telephone was there before.
    Unknown,
}

impl Waiting {
    /// A caller waits also where the database does not say so.
    async fn admits(&self, leg: Leg, own: &CallSid) -> Admitted {
        if self.placed.is_over() {
            return Admitted::TooLate;
        }
        let (store, place) = (&self.house.store, self.place());
        let found = async {
            let is_it = warm_legs::name(store, (place, leg.ordinal), own).await?;
            Ok::<_, Error>((is_it, warm::find(store, place).await?))
        };
        match self.house.patience.must(found).await {
            Some(Ok((false, _))) => Admitted::Unknown,
            Some(Ok((true, Some(transfer)))) => match transfer.standing {
                Standing::Waiting => Admitted::Yes,
                Standing::Accepted if transfer.is_taken_at(leg.ordinal) => Admitted::Yes,
                Standing::Accepted | Standing::Connected | Standing::Left => Admitted::TooLate,
            },
            Some(Ok((true, None))) => Admitted::TooLate,
            Some(Err(error)) => {
                tracing::warn!(call.id = %self.placed.call_id, %error, "warm.unnamed");
                Admitted::Yes
            }
            None => Admitted::Yes,
        }
    }

    fn speech(&self) -> Speech {
        Speech::new(self.placed.route.language.as_deref())
    }

    /// Another address about the same telephone.
    fn again(&self, webhook: &str, at: &At, leg: Leg) -> String {
        let url = self.url(webhook, (leg, None));
        match at.user {
            Some(user) => format!("{url}&user={user}"),
            None => url,
        }
    }

    /// Whether the call is theirs who has pressed the key, and of nobody else.
    async fn is_accepted(&self, leg: Leg) -> bool {
        let (house, at) = (&self.house, (self.place(), leg.ordinal));
        let taken = warm::accept(&house.store, at, house.clock.now());
        match house.patience.must(taken).await {
            Some(Ok(is_taken)) => is_taken,
            // Whoever waits is in the queue.
            Some(Err(error)) => {
                tracing::warn!(call.id = %self.placed.call_id, %error, "warm.not_accepted");
                true
            }
            None => true,
        }
    }

    /// Notes by which call of the carrier's they have the caller from now on.
    async fn note_leg(&self, leg: Leg) {
        let transfer = match in_time(warm::find(&self.house.store, self.place())).await {
            Ok(transfer) => transfer,
            Err(error) => {
                tracing::warn!(call.id = %self.placed.call_id, %error, "warm.leg_not_noted");
                return;
            }
        };
        let legs = transfer.map(|transfer| transfer.legs).unwrap_or_default();
        let own = legs.into_iter().nth(leg.ordinal);
        if let Some(own) = own.and_then(|own| own.call_sid) {
            conference::note_leg(&self.house, &self.placed, (own, false), &leg.terms);
        }
    }

    /// Nobody else is asked any more.
    async fn hang_up_others(&self, leg: Leg) {
        match in_time(warm::find(&self.house.store, self.place())).await {
            Ok(Some(transfer)) => picked_up::hang_up(&self.house, transfer.others(leg.ordinal)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "warm.others_not_hung_up"),
        }
    }

    /// A machine is hung up, and rings for nobody any more.
    async fn leave_machine(&self, leg: Leg, own: CallSid) {
        match in_time(warm::find(&self.house.store, self.place())).await {
            Ok(Some(transfer)) if transfer.is_taken_at(leg.ordinal) => {}
            Ok(_) => {
                picked_up::hang_up(&self.house, vec![own]);
                self.leg_ended(leg.ordinal).await;
            }
            Err(error) => tracing::warn!(%error, "warm.machine_not_left"),
        }
    }

    /// Connects whoever has taken the call with the caller.
    fn connected(&self, at: &At, leg: Leg) -> Option<Response> {
        let queue = Queue::new(&self.queue())
            .inspect_err(|error| tracing::error!(%error, "warm.not_connected"))
            .ok()?
            .url(self.again("warm/connecting", at, leg));
        let mut dial = Dial::new()
            .timeout(EMPTY)
            .time_limit(leg.terms.longest.unwrap_or_default())
            .action(self.again("warm/done", at, leg))
            .queue(queue);
        if let Some(ground) = leg.terms.recorded {
            dial = recording::recorded(&self.house, &self.placed, dial, ground);
        }
        Some(Response::new().dial(dial))
    }
}

fn too_late(speech: &Speech) -> Response {
    let said = speech.say(speech.phrases.no_longer_waits);
    Response::new().say(said).hangup()
}

/// A key was pressed: 1 takes the call, anything else declines it.
pub(in crate::webhooks) async fn accepted(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> Xml {
    let leg = Leg::of(&at);
    let Some(waiting) = waiting(&house, &at).await else {
        return Xml(Response::new().hangup());
    };
    if !presses_1(&pairs) {
        tokio::spawn(async move { waiting.leg_ended(leg.ordinal).await });
        return Xml(Response::new().hangup());
    }
    if waiting.placed.is_over() || !waiting.is_accepted(leg).await {
        return Xml(too_late(&waiting.speech()));
    }
    let connected = waiting.connected(&at, leg);
    tokio::spawn(async move { waiting.hang_up_others(leg).await });
    Xml(connected.unwrap_or_else(|| Response::new().hangup()))
}

/// What the caller hears before the two are connected.
pub(in crate::webhooks) async fn connecting(
    State(house): State<Webhooks>,
    at: At,
    _: Signed,
) -> Xml {
    let leg = Leg::of(&at);
    let Some(waiting) = waiting(&house, &at).await else {
        return Xml(Response::new().pause(Duration::from_secs(1)));
    };
    let connecting = warm::connect(&house.store, waiting.place(), house.clock.now());
    if let Some(Err(error)) = house.patience.must(connecting).await {
        tracing::warn!(call.id = %waiting.placed.call_id, %error, "warm.not_noted");
    }
    switchboard::note_taken(&house, &waiting.placed, at.user);
    let speech = waiting.speech();
    tokio::spawn(async move { waiting.note_leg(leg).await });
    Xml(Response::new().say(speech.say(speech.phrases.connecting)))
}

/// The two have spoken, or the caller was not there any more.
pub(in crate::webhooks) async fn done(State(house): State<Webhooks>, at: At, _: Signed) -> Xml {
    let leg = Leg::of(&at);
    let Some(waiting) = waiting(&house, &at).await else {
        return Xml(Response::new().hangup());
    };
    let found = warm::find(&house.store, waiting.place());
    let transfer = house.patience.must(found).await.and_then(Result::ok);
    let standing = transfer.flatten().map(|transfer| transfer.standing);
    Xml(match standing {
        Some(Standing::Connected) | None => Response::new().hangup(),
        Some(Standing::Waiting | Standing::Accepted | Standing::Left) => {
            let speech = waiting.speech();
            tokio::spawn(async move { waiting.leg_ended(leg.ordinal).await });
            too_late(&speech)
        }
    })
}

/// The carrier has found out whether it is a person. Whoever has pressed a key is one,
/// whatever it says.
pub(in crate::webhooks) async fn machine(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> StatusCode {
    let leg = Leg::of(&at);
    let found = MachineVerdict::from_pairs(&pairs).ok();
    let found = found.filter(|found| found.answered_by.is_machine());
    if let (Some(found), Some(waiting)) = (found, waiting(&house, &at).await) {
        tokio::spawn(async move { waiting.leave_machine(leg, found.call_sid).await });
    }
    StatusCode::NO_CONTENT
}

/// How the call to a telephone stands.
pub(in crate::webhooks) async fn stands(
    State(house): State<Webhooks>,
    at: At,
    Signed(pairs): Signed,
) -> StatusCode {
    let leg = Leg::of(&at);
    let Ok(callback) = StatusCallback::from_pairs(&pairs) else {
        return StatusCode::BAD_REQUEST;
    };
    if let Some(waiting) = waiting(&house, &at).await {
        tokio::spawn(async move {
            let call = &callback.call;
            if call.status.is_terminal() {
                waiting.leg_ended(leg.ordinal).await;
            } else {
                waiting.named(leg, &call.call_sid).await;
            }
        });
    }
    StatusCode::NO_CONTENT
}

/// The caller for whom it rang, if the call is known.
async fn waiting(house: &Webhooks, at: &At) -> Option<Waiting> {
    let caller = at.call.as_ref()?;
    let placed = switchboard::find_at(house, caller, at.stop).await?;
    Some(Waiting::new(house, placed, caller, at))
}
