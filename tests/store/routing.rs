//! What a route depends on, in the database, and what was decided by it.

use frontdesk::domain::{
    CallerList, CallerListId, Hours, HoursId, ListKind, Number, NumberId, OpenState, Party, Queue,
    QueueId, Timestamp,
};
use frontdesk::routing::{Plan, Route, Stop, Target, Voice, route};
use frontdesk::store::{
    Error, call_routes, caller_lists, calls, hours, number_plans, numbers, page, queues,
    routing_facts, tenants,
};

use super::values::{add_tenant, at, new_call, phone, publish};
use crate::support::database::on_each_database;

fn queue(tenant: frontdesk::domain::TenantId) -> Queue {
    Queue {
        id: QueueId::from_parts(at(0), 1),
        tenant_id: tenant,
        name: "Sales".to_owned(),
        hold_music_url: None,
        announces_position: true,
        announces_wait: false,
        max_wait: std::time::Duration::from_secs(61),
        max_size: 7,
        members: Vec::new(),
        created_at: at(0),
    }
}

fn some_hours(tenant: frontdesk::domain::TenantId) -> Hours {
    let zone = "Europe/Zurich".parse().unwrap();
    let text = r#"{"week":{"monday":["09:00-17:00"]},
        "exceptions":[{"date":"2026-12-25","name":"Christmas"}]}"#;
    let text: frontdesk::store::text::HoursText = serde_json::from_str(text).unwrap();
    Hours {
        id: HoursId::from_parts(at(0), 1),
        tenant_id: tenant,
        name: "Office".to_owned(),
        plan: text.into_plan(zone).unwrap(),
        created_at: at(0),
    }
}

#[tokio::test]
async fn i9_a_plan_names_nothing_of_another_tenant() {
    on_each_database(async |db| {
        let store = &db.store;
        let (one, who) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        hours::insert(store, &some_hours(one.id)).await.unwrap();
        queues::insert(store, &queue(one.id)).await.unwrap();
        let number = Number::new(
            NumberId::from_parts(at(0), 1),
            other.id,
            phone("+15550001111"),
            at(0),
        );
        numbers::insert(store, &number).await.unwrap();
        let ai = Target::Ai {
            receptionist_id: Some(who.id),
        };
        let waiting = Target::Queue {
            queue_id: queue(one.id).id,
        };
        let plans = [
            Plan {
                open: ai,
                ..Plan::default()
            },
            Plan {
                open: waiting,
                ..Plan::default()
            },
            Plan {
                hours_id: Some(some_hours(one.id).id),
                ..Plan::default()
            },
        ];
        for plan in &plans {
            let refused = number_plans::put(store, (other.id, number.id), plan, at(0)).await;
            assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
            for reference in plan.references() {
                assert!(number_plans::has(store, one.id, reference).await.unwrap());
                assert!(!number_plans::has(store, other.id, reference).await.unwrap());
            }
        }
        let theirs = number_plans::put(store, (one.id, number.id), &Plan::default(), at(0)).await;
        assert!(matches!(theirs, Err(Error::Dangling)), "{theirs:?}");
        let found = number_plans::find(store, one.id, &number.phone_number).await;
        assert_eq!(found.unwrap(), None);
        let found = number_plans::find(store, other.id, &number.phone_number).await;
        assert_eq!(found.unwrap(), Some((number.id, None)));
    })
    .await;
}

#[tokio::test]
async fn a_voice_that_no_agent_has_is_the_receptionist_s_own() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let id = NumberId::from_parts(at(0), 1);
        let number = Number::new(id, tenant.id, phone("+15550001111"), at(0));
        numbers::insert(store, &number).await.unwrap();
        let own = "voice_68d1".to_owned();
        for (kept, read) in [
            ("Marin".to_owned(), None),
            ("alloy".to_owned(), Some("alloy".to_owned())),
            (own.clone(), Some(own)),
        ] {
            let plan = Plan {
                voice: Voice {
                    voice: Some(kept),
                    ..Voice::default()
                },
                ..Plan::default()
            };
            let put = number_plans::put(store, (tenant.id, id), &plan, at(0)).await;
            put.unwrap();
            let found = number_plans::find(store, tenant.id, &number.phone_number).await;
            let (_, found) = found.unwrap().unwrap();
            assert_eq!(found.unwrap().voice.voice, read);
        }
    })
    .await;
}

