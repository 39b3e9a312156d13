//! A tenant who has used as much as it may: voicemail, and never a cut.

use frontdesk::clock::Clock;
use frontdesk::domain::{AnsweredBy, Quota, QuotaLimits};
use frontdesk::rehearsal::CALLER;
use frontdesk::rehearsal::carrier::{Script, Step};
use frontdesk::rehearsal::model::SessionRecord;
use frontdesk::routing::{Plan, Ring};
use frontdesk::store::{calls, quotas};
use tokio::time::timeout;

use super::desk::{Desk, ms, spoken, talkative};
use super::routed::{ai, ask, form_to, forward, plan, tenant};

const TO: &str = "+15550200001";
const PARTNER: &str = "+12025550160";

/// The default tenant may spend so much a day.
async fn limit(desk: &Desk, micros: Option<i64>) {
    let quota = Quota {
        day: QuotaLimits {
            micros,
            ..QuotaLimits::default()
        },
        ..Quota::default()
    };
    let (tenant, now) = (tenant(desk).await.0, Clock::system().now());
    let put = quotas::put_platform(&desk.store, tenant, &quota, now).await;
    put.unwrap();
}

fn has_stream(xml: &str) -> bool {
    xml.contains("<Stream ")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_nothing_left_has_callers_go_on_to_what_follows() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        open: ai(),
        fallback: vec![forward(PARTNER, Ring::default())],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    limit(&desk, Some(0)).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains(PARTNER) && !has_stream(&xml), "{xml}");
    // A number without a plan has nobody else: the caller leaves a message.
    let unplanned = form_to("CA2", "+15550200009", &[]);
    let xml = ask(&desk, "twiml/inbound", &unplanned).await;
    assert!(xml.contains("<Record ") && !has_stream(&xml), "{xml}");
    assert_eq!(desk.model.accepted(), 0, "not a cent is spent");
    assert_eq!(desk.bridge.counts().live, 0);

    limit(&desk, None).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA3", TO, &[])).await;
    assert!(has_stream(&xml), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_a_call_that_is_with_the_ai_stays_with_it_when_the_carrier_asks_again() {
    let desk = Desk::open(talkative()).await;
    plan(&desk, TO, &Plan::default()).await;
    let form = form_to("CA1", TO, &[]);
    assert!(has_stream(&ask(&desk, "twiml/inbound", &form).await));
    limit(&desk, Some(0)).await;
    let again = ask(&desk, "twiml/inbound", &form).await;
    assert!(has_stream(&again), "{again}");
    let other = ask(&desk, "twiml/inbound", &form_to("CA2", TO, &[])).await;
    assert!(!has_stream(&other), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_on_is_not_cut() {
    let desk = Desk::open(talkative()).await;
    limit(&desk, Some(1_000_000)).await;
    let carrier = desk.carrier();
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::Speak(spoken(&CALLER[3])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ];
    let call = tokio::spawn(async move { carrier.place_call(&Script::new(steps)).await });
    let is_greeting =
        |all: &[SessionRecord]| all.iter().any(|session| !session.responses.is_empty());
    let greeting = desk.model.wait_for(ms(5_000), is_greeting).await;
    greeting.expect("the caller is greeted");
    limit(&desk, Some(0)).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA2", TO, &[])).await;
    assert!(xml.contains("<Record ") && !has_stream(&xml), "{xml}");

    let report = call.await.unwrap();
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(desk.model.sessions()[0].responses.len(), 2);
    let log = desk.log(&report).await;
    assert_eq!(log.answered_by, Some(AnsweredBy::Ai));
    assert!(log.cost.is_some() && log.bill.day.is_some());
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_without_a_database_what_was_last_known_of_a_limit_holds() {
    let desk = Desk::open(talkative()).await;
    plan(&desk, TO, &Plan::default()).await;
    limit(&desk, Some(0)).await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains("<Record "), "{xml}");
    desk.store.close().await;
    let form = form_to("CA2", TO, &[]);
    let answer = ask(&desk, "twiml/inbound", &form);
    let xml = timeout(ms(1_000), answer).await;
    let xml = xml.expect("nobody waits for a database that is away");
    assert!(xml.contains("<Record ") && !has_stream(&xml), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_uses_is_on_the_bill_of_its_day() {
    let desk = Desk::open(talkative()).await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ];
    let (report, _) = desk.call(steps).await;
    let log = desk.log(&report).await;
    let (tenant, now) = (tenant(&desk).await.0, Clock::system().now());
    let standing = quotas::standing(&desk.store, tenant, now).await.unwrap();
    assert_eq!(standing.this_month.tokens, log.usage);
    assert_eq!(standing.this_month.inbound_calls, 1);
    let found = calls::find(&desk.store, tenant, log.id).await.unwrap();
    let bill = found.unwrap().bill;
    assert!(bill.agent_ended_at.is_some() && bill.carrier_estimate.is_some());
}
