//! The log of calls: one row a call, however it is told of.

use frontdesk::domain::{
    AnsweredBy, Bill, CallId, CallLog, CallStatus, Currency, Direction, EndReason, Money, Party,
    Receptionist, Remarks, Usage, Wishes, carrier_estimate,
};
use frontdesk::store::call_search::{self, Filter};
use frontdesk::store::calls::{self, Finished, NewCall, StatusNews};
use frontdesk::store::{Error, Store, page, receptionists};
use futures::future::join_all;

use super::values::{add_tenant, at, new_call, phone, receptionist_id, sid, tenant_id};
use crate::support::database::on_each_database;

#[tokio::test]
async fn a_call_is_found_as_it_was_written() {
    on_each_database(async |db| {
        let (whose, who) = add_tenant(&db.store, 1).await;
        let parties = [
            Party::Number(phone("+41443334455")),
            Party::Anonymous,
            Party::Client("alice".to_owned().into()),
            Party::Other("sip:bob@example.com".to_owned().into()),
        ];
        for (n, from) in (1..).zip(parties) {
            let new = NewCall {
                from,
                receptionist_id: Some(who.id),
                ..new_call(whose.id, n)
            };
            let (call, is_new) = calls::find_or_create(&db.store, &new).await.unwrap();
            assert!(is_new);
            assert_eq!(call, as_written(&new));
            let found = calls::find(&db.store, whose.id, new.id).await.unwrap();
            assert_eq!(found, Some(as_written(&new)));
            let found = calls::find_by_sid(&db.store, &new.call_sid).await.unwrap();
            assert_eq!(found, Some(as_written(&new)));
        }
        let unknown = calls::find_by_sid(&db.store, &sid("CAunknown"))
            .await
            .unwrap();
        assert_eq!(unknown, None);
    })
    .await;
}

#[tokio::test]
async fn a_caller_who_sends_nought_bytes_is_written_down() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = NewCall {
            from: Party::Other("a\0b".to_owned().into()),
            ..new_call(whose.id, 1)
        };
        let (call, _) = calls::find_or_create(&db.store, &new).await.unwrap();
        assert_eq!(call.from, Party::Other("a\u{fffd}b".to_owned().into()));
    })
    .await;
}

#[tokio::test]
async fn w1_a_call_told_of_twice_is_one_call_and_the_first_word_counts() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let first = new_call(whose.id, 1);
        let again = NewCall {
            id: CallId::from_parts(at(900), 9),
            from: Party::Anonymous,
            created_at: at(900),
            ..first.clone()
        };
        calls::find_or_create(&db.store, &first).await.unwrap();
        let (call, is_new) = calls::find_or_create(&db.store, &again).await.unwrap();
        assert!(!is_new);
        assert_eq!(call, as_written(&first));
        assert_eq!(
            calls::find(&db.store, whose.id, again.id).await.unwrap(),
            None
        );
    })
    .await;
}

#[tokio::test]
async fn w1_a_call_told_of_by_eight_at_the_same_time_is_one_call() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        for round in 0..5_u8 {
            let tasks = (0..8_u8).map(|n| {
                // In every other round they give it the same name.
                let n = n * (round % 2);
                let id = CallId::from_parts(at(0), u128::from(round) * 8 + u128::from(n));
                tell(
                    db.store.clone(),
                    NewCall {
                        id,
                        ..new_call(whose.id, round.into())
                    },
                )
            });
            let told = join_all(tasks.map(tokio::spawn)).await;
            let told: Vec<(CallId, bool)> = told.into_iter().map(Result::unwrap).collect();
            assert_eq!(told.iter().filter(|(_, is_new)| *is_new).count(), 1);
            assert!(told.iter().all(|(id, _)| *id == told[0].0));
        }
        assert_eq!(db.number("SELECT COUNT(*) FROM calls").await, 5);
    })
    .await;
}

#[tokio::test]
async fn w3_a_call_that_is_over_is_found_as_it_ended() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        calls::finish(&db.store, whose.id, new.id, &finished())
            .await
            .unwrap();
        let replay = NewCall {
            id: CallId::from_parts(at(9), 9),
            ..new
        };
        let (call, is_new) = calls::find_or_create(&db.store, &replay).await.unwrap();
        assert!(!is_new && call.status.is_terminal());
        assert_eq!(call.end_reason, Some(EndReason::CallerHungUp));
    })
    .await;
}

