//! Flows in the database: drafts, versions, what they name, what was counted.

use frontdesk::domain::{
    Day, Entry, FlowId, Hours, HoursId, Lock, Number, NumberId, Party, PhoneNumber, Pii,
    ReceptionistId, SettingKey, SettingValue, TenantId,
};
use frontdesk::routing::ivr::{Exit, Flow, Passage, State};
use frontdesk::routing::{Facts, IvrStop, Plan, Reference, Stop, Target, route};
use frontdesk::store::call_events::NewEvent;
use frontdesk::store::ivr_counters::{self, Passed};
use frontdesk::store::ivr_flows::{self, Draft};
use frontdesk::store::receptionist_versions::Publication;
use frontdesk::store::text::{FlowText, HoursText};
use frontdesk::store::{
    Error, Store, call_events, calls, hours, ivr_flow_versions, ivr_states, number_plans, numbers,
    page, routing_facts, settings,
};
use serde_json::json;

use super::values::{add_tenant, at, new_call, phone, publish};
use crate::support::database::on_each_database;

fn flow_id(n: u8) -> FlowId {
    FlowId::from_parts(at(0), n.into())
}

fn hours_id(n: u8) -> HoursId {
    HoursId::from_parts(at(0), n.into())
}

/// A flow that asks these hours, and says something of its own.
fn flow(hours: HoursId, text: &str) -> Flow {
    let text = json!({
        "nodes": [
            {"id": "start", "kind": "start", "position": {"x": 12.5, "y": -3}},
            {"id": "open", "kind": {"hours": {"hours_id": hours.to_string()}}},
            {"id": "hello", "name": "Hello", "kind": {"say": {"text": text}}},
            {"id": "ai", "kind": {"ai": {}}},
            {"id": "end", "kind": "hangup"},
        ],
        "edges": [
            {"from": "start", "exit": "next", "to": "open"},
            {"from": "open", "exit": "open", "to": "ai"},
            {"from": "open", "exit": "closed", "to": "hello"},
            {"from": "hello", "exit": "next", "to": "end"},
        ],
    });
    let text: FlowText = serde_json::from_value(text).unwrap();
    text.into()
}

fn draft(tenant: TenantId, n: u8, flow: Flow) -> Draft {
    Draft {
        flow,
        ..Draft::new(flow_id(n), tenant, format!("Flow {n}"), at(i64::from(n)))
    }
}

async fn add_hours(store: &Store, tenant: TenantId, n: u8) -> HoursId {
    let week: HoursText =
        serde_json::from_value(json!({"week": {"monday": ["09:00-17:00"]}})).unwrap();
    let some = Hours {
        id: hours_id(n),
        tenant_id: tenant,
        name: "Office".to_owned(),
        plan: week.into_plan("UTC".parse().unwrap()).unwrap(),
        created_at: at(0),
    };
    hours::insert(store, &some).await.unwrap();
    some.id
}

async fn publish_flow(store: &Store, draft: &Draft, ms: i64) -> i64 {
    let publication = Publication::by_the_house(at(ms));
    let of = (draft.tenant_id, draft.id);
    let version = ivr_flow_versions::publish(store, of, &draft.flow, &publication).await;
    version.unwrap().expect("it is there")
}

