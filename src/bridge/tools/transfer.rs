//! `transfer_call`, and the way to a person: by names that an admin has given, never by number.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::answer::{Problem, bad_arguments, one_line, read};
use super::toolbox::{Ask, Done, Toolbox};
use crate::bridge::handover::to_whom;
use crate::call::HandsTo;
use crate::domain::{
    CallLog, Destination, Dial, DialPolicy, PhoneNumber, Place, Purpose, SettingKey, TransferMode,
    UserId,
};
use crate::routing::{AiStop, CallerId, Ring, RingStop, Route, Stop, Telephone, Voice};
use crate::store::call_transfers::{self as transfers, Standing};
use crate::store::dials::{self, Clearing};
use crate::store::{Error, call_routes, contacts, queues, settings, users};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    destination: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    caller_name: Option<String>,
}

/// What whoever answers is told.
struct Word {
    reason: String,
    caller_name: Option<String>,
}

/// The call, and where it was going.
struct Journey<'a> {
    house: &'a Toolbox,
    ask: &'a Ask,
    call: CallLog,
    route: Route,
}

/// Hands the caller on to the destination of that key.
pub(super) async fn to_destination(house: &Toolbox, ask: &Ask) -> Result<Done, Error> {
    let wish: Wish = match read(&ask.arguments) {
        Ok(wish) => wish,
        Err(fault) => return Ok(Done::bad(fault)),
    };
    let mut all = ask.receptionist.toolkit.destinations.iter();
    let Some(destination) = all.find(|one| one.key == wish.destination) else {
        return Ok(Done::bad(bad_arguments(
            "there is no destination of that key",
        )));
    };
    let Some(journey) = journey(house, ask).await? else {
        return Ok(super::answer::UNAVAILABLE.into());
    };
    // Whoever answers hears who it is. What is said in a pause is not kept for them.
    let reason = Some(wish.reason).filter(|_| !ask.is_discreet);
    let caller_name = wish.caller_name.filter(|_| !ask.is_discreet);
    let word = Word {
        reason: reason.map_or_else(String::new, |reason| one_line(&reason, MAX_REASON)),
        caller_name: caller_name.map(|name| one_line(&name, MAX_NAME)),
    };
    let of = (ask.tenant_id, ask.call_id);
    if transfers::count(&house.store, of).await? >= MAX_TRANSFERS {
        return Ok(ENOUGH.into());
    }
    match journey.stop(destination, &word).await? {
        Ok(stop) => journey.hand_on(stop, destination).await,
        Err(problem) => Ok(problem.into()),
    }
}

/// Leads the caller to a person, as the receptionist's rule says; to the
/// voicemail, where there is none. The caller stays where there are no messages either.
pub(super) async fn to_person(house: &Toolbox, ask: &Ask) -> Result<Done, Error> {
    let Some(journey) = journey(house, ask).await? else {
        return Ok(super::answer::UNAVAILABLE.into());
    };
    let kit = &ask.receptionist.toolkit;
    let key = kit.person.destination.as_ref();
    let destination = key.and_then(|key| kit.destinations.iter().find(|one| one.key == *key));
    let word = Word {
        reason: String::new(),
        caller_name: None,
    };
    if let Some(destination) = destination
        && let Ok(stop) = journey.stop(destination, &word).await?
    {
        let to = to_whom(&stop);
        // Who has asked for a person does not come back to a machine.
        let done = journey.ask_for(journey.route.handed_on(stop), to).await?;
        if done.handover.is_some() {
            return Ok(done);
        }
    }
    let stops = journey.route.to_people();
    let to = stops.first().map_or(HandsTo::Voicemail, to_whom);
    if to == HandsTo::Voicemail && !journey.has_voicemail().await? {
        return Ok(Done::good(&json!({"status": "nobody_there"})));
    }
    journey.ask_for(stops, to).await
}

