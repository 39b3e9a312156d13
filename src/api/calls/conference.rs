//! A call that people have: they are led into a conference, and there one of them is held,
//! muted or spoken to.

use std::time::Duration;

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::sleep;

use super::control::note;
use super::live_call::{carrier_of, gone};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::bridge::Happening;
use crate::clock::random_bytes;
use crate::domain::{CallId, CallLog, CallSid, ConferenceSid, Pii, Side, TenantId};
use crate::routing::{Route, Stop};
use crate::store::call_legs::{self, Leg, Standing};
use crate::store::{call_announcements, call_routes};
use crate::twilio::rest::{
    CallUpdate, Cause, Client, Conference, Error, Instructions, ParticipantUpdate,
};

/// What is to be done to one of the two, or to both.
pub(super) enum Wish {
    /// Whether the caller waits, with music.
    Hold(bool),
    /// Whether one is not heard by the other.
    Mute(Side, bool),
    /// Both hear this.
    Say(Pii<String>),
}

impl Wish {
    fn action(&self) -> &'static str {
        match self {
            Self::Hold(_) => "call.held",
            Self::Mute(..) => "call.muted",
            Self::Say(_) => "call.told",
        }
    }

    /// Whether it takes back what can only be done in a conference.
    fn only_undoes(&self) -> bool {
        matches!(self, Self::Hold(false) | Self::Mute(_, false))
    }
}

