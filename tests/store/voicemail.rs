//! Messages: for whom they are, and what is kept of news that contradict each other.

use frontdesk::clock::random_bytes;
use frontdesk::domain::{
    CallStatus, Email, MessageId, MessageSound, Role, TenantId, User, UserId, VoicemailMessage,
};
use frontdesk::store::calls::StatusNews;
use frontdesk::store::voicemail_messages::{self as messages, Filter, News};
use frontdesk::store::{Store, calls, page, users};

use super::values::{add_tenant, at, new_call};
use crate::support::database::on_each_database;

async fn member(store: &Store, tenant: TenantId, n: u8) -> UserId {
    let id = UserId::from_parts(at(0), u128::from(n));
    let email: Email = format!("{n}@example.com").parse().unwrap();
    let user = User {
        id,
        tenant_id: tenant,
        email,
        name: format!("Member {n}"),
        role: Role::Agent,
        subject: id.to_string(),
        phone_number: None,
        is_active: true,
        created_at: at(0),
    };
    users::insert(store, &user).await.unwrap();
    id
}

/// Tells the tenant's call of a message, in this order; the message.
async fn told(
    store: &Store,
    (tenant, n): (TenantId, u8),
    news: &[(MessageSound, Option<i64>, Option<UserId>)],
) -> VoicemailMessage {
    let (call, _) = calls::find_or_create(store, &new_call(tenant, u32::from(n)))
        .await
        .unwrap();
    for (place, (sound, duration_s, user)) in (0..).zip(news) {
        let news = News {
            id: MessageId::from_parts(at(place), u128::from_le_bytes(random_bytes())),
            call: &call,
            recording_sid: "RE1",
            user: *user,
            sound: *sound,
            duration_s: *duration_s,
            carrier_url: None,
            transcript: None,
            at: at(place),
        };
        messages::merge(store, &news).await.unwrap();
    }
    let (all, page) = (Filter::default(), page::Request::default());
    let mut found = messages::list(store, tenant, &all, &page).await.unwrap();
    assert_eq!(found.items.len(), 1);
    found.items.remove(0)
}

#[tokio::test]
async fn i9_a_message_is_for_nobody_who_works_elsewhere() {
    on_each_database(async |db| {
        let (one, _) = add_tenant(&db.store, 1).await;
        let (other, _) = add_tenant(&db.store, 2).await;
        let own = member(&db.store, one.id, 1).await;
        let stranger = member(&db.store, other.id, 2).await;
        let recorded = MessageSound::Recorded;
        let message = told(&db.store, (one.id, 1), &[(recorded, None, Some(stranger))]).await;
        assert_eq!(message.user_id, None);
        let message = told(&db.store, (one.id, 1), &[(recorded, None, Some(own))]).await;
        assert_eq!(message.user_id, Some(own));
        // Who leaves leaves the message to the others.
        let keeper = member(&db.store, one.id, 3).await;
        db.execute(&format!(
            "UPDATE users SET role = 'owner' WHERE id = '{keeper}'"
        ))
        .await;
        assert!(users::delete(&db.store, one.id, own).await.unwrap());
        let found = messages::find(&db.store, one.id, message.id).await.unwrap();
        assert_eq!(found.unwrap().user_id, None);
    })
    .await;
}

#[tokio::test]
async fn w2_of_news_that_contradict_each_other_the_best_is_kept_in_any_order() {
    on_each_database(async |db| {
        for (n, first) in (1..).zip(MessageSound::ALL) {
            for (m, second) in (0..).zip(MessageSound::ALL) {
                let n = 10 * n + m;
                let (tenant, _) = add_tenant(&db.store, n).await;
                let news = [
                    (first, Some(3), None),
                    (second, Some(5), None),
                    (first, None, None),
                ];
                let message = told(&db.store, (tenant.id, n), &news).await;
                assert_eq!(message.sound, first.max(second), "{first:?}, {second:?}");
                assert_eq!(message.duration_s, Some(5));
                assert_eq!(message.created_at, at(0));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_counts_for_what_it_costs_to_record_whenever_the_call_ends() {
    on_each_database(async |db| {
        for (n, ends_first) in [(1, true), (2, false)] {
            let (tenant, _) = add_tenant(&db.store, n).await;
            let (call, _) = calls::find_or_create(&db.store, &new_call(tenant.id, n.into()))
                .await
                .unwrap();
            let end = async || {
                let news = StatusNews {
                    status: CallStatus::Completed,
                    sequence: None,
                    duration_s: Some(70),
                    at: at(9),
                };
                let told = calls::apply_status(&db.store, &call.call_sid, &news).await;
                told.unwrap().expect("the call is known");
            };
            if ends_first {
                end().await;
            }
            for duration in [Some(3), Some(61), None] {
                told(
                    &db.store,
                    (tenant.id, n),
                    &[(MessageSound::Recorded, duration, None)],
                )
                .await;
            }
            if !ends_first {
                end().await;
            }
            let counted = format!(
                "SELECT micros FROM usage_money WHERE tenant_id = '{}' AND part = 'recording'",
                tenant.id
            );
            assert_eq!(db.number(&counted).await, 5_000, "two minutes have begun");
        }
    })
    .await;
}
