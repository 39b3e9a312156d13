//! Calls of which nobody ever said that they were over.

use frontdesk::domain::{
    AnsweredBy, CallStatus, EndReason, Entry, Lock, Outcome, SettingKey, SettingValue, Usage,
};
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::calls::{Finished, NewCall};
use frontdesk::store::{calls, settings};

use super::desk::{DAY, Desk, HOUR, MINUTE, SECOND, at, at_carrier, rated};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

/// No call of the tenant's lasts longer than ten minutes.
async fn shorten(desk: &Desk) {
    let entry = Entry {
        value: SettingValue::Whole(600),
        lock: Lock::Unlocked,
    };
    let key = SettingKey::MaxCallDurationSeconds;
    let set = settings::put_tenant(&desk.store, desk.tenant, key, (&entry, at(0))).await;
    set.unwrap();
}

async fn answered_by_ai(desk: &Desk, n: u32) -> NewCall {
    let call = desk.call(n).await;
    let by = (AnsweredBy::Ai, desk.clock.now().plus_ms(SECOND));
    let noted = calls::mark_answered(&desk.store, desk.tenant, call.id, by).await;
    assert!(noted.unwrap());
    call
}

#[tokio::test]
async fn w2_a_call_whose_end_nobody_told_of_is_asked_for_at_the_carrier() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        shorten(&desk).await;
        let over = desk.call(1).await;
        let going_on = desk.call(2).await;
        let unknown = desk.call(3).await;
        account.put_call(rated(at_carrier(1, "completed"), "421", "", "USD"));
        account.put_call(at_carrier(2, "in-progress"));
        desk.after(11 * MINUTE).await;
        assert_eq!(account.asked().len(), 0, "news may be late");
        desk.after(MINUTE).await;
        let log = desk.log(over.id).await;
        assert_eq!(
            (log.status, log.duration_s),
            (CallStatus::Completed, Some(421))
        );
        assert!(log.ended_at.is_some() && log.bill.day.is_some());
        let log = desk.log(going_on.id).await;
        assert_eq!(Outcome::of(&log), Outcome::Open, "the carrier says so");
        let log = desk.log(unknown.id).await;
        assert_eq!(log.end_reason, Some(EndReason::CarrierStatusLost));
        assert_eq!(log.ended_at, Some(at(0)), "when it was last heard of");

        account.put_call(rated(at_carrier(2, "completed"), "900", "", "USD"));
        desk.after(MINUTE).await;
        assert_eq!(desk.log(going_on.id).await.duration_s, Some(900));

        // Whoever watches is told of each end, and once; the carrier may still tell it late.
        desk.ended(&over, 421).await;
        let told: Vec<_> = desk.closed.lock().unwrap().drain(..).collect();
        let mut told: Vec<_> = told.iter().map(|call| (call.id, call.status)).collect();
        told.sort_unstable_by_key(|(id, _)| *id);
        let mut ids = [over.id, going_on.id, unknown.id];
        ids.sort_unstable();
        assert_eq!(told, ids.map(|id| (id, CallStatus::Completed)));
    })
    .await;
}

#[tokio::test]
async fn t1_a_call_whose_sound_broke_off_is_asked_for_soon() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let (cut, goes_on) = (
            answered_by_ai(&desk, 1).await,
            answered_by_ai(&desk, 2).await,
        );
        for call in [&cut, &goes_on] {
            let finished = Finished {
                end_reason: EndReason::CarrierLost,
                usage: Usage::default(),
                cost: None,
                ended_at: desk.clock.now().plus_ms(30 * SECOND),
            };
            let told = calls::finish(&desk.store, desk.tenant, call.id, &finished).await;
            assert!(told.unwrap());
        }
        account.put_call(rated(at_carrier(1, "completed"), "31", "", "USD"));
        account.put_call(at_carrier(2, "in-progress"));
        desk.after(2 * MINUTE).await;
        assert_eq!(desk.log(cut.id).await.duration_s, Some(31));
        let log = desk.log(goes_on.id).await;
        assert_eq!(
            Outcome::of(&log),
            Outcome::Open,
            "somebody else has the caller"
        );
    })
    .await;
}

