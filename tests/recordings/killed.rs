//! A process is killed while calls go on, and the next one finds all of them, and all that
//! was said.
//!
//! `FRONTDESK_KILLS=100 cargo test --release kill_loop` kills as often; `FRONTDESK_SEED`
//! does again what a seed has done.

use std::path::Path;
use std::time::Duration;

use frontdesk::clock::{Clock, random_bytes};
use frontdesk::domain::{AnsweredBy, CallRecording, CallSid, Outcome, RecordingState};
use frontdesk::recordings::Recordings;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{Line, ModelOptions, ModelServer};
use frontdesk::rehearsal::{CALLER, Spoken};
use frontdesk::store::{Store, call_recordings, calls, page, processes};
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::support::process::Serving;
use crate::support::wanted::wanted;
use crate::whole::recording::tracks;

/// Among a thousand other tests, a process is killed so often.
const KILLS: u32 = 5;
/// Calls that go on when it is.
const CALLS: usize = 4;
/// What is not found by then is lost. A dead process is seen to within ten seconds, on
/// a machine that has nothing else to do.
/// The job of a process that died over it is done again after five minutes.
const PATIENCE: Duration = Duration::from_mins(8);

#[tokio::test(flavor = "multi_thread")]
async fn p2_kill_loop_no_call_is_lost_and_every_recording_is_there_up_to_the_last_200_ms() {
    let asked = wanted("FRONTDESK_KILLS");
    let kills = asked.unwrap_or(KILLS.into());
    let seed = wanted("FRONTDESK_SEED");
    let seed = seed.unwrap_or_else(|| u64::from_le_bytes(random_bytes()));
    println!("FRONTDESK_SEED={seed}");
    let mut chance = Chance(seed);
    let model = ModelServer::start(helpful()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let mut reports = Vec::new();
    for _ in 0..kills {
        let serving = Serving::start(folder.path(), &model.url());
        let calls: Vec<_> = (0..CALLS)
            .map(|n| tokio::spawn(call(serving.carrier_options(), n, chance.below(900))))
            .collect();
        sleep(Duration::from_millis(200 + chance.below(4_300))).await;
        drop(serving);
        for call in calls {
            reports.push(call.await.unwrap());
        }
    }
    let _serving = Serving::start(folder.path(), &model.url());
    let url = format!("sqlite://{}", folder.path().join("frontdesk.db").display());
    let store = Store::connect(&url).await.unwrap();
    let found = timeout(PATIENCE, all_is_found(&store, folder.path(), &reports)).await;
    found.expect("whatever the dead have left is found");
    let mut rows = 0;
    for report in &reports {
        rows += i64::from(is_written(&store, report).await);
        // By hand nothing else keeps the machine from its work.
        let most_ms = if asked.is_some() { 200 } else { 1_200 };
        is_heard(&store, folder.path(), report, most_ms * 8).await;
    }
    let mut conn = AnyConnection::connect(&url).await.unwrap();
    let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM calls")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(all, rows, "each call once");
    println!("{kills} kills, {rows} calls of {}", reports.len());
    store.close().await;
}

/// Waits until nothing is open that nobody has: no call, no recording, no process.
async fn all_is_found(store: &Store, folder: &Path, reports: &[CallReport]) {
    loop {
        sleep(Duration::from_millis(200)).await;
        let later = Clock::system().now().plus_ms(60_000);
        let open = calls::list_open(store, later, None, page::Limit::longest()).await;
        if !open.unwrap().is_empty() || processes::list(store).await.unwrap().len() > 1 {
            continue;
        }
        let mut is_done = true;
        for report in reports {
            let Some(call) = calls::find_by_sid(store, &sid(report)).await.unwrap() else {
                continue;
            };
            let those = call_recordings::list_of_call(store, call.tenant_id, call.id).await;
            is_done &= those.unwrap().iter().all(|one| is_settled(folder, one));
        }
        if is_done {
            return;
        }
    }
}

/// Whether nothing more becomes of a recording soon: it is a file, or it has a reason not
/// to be, or it was begun and nothing of it was written, for which it gets one later.
fn is_settled(folder: &Path, recording: &CallRecording) -> bool {
    let spool = format!("{}.spool", recording.title.id);
    let spools = Recordings::at(folder.join("recordings")).spool_folder();
    match recording.state {
        RecordingState::Kept | RecordingState::Failed | RecordingState::Deleted => true,
        RecordingState::Recording | RecordingState::Paused => !spools.join(spool).exists(),
        RecordingState::Finalising => false,
    }
}

/// I1: who got an answer has a row, which says how the call ended. Whether there is one.
async fn is_written(store: &Store, report: &CallReport) -> bool {
    let row = calls::find_by_sid(store, &sid(report)).await.unwrap();
    let is_answered = report
        .requests
        .first()
        .is_some_and(|first| first.status == Some(200));
    assert!(row.is_some() || !is_answered, "{}", report.call_sid);
    let Some(call) = row else { return false };
    assert_ne!(Outcome::of(&call), Outcome::Open, "{call:?}");
    let is_ours = call.answered_by == Some(AnsweredBy::Ai);
    assert!(call.end_reason.is_some() || !is_ours, "{call:?}");
    true
}

/// I6: what the caller said is in a file but for the last moment.
async fn is_heard(store: &Store, folder: &Path, report: &CallReport, most: usize) {
    let spoken = report
        .streams
        .first()
        .map_or(0, |stream| stream.spoken.len());
    let row = calls::find_by_sid(store, &sid(report)).await.unwrap();
    let recordings = match row {
        Some(call) => call_recordings::list_of_call(store, call.tenant_id, call.id).await,
        None => Ok(Vec::new()),
    };
    let recordings = recordings.unwrap();
    assert!(recordings.len() <= 1);
    let kept = match recordings.first() {
        Some(recording) if recording.state == RecordingState::Kept => {
            tracks(&folder.join("recordings"), recording)[0].len()
        }
        Some(recording) => {
            let is_begun = recording.state == RecordingState::Recording;
            assert!(recording.fault.is_some() || is_begun, "{recording:?}");
            0
        }
        None => 0,
    };
    let missing = spoken.saturating_sub(kept);
    assert!(
        missing <= most,
        "{} ms of {} are missing",
        missing / 8,
        spoken / 8
    );
}

pub(super) fn sid(report: &CallReport) -> CallSid {
    report.call_sid.parse().unwrap()
}

/// A caller who is in another phase of the call than the others when it ends.
async fn call(mut options: CarrierOptions, n: usize, after_ms: u64) -> CallReport {
    sleep(Duration::from_millis(after_ms)).await;
    options.patience = Duration::from_secs(10);
    let words = || Step::Speak(Spoken::new(CALLER[0].text, CALLER[0].mulaw));
    let steps = match n % CALLS {
        // Speaks until the line is dead.
        0 => (0..10)
            .map(|_| words())
            .chain([Step::StayUntilEnd])
            .collect(),
        // Hangs up soon.
        1 => vec![
            Step::WaitForSpeech,
            Step::Wait(Duration::from_millis(after_ms)),
            Step::HangUp,
        ],
        // Has a message taken, and hears a goodbye.
        _ => vec![words(), Step::StayUntilEnd],
    };
    let carrier = Carrier::new(options).unwrap();
    carrier.place_call(&Script::new(steps)).await
}

/// A model that greets, takes a message, and hangs up.
fn helpful() -> ModelOptions {
    let say = |text: &str| Line::say(Spoken::babble(text, Duration::from_millis(400)));
    let message = r#"{"caller_name":"Ada","reason":"The printer burns.","urgency":"high"}"#;
    ModelOptions {
        lines: vec![
            say("Hello."),
            Line::call("take_message", message),
            say("It is written down. Goodbye.").then_call("end_call", "{}"),
        ],
        caller_transcripts: vec![CALLER[0].text.to_owned()],
        ..ModelOptions::default()
    }
}

/// Chance that can be had again: `splitmix64`.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % most
    }
}