/// Does it to a call that people have. Where they speak without a conference, the
/// carrier leads them into one first.
pub(super) async fn grant(
    whole: (&ApiState, &Operator),
    call: &CallLog,
    wish: Wish,
) -> Result<StatusCode, ApiError> {
    let (state, operator) = whole;
    let carrier = carrier_of(state, call)?;
    let of = (operator.tenant_id, call.id);
    let leg = call_legs::current(&state.store, of).await?;
    let leg = leg.ok_or(ApiError::Conflict(NOBODY))?;
    note(state, operator, call.id, wish.action()).await?;
    if leg.standing == Standing::Taken && wish.only_undoes() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let two = Two::of(state, call, leg).await?;
    let conference = together(state, carrier, &two.leg).await?;
    match wish {
        Wish::Hold(is_on) => {
            two.hold((state, carrier), &conference, is_on).await?;
            tell(state, call, Happening::Held(is_on));
        }
        Wish::Mute(side, is_on) => {
            let update = ParticipantUpdate {
                muted: Some(is_on),
                ..ParticipantUpdate::default()
            };
            let who = two.call_of(side);
            let done = carrier.update_participant(&conference, who, &update);
            done.await.map_err(gone)?;
            tell(state, call, Happening::Muted(side, is_on));
        }
        Wish::Say(words) => {
            let url = announcement(state, of, &words).await?;
            carrier.announce(&conference, &url).await.map_err(gone)?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

const NOBODY: &str = "nobody speaks with the caller whom the carrier could bring into a \
    conference: the call rings, waits, leaves a message, or is in an announcement";

fn tell(state: &ApiState, call: &CallLog, what: Happening) {
    let of = (call.tenant_id, call.id);
    state.bridge.tell(of, call.created_at, what);
}

/// Keeps the words, and says where the carrier finds them: no word is in that address.
async fn announcement(
    state: &ApiState,
    of: (TenantId, CallId),
    words: &Pii<String>,
) -> Result<String, ApiError> {
    let key = URL_SAFE_NO_PAD.encode(random_bytes::<16>());
    let now = state.clock.now();
    call_announcements::note(&state.store, of, (&key, words), now).await?;
    let path = format!(
        "/api/voice/webhooks/conference/announcement?tenant={}&call={}&words={key}",
        of.0, of.1
    );
    Ok(state.public_url(&path)?)
}

/// Two people who speak, and which of the carrier's calls is whose.
struct Two {
    leg: Leg,
    caller: CallSid,
    person: CallSid,
    /// Music of the tenant's own.
    music: Option<String>,
}

impl Two {
    async fn of(state: &ApiState, call: &CallLog, leg: Leg) -> Result<Self, ApiError> {
        let route = call_routes::find(&state.store, call.tenant_id, call.id).await?;
        let is_members = Route::is_placed_by_member(route.as_ref(), call.direction);
        let stops = route.map(|route| route.stops).unwrap_or_default();
        let music = stops.iter().find_map(|stop| match stop {
            Stop::Queue(queue) => queue.hold_music_url.clone(),
            Stop::Reject(_)
            | Stop::Ai(_)
            | Stop::Ring(_)
            | Stop::Voicemail { .. }
            | Stop::Ivr(_)
            | Stop::Message { .. }
            | Stop::Apology => None,
        });
        let (own, other) = (call.call_sid.clone(), leg.leg_sid.clone());
        let (caller, person) = if is_members {
            (other, own)
        } else {
            (own, other)
        };
        Ok(Self {
            leg,
            caller,
            person,
            music,
        })
    }

    fn call_of(&self, side: Side) -> &CallSid {
        match side {
            Side::Caller => &self.caller,
            Side::Person | Side::Receptionist => &self.person,
        }
    }

    async fn hold(
        &self,
        (state, carrier): (&ApiState, &Client),
        conference: &ConferenceSid,
        is_on: bool,
    ) -> Result<(), ApiError> {
        let music = match &self.music {
            Some(url) => url.clone(),
            None => state.public_url("/api/voice/webhooks/hold-music.wav")?,
        };
        let update = ParticipantUpdate {
            hold: Some(is_on),
            hold_url: is_on.then_some(music),
            ..ParticipantUpdate::default()
        };
        let done = carrier.update_participant(conference, &self.caller, &update);
        done.await.map(drop).map_err(gone)
    }
}

/// The conference in which the two hear one another, from now on.
///
/// The carrier is told once to lead them there. Where its answer is lost, or somebody else
/// has just asked for the same, whether it has done so shows in who is there.
async fn together(
    state: &ApiState,
    carrier: &Client,
    leg: &Leg,
) -> Result<ConferenceSid, ApiError> {
    if leg.standing != Standing::Taken
        && let Some(conference) = meeting(carrier, leg).await?
    {
        return Ok(conference);
    }
    let mut lost = None;
    if call_legs::ask(&state.store, leg, state.clock.now()).await? {
        match carrier.update_call(&leg.leg_sid, &there(state, leg)?).await {
            Ok(_) => call_legs::settle(&state.store, leg, Standing::Moved).await?,
            Err(Error::Unknown(cause)) => lost = Some(cause),
            Err(error) => {
                call_legs::settle(&state.store, leg, Standing::Taken).await?;
                return Err(gone(error));
            }
        }
    }
    for _ in 0..LOOKS {
        if let Some(conference) = meeting(carrier, leg).await? {
            return Ok(conference);
        }
        sleep(BREATH).await;
    }
    Err(apart(lost))
}

/// How often it is looked whether both are there, and how long in between.
const LOOKS: u32 = 16;
const BREATH: Duration = Duration::from_millis(250);

/// The conference, once both are in it.
async fn meeting(carrier: &Client, leg: &Leg) -> Result<Option<ConferenceSid>, ApiError> {
    let found = carrier.find_conference(&leg.conference()).await?;
    let Some(conference) = found.filter(Conference::is_in_progress) else {
        return Ok(None);
    };
    let there = carrier.participants(&conference.sid, MOST).await;
    let there = there.map_err(gone)?.items;
    let has = |sid: &CallSid| there.iter().any(|one| one.call_sid == *sid);
    let is_whole = has(&leg.call_sid) && has(&leg.leg_sid);
    Ok(is_whole.then_some(conference.sid))
}

/// Two are there, if any.
const MOST: usize = 10;

/// The way into the conference, for whoever has taken the call.
fn there(state: &ApiState, leg: &Leg) -> Result<CallUpdate, ApiError> {
    let url = state.public_url("/api/voice/webhooks/conference")?;
    // Of a call of the log we are told as of every other.
    if leg.is_logged {
        return Ok(CallUpdate::Redirect(Instructions::Url(url)));
    }
    let ended_url = state.public_url("/api/voice/webhooks/leg-ended")?;
    Ok(CallUpdate::Lead { url, ended_url })
}

/// The two have not met in time.
fn apart(lost: Option<Cause>) -> ApiError {
    match lost {
        Some(cause) => Error::Unknown(cause).into(),
        None => ApiError::Conflict(APART),
    }
}

const APART: &str = "the carrier has not brought the two into a conference yet, or one of \
    them has hung up; ask again in a moment";
