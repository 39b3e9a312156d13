//! What a process that has died leaves behind, and who sees to it.

use std::time::Duration;

use frontdesk::domain::{
    AnsweredBy, CallStatus, EndReason, OpenState, Outcome, Pii, ProcessId, Speaker, TakenKind,
    Timestamp, Usage, Utterance,
};
use frontdesk::jobs::Watch;
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::routing::{AiStop, Route, Stop, Voice};
use frontdesk::store::calls::{self, Finished, NewCall};
use frontdesk::store::{
    call_owners, call_routes, lost_calls, page, processes, taken_messages, utterances,
};
use tokio::time::Instant;

use super::desk::{Desk, HOUR, MINUTE, SECOND, at, at_carrier, rated};
use crate::support::database::{Database, on_each_database};
use crate::support::rest_account::RestAccount;

/// What the others may see of a process for ten seconds.
async fn ten_seconds(desk: &Desk, watch: &mut Watch, began: Instant) {
    for second in 0..10 {
        watch
            .look(began + Duration::from_secs(second))
            .await
            .unwrap();
        desk.house.beat().await.unwrap();
    }
}

async fn watched(desk: &Desk) {
    let mut watch = Watch::new(desk.house.clone());
    ten_seconds(desk, &mut watch, Instant::now()).await;
}

/// A process that has said once that it lives.
async fn once(desk: &Desk) -> ProcessId {
    let id = desk.clock.new_id();
    let now = desk.clock.now();
    processes::beat(&desk.store, id, now).await.unwrap();
    id
}

async fn owned(desk: &Desk, n: u32, by: ProcessId) -> NewCall {
    let call = desk.call(n).await;
    let of = (desk.tenant, call.id);
    call_owners::own(&desk.store, of, by).await.unwrap();
    call
}

/// The same, once its receptionist has answered it.
async fn answered(desk: &Desk, n: u32, by: ProcessId) -> NewCall {
    let call = owned(desk, n, by).await;
    let who = (AnsweredBy::Ai, desk.clock.now().plus_ms(SECOND));
    let noted = calls::mark_answered(&desk.store, desk.tenant, call.id, who).await;
    assert!(noted.unwrap());
    call
}

async fn count(db: &Database) -> i64 {
    db.number("SELECT COUNT(*) FROM processes").await
}

#[tokio::test]
async fn p2_the_carrier_says_what_became_of_the_calls_of_a_dead_process() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let dead = once(&desk).await;
        let over = answered(&desk, 1, dead).await;
        let going_on = answered(&desk, 2, dead).await;
        let unknown = answered(&desk, 3, dead).await;
        let back = answered(&desk, 4, dead).await;
        desk.live.lock().unwrap().push(back.call_sid.clone());
        let told = answered(&desk, 5, dead).await;
        desk.ended(&told, 7).await;
        account.put_call(rated(at_carrier(1, "completed"), "421", "", "USD"));
        account.put_call(at_carrier(2, "in-progress"));
        watched(&desk).await;

        let log = desk.log(over.id).await;
        assert_eq!(
            (log.status, log.duration_s),
            (CallStatus::Completed, Some(421))
        );
        assert_eq!(log.end_reason, Some(EndReason::ProcessLost));
        assert!(log.ended_at.is_some() && log.bill.day.is_some());
        let log = desk.log(going_on.id).await;
        assert_eq!(Outcome::of(&log), Outcome::Open, "its webhooks lead it on");
        assert_eq!(log.end_reason, Some(EndReason::ProcessLost));
        let log = desk.log(unknown.id).await;
        assert_eq!(log.end_reason, Some(EndReason::ProcessLost));
        assert_eq!(log.ended_at, Some(at(SECOND)), "when it was last heard of");
        let log = desk.log(told.id).await;
        assert_eq!(log.end_reason, Some(EndReason::ProcessLost));
        assert_eq!(log.duration_s, Some(7));
        let log = desk.log(back.id).await;
        assert_eq!((Outcome::of(&log), log.end_reason), (Outcome::Open, None));
        assert_eq!(count(db).await, 1, "the dead one is forgotten");

        desk.ended(&going_on, 900).await;
        assert_eq!(desk.log(going_on.id).await.duration_s, Some(900));
    })
    .await;
}

