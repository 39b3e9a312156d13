//! What was kept long enough, and what stays.

use frontdesk::domain::{
    CallId, Entry, Lock, MessageId, MessageSound, SettingKey, SettingValue, TenantId,
};
use frontdesk::store::calls::NewCall;
use frontdesk::store::voicemail_messages::{self as messages, Filter, News};
use frontdesk::store::{self, calls, page, settings};

use super::desk::{DAY, Desk, MINUTE, at};
use crate::support::database::on_each_database;

async fn keep(desk: &Desk, tenant: TenantId, key: SettingKey, days: i64) {
    let entry = Entry {
        value: SettingValue::Whole(days),
        lock: Lock::Unlocked,
    };
    let set = settings::put_tenant(&desk.store, tenant, key, (&entry, at(0))).await;
    set.unwrap();
}

async fn message(desk: &Desk, call: CallId) -> MessageId {
    let call = desk.log(call).await;
    let news = News {
        id: desk.clock.new_id(),
        call: &call,
        recording_sid: call.call_sid.as_str(),
        user: None,
        sound: MessageSound::Recorded,
        duration_s: Some(9),
        carrier_url: Some("https://api.twilio.com/x"),
        transcript: Some("call me back"),
        at: desk.clock.now(),
    };
    messages::merge(&desk.store, &news).await.unwrap();
    news.id
}

async fn is_there(desk: &Desk, call: CallId) -> bool {
    let found = calls::find(&desk.store, desk.tenant, call).await;
    found.unwrap().is_some()
}

#[tokio::test]
async fn calls_and_messages_go_when_their_time_has_come() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let open = desk.call(1).await;
        desk.live.lock().unwrap().push(open.call_sid.clone());
        let (over, with_message) = (desk.call(2).await, desk.call(3).await);
        for call in [&over, &with_message] {
            desk.ended(call, 60).await;
        }
        let old = message(&desk, with_message.id).await;
        keep(&desk, desk.tenant, SettingKey::CallRetentionDays, 20).await;
        desk.after(20 * DAY).await;
        assert!(is_there(&desk, over.id).await, "to the day");
        let young = desk.call(4).await;
        desk.ended(&young, 60).await;
        desk.after(DAY).await;
        for (call, stays) in [
            (&open, true),
            (&over, false),
            (&with_message, true),
            (&young, true),
        ] {
            assert_eq!(is_there(&desk, call.id).await, stays, "{}", call.call_sid);
        }
        // The message is kept for 30 days; then it goes, and its call with it.
        let found = messages::find(&desk.store, desk.tenant, old).await.unwrap();
        assert!(found.is_some());
        desk.after(10 * DAY).await;
        let found = messages::find(&desk.store, desk.tenant, old).await.unwrap();
        assert!(found.is_none());
        assert!(!is_there(&desk, with_message.id).await);
        // What they came to is not forgotten.
        let counted = "SELECT CAST(SUM(inbound_calls) AS BIGINT) FROM usage_days";
        assert_eq!(db.number(counted).await, 3);
    })
    .await;
}

#[tokio::test]
async fn i9_every_tenant_keeps_what_it_wants_to() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let other: TenantId = desk.clock.new_id();
        desk.add_tenant(other, "UTC").await;
        let mut kept = Vec::new();
        for n in 0..60 {
            let new = desk.new_call(n);
            let tenant_id = if n % 2 == 0 { desk.tenant } else { other };
            let new = NewCall { tenant_id, ..new };
            calls::find_or_create(&desk.store, &new).await.unwrap();
            desk.ended(&new, 60).await;
            kept.push(new);
        }
        keep(&desk, desk.tenant, SettingKey::CallRetentionDays, 1).await;
        keep(&desk, other, SettingKey::CallRetentionDays, 9).await;
        desk.after(2 * DAY).await;
        let left = async |tenant: TenantId| {
            db.number(&format!(
                "SELECT COUNT(*) FROM calls WHERE tenant_id = '{tenant}'"
            ))
            .await
        };
        assert_eq!((left(desk.tenant).await, left(other).await), (0, 30));
        desk.after(8 * DAY).await;
        assert_eq!(left(other).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_tenant_whose_settings_make_no_sense_keeps_no_other_from_its_turn() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        // The newest tenant is the first.
        desk.clock.advance_ms(1);
        let other: TenantId = desk.clock.new_id();
        desk.add_tenant(other, "UTC").await;
        db.execute(&format!(
            "INSERT INTO tenant_settings (tenant_id, name, value, lock_type, updated_at_ms)
            VALUES ('{other}', 'call_retention_days', 'for ever', 'unlocked', 0)"
        ))
        .await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        desk.after(91 * DAY).await;
        assert!(!is_there(&desk, call.id).await);
    })
    .await;
}

