//! Requests that are done once, and purchases whose outcome is not known.

use frontdesk::domain::{TenantId, Timestamp};
use frontdesk::store::idempotency_keys::{self, Claim, KeptAnswer, RequestName, Standing};
use frontdesk::store::number_purchases::{self, Standing as Purchase};
use frontdesk::store::{Error, Store};

use super::values::{add_tenant, at, phone};
use crate::support::database::on_each_database;

const TURN_MS: i64 = 2 * 60_000;
const DAY_MS: i64 = 24 * 3_600_000;

#[tokio::test]
async fn a_request_is_done_by_one_at_a_time_and_answered_once() {
    on_each_database(async |db| {
        let (tenant, _) = add_tenant(&db.store, 1).await;
        let first = claim(tenant.id, "key", "hash", "1");
        let second = claim(tenant.id, "key", "hash", "2");
        assert_eq!(ask(&db.store, &first, at(0)).await, Standing::Claimed);
        assert_eq!(ask(&db.store, &second, at(1)).await, Standing::InFlight);
        let other = claim(tenant.id, "key", "other hash", "3");
        assert_eq!(ask(&db.store, &other, at(1)).await, Standing::OfAnother);
        let done = idempotency_keys::complete(&db.store, &first, &answer(201)).await;
        assert!(done.unwrap());
        let kept = Standing::Done(answer(201));
        assert_eq!(ask(&db.store, &second, at(2)).await, kept);
        assert_eq!(ask(&db.store, &first, at(DAY_MS - 1)).await, kept);
        assert_eq!(ask(&db.store, &other, at(DAY_MS)).await, Standing::Claimed);
    })
    .await;
}

#[tokio::test]
async fn a_turn_that_is_over_is_taken_and_its_holder_writes_nothing_more() {
    on_each_database(async |db| {
        let (tenant, _) = add_tenant(&db.store, 1).await;
        let dead = claim(tenant.id, "key", "hash", "1");
        let next = claim(tenant.id, "key", "hash", "2");
        assert_eq!(ask(&db.store, &dead, at(0)).await, Standing::Claimed);
        assert_eq!(
            ask(&db.store, &next, at(TURN_MS - 1)).await,
            Standing::InFlight
        );
        let other = claim(tenant.id, "key", "other hash", "3");
        assert_eq!(
            ask(&db.store, &other, at(TURN_MS)).await,
            Standing::OfAnother
        );
        assert_eq!(ask(&db.store, &next, at(TURN_MS)).await, Standing::Claimed);
        let late = idempotency_keys::complete(&db.store, &dead, &answer(500)).await;
        assert!(!late.unwrap());
        idempotency_keys::release(&db.store, &dead).await.unwrap();
        assert_eq!(ask(&db.store, &dead, at(TURN_MS)).await, Standing::InFlight);
        idempotency_keys::release(&db.store, &next).await.unwrap();
        assert_eq!(ask(&db.store, &other, at(TURN_MS)).await, Standing::Claimed);
    })
    .await;
}

#[tokio::test]
async fn i9_a_key_is_the_tenants_own() {
    on_each_database(async |db| {
        let (one, _) = add_tenant(&db.store, 1).await;
        let (other, _) = add_tenant(&db.store, 2).await;
        let theirs = claim(one.id, "key", "hash", "1");
        assert_eq!(ask(&db.store, &theirs, at(0)).await, Standing::Claimed);
        idempotency_keys::complete(&db.store, &theirs, &answer(201))
            .await
            .unwrap();
        let own = claim(other.id, "key", "hash", "1");
        assert_eq!(ask(&db.store, &own, at(0)).await, Standing::Claimed);
        // Forgetting one's own old ones leaves those of others.
        let later = claim(other.id, "later", "hash", "1");
        assert_eq!(
            ask(&db.store, &later, at(2 * DAY_MS)).await,
            Standing::Claimed
        );
        let rows = db.number("SELECT COUNT(*) FROM idempotency_keys").await;
        assert_eq!(rows, 2);
    })
    .await;
}

#[tokio::test]
async fn two_who_ask_at_the_same_time_are_told_apart() {
    on_each_database(async |db| {
        let (tenant, _) = add_tenant(&db.store, 1).await;
        let number = phone("+15105550101");
        let askers = (0..8).map(|n| {
            let (number, tenant) = (&number, tenant.id);
            async move {
                let turn = claim(tenant, "key", "hash", &n.to_string());
                let standing = ask(&db.store, &turn, at(0)).await;
                (standing, reserve(&db.store, tenant, number, at(0)).await)
            }
        });
        let all = futures::future::join_all(askers).await;
        let claimed = all.iter().filter(|(one, _)| *one == Standing::Claimed);
        assert_eq!(claimed.count(), 1, "{all:?}");
        let fresh = all.iter().filter(|(_, one)| *one == Purchase::Fresh);
        assert_eq!(fresh.count(), 1, "{all:?}");
    })
    .await;
}