#[tokio::test]
async fn facts_are_what_the_plan_names_and_the_lists_of_the_caller() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, who) = add_tenant(store, 1).await;
        publish(store, &who).await;
        let (hours, queue) = (some_hours(tenant.id), queue(tenant.id));
        hours::insert(store, &hours).await.unwrap();
        queues::insert(store, &queue).await.unwrap();
        let number = Number::new(
            NumberId::from_parts(at(0), 1),
            tenant.id,
            phone("+15550001111"),
            at(0),
        );
        numbers::insert(store, &number).await.unwrap();
        let plan = Plan {
            hours_id: Some(hours.id),
            open: Target::Ai {
                receptionist_id: Some(who.id),
            },
            fallback: vec![Target::Queue { queue_id: queue.id }],
            ..Plan::default()
        };
        number_plans::put(store, (tenant.id, number.id), &plan, at(0))
            .await
            .unwrap();
        let list = CallerList {
            id: CallerListId::from_parts(at(0), 1),
            tenant_id: tenant.id,
            name: "Friends".to_owned(),
            kind: ListKind::Vip,
            created_at: at(0),
        };
        caller_lists::insert(store, &list).await.unwrap();
        let caller = phone("+15550009999");
        for _ in 0..2 {
            caller_lists::add(store, (tenant.id, list.id), &caller, at(0))
                .await
                .unwrap();
        }
        let from = Party::Number(caller);
        let looked = routing_facts::look_up(store, Some(&number.phone_number), &from);
        let (facts, caller) = looked.await.unwrap().expect("somebody answers");
        assert_eq!(facts.plan, Some(plan));
        assert_eq!(facts.hours[&hours.id], hours);
        assert_eq!(facts.queues[&queue.id], queue);
        assert_eq!(facts.receptionists[&who.id], who);
        assert_eq!((caller.is_vip, caller.is_blocked), (true, false));
        assert_eq!(caller.lists.len(), 1);
        let (_, nobody) =
            routing_facts::look_up(store, Some(&number.phone_number), &Party::Anonymous)
                .await
                .unwrap()
                .unwrap();
        assert!(nobody.lists.is_empty() && !nobody.is_vip);
    })
    .await;
}

#[tokio::test]
async fn a_number_that_nobody_has_is_the_default_tenants_once_there_is_one() {
    on_each_database(async |db| {
        let store = &db.store;
        let unknown = phone("+15550002222");
        let looked = routing_facts::look_up(store, Some(&unknown), &Party::Anonymous).await;
        assert_eq!(looked.unwrap(), None);
        store.seed_defaults(at(0)).await.unwrap();
        let looked = routing_facts::look_up(store, Some(&unknown), &Party::Anonymous).await;
        let (facts, _) = looked.unwrap().unwrap();
        assert_eq!(facts.number_id, None);
        let default = tenants::default_tenant(store).await.unwrap().unwrap();
        assert_eq!(facts.tenant_id, default.id);
        assert!(
            facts
                .receptionists
                .contains_key(&default.default_receptionist.unwrap())
        );
    })
    .await;
}

#[tokio::test]
async fn the_first_route_of_a_call_is_kept_until_the_carrier_closes_it() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let call = new_call(tenant.id, 1);
        calls::find_or_create(store, &call).await.unwrap();
        let decided = |text: &str| Route {
            open_state: OpenState::Open,
            stops: vec![
                Stop::Queue(frontdesk::routing::QueueStop {
                    queue_id: queue(tenant.id).id,
                    hold_music_url: Some("https://example.com/a.mp3".to_owned()),
                    announces_position: false,
                    announces_wait: true,
                    max_wait: std::time::Duration::from_secs(30),
                    max_size: 3,
                }),
                Stop::Message {
                    text: text.to_owned(),
                },
            ],
            language: Some("de-DE".to_owned()),
            steps: Vec::new(),
        };
        let key = (tenant.id, call.id);
        call_routes::insert(store, key, &decided("first"), at(1))
            .await
            .unwrap();
        call_routes::insert(store, key, &decided("second"), at(2))
            .await
            .unwrap();
        let kept = call_routes::find_by_sid(store, &call.call_sid)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept.route, decided("first"));
        assert_eq!((kept.tenant_id, kept.call_id), key);
        assert!(!kept.is_closed && kept.end_reason.is_none());
        call_routes::close(store, &call.call_sid, at(3))
            .await
            .unwrap();
        let kept = call_routes::find_by_sid(store, &call.call_sid)
            .await
            .unwrap()
            .unwrap();
        assert!(kept.is_closed);
        let unknown = "CA-unknown".parse().unwrap();
        assert_eq!(
            call_routes::find_by_sid(store, &unknown).await.unwrap(),
            None
        );
        call_routes::close(store, &unknown, at(3)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn hours_in_the_database_can_be_read_by_people() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        hours::insert(store, &some_hours(tenant.id)).await.unwrap();
        let week = db.text("SELECT week FROM hours").await;
        assert!(
            week.starts_with(r#"{"monday":["09:00-17:00"],"tuesday":[]"#),
            "{week}"
        );
        let page = hours::list(store, tenant.id, &page::Request::default())
            .await
            .unwrap();
        assert_eq!(page.items, [some_hours(tenant.id)]);
        let closed = page.items[0].plan.is_open(Timestamp::from_ms(0));
        assert!(!closed.is_open());
        let facts = routing_facts::look_up(store, None, &Party::Anonymous)
            .await
            .unwrap();
        assert!(
            facts.is_none_or(|(facts, caller)| !route(&facts, &caller, at(0)).stops.is_empty())
        );
    })
    .await;
}
