//! Receptionists: what is edited, and what callers meet.

use frontdesk::domain::{Number, NumberId, ReceptionistId};
use frontdesk::store::receptionist_versions::{self as versions, Publication};
use frontdesk::store::{Error, Store, numbers, page, receptionists, tenants};
use futures::future::join_all;

use super::values::{add_tenant, at, phone, publish, receptionist, tenant_id};
use crate::support::database::{Database, on_each_bare_database, on_each_database};

#[tokio::test]
async fn d6_who_answered_before_there_were_versions_goes_on_answering_as_version_one() {
    on_each_bare_database(async |db| {
        db.migrate_to(2).await;
        write_as_before(db).await;
        db.store.migrate().await.unwrap();

        let number = phone("+15550001111");
        let (_, who) = numbers::answering(&db.store, Some(&number))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(who.greeting, "Hello of old.");
        let draft = receptionists::find(&db.store, who.tenant_id, who.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (draft.published_version, draft.is_changed),
            (Some(1), false)
        );
        assert_eq!(draft.receptionist, who);
        let version = versions::find(&db.store, who.tenant_id, who.id, 1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((version.published_by, version.note), (None, None));
        assert_eq!(version.published_at, at(5));
        assert_eq!(version.receptionist, who);
    })
    .await;
}

/// A tenant with a receptionist and a number, in the words of that time.
async fn write_as_before(db: &Database) {
    let tenant = tenant_id(1);
    let id: ReceptionistId = receptionist(tenant, 1).id;
    let ms = at(5).as_ms();
    for sql in [
        format!(
            "INSERT INTO tenants (id, name, time_zone, created_at_ms)
            VALUES ('{tenant}', 'A', 'UTC', {ms})"
        ),
        format!(
            "INSERT INTO receptionists (id, tenant_id, name, greeting, instructions, voice,
                language, audio_format, turn_detection, vad_threshold, vad_prefix_padding_ms,
                vad_silence_duration_ms, tools, silence_prompt_after_ms, silence_prompts,
                max_duration_ms, created_at_ms, updated_at_ms)
            VALUES ('{id}', '{tenant}', 'R', 'Hello of old.', 'Be brief.', 'marin', 'en-US',
                'pcm24', 'server_vad', 0.5, 300, 500, 'end_call', 10000, 2, 3600000, {ms}, {ms})"
        ),
        format!(
            "INSERT INTO numbers (id, tenant_id, phone_number, receptionist_id, created_at_ms)
            VALUES ('{}', '{tenant}', '+15550001111', '{id}', {ms})",
            NumberId::from_parts(at(0), 1)
        ),
    ] {
        db.execute(&sql).await;
    }
}

#[tokio::test]
async fn callers_meet_what_was_published_and_nothing_that_is_edited() {
    on_each_database(async |db| {
        let (whose, mut who) = add_tenant(&db.store, 1).await;
        answer(&db.store, &who).await;
        let number = phone("+15550001111");
        let store = &db.store;
        let met = async || numbers::answering(store, Some(&number)).await.unwrap();
        assert_eq!(met().await, None, "who was never published does not answer");
        assert_eq!(
            versions::current(store, whose.id, who.id).await.unwrap(),
            None
        );

        assert_eq!(publish(store, &who).await, 1);
        let first = who.clone();
        assert_eq!(met().await.unwrap().1, first);
        who.greeting = "Something new.".to_owned();
        assert!(receptionists::update(store, &who, at(1)).await.unwrap());
        assert_eq!(met().await.unwrap().1, first);
        let draft = receptionists::find(store, whose.id, who.id).await.unwrap();
        let draft = draft.unwrap();
        assert_eq!((draft.published_version, draft.is_changed), (Some(1), true));

        assert_eq!(publish(store, &who).await, 2);
        assert_eq!(met().await.unwrap().1, who);
        let current = versions::current(store, whose.id, who.id).await.unwrap();
        assert_eq!(current, Some(who.clone()));
        let old = versions::find(store, whose.id, who.id, 1).await.unwrap();
        assert_eq!(old.unwrap().receptionist, first);
    })
    .await;
}