#[tokio::test]
async fn a_purchase_belongs_to_who_began_it_until_its_outcome_is_known() {
    on_each_database(async |db| {
        let store = &db.store;
        let (one, _) = add_tenant(store, 1).await;
        let (other, _) = add_tenant(store, 2).await;
        let (one, other, number) = (one.id, other.id, phone("+15105550101"));
        assert_eq!(reserve(store, one, &number, at(0)).await, Purchase::Fresh);
        assert_eq!(
            reserve(store, one, &number, at(1)).await,
            Purchase::UnderWay
        );
        assert_eq!(reserve(store, other, &number, at(1)).await, Purchase::Taken);
        // Another tenant can neither leave nor settle it.
        number_purchases::leave(store, other, &number)
            .await
            .unwrap();
        number_purchases::settle(store, other, &number)
            .await
            .unwrap();
        assert_eq!(
            reserve(store, one, &number, at(1)).await,
            Purchase::UnderWay
        );

        number_purchases::order(store, other, &number)
            .await
            .unwrap();
        number_purchases::leave(store, one, &number).await.unwrap();
        let again = reserve(store, one, &number, at(1)).await;
        assert_eq!(again, Purchase::Fresh, "nothing was ordered");
        number_purchases::order(store, one, &number).await.unwrap();
        number_purchases::leave(store, one, &number).await.unwrap();
        let again = reserve(store, one, &number, at(2)).await;
        assert_eq!(again, Purchase::MayHaveHappened);
        assert_eq!(
            reserve(store, one, &number, at(3)).await,
            Purchase::UnderWay
        );
        let later = reserve(store, one, &number, at(2 + TURN_MS)).await;
        assert_eq!(later, Purchase::MayHaveHappened, "whoever it was has died");

        let since = 2 + TURN_MS;
        let early = reserve(store, other, &number, at(since + DAY_MS - 1)).await;
        assert_eq!(early, Purchase::Taken);
        let late = since + DAY_MS;
        assert!(!take_over(store, other, &number, at(late - 1)).await);
        let standing = reserve(store, other, &number, at(late)).await;
        assert_eq!(standing, Purchase::Forgotten);
        let standing = reserve(store, other, &number, at(late)).await;
        assert_eq!(
            standing,
            Purchase::Forgotten,
            "it is still the first tenant's"
        );
        assert!(take_over(store, other, &number, at(late)).await);
        assert!(!take_over(store, one, &number, at(late)).await);
        let standing = reserve(store, one, &number, at(late + TURN_MS)).await;
        assert_eq!(standing, Purchase::Fresh, "nothing was ordered since");
        number_purchases::settle(store, one, &number).await.unwrap();
        assert_eq!(reserve(store, other, &number, at(0)).await, Purchase::Fresh);
    })
    .await;
}

async fn ask(store: &Store, claim: &Claim, now: Timestamp) -> Standing {
    let standing: Result<_, Error> = async {
        let mut tx = store.begin().await?;
        let standing = idempotency_keys::claim(&mut tx, claim, now).await?;
        tx.commit().await?;
        Ok(standing)
    }
    .await;
    standing.expect("the request can be claimed")
}

async fn take_over(
    store: &Store,
    tenant: TenantId,
    number: &frontdesk::domain::PhoneNumber,
    now: Timestamp,
) -> bool {
    let taken = number_purchases::take_over(store, tenant, number, now).await;
    taken.unwrap()
}

async fn reserve(
    store: &Store,
    tenant: TenantId,
    number: &frontdesk::domain::PhoneNumber,
    now: Timestamp,
) -> Purchase {
    let standing: Result<_, Error> = async {
        let mut tx = store.begin().await?;
        let standing = number_purchases::reserve(&mut tx, tenant, number, now).await?;
        tx.commit().await?;
        Ok(standing)
    }
    .await;
    standing.expect("the number can be reserved")
}

fn claim(tenant_id: TenantId, key: &str, hash: &str, turn: &str) -> Claim {
    Claim {
        name: RequestName {
            tenant_id,
            key: key.to_owned(),
            hash: hash.to_owned(),
        },
        turn: turn.to_owned(),
    }
}

fn answer(status: u16) -> KeptAnswer {
    KeptAnswer {
        status,
        content_type: "application/json".to_owned(),
        body: "{}".to_owned(),
    }
}
