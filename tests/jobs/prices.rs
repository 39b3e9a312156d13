//! What the carrier charged: late, in parts, in its own currency, or never.

use frontdesk::domain::{CallStatus, CostPart, Currency, Day, Money};
use frontdesk::rehearsal::rest::{RestCall, RestFault};
use frontdesk::store::calls::{self, StatusNews};
use frontdesk::store::{forgotten_calls, usage, warm_legs, warm_transfers};

use super::desk::{DAY, Desk, HOUR, MINUTE, SECOND, at, at_carrier, rated, sid};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

/// What was spent on the day of the test.
async fn spent(desk: &Desk) -> Vec<(CostPart, String, i64)> {
    let day = Day::of(at(0), "Europe/Zurich");
    let days = usage::list(&desk.store, desk.tenant, (day, day)).await;
    let days = days.unwrap();
    let money = days.values().flat_map(|totals| &totals.money);
    money
        .map(|((part, currency), micros)| (*part, currency.as_str().to_owned(), *micros))
        .collect()
}

/// Requests that the account was sent for calls.
fn asked(account: &RestAccount) -> usize {
    account.asked().len()
}

#[tokio::test]
async fn the_price_of_a_call_is_asked_for_until_all_of_its_legs_have_one() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        desk.clock.advance_ms(70 * SECOND);
        desk.ended(&call, 70).await;
        let guessed = [(CostPart::CarrierEstimate, "USD".to_owned(), 17_000)];
        assert_eq!(spent(&desk).await, guessed);
        account.put_call(rated(at_carrier(1, "completed"), "70", "", "USD"));
        desk.after(3 * MINUTE - 1).await;
        assert_eq!(asked(&account), 0, "the carrier is not ready yet");
        desk.after(1).await;
        assert_eq!(asked(&account), 1);

        account.put_call(rated(at_carrier(1, "completed"), "70", "-0.01700", "USD"));
        let leg = |n, status: &str, price| RestCall {
            parent: Some(sid(1)),
            ..rated(at_carrier(n, status), "60", price, "USD")
        };
        account.put_call(leg(2, "completed", ""));
        account.put_call(leg(3, "no-answer", ""));
        desk.after(5 * MINUTE).await;
        assert_eq!(asked(&account), 3, "a leg has no price yet");
        assert_eq!(desk.log(call.id).await.bill.carrier, None);

        account.put_call(leg(2, "completed", "-0.02800"));
        account.fail_next([RestFault::Failure(500); 4]);
        desk.after(5 * MINUTE).await;
        assert_eq!(spent(&desk).await, guessed);
        desk.after(MINUTE).await;
        let paid = Money {
            micros: 45_000,
            currency: Currency::Usd,
        };
        let log = desk.log(call.id).await;
        assert_eq!(log.bill.carrier, Some(paid));
        assert!(log.bill.carrier_estimate.is_some(), "both are kept");
        let spent = spent(&desk).await;
        assert_eq!(spent, [(CostPart::Carrier, "USD".to_owned(), 45_000)]);
        let before = asked(&account);
        desk.after(2 * DAY).await;
        assert_eq!(asked(&account), before, "it is known now");
    })
    .await;
}

#[tokio::test]
async fn whoever_was_rung_for_a_caller_who_waits_is_paid_for_with_the_call() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        let place = warm_transfers::Place {
            tenant_id: desk.tenant,
            call_id: call.id,
            stop: 1,
        };
        let begun = warm_transfers::begin(&desk.store, place, 1, at(0)).await;
        assert!(begun.unwrap());
        let leg = sid(2).parse().unwrap();
        let named = warm_legs::name(&desk.store, (place, 0), &leg).await;
        assert!(named.unwrap());
        desk.ended(&call, 70).await;
        account.put_call(rated(at_carrier(1, "completed"), "70", "-0.01700", "USD"));
        account.put_call(rated(at_carrier(2, "completed"), "60", "", "USD"));
        desk.after(3 * MINUTE).await;
        assert_eq!(desk.log(call.id).await.bill.carrier, None);
        account.put_call(rated(at_carrier(2, "completed"), "60", "-0.02800", "USD"));
        desk.after(5 * MINUTE).await;
        let paid = Money {
            micros: 45_000,
            currency: Currency::Usd,
        };
        assert_eq!(desk.log(call.id).await.bill.carrier, Some(paid));
    })
    .await;
}

