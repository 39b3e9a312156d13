//! Two who speak, and are led into a conference over REST: what each hears, and what is told.

use frontdesk::domain::{CallSid, ConferenceSid};
use frontdesk::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script};
use frontdesk::twilio::rest::{CallUpdate, Client, Instructions};
use tokio::task::JoinHandle;
use tokio::time::{Duration, timeout};

use super::gateway::{Answer, Gateway, Line, Received, xml};
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

const CALLER: &str = "CA00000000000000000000000000000001";
const RINGS: &str = "<Dial action=\"/dialled\"><Number>+15550100009</Number></Dial>";
const MEETS: &str = "<Dial action=\"/left\"><Conference endConferenceOnExit=\"true\" \
    waitUrl=\"/tune\">room</Conference></Dial>";
const ENTERS: &str = "<Dial><Conference endConferenceOnExit=\"true\" waitUrl=\"/tune\" \
   >room</Conference></Dial>";

fn answers(request: &Received) -> Answer {
    let path = request.path.as_str();
    match path {
        "/api/voice/webhooks/twiml/inbound" => xml(RINGS),
        "/dialled" => xml(MEETS),
        "/enter" => xml(ENTERS),
        "/said" => xml("<Say>One moment.</Say>"),
        "/elsewhere" => xml("<Say>Elsewhere.</Say>"),
        "/tune" => (200, "audio/wav", "sound".to_owned()),
        _ => xml(""),
    }
}

async fn no_stream(line: Line) {
    line.close().await;
}

/// A caller, the account, and the gateway between them.
struct Stage {
    gateway: Gateway,
    account: RestAccount,
    client: Client,
    playing: JoinHandle<CallReport>,
}

impl Stage {
    async fn open() -> Self {
        let gateway = Gateway::start(answers, no_stream).await;
        let account = RestAccount::open(&[]).await;
        let options = CarrierOptions {
            call_sid: Some(CALLER.to_owned()),
            live: Some(account.live()),
            public_url: "https://desk.example.com".to_owned(),
            ..gateway.options()
        };
        let carrier = Carrier::new(options).unwrap();
        let playing = tokio::spawn(async move { carrier.place_call(&Script::new([])).await });
        Self {
            gateway,
            client: account.client(),
            account,
            playing,
        }
    }

    /// The call that the caller has rung, once it is there.
    async fn leg(&self) -> CallSid {
        until(async || {
            let calls = self.account.calls();
            let leg = calls
                .iter()
                .find(|call| call.parent.as_deref() == Some(CALLER))?;
            leg.sid.parse().ok()
        })
        .await
    }

    /// Leads the leg into the conference, whither the caller follows.
    async fn meet(&self) -> (CallSid, ConferenceSid) {
        let leg = self.leg().await;
        let lead = CallUpdate::Lead {
            url: "https://desk.example.com/enter".to_owned(),
            ended_url: "https://desk.example.com/over".to_owned(),
        };
        self.client.update_call(&leg, &lead).await.unwrap();
        let sid = until(async || {
            let all = self.account.conferences();
            let one = all.iter().find(|one| one.status == "in-progress")?;
            one.sid.parse().ok()
        })
        .await;
        (leg, sid)
    }

    fn asked(&self, path: &str) -> Vec<Received> {
        let all = self.gateway.received().into_iter();
        all.filter(|one| one.path == path).collect()
    }

    async fn over(self) -> (CallReport, Gateway, RestAccount) {
        let report = timeout(Duration::from_secs(10), self.playing).await;
        let report = report.expect("it ends").unwrap();
        assert_eq!(report.all_violations(), [""; 0]);
        assert_eq!(self.account.participants(), []);
        (report, self.gateway, self.account)
    }
}

