//! Whole calls that people have: held, muted, spoken into and handed on over REST, by a
//! carrier that leads them there.

use std::time::Duration;

use frontdesk::app::HousePlan;
use frontdesk::clock::Clock;
use frontdesk::domain::{
    AnsweredBy, CallId, CallLog, CallSid, ConsentAnswer, ConsentPolicy, Outcome, Secret,
    SettingKey, UserId,
};
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::rest::{RestCall, RestConference, RestFault, RestParticipant};
use frontdesk::routing::{Plan, Ring, Strategy, Target, Users};
use frontdesk::store::call_legs::{self, Leg, Standing};
use frontdesk::store::{call_recordings, calls};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::desk::{Desk, talkative};
use super::outbound;
use super::routed::{
    ask, form_to, key, logged, member, plan, put_setting, set, show_to_oracle, tenant,
};
use super::visitor::{Form, STATUS, post};
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

const OURS: &str = "+15550100000";
const ADA: &str = "+12025550131";
const CALLER: &str = "CA00000000000000000000000000000001";
const PERSON: &str = "CA00000000000000000000000000000002";
const CONFERENCE: &str = "CF00000000000000000000000000000001";
const MUSIC: &str = "/api/voice/webhooks/hold-music.wav";

/// Two people have spoken.
const PERSONS: Outcome = Outcome::Answered(AnsweredBy::Person);

/// A house where Ada is rung, and the account of its carrier.
struct House {
    desk: Desk,
    account: RestAccount,
    key: String,
    ada: UserId,
}

impl House {
    async fn open() -> Self {
        let account = RestAccount::open(&[]).await;
        let client = account.client();
        let desk = Desk::with(talkative(), |plan| plan.carrier = Some(client)).await;
        let ada = member(&desk, ADA).await;
        plan(&desk, OURS, &to(ada)).await;
        let key = key(&desk).await;
        Self {
            desk,
            account,
            key,
            ada,
        }
    }

    /// A call that Ada has; it lasts until somebody hangs up.
    async fn call(&self) -> Talk<'_> {
        let options = CarrierOptions {
            call_sid: Some(CALLER.to_owned()),
            to: OURS.to_owned(),
            live: Some(self.account.live()),
            ..self.desk.carrier_options()
        };
        self.place(options, Vec::new()).await
    }

    async fn place(&self, options: CarrierOptions, steps: Vec<Step>) -> Talk<'_> {
        let call_sid = options.call_sid.clone().expect("the call has a name");
        let carrier = Carrier::new(options).unwrap();
        let playing = tokio::spawn(async move { carrier.place_call(&Script::new(steps)).await });
        let is_taken = |call: &CallLog| call.answered_by == Some(AnsweredBy::Person);
        let log = logged(&self.desk, &call_sid, is_taken).await;
        let of = (log.tenant_id, log.id);
        let store = &self.desk.store;
        let leg = until(async || call_legs::current(store, of).await.unwrap()).await;
        Talk {
            house: self,
            id: log.id,
            leg,
            playing,
        }
    }

    fn participant(&self, call_sid: &CallSid) -> RestParticipant {
        let there = self.account.participants();
        let one = there
            .into_iter()
            .find(|one| one.call_sid == call_sid.as_str());
        one.expect("they are in a conference")
    }

    fn call_at_carrier(&self, call_sid: &CallSid) -> RestCall {
        let calls = self.account.calls();
        let call = calls.into_iter().find(|call| call.sid == call_sid.as_str());
        call.expect("the carrier has it")
    }

    /// So much was recorded of the call, of which the caller was told each time.
    async fn has_recorded(&self, log: &CallLog, count: usize) {
        let recordings = until(async || {
            let (tenant, call) = (log.tenant_id, log.id);
            let those = call_recordings::list_of_call(&self.desk.store, tenant, call).await;
            let those = those.unwrap();
            (those.len() == count).then_some(those)
        });
        for recording in recordings.await {
            let consent = recording.title.consent;
            let ground = (consent.policy, consent.answer);
            assert_eq!(ground, (ConsentPolicy::Announce, ConsentAnswer::Told));
        }
    }

    /// Nobody is left anywhere.
    fn is_empty(&self) {
        assert_eq!(self.account.participants(), []);
        for conference in self.account.conferences() {
            assert_eq!(conference.status, "completed", "{conference:?}");
        }
        for call in self.account.calls() {
            assert_eq!(call.status, "completed", "{call:?}");
        }
    }
}

