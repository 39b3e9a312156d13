//! A process that has no file descriptors left.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use frontdesk::domain::Outcome;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script};
use frontdesk::rehearsal::model::{Line, ModelOptions, ModelServer, SessionRecord};
use frontdesk::store::{Store, calls};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::desk::{ms, talkative};
use super::outbound::steps;
use crate::support::process::Serving;
use crate::support::until::until;

/// What a test waits for happens by then.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn p4_a_call_goes_on_while_there_are_no_descriptors_left_and_is_written() {
    let say = |text: &str| Line::say(Spoken::babble(text, ms(800)));
    let model = ModelServer::start(ModelOptions {
        lines: vec![say("Hello."), say("I see."), say("Of course.")],
        ..talkative()
    });
    let model = model.await.unwrap();
    let folder = TempDir::new().unwrap();
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "ulimit -n 96; exec \"$0\" serve"]);
    limited.arg(env!("CARGO_BIN_EXE_frontdesk"));
    limited.current_dir(folder.path());
    let serving = Serving::start_by(limited, &model.url(), &[]);

    let call = tokio::spawn(call(serving.carrier_options()));
    // The caller's stream is there, and all that a call opens.
    until(async || model.look(is_listening).then_some(())).await;
    // They take every descriptor that there is, and say nothing.
    let address = &*serving.address;
    let crowd: Vec<_> = (0..128).map(|_| TcpStream::connect(address)).collect();
    assert!(crowd.iter().all(Result::is_ok));
    // What the carrier tells at the end has to wait for a descriptor.
    let _ = timeout(ms(6_000), until(async || call.is_finished().then_some(()))).await;
    drop(crowd);
    let report = timeout(PATIENCE, call).await.unwrap().unwrap();

    assert_eq!(report.gave_up_at, None, "{report:#?}");
    let stream = report.stream().unwrap();
    let underrun = stream.underrun(ms(1_000));
    assert_eq!(underrun, Duration::ZERO, "{:?}", stream.gaps);
    assert!(stream.received_ms >= 1_600, "both answers were heard");
    timeout(PATIENCE, is_written(folder.path(), &report))
        .await
        .unwrap();
    assert_eq!(serving.status("/readyz").await, 200);
}

/// Whether the model hears a caller.
fn is_listening(sessions: &[SessionRecord]) -> bool {
    let mut sessions = sessions.iter();
    sessions.any(|session| session.appended.total_bytes > 0)
}

/// A caller who hears the greeting, says something, and hears the answer.
async fn call(options: CarrierOptions) -> CallReport {
    let carrier = Carrier::new(options).unwrap();
    carrier.place_call(&Script::new(steps())).await
}

/// Waits until the call is in the database, and over.
async fn is_written(folder: &Path, report: &CallReport) {
    let url = format!("sqlite://{}", folder.join("frontdesk.db").display());
    let store = Store::connect(&url).await.unwrap();
    let sid = report.call_sid.parse().unwrap();
    loop {
        let call = calls::find_by_sid(&store, &sid).await.unwrap().unwrap();
        if Outcome::of(&call) != Outcome::Open {
            break;
        }
        sleep(ms(50)).await;
    }
    store.close().await;
}