#[tokio::test]
async fn i6_whoever_spoke_with_a_receptionist_of_a_dead_process_is_called_back() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let dead = once(&desk).await;
        let spoke = spoke(&desk, dead).await;
        // Who shows no number cannot be called, and who only rang has said nothing.
        let hidden = answered(&desk, 2, dead).await;
        owned(&desk, 3, dead).await;
        watched(&desk).await;

        assert_eq!(
            desk.log(hidden.id).await.end_reason,
            Some(EndReason::ProcessLost)
        );
        assert_to_be_called_back(&desk, &spoke).await;
    })
    .await;
}

#[tokio::test]
async fn i6_whoever_is_led_on_before_their_process_is_missed_is_called_back_too() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let dead = once(&desk).await;
        let spoke = spoke(&desk, dead).await;
        let (now, id) = (desk.clock.now(), desk.clock.new_id());
        let of = (desk.tenant, spoke.id);
        let led_on = lost_calls::break_off(&desk.store, of, now, (id, now)).await;
        assert!(led_on.unwrap());
        assert_to_be_called_back(&desk, &spoke).await;
        watched(&desk).await;
        assert_to_be_called_back(&desk, &spoke).await;
    })
    .await;
}

/// A caller who has told that process's receptionist what they want.
async fn spoke(desk: &Desk, dead: ProcessId) -> NewCall {
    let spoke = NewCall {
        from: "+15550002222".parse().unwrap(),
        ..desk.new_call(1)
    };
    calls::find_or_create(&desk.store, &spoke).await.unwrap();
    let of = (desk.tenant, spoke.id);
    call_owners::own(&desk.store, of, dead).await.unwrap();
    let who = (AnsweredBy::Ai, desk.clock.now());
    let noted = calls::mark_answered(&desk.store, desk.tenant, spoke.id, who).await;
    assert!(noted.unwrap());
    let said = Utterance {
        speaker: Speaker::Caller,
        text: Pii::new("My boiler leaks.".to_owned()),
        started: Duration::from_secs(2),
        interrupted: false,
    };
    let put = utterances::put(&desk.store, of.0, of.1, 0, &said).await;
    put.unwrap();
    spoke
}

/// That one, once, and nobody else.
async fn assert_to_be_called_back(desk: &Desk, spoke: &NewCall) {
    let (filter, page) = (taken_messages::Filter::default(), page::Request::default());
    let kept = taken_messages::list(&desk.store, desk.tenant, &filter, &page).await;
    let kept = kept.unwrap().items;
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].kind, kept[0].call_id),
        (TakenKind::CallBack, spoke.id)
    );
    assert_eq!(kept[0].reason.expose(), "My boiler leaks.");
}

#[tokio::test]
async fn p2_a_carrier_that_does_not_answer_is_asked_again_about_the_dead() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = {
            let dead = once(&desk).await;
            answered(&desk, 1, dead).await
        };
        account.put_call(rated(at_carrier(1, "completed"), "60", "", "USD"));
        account.fail_next([RestFault::Failure(503); 4]);
        let (mut watch, began) = (Watch::new(desk.house.clone()), Instant::now());
        for second in 0..8 {
            desk.house.beat().await.unwrap();
            watch
                .look(began + Duration::from_secs(second))
                .await
                .unwrap();
        }
        assert_eq!(Outcome::of(&desk.log(call.id).await), Outcome::Open);
        watch.look(began + Duration::from_secs(8)).await.unwrap();
        assert_eq!(desk.log(call.id).await.duration_s, Some(60));
    })
    .await;
}

#[tokio::test]
async fn p2_without_an_account_the_line_of_a_receptionist_went_with_their_process() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let dead = once(&desk).await;
        let with_ai = answered(&desk, 1, dead).await;
        let with_somebody = owned(&desk, 2, dead).await;
        // The carrier was about to open its stream.
        let promised = owned(&desk, 3, dead).await;
        let to_ai = Stop::Ai(AiStop {
            receptionist_id: desk.clock.new_id(),
            voice: Voice::default(),
            back_from: None,
        });
        let route = Route {
            stops: vec![to_ai],
            open_state: OpenState::Open,
            language: None,
            steps: Vec::new(),
        };
        let of = (desk.tenant, promised.id);
        let kept = call_routes::insert(&desk.store, of, &route, at(0)).await;
        kept.unwrap();
        desk.clock.advance_ms(5 * SECOND);
        let beat = processes::beat(&desk.store, dead, desk.clock.now()).await;
        beat.unwrap();
        desk.clock.advance_ms(MINUTE);
        watched(&desk).await;
        let log = desk.log(with_ai.id).await;
        assert_eq!(log.end_reason, Some(EndReason::ProcessLost));
        assert_eq!(log.ended_at, Some(at(5 * SECOND)), "until then it lived");
        assert_eq!(log.status, CallStatus::Completed);
        let log = desk.log(promised.id).await;
        assert_eq!(log.end_reason, Some(EndReason::ProcessLost));
        let log = desk.log(with_somebody.id).await;
        assert_eq!(Outcome::of(&log), Outcome::Open, "it did not need us");
        let owners = "SELECT COUNT(*) FROM calls
            WHERE process_id IS NOT NULL AND ended_at_ms IS NULL";
        assert_eq!(db.number(owners).await, 0);
        // If somebody was there after all, the route leads them on.
        let route = call_routes::find_by_sid(&desk.store, &with_ai.call_sid).await;
        assert!(route.unwrap().is_none_or(|route| !route.is_closed));
    })
    .await;
}