#[tokio::test]
async fn w2_a_carrier_that_does_not_answer_is_asked_again() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        account.put_call(rated(at_carrier(1, "completed"), "60", "", "USD"));
        account.fail_next([RestFault::Failure(503); 4]);
        desk.after(HOUR + 2 * MINUTE).await;
        assert_eq!(Outcome::of(&desk.log(call.id).await), Outcome::Open);
        desk.after(MINUTE).await;
        assert_eq!(desk.log(call.id).await.duration_s, Some(60));
    })
    .await;
}

#[tokio::test]
async fn w2_a_carrier_that_is_slow_is_asked_about_several_calls_at_one_time() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::patient(db, &account).await;
        for n in 0..16 {
            desk.call(n).await;
            account.put_call(rated(at_carrier(n, "completed"), "60", "", "USD"));
        }
        // One that is never answered keeps its lane, whichever that is, and the others theirs.
        account.fail_next([RestFault::Silence]);
        desk.clock.advance_ms(HOUR + 2 * MINUTE);
        let sweep = desk.jobs.run_due();
        let all_but_one = async {
            let over = "SELECT COUNT(*) FROM calls WHERE duration_s = 60";
            while db.number(over).await < 15 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = sweep => panic!("it waits for the silent one"),
            () = all_but_one => {}
        }
    })
    .await;
}

#[tokio::test]
async fn w2_a_call_that_is_over_and_has_no_end_is_looked_at_once_and_repaired() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = desk.call(1).await;
        let broken = "UPDATE calls SET status = 'failed', outcome = 'failed'";
        db.execute(broken).await;
        desk.after(DAY + 2 * MINUTE).await;
        let log = desk.log(call.id).await;
        assert_eq!(log.ended_at, Some(at(0)));
        assert_eq!((log.status, log.end_reason), (CallStatus::Failed, None));
        let open = "SELECT COUNT(*) FROM calls WHERE ended_at_ms IS NULL";
        assert_eq!(db.number(open).await, 0);
    })
    .await;
}

#[tokio::test]
async fn w2_without_an_account_a_call_is_given_up_when_it_cannot_go_on_any_more() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        shorten(&desk).await;
        let with_ai = answered_by_ai(&desk, 1).await;
        let with_somebody = desk.call(2).await;
        let live = answered_by_ai(&desk, 3).await;
        desk.live.lock().unwrap().push(live.call_sid.clone());
        desk.after(11 * MINUTE + SECOND).await;
        assert_eq!(Outcome::of(&desk.log(with_ai.id).await), Outcome::Open);
        desk.after(MINUTE).await;
        let log = desk.log(with_ai.id).await;
        assert_eq!(log.end_reason, Some(EndReason::CarrierStatusLost));
        assert_eq!(log.ended_at, Some(at(SECOND)));
        for call in [&with_somebody, &live] {
            assert_eq!(Outcome::of(&desk.log(call.id).await), Outcome::Open);
        }
        desk.after(DAY).await;
        let log = desk.log(with_somebody.id).await;
        assert_eq!(log.end_reason, Some(EndReason::CarrierStatusLost));
        let log = desk.log(live.id).await;
        assert_eq!(Outcome::of(&log), Outcome::Open, "it is live here");
    })
    .await;
}

#[tokio::test]
async fn w2_the_end_that_comes_after_all_counts_once() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let call = answered_by_ai(&desk, 1).await;
        desk.after(HOUR + 2 * MINUTE).await;
        desk.ended(&call, 30).await;
        let log = desk.log(call.id).await;
        assert_eq!(log.end_reason, Some(EndReason::CarrierStatusLost));
        assert_eq!((log.ended_at, log.duration_s), (Some(at(SECOND)), Some(30)));
        let counted = "SELECT inbound_calls * 1000 + inbound_s FROM usage_days";
        assert_eq!(db.number(counted).await, 1_030);
    })
    .await;
}
