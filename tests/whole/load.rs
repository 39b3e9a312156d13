//! A load goes through the gateway whole, and is counted.

use std::time::Duration;

use frontdesk::domain::Secret;
use frontdesk::rehearsal::WireFormat;
use frontdesk::rehearsal::load::{Load, LoadPlan, LoadReport, Progress};
use frontdesk::rehearsal::model::{ModelOptions, ModelServer};
use tokio::task::LocalSet;

use super::desk::{Desk, PUBLIC_URL, TOKEN, ms};

#[tokio::test]
async fn calls_side_by_side_lose_nothing() {
    let (report, progress) = LocalSet::new().run_until(load(WireFormat::Pcm24)).await;
    assert_eq!(
        progress,
        [Progress::Placed, Progress::Measuring, Progress::Measured]
    );
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
    let (report, _) = LocalSet::new().run_until(load(WireFormat::Pcmu)).await;
    assert!(report.lost_up > 0, "{report:?}");
}

async fn load(format: WireFormat) -> (LoadReport, Vec<Progress>) {
    let load = Load::open(None).await.expect("a port is free");
    let unused = ModelServer::start(ModelOptions::default()).await;
    let desk = Desk::open_at(unused.expect("a port is free"), &load.model_url()).await;
    let plan = LoadPlan {
        calls: 6,
        ramp: ms(300),
        warm_up: Duration::ZERO,
        measured: ms(3_000),
        format,
        base_url: desk.base_url.clone(),
        public_url: PUBLIC_URL.to_owned(),
        auth_token: Secret::new(TOKEN.to_owned()),
    };
    let mut progress = Vec::new();
    let report = load.run(&plan, |step| progress.push(step)).await;
    (report.expect("the calls are placed"), progress)
}
