//! The carrier's news of a call, in every order, as often as it likes.

use frontdesk::domain::{AnsweredBy, CallLog, CallStatus, EndReason, TenantId, Usage};
use frontdesk::store::calls::{self, Finished, StatusNews};
use frontdesk::store::{Store, call_events};
use futures::future::join_all;

use super::values::{add_tenant, at, new_call, sid};
use crate::support::database::on_each_database;

#[tokio::test]
async fn w2_news_in_any_order_makes_the_same_call() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let news = life();
        for (n, order) in (0..).zip(permutations(news.len())) {
            let new = new_call(whose.id, n);
            calls::find_or_create(&db.store, &new).await.unwrap();
            let mut furthest = new.status;
            for i in &order {
                let call = calls::apply_status(&db.store, &new.call_sid, &news[*i]).await;
                let (call, _) = call.unwrap().unwrap();
                assert!(call.status >= furthest, "{order:?} went backwards");
                furthest = call.status;
            }
            let call = calls::find(&db.store, whose.id, new.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(end_of(&call), the_end(), "{order:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn w2_our_own_end_and_the_carriers_meet_in_any_order() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let completed = life()[3];
        let finished = Finished {
            end_reason: EndReason::ReceptionistHungUp,
            usage: Usage::default(),
            cost: None,
            ended_at: at(41_900),
        };
        let mut ends = Vec::new();
        for n in 0..2 {
            let new = new_call(whose.id, n);
            calls::find_or_create(&db.store, &new).await.unwrap();
            if n == 0 {
                calls::finish(&db.store, whose.id, new.id, &finished)
                    .await
                    .unwrap();
            }
            calls::apply_status(&db.store, &new.call_sid, &completed)
                .await
                .unwrap();
            if n == 1 {
                calls::finish(&db.store, whose.id, new.id, &finished)
                    .await
                    .unwrap();
            }
            let late =
                calls::mark_answered(&db.store, whose.id, new.id, (AnsweredBy::Ai, at(300))).await;
            assert!(late.unwrap());
            let call = calls::find(&db.store, whose.id, new.id)
                .await
                .unwrap()
                .unwrap();
            ends.push((end_of(&call), call.answered_at, call.end_reason));
        }
        assert_eq!(ends[0], ends[1]);
        assert_eq!(
            ends[0].0,
            (CallStatus::Completed, Some(at(41_900)), Some(42))
        );
    })
    .await;
}

#[tokio::test]
async fn w1_the_same_news_again_changes_nothing_and_is_kept_once() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        for _ in 0..3 {
            for news in life() {
                calls::apply_status(&db.store, &new.call_sid, &news)
                    .await
                    .unwrap();
            }
        }
        let call = calls::find(&db.store, whose.id, new.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(end_of(&call), the_end());
        let kept = details(&db.store, whose.id, &call).await;
        assert_eq!(
            kept,
            [
                r#"{"status":"initiated","sequence":0}"#,
                r#"{"status":"ringing","sequence":1}"#,
                r#"{"status":"in-progress","sequence":2}"#,
                r#"{"status":"completed","sequence":3}"#,
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn w1_the_same_news_by_many_at_the_same_time_is_kept_once() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        let tasks = (0..3).flat_map(|_| life()).map(|news| {
            let (store, call_sid) = (db.store.clone(), new.call_sid.clone());
            tokio::spawn(async move { calls::apply_status(&store, &call_sid, &news).await })
        });
        for outcome in join_all(tasks).await {
            outcome.unwrap().unwrap();
        }
        let call = calls::find(&db.store, whose.id, new.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(end_of(&call), the_end());
        assert_eq!(details(&db.store, whose.id, &call).await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn news_that_is_not_counted_is_known_by_its_status() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        let news = StatusNews {
            status: CallStatus::NoAnswer,
            sequence: None,
            duration_s: None,
            at: at(20_000),
        };
        for _ in 0..2 {
            calls::apply_status(&db.store, &new.call_sid, &news)
                .await
                .unwrap();
        }
        let call = calls::find(&db.store, whose.id, new.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            end_of(&call),
            (CallStatus::NoAnswer, Some(at(20_000)), None)
        );
        let kept = details(&db.store, whose.id, &call).await;
        assert_eq!(kept, [r#"{"status":"no-answer"}"#]);
    })
    .await;
}

#[tokio::test]
async fn w3_news_of_a_call_that_nobody_knows_makes_no_call() {
    on_each_database(async |db| {
        let call = calls::apply_status(&db.store, &sid("CAunknown"), &life()[0]).await;
        assert_eq!(call.unwrap(), None);
        assert_eq!(db.number("SELECT COUNT(*) FROM calls").await, 0);
        assert_eq!(db.number("SELECT COUNT(*) FROM call_events").await, 0);
    })
    .await;
}

/// What the carrier tells of an ordinary call.
fn life() -> [StatusNews; 4] {
    let news = |sequence, status, ms, duration_s| StatusNews {
        status,
        sequence: Some(sequence),
        duration_s,
        at: at(ms),
    };
    [
        news(0, CallStatus::Initiated, 0, None),
        news(1, CallStatus::Ringing, 100, None),
        news(2, CallStatus::InProgress, 200, None),
        news(3, CallStatus::Completed, 42_200, Some(42)),
    ]
}

type End = (
    CallStatus,
    Option<frontdesk::domain::Timestamp>,
    Option<i64>,
);

fn end_of(call: &CallLog) -> End {
    (call.status, call.ended_at, call.duration_s)
}

fn the_end() -> End {
    (CallStatus::Completed, Some(at(42_200)), Some(42))
}

async fn details(store: &Store, tenant: TenantId, call: &CallLog) -> Vec<String> {
    let events = call_events::list(store, tenant, call.id)
        .await
        .expect("the events can be read");
    let details = events.into_iter().map(|event| event.detail.into_inner());
    details.collect()
}

/// Every order of so many things.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![vec![]];
    for thing in 0..n {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, thing);
                    longer
                })
            })
            .collect();
    }
    orders
}
