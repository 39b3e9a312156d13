//! A call's row and transcript are right whatever becomes of database and process meanwhile.

use std::sync::Arc;

use frontdesk::bridge::Keeping;
use frontdesk::clock::Clock;
use frontdesk::domain::{
    CallLog, CallSid, CallStatus, EndReason, Secret, Speaker, Usage, Utterance,
};
use frontdesk::egress;
use frontdesk::rehearsal::carrier::{Carrier, Script, Step};
use frontdesk::rehearsal::model::ModelServer;
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use frontdesk::store::{Store, calls, lost_calls, taken_messages, utterances};
use frontdesk::twilio::signature::sign;
use serde_json::Value;
use sqlx::{AnyConnection, Connection, Executor};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::desk::{Desk, ms, spoken, talkative};
use super::visitor::{Form, INBOUND, STATUS, form, get_as, post};
use crate::support::cable::Cable;
use crate::support::database::on_postgres_alone;
use crate::support::process::{PUBLIC_URL, Serving, TOKEN};

/// The greeting, a question, and its answer.
fn steps(last: Step) -> Vec<Step> {
    vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::Speak(spoken(&CALLER[0])),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        last,
    ]
}

const SAID: [(Speaker, &str); 3] = [
    (Speaker::Receptionist, RECEPTIONIST[0].text),
    (Speaker::Caller, CALLER[0].text),
    (Speaker::Receptionist, RECEPTIONIST[2].text),
];

/// The words of the script; a caller who says nothing is asked whether they are there.
fn texts(said: &[Utterance]) -> Vec<(Speaker, &str)> {
    let said = said.iter();
    let said = said.map(|one| (one.speaker, one.text.expose().as_str()));
    said.filter(|one| SAID.contains(one)).collect()
}

async fn said(store: &Store, call: &CallLog) -> Vec<Utterance> {
    let listed = utterances::list(store, call.tenant_id, call.id).await;
    listed.unwrap()
}

/// The call once it is as wanted.
async fn wait_for(store: &Store, sid: &CallSid, is_it: impl Fn(&CallLog) -> bool) -> CallLog {
    let found = async {
        loop {
            // The database may be about to be made.
            match calls::find_by_sid(store, sid).await {
                Ok(Some(call)) if is_it(&call) => return call,
                _ => sleep(ms(10)).await,
            }
        }
    };
    timeout(ms(60_000), found).await.expect("it becomes so")
}

