//! Callers who wait for somebody: who leads them on, and who takes the call.

use frontdesk::domain::{CallSid, TenantId};
use frontdesk::store::warm_transfers::{self as warm, Place, Standing};
use frontdesk::store::{Store, calls, warm_legs};

use super::values::{add_tenant, at, new_call};
use crate::support::database::on_each_database;

fn sid(text: &str) -> CallSid {
    text.parse().unwrap()
}

/// A caller who waits at the second stop while two telephones ring.
async fn waiting(store: &Store, tenant: TenantId, n: u32) -> (Place, CallSid) {
    let new = new_call(tenant, n);
    calls::find_or_create(store, &new).await.unwrap();
    let place = Place {
        tenant_id: tenant,
        call_id: new.id,
        stop: 1,
    };
    assert!(warm::begin(store, place, 2, at(0)).await.unwrap());
    (place, new.call_sid)
}

async fn standing(store: &Store, place: Place) -> Standing {
    let found = warm::find(store, place).await.unwrap();
    found.expect("it was begun").standing
}

#[tokio::test]
async fn a_transfer_is_begun_once_and_a_call_has_one_name() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let (place, _) = waiting(store, tenant.id, 1).await;
        assert!(!warm::begin(store, place, 2, at(1)).await.unwrap());
        let elsewhere = Place {
            tenant_id: other.id,
            ..place
        };
        assert_eq!(warm::find(store, elsewhere).await.unwrap(), None);
        for (name, is_it) in [("CA7", true), ("CA8", false), ("CA7", true)] {
            let named = warm_legs::name(store, (place, 1), &sid(name)).await;
            assert_eq!(named.unwrap(), is_it, "{name}");
        }
        let transfer = warm::find(store, place).await.unwrap().unwrap();
        assert_eq!(transfer.others(0), [sid("CA7")]);
        assert_eq!(transfer.others(1), []);
        let legs = warm_legs::of_call(store, tenant.id, place.call_id).await;
        assert_eq!(legs.unwrap(), [sid("CA7")]);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_the_last_to_be_rung_leads_the_caller_on_once() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let (place, _) = waiting(store, tenant.id, 1).await;
        for (leg, leads_on) in [(0, false), (0, false), (1, true), (1, false)] {
            let ended = warm_legs::end(store, (place, leg), at(2)).await;
            assert_eq!(ended.unwrap(), leads_on, "{leg}");
        }
        assert_eq!(standing(store, place).await, Standing::Left);
        assert_eq!(warm::leave(store, place, at(3)).await.unwrap(), None);
        let accepted = warm::accept(store, (place, 1), at(3)).await;
        assert!(!accepted.unwrap(), "it is too late");
    })
    .await;
}

#[tokio::test]
async fn the_first_who_accepts_has_the_call_and_nobody_leads_it_on() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        let (place, caller) = waiting(store, tenant.id, 1).await;
        for (leg, has_it) in [(1, true), (0, false), (1, true)] {
            let accepted = warm::accept(store, (place, leg), at(1)).await;
            assert_eq!(accepted.unwrap(), has_it, "{leg}");
        }
        assert!(!warm_legs::end(store, (place, 0), at(2)).await.unwrap());
        assert_eq!(standing(store, place).await, Standing::Accepted);
        warm::connect(store, place, at(3)).await.unwrap();
        assert!(!warm_legs::end(store, (place, 1), at(4)).await.unwrap());
        assert_eq!(warm::leave(store, place, at(4)).await.unwrap(), None);
        assert_eq!(warm::abandon(store, &caller, at(4)).await.unwrap(), []);
        assert_eq!(standing(store, place).await, Standing::Connected);

        // Who has accepted and is gone before that leaves the caller alone.
        let (place, _) = waiting(store, tenant.id, 2).await;
        assert!(warm::accept(store, (place, 0), at(1)).await.unwrap());
        assert!(warm_legs::end(store, (place, 0), at(2)).await.unwrap());
        assert_eq!(standing(store, place).await, Standing::Left);
    })
    .await;
}

#[tokio::test]
async fn t11_the_calls_that_go_on_for_nobody_are_known() {
    on_each_database(async |db| {
        let store = &db.store;
        let (tenant, _) = add_tenant(store, 1).await;
        for n in [1, 2] {
            let (place, caller) = waiting(store, tenant.id, n).await;
            let (one, two) = (sid(&format!("CA{n}7")), sid(&format!("CA{n}8")));
            warm_legs::name(store, (place, 0), &one).await.unwrap();
            warm_legs::name(store, (place, 1), &two).await.unwrap();
            warm_legs::end(store, (place, 0), at(1)).await.unwrap();
            let left = if n == 1 {
                warm::leave(store, place, at(2)).await.unwrap().unwrap()
            } else {
                warm::abandon(store, &caller, at(2)).await.unwrap()
            };
            assert_eq!(left, [two]);
            assert_eq!(standing(store, place).await, Standing::Left);
        }
    })
    .await;
}