#[tokio::test]
async fn a_call_that_was_deleted_soon_still_counts_for_what_it_cost() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        desk.ended(&call, 70).await;
        assert!(desk.forget(call.id).await);
        let guessed = [(CostPart::CarrierEstimate, "USD".to_owned(), 17_000)];
        assert_eq!(spent(&desk).await, guessed);
        account.put_call(rated(at_carrier(1, "completed"), "70", "", "USD"));
        desk.after(3 * MINUTE).await;
        assert_eq!(asked(&account), 1, "it has no price yet");
        assert_eq!(spent(&desk).await, guessed);
        account.put_call(rated(at_carrier(1, "completed"), "70", "-0.02", "USD"));
        desk.after(5 * MINUTE).await;
        let paid = [(CostPart::Carrier, "USD".to_owned(), 20_000)];
        assert_eq!(spent(&desk).await, paid);
        // The carrier says it once more, and it counts once.
        let money = Money {
            micros: 20_000,
            currency: Currency::Usd,
        };
        let again = forgotten_calls::set_carrier_cost(&desk.store, desk.tenant, call.id, money);
        again.await.unwrap();
        assert_eq!(spent(&desk).await, paid);
        let before = asked(&account);
        desk.after(2 * DAY).await;
        assert_eq!(asked(&account), before, "it is known now");
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_charges_in_another_currency_is_believed() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        account.put_call(rated(at_carrier(1, "completed"), "60", "-0.0075", "eur"));
        desk.after(3 * MINUTE).await;
        let paid = desk.log(call.id).await.bill.carrier.unwrap();
        assert_eq!(paid.to_string(), "0.007500 EUR");
        assert_eq!(
            spent(&desk).await,
            [(CostPart::Carrier, "EUR".to_owned(), 7_500)]
        );
    })
    .await;
}

#[tokio::test]
async fn who_has_no_price_after_a_day_is_not_asked_any_more() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let (unrated, unknown) = (desk.call(1).await, desk.call(2).await);
        desk.ended(&unrated, 60).await;
        desk.ended(&unknown, 60).await;
        account.put_call(at_carrier(1, "completed"));
        for _ in 0..(30 * HOUR / MINUTE) {
            desk.clock.advance_ms(MINUTE);
            if desk.clock.now().as_ms() % (5 * MINUTE) == 0 {
                desk.jobs.run_due().await.unwrap();
            }
        }
        let about = |n| {
            let exchanges = account.exchanges();
            let paths = exchanges.iter().map(|one| &one.request.path);
            paths.filter(|path| path.contains(&sid(n))).count()
        };
        assert_eq!(about(2), 1, "the carrier does not know it");
        assert!((10..25).contains(&about(1)), "{} times", about(1));
        let waiting = "SELECT COUNT(*) FROM jobs
            WHERE kind = 'carrier_price' AND finished_at_ms IS NULL";
        assert_eq!(db.number(waiting).await, 0);
        assert_eq!(desk.log(unrated.id).await.bill.carrier, None);
        let guessed = (CostPart::CarrierEstimate, "USD".to_owned(), 17_000);
        assert_eq!(spent(&desk).await, [guessed], "the estimate stays");
    })
    .await;
}

#[tokio::test]
async fn the_price_of_a_call_that_nobody_answered_is_asked_for_an_hour() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        let news = StatusNews {
            status: CallStatus::NoAnswer,
            sequence: None,
            duration_s: Some(0),
            at: desk.clock.now(),
        };
        let told = calls::apply_status(&desk.store, &call.call_sid, &news).await;
        told.unwrap();
        account.put_call(at_carrier(1, "no-answer"));
        for _ in 0..12 {
            desk.after(10 * MINUTE).await;
        }
        let count = asked(&account);
        assert!((3..10).contains(&count), "{count} times");
        desk.after(DAY).await;
        assert_eq!(asked(&account), count);
        assert_eq!(spent(&desk).await, []);
    })
    .await;
}

#[tokio::test]
async fn without_an_account_nobody_is_asked() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        desk.ended(&call, 60).await;
        desk.after(3 * MINUTE).await;
        let over = "SELECT COUNT(*) FROM jobs
            WHERE kind = 'carrier_price' AND finished_at_ms IS NOT NULL AND is_buried = 0";
        assert_eq!(db.number(over).await, 1);
    })
    .await;
}
