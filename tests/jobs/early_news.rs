//! What was told of a call that nobody knew: told again until somebody does, and no longer.

use frontdesk::domain::JobKind;
use frontdesk::store::jobs::{self, NewJob};

use super::desk::{Desk, HOUR};
use crate::support::database::on_each_database;

#[tokio::test]
async fn d2_what_is_told_of_a_call_that_nobody_knows_is_told_again_until_somebody_does() {
    on_each_database(async |db| {
        let desk = Desk::open(db, None).await;
        let now = desk.clock.now();
        let job = NewJob {
            kind: JobKind::EarlyNews,
            key: "rcd_1",
            tenant: Some(desk.tenant),
            payload: "the news",
            run_at: now,
        };
        let mut tx = desk.store.begin().await.unwrap();
        jobs::enqueue(&mut tx, &job, now).await.unwrap();
        tx.commit().await.unwrap();
        for times in [1, 2, 3, 3, 3] {
            desk.after(HOUR).await;
            let told = desk.told_again.lock().unwrap().clone();
            assert_eq!(told, vec!["the news"; times]);
        }
    })
    .await;
}
