//! Tenants, receptionists, numbers, and who answers.

use std::collections::BTreeSet;

use frontdesk::domain::{
    AudioFormat, Capabilities, Eagerness, Number, NumberId, Receptionist, ReceptionistId, Tenant,
    TenantId, TurnDetection,
};
use frontdesk::store::{Error, Store, numbers, page, receptionists, tenants};

use super::values::{
    add_tenant, at, phone, publish, receptionist, receptionist_id, tenant, tenant_id,
};
use crate::support::database::on_each_database;

#[tokio::test]
async fn a_tenant_is_found_as_it_was_written() {
    on_each_database(async |db| {
        let (mut whose, who) = add_tenant(&db.store, 1).await;
        assert_eq!(
            tenants::find(&db.store, whose.id).await.unwrap(),
            Some(whose.clone())
        );
        assert_eq!(tenants::find(&db.store, tenant_id(2)).await.unwrap(), None);

        tenants::set_default_receptionist(&db.store, whose.id, who.id)
            .await
            .unwrap();
        whose.default_receptionist = Some(who.id);
        assert_eq!(
            tenants::find(&db.store, whose.id).await.unwrap(),
            Some(whose.clone())
        );

        let other = receptionist(whose.id, 2);
        receptionists::insert(&db.store, &other, at(0))
            .await
            .unwrap();
        tenants::set_default_receptionist(&db.store, whose.id, other.id)
            .await
            .unwrap();
        whose.default_receptionist = Some(other.id);
        assert_eq!(
            tenants::find(&db.store, whose.id).await.unwrap(),
            Some(whose)
        );
    })
    .await;
}

#[tokio::test]
async fn a_tenant_that_is_there_already_is_a_conflict() {
    on_each_database(async |db| {
        add_tenant(&db.store, 1).await;
        let error = tenants::insert(&db.store, &tenant(1), at(1))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Conflict), "{error:?}");
        assert!(!error.is_transient());
    })
    .await;
}

