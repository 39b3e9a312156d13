//! What the calls of a day are reckoned to have cost.

use std::time::Duration;

use frontdesk::domain::{CallId, Dial, DialPolicy, DialRefusal, PhoneNumber, Purpose, TenantId};
use frontdesk::store::calls;
use frontdesk::store::dials::{self, Clearing};

use super::values::{add_tenant, at, new_call, phone};
use crate::support::database::{Database, on_each_database};

/// Ten thousand millionths a minute.
const PRICE: i64 = 10_000;

/// So many minutes after the start.
fn minute_ms(minute: i64) -> i64 {
    at(minute * 60_000).as_ms()
}

/// A call that was answered, ended and billed, and rang somebody in these minutes.
async fn call(db: &Database, tenant: TenantId, n: u32, facts: (&str, &[i64])) {
    let new = new_call(tenant, n);
    calls::find_or_create(&db.store, &new).await.unwrap();
    let (written, rung) = facts;
    let id = new.id;
    let known = format!("UPDATE calls SET outcome = 'ai', {written} WHERE id = '{id}'");
    db.execute(&known).await;
    for (ordinal, minute) in rung.iter().enumerate() {
        let at_ms = minute_ms(*minute);
        let row = format!("'{tenant}', '{id}', {ordinal}, NULL, 1, 3600, {PRICE}, {at_ms}");
        db.execute(&format!("INSERT INTO dials VALUES ({row})"))
            .await;
    }
}

/// Somebody is to be rung for a minute, an hour after the start.
fn outside(tenant: TenantId, to: &PhoneNumber) -> Clearing<'_> {
    Clearing {
        tenant_id: tenant,
        call_id: CallId::from_parts(at(0), 99),
        user_id: None,
        dial: Dial {
            to,
            purpose: Purpose::Outside,
            via: None,
            longest: Duration::from_mins(1),
        },
        at: at(60 * 60_000),
    }
}

/// Whether somebody may be rung for a minute if the day's budget is so much.
async fn may_ring(db: &Database, tenant: TenantId, budget: i64) -> bool {
    let policy = DialPolicy {
        countries: ["US".parse().unwrap()].into(),
        longest: Duration::from_mins(1),
        minute_price_micros: PRICE,
        daily_budget_micros: budget,
        ..DialPolicy::default()
    };
    let put = dials::put_policy(&db.store, tenant, &policy, at(0)).await;
    put.unwrap();
    let to = phone("+12025550123");
    let mut tx = db.store.begin().await.unwrap();
    match dials::clear(&mut tx, &outside(tenant, &to)).await.unwrap() {
        Ok(_) => true,
        Err(DialRefusal::Budget) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn i11_a_call_is_paid_for_once_and_each_line_for_as_long_as_it_lasted() {
    on_each_database(async |db| {
        let (tenant, _) = add_tenant(&db.store, 1).await;
        let tenant = tenant.id;
        let spent = async |micros: i64| {
            let borders = [micros + PRICE, micros + PRICE - 1];
            let [enough, short] = borders.map(|budget| may_ring(db, tenant, budget));
            assert_eq!((enough.await, short.await), (true, false), "{micros}");
        };
        spent(0).await;
        // Ten minutes with the agent; handed on after five, and again after eight.
        let rings = format!(
            "answered_at_ms = {}, ended_at_ms = {}, duration_s = 600, cost_micros = 500000",
            minute_ms(0),
            minute_ms(10)
        );
        call(db, tenant, 1, (&rings, &[5, 8])).await;
        let handed_on = 500_000 + (5 + 2) * PRICE;
        spent(handed_on).await;
        // Made by us: it was rung before it was answered, and the carrier says how long it was.
        let made = format!(
            "answered_at_ms = {}, ended_at_ms = {}, duration_s = 61, cost_micros = 100000",
            minute_ms(21),
            minute_ms(23)
        );
        call(db, tenant, 2, (&made, &[20])).await;
        let both = handed_on + 100_000 + 2 * PRICE;
        spent(both).await;
        // Nobody was on the line any more when somebody was rung.
        call(db, tenant, 3, (&rings, &[11])).await;
        spent(both + 500_000).await;
    })
    .await;
}

#[tokio::test]
async fn i11_who_is_with_the_receptionist_again_keeps_no_line_from_others() {
    on_each_database(async |db| {
        let (tenant, _) = add_tenant(&db.store, 1).await;
        let tenant = tenant.id;
        let is_busy = async || {
            let policy = DialPolicy {
                countries: ["US".parse().unwrap()].into(),
                at_once: 1,
                ..DialPolicy::default()
            };
            let put = dials::put_policy(&db.store, tenant, &policy, at(0)).await;
            put.unwrap();
            let mut tx = db.store.begin().await.unwrap();
            let to = phone("+12025550123");
            let cleared = dials::clear(&mut tx, &outside(tenant, &to)).await.unwrap();
            match cleared {
                Ok(_) => false,
                Err(DialRefusal::AtOnce) => true,
                Err(other) => panic!("{other}"),
            }
        };
        let answered = format!("answered_at_ms = {}", minute_ms(50));
        let back = format!("{answered}, answered_by = 'ai'");
        call(db, tenant, 1, (&back, &[55, 57])).await;
        db.execute("UPDATE calls SET outcome = 'open'").await;
        assert!(!is_busy().await, "nobody has taken the call, twice");
        db.execute("UPDATE calls SET end_reason = 'transferred'")
            .await;
        assert!(is_busy().await, "somebody is rung, or speaks");
        db.execute("UPDATE calls SET end_reason = NULL, answered_by = 'person'")
            .await;
        assert!(is_busy().await);
        // The agent says that it connects them.
        let asked = format!(
            "UPDATE dials SET at_ms = {} WHERE ordinal = 1",
            minute_ms(60)
        );
        db.execute("UPDATE calls SET answered_by = 'ai'").await;
        assert!(!is_busy().await);
        db.execute(&asked).await;
        assert!(is_busy().await);
        // Whom the agent calls is on a line.
        db.execute("DELETE FROM dials WHERE ordinal = 1").await;
        assert!(!is_busy().await);
        db.execute("UPDATE calls SET direction = 'outbound'").await;
        assert!(is_busy().await);
    })
    .await;
}
