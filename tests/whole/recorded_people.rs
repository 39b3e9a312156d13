//! Calls between people, which the carrier records for us: on what ground, and where they end.

use std::path::PathBuf;
use std::time::Duration;

use frontdesk::audio::wav;
use frontdesk::domain::{
    CallLog, CallRecording, CallSid, ConsentAnswer, ConsentPolicy, ConsentRule, EndReason,
    SettingKey,
};
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Fault, Script, Step};
use frontdesk::routing::{Plan, Ring};
use frontdesk::store::{call_recordings, calls, number_plans, numbers};

use super::desk::{Desk, ms, talkative};
use super::recording::kept;
use super::routed::{ai, ask, form_to, forward, phone, plan, put_setting, tenant};
use super::visitor::post;
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

/// The number that callers ring, and who is rung behind it.
const OURS: &str = "+15550100000";
const ELSEWHERE: &str = "+12025550143";
/// What the carrier calls what it records.
const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

/// A house whose callers are led to somebody elsewhere, and recorded.
struct House {
    desk: Desk,
    account: RestAccount,
    storage: PathBuf,
}

impl House {
    async fn asking(policy: ConsentPolicy) -> Self {
        let account = RestAccount::open(&[]).await;
        let mut storage = PathBuf::new();
        let desk = Desk::with(talkative(), |house| {
            storage.clone_from(&house.storage);
            house.carrier = Some(account.client());
        })
        .await;
        let house = Self {
            desk,
            account,
            storage,
        };
        house.lead_to(policy).await;
        house
    }

    async fn lead_to(&self, policy: ConsentPolicy) {
        let desk = &self.desk;
        let (tenant, _) = tenant(desk).await;
        let to = Plan {
            open: forward(ELSEWHERE, Ring::default()),
            ..Plan::default()
        };
        plan(desk, OURS, &to).await;
        let found = number_plans::find(&desk.store, tenant, &phone(OURS)).await;
        let (id, _) = found.unwrap().unwrap();
        let mut number = numbers::find(&desk.store, tenant, id)
            .await
            .unwrap()
            .unwrap();
        number.recording = ConsentRule {
            policy,
            words: None,
        };
        numbers::update(&desk.store, &number).await.unwrap();
        put_setting(desk, SettingKey::AutoRecordCalls, true).await;
    }

    /// What the two say is this long, and the carrier has it.
    fn say(&self, seconds: usize) -> Vec<u8> {
        let mut sound = Vec::new();
        let side = vec![0x55; seconds * 8_000];
        wav::write_stereo(&mut sound, &side, &side).unwrap();
        self.account.keep(RECORDING, &sound);
        sound
    }

    fn options(&self) -> CarrierOptions {
        CarrierOptions {
            recording_sid: Some(RECORDING.to_owned()),
            ..self.desk.carrier_options()
        }
    }

    async fn call(&self, script: &Script) -> (CallReport, CallLog) {
        let carrier = Carrier::new(self.options()).unwrap();
        let report = carrier.place_call(script).await;
        assert_eq!(report.all_violations(), Vec::<String>::new());
        let sid: CallSid = report.call_sid.parse().unwrap();
        let log = calls::find_by_sid(&self.desk.store, &sid).await;
        let log = log.unwrap().expect("the call is written down");
        (report, log)
    }

    async fn recordings(&self, log: &CallLog) -> Vec<CallRecording> {
        let those = call_recordings::list_of_call(&self.desk.store, log.tenant_id, log.id).await;
        those.unwrap()
    }