#[tokio::test]
async fn a_tenant_and_its_default_are_written_together_in_either_order() {
    on_each_database(async |db| {
        let whose = Tenant {
            default_receptionist: Some(receptionist_id(1)),
            ..tenant(1)
        };
        let mut tx = db.store.begin().await.unwrap();
        tenants::insert(&mut tx, &whose, at(0)).await.unwrap();
        let who = receptionist(whose.id, 1);
        receptionists::insert(&mut tx, &who, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            tenants::find(&db.store, whose.id).await.unwrap(),
            Some(whose)
        );

        let nobody = Tenant {
            default_receptionist: Some(receptionist_id(9)),
            ..tenant(2)
        };
        let error = tenants::insert(&db.store, &nobody, at(0))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Dangling), "{error:?}");
        assert_eq!(tenants::find(&db.store, nobody.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn every_field_of_a_receptionist_comes_back() {
    on_each_database(async |db| {
        let (whose, mut who) = add_tenant(&db.store, 1).await;
        assert_eq!(found(&db.store, whose.id, who.id).await, Some(who.clone()));

        // Semantic first and then by loudness again, on the same connections:
        // a threshold that is absent leaves no trace in what comes after.
        for eagerness in [
            Eagerness::Low,
            Eagerness::Medium,
            Eagerness::High,
            Eagerness::Auto,
        ] {
            who.turn_detection = TurnDetection::SemanticVad { eagerness };
            assert!(receptionists::update(&db.store, &who, at(1)).await.unwrap());
            assert_eq!(found(&db.store, whose.id, who.id).await, Some(who.clone()));
        }
        who.turn_detection = TurnDetection::default();
        who.format = AudioFormat::Pcm24;
        who.tools = BTreeSet::new();
        who.silence.prompts = 0;
        who.name = "Ünïcode 🙂".to_owned();
        assert!(receptionists::update(&db.store, &who, at(2)).await.unwrap());
        assert_eq!(found(&db.store, whose.id, who.id).await, Some(who.clone()));

        let nobody = receptionist(whose.id, 7);
        assert!(
            !receptionists::update(&db.store, &nobody, at(3))
                .await
                .unwrap()
        );
    })
    .await;
}

#[tokio::test]
async fn a_receptionist_that_makes_no_sense_is_corrupt() {
    on_each_database(async |db| {
        let (whose, who) = add_tenant(&db.store, 1).await;
        for damage in [
            "audio_format = 'mp3'",
            "audio_format = 'pcmu', turn_detection = 'telepathy'",
            "turn_detection = 'semantic_vad'",
            "turn_detection = 'server_vad', vad_threshold = NULL",
            "vad_threshold = 0.5, vad_silence_duration_ms = -1",
            "vad_silence_duration_ms = 1, tools = 'end_call launch_missiles'",
            "tools = '', silence_prompts = -1",
        ] {
            db.execute(&format!("UPDATE receptionists SET {damage}"))
                .await;
            let error = receptionists::find(&db.store, whose.id, who.id)
                .await
                .unwrap_err();
            let Error::Corrupt { table, id, .. } = error else {
                panic!("{damage}: {error:?}");
            };
            assert_eq!((table, id), ("receptionists", who.id.to_string()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_number_is_found_as_it_was_written() {
    on_each_database(async |db| {
        let (whose, who) = add_tenant(&db.store, 1).await;
        let mut number = number(whose.id, 1, Some(who.id));
        numbers::insert(&db.store, &number).await.unwrap();
        let by_phone = numbers::find_by_phone_number(&db.store, &number.phone_number);
        assert_eq!(by_phone.await.unwrap(), Some(number.clone()));

        number.receptionist_id = None;
        number.label = Some("Front door".to_owned());
        number.carrier_sid = Some("PN1".parse().unwrap());
        number.capabilities = Some(Capabilities {
            sms: true,
            ..Capabilities::default()
        });
        number.configured_at = Some(at(7));
        assert!(numbers::update(&db.store, &number).await.unwrap());
        let by_id = numbers::find(&db.store, whose.id, number.id).await.unwrap();
        assert_eq!(by_id, Some(number.clone()));
        let page = page::Request::default();
        let listed = numbers::list(&db.store, whose.id, &page).await.unwrap();
        assert_eq!((listed.items, listed.next), (vec![number.clone()], None));

        let error = numbers::insert(&db.store, &number).await.unwrap_err();
        assert!(matches!(error, Error::Conflict), "{error:?}");
        assert!(
            numbers::delete(&db.store, whose.id, number.id)
                .await
                .unwrap()
        );
        assert!(
            !numbers::delete(&db.store, whose.id, number.id)
                .await
                .unwrap()
        );
        let by_phone = numbers::find_by_phone_number(&db.store, &number.phone_number);
        assert_eq!(by_phone.await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_number_is_answered_by_its_own_then_the_tenants_then_the_house_receptionist() {
    on_each_database(async |db| {
        db.store.seed_defaults(at(0)).await.unwrap();
        let house = tenants::default_tenant(&db.store).await.unwrap().unwrap();
        let house_receptionist = house.default_receptionist.unwrap();
        let (whose, own) = add_tenant(&db.store, 1).await;
        let theirs = receptionist(whose.id, 2);
        receptionists::insert(&db.store, &theirs, at(0))
            .await
            .unwrap();
        let with_own = number(whose.id, 1, Some(own.id));
        let without = number(whose.id, 2, None);
        numbers::insert(&db.store, &with_own).await.unwrap();
        numbers::insert(&db.store, &without).await.unwrap();
        let unknown = phone("+15557654321");

        // Who was never published does not answer.
        assert_eq!(
            who_answers(&db.store, &with_own).await,
            (house.id, house_receptionist)
        );
        publish(&db.store, &own).await;

        assert_eq!(who_answers(&db.store, &with_own).await, (whose.id, own.id));
        // Nobody at all is told off: where the tenant has no default yet, the
        // house answers.
        assert_eq!(
            who_answers(&db.store, &without).await,
            (house.id, house_receptionist)
        );

        tenants::set_default_receptionist(&db.store, whose.id, theirs.id)
            .await
            .unwrap();
        assert_eq!(
            who_answers(&db.store, &without).await,
            (house.id, house_receptionist)
        );
        publish(&db.store, &theirs).await;
        assert_eq!(
            who_answers(&db.store, &without).await,
            (whose.id, theirs.id)
        );
        assert_eq!(who_answers(&db.store, &with_own).await, (whose.id, own.id));
        for to in [None, Some(&unknown)] {
            let (tenant, who) = numbers::answering(&db.store, to).await.unwrap().unwrap();
            assert_eq!((&tenant, who.id), (&house, house_receptionist));
        }

        let (tenant, who) = numbers::answering(&db.store, Some(&with_own.phone_number))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            tenants::find(&db.store, whose.id).await.unwrap(),
            Some(tenant)
        );
        assert_eq!(who, own);
    })
    .await;
}

async fn found(store: &Store, tenant: TenantId, id: ReceptionistId) -> Option<Receptionist> {
    let draft = receptionists::find(store, tenant, id)
        .await
        .expect("the receptionist can be read");
    draft.map(|draft| draft.receptionist)
}

async fn who_answers(store: &Store, number: &Number) -> (TenantId, ReceptionistId) {
    let (tenant, who) = numbers::answering(store, Some(&number.phone_number))
        .await
        .expect("the number can be looked up")
        .expect("somebody answers");
    (tenant.id, who.id)
}

fn number(tenant: TenantId, n: u8, receptionist: Option<ReceptionistId>) -> Number {
    let id = NumberId::from_parts(at(0), u128::from(n));
    let phone_number = phone(&format!("+1555000{n:04}"));
    Number {
        receptionist_id: receptionist,
        ..Number::new(id, tenant, phone_number, at(0))
    }
}
