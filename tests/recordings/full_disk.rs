//! The disk fills up under a process that serves: database, journal and recordings on it are
//! refused at one write or another, calls go on, and what was to be written is, once there is
//! room.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use frontdesk::domain::{Outcome, RecordingState};
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{Line, ModelOptions, ModelServer};
use frontdesk::rehearsal::{CALLER, Spoken};
use frontdesk::store::{Store, call_recordings, calls};
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::killed::sid;
use crate::support::process::Serving;
use crate::whole::recording::tracks;

/// What is left on the disk, in KiB: from nothing at all to the last write of a call.
const LEFT: [usize; 6] = [0, 8, 24, 48, 96, 160];
/// A database is some 2 MiB at first, and a small disk has a sixteenth in reserve.
const SIZE: &str = "size=8m";
/// What is not written by then is lost.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread")]
async fn d3_calls_go_on_whichever_write_finds_the_disk_full_and_are_all_written_later() {
    if !may_mount() {
        let is_ci = std::env::var_os("CI").is_some();
        assert!(
            !is_ci,
            "nobody may mount a small disk here, and CI must show it"
        );
        eprintln!("not shown: nobody may mount a small disk here");
        return;
    }
    let model = ModelServer::start(talkative()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let path = std::env::var("PATH").unwrap();
    let serving = small_disk(folder.path());
    let serving = Serving::start_by(serving, &model.url(), &[("PATH", &path)]);
    // Nobody else sees what the process has mounted.
    let disk = PathBuf::from(format!("/proc/{}/root", serving.id()));
    let disk = disk.join(folder.path().strip_prefix("/").unwrap());
    let mut reports = Vec::new();
    for left in LEFT {
        let before = tokio::spawn(call(serving.carrier_options(), Duration::from_secs(2)));
        sleep(Duration::from_millis(600)).await;
        let filler = Filler::leave(&disk, left * 1024);
        let after = call(serving.carrier_options(), Duration::from_secs(1)).await;
        let before = before.await.unwrap();
        for report in [before, after] {
            is_served(&report, left);
            reports.push(report);
        }
        drop(filler);
    }
    let mut missing = Vec::new();
    let written = async {
        loop {
            missing = not_written(&serving, &disk, &reports).await;
            if missing.is_empty() {
                break;
            }
            sleep(Duration::from_millis(500)).await;
        }
    };
    let written = timeout(PATIENCE, written).await;
    assert!(written.is_ok(), "{missing:#?}");
}

/// The caller was answered and heard the agent, to the end.
fn is_served(report: &CallReport, left: usize) {
    let told = || format!("{left} KiB left: {report:#?}");
    for request in &report.requests {
        // What can be written down nowhere is to be told again; the call does not wait for it.
        let is_told = request.url.ends_with("/status") && request.status == Some(503);
        let is_answered = matches!(request.status, Some(200 | 204));
        assert!(is_answered || is_told, "{}", told());
    }
    let stream = report.stream();
    let stream = stream.unwrap_or_else(|| panic!("{}", told()));
    // The greeting, which the caller breaks into, and an answer.
    assert!(stream.received_ms >= 1_500, "{}", told());
    assert_eq!(report.gave_up_at, None, "{}", told());
}

/// The calls that are not in the database, or not over, or of whose recording it is not known
/// what became of it.
async fn not_written(serving: &Serving, disk: &Path, reports: &[CallReport]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    // SQLite would look for the file in our own root. Nothing is written while it is copied.
    serving.signal("STOP");
    for name in ["frontdesk.db", "frontdesk.db-wal"] {
        fs::copy(disk.join(name), folder.path().join(name)).unwrap();
    }
    serving.signal("CONT");
    let url = format!("sqlite://{}", folder.path().join("frontdesk.db").display());
    let store = Store::connect(&url).await.unwrap();
    let mut missing = Vec::new();
    for report in reports {
        missing.extend(fault(&store, disk, report).await);
    }
    store.close().await;
    let mut conn = AnyConnection::connect(&url).await.unwrap();
    let state: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(state, "ok");
    missing
}

async fn fault(store: &Store, disk: &Path, report: &CallReport) -> Option<String> {
    let call = calls::find_by_sid(store, &sid(report)).await.unwrap();
    let Some(call) = call else {
        return Some(format!("{} is not there", report.call_sid));
    };
    if Outcome::of(&call) == Outcome::Open {
        return Some(format!("not over: {call:?}"));
    }
    let those = call_recordings::list_of_call(store, call.tenant_id, call.id).await;
    let those = those.unwrap();
    assert!(those.len() <= 1, "{those:?}");
    match those.first() {
        Some(one) if one.state == RecordingState::Kept => {
            let caller = tracks(&disk.join("recordings"), one)[0].len();
            assert!(caller > 0 || one.fault.is_some(), "{one:?}");
            None
        }
        Some(one) if one.fault.is_none() => Some(format!("{one:?}")),
        // Nobody is recorded while there is no room.
        Some(_) | None => None,
    }
}

/// A caller who says something and stays for so long.
async fn call(mut options: CarrierOptions, stays: Duration) -> CallReport {
    options.patience = Duration::from_secs(10);
    let steps = vec![
        Step::WaitForSpeech,
        Step::Speak(Spoken::new(CALLER[0].text, CALLER[0].mulaw)),
        Step::Wait(stays),
        Step::HangUp,
    ];
    let carrier = Carrier::new(options).unwrap();
    carrier.place_call(&Script::new(steps)).await
}

fn talkative() -> ModelOptions {
    let babble = |text: &str| Spoken::babble(text, Duration::from_millis(900));
    ModelOptions {
        lines: (0..3).map(|_| Line::say(babble("I see."))).collect(),
        caller_transcripts: vec![CALLER[0].text.to_owned()],
        ..ModelOptions::default()
    }
}

/// A file that leaves so much on a disk, and goes when it is dropped.
struct Filler(PathBuf);

impl Filler {
    fn leave(disk: &Path, left: usize) -> Self {
        let path = disk.join("filler");
        let room = path.with_extension("room");
        fs::write(&room, vec![1; left]).unwrap();
        let mut options = OpenOptions::new();
        let file = options.create_new(true).write(true).mode(0o600).open(&path);
        fill(file.unwrap());
        // Files come and go on this disk all the time; this is its own.
        fs::remove_file(room).unwrap();
        Self(path)
    }
}

fn fill(mut file: File) {
    loop {
        match file.write_all(&[1; 1_024]) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::StorageFull => return,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Whether this system lets a process have mounts of its own: Linux does, unless it was
/// told not to.
fn may_mount() -> bool {
    let mut command = Command::new("unshare");
    command.args([MAPPED, "--mount", "true"]);
    command.status().is_ok_and(|status| status.success())
}

const MAPPED: &str = "--map-root-user";

/// `frontdesk` in `folder`, over which a small disk is mounted that only it sees.
fn small_disk(folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args([MAPPED, "--mount", "sh", "-c"]);
    let script = "mount -t tmpfs -o \"$1\" none . && cd \"$PWD\" && exec \"$0\" serve";
    command.args([script, env!("CARGO_BIN_EXE_frontdesk"), SIZE]);
    command.current_dir(folder);
    command
}