#[tokio::test]
async fn p2_nobody_touches_the_calls_of_a_process_that_lives() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let living = once(&desk).await;
        let call = answered(&desk, 1, living).await;
        let (mut watch, began) = (Watch::new(desk.house.clone()), Instant::now());
        assert!(!desk.house.process.has_others(), "it may be long dead");
        for second in 0..60 {
            // However its clock stands.
            let jump = if second % 2 == 0 { -HOUR } else { 24 * HOUR };
            let now = desk.clock.now().plus_ms(jump);
            processes::beat(&desk.store, living, now).await.unwrap();
            desk.house.beat().await.unwrap();
            watch
                .look(began + Duration::from_secs(second))
                .await
                .unwrap();
        }
        assert!(desk.house.process.has_others());
        assert_eq!(Outcome::of(&desk.log(call.id).await), Outcome::Open);
        assert_eq!(count(db).await, 2);
        // Another leads it on, and is answerable for it.
        let adopted = call_owners::adopt(&desk.store, &call.call_sid, desk.house.process.id());
        adopted.await.unwrap();
        for second in 60..70 {
            watch
                .look(began + Duration::from_secs(second))
                .await
                .unwrap();
            desk.house.beat().await.unwrap();
        }
        assert!(!desk.house.process.has_others());
        assert_eq!(Outcome::of(&desk.log(call.id).await), Outcome::Open);
    })
    .await;
}

fn finished(why: EndReason, ended_at: Timestamp) -> Finished {
    Finished {
        end_reason: why,
        usage: Usage {
            output_audio_tokens: 7,
            ..Usage::default()
        },
        cost: None,
        ended_at,
    }
}

#[tokio::test]
async fn p2_who_was_taken_for_dead_knows_better_how_their_calls_ended() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = {
            let dead = once(&desk).await;
            answered(&desk, 1, dead).await
        };
        watched(&desk).await;
        let of = (desk.tenant, call.id);
        for (why, ended) in [
            (EndReason::CallerHungUp, at(MINUTE)),
            (EndReason::Silence, at(HOUR)),
        ] {
            let told = calls::finish(&desk.store, of.0, of.1, &finished(why, ended)).await;
            assert!(told.unwrap());
        }
        let log = desk.log(call.id).await;
        assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
        assert_eq!(
            (log.ended_at, log.usage.output_audio_tokens),
            (Some(at(MINUTE)), 7)
        );
    })
    .await;
}

#[tokio::test]
async fn p2_the_carrier_corrects_what_was_presumed_in_any_order() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = {
            let dead = once(&desk).await;
            answered(&desk, 1, dead).await
        };
        watched(&desk).await;
        desk.clock.advance_ms(HOUR);
        desk.ended(&call, 3_600).await;
        let log = desk.log(call.id).await;
        assert_eq!(
            (log.ended_at, log.duration_s),
            (Some(at(HOUR)), Some(3_600))
        );
        desk.clock.advance_ms(-MINUTE);
        desk.ended(&call, 3_600).await;
        assert_eq!(desk.log(call.id).await.ended_at, Some(at(HOUR)));
    })
    .await;
}

#[tokio::test]
async fn p1_a_process_that_leaves_in_peace_is_not_taken_for_dead() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        desk.house.beat().await.unwrap();
        let call = owned(&desk, 1, desk.house.process.id()).await;
        desk.house.leave().await.unwrap();
        assert_eq!(count(db).await, 1, "somebody must see to its call");
        desk.ended(&call, 1).await;
        desk.house.leave().await.unwrap();
        assert_eq!(count(db).await, 0);
    })
    .await;
}
