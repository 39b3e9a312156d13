//! What calls count for: in any order of news, once, on their own day.

use std::collections::BTreeMap;

use frontdesk::domain::{
    AnsweredBy, CallStatus, Currency, Day, EndReason, Measure, Money, Quota, QuotaLimits, Strain,
    Tenant, TenantId, Totals, Usage,
};
use frontdesk::store::calls::{self, Finished, NewCall, StatusNews};
use frontdesk::store::{Store, call_usage, lost_calls, quotas, tenants, usage};
use futures::future::join_all;

use super::desk::{DAY, Desk, HOUR, MINUTE, SECOND, at};
use crate::support::database::on_each_database;

fn dollars(micros: i64) -> Money {
    Money {
        micros,
        currency: Currency::Usd,
    }
}

fn used(output: i64) -> Usage {
    Usage {
        input_audio_tokens: 100,
        output_audio_tokens: output,
        transcribed_ms: 10 * output,
        ..Usage::default()
    }
}

/// The days of the whole year.
async fn days(store: &Store, tenant: TenantId) -> BTreeMap<Day, Totals> {
    let span = ("2026-01-01", "2026-12-31");
    let span = (span.0.parse().unwrap(), span.1.parse().unwrap());
    usage::list(store, tenant, span).await.unwrap()
}

/// One piece of news of a call.
async fn tell(desk: &Desk, call: &NewCall, news: usize) {
    let (store, tenant, id) = (&desk.store, desk.tenant, call.id);
    let began = call.created_at;
    let told = match news {
        0 => calls::mark_answered(store, tenant, id, (AnsweredBy::Ai, began.plus_ms(SECOND))).await,
        1 => {
            let so_far = (used(5), Some(dollars(500)));
            call_usage::note(store, (tenant, id), so_far).await
        }
        2 => {
            let finished = Finished {
                end_reason: EndReason::CallerHungUp,
                usage: used(900),
                cost: Some(dollars(90_000)),
                ended_at: began.plus_ms(61 * SECOND),
            };
            calls::finish(store, tenant, id, &finished).await
        }
        3 => {
            let over = StatusNews {
                status: CallStatus::Completed,
                sequence: None,
                duration_s: Some(63),
                at: began.plus_ms(63 * SECOND),
            };
            let told = calls::apply_status(store, &call.call_sid, &over).await;
            told.map(|call| call.is_some())
        }
        _ => calls::set_carrier_cost(store, tenant, id, dollars(17_400)).await,
    };
    assert!(told.unwrap(), "news {news}");
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(n - 1);
    let inserted = shorter.iter().flat_map(|order| {
        (0..n).map(|place| {
            let mut order = order.clone();
            order.insert(place, n - 1);
            order
        })
    });
    inserted.collect()
}

#[tokio::test]
async fn w2_a_call_counts_for_the_same_whatever_the_order_of_news() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let mut expected = Totals::default();
        for (n, order) in (0..).zip(permutations(5)) {
            let call = desk.call(n).await;
            for (place, news) in order.iter().enumerate() {
                tell(&desk, &call, *news).await;
                // Some of it comes twice.
                tell(&desk, &call, order[place / 2]).await;
            }
            let log = desk.log(call.id).await;
            expected = expected.plus(&Totals::of(&log));
            let of_one = Totals::of(&log);
            assert_eq!((of_one.inbound_s, of_one.agent_s), (63, 60), "{order:?}");
            assert_eq!(of_one.micros(Currency::Usd), 107_400, "{order:?}");
        }
        let days = days(&desk.store, desk.tenant).await;
        assert_eq!(days.len(), 1);
        assert_eq!(days.values().next(), Some(&expected));
        assert_eq!(expected.inbound_calls, 120);
        assert_eq!(expected.tokens, used(900).plus(Usage::default()).times(120));
    })
    .await;
}

#[tokio::test]
async fn w2_what_was_used_is_never_less_than_before() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let of = (desk.tenant, call.id);
        let used = |output, transcribed_ms| Usage {
            transcribed_ms,
            ..used(output)
        };
        for (news, known) in [
            (used(5, 100), used(5, 100)),
            // The caller was written down, and nothing was said to it.
            (used(5, 400), used(5, 400)),
            (used(5, 100), used(5, 400)),
            (used(9, 400), used(9, 400)),
            (used(5, 400), used(9, 400)),
        ] {
            assert!(
                call_usage::note(&desk.store, of, (news, None))
                    .await
                    .unwrap()
            );
            assert_eq!(desk.log(call.id).await.usage, known, "after {news:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn many_calls_that_end_at_the_same_time_are_all_counted() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let mut ends = Vec::new();
        for n in 0..24 {
            let (store, call) = (desk.store.clone(), desk.call(n).await);
            let over = StatusNews {
                status: CallStatus::Completed,
                sequence: None,
                duration_s: Some(60),
                at: at(MINUTE),
            };
            ends.push(tokio::spawn(async move {
                calls::apply_status(&store, &call.call_sid, &over)
                    .await
                    .unwrap();
                calls::set_carrier_cost(&store, call.tenant_id, call.id, dollars(1)).await
            }));
        }
        for ended in join_all(ends).await {
            assert!(ended.unwrap().unwrap());
        }
        let days = days(&desk.store, desk.tenant).await;
        let total = days.values().next().unwrap();
        assert_eq!((total.inbound_calls, total.inbound_s), (24, 24 * 60));
        assert_eq!(total.micros(Currency::Usd), 24);
    })
    .await;
}