fn to(user: UserId) -> Plan {
    Plan {
        open: Target::Users(Users {
            user_ids: vec![user],
            strategy: Strategy::AtOnce,
            ring: Ring::default(),
        }),
        ..Plan::default()
    }
}

/// Two who speak.
struct Talk<'a> {
    house: &'a House,
    id: CallId,
    leg: Leg,
    playing: JoinHandle<CallReport>,
}

impl Talk<'_> {
    async fn order(&self, verb: &str, body: Value) -> (u16, Value) {
        let path = format!("/api/calls/{}/{verb}", self.id);
        let House { desk, key, .. } = self.house;
        outbound::send(desk, key, ("POST", &path), &body).await
    }

    async fn done(&self, verb: &str, body: Value) {
        let (status, answer) = self.order(verb, body).await;
        assert_eq!(status, 204, "{verb}: {answer}");
    }

    fn hang_up(&self, who: &CallSid) {
        self.house.account.live().hang_up(who.as_str());
    }

    /// What became of it; nothing went wrong with it.
    async fn over(self) -> (CallReport, CallLog) {
        let report = timeout(Duration::from_secs(10), self.playing).await;
        let report = report.expect("the call ends").unwrap();
        assert_eq!(report.all_violations(), Vec::<String>::new());
        for request in report
            .requests
            .iter()
            .filter(|one| one.body.starts_with("<?xml"))
        {
            show_to_oracle(&request.url, &request.body);
        }
        let is_over = |call: &CallLog| call.ended_at.is_some();
        let log = logged(&self.house.desk, &report.call_sid, is_over).await;
        (report, log)
    }
}

/// What was asked for, in order, by the ends of the addresses.
fn asked(report: &CallReport) -> Vec<String> {
    let paths = report.requests.iter().map(|request| {
        let path = request.url.split_once("/webhooks").unwrap().1;
        path.split('?').next().unwrap().to_owned()
    });
    paths.collect()
}