#[tokio::test]
async fn messages_are_emptied_in_pieces_and_those_of_today_stay() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        for n in 0..60 {
            let call = desk.call(n).await;
            desk.ended(&call, 60).await;
            message(&desk, call.id).await;
        }
        keep(&desk, desk.tenant, SettingKey::VoicemailRetentionDays, 1).await;
        desk.clock.advance_ms(2 * DAY);
        let today = desk.call(99).await;
        message(&desk, today.id).await;
        desk.after(0).await;
        let (filter, request) = (Filter::default(), page::Request::default());
        let left = messages::list(&desk.store, desk.tenant, &filter, &request).await;
        assert_eq!(left.unwrap().items.len(), 1);
        let words = "SELECT COUNT(*) FROM voicemail_messages WHERE transcript IS NOT NULL
            OR sought <> '' OR carrier_url IS NOT NULL";
        assert_eq!(db.number(words).await, 1);
    })
    .await;
}

#[tokio::test]
async fn that_a_call_was_deleted_is_kept_for_as_long_as_the_carrier_may_tell_of_it() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        assert!(desk.forget(call.id).await);
        desk.after(29 * DAY).await;
        let told = calls::find_or_create(&desk.store, &call).await;
        assert!(matches!(told, Err(store::Error::Forgotten)), "{told:?}");
        let kept = "SELECT COUNT(*) FROM forgotten_calls";
        assert_eq!(db.number(kept).await, 1);
        desk.after(2 * DAY).await;
        assert_eq!(db.number(kept).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_call_is_not_deleted_while_somebody_tells_of_it_for_the_first_time() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        for n in 0..20 {
            let call = desk.call(n).await;
            desk.ended(&call, 60).await;
            let again = desk.new_call(n);
            let (gone, told) = tokio::join!(
                desk.forget(call.id),
                calls::find_or_create(&desk.store, &again),
            );
            assert!(gone);
            // Whoever was first: the call is as it was, or it is forgotten, and never new.
            match told {
                Ok((found, is_new)) => assert!(!is_new && found.id == call.id),
                Err(error) => assert!(matches!(error, store::Error::Forgotten), "{error:?}"),
            }
            assert!(!is_there(&desk, call.id).await);
        }
        assert_eq!(db.number("SELECT COUNT(*) FROM calls").await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_callers_entered_in_flows_goes_a_day_after_their_calls() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let (over, open) = (desk.call(1).await, desk.call(2).await);
        for call in [&over, &open] {
            db.execute(&format!(
                "INSERT INTO ivr_states (tenant_id, call_id, stop, step, state)
                VALUES ('{}', '{}', 0, 0, '{{}}'), ('{}', '{}', 0, 1, '{{}}')",
                desk.tenant, call.id, desk.tenant, call.id
            ))
            .await;
        }
        desk.ended(&over, 60).await;
        let kept = "SELECT COUNT(*) FROM ivr_states";
        desk.live.lock().unwrap().push(open.call_sid.clone());
        desk.after(0).await;
        assert_eq!(db.number(kept).await, 4);
        desk.after(DAY + MINUTE).await;
        assert_eq!(db.number(kept).await, 2, "those of the call that goes on");
    })
    .await;
}

#[tokio::test]
async fn answers_and_jobs_that_nobody_asks_for_any_more_are_forgotten() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        let (tenant, begun) = (desk.tenant, at(0).as_ms());
        for n in 0..30 {
            db.execute(&format!(
                "INSERT INTO idempotency_keys (tenant_id, idempotency_key, request_hash, claim,
                    claimed_at_ms, created_at_ms)
                VALUES ('{tenant}', 'key-{n}', 'h', 'c', {begun}, {begun})"
            ))
            .await;
        }
        let answers = "SELECT COUNT(*) FROM idempotency_keys";
        let prices = "SELECT COUNT(*) FROM jobs WHERE kind = 'carrier_price'";
        desk.after(DAY).await;
        assert_eq!((db.number(answers).await, db.number(prices).await), (30, 1));
        desk.after(DAY + 1).await;
        assert_eq!((db.number(answers).await, db.number(prices).await), (0, 1));
        desk.after(7 * DAY).await;
        assert_eq!(db.number(prices).await, 0);
    })
    .await;
}
