//! Opening, migrating, seeding, and what a transaction promises.

use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{AudioFormat, Number, PhoneNumber, Tenant, ToolName, TurnDetection};
use frontdesk::store::{
    Error, Store, Tx, numbers, page, processes, receptionists, tenants, within,
};
use futures::future::join_all;
use tokio::time::timeout;

use super::values::{add_tenant, at, publish, receptionist, tenant};
use crate::support::cable::Cable;
use crate::support::chaos::{Chaos, Manners};
use crate::support::database::{on_each_bare_database, on_each_database, on_postgres_alone};
use crate::support::until::until;

#[tokio::test]
async fn a_database_that_is_not_there_is_made_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not there/nor here/front desk.db");
    let url = format!("sqlite://{}", path.display());
    let store = Store::connect(&url.replace(' ', "%20")).await.unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    assert!(path.is_file());

    let again = Store::connect(&url).await.unwrap();
    add_tenant(&store, 1).await;
    let found = tenants::find(&again, tenant(1).id).await.unwrap();
    assert_eq!(found, Some(tenant(1)));
}

#[tokio::test]
async fn a_database_in_memory_is_one_database() {
    let store = Store::connect("sqlite::memory:").await.unwrap();
    store.migrate().await.unwrap();
    add_tenant(&store, 1).await;
    let found = tenants::find(&store, tenant(1).id).await.unwrap();
    assert_eq!(found, Some(tenant(1)));
}

