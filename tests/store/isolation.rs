//! One tenant's rows, asked for by another: as if they were not there.

use std::time::Duration;

use frontdesk::clock::random_bytes;
use frontdesk::domain::{
    AnsweredBy, ApiKeyId, EndReason, Number, NumberId, Pii, Receptionist, RecordedTurn,
    RecordedVoice, RecordingId, Scope, Speaker, TenantId, TurnLatency, Usage, Utterance,
};
use frontdesk::store::api_keys::NewApiKey;
use frontdesk::store::call_events::NewEvent;
use frontdesk::store::call_recordings::{self, KeptFile};
use frontdesk::store::call_search::{self, Filter};
use frontdesk::store::calls::{Finished, NewCall};
use frontdesk::store::{
    Error, KeyText, Store, api_keys, call_events, calls, numbers, page, receptionists,
    recorded_turns, tenants, turns, utterances,
};

use super::values::{add_tenant, at, new_call, phone};
use crate::support::announced::announced;
use crate::support::database::on_each_database;

#[tokio::test]
async fn i9_nothing_of_one_tenant_is_seen_by_another() {
    on_each_database(async |db| {
        let store = &db.store;
        let (one, who) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let things = add_things(store, one.id, &who).await;
        let page = page::Request::default();
        let other = other.id;

        assert_eq!(
            receptionists::find(store, other, who.id).await.unwrap(),
            None
        );
        assert_eq!(
            numbers::find(store, other, things.number.id).await.unwrap(),
            None
        );
        assert_eq!(
            calls::find(store, other, things.call.id).await.unwrap(),
            None
        );
        let call = things.call.id;
        let events = call_events::list(store, other, call).await.unwrap();
        let words = utterances::list(store, other, call).await.unwrap();
        let latencies = turns::list(store, other, call).await.unwrap();
        assert!(events.is_empty() && words.is_empty() && latencies.is_empty());
        let recorded = recorded_turns::list(store, other, call).await;
        assert_eq!(recorded.unwrap(), []);

        let filter = Filter::default();
        assert!(
            call_search::list(store, other, &filter, &page)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        assert!(
            numbers::list(store, other, &page)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        assert!(
            api_keys::list(store, (other, false), &page)
                .await
                .unwrap()
                .items
                .is_empty()
        );
        let theirs = receptionists::list(store, other, &page)
            .await
            .unwrap()
            .items;
        assert!(
            theirs
                .iter()
                .all(|draft| draft.receptionist.tenant_id == other)
        );
    })
    .await;
}

#[tokio::test]
async fn i9_nothing_of_one_tenant_is_changed_by_another() {
    on_each_database(async |db| {
        let store = &db.store;
        let (one, who) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let things = add_things(store, one.id, &who).await;
        let call = things.call.id;
        let before = snapshot(store, one.id, &things).await;
        let other = other.id;

        let touched = touch_as(store, other, &who, &things).await;
        assert_eq!(touched, [false; 6]);
        let refusals = [
            call_events::append(store, other, call, &event())
                .await
                .err(),
            utterances::put(store, other, call, 0, &utterance("stolen"))
                .await
                .err(),
            utterances::put(store, other, call, 1, &utterance("added"))
                .await
                .err(),
            utterances::replace_all(store, other, call, &[utterance("all")])
                .await
                .err(),
            turns::put(store, other, call, 0, &latency(9)).await.err(),
            turns::put(store, other, call, 1, &latency(9)).await.err(),
            tenants::set_default_receptionist(store, other, who.id)
                .await
                .err(),
        ];
        for (n, refusal) in refusals.into_iter().enumerate() {
            assert!(matches!(refusal, Some(Error::Dangling)), "{n}: {refusal:?}");
        }
        assert_eq!(snapshot(store, one.id, &things).await, before);
    })
    .await;
}

#[tokio::test]
async fn i9_a_number_is_not_answered_by_another_tenants_receptionist() {
    on_each_database(async |db| {
        let (one, who) = add_tenant(&db.store, 1).await;
        let (other, _) = add_tenant(&db.store, 2).await;
        let id = NumberId::from_parts(at(0), 5);
        let number = Number {
            receptionist_id: Some(who.id),
            ..Number::new(id, other.id, phone("+15550005555"), at(0))
        };
        let error = numbers::insert(&db.store, &number).await.unwrap_err();
        assert!(matches!(error, Error::Dangling), "{error:?}");
        let listed = numbers::list(&db.store, one.id, &page::Request::default()).await;
        assert!(listed.unwrap().items.is_empty());
    })
    .await;
}

/// Tries to change each of the things as the tenant; what the store says it
/// has changed.
async fn touch_as(
    store: &Store,
    tenant: TenantId,
    who: &Receptionist,
    things: &Things,
) -> [bool; 6] {
    let stolen = Receptionist {
        tenant_id: tenant,
        greeting: "stolen".to_owned(),
        ..who.clone()
    };
    let number = Number {
        tenant_id: tenant,
        receptionist_id: None,
        ..things.number.clone()
    };
    let call = things.call.id;
    api_keys::touch_last_used(store, tenant, things.key, at(1))
        .await
        .expect("a key that is not there is not touched");
    [
        receptionists::update(store, &stolen, at(1)).await,
        numbers::update(store, &number).await,
        numbers::delete(store, tenant, number.id).await,
        calls::mark_answered(store, tenant, call, (AnsweredBy::Ai, at(1))).await,
        calls::finish(store, tenant, call, &finished()).await,
        api_keys::revoke(store, (tenant, false), things.key, at(1)).await,
    ]
    .map(|outcome| outcome.expect("it is no error"))
}

struct Things {
    number: Number,
    call: NewCall,
    key: ApiKeyId,
}

/// One of everything, for the tenant.
async fn add_things(store: &Store, tenant: TenantId, who: &Receptionist) -> Things {
    let id = NumberId::from_parts(at(0), 1);
    let number = Number {
        receptionist_id: Some(who.id),
        ..Number::new(id, tenant, phone("+15550001111"), at(0))
    };
    let call = new_call(tenant, 1);
    let key = ApiKeyId::from_parts(at(0), 1);
    let new_key = NewApiKey {
        id: key,
        tenant_id: tenant,
        name: "the console",
        text: &KeyText::from_random(&random_bytes()),
        scope: Scope::Everything,
        is_platform: false,
        created_at: at(0),
        expires_at: None,
    };
    let outcomes = [
        numbers::insert(store, &number).await.err(),
        calls::find_or_create(store, &call).await.err(),
        call_events::append(store, tenant, call.id, &event())
            .await
            .err(),
        utterances::put(store, tenant, call.id, 0, &utterance("mine"))
            .await
            .err(),
        turns::put(store, tenant, call.id, 0, &latency(1))
            .await
            .err(),
        api_keys::insert(store, &new_key).await.err(),
        add_recorded_turn(store, &call).await.err(),
    ];
    assert!(outcomes.iter().all(Option::is_none), "{outcomes:?}");
    Things { number, call, key }
}

async fn add_recorded_turn(store: &Store, call: &NewCall) -> Result<(), Error> {
    let id = RecordingId::from_parts(at(0), 1);
    let title = announced(id, (call.tenant_id, call.id), at(0));
    call_recordings::begin(store, &title).await?;
    let file = KeptFile {
        name: "sound.wav",
        content_type: "audio/wav",
        bytes: 44,
        duration_ms: 0,
        pauses: &[],
        lost_ms: 0,
        fault: None,
    };
    call_recordings::keep(store, (title.tenant_id, title.id), &file).await?;
    let turn = RecordedTurn {
        voice: RecordedVoice::Caller,
        text: Pii::new("mine".to_owned()),
        started: Duration::ZERO,
    };
    let kept = recorded_turns::put(store, &title, 0, &turn, None).await?;
    assert!(kept);
    Ok(())
}

/// Everything of the tenant's, as its owner sees it.
async fn snapshot(store: &Store, tenant: TenantId, things: &Things) -> String {
    let (call, page) = (things.call.id, page::Request::default());
    let words = utterances::list(store, tenant, call).await;
    let words: Vec<String> = words
        .expect("the words can be read")
        .into_iter()
        .map(|utterance| utterance.text.into_inner())
        .collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        words,
        tenants::find(store, tenant).await,
        receptionists::list(store, tenant, &page).await,
        numbers::list(store, tenant, &page).await,
        calls::find(store, tenant, call).await,
        (
            call_events::list(store, tenant, call).await,
            turns::list(store, tenant, call).await,
            recorded_turns::list(store, tenant, call).await,
        ),
        api_keys::list(store, (tenant, false), &page).await,
    )
}

fn finished() -> Finished {
    Finished {
        end_reason: EndReason::Internal,
        usage: Usage::default(),
        cost: None,
        ended_at: at(1),
    }
}

fn event() -> NewEvent<'static> {
    NewEvent {
        kind: "dtmf",
        detail: Pii::new("{}"),
        at: at(0),
        key: None,
    }
}

fn utterance(text: &str) -> Utterance {
    Utterance {
        speaker: Speaker::Caller,
        text: Pii::new(text.to_owned()),
        started: Duration::ZERO,
        interrupted: false,
    }
}

fn latency(ms: u64) -> TurnLatency {
    TurnLatency {
        sent: Duration::from_millis(ms),
        heard: None,
    }
}
