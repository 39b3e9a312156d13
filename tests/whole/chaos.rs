//! Calls over lines that are no better than they should be.

use std::net::SocketAddr;

use frontdesk::domain::EndReason;
use frontdesk::rehearsal::carrier::{CallReport, Carrier, Script, Step};
use frontdesk::rehearsal::model::ModelServer;
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use futures::future::join_all;

use super::desk::{Desk, ms, spoken, talkative};
use super::endings::assert_apology;
use crate::support::chaos::{Chaos, Manners, Trouble, Way};

/// A desk whose agents are at the other end of a line with these manners.
async fn desk_behind(manners: Manners) -> (Desk, Chaos) {
    let model = ModelServer::start(talkative()).await.unwrap();
    let chaos = Chaos::to(SocketAddr::from(([127, 0, 0, 1], model.port()))).await;
    chaos.behave(manners);
    let url = format!("ws://{}/v1/realtime", chaos.address());
    (Desk::open_at(model, &url).await, chaos)
}

/// A carrier at the other end of a line with these manners.
async fn carrier_behind(desk: &Desk, manners: Manners) -> (Carrier, Chaos) {
    let address = desk.base_url.trim_start_matches("http://");
    let chaos = Chaos::to(address.parse().unwrap()).await;
    chaos.behave(manners);
    let mut options = desk.carrier_options();
    options.base_url = format!("http://{}", chaos.address());
    (Carrier::new(options).unwrap(), chaos)
}

fn after(way: Way, bytes: usize, trouble: Trouble) -> Manners {
    Manners {
        trouble: Some((way, bytes, trouble)),
        ..Manners::default()
    }
}

/// A caller who is greeted, asks, is answered, and hangs up.
fn conversation() -> Script {
    Script::new([
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(1_000)),
        Step::Speak(spoken(&CALLER[1])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(600)),
        Step::HangUp,
    ])
}

async fn assert_log(desk: &Desk, report: &CallReport, reason: EndReason, place: &str) {
    let log = desk.log(report).await;
    assert_eq!(log.end_reason, Some(reason), "{place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_however_the_line_to_the_model_ends_the_conversation_goes_on() {
    let cases = [Trouble::Cut, Trouble::Reset, Trouble::HalfClose]
        .into_iter()
        .flat_map(|trouble| [9_000, 40_000].map(|bytes| (trouble, bytes)));
    let calls = cases.map(|(trouble, bytes)| async move {
        let (desk, _chaos) = desk_behind(after(Way::Back, bytes, trouble)).await;
        let script = Script::new([
            Step::WaitForSpeech,
            Step::WaitForQuiet(ms(1_500)),
            Step::HangUp,
        ]);
        let report = desk.carrier().place_call(&script).await;
        let place = format!("{trouble:?} after {bytes} bytes");
        assert_eq!(report.all_violations(), Vec::<String>::new(), "{place}");
        assert_eq!(desk.model.accepted(), 2, "{place}");
        assert_log(&desk, &report, EndReason::CallerHungUp, &place).await;
        desk.is_empty().await;
    });
    join_all(calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_a_line_that_goes_dead_in_the_middle_of_the_upgrade_is_given_up() {
    let calls = [0, 40].map(|bytes| async move {
        let mut dead = after(Way::Back, bytes, Trouble::Stall);
        dead.happens_again = true;
        let (desk, _chaos) = desk_behind(dead).await;
        let script = Script::new([Step::StayUntilEnd]);
        let report = desk.carrier().place_call(&script).await;
        assert_apology(&report);
        let place = format!("after {bytes} bytes");
        assert_log(&desk, &report, EndReason::AgentUnavailable, &place).await;
    });
    join_all(calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t1_a_stream_that_is_reset_at_any_message_ends_the_call_within_1_s() {
    // The webhooks of a call are shorter, all together.
    let calls = [9_000, 9_100, 9_350, 12_000, 20_000].map(|bytes| async move {
        let desk = Desk::open(talkative()).await;
        let reset = after(Way::There, bytes, Trouble::Reset);
        let (carrier, _chaos) = carrier_behind(&desk, reset).await;
        let report = carrier.place_call(&Script::new([Step::StayUntilEnd])).await;
        desk.is_empty().await;
        let place = format!("after {bytes} bytes");
        assert_log(&desk, &report, EndReason::CarrierLost, &place).await;
    });
    join_all(calls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t5_a_wrong_byte_in_the_stream_harms_no_more_than_its_own_call() {
    let desk = Desk::open(talkative()).await;
    let calls = [9_000, 9_003, 9_104, 9_405].map(|bytes| {
        let desk = &desk;
        async move {
            let corrupt = after(Way::There, bytes, Trouble::Corrupt);
            let (carrier, _chaos) = carrier_behind(desk, corrupt).await;
            let script = Script::new([Step::WaitForSpeech, Step::HangUp]);
            let report = carrier.place_call(&script).await;
            assert!(desk.log(&report).await.end_reason.is_some(), "{bytes}");
        }
    });
    join_all(calls).await;
    desk.is_empty().await;
    let report = desk.carrier().place_call(&conversation()).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_log(&desk, &report, EndReason::CallerHungUp, "the next call").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_over_slow_and_unsteady_lines_loses_no_word() {
    let far = Manners {
        delay: ms(60),
        jitter: ms(40),
        rate: Some(400_000),
        ..Manners::default()
    };
    let (desk, _model_line) = desk_behind(far).await;
    let (carrier, _carrier_line) = carrier_behind(&desk, far).await;
    let report = carrier.place_call(&conversation()).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    let session = desk.session(0).await;
    assert_eq!(session.items[0].text, RECEPTIONIST[0].text);
    assert_eq!(session.turns.len(), 1);
    let generated: u64 = session.items.iter().map(|item| item.generated_ms).sum();
    assert_eq!(report.stream().unwrap().received_ms, generated);
    assert_log(&desk, &report, EndReason::CallerHungUp, "far away").await;
}
