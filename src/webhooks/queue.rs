//! A caller waits: the tune, the place in the queue, and the way out of it.

use std::time::Duration;

use axum::extract::State;
use tokio::time::sleep;

use super::at::{At, Point, presses_1};
use super::memory::Placed;
use super::signed::Signed;
use super::speech::Speech;
use super::voicemail_twiml::{Caller, LONGEST};
use super::xml::Xml;
use super::{
    Webhooks, conference, gate, hold_music, last_answer, spoken, stops, switchboard,
    voicemail_twiml,
};
use crate::bridge::Happening;
use crate::domain::{CallId, CallSid, QueueId, SettingKey, TenantId, Timestamp};
use crate::routing::ivr::Outcome;
use crate::routing::{QueueStop, Stop};
use crate::store::{in_time, queue_waits, settings};
use crate::twilio::rest::{CallUpdate, Instructions};
use crate::twilio::twiml::{Enqueue, Error, Gather, Play, Response, Webhook};
use crate::twilio::webhook::{EnqueueResult, QueueOutcome, QueueWait, VoiceRequest};

/// How often the built-in tune is played before the caller hears of us again.
const TUNES: u64 = 3;
/// So long whoever takes the next caller waits for one where there is none.
pub(super) const EMPTY: Duration = Duration::from_secs(5);

/// The queue at a place on a route. Its name at the carrier is its id, which no
/// other tenant has.
pub(super) fn enqueue(
    house: &Webhooks,
    (point, stop): (&Point, &QueueStop),
) -> Result<Response, Error> {
    let enqueue = Enqueue::new(&stop.queue_id.to_string())?
        .action(house.stop_url("queue/left", point))
        .wait_url(house.stop_url("queue/wait", point))
        .max_queue_size(stop.max_size);
    Ok(Response::new().enqueue(enqueue))
}

/// What is heard while waiting; asked for again whenever it ends.
pub(super) async fn wait(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Ok(form) = QueueWait::from_pairs(&pairs) else {
        return Xml(Response::new().leave());
    };
    let placed = switchboard::find_at(&house, &form.call.call_sid, at.stop).await;
    // Whoever waits in a queue that we know nothing of is let out of it.
    let Some(placed) = &placed else {
        return Xml(Response::new().leave());
    };
    let Some(Stop::Queue(stop)) = stops::at(&house, placed, &form.call.call_sid, &at).await else {
        return Xml(Response::new().leave());
    };
    let left = stop.max_wait.saturating_sub(form.waited);
    let left = gate::may_wait(&house, placed, left).await;
    // Who is to hear something before we go is led on to it.
    if left.is_zero() || placed.is_over() || last_answer::is_due(&house) {
        return Xml(Response::new().leave());
    }
    let over = Over {
        queue: stop.queue_id,
        left: stop.hold_music_url.is_some().then_some(left),
        then: house.stop_url("queue/over", &at.point()),
    };
    note_waiting(&house, placed, &form.call.call_sid, over);
    let speech = Speech::new(placed.route.language.as_deref());
    let mut gather = Gather::new()
        .num_digits(1)
        .timeout(Duration::from_secs(1))
        .action(house.stop_url("queue/key", &at.point()));
    if !last_answer::is_near(&house) {
        for words in announcements(&form, &stop, &speech) {
            gather = gather.say(speech.say(&words));
        }
    }
    if may_leave_message(&house, placed).await {
        gather = gather.say(speech.say(speech.phrases.press_1_for_message));
    }
    let music = music(&house, &form.call.call_sid, &stop, left);
    Xml(Response::new().gather(gather.play(music)))
}

/// When somebody has waited in a queue for long enough.
struct Over {
    queue: QueueId,
    /// After so long, where nobody knows how long they hear what they hear.
    left: Option<Duration>,
    /// Where they go on then.
    then: String,
}

