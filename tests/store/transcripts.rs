//! What happened in a call: events, words, latencies.

use std::time::Duration;

use frontdesk::domain::{CallId, Pii, Speaker, TurnLatency, Utterance};
use frontdesk::store::call_events::{self, CallEvent, NewEvent};
use frontdesk::store::{Error, calls, turns, utterances};
use futures::future::join_all;

use super::values::{add_tenant, at, new_call, tenant_id};
use crate::support::database::on_each_database;

#[tokio::test]
async fn events_keep_their_order_whatever_their_time() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let call = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &call).await.unwrap();
        for (kind, ms) in [
            ("stream.started", 5),
            ("agent.ready", 3),
            ("stream.stopped", 5),
        ] {
            let event = event(kind, ms, None);
            assert!(
                call_events::append(&db.store, whose.id, call.id, &event)
                    .await
                    .unwrap()
            );
        }
        let found = call_events::list(&db.store, whose.id, call.id)
            .await
            .unwrap();
        let kept = |ordinal, kind: &str, ms| CallEvent {
            ordinal,
            kind: kind.to_owned(),
            detail: Pii::new("{}".to_owned()),
            at: at(ms),
        };
        let expected = [
            kept(1, "stream.started", 5),
            kept(2, "agent.ready", 3),
            kept(3, "stream.stopped", 5),
        ];
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn w1_an_event_with_a_key_is_kept_once() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let (one, other) = (new_call(whose.id, 1), new_call(whose.id, 2));
        for call in [&one, &other] {
            calls::find_or_create(&db.store, call).await.unwrap();
            for is_new in [true, false, false] {
                let event = event("recording.completed", 1, Some("RE1"));
                let appended = call_events::append(&db.store, whose.id, call.id, &event).await;
                assert_eq!(appended.unwrap(), is_new);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn events_at_the_same_time_all_find_a_place() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let call = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &call).await.unwrap();
        let tasks = (0..16).map(|n| {
            let (store, tenant, call) = (db.store.clone(), whose.id, call.id);
            tokio::spawn(async move {
                call_events::append(&store, tenant, call, &event("dtmf", n, None)).await
            })
        });
        for outcome in join_all(tasks).await {
            assert!(outcome.unwrap().unwrap());
        }
        let found = call_events::list(&db.store, whose.id, call.id)
            .await
            .unwrap();
        let places: Vec<i64> = found.iter().map(|event| event.ordinal).collect();
        assert!(places.into_iter().eq(1..=16));
    })
    .await;
}

#[tokio::test]
async fn a_transcript_is_kept_as_it_grows_and_as_it_is_cut() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let call = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &call).await.unwrap();
        let mut said = [
            utterance(Speaker::Receptionist, "Hello, how can I help you today?", 0),
            utterance(Speaker::Caller, "Grüezi 🙂", 1_234),
        ];
        for (ordinal, utterance) in (0..).zip(&said) {
            let put = utterances::put(&db.store, whose.id, call.id, ordinal, utterance);
            put.await.unwrap();
        }
        let found = utterances::list(&db.store, whose.id, call.id)
            .await
            .unwrap();
        assert_eq!(found, said);

        said[0].text = Pii::new("Hello, how".to_owned());
        said[0].interrupted = true;
        let put = utterances::put(&db.store, whose.id, call.id, 0, &said[0]);
        put.await.unwrap();
        let found = utterances::list(&db.store, whose.id, call.id)
            .await
            .unwrap();
        assert_eq!(found, said);
    })
    .await;
}

#[tokio::test]
async fn a_transcript_is_replaced_whole() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let (one, other) = (new_call(whose.id, 1), new_call(whose.id, 2));
        let long: Vec<Utterance> = (0..30)
            .map(|n| utterance(Speaker::Caller, &format!("words {n}"), n))
            .collect();
        for call in [&one, &other] {
            calls::find_or_create(&db.store, call).await.unwrap();
            let replace = utterances::replace_all(&db.store, whose.id, call.id, &long);
            replace.await.unwrap();
        }
        let short = [utterance(Speaker::Receptionist, "nought \0 byte", 1)];
        let replace = utterances::replace_all(&db.store, whose.id, one.id, &short);
        replace.await.unwrap();
        let found = utterances::list(&db.store, whose.id, one.id).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text.expose(), "nought \u{fffd} byte");
        let found = utterances::list(&db.store, whose.id, other.id)
            .await
            .unwrap();
        assert_eq!(found, long);
    })
    .await;
}

#[tokio::test]
async fn an_utterance_that_makes_no_sense_is_corrupt() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let call = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &call).await.unwrap();
        let said = [utterance(Speaker::Caller, "hello", 0)];
        utterances::replace_all(&db.store, whose.id, call.id, &said)
            .await
            .unwrap();
        db.execute("UPDATE utterances SET speaker = 'ghost'").await;
        let error = utterances::list(&db.store, whose.id, call.id)
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Corrupt {
                    table: "utterances",
                    ..
                }
            ),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn latencies_are_kept_as_they_become_known() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let call = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &call).await.unwrap();
        let sent = |ms| TurnLatency {
            sent: Duration::from_millis(ms),
            heard: None,
        };
        let heard = TurnLatency {
            heard: Some(Duration::from_millis(910)),
            ..sent(820)
        };
        for (ordinal, latency) in [(1, sent(640)), (0, sent(820)), (0, heard)] {
            turns::put(&db.store, whose.id, call.id, ordinal, &latency)
                .await
                .unwrap();
        }
        let found = turns::list(&db.store, whose.id, call.id).await.unwrap();
        assert_eq!(found, [heard, sent(640)]);
    })
    .await;
}

#[tokio::test]
async fn what_belongs_to_no_call_is_refused() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let nothing = CallId::from_parts(at(9), 9);
        let latency = TurnLatency {
            sent: Duration::ZERO,
            heard: None,
        };
        let said = utterance(Speaker::Caller, "hello?", 0);
        let event = event("dtmf", 0, None);
        for tenant in [whose.id, tenant_id(9)] {
            let outcomes = [
                call_events::append(&db.store, tenant, nothing, &event)
                    .await
                    .err(),
                utterances::put(&db.store, tenant, nothing, 0, &said)
                    .await
                    .err(),
                turns::put(&db.store, tenant, nothing, 0, &latency)
                    .await
                    .err(),
            ];
            for error in outcomes {
                assert!(matches!(error, Some(Error::Dangling)), "{error:?}");
            }
        }
    })
    .await;
}

fn event<'a>(kind: &'a str, ms: i64, key: Option<&'a str>) -> NewEvent<'a> {
    NewEvent {
        kind,
        detail: Pii::new("{}"),
        at: at(ms),
        key,
    }
}

fn utterance(speaker: Speaker, text: &str, ms: u64) -> Utterance {
    Utterance {
        speaker,
        text: Pii::new(text.to_owned()),
        started: Duration::from_millis(ms),
        interrupted: false,
    }
}
