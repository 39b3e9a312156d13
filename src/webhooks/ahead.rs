//! What is learned before anybody rings.

use super::memory::{MAX_NUMBERS, Memory};
use crate::domain::Party;
use crate::store::{Error, Store, in_time, routing_facts};

/// Learns how the numbers are answered, so that the first caller of one since the process
/// began is led there also while the database is away.
pub async fn learn_ahead(memory: Memory, store: Store) {
    if let Err(error) = learn(&memory, &store).await {
        tracing::warn!(%error, "numbers.not_learned");
    }
}

async fn learn(memory: &Memory, store: &Store) -> Result<(), Error> {
    let most = u32::try_from(MAX_NUMBERS).unwrap_or(u32::MAX);
    for number in in_time(routing_facts::numbers_in_use(store, most)).await? {
        let to = Party::Number(number);
        // Who has rung meanwhile has had it learned.
        if memory.facts(&to).is_some() {
            continue;
        }
        let asked = routing_facts::look_up(store, to.number(), &Party::Anonymous);
        match in_time(asked).await {
            Ok(Some((facts, _))) => memory.foresee(&to, facts),
            Ok(None) => {}
            Err(error) if error.is_outage() => return Err(error),
            Err(error) => tracing::error!(%error, "number.not_learned"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::{Number, PhoneNumber};
    use crate::routing::Facts;
    use crate::store::numbers;

    #[tokio::test]
    async fn w5_how_a_number_is_answered_is_known_before_anybody_rings_it() {
        let (store, clock) = (
            Store::connect("sqlite::memory:").await.unwrap(),
            Clock::system(),
        );
        store.migrate().await.unwrap();
        store.seed_defaults(clock.now()).await.unwrap();
        let of = |text: &str| text.parse::<PhoneNumber>().unwrap();
        let ours = of("+15550100002");
        let (tenant, _) = numbers::answering(&store, None).await.unwrap().unwrap();
        let number = Number::new(clock.new_id(), tenant.id, ours.clone(), clock.now());
        numbers::insert(&store, &number).await.unwrap();
        let memory = Memory::default();
        learn_ahead(memory.clone(), store.clone()).await;
        store.close().await;
        let ours = Party::Number(ours);
        let foreseen = memory.foreseen(&ours).unwrap();
        assert_eq!(foreseen.tenant_id, tenant.id);
        let theirs = Party::Number(of("+15550100003"));
        assert!(memory.foreseen(&theirs).is_none());
        // Whoever rings waits for the truth as long as before; then it is known.
        assert!(memory.facts(&ours).is_none());
        let known = memory.learn(&ours, Facts::clone(&foreseen));
        assert_eq!(known.tenant_id, tenant.id);
        assert!(memory.facts(&ours).is_some() && memory.foreseen(&ours).is_none());
    }
}