/// Notes that the caller waits there, and tells it, once. Nobody is kept waiting for it;
/// what fails is tried again when the tune is over.
fn note_waiting(house: &Webhooks, placed: &Placed, call_sid: &CallSid, over: Over) {
    let queue = over.queue;
    if placed.waits_in == Some(queue) {
        return;
    }
    let (house, call_sid, now) = (house.clone(), call_sid.clone(), house.clock.now());
    let (of, since) = ((placed.tenant_id, placed.call_id), placed.since);
    tokio::spawn(async move {
        match in_time(queue_waits::begin(&house.store, of, queue, now)).await {
            Ok(is_news) => {
                let noted = |placed: &mut Placed| placed.waits_in = Some(queue);
                house.memory.change(&call_sid, noted);
                if is_news {
                    house.bridge.tell(of, since, Happening::Queued(queue));
                }
                lead_on(&house, of, (&call_sid, now), over).await;
            }
            Err(error) => tracing::warn!(call.id = %of.1, %error, "queue.wait_not_noted"),
        }
    });
}

/// Has the carrier lead the caller on who has waited since then in vain. Where it does not,
/// the next answer to what they hear does.
async fn lead_on(
    house: &Webhooks,
    of: (TenantId, CallId),
    (call_sid, since): (&CallSid, Timestamp),
    over: Over,
) {
    let (Some(carrier), Some(left)) = (&house.carrier, over.left) else {
        return;
    };
    sleep(left).await;
    let asked = queue_waits::goes_on(&house.store, of, over.queue, since);
    match in_time(asked).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => return tracing::warn!(call.id = %of.1, %error, "queue.not_led_on"),
    }
    let there = CallUpdate::Redirect(Instructions::Url(over.then));
    if let Err(error) = carrier.update_call(call_sid, &there).await {
        tracing::info!(call.id = %of.1, %error, "queue.not_led_on");
    }
}

/// The caller was led out of the queue, where nobody had time for so long.
pub(super) async fn over(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Ok(request) = VoiceRequest::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let placed = switchboard::find_at(&house, &request.call_sid, at.stop).await;
    Xml(match placed {
        Some(placed) => stops::go_on(&house, &placed, &request, &at, Outcome::Waited).await,
        None => spoken::apology(),
    })
}

/// Notes that the caller waits no longer; it is told where no member has the call.
fn note_left(house: &Webhooks, placed: &Placed, result: &EnqueueResult) {
    let is_taken = matches!(
        result.outcome,
        QueueOutcome::Bridged
            | QueueOutcome::BridgingInProcess
            | QueueOutcome::RedirectedFromBridged
    );
    // Who comes back waits anew.
    let gone = |placed: &mut Placed| placed.waits_in = None;
    house.memory.change(&result.call.call_sid, gone);
    let house = house.clone();
    let (of, since) = ((placed.tenant_id, placed.call_id), placed.since);
    tokio::spawn(async move {
        match in_time(queue_waits::end(&house.store, of)).await {
            Ok(true) if !is_taken => house.bridge.tell(of, since, Happening::Dequeued),
            Ok(_) => {}
            Err(error) => tracing::warn!(call.id = %of.1, %error, "queue.wait_not_noted"),
        }
    });
}

fn announcements(form: &QueueWait, stop: &QueueStop, speech: &Speech) -> Vec<String> {
    let phrases = speech.phrases;
    let mut said = Vec::new();
    if let Some(position) = form.position.filter(|_| stop.announces_position) {
        said.push(phrases.place_in_queue.replace("{}", &position.to_string()));
    }
    let average = form.average.filter(|_| stop.announces_wait);
    if let Some(average) = average.filter(|average| !average.is_zero()) {
        let minutes = average.as_secs().div_ceil(60);
        said.push(phrases.waiting_time.replace("{}", &minutes.to_string()));
    }
    said
}

/// Whether there is voicemail for who would rather leave a message than wait: what the
/// tenant says now. Without the database it is what was known when the call came.
async fn may_leave_message(house: &Webhooks, placed: &Placed) -> bool {
    let asked = settings::of_tenant(&house.store, placed.tenant_id, None);
    if let Some(Ok(settings)) = house.patience.wait(asked).await {
        return settings.truth(SettingKey::EnableVoicemail);
    }
    let facts = placed.facts.as_ref();
    facts.is_none_or(|facts| facts.has_voicemail)
}