fn has_heard_music(report: &CallReport) -> bool {
    let mut all = report.requests.iter();
    all.any(|one| one.url.contains(MUSIC) && one.status == Some(200))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_person_has_is_held_muted_and_spoken_into() {
    let house = House::open().await;
    put_setting(&house.desk, SettingKey::AutoRecordCalls, true).await;
    let talk = house.call().await;
    let mut watched = house.desk.bridge.watch();
    let (caller, person) = (talk.leg.call_sid.clone(), talk.leg.leg_sid.clone());
    talk.done("hold", json!({"on": true})).await;
    assert!(house.participant(&caller).hold && !house.participant(&person).hold);
    talk.done("hold", json!({"on": false})).await;
    assert!(!house.participant(&caller).hold);
    talk.done("mute", json!({"who": "person", "on": true}))
        .await;
    assert!(house.participant(&person).muted && !house.participant(&caller).muted);
    talk.done("say", json!({"text": "The doctor is late"}))
        .await;
    let (status, problem) = talk
        .order("mute", json!({"who": "receptionist", "on": true}))
        .await;
    assert_eq!(
        (status, &problem["errors"][0]["pointer"]),
        (422, &json!("#/who"))
    );
    talk.hang_up(&caller);
    let id = talk.id;
    let (report, log) = talk.over().await;
    let [leg] = &report.legs[..] else {
        panic!("{:?}", report.legs);
    };
    let said = [report.said(), leg.said()].concat();
    let announced = said.iter().filter(|said| *said == "The doctor is late");
    assert_eq!(announced.count(), 1, "{said:?}");
    assert!(has_heard_music(&report), "{:?}", asked(&report));
    let ways = asked(&report);
    let way = |end: &str| ways.iter().filter(|path| *path == end).count();
    assert_eq!(
        (way("/dial-status"), way("/conference/left")),
        (1, 1),
        "{ways:?}"
    );
    assert_eq!(asked(leg)[0], "/conference");
    assert_eq!(log.id, id);
    assert_eq!(
        (log.answered_by, log.user_id, Outcome::of(&log)),
        (Some(AnsweredBy::Person), Some(house.ada), PERSONS)
    );
    house.has_recorded(&log, 2).await;
    house.is_empty();
    let kinds = [
        "Held(true)",
        "Held(false)",
        "Muted(Person, true)",
        "Closed(Completed)",
    ];
    for kind in kinds {
        let event = watched.try_recv().expect("whoever watches is told");
        assert_eq!(format!("{:?}", event.what), kind);
    }
    // The member's leg is no call of the log.
    let found = calls::find_by_sid(&house.desk.store, &person).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_whoever_hangs_up_first_takes_the_other_along() {
    for is_callers in [true, false] {
        let house = House::open().await;
        let talk = house.call().await;
        talk.done("hold", json!({"on": true})).await;
        let who = if is_callers {
            talk.leg.call_sid.clone()
        } else {
            talk.leg.leg_sid.clone()
        };
        talk.hang_up(&who);
        let (report, log) = talk.over().await;
        assert_eq!(report.final_status, "completed");
        assert_eq!(Outcome::of(&log), PERSONS);
        // Nobody is led on to the next stop of the route.
        assert!(
            !report.verb_names().contains(&"Record"),
            "{:?}",
            report.verb_names()
        );
        house.is_empty();
        let sid = &log.call_sid;
        let moving = call_legs::moving(&house.desk.store, sid);
        assert_eq!(moving.await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_in_a_conference_is_handed_on_and_hung_up_as_any_other() {
    let house = House::open().await;
    let talk = house.call().await;
    talk.done("hold", json!({"on": true})).await;
    let person = talk.leg.leg_sid.clone();
    talk.done("transfer", json!({"to": {"voicemail": {}}}))
        .await;
    let (report, log) = talk.over().await;
    let last = report.verb_names().contains(&"Record");
    assert!(last, "{:?}", report.verb_names());
    assert!(!asked(&report).contains(&"/conference/left".to_owned()));
    assert_eq!(house.call_at_carrier(&person).status, "completed");
    assert!(log.ended_at.is_some());
    house.is_empty();

    let house = House::open().await;
    let talk = house.call().await;
    talk.done("mute", json!({"who": "caller", "on": true}))
        .await;
    talk.done("hangup", json!({})).await;
    let (_, log) = talk.over().await;
    assert_eq!(Outcome::of(&log), PERSONS);
    house.is_empty();
}

#[tokio::test(flavor = "multi_thread")]
async fn w7_a_lost_answer_neither_parts_the_two_nor_leads_them_twice() {
    let house = House::open().await;
    let talk = house.call().await;
    let leg = talk.leg.leg_sid.clone();
    house.account.fail_next([RestFault::AnswerLost]);
    talk.done("hold", json!({"on": true})).await;
    talk.done("hold", json!({"on": false})).await;
    assert_eq!(house.call_at_carrier(&leg).told.len(), 1);
    talk.hang_up(&leg);
    let (_, log) = talk.over().await;
    assert_eq!(Outcome::of(&log), PERSONS);
    house.is_empty();

    // The carrier has done nothing, and nobody knows: the two speak on, and are done.
    let house = House::open().await;
    let talk = house.call().await;
    house.account.fail_next([RestFault::Failure(500)]);
    let (status, problem) = talk.order("hold", json!({"on": true})).await;
    assert_eq!(
        (status, &problem["type"]),
        (503, &json!("/problems/outcome-unknown"))
    );
    let leg = talk.leg.leg_sid.clone();
    talk.hang_up(&leg);
    let (report, log) = talk.over().await;
    assert_eq!(Outcome::of(&log), PERSONS);
    assert_eq!(report.verb_names().last().copied(), Some("Hangup"));
    assert_eq!(house.account.conferences(), []);
    house.is_empty();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_call_that_a_member_has_placed_whoever_was_called_waits() {
    let (desk, account, key) = outbound::open().await;
    let ada = member(&desk, ADA).await;
    let body = json!({"to": outbound::THEIRS, "user_id": ada.to_string()});
    outbound::placed(&desk, &key, &body).await;
    let options = CarrierOptions {
        live: Some(account.live()),
        ..outbound::ringing(&desk, &account)
    };
    let house = House {
        desk,
        account,
        key,
        ada,
    };
    let talk = house.place(options, vec![Step::Digit('1')]).await;
    let (member, called) = (talk.leg.call_sid.clone(), talk.leg.leg_sid.clone());
    talk.done("hold", json!({"on": true})).await;
    assert!(house.participant(&called).hold && !house.participant(&member).hold);
    talk.done("mute", json!({"who": "person", "on": true}))
        .await;
    assert!(house.participant(&member).muted && !house.participant(&called).muted);
    talk.hang_up(&called);
    let (report, log) = talk.over().await;
    assert!(has_heard_music(&report.legs[0]));
    assert_eq!((log.user_id, Outcome::of(&log)), (Some(house.ada), PERSONS));
    house.is_empty();
}

/// What the carrier tells of a leg.
async fn tell(desk: &Desk, path: &str, (sid, status): (&str, &str)) {
    let mut form = form_to(sid, ADA, &[]);
    set(&mut form, "Direction", "outbound-dial");
    set(&mut form, "CallStatus", status);
    let answer = post(desk, path, &form).await;
    assert_eq!(answer.status, 204, "{path}: {}", answer.body);
}

fn put(account: &RestAccount, sid: &str, status: &str) {
    account.put_call(RestCall {
        direction: "outbound-dial".to_owned(),
        parent: Some(CALLER.to_owned()),
        ..RestCall::new(sid, (OURS, ADA), status)
    });
}

/// The leg of the caller's call, once it is kept.
async fn kept_leg(desk: &Desk) -> Leg {
    let log = logged(desk, CALLER, |_| true).await;
    let of = (log.tenant_id, log.id);
    until(async || call_legs::current(&desk.store, of).await.unwrap()).await
}

/// How a `<Dial>` ended.
fn dialled() -> Form {
    let pairs = [("DialCallStatus", "completed"), ("DialCallSid", PERSON)];
    form_to(CALLER, OURS, &pairs)
}

/// Two processes of one house, where Ada has taken a call with the first.
struct Twins {
    first: Desk,
    second: Desk,
    account: RestAccount,
    leg: Leg,
    _folder: TempDir,
}

impl Twins {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shared.db").display());
        let account = RestAccount::open(&[]).await;
        let open = async || {
            let (url, client) = (Secret::new(url.clone()), account.client());
            let with = |plan: &mut HousePlan| {
                plan.database_url = url;
                plan.carrier = Some(client);
            };
            Desk::with(talkative(), with).await
        };
        let first = open().await;
        let ada = member(&first, ADA).await;
        plan(&first, OURS, &to(ada)).await;
        let xml = ask(&first, "twiml/inbound", &form_to(CALLER, OURS, &[])).await;
        let told = format!("picked-up?stop=0&call={CALLER}&user={ada}&longest=3600");
        assert!(xml.contains(&told.replace('&', "&amp;")), "{xml}");
        let told = format!("/api/voice/webhooks/{told}");
        tell(&first, &told, (PERSON, "in-progress")).await;
        let leg = kept_leg(&first).await;
        put(&account, CALLER, "in-progress");
        put(&account, PERSON, "in-progress");
        Self {
            second: open().await,
            first,
            account,
            leg,
            _folder: folder,
        }
    }

    /// The leg is asked to go into the conference.
    async fn ask(&self) {
        let now = Clock::system().now();
        assert!(
            call_legs::ask(&self.first.store, &self.leg, now)
                .await
                .unwrap()
        );
    }

    /// What the second process answers when the `<Dial>` is over.
    async fn after_dial(&self, form: &Form) -> String {
        ask(&self.second, "dial-status?stop=0", form).await
    }
}

const HANGS_UP: &str = "<Response><Hangup/></Response>";

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_follows_into_the_conference_with_another_process() {
    let twins = Twins::open().await;
    // Nobody has asked for a conference: who has spoken is done.
    let done = twins.after_dial(&dialled()).await;
    assert!(done.contains(HANGS_UP), "{done}");
    twins.ask().await;
    let followed = twins.after_dial(&dialled()).await;
    let name = format!(">{}-{PERSON}</Conference>", twins.leg.call_id);
    for part in [
        &*name,
        r#"action="https://desk.example.com/api/voice/webhooks/conference/left?stop=0""#,
        r#"endConferenceOnExit="true""#,
        r#"waitUrl="https://desk.example.com/api/voice/webhooks/hold-music.wav" waitMethod="GET""#,
        r#"timeLimit=""#,
    ] {
        assert!(followed.contains(part), "{part} is not in {followed}");
    }
    assert!(
        !followed.contains("record"),
        "nobody is recorded: {followed}"
    );
    let entered = ask(&twins.first, "conference", &form_to(PERSON, ADA, &[])).await;
    assert!(
        entered.contains(&name) && !entered.contains("action="),
        "{entered}"
    );
    // Somebody else's telephone is no reason.
    let other = form_to(
        CALLER,
        OURS,
        &[("DialCallStatus", "completed"), ("DialCallSid", "CA77")],
    );
    let done = twins.after_dial(&other).await;
    assert!(done.contains(HANGS_UP), "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_nobody_follows_whoever_has_hung_up_and_who_is_left_is_hung_up_on() {
    let twins = Twins::open().await;
    twins.ask().await;
    // The person has hung up meanwhile: nobody waits there for them.
    put(&twins.account, PERSON, "completed");
    let done = twins.after_dial(&dialled()).await;
    assert!(done.contains(HANGS_UP), "{done}");
    // The caller has: the person is hung up on, and does not enter any more.
    put(&twins.account, PERSON, "in-progress");
    let mut gone = dialled();
    set(&mut gone, "CallStatus", "completed");
    let done = twins.after_dial(&gone).await;
    assert!(done.contains(HANGS_UP), "{done}");
    until(async || {
        let calls = twins.account.calls();
        let leg = calls.iter().find(|call| call.sid == PERSON).unwrap();
        (leg.status == "completed").then_some(())
    })
    .await;
    let entered = ask(&twins.first, "conference", &form_to(PERSON, ADA, &[])).await;
    assert!(entered.contains(HANGS_UP), "{entered}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_carrier_does_not_say_who_is_there_its_word_of_before_counts() {
    let twins = Twins::open().await;
    twins.ask().await;
    let away = || {
        let away = [RestFault::Failure(503); 6];
        twins.account.fail_next(away);
    };
    away();
    let done = twins.after_dial(&dialled()).await;
    assert!(done.contains(HANGS_UP), "nobody is left in silence: {done}");
    let store = &twins.first.store;
    call_legs::settle(store, &twins.leg, Standing::Moved)
        .await
        .unwrap();
    away();
    let followed = twins.after_dial(&dialled()).await;
    assert!(followed.contains("</Conference>"), "{followed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_who_is_gone_before_both_are_there_leaves_nobody_alone() {
    for is_there_already in [true, false] {
        let house = House::open().await;
        let desk = &house.desk;
        let xml = ask(desk, "twiml/inbound", &form_to(CALLER, OURS, &[])).await;
        assert!(xml.contains("picked-up"), "{xml}");
        let told = format!(
            "/api/voice/webhooks/picked-up?stop=0&call={CALLER}&user={}&longest=60",
            house.ada
        );
        tell(desk, &told, (PERSON, "in-progress")).await;
        let leg = kept_leg(desk).await;
        let now = Clock::system().now();
        assert!(call_legs::ask(&desk.store, &leg, now).await.unwrap());
        let alone = || {
            house.account.convene(RestConference {
                sid: CONFERENCE.to_owned(),
                name: format!("{}-{PERSON}", leg.call_id),
                status: "init".to_owned(),
                reason: None,
                announcements: Vec::new(),
                holds: Vec::new(),
                has_starter: true,
                has_begun: false,
            });
            house.account.join(RestParticipant {
                conference_sid: CONFERENCE.to_owned(),
                call_sid: CALLER.to_owned(),
                label: None,
                muted: false,
                hold: false,
                hold_url: None,
                end_conference_on_exit: true,
            });
        };
        if is_there_already {
            alone();
        }
        let ended = "/api/voice/webhooks/leg-ended";
        // It rings no longer, and is not over: that is no news.
        tell(desk, ended, (PERSON, "in-progress")).await;
        tell(desk, ended, (PERSON, "completed")).await;
        until(async || {
            let moving = call_legs::moving(&desk.store, &leg.call_sid).await;
            moving.unwrap().is_empty().then_some(())
        })
        .await;
        if !is_there_already {
            // The caller was on their way there.
            alone();
        }
        until(async || {
            let all = house.account.conferences();
            (all[0].status == "completed").then_some(())
        })
        .await;
        assert_eq!(house.account.participants(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_has_waited_in_a_queue_follows_the_member_who_has_them() {
    let house = House::open().await;
    let (tenant, _) = tenant(&house.desk).await;
    let body = json!({"name": "Sales", "members": [house.ada.to_string()]});
    let queue = outbound::send(&house.desk, &house.key, ("POST", "/api/queues"), &body).await;
    let queue = queue.1["id"].as_str().unwrap().to_owned();
    let waits = Plan {
        open: Target::Queue {
            queue_id: queue.parse().unwrap(),
        },
        ..Plan::default()
    };
    plan(&house.desk, OURS, &waits).await;
    ask(&house.desk, "twiml/inbound", &form_to(CALLER, OURS, &[])).await;
    let mut rings_up = form_to(PERSON, OURS, &[]);
    set(&mut rings_up, "From", ADA);
    let xml = ask(&house.desk, &format!("queue/{queue}/answer"), &rings_up).await;
    let connecting = format!(
        "queue/connecting?call={PERSON}&user={}&longest=3600",
        house.ada
    );
    assert!(xml.contains(&connecting.replace('&', "&amp;")), "{xml}");
    ask(&house.desk, &connecting, &form_to(CALLER, OURS, &[])).await;
    let leg = kept_leg(&house.desk).await;
    assert_eq!((leg.tenant_id, leg.is_logged), (tenant, true));
    put(&house.account, CALLER, "in-progress");
    put(&house.account, PERSON, "in-progress");
    let left = form_to(CALLER, OURS, &[("QueueResult", "bridged")]);
    let done = ask(&house.desk, "queue/left?stop=0", &left).await;
    assert!(done.contains("<Response><Hangup/></Response>"), "{done}");
    let now = Clock::system().now();
    assert!(call_legs::ask(&house.desk.store, &leg, now).await.unwrap());
    let followed = ask(&house.desk, "queue/left?stop=0", &left).await;
    assert!(followed.contains("</Conference>"), "{followed}");
    // The member's own call is over: nobody waits for them.
    let mut over = form_to(PERSON, OURS, &[]);
    set(&mut over, "CallStatus", "completed");
    post(&house.desk, STATUS, &over).await;
    let sid: CallSid = CALLER.parse().unwrap();
    until(async || {
        let moving = call_legs::moving(&house.desk.store, &sid).await.unwrap();
        moving.is_empty().then_some(())
    })
    .await;
}