#[tokio::test]
async fn the_first_answer_counts_and_moves_the_call_forward() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        for ms in [300, 400] {
            let is_there =
                calls::mark_answered(&db.store, whose.id, new.id, (AnsweredBy::Ai, at(ms))).await;
            assert!(is_there.unwrap());
        }
        let call = calls::find(&db.store, whose.id, new.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(call.answered_at, Some(at(300)));
        assert_eq!(call.status, CallStatus::InProgress);
        let nobody = CallId::from_parts(at(9), 9);
        let is_there =
            calls::mark_answered(&db.store, whose.id, nobody, (AnsweredBy::Ai, at(0))).await;
        assert!(!is_there.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_receptionist_of_a_call_is_the_first_who_answered_or_whom_it_was_placed_for() {
    on_each_database(async |db| {
        let (whose, who) = add_tenant(&db.store, 1).await;
        let (_, strange) = add_tenant(&db.store, 2).await;
        let now = at(0);
        let other = Receptionist {
            id: receptionist_id(7),
            ..who.clone()
        };
        receptionists::insert(&db.store, &other, now).await.unwrap();
        let answered = new_call(whose.id, 1);
        let placed = NewCall {
            receptionist_id: Some(other.id),
            ..new_call(whose.id, 2)
        };
        // Of one who is gone by now, or another's, nothing is kept.
        let gone = receptionist_id(8);
        for (new, theirs) in [(answered, who.id), (placed, other.id)] {
            calls::find_or_create(&db.store, &new).await.unwrap();
            for id in [gone, strange.id, who.id, other.id] {
                let given = calls::give_to_receptionist(&db.store, whose.id, new.id, id).await;
                given.unwrap();
            }
            let call = calls::find(&db.store, whose.id, new.id).await.unwrap();
            assert_eq!(call.unwrap().receptionist_id, Some(theirs));
        }
    })
    .await;
}

#[tokio::test]
async fn i1_a_call_ends_once_and_the_first_reason_counts() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        let nobody = CallId::from_parts(at(9), 9);
        assert!(
            calls::finish(&db.store, whose.id, new.id, &finished())
                .await
                .unwrap()
        );
        assert!(
            !calls::finish(&db.store, whose.id, nobody, &finished())
                .await
                .unwrap()
        );
        let expected = CallLog {
            status: CallStatus::Completed,
            end_reason: Some(EndReason::CallerHungUp),
            ended_at: Some(at(5_000)),
            usage: finished().usage,
            cost: finished().cost,
            bill: Bill {
                agent_ended_at: Some(at(5_000)),
                carrier_estimate: Some(carrier_estimate(Direction::Inbound, 4)),
                day: Some("2026-11-21".parse().unwrap()),
                ..Bill::default()
            },
            ..as_written(&new)
        };
        let call = calls::find(&db.store, whose.id, new.id).await.unwrap();
        assert_eq!(call, Some(expected.clone()));

        let otherwise = Finished {
            end_reason: EndReason::Internal,
            usage: Usage::default(),
            cost: None,
            ended_at: at(1),
        };
        assert!(
            calls::finish(&db.store, whose.id, new.id, &otherwise)
                .await
                .unwrap()
        );
        let call = calls::find(&db.store, whose.id, new.id).await.unwrap();
        assert_eq!(call, Some(expected));
    })
    .await;
}

#[tokio::test]
async fn i1_the_end_of_a_call_is_written_in_one_piece() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        for is_committed in [false, true] {
            let mut tx = db.store.begin().await.unwrap();
            calls::mark_answered(&mut tx, whose.id, new.id, (AnsweredBy::Ai, at(300)))
                .await
                .unwrap();
            calls::finish(&mut tx, whose.id, new.id, &finished())
                .await
                .unwrap();
            if is_committed {
                tx.commit().await.unwrap();
            } else {
                drop(tx);
            }
            let call = calls::find(&db.store, whose.id, new.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(call.end_reason.is_some(), is_committed);
            assert_eq!(call.answered_at.is_some(), is_committed);
        }
    })
    .await;
}

#[tokio::test]
async fn i1_calls_without_an_end_are_found_after_a_crash() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let news: Vec<NewCall> = (1..=4).map(|n| new_call(whose.id, n * 1_000)).collect();
        for new in &news {
            calls::find_or_create(&db.store, new).await.unwrap();
        }
        calls::finish(&db.store, whose.id, news[1].id, &finished())
            .await
            .unwrap();
        let limit = page::Limit::default();
        let open = calls::list_open(&db.store, at(4_000), None, limit).await;
        let ids: Vec<CallId> = open.unwrap().iter().map(|call| call.id).collect();
        assert_eq!(ids, [news[0].id, news[2].id]);
        let one = "1".parse().unwrap();
        let (mut last, mut ids) = (None, Vec::new());
        loop {
            let open = calls::list_open(&db.store, at(9_000), last.as_ref(), one).await;
            let Some(call) = open.unwrap().pop() else {
                break;
            };
            ids.push(call.id);
            last = Some(call);
        }
        assert_eq!(ids, [news[0].id, news[2].id, news[3].id]);
    })
    .await;
}