/// The tune is short, so that who has waited long enough goes on soon, and shorter where
/// we go. How long the tenant's own is, nobody knows: the carrier is told when it is enough.
fn music(house: &Webhooks, call_sid: &CallSid, stop: &QueueStop, left: Duration) -> Play {
    let is_near = last_answer::is_near(house);
    if let Some(url) = stop.hold_music_url.as_ref().filter(|_| !is_near) {
        house.callers.listens(call_sid, left);
        return Play::new(url);
    }
    let most = if is_near { 1 } else { TUNES };
    let tunes = left.as_secs().div_ceil(hold_music::SECONDS).clamp(1, most);
    let play = Play::new(&house.url("/api/voice/webhooks/hold-music.wav"));
    play.repeat(u32::try_from(tunes).unwrap_or(1))
}

/// A key was pressed while waiting: 1 is the way out.
pub(super) async fn key(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let request = VoiceRequest::from_pairs(&pairs);
    let placed = match &request {
        Ok(request) => switchboard::find_at(&house, &request.call_sid, at.stop).await,
        Err(_) => None,
    };
    let wants_out = presses_1(&pairs)
        && match &placed {
            Some(placed) => may_leave_message(&house, placed).await,
            None => true,
        };
    Xml(if wants_out {
        Response::new().leave()
    } else {
        Response::new().redirect(Webhook::new(house.stop_url("queue/wait", &at.point())))
    })
}

/// Whoever has spoken with a member is done, unless both are to go on in a conference.
pub(super) async fn spoken_with(
    house: &Webhooks,
    placed: Option<&Placed>,
    (at, request): (&At, &VoiceRequest),
) -> Response {
    let followed = match placed {
        Some(placed) => conference::follow(house, (placed, request), None, &at.point()).await,
        None => None,
    };
    followed.unwrap_or_else(|| Response::new().hangup())
}

/// The caller waits no longer. Who has left before the time was up has pressed
/// a key, and wants to leave a message.
pub(super) async fn left(State(house): State<Webhooks>, at: At, Signed(pairs): Signed) -> Xml {
    let Ok(result) = EnqueueResult::from_pairs(&pairs) else {
        return Xml(spoken::apology());
    };
    let request = &result.call;
    let placed = switchboard::find_at(&house, &request.call_sid, at.stop).await;
    if let Some(placed) = &placed {
        note_left(&house, placed, &result);
    }
    match result.outcome {
        QueueOutcome::Bridged => {
            return Xml(spoken_with(&house, placed.as_deref(), (&at, request)).await);
        }
        QueueOutcome::BridgingInProcess
        | QueueOutcome::HangUp
        | QueueOutcome::Redirected
        | QueueOutcome::RedirectedFromBridged => return Xml(Response::new().hangup()),
        QueueOutcome::Leave
        | QueueOutcome::QueueFull
        | QueueOutcome::Error
        | QueueOutcome::SystemError => {}
    }
    let Some(placed) = placed else {
        return Xml(spoken::apology());
    };
    let may_wait = match stops::at(&house, &placed, &request.call_sid, &at).await {
        Some(Stop::Queue(stop)) => stop
            .max_wait
            .saturating_sub(result.waited.unwrap_or(stop.max_wait)),
        _ => Duration::ZERO,
    };
    let may_wait = gate::may_wait(&house, &placed, may_wait).await;
    let has_left = result.outcome == QueueOutcome::Leave && !may_wait.is_zero();
    let is_done = placed.is_over() || last_answer::is_due(&house);
    if has_left && at.leg.is_none() && !is_done {
        house.callers.speaks(&request.call_sid, LONGEST);
        let own = placed.route.stops.iter().find_map(|stop| {
            let Stop::Voicemail { greeting, user_id } = stop else {
                return None;
            };
            Some((greeting.as_deref(), *user_id))
        });
        let (greeting, user) = own.unwrap_or_default();
        let caller = Caller::of(&placed).leaving_for(user);
        return Xml(voicemail_twiml::leave(&house, &caller, greeting).await);
    }
    let outcome = match result.outcome {
        QueueOutcome::Leave if has_left => Outcome::Left,
        QueueOutcome::Leave => Outcome::Waited,
        QueueOutcome::QueueFull => Outcome::Full,
        QueueOutcome::Bridged
        | QueueOutcome::BridgingInProcess
        | QueueOutcome::HangUp
        | QueueOutcome::Redirected
        | QueueOutcome::RedirectedFromBridged
        | QueueOutcome::Error
        | QueueOutcome::SystemError => Outcome::Failed,
    };
    Xml(stops::go_on(&house, &placed, request, &at, outcome).await)
}
