//! A process is killed while calls are recorded, and the next one finds all that was said.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use frontdesk::domain::{CallSid, RecordingFault, Secret};
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{ModelOptions, ModelServer};
use frontdesk::rehearsal::{CALLER, Spoken};
use frontdesk::store::{Store, calls};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::whole::recording::{kept, tracks};

pub(crate) const PUBLIC_URL: &str = "https://desk.example.com";
pub(crate) const TOKEN: &str = "token";
/// What may be missing of the last moment, in samples: 200 ms, and what was on
/// its way through the sockets.
const MAX_MISSING: usize = (200 + 60) * 8;

#[tokio::test(flavor = "multi_thread")]
async fn p2_killed_at_any_moment_a_recording_is_there_up_to_the_last_200_ms() {
    let model = ModelServer::start(ModelOptions::default()).await.unwrap();
    let folder = TempDir::new().unwrap();
    for after_ms in [430, 1_710, 2_890] {
        let (served, address) = serve(folder.path(), &model.url());
        let mut served = Some(served);
        let calls: Vec<_> = (0..3)
            .map(|_| tokio::spawn(call(Arc::clone(&address))))
            .collect();
        sleep(Duration::from_millis(600 + after_ms)).await;
        drop(served.take());
        let mut reports = Vec::new();
        for call in calls {
            reports.push(call.await.unwrap());
        }
        let (_served, _) = serve(folder.path(), &model.url());
        for report in &reports {
            is_there(folder.path(), report).await;
        }
    }
}

async fn is_there(folder: &Path, report: &CallReport) {
    let url = format!("sqlite://{}", folder.join("frontdesk.db").display());
    let store = Store::connect(&url).await.unwrap();
    let sid: CallSid = report.call_sid.parse().unwrap();
    let call = calls::find_by_sid(&store, &sid).await.unwrap();
    let call = call.expect("no call is lost");
    let recording = kept(&store, (call.tenant_id, call.id)).await;
    assert_eq!(recording.fault, Some(RecordingFault::ProcessEnded));
    let [caller, _] = tracks(&folder.join("recordings"), &recording);
    let spoken = &report.stream().unwrap().spoken;
    assert!(spoken.len() > 3_000, "they spoke: {}", spoken.len());
    let missing = spoken.len().saturating_sub(caller.len());
    assert!(missing <= MAX_MISSING, "{} ms are missing", missing / 8);
    store.close().await;
}

/// A caller who speaks until the line is dead.
async fn call(address: Arc<str>) -> CallReport {
    let mut options = CarrierOptions::new(format!("http://{address}"), Secret::new(TOKEN.into()));
    PUBLIC_URL.clone_into(&mut options.public_url);
    options.patience = Duration::from_secs(10);
    let words = || Step::Speak(Spoken::new(CALLER[0].text, CALLER[0].mulaw));
    let steps: Vec<_> = (0..10)
        .map(|_| words())
        .chain([Step::StayUntilEnd])
        .collect();
    let carrier = Carrier::new(options).unwrap();
    carrier.place_call(&Script::new(steps)).await
}

/// A process that is killed when it is dropped.
pub(crate) struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // SIGKILL.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

pub(crate) fn serve(folder: &Path, model: &str) -> (Served, Arc<str>) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_frontdesk"));
    let mut command = Command::new(program);
    command.env_clear().current_dir(folder).arg("serve");
    command.envs([
        ("TWILIO_AUTH_TOKEN", TOKEN),
        ("OPENAI_API_KEY", "sk-1"),
        ("OPENAI_REALTIME_URL", model),
        ("PUBLIC_URL", PUBLIC_URL),
        ("LOG_FORMAT", "json"),
        ("PORT", "0"),
        ("HOST", "127.0.0.1"),
    ]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).ok()?;
        Some(line["address"].as_str()?.into())
    });
    std::thread::spawn(move || lines.for_each(drop));
    (Served(child), address.unwrap())
}