#[tokio::test]
async fn the_log_is_filtered() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let news = [
            new_call(whose.id, 1),
            NewCall {
                direction: Direction::Outbound,
                from: Party::Number(phone("+15550001111")),
                to: Party::Number(phone("+41443334455")),
                ..new_call(whose.id, 2)
            },
            NewCall {
                status: CallStatus::Busy,
                from: Party::Anonymous,
                ..new_call(whose.id, 3)
            },
        ];
        for new in &news {
            calls::find_or_create(&db.store, new).await.unwrap();
        }
        for (filter, expected) in filters() {
            let page = page::Request::default();
            let found = call_search::list(&db.store, whose.id, &filter, &page)
                .await
                .unwrap();
            let found: Vec<CallId> = found.items.iter().map(|call| call.id).collect();
            let expected = expected.iter().map(|n| new_call(whose.id, *n).id);
            assert_eq!(found, expected.collect::<Vec<CallId>>(), "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_that_makes_no_sense_is_corrupt_and_names_itself() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        for damage in [
            "status = 'asleep'",
            "status = 'ringing', direction = 'sideways'",
            "direction = 'inbound', end_reason = 'boredom'",
            "end_reason = NULL, cost_micros = 1, cost_currency = 'CHFR'",
        ] {
            db.execute(&format!("UPDATE calls SET {damage}")).await;
            let error = calls::find(&db.store, whose.id, new.id).await.unwrap_err();
            let words = error.to_string();
            assert!(
                matches!(error, Error::Corrupt { .. }),
                "{damage}: {error:?}"
            );
            assert_eq!(words, format!("row {} of calls is corrupt", new.id));
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_of_nobody_is_refused() {
    on_each_database(async |db| {
        let new = new_call(tenant_id(7), 1);
        let error = calls::find_or_create(&db.store, &new).await.unwrap_err();
        assert!(matches!(error, Error::Dangling), "{error:?}");
    })
    .await;
}

/// Filters, and which of the three calls of the test pass them.
fn filters() -> [(Filter, Vec<u32>); 5] {
    let all = Filter::default;
    let direction = Some(Direction::Outbound);
    let status = Some(CallStatus::Busy);
    let number = Some(phone("+41443334455"));
    let none = Filter {
        direction,
        status,
        number: number.clone(),
        user: None,
        ..all()
    };
    [
        (all(), vec![3, 2, 1]),
        (Filter { direction, ..all() }, vec![2]),
        (Filter { status, ..all() }, vec![3]),
        (Filter { number, ..all() }, vec![2, 1]),
        (none, vec![]),
    ]
}

async fn tell(store: Store, new: NewCall) -> (CallId, bool) {
    let (call, is_new) = calls::find_or_create(&store, &new)
        .await
        .expect("the call can be written");
    (call.id, is_new)
}

fn as_written(new: &NewCall) -> CallLog {
    CallLog {
        id: new.id,
        tenant_id: new.tenant_id,
        call_sid: new.call_sid.clone(),
        direction: new.direction,
        from: new.from.clone(),
        to: new.to.clone(),
        contact: None,
        receptionist_id: new.receptionist_id,
        user_id: None,
        status: new.status,
        end_reason: None,
        created_at: new.created_at,
        answered_at: None,
        ended_at: None,
        duration_s: None,
        usage: Usage::default(),
        cost: None,
        bill: Bill::default(),
        answered_by: None,
        remarks: Remarks::default(),
        wishes: Wishes::default(),
    }
}

#[tokio::test]
async fn a_call_whose_agent_fails_goes_on_until_the_carrier_ends_it() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let new = new_call(whose.id, 1);
        calls::find_or_create(&db.store, &new).await.unwrap();
        let lost = Finished {
            end_reason: EndReason::AgentLost,
            ..finished()
        };
        assert!(
            calls::finish(&db.store, whose.id, new.id, &lost)
                .await
                .unwrap()
        );
        let call = calls::find(&db.store, whose.id, new.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(call.end_reason, Some(EndReason::AgentLost));
        assert_eq!((call.usage, call.cost), (lost.usage, lost.cost));
        assert!(!call.status.is_terminal() && call.ended_at.is_none());
        let news = StatusNews {
            status: CallStatus::Completed,
            sequence: None,
            duration_s: Some(70),
            at: at(70_000),
        };
        let call = calls::apply_status(&db.store, &new.call_sid, &news)
            .await
            .unwrap();
        let (call, _) = call.expect("the call is known");
        assert_eq!(
            (call.ended_at, call.duration_s),
            (Some(at(70_000)), Some(70))
        );
    })
    .await;
}

fn finished() -> Finished {
    Finished {
        end_reason: EndReason::CallerHungUp,
        usage: Usage {
            input_text_tokens: 1,
            input_audio_tokens: 2,
            cached_text_tokens: 3,
            cached_audio_tokens: 4,
            output_text_tokens: 5,
            output_audio_tokens: 6_000_000_000,
            transcribed_ms: 7_000_000_000,
        },
        cost: Some(Money {
            micros: 123_456,
            currency: Currency::Usd,
        }),
        ended_at: at(5_000),
    }
}