async fn journey<'a>(house: &'a Toolbox, ask: &'a Ask) -> Result<Option<Journey<'a>>, Error> {
    let call = house.call(ask).await?;
    let route = call_routes::find(&house.store, ask.tenant_id, ask.call_id).await?;
    Ok(call.zip(route).map(|(call, route)| Journey {
        house,
        ask,
        call,
        route,
    }))
}

impl Journey<'_> {
    /// The destination as a stop, if the tenant still has it.
    async fn stop(
        &self,
        destination: &Destination,
        word: &Word,
    ) -> Result<Result<Stop, Problem>, Error> {
        let (store, tenant) = (&self.house.store, self.ask.tenant_id);
        match &destination.place {
            Place::User(id) => self.members(&[*id], destination.mode, word).await,
            Place::Team(ids) => self.members(ids, destination.mode, word).await,
            Place::Number(number) => {
                let settings = settings::of_tenant(store, tenant, None).await?;
                let longest = settings.longest_call().unwrap_or(Duration::MAX);
                let telephone = Telephone::outside(number.clone());
                let ring = self.ring(destination.mode, word).await?;
                Ok(Ok(Stop::Ring(RingStop {
                    is_warm: destination.mode == TransferMode::Warm,
                    ..RingStop::one(telephone, Some(longest), ring)
                })))
            }
            Place::Queue(id) => {
                let queue = queues::find(store, tenant, *id).await?;
                let queue = queue.ok_or(NOBODY);
                Ok(queue.map(|queue| Stop::Queue((&queue).into())))
            }
            Place::Voicemail { greeting, user_id } => {
                let stop = self.has_voicemail().await?.then(|| Stop::Voicemail {
                    greeting: greeting.clone(),
                    user_id: *user_id,
                });
                Ok(stop.ok_or(NOBODY))
            }
        }
    }

    /// Whether messages can be left.
    async fn has_voicemail(&self) -> Result<bool, Error> {
        let settings = settings::of_tenant(&self.house.store, self.ask.tenant_id, None).await?;
        Ok(settings.truth(SettingKey::EnableVoicemail))
    }

    /// The telephones of those who work and have one.
    async fn members(
        &self,
        ids: &[UserId],
        mode: TransferMode,
        word: &Word,
    ) -> Result<Result<Stop, Problem>, Error> {
        let mut telephones: Vec<Telephone> = Vec::new();
        for id in ids {
            let user = users::find(&self.house.store, self.ask.tenant_id, *id).await?;
            let user = user.filter(|user| user.is_active);
            let number = user.and_then(|user| user.phone_number);
            let number = number.filter(|to| DialPolicy::judge_anywhere(to).is_ok());
            let is_known = |to: &PhoneNumber| telephones.iter().any(|one| one.number == *to);
            if let Some(number) = number.filter(|to| !is_known(to)) {
                telephones.push(Telephone::of_member(number, *id));
            }
        }
        if telephones.is_empty() {
            return Ok(Err(NOBODY));
        }
        Ok(Ok(Stop::Ring(RingStop {
            telephones,
            whose: Purpose::Member,
            is_in_turn: false,
            longest: None,
            is_warm: mode == TransferMode::Warm,
            ring: self.ring(mode, word).await?,
        })))
    }

    async fn ring(&self, mode: TransferMode, word: &Word) -> Result<Ring, Error> {
        let is_warm = mode == TransferMode::Warm;
        let whisper = if is_warm {
            Some(self.whisper(word).await?)
        } else {
            None
        };
        Ok(Ring {
            caller_id: CallerId::of_call(&self.call),
            whisper,
            asks_to_accept: is_warm,
            detects_machines: is_warm,
            ..Ring::default()
        })
    }

    /// Who it is, and why: the caller's name if it is known, else the number,
    /// digit by digit.
    async fn whisper(&self, word: &Word) -> Result<String, Error> {
        let number = self.call.ends().1.number();
        let contact = match number {
            Some(number) => {
                let (store, tenant) = (&self.house.store, self.ask.tenant_id);
                contacts::find_by_number(store, tenant, number).await?
            }
            None => None,
        };
        let on_file = contact.map(|contact| one_line(contact.name.expose(), MAX_NAME));
        let digits = number.map(|number| {
            let digits = number.as_str().chars().skip(1);
            digits.map(String::from).collect::<Vec<_>>().join(" ")
        });
        let told = word.caller_name.clone().filter(|name| !name.is_empty());
        let who = told.or(on_file).or(digits);
        let reason = Some(word.reason.clone()).filter(|reason| !reason.is_empty());
        let parts: Vec<String> = who.into_iter().chain(reason).collect();
        Ok(parts.join(". "))
    }

    async fn hand_on(&self, stop: Stop, destination: &Destination) -> Result<Done, Error> {
        let to = to_whom(&stop);
        let mut stops = self.route.handed_on(stop);
        if destination.mode == TransferMode::Warm {
            let back = Stop::Ai(AiStop {
                receptionist_id: self.ask.receptionist.id,
                voice: self.voice(),
                back_from: Some(destination.key.clone()),
            });
            stops.insert(1, back);
        }
        self.ask_for(stops, to).await
    }

    /// How this receptionist has spoken in this call.
    fn voice(&self) -> Voice {
        let own = self.ask.receptionist.id;
        let mut stops = self.route.stops.iter();
        let said = stops.find_map(|stop| {
            if let Stop::Ai(ai) = stop
                && ai.receptionist_id == own
            {
                return Some(ai.voice.clone());
            }
            None
        });
        said.unwrap_or_default()
    }

    /// Writes down where the call goes on, through the gate.
    async fn ask_for(&self, mut stops: Vec<Stop>, to: HandsTo) -> Result<Done, Error> {
        let (ask, now) = (self.ask, self.house.clock.now());
        let of = (ask.tenant_id, ask.call_id);
        let mut tx = self.house.store.begin().await?;
        if let Some(Stop::Ring(ring)) = stops.first_mut()
            && let (Some(longest), Some(to)) = (ring.longest, ring.telephones.first())
        {
            let clearing = Clearing {
                tenant_id: ask.tenant_id,
                call_id: ask.call_id,
                user_id: None,
                dial: Dial {
                    to: &to.number,
                    purpose: Purpose::Outside,
                    via: None,
                    longest,
                },
                at: now,
            };
            match dials::clear(&mut tx, &clearing).await? {
                Ok(permit) => ring.longest = Some(permit.longest()),
                Err(refusal) => {
                    drop(tx);
                    let why = refusal.code();
                    metrics::counter!("frontdesk_dials_refused_total", "why" => why).increment(1);
                    tracing::info!(call.id = %ask.call_id, why, "tool.transfer_refused");
                    return Ok(REFUSED.into());
                }
            }
        }
        match transfers::ask(&mut tx, of, &stops, now).await? {
            Standing::Asked(handover) => {
                tx.commit().await?;
                let detail = "The caller is handed on now. Say nothing more.";
                let mut done = Done::good(&json!({"status": "ok", "detail": detail}));
                done.handover = Some((handover, to));
                Ok(done)
            }
            Standing::Done | Standing::UnderWay => Ok(UNDER_WAY.into()),
            Standing::Unrouted => Ok(super::answer::UNAVAILABLE.into()),
        }
    }
}

const MAX_REASON: usize = 300;
const MAX_NAME: usize = 100;
/// So often a receptionist hands one call on.
const MAX_TRANSFERS: i64 = 5;

const NOBODY: Problem = Problem::new(
    "nobody_there",
    "Nobody can be reached there at the moment. Say so, and offer to take a message.",
);
const REFUSED: Problem = Problem::new(
    "refused",
    "This place cannot be rung from here at the moment. Say so, and offer to take a message.",
);
const ENOUGH: Problem = Problem::new(
    "too_many_transfers",
    "This call has been handed on often enough. Say that nobody takes it, and offer to take a \
     message.",
);
const UNDER_WAY: Problem = Problem::new(
    "under_way",
    "The caller is being handed on already. Say nothing more.",
);
