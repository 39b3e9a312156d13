//! A load goes through the gateway whole, and is counted.

use std::time::Duration;

use frontdesk::domain::Secret;
use frontdesk::rehearsal::WireFormat;
use frontdesk::rehearsal::load::{Load, LoadPlan, LoadReport, Progress};
use frontdesk::rehearsal::model::{ModelOptions, ModelServer};
use tokio::runtime::Handle;
use tokio::task::LocalSet;

use super::desk::{Desk, PUBLIC_URL, TOKEN, ms};

#[tokio::test]
async fn calls_side_by_side_lose_nothing() {
    let steady = load(WireFormat::Pcm24, None, (0, 0));
    let (report, progress) = LocalSet::new().run_until(steady).await;
    let [
        Progress::Placed,
        Progress::Measuring,
        Progress::Going(going),
        Progress::Measured,
    ] = progress[..]
    else {
        panic!("{progress:?}");
    };
    assert_eq!((going.live, going.placed, going.lost), (6, 6, 0));
    assert_eq!((report.calls, report.failed), (6, 0), "{report:?}");
    assert_eq!((report.lost_up, report.lost_down), (0, 0), "{report:?}");
    assert_eq!((report.missing_clears, report.misshapen), (0, 0));
    // Six callers, fifty frames a second, three seconds.
    assert!(report.frames_up >= 850, "{}", report.frames_up);
    assert!(report.frames_down > 0);
    assert!(report.up.count >= 850 && report.down.count > 0);
    assert!(report.barge_in.count > 0, "every other caller breaks in");
    assert!(report.up.p50_us <= report.up.p99_us && report.up.p99_us <= report.up.max_us);
}

#[tokio::test]
async fn what_the_gateway_sends_in_another_format_is_found_lost() {
    // The gateway speaks PCM16, of which six bytes are a sample of mu-law.
    let (report, _) = LocalSet::new()
        .run_until(load(WireFormat::Pcmu, None, (0, 0)))
        .await;
    assert!(report.lost_up > 0, "{report:?}");
    assert!(report.lost_down > 0, "{report:?}");
}

#[tokio::test]
async fn callers_who_hang_up_are_replaced_and_nothing_stays_of_them() {
    let coming_and_going = load(WireFormat::Pcm24, Some(ms(700)), (0, 0));
    let (report, progress) = LocalSet::new().run_until(coming_and_going).await;
    assert_eq!(report.failed, 0, "{report:?}");
    assert_eq!((report.lost_up, report.lost_down), (0, 0), "{report:?}");
    // Six callers at a time, who stay for a second or two.
    assert!((12..60).contains(&report.placed), "{}", report.placed);
    let told = progress.iter().filter_map(|step| match step {
        Progress::Going(going) => Some(going.live),
        Progress::Placed | Progress::Measuring | Progress::Measured => None,
    });
    let told: Vec<_> = told.collect();
    assert!(
        told.len() >= 2 && told.iter().all(|live| *live == 6),
        "{told:?}"
    );
}

#[tokio::test]
async fn p9_a_call_that_floods_us_takes_nothing_from_the_others() {
    let beside = load(WireFormat::Pcm24, None, (1, 0));
    let (report, _) = LocalSet::new().run_until(beside).await;
    let [flood] = report.floods[..] else {
        panic!("{report:?}");
    };
    // A hundred times what an agent says in three seconds would be 6,000.
    assert!(flood.events > 1_000, "{flood:?}");
    assert!(!flood.is_cut_off, "{flood:?}");
    assert_eq!(report.failed, 0, "{report:?}");
    assert_eq!((report.lost_up, report.lost_down), (0, 0), "{report:?}");
    assert_eq!((report.missing_clears, report.misshapen), (0, 0));
    assert!(report.frames_up >= 850, "{}", report.frames_up);
}

#[tokio::test]
async fn w8_callers_without_a_place_are_told_so_and_take_nothing_from_the_others() {
    let stormy = load(WireFormat::Pcm24, None, (0, 100));
    let (report, _) = LocalSet::new().run_until(stormy).await;
    assert_eq!((report.failed, report.unanswered), (0, 0), "{report:?}");
    assert!(report.turned_away.count > 100, "{report:?}");
    assert_eq!((report.lost_up, report.lost_down), (0, 0), "{report:?}");
    assert_eq!((report.missing_clears, report.misshapen), (0, 0));
    assert!(report.frames_up >= 850, "{}", report.frames_up);
}

async fn load(
    format: WireFormat,
    talk: Option<Duration>,
    (floods, storm): (usize, usize),
) -> (LoadReport, Vec<Progress>) {
    let load = Load::open(None).await.expect("a port is free");
    let unused = ModelServer::start(ModelOptions::default()).await;
    let unused = unused.expect("a port is free");
    // Who takes another's place may come before that one has quite gone.
    let places = if talk.is_some() { 12 } else { 6 + floods };
    let desk = Desk::build(unused, &load.model_url(), |plan| plan.max_calls = places).await;
    let plan = LoadPlan {
        calls: 6,
        ramp: ms(300),
        warm_up: Duration::ZERO,
        measured: ms(3_000),
        talk,
        floods,
        storm,
        tell_every: talk.map_or(ms(60_000), |_| ms(1_000)),
        format,
        base_url: desk.base_url.clone(),
        public_url: PUBLIC_URL.to_owned(),
        auth_token: Secret::new(TOKEN.to_owned()),
    };
    let mut progress = Vec::new();
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let report = load.run(&plan, |step| progress.push(step)).await;
    // Neither a call's task nor a socket's outlives the call by long; a job of
    // the house may be at work.
    let ended = async {
        while alive() > before + 2 {
            tokio::task::yield_now().await;
        }
    };
    // What a flood has left in the kernel is read at a sixteenth of a core.
    let ended = tokio::time::timeout(ms(60_000), ended).await;
    assert!(ended.is_ok(), "{} tasks, and {before} before", alive());
    (report.expect("the calls are placed"), progress)
}