#[tokio::test]
async fn a_call_counts_for_the_day_that_it_was_where_the_tenant_is() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        // 23:30 in Zurich, and half past midnight.
        desk.clock.advance_ms(13 * HOUR);
        let before = desk.call(1).await;
        desk.clock.advance_ms(HOUR);
        let after = desk.call(2).await;
        for call in [&before, &after] {
            desk.ended(call, 60).await;
        }
        // A tenant who moves takes no call along.
        let moved = Tenant {
            id: desk.tenant,
            name: "Tenant".to_owned(),
            time_zone: "America/Los_Angeles".to_owned(),
            default_receptionist: None,
        };
        assert!(tenants::update(&desk.store, &moved).await.unwrap());
        for call in [&before, &after] {
            let priced =
                calls::set_carrier_cost(&desk.store, desk.tenant, call.id, dollars(5)).await;
            assert!(priced.unwrap());
        }
        let found = days(&desk.store, desk.tenant).await;
        let found: Vec<_> = found
            .iter()
            .map(|(day, sum)| {
                (
                    day.to_string(),
                    sum.inbound_calls,
                    sum.micros(Currency::Usd),
                )
            })
            .collect();
        let on = |day: &str| (day.to_owned(), 1, 5);
        assert_eq!(found, [on("2026-11-21"), on("2026-11-22")]);
        // Nor does it come back when the call is forgotten.
        assert!(desk.forget(before.id).await);
        assert_eq!(days(&desk.store, desk.tenant).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn p2_calls_that_were_not_counted_are_counted_later_and_once() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let (old, new) = (desk.call(1).await, desk.call(2).await);
        desk.ended(&old, 60).await;
        desk.clock.advance_ms(3 * DAY);
        desk.ended(&new, 60).await;
        // As they were before there was anything to count.
        for sql in [
            "UPDATE calls SET usage_day = NULL, carrier_estimate_micros = NULL",
            "DELETE FROM usage_days",
            "DELETE FROM usage_money",
            "DELETE FROM jobs",
        ] {
            db.execute(sql).await;
        }
        desk.after(0).await;
        desk.after(HOUR).await;
        let total = days(&desk.store, desk.tenant).await;
        let total = total.values().next().unwrap();
        assert_eq!((total.inbound_calls, total.inbound_s), (2, 120));
        assert_eq!(total.micros(Currency::Usd), 2 * 8_500);
        let prices = "SELECT COUNT(*) FROM jobs WHERE kind = 'carrier_price'";
        assert_eq!(db.number(prices).await, 1, "the old one has none any more");
    })
    .await;
}

#[tokio::test]
async fn d6_calls_from_before_there_was_usage_are_counted() {
    crate::support::database::on_each_bare_database(async |db| {
        db.migrate_to(8).await;
        let (tenant, began) = (TenantId::from_parts(at(0), 7), at(0).as_ms());
        db.execute(&format!(
            "INSERT INTO tenants (id, name, time_zone, created_at_ms)
            VALUES ('{tenant}', 'Old', 'UTC', 0)"
        ))
        .await;
        db.execute(&format!(
            "INSERT INTO calls (id, tenant_id, call_sid, direction, from_party, to_party, status,
                created_at_ms, ended_at_ms, duration_s, outcome)
            VALUES ('call_00000000000000000000000001', '{tenant}', 'CA77', 'outbound', '+15550001',
                '+15550002', 'completed', {began}, {began}, 61, 'person')"
        ))
        .await;
        db.store.migrate().await.unwrap();
        let desk = Desk::open(db, None).await;
        desk.after(0).await;
        let days = days(&desk.store, tenant).await;
        let total = days.values().next().unwrap();
        assert_eq!((total.outbound_calls, total.outbound_s), (1, 61));
        assert_eq!(total.micros(Currency::Usd), 28_000);
    })
    .await;
}