#[tokio::test]
async fn a_leg_that_is_led_away_ends_its_dial_and_both_meet_until_one_leaves() {
    let stage = Stage::open().await;
    let (leg, conference) = stage.meet().await;
    let [dialled] = &stage.asked("/dialled")[..] else {
        panic!("its action is asked once");
    };
    assert_eq!(dialled.form["DialCallStatus"], "completed");
    assert_eq!(dialled.form["DialCallSid"], leg.as_str());
    let [entered] = &stage.asked("/enter")[..] else {
        panic!("the leg asks once");
    };
    assert_eq!(
        (&*entered.form["CallSid"], &*entered.form["Direction"]),
        (leg.as_str(), "outbound-dial")
    );
    // Who is there first waits with it.
    until(async || (stage.asked("/tune").len() == 1).then_some(())).await;
    let url = "https://desk.example.com/said";
    stage.client.announce(&conference, url).await.unwrap();
    until(async || (!stage.asked("/said").is_empty()).then_some(())).await;
    let said = &stage.asked("/said")[0];
    assert_eq!(said.form["ConferenceSid"], conference.as_str());
    stage.account.live().hang_up(leg.as_str());
    let (report, gateway, account) = stage.over().await;
    let of = |path: &str| {
        let all = gateway.received().into_iter();
        all.filter(|one| one.path == path).collect::<Vec<_>>()
    };
    let [left] = &of("/left")[..] else {
        panic!("its action is asked once");
    };
    assert_eq!(left.form["DialCallStatus"], "answered");
    for absent in ["DialCallSid", "DialCallDuration"] {
        assert!(!left.form.contains_key(absent), "{absent}");
    }
    let over = &of("/over")[0];
    assert_eq!(
        (&*over.form["CallSid"], &*over.form["CallStatus"]),
        (leg.as_str(), "completed")
    );
    let said = report.said().len() + report.legs[0].said().len();
    assert_eq!(said, 1, "it is asked for once, and both hear it");
    let reason = account.conferences()[0].reason.clone();
    let expected = "participant-with-end-conference-on-exit-left";
    assert_eq!(reason.as_deref(), Some(expected));
}

#[tokio::test]
async fn who_is_led_out_of_a_conference_is_not_asked_what_comes_behind_it() {
    let stage = Stage::open().await;
    let (leg, _) = stage.meet().await;
    let there = "https://desk.example.com/elsewhere".to_owned();
    let there = CallUpdate::Redirect(Instructions::Url(there));
    let caller = CALLER.parse().unwrap();
    stage.client.update_call(&caller, &there).await.unwrap();
    let (report, gateway, account) = stage.over().await;
    assert_eq!(report.said(), ["Elsewhere."]);
    assert!(gateway.received().iter().all(|one| one.path != "/left"));
    let calls = account.calls();
    let leg = calls.iter().find(|call| call.sid == leg.as_str()).unwrap();
    assert_eq!(
        leg.status, "completed",
        "the conference ended with the caller"
    );
}

#[tokio::test]
async fn a_caller_who_is_led_away_or_hung_up_on_leaves_nobody_on_the_line() {
    for is_led in [true, false] {
        let stage = Stage::open().await;
        let leg = stage.leg().await;
        let caller = CALLER.parse().unwrap();
        let there = "https://desk.example.com/elsewhere".to_owned();
        let update = if is_led {
            CallUpdate::Redirect(Instructions::Url(there))
        } else {
            CallUpdate::Complete
        };
        stage.client.update_call(&caller, &update).await.unwrap();
        let (report, gateway, account) = stage.over().await;
        let is_asked = gateway.received().iter().any(|one| one.path == "/dialled");
        assert_eq!(is_asked, !is_led, "of one who is led away, nobody asks");
        assert_eq!(report.said().len(), usize::from(is_led));
        let calls = account.calls();
        let leg = calls.iter().find(|call| call.sid == leg.as_str()).unwrap();
        assert_eq!(leg.status, "completed");
    }
}

#[tokio::test]
async fn a_conference_needs_the_account_that_it_is_in() {
    let answers = |request: &Received| match request.path.as_str() {
        "/api/voice/webhooks/twiml/inbound" => xml(ENTERS),
        _ => xml(""),
    };
    let gateway = Gateway::start(answers, no_stream).await;
    let report = gateway.carrier().place_call(&Script::new([])).await;
    assert!(
        report.failures[0].starts_with("13233:"),
        "{:?}",
        report.failures
    );
}