#[tokio::test]
async fn a_draft_is_edited_and_callers_meet_versions_of_it() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let office = add_hours(store, tenant.id, 1).await;
        let mut first = draft(tenant.id, 1, flow(office, "We are closed."));
        ivr_flows::insert(store, &first).await.unwrap();
        let found = ivr_flows::find(store, tenant.id, first.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&first));
        assert_eq!(publish_flow(store, &first, 5).await, 1);
        let old = first.flow.clone();
        first.flow = flow(office, "Come back on Monday.");
        first.name = "Main".to_owned();
        assert!(ivr_flows::update(store, &first, at(6)).await.unwrap());
        let found = ivr_flows::find(store, tenant.id, first.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.published_version, found.is_changed), (Some(1), true));
        assert_eq!((&found.flow, found.updated_at), (&first.flow, at(6)));
        // What somebody has looked at is published, or nothing.
        let publication = Publication::by_the_house(at(7));
        let of = (tenant.id, first.id);
        let overtaken = ivr_flow_versions::publish(store, of, &old, &publication).await;
        assert!(matches!(overtaken, Err(Error::Conflict)), "{overtaken:?}");
        assert_eq!(publish_flow(store, &first, 8).await, 2);
        let page = page::Request::default();
        let versions = ivr_flow_versions::list(store, tenant.id, first.id, &page).await;
        let versions = versions.unwrap().items;
        let told: Vec<_> = versions
            .iter()
            .map(|one| (one.version, one.name.as_str()))
            .collect();
        assert_eq!(told, [(2, "Main"), (1, "Flow 1")]);
        assert_eq!(versions[1].flow, old);
        let second = draft(tenant.id, 2, Flow::default());
        ivr_flows::insert(store, &second).await.unwrap();
        let listed = ivr_flows::list(store, tenant.id, &page::Request::default())
            .await
            .unwrap();
        let ids: Vec<_> = listed.items.iter().map(|one| one.id).collect();
        assert_eq!(ids, [second.id, first.id]);
        let same_name = Draft {
            name: "Main".to_owned(),
            ..draft(tenant.id, 3, Flow::default())
        };
        let refused = ivr_flows::insert(store, &same_name).await;
        assert!(matches!(refused, Err(Error::Conflict)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn i9_a_flow_names_nothing_of_another_tenant_and_is_not_there_for_it() {
    on_each_database(async |db| {
        let store = &db.store;
        let (one, _) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let office = add_hours(store, one.id, 1).await;
        let stolen = draft(other.id, 2, flow(office, "x"));
        let refused = ivr_flows::insert(store, &stolen).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
        let own = draft(other.id, 2, Flow::default());
        ivr_flows::insert(store, &own).await.unwrap();
        let refused = ivr_flows::update(store, &stolen, at(1)).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");

        let ours = draft(one.id, 1, flow(office, "x"));
        ivr_flows::insert(store, &ours).await.unwrap();
        publish_flow(store, &ours, 1).await;
        let (id, page) = (ours.id, page::Request::default());
        assert_eq!(ivr_flows::find(store, other.id, id).await.unwrap(), None);
        assert_eq!(
            ivr_flow_versions::find(store, other.id, id, 1)
                .await
                .unwrap(),
            None
        );
        let versions = ivr_flow_versions::list(store, other.id, id, &page)
            .await
            .unwrap();
        assert!(versions.items.is_empty());
        let theirs = Draft {
            tenant_id: other.id,
            flow: Flow::default(),
            ..ours.clone()
        };
        assert!(!ivr_flows::update(store, &theirs, at(2)).await.unwrap());
        assert!(!ivr_flows::delete(store, other.id, id).await.unwrap());
        let publication = Publication::by_the_house(at(2));
        let published = ivr_flow_versions::publish(store, (other.id, id), &ours.flow, &publication);
        assert_eq!(published.await.unwrap(), None);
        let reference = Reference::Flow(id);
        assert!(number_plans::has(store, one.id, reference).await.unwrap());
        assert!(!number_plans::has(store, other.id, reference).await.unwrap());

        let days = (Day::of(at(0), "UTC"), Day::of(at(0), "UTC"));
        let sums = ivr_counters::sums(store, other.id, id, days).await;
        assert!(sums.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn i9_a_plan_leads_into_no_flow_of_another_tenant() {
    on_each_database(async |db| {
        let store = &db.store;
        let (one, _) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let ours = draft(one.id, 1, Flow::default());
        ivr_flows::insert(store, &ours).await.unwrap();
        let id = ours.id;
        let number = Number::new(
            NumberId::from_parts(at(0), 1),
            other.id,
            phone("+15550001111"),
            at(0),
        );
        numbers::insert(store, &number).await.unwrap();
        let plan = Plan {
            open: Target::Ivr { flow_id: id },
            ..Plan::default()
        };
        let refused = number_plans::put(store, (other.id, number.id), &plan, at(0)).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn what_a_flow_names_and_a_flow_that_a_plan_names_cannot_be_deleted() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let office = add_hours(store, tenant.id, 1).await;
        let mut some = draft(tenant.id, 1, flow(office, "x"));
        ivr_flows::insert(store, &some).await.unwrap();
        publish_flow(store, &some, 1).await;
        let number = Number::new(
            NumberId::from_parts(at(0), 1),
            tenant.id,
            phone("+15550001111"),
            at(0),
        );
        numbers::insert(store, &number).await.unwrap();
        let ivr = Target::Ivr { flow_id: some.id };
        let plan = Plan {
            open: ivr.clone(),
            after_hours: Some(ivr),
            ..Plan::default()
        };
        number_plans::put(store, (tenant.id, number.id), &plan, at(1))
            .await
            .unwrap();
        let refused = ivr_flows::delete(store, tenant.id, some.id).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
        number_plans::put(store, (tenant.id, number.id), &Plan::default(), at(2))
            .await
            .unwrap();

        // The draft names the hours no more; callers still meet a version that does.
        some.flow = Flow::default();
        assert!(ivr_flows::update(store, &some, at(3)).await.unwrap());
        let refused = hours::delete(store, tenant.id, office).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
        publish_flow(store, &some, 4).await;
        assert!(hours::delete(store, tenant.id, office).await.unwrap());
        assert!(ivr_flows::delete(store, tenant.id, some.id).await.unwrap());
        assert_eq!(
            ivr_flow_versions::find(store, tenant.id, some.id, 1)
                .await
                .unwrap(),
            None
        );
    })
    .await;
}

/// A number of the tenant's that leads into the flow.
async fn number_into(store: &Store, flow: &Draft, who: ReceptionistId) -> PhoneNumber {
    let (tenant, id) = (flow.tenant_id, NumberId::from_parts(at(0), 1));
    let number = Number {
        receptionist_id: Some(who),
        ..Number::new(id, tenant, phone("+15550001111"), at(0))
    };
    numbers::insert(store, &number).await.unwrap();
    let plan = Plan {
        open: Target::Ivr { flow_id: flow.id },
        ..Plan::default()
    };
    let put = number_plans::put(store, (tenant, id), &plan, at(1)).await;
    put.unwrap();
    number.phone_number
}

async fn look_up(store: &Store, number: &PhoneNumber) -> (Facts, Stop) {
    let found = routing_facts::look_up(store, Some(number), &Party::Anonymous).await;
    let (facts, caller) = found.unwrap().expect("somebody answers");
    let first = route(&facts, &caller, at(0)).stops.swap_remove(0);
    (facts, first)
}

#[tokio::test]
async fn facts_hold_the_published_flow_with_all_that_it_names() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, who) = add_tenant(store, 1).await;
        publish(store, &who).await;
        let office = add_hours(store, tenant.id, 1).await;
        let some = draft(tenant.id, 1, flow(office, "x"));
        ivr_flows::insert(store, &some).await.unwrap();
        let number = number_into(store, &some, who.id).await;
        let (facts, first) = look_up(store, &number).await;
        assert!(facts.flows.is_empty() && facts.hours.is_empty());
        assert_eq!(first.kind(), "voicemail");

        publish_flow(store, &some, 2).await;
        let (facts, first) = look_up(store, &number).await;
        assert_eq!(*facts.flows[&some.id].flow, some.flow);
        assert!(facts.hours.contains_key(&office) && facts.has_ivr);
        let Stop::Ivr(stop) = first else {
            panic!("it leads into the flow")
        };
        assert_eq!(stop.receptionist_id, Some(who.id));
        // The same is found where only the stop of a route is known.
        let again = ivr_flow_versions::facts(store, tenant.id, &stop).await;
        let again = again.unwrap().unwrap();
        assert_eq!(again.flows, facts.flows);
        assert_eq!(
            (&again.hours, &again.receptionists),
            (&facts.hours, &facts.receptionists)
        );
        let other = IvrStop { version: 2, ..stop };
        let none = ivr_flow_versions::facts(store, tenant.id, &other).await;
        assert_eq!(none.unwrap(), None);

        let off = Entry {
            value: SettingValue::Truth(false),
            lock: Lock::Unlocked,
        };
        let key = SettingKey::EnableIvr;
        let set = settings::put_tenant(store, tenant.id, key, (&off, at(3))).await;
        set.unwrap();
        let (facts, first) = look_up(store, &number).await;
        assert!(!facts.has_ivr);
        assert_eq!(first.kind(), "voicemail");
    })
    .await;
}

fn passage(node: &str, exit: Option<&str>) -> Passage {
    Passage {
        node: node.parse().unwrap(),
        exit: exit.map(|exit| exit.parse().unwrap()),
    }
}

#[tokio::test]
async fn w1_what_a_call_has_passed_is_counted_once() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let some = draft(tenant.id, 1, Flow::default());
        ivr_flows::insert(store, &some).await.unwrap();
        let call = new_call(tenant.id, 1);
        calls::find_or_create(store, &call).await.unwrap();
        let path = [
            passage("main", None),
            passage("main", Some("1")),
            passage("sales", None),
        ];
        let note = async |key: &str, day: &str| {
            let day: Day = day.parse().unwrap();
            let passed = Passed {
                flow: some.id,
                day,
                path: &path,
            };
            let event = NewEvent {
                kind: "ivr.walked",
                detail: Pii::new("{}"),
                at: at(0),
                key: Some(key),
            };
            ivr_counters::note(store, (tenant.id, call.id), &event, passed).await
        };
        assert!(note("ivr.0.1", "2026-12-24").await.unwrap());
        assert!(!note("ivr.0.1", "2026-12-24").await.unwrap());
        assert!(note("ivr.0.2", "2026-12-24").await.unwrap());
        assert!(note("ivr.0.3", "2026-12-25").await.unwrap());
        let events = call_events::list(store, tenant.id, call.id).await.unwrap();
        assert_eq!(events.len(), 3);
        let sums = async |first: &str, last: &str| {
            let days = (first.parse().unwrap(), last.parse().unwrap());
            ivr_counters::sums(store, tenant.id, some.id, days)
                .await
                .unwrap()
        };
        let both = sums("2026-12-24", "2026-12-25").await;
        assert_eq!(both[&"main".parse().unwrap()].entered, 3);
        assert_eq!(both[&"main".parse().unwrap()].left[&Exit::Key('1')], 3);
        assert_eq!(both[&"sales".parse().unwrap()].left.len(), 0);
        let one = sums("2026-12-25", "2027-01-01").await;
        assert_eq!(one[&"main".parse().unwrap()].entered, 1);
        assert!(sums("2026-12-26", "2026-12-24").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn i9_a_call_is_not_counted_in_a_flow_of_another_tenant() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let some = draft(tenant.id, 1, Flow::default());
        ivr_flows::insert(store, &some).await.unwrap();
        let (other, _) = add_tenant(store, 2).await;
        let theirs = new_call(other.id, 2);
        calls::find_or_create(store, &theirs).await.unwrap();
        let path = [passage("main", None)];
        let passed = Passed {
            flow: some.id,
            day: Day::of(at(0), "UTC"),
            path: &path,
        };
        let event = NewEvent {
            kind: "x",
            detail: Pii::new("{}"),
            at: at(0),
            key: None,
        };
        let refused = ivr_counters::note(store, (other.id, theirs.id), &event, passed).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn where_a_call_was_is_kept_until_it_is_over() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let call = new_call(tenant.id, 1);
        calls::find_or_create(store, &call).await.unwrap();
        let key = (tenant.id, call.id);
        let mut state = State::lost_at("main".parse().unwrap(), 1);
        state.variables.set("name", "Ada “Lovelace”");
        state.digits = Pii::new("12#".to_owned());
        ivr_states::insert(store, key, 0, &state).await.unwrap();
        let later = State {
            tries: 9,
            ..state.clone()
        };
        ivr_states::insert(store, key, 0, &later).await.unwrap();
        let found = async |key, at| ivr_states::find(store, key, at).await.unwrap();
        assert_eq!(found(key, (0, 1)).await, Some(state));
        assert_eq!(found(key, (0, 2)).await, None);
        assert_eq!(found(key, (1, 1)).await, None);
        assert_eq!(found((other.id, call.id), (0, 1)).await, None);
        let refused = ivr_states::insert(store, (other.id, call.id), 5, &later).await;
        assert!(matches!(refused, Err(Error::Dangling)), "{refused:?}");
        ivr_states::forget(store, &call.call_sid).await.unwrap();
        assert_eq!(found(key, (0, 1)).await, None);
    })
    .await;
}
