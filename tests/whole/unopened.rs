//! A process that begins while its database is away: who rings is told, and answered soon.

use std::time::Duration;

use frontdesk::rehearsal::carrier::{CallReport, Carrier, Script, Step};
use frontdesk::rehearsal::model::ModelServer;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::desk::{ms, talkative};
use crate::support::cable::Cable;
use crate::support::database::{on_bare_postgres_alone, on_each_bare_database};
use crate::support::process::Serving;

/// Longer than any machine is slow.
const LONG: Duration = Duration::from_mins(1);

async fn ring(serving: &Serving) -> CallReport {
    let carrier = Carrier::new(serving.carrier_options()).unwrap();
    let steps = [
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ];
    carrier.place_call(&Script::new(steps)).await
}

/// It listens, and says that it is not ready.
async fn assert_unopened(serving: &Serving) {
    assert_eq!(serving.status("/livez").await, 200);
    for path in ["/readyz", "/health", "/api/calls/log", "/media-stream"] {
        assert_eq!(serving.status(path).await, 503, "{path}");
    }
    // What is told once is told again.
    for path in ["status", "sms", "voicemail?RecordingStatus=completed"] {
        let path = format!("/api/voice/webhooks/{path}");
        assert_eq!(serving.status(&path).await, 503, "{path}");
    }
    let report = ring(serving).await;
    assert_eq!(report.verb_names(), ["Say", "Hangup"]);
    let said = report.said().join(" ");
    assert!(said.contains("try again in a few minutes"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_who_rings_before_the_database_is_there_is_told_and_then_answered() {
    on_bare_postgres_alone(async |database| {
        let folder = TempDir::new().unwrap();
        let model = ModelServer::start(talkative()).await.unwrap();
        let cable = Cable::to(&database.url).await;
        cable.pull();
        let more = [("DATABASE_URL", &*cable.url)];
        let serving = Serving::start_with(folder.path(), &model.url(), &more);
        assert_unopened(&serving).await;
        cable.plug_in();
        let open = async {
            while serving.status("/readyz").await != 200 {
                sleep(ms(100)).await;
            }
        };
        timeout(LONG, open).await.expect("it opens by itself");
        let report = ring(&serving).await;
        assert!(
            report.stream().unwrap().played_ms > 0,
            "{:?}",
            report.verb_names()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_process_that_waits_for_its_database_ends_when_it_is_told_to() {
    let folder = TempDir::new().unwrap();
    let model = ModelServer::start(talkative()).await.unwrap();
    // Nobody listens there.
    let more = [("DATABASE_URL", "postgres://nobody@127.0.0.1:9/desk")];
    let mut serving = Serving::start_with(folder.path(), &model.url(), &more);
    assert_unopened(&serving).await;
    serving.signal("TERM");
    assert!(serving.ended().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_database_that_does_not_come_by_itself_is_not_waited_for() {
    on_each_bare_database(async |database| {
        let folder = TempDir::new().unwrap();
        let model = ModelServer::start(talkative()).await.unwrap();
        let stone = folder.path().join("stone");
        std::fs::create_dir(&stone).unwrap();
        let url = if database.is_sqlite() {
            format!("sqlite://{}", stone.display())
        } else {
            database.url.replace("/postgres?", "/there_is_none?")
        };
        let more = [("DATABASE_URL", &*url)];
        let mut serving = Serving::start_with(folder.path(), &model.url(), &more);
        assert!(!serving.ended().await.success());
    })
    .await;
}