#[tokio::test(flavor = "multi_thread")]
async fn d1_i8_a_call_goes_on_while_another_holds_the_database_and_is_whole_afterwards() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("slow.db").display());
    let database_url = Secret::new(url.clone());
    let desk = Desk::with(talkative(), |plan| plan.database_url = database_url).await;
    let mut other = AnyConnection::connect(&url).await.unwrap();
    let carrier = desk.carrier();
    let script = Script::new(steps(Step::HangUp));
    let call = tokio::spawn(async move { carrier.place_call(&script).await });
    // As soon as the call is there nobody writes any more.
    while desk.bridge.counts().live == 0 {
        sleep(ms(5)).await;
    }
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let report = call.await.unwrap();
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    let session = desk.session(0).await;
    assert_eq!(session.responses.len(), 2, "a greeting and an answer");
    assert!(report.stream().unwrap().played_ms > 2_000);
    while desk.bridge.keeping().0 == Keeping::Written {
        sleep(ms(5)).await;
    }
    let health = get_as(&desk, "/health", None).await;
    let health: Value = serde_json::from_str(&health.body).unwrap();
    let journal = &health["dependencies"]["journal"];
    assert_eq!(journal["status"], "behind", "{health}");
    assert!(journal["waiting"].as_u64().unwrap() > 0, "{health}");
    assert_eq!(get_as(&desk, "/readyz", None).await.status, 503);
    let answer = post(&desk, STATUS, &form(&report.call_sid, "completed")).await;
    assert_eq!(answer.status, 204);
    other.execute("COMMIT").await.unwrap();
    let sid = report.call_sid.parse().unwrap();
    let log = wait_for(&desk.store, &sid, |call| call.end_reason.is_some()).await;
    assert_eq!(log.status, CallStatus::Completed);
    assert_eq!(log.end_reason, Some(EndReason::CallerHungUp));
    assert!(log.answered_at.is_some());
    assert_eq!(texts(&said(&desk.store, &log).await), SAID);
    while get_as(&desk, "/readyz", None).await.status != 200 {
        sleep(ms(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_killed_process_leaves_all_that_was_said_and_the_next_one_the_end_of_its_call() {
    let model = ModelServer::start(talkative()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let serving = Serving::start(folder.path(), &model.url());
    let address = Arc::clone(&serving.address);
    let sid: CallSid = "CA00000000000000000000000000000001".parse().unwrap();
    let mut options = serving.carrier_options();
    options.patience = ms(10_000);
    options.call_sid = Some(sid.to_string());
    let carrier = Carrier::new(options).unwrap();
    let script = Script::new(steps(Step::StayUntilEnd));
    let call = tokio::spawn(async move { carrier.place_call(&script).await });
    let url = format!("sqlite://{}", folder.path().join("frontdesk.db").display());
    let store = Store::connect(&url).await.unwrap();
    let log = wait_for(&store, &sid, |call| call.answered_at.is_some()).await;
    let all = async {
        while texts(&said(&store, &log).await) != SAID {
            sleep(ms(10)).await;
        }
    };
    let all = timeout(ms(60_000), all).await;
    all.expect("it is written down while the call goes on");
    // Nobody can write any more, and the carrier tells of the end.
    let mut other = AnyConnection::connect(&url).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let told = tell(&address, &form(sid.as_str(), "completed")).await;
    assert_eq!(told, 204, "the disk has it");
    drop(serving);
    call.await.unwrap();
    other.execute("ROLLBACK").await.unwrap();
    let open = calls::find_by_sid(&store, &sid).await.unwrap().unwrap();
    assert_eq!(open.ended_at, None);
    let _serving = Serving::start(folder.path(), &model.url());
    let ended = wait_for(&store, &sid, |call| call.ended_at.is_some()).await;
    assert_eq!((ended.id, ended.status), (log.id, CallStatus::Completed));
    assert_eq!(texts(&said(&store, &ended).await), SAID);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_who_was_taken_for_lost_and_is_served_to_the_end_is_not_to_be_called_back() {
    let desk = Desk::open(talkative()).await;
    let sid: CallSid = "CA00000000000000000000000000000001".parse().unwrap();
    let mut options = desk.carrier_options();
    options.call_sid = Some(sid.to_string());
    let carrier = Carrier::new(options).unwrap();
    let script = Script::new(steps(Step::HangUp));
    let call = tokio::spawn(async move { carrier.place_call(&script).await });
    let log = wait_for(&desk.store, &sid, |call| call.answered_at.is_some()).await;
    let (clock, of) = (Clock::system(), (log.tenant_id, log.id));
    let (at, note) = (clock.now(), clock.new_id());
    lost_calls::break_off(&desk.store, of, at, (note, at))
        .await
        .unwrap();
    let is_read = async || {
        let found = taken_messages::find(&desk.store, of.0, note).await;
        found
            .unwrap()
            .expect("somebody is to be called back")
            .is_read
    };
    assert!(!is_read().await);
    call.await.unwrap();
    let end_reason = Some(EndReason::CallerHungUp);
    wait_for(&desk.store, &sid, |call| call.end_reason == end_reason).await;
    assert!(is_read().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_call_without_a_database_is_whole_though_another_process_is_told_of_its_end() {
    on_postgres_alone(async |database| {
        let cable = Cable::to(&database.url).await;
        let open = async |url: &str| {
            let url = Secret::new(url.to_owned());
            Desk::with(talkative(), |plan| plan.database_url = url).await
        };
        let (desk, other) = (open(&cable.url).await, open(&database.url).await);
        // Somebody else has rung before, so that it is known who answers.
        for (path, status) in [(INBOUND, "ringing"), (STATUS, "completed")] {
            post(&desk, path, &form("CA1", status)).await;
        }
        cable.pull();
        let mut options = desk.carrier_options();
        options.status_path = None;
        let carrier = Carrier::new(options).unwrap();
        let report = carrier.place_call(&Script::new(steps(Step::HangUp))).await;
        assert!(report.stream().unwrap().played_ms > 2_000);
        let told = post(&other, STATUS, &form(&report.call_sid, "completed")).await;
        assert_eq!(told.status, 204);
        let sid = report.call_sid.parse().unwrap();
        let heard_of = wait_for(&other.store, &sid, |call| call.ended_at.is_some()).await;
        assert_eq!((heard_of.answered_at, heard_of.end_reason), (None, None));
        cable.plug_in();
        let end_reason = Some(EndReason::CallerHungUp);
        let log = wait_for(&other.store, &sid, |call| call.end_reason == end_reason).await;
        assert_eq!((log.id, log.status), (heard_of.id, CallStatus::Completed));
        assert!(log.answered_at.is_some());
        assert_ne!(log.usage, Usage::default());
        assert_eq!(texts(&said(&other.store, &log).await), SAID);
    })
    .await;
}

/// What the carrier is answered to a status callback.
async fn tell(address: &str, form: &Form) -> u16 {
    let signature = sign(
        &Secret::new(TOKEN.to_owned()),
        &format!("{PUBLIC_URL}{STATUS}"),
        form,
    );
    let request = egress::client().post(format!("http://{address}{STATUS}"));
    let request = request.header("X-Twilio-Signature", signature).form(form);
    request.send().await.unwrap().status().as_u16()
}
