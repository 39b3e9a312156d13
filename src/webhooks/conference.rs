//! Two people who speak are led into a conference, where they can be held, muted and
//! spoken to.
//!
//! A call that people have is one call of the carrier's that has rung another, and nothing
//! can be done to the two but to part them. The first time that more is wanted, the
//! [leg](call_legs::Leg) of whoever has taken the call is led into a conference
//! ([`enter`]). What the caller did with them is over with that, and the carrier asks what
//! comes next: the caller [follows](follow) into the same conference.
//!
//! **Invariant:** nobody stays there alone. It ends with the first of the two who leaves
//! it, and whoever is gone before both are there is known by the end of their call
//! ([`over`]).

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use tokio::time::{sleep, timeout};

use super::at::{Point, Terms, value_of};
use super::memory::Placed;
use super::signed::Signed;
use super::speech::Speech;
use super::xml::Xml;
use super::{Webhooks, recording, stops};
use crate::domain::{CallId, CallSid, CallStatus, TenantId};
use crate::store::call_legs::{self, Leg, NewLeg, Standing};
use crate::store::{Error, call_announcements, call_routes, in_time};
use crate::twilio::rest::{self, CallUpdate, Client};
use crate::twilio::twiml::{Beep, Conference, ConferenceRecord, Dial, Response, Webhook};
use crate::twilio::webhook::{VoiceRequest, parse_form};

/// Notes by which call of the carrier's somebody has taken a call. Whoever is on the line
/// is not kept waiting for it.
pub(super) fn note_leg(
    house: &Webhooks,
    placed: &Placed,
    (leg_sid, is_logged): (CallSid, bool),
    terms: &Terms,
) {
    let Some(longest) = terms.longest else {
        return;
    };
    let now = house.clock.now();
    let leg = NewLeg {
        leg_sid,
        is_logged,
        recorded: terms.recorded,
        taken_at: now,
        until: now.plus_ms(i64::try_from(longest.as_millis()).unwrap_or_default()),
    };
    let (store, of) = (house.store.clone(), (placed.tenant_id, placed.call_id));
    tokio::spawn(async move {
        if let Err(error) = in_time(call_legs::take(&store, of, &leg)).await {
            tracing::warn!(call.id = %of.1, %error, "call.leg_not_noted");
        }
    });
}

/// Leads a caller after whoever they spoke with: that is why what they did with them is
/// over. None where it simply is, or nobody is there any more.
pub(super) async fn follow(
    house: &Webhooks,
    (placed, request): (&Placed, &VoiceRequest),
    leg_sid: Option<&CallSid>,
    point: &Point,
) -> Option<Response> {
    let carrier = house.carrier.as_ref()?;
    let leg = moving(house, &request.call_sid).await?;
    if leg_sid.is_some_and(|one| *one != leg.leg_sid) {
        return None;
    }
    if stops::is_gone(placed, request) {
        over(house, &request.call_sid);
        return None;
    }
    if !is_there(carrier, &leg).await {
        return None;
    }
    let dial = dial(house, &leg).action(house.stop_url("conference/left", point));
    Some(Response::new().dial(dial))
}

/// Whether whoever has taken the call is still on the line. Where the carrier does not
/// tell, they are if it has said that it leads them there.
async fn is_there(carrier: &Client, leg: &Leg) -> bool {
    match timeout(LOOK, carrier.find_call(&leg.leg_sid)).await {
        Ok(Ok(Some(call))) => call.status == CallStatus::InProgress,
        Ok(Ok(None)) => false,
        Ok(Err(_)) | Err(_) => leg.standing == Standing::Moved,
    }
}

/// The caller waits so long for the carrier to say how things stand.
const LOOK: Duration = Duration::from_secs(3);

/// Whoever has taken a call enters its conference.
pub(super) async fn enter(State(house): State<Webhooks>, Signed(pairs): Signed) -> Xml {
    let request = VoiceRequest::from_pairs(&pairs);
    let leg = match &request {
        Ok(request) => moving(&house, &request.call_sid).await,
        Err(_) => None,
    };
    Xml(match leg {
        Some(leg) => Response::new().dial(dial(&house, &leg)),
        // The caller has gone meanwhile.
        None => Response::new().hangup(),
    })
}

async fn moving(house: &Webhooks, call_sid: &CallSid) -> Option<Leg> {
    let asked = call_legs::moving(&house.store, call_sid);
    match house.patience.must(asked).await {
        Some(Ok(legs)) => legs.into_iter().next(),
        Some(Err(error)) => {
            tracing::error!(%error, "conference.lost");
            None
        }
        None => {
            tracing::error!("conference.lost: the database did not answer in time");
            None
        }
    }
}