    /// The carrier has nothing of it any more.
    async fn is_gone_there(&self) {
        let gone = async {
            while !self.account.recordings().is_empty() {
                tokio::time::sleep(ms(20)).await;
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(20), gone).await;
        gone.expect("the carrier keeps nothing of it");
    }
}

/// Whether the carrier was to record it.
fn is_recorded(report: &CallReport) -> bool {
    let mut dials = report.verbs.iter().filter(|verb| verb.name == "Dial");
    let dial = dials.next().expect("somebody is rung");
    dial.attribute("record") == Some("record-from-answer-dual")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_was_told_is_recorded_and_the_sound_comes_here() {
    let house = House::asking(ConsentPolicy::Announce).await;
    let sound = house.say(3);
    let (report, log) = house.call(&Script::new([])).await;
    assert_eq!(report.verb_names()[..2], ["Say", "Dial"]);
    assert!(report.said()[0].contains("recorded"), "{:?}", report.said());
    let recording = kept(&house.desk.store, (log.tenant_id, log.id)).await;
    let consent = &recording.title.consent;
    assert_eq!(
        (consent.policy, consent.answer),
        (ConsentPolicy::Announce, ConsentAnswer::Told)
    );
    assert_eq!(recording.duration_ms, Some(3_000));
    assert_eq!(recording.content_type.as_deref(), Some("audio/wav"));
    let file = house.storage.join(recording.file.unwrap());
    assert_eq!(std::fs::read(file).unwrap(), sound);
    house.is_gone_there().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_1_is_recorded_by_the_carrier_and_who_does_not_is_not() {
    for (key, answer) in [('1', ConsentAnswer::Agreed), ('2', ConsentAnswer::Refused)] {
        let house = House::asking(ConsentPolicy::Keypress).await;
        house.say(1);
        let (report, log) = house.call(&Script::new([Step::Digit(key)])).await;
        assert_eq!(report.verb_names()[..2], ["Gather", "Dial"]);
        assert_eq!(is_recorded(&report), answer.permits());
        if answer.permits() {
            let recording = kept(&house.desk.store, (log.tenant_id, log.id)).await;
            let consent = recording.title.consent;
            assert_eq!(consent.answer, answer);
            assert_eq!(consent.words.unwrap().expose(), "1", "the evidence");
        } else {
            assert_eq!(house.recordings(&log).await, []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_a_recording_that_is_told_of_twice_is_one() {
    let house = House::asking(ConsentPolicy::None).await;
    house.say(1);
    let script = Script::new([]).with(Fault::DuplicatedWebhook);
    let (report, log) = house.call(&script).await;
    assert_eq!(report.verb_names()[0], "Dial", "nobody is told");
    kept(&house.desk.store, (log.tenant_id, log.id)).await;
    house.is_gone_there().await;
    // And once more, when it is long over.
    let mut told = report.requests.iter();
    let told = told.rfind(|request| request.url.contains("/webhooks/recording"));
    let told = told.expect("the carrier has told");
    let path = told.url.split_once(".com").unwrap().1;
    let answer = post(&house.desk, path, &told.form).await;
    assert_eq!(answer.status, 204);
    assert_eq!(house.recordings(&log).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_account_nobody_is_recorded_by_the_carrier() {
    let mut house = House::asking(ConsentPolicy::Announce).await;
    house.desk = Desk::open(talkative()).await;
    house.lead_to(ConsentPolicy::Announce).await;
    let (report, log) = house.call(&Script::new([])).await;
    assert_eq!(report.verb_names()[0], "Dial");
    assert!(!is_recorded(&report));
    assert_eq!(house.recordings(&log).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_that_a_recording_is_there_without_saying_of_which_call_is_refused() {
    let house = House::asking(ConsentPolicy::None).await;
    let form = form_to(
        "CA1",
        OURS,
        &[
            ("RecordingSid", RECORDING),
            ("RecordingStatus", "completed"),
        ],
    );
    for query in ["", "?tenant=x&call=y&asked=none&answer=told"] {
        let path = format!("/api/voice/webhooks/recording{query}");
        assert_eq!(post(&house.desk, &path, &form).await.status, 400, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_heard_nothing_of_it_is_told_before_somebody_else_is_recorded() {
    let house = House::asking(ConsentPolicy::Announce).await;
    let desk = &house.desk;
    let led = Plan {
        open: ai(),
        fallback: vec![forward(ELSEWHERE, Ring::default())],
        ..Plan::default()
    };
    plan(desk, OURS, &led).await;
    for (sid, is_told) in [("CA1", false), ("CA2", true)] {
        put_setting(desk, SettingKey::AutoRecordCalls, is_told).await;
        let form = form_to(sid, OURS, &[]);
        // An answer may be lost, and is asked for again.
        for _ in 0..2 {
            let xml = ask(desk, "twiml/inbound", &form).await;
            assert_eq!(xml.contains("This call is recorded."), is_told, "{xml}");
        }
        let call_sid: CallSid = sid.parse().unwrap();
        assert!(desk.bridge.hang_up(&call_sid, EndReason::AgentLost));
        until(async || desk.bridge.outcome(&call_sid)).await;
        put_setting(desk, SettingKey::AutoRecordCalls, true).await;
        let xml = ask(desk, "stream-ended?stop=0", &form).await;
        assert!(xml.contains("record-from-answer-dual"), "{xml}");
        assert_eq!(xml.contains("This call is recorded."), !is_told, "{xml}");
    }
}
