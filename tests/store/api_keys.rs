//! API keys: shown once, known by their hash, valid until they are not.

use frontdesk::clock::random_bytes;
use frontdesk::domain::{ApiKeyId, Scope, TenantId, Timestamp};
use frontdesk::store::api_keys::{self, ApiKey, NewApiKey};
use frontdesk::store::{Error, KeyText, page};
use proptest::prelude::*;

use super::values::{add_tenant, at};
use crate::support::database::on_each_database;

#[tokio::test]
async fn a_key_admits_its_tenant() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let text = KeyText::from_random(&random_bytes());
        let made = api_keys::insert(&db.store, &new_key(whose.id, 1, &text, None))
            .await
            .unwrap();
        let expected = ApiKey {
            id: key_id(1),
            tenant_id: whose.id,
            name: "the console".to_owned(),
            prefix: text.prefix().to_owned(),
            scope: Scope::Everything,
            is_platform: false,
            created_at: at(0),
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        assert_eq!(made, expected);
        let again: KeyText = text.expose().parse().unwrap();
        let found = api_keys::verify(&db.store, &again, at(1)).await.unwrap();
        assert_eq!(found, Some(expected.clone()));
        let page = page::Request::default();
        let listed = api_keys::list(&db.store, (whose.id, false), &page)
            .await
            .unwrap();
        assert_eq!(listed.items, [expected]);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_was_never_made_admits_nobody() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let mut random = random_bytes();
        let text = KeyText::from_random(&random);
        api_keys::insert(&db.store, &new_key(whose.id, 1, &text, None))
            .await
            .unwrap();
        // The prefix is public; with another secret behind it, it is nothing.
        random[20] ^= 1;
        let forged = KeyText::from_random(&random);
        assert_eq!(forged.prefix(), text.prefix());
        assert_eq!(
            api_keys::verify(&db.store, &forged, at(1)).await.unwrap(),
            None
        );
        let unknown = KeyText::from_random(&random_bytes());
        assert_eq!(
            api_keys::verify(&db.store, &unknown, at(1)).await.unwrap(),
            None
        );

        let taken = new_key(whose.id, 2, &forged, None);
        let error = api_keys::insert(&db.store, &taken).await.unwrap_err();
        assert!(matches!(error, Error::Conflict), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_key_expires_to_the_millisecond() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let text = KeyText::from_random(&random_bytes());
        let new = new_key(whose.id, 1, &text, Some(at(1_000)));
        api_keys::insert(&db.store, &new).await.unwrap();
        let before = api_keys::verify(&db.store, &text, at(999)).await.unwrap();
        assert!(before.is_some());
        let after = api_keys::verify(&db.store, &text, at(1_000)).await.unwrap();
        assert_eq!(after, None);
    })
    .await;
}

#[tokio::test]
async fn a_key_is_revoked_at_once_and_for_good() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let text = KeyText::from_random(&random_bytes());
        api_keys::insert(&db.store, &new_key(whose.id, 1, &text, None))
            .await
            .unwrap();
        for ms in [5, 6] {
            let is_there = api_keys::revoke(&db.store, (whose.id, false), key_id(1), at(ms)).await;
            assert!(is_there.unwrap());
            assert_eq!(
                api_keys::verify(&db.store, &text, at(1)).await.unwrap(),
                None
            );
        }
        let page = page::Request::default();
        let listed = api_keys::list(&db.store, (whose.id, false), &page)
            .await
            .unwrap();
        assert_eq!(listed.items[0].revoked_at, Some(at(5)));
        let nothing = api_keys::revoke(&db.store, (whose.id, false), key_id(2), at(7)).await;
        assert!(!nothing.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_last_use_is_noted_to_the_minute_and_never_set_back() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let text = KeyText::from_random(&random_bytes());
        api_keys::insert(&db.store, &new_key(whose.id, 1, &text, None))
            .await
            .unwrap();
        for (used, noted) in [
            (70_000, 70_000),
            (129_999, 70_000),
            (130_000, 130_000),
            (5, 130_000),
        ] {
            let touch = api_keys::touch_last_used(&db.store, whose.id, key_id(1), at(used));
            touch.await.unwrap();
            let key = api_keys::verify(&db.store, &text, at(used))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(key.last_used_at, Some(at(noted)));
        }
    })
    .await;
}

#[tokio::test]
async fn the_database_does_not_hold_the_key() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        let text = KeyText::from_random(&random_bytes());
        api_keys::insert(&db.store, &new_key(whose.id, 1, &text, None))
            .await
            .unwrap();
        let secret = text.expose().strip_prefix(text.prefix()).unwrap();
        let row = db
            .text("SELECT id || tenant_id || name || prefix || hash FROM api_keys")
            .await;
        assert!(row.contains(text.prefix()) && !row.contains(&secret[..8]));
    })
    .await;
}

#[test]
fn a_key_looks_like_a_key_and_does_not_show_itself() {
    let text = KeyText::from_random(&random_bytes());
    let rest = text.expose().strip_prefix("fd_live_").unwrap();
    assert_eq!(rest.len(), 58);
    assert!(rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(text.prefix().len(), 17);
    assert_eq!(format!("{text:?}"), format!("{}•••", text.prefix()));
    assert_ne!(
        KeyText::from_random(&random_bytes()).expose(),
        text.expose()
    );
}

proptest! {
    #[test]
    fn a_slip_of_the_pen_is_no_key(at in 0_usize..66, letter in "[0-9A-Za-z_]") {
        let text = KeyText::from_random(&[7; KeyText::RANDOM_BYTES]);
        let mut slip = text.expose().to_owned();
        slip.replace_range(at..=at, &letter);
        prop_assert_eq!(slip.parse::<KeyText>().is_ok(), slip == text.expose());
    }

    #[test]
    fn no_text_makes_the_key_panic(text in "(fd_live_)?.{0,70}") {
        prop_assert!(text.parse::<KeyText>().is_err());
    }
}

fn key_id(n: u8) -> ApiKeyId {
    ApiKeyId::from_parts(at(0), u128::from(n))
}

fn new_key(
    tenant: TenantId,
    n: u8,
    text: &KeyText,
    expires_at: Option<Timestamp>,
) -> NewApiKey<'_> {
    NewApiKey {
        id: key_id(n),
        tenant_id: tenant,
        name: "the console",
        text,
        scope: Scope::Everything,
        is_platform: false,
        created_at: at(0),
        expires_at,
    }
}