#[tokio::test]
async fn a_url_of_no_database_is_refused_without_repeating_it() {
    for url in [
        "mysql://root:hunter2@localhost/x",
        "frontdesk.db",
        "",
        "postgres://a b:hunter2@/",
    ] {
        let error = Store::connect(url).await.err().unwrap();
        assert!(matches!(error, Error::Url), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn d6_migrating_twice_is_migrating_once() {
    on_each_bare_database(async |db| {
        db.store.migrate().await.unwrap();
        add_tenant(&db.store, 1).await;
        db.store.migrate().await.unwrap();
        let found = tenants::find(&db.store, tenant(1).id).await.unwrap();
        assert_eq!(found, Some(tenant(1)));
    })
    .await;
}

#[tokio::test]
async fn d6_processes_that_migrate_at_the_same_time_wait_for_each_other() {
    on_each_bare_database(async |db| {
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(Store::connect(&db.url).await.unwrap());
        }
        let starts = stores.iter().map(|store| async move {
            store.migrate().await?;
            store.seed_defaults(at(0)).await
        });
        for outcome in join_all(starts).await {
            outcome.unwrap();
        }
        assert_eq!(db.number("SELECT COUNT(*) FROM tenants").await, 1);
        for store in stores {
            store.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn d6_a_newer_schema_is_refused_in_words() {
    on_each_database(async |db| {
        db.execute(
            "INSERT INTO _sqlx_migrations
                (version, description, success, checksum, execution_time)
            VALUES (9999, 'of tomorrow', TRUE, '', 0)",
        )
        .await;
        let error = db.store.migrate().await.unwrap_err();
        assert!(
            matches!(error, Error::Newer { database: 9999, .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains("start a newer program"));

        // The refusal holds no lock: with the row gone, all is well.
        db.execute("DELETE FROM _sqlx_migrations WHERE version = 9999")
            .await;
        db.store.migrate().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn d6_a_migration_that_fails_leaves_nothing_behind() {
    on_each_bare_database(async |db| {
        // The last table of the first migration is in the way.
        db.execute("CREATE TABLE api_keys (id TEXT)").await;
        let error = db.store.migrate().await.unwrap_err();
        assert!(matches!(error, Error::Migrate(_)), "{error:?}");

        db.execute("DROP TABLE api_keys").await;
        db.store.migrate().await.unwrap();
        add_tenant(&db.store, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_fresh_database_is_given_somebody_who_answers() {
    on_each_database(async |db| {
        assert_eq!(tenants::default_tenant(&db.store).await.unwrap(), None);
        assert_eq!(numbers::answering(&db.store, None).await.unwrap(), None);

        db.store.seed_defaults(at(0)).await.unwrap();
        let tenant = tenants::default_tenant(&db.store).await.unwrap().unwrap();
        assert_eq!(
            (tenant.name.as_str(), tenant.time_zone.as_str()),
            ("Default", "UTC")
        );
        let (whose, who) = numbers::answering(&db.store, None).await.unwrap().unwrap();
        assert_eq!(whose, tenant);
        assert_eq!(Some(who.id), tenant.default_receptionist);
        assert_eq!(
            (who.voice.as_str(), who.language.as_str()),
            ("marin", "en-US")
        );
        assert_eq!(who.format, AudioFormat::Pcm24);
        assert_eq!(who.turn_detection, TurnDetection::default());
        let tools = [ToolName::EndCall, ToolName::TakeMessage];
        assert_eq!(who.tools, tools.into());
        assert!(!who.greeting.is_empty() && !who.instructions.is_empty());
    })
    .await;
}

#[tokio::test]
async fn seeding_again_keeps_what_was_edited() {
    on_each_database(async |db| {
        db.store.seed_defaults(at(0)).await.unwrap();
        let (_, mut who) = numbers::answering(&db.store, None).await.unwrap().unwrap();
        who.greeting = "Smith's bakery, good morning.".to_owned();
        assert!(receptionists::update(&db.store, &who, at(1)).await.unwrap());
        publish(&db.store, &who).await;

        db.store.seed_defaults(at(2)).await.unwrap();
        let (_, found) = numbers::answering(&db.store, None).await.unwrap().unwrap();
        assert_eq!(found, who);
    })
    .await;
}

#[tokio::test]
async fn seeding_at_the_same_time_seeds_once() {
    on_each_database(async |db| {
        let outcomes = join_all((0..8).map(|_| db.store.seed_defaults(at(0)))).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(db.number("SELECT COUNT(*) FROM tenants").await, 1);
        assert_eq!(db.number("SELECT COUNT(*) FROM receptionists").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing() {
    on_each_database(async |db| {
        let whose = tenant(1);
        let who = receptionist(whose.id, 1);
        let page = page::Request::default();

        let mut tx = db.store.begin().await.unwrap();
        tenants::insert(&mut tx, &whose, at(0)).await.unwrap();
        receptionists::insert(&mut tx, &who, at(0)).await.unwrap();
        assert!(tenants::find(&mut tx, whose.id).await.unwrap().is_some());
        assert_eq!(tenants::find(&db.store, whose.id).await.unwrap(), None);
        drop(tx);
        assert_eq!(tenants::find(&db.store, whose.id).await.unwrap(), None);

        let mut tx = db.store.begin().await.unwrap();
        tenants::insert(&mut tx, &whose, at(0)).await.unwrap();
        receptionists::insert(&mut tx, &who, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        let found = receptionists::list(&db.store, whose.id, &page)
            .await
            .unwrap();
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.items[0].receptionist, who);
    })
    .await;
}

#[tokio::test]
async fn d1_a_database_that_is_busy_is_waited_for() {
    on_each_database(async |db| {
        let other = Store::connect(&db.url).await.unwrap();
        let mut tx = other.begin().await.unwrap();
        tenants::insert(&mut tx, &tenant(1), at(0)).await.unwrap();
        // Reading does not wait for a writer, and writing does.
        assert_eq!(tenants::find(&db.store, tenant(1).id).await.unwrap(), None);
        let second = tenant(2);
        let write = tenants::insert(&db.store, &second, at(0));
        let (written, committed) = tokio::join!(write, tx.commit());
        committed.unwrap();
        written.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM tenants").await, 2);
        other.close().await;
    })
    .await;
}

#[tokio::test]
async fn d2_a_transaction_that_nobody_waits_for_any_more_stays_with_no_connection() {
    on_postgres_alone(async |db| {
        let (chaos, url) = Chaos::to_database(&db.url).await;
        let store = Store::connect(&url).await.unwrap();
        drop(join_all((0..10).map(|_| store.begin())).await);
        chaos.behave(Manners {
            delay: Duration::from_millis(50),
            ..Manners::default()
        });
        // A connection is looked at first, for a tenth of a second. Then the database is told
        // to begin, and has not answered.
        for patience in (12..20).rev() {
            drop(timeout(Duration::from_millis(10 * patience), store.begin()).await);
        }
        chaos.behave(Manners::default());
        let open = "SELECT COUNT(*) FROM pg_stat_activity
            WHERE state LIKE 'idle in transaction%' AND datname = current_database()";
        // Whoever comes next and begins nothing meets none that is in a transaction.
        until(async || {
            join_all((0..10).map(|_| store.ping())).await;
            (db.number(open).await == 0).then_some(())
        })
        .await;
        store.close().await;
    })
    .await;
}

/// So many transactions at one time.
async fn begin_all(store: &Store, count: usize) -> Vec<Tx> {
    let begun = join_all((0..count).map(|_| store.begin())).await;
    begun.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_whoever_is_caught_by_a_database_that_dies_in_silence_leaves_room_for_others() {
    on_postgres_alone(async |db| {
        let cable = Cable::to(&db.url).await;
        let store = Store::connect(&cable.url).await.unwrap();
        let taken = begin_all(&store, 10).await;
        cable.die().await;
        let caught = taken.into_iter().map(|mut tx| async move {
            let asked = processes::list(&mut tx);
            within(Duration::from_millis(100), asked).await
        });
        for answer in join_all(caught).await {
            let error = answer.unwrap_err();
            assert!(error.is_outage() && error.is_transient(), "{error:?}");
        }
        // Before those who wait for a connection give up.
        let begun = timeout(Duration::from_secs(8), begin_all(&store, 10)).await;
        assert_eq!(begun.unwrap().len(), 10);
        store.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_connection_that_died_while_nobody_had_it_makes_room_for_another() {
    on_postgres_alone(async |db| {
        let cable = Cable::to(&db.url).await;
        let store = Store::connect(&cable.url).await.unwrap();
        cable.die().await;
        let answer = timeout(Duration::from_secs(8), store.ping()).await;
        answer.unwrap().unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn sqlite_is_tuned_as_promised() {
    on_each_database(async |db| {
        if db.is_sqlite() {
            assert_eq!(db.text("PRAGMA journal_mode").await, "wal");
        }
    })
    .await;
}

#[tokio::test]
async fn i9_a_text_to_a_number_that_nobody_has_is_the_only_tenants_and_else_nobodys() {
    on_each_database(async |db| {
        let clock = Clock::system();
        db.store.seed_defaults(clock.now()).await.unwrap();
        let default = tenants::default_tenant(&db.store).await.unwrap().unwrap();
        let number: PhoneNumber = "+15550100009".parse().unwrap();
        let owner = async |number| numbers::owner(&db.store, number).await.unwrap();
        assert_eq!(owner(Some(&number)).await, Some(default.id));
        assert_eq!(owner(None).await, Some(default.id));
        let other = Tenant {
            id: clock.new_id(),
            name: "B".to_owned(),
            default_receptionist: None,
            ..default
        };
        tenants::insert(&db.store, &other, clock.now())
            .await
            .unwrap();
        assert_eq!(owner(Some(&number)).await, None);
        let new = Number::new(clock.new_id(), other.id, number.clone(), clock.now());
        numbers::insert(&db.store, &new).await.unwrap();
        assert_eq!(owner(Some(&number)).await, Some(other.id));
    })
    .await;
}