#[tokio::test]
async fn who_publish_at_the_same_time_get_a_version_each() {
    on_each_database(async |db| {
        let (whose, who) = add_tenant(&db.store, 1).await;
        let publication = Publication::by_the_house(at(0));
        let publish = || versions::publish(&db.store, whose.id, who.id, &publication);
        let mut numbers: Vec<_> = join_all((0..8).map(|_| publish()))
            .await
            .into_iter()
            .map(|version| version.unwrap().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);

        let request = |after| page::Request {
            limit: "5".parse().unwrap(),
            after,
        };
        let first = versions::list(&db.store, whose.id, who.id, &request(None)).await;
        let first = first.unwrap();
        let rest = versions::list(&db.store, whose.id, who.id, &request(first.next)).await;
        let rest = rest.unwrap();
        assert_eq!(rest.next, None);
        let listed = first.items.iter().chain(&rest.items);
        let listed: Vec<_> = listed.map(|version| version.version).collect();
        assert_eq!(listed, [8, 7, 6, 5, 4, 3, 2, 1]);
    })
    .await;
}

#[tokio::test]
async fn who_may_have_to_answer_is_not_deleted() {
    on_each_database(async |db| {
        let (whose, who) = add_tenant(&db.store, 1).await;
        let store = &db.store;
        publish(store, &who).await;
        let number = answer(store, &who).await;
        assert!(
            !receptionists::delete(store, whose.id, who.id)
                .await
                .unwrap()
        );
        numbers::delete(store, whose.id, number.id).await.unwrap();
        tenants::set_default_receptionist(store, whose.id, who.id)
            .await
            .unwrap();
        assert!(
            !receptionists::delete(store, whose.id, who.id)
                .await
                .unwrap()
        );
        let other = receptionist(whose.id, 2);
        receptionists::insert(store, &other, at(0)).await.unwrap();
        tenants::set_default_receptionist(store, whose.id, other.id)
            .await
            .unwrap();
        assert!(
            receptionists::delete(store, whose.id, who.id)
                .await
                .unwrap()
        );
        let left = "SELECT COUNT(*) FROM receptionist_versions";
        assert_eq!(db.number(left).await, 0);
    })
    .await;
}

#[tokio::test]
async fn i9_versions_of_one_tenant_are_nothing_to_another() {
    on_each_database(async |db| {
        let (one, who) = add_tenant(&db.store, 1).await;
        let (other, _) = add_tenant(&db.store, 2).await;
        let (store, other) = (&db.store, other.id);
        publish(store, &who).await;
        let publication = Publication::by_the_house(at(0));
        let published = versions::publish(store, other, who.id, &publication).await;
        assert_eq!(published.unwrap(), None);
        assert_eq!(versions::find(store, other, who.id, 1).await.unwrap(), None);
        assert_eq!(versions::current(store, other, who.id).await.unwrap(), None);
        let page = page::Request::default();
        let listed = versions::list(store, other, who.id, &page).await.unwrap();
        assert_eq!(listed.items, []);
        assert!(!receptionists::delete(store, other, who.id).await.unwrap());
        let draft = receptionists::find(store, one.id, who.id).await.unwrap();
        assert_eq!(draft.unwrap().published_version, Some(1));
        // Nor can a row be planted.
        let planted = format!(
            "INSERT INTO receptionist_versions SELECT '{other}', receptionist_id, 9, name,
                greeting, instructions, voice, language, audio_format, turn_detection,
                vad_threshold, vad_prefix_padding_ms, vad_silence_duration_ms, vad_eagerness,
                tools, silence_prompt_after_ms, silence_prompts, max_duration_ms, note,
                published_by, published_at_ms, toolkit FROM receptionist_versions"
        );
        assert!(matches!(db.refused(&planted).await, Error::Dangling));
    })
    .await;
}

/// Gives the tenant a number that the receptionist answers.
async fn answer(store: &Store, who: &frontdesk::domain::Receptionist) -> Number {
    let number = Number {
        receptionist_id: Some(who.id),
        ..Number::new(
            NumberId::from_parts(at(0), 1),
            who.tenant_id,
            phone("+15550001111"),
            at(0),
        )
    };
    numbers::insert(store, &number)
        .await
        .expect("the number is new");
    number
}