#[tokio::test]
async fn calls_that_go_on_are_counted_by_estimate() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        tell(&desk, &call, 0).await;
        tell(&desk, &call, 1).await;
        let running = async || {
            let now = desk.clock.now();
            usage::running(&desk.store, desk.tenant, now).await.unwrap()
        };
        desk.clock.advance_ms(91 * SECOND);
        let now = running().await;
        assert_eq!((now.inbound_s, now.agent_s), (91, 90));
        assert_eq!(now.tokens, used(5));
        assert_eq!(now.micros(Currency::Usd), 500 + 2 * 8_500);
        desk.clock.advance_ms(30 * HOUR);
        assert_eq!(running().await.inbound_s, 4 * 3_600, "and not for ever");
        desk.ended(&call, 95).await;
        assert!(running().await.is_nothing());
    })
    .await;
}

#[tokio::test]
async fn who_comes_near_a_limit_is_told_once_and_who_reaches_it_stops() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let quota = Quota {
            day: QuotaLimits {
                minutes: Some(10),
                ..QuotaLimits::default()
            },
            ..Quota::default()
        };
        let put = quotas::put_platform(&desk.store, desk.tenant, &quota, at(0)).await;
        put.unwrap();
        let told = async || {
            desk.jobs.run_due().await.unwrap();
            let day = Day::of(desk.clock.now(), "Europe/Zurich");
            let alerts = quotas::list_alerts(&desk.store, desk.tenant, day).await;
            let alerts = alerts.unwrap().into_iter();
            let alerts = alerts.map(|alert| {
                assert_eq!(alert.measure, Measure::Minutes);
                (alert.period, alert.strain)
            });
            alerts.collect::<Vec<_>>()
        };
        let may_spend = async || {
            let now = desk.clock.now();
            quotas::may_spend(&desk.store, desk.tenant, now)
                .await
                .unwrap()
        };
        let call = desk.call(1).await;
        desk.clock.advance_ms(8 * MINUTE - SECOND);
        assert_eq!((told().await, may_spend().await), (vec![], true));
        desk.clock.advance_ms(MINUTE);
        let soft = ("2026-11-21".to_owned(), Strain::Soft);
        assert_eq!(
            (told().await, may_spend().await),
            (vec![soft.clone()], true)
        );
        desk.clock.advance_ms(MINUTE);
        assert_eq!(told().await.len(), 1, "once");
        desk.ended(&call, 600).await;
        let hard = ("2026-11-21".to_owned(), Strain::Hard);
        desk.clock.advance_ms(MINUTE);
        assert_eq!((told().await, may_spend().await), (vec![soft, hard], false));
        desk.clock.advance_ms(DAY);
        assert!(may_spend().await, "another day");
        let standing = quotas::standing(&desk.store, desk.tenant, at(0)).await;
        let standing = standing.unwrap();
        assert_eq!(standing.today.micros(Currency::Usd), 85_000);
        let tenant: TenantId = desk.clock.new_id();
        let nobody = quotas::put_platform(&desk.store, tenant, &quota, at(0)).await;
        assert!(nobody.is_err());
    })
    .await;
}

#[tokio::test]
async fn i9_what_one_tenant_used_and_may_use_is_nothing_to_another() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let other: TenantId = desk.clock.new_id();
        desk.add_tenant(other, "UTC").await;
        let quota = Quota {
            month: QuotaLimits {
                micros: Some(0),
                ..QuotaLimits::default()
            },
            ..Quota::default()
        };
        quotas::put_tenant(&desk.store, desk.tenant, &quota, at(0))
            .await
            .unwrap();
        let (over, open) = (desk.call(1).await, desk.call(2).await);
        desk.ended(&over, 60).await;
        desk.after(MINUTE).await;
        assert!(
            !calls::set_carrier_cost(&desk.store, other, over.id, dollars(1))
                .await
                .unwrap()
        );
        assert!(
            lost_calls::lose(&desk.store, (other, open.id), EndReason::ProcessLost, at(0))
                .await
                .unwrap()
                .is_none()
        );
        let so_far = (used(1), None);
        assert!(
            !call_usage::note(&desk.store, (other, open.id), so_far)
                .await
                .unwrap()
        );
        assert!(
            !usage::count(&desk.store, other, over.id, at(0))
                .await
                .unwrap()
        );
        let standing = quotas::standing(&desk.store, other, desk.clock.now())
            .await
            .unwrap();
        assert!(standing.may_spend() && standing.quota.is_none());
        assert!(standing.this_month.is_nothing() && standing.running.is_nothing());
        assert!(days(&desk.store, other).await.is_empty());
        let alerts = quotas::list_alerts(&desk.store, other, standing.day).await;
        assert_eq!(alerts.unwrap(), []);
    })
    .await;
}