/// The conference of the two, for either of them: the first who is there decides how it
/// is recorded.
fn dial(house: &Webhooks, leg: &Leg) -> Dial {
    let tune = house.url("/api/voice/webhooks/hold-music.wav");
    let mut conference = Conference::new(&leg.conference())
        .beep(Beep::Never)
        .start_conference_on_enter(true)
        .end_conference_on_exit(true)
        .wait_url(Webhook::get(tune));
    if let Some(recorded) = leg.recorded {
        let callback = recording::callback(house, (leg.tenant_id, leg.call_id), recorded);
        conference = conference
            .record(ConferenceRecord::FromStart)
            .recording_status_callback(callback);
    }
    let left = leg.left(house.clock.now());
    Dial::new().time_limit(left).conference(conference)
}

/// The conference is over, and with it the call: whoever has spoken with somebody is done.
pub(super) async fn left(State(house): State<Webhooks>, Signed(pairs): Signed) -> Xml {
    if let Ok(request) = VoiceRequest::from_pairs(&pairs) {
        over(&house, &request.call_sid);
    }
    Xml(Response::new().hangup())
}

/// Whoever has taken a call has hung up, and was led into a conference before.
pub(super) async fn leg_ended(State(house): State<Webhooks>, Signed(pairs): Signed) -> StatusCode {
    match VoiceRequest::from_pairs(&pairs) {
        Ok(request) if request.status.is_terminal() => over(&house, &request.call_sid),
        Ok(_) | Err(_) => {}
    }
    StatusCode::NO_CONTENT
}

/// The carrier's call of that SID is over. If it was one of two who were to meet in a
/// conference, the other does not stay there alone. Nobody waits for it.
pub(super) fn over(house: &Webhooks, call_sid: &CallSid) {
    let Some(carrier) = house.carrier.clone() else {
        return;
    };
    let (store, call_sid) = (house.store.clone(), call_sid.clone());
    tokio::spawn(async move {
        let legs = match in_time(call_legs::end(&store, &call_sid)).await {
            Ok(legs) => legs,
            Err(error) => {
                tracing::warn!(%error, "conference.end_not_noted");
                return;
            }
        };
        for leg in legs {
            if let Err(error) = part(&carrier, &leg, leg.leg_sid == call_sid).await {
                tracing::warn!(call.id = %leg.call_id, %error, "conference.not_ended");
            }
        }
    });
}

/// Hangs up on the other of the two.
async fn part(carrier: &Client, leg: &Leg, is_legs_end: bool) -> Result<(), rest::Error> {
    if !is_legs_end {
        let done = carrier.update_call(&leg.leg_sid, &CallUpdate::Complete);
        return done.await.map(drop);
    }
    // The caller may be on their way there.
    for _ in 0..LOOKS {
        if let Some(found) = carrier.find_conference(&leg.conference()).await? {
            return carrier.end_conference(&found.sid).await;
        }
        sleep(BREATH).await;
    }
    Ok(())
}

const LOOKS: u32 = 4;
const BREATH: Duration = Duration::from_millis(500);

/// What an operator has said into the call: asked by an address that has no word of it.
pub(super) async fn announcement(
    State(house): State<Webhooks>,
    RawQuery(query): RawQuery,
    _: Signed,
) -> Xml {
    let pairs = parse_form(query.unwrap_or_default().as_bytes());
    let of = value_of::<TenantId>(&pairs, "tenant").zip(value_of::<CallId>(&pairs, "call"));
    let words: Option<String> = value_of(&pairs, "words");
    let (Some(of), Some(key)) = (of, words) else {
        return Xml(Response::new());
    };
    Xml(match house.patience.must(said(&house, of, &key)).await {
        Some(Ok(said)) => said,
        Some(Err(error)) => {
            tracing::error!(call.id = %of.1, %error, "conference.unsaid");
            Response::new()
        }
        None => {
            tracing::error!(call.id = %of.1, "conference.unsaid: the database did not answer");
            Response::new()
        }
    })
}

async fn said(house: &Webhooks, of: (TenantId, CallId), key: &str) -> Result<Response, Error> {
    let words = call_announcements::find(&house.store, of, key).await?;
    let route = call_routes::find(&house.store, of.0, of.1).await?;
    let language = route.and_then(|route| route.language);
    let speech = Speech::new(language.as_deref());
    Ok(match words {
        Some(words) => Response::new().say(speech.say_own(words.expose())),
        None => Response::new(),
    })
}
