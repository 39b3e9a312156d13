//! Waiting: the tune, the place, the way out, and the member who ends it.

use std::time::Duration;

use frontdesk::bridge::Happening;
use frontdesk::clock::Clock;
use frontdesk::domain::{AnsweredBy, CallLog, Outcome, Queue, Secret, SettingKey};
use frontdesk::rehearsal::carrier::{Carrier, CarrierOptions, Script, Step};
use frontdesk::routing::{Plan, Target, Voice};
use frontdesk::store::{queue_waits, queues};
use tempfile::TempDir;

use super::closing::is_closed;
use super::desk::{Desk, ms, talkative};
use super::routed::{
    ask, exchange_get, form_to, logged, member, message, plan, put_setting, set, show_to_oracle,
    tenant,
};
use super::visitor::{STATUS, form, post};
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

const TO: &str = "+15550200001";
const MEMBER: &str = "+15550300001";
const RUNG: &str = "CA0123456789abcdef0123456789abcdef";

async fn open() -> (Desk, Queue) {
    let desk = Desk::open(talkative()).await;
    let queue = queue(&desk).await;
    (desk, queue)
}

/// A number with a queue of one minute, and a message after it.
async fn queue(desk: &Desk) -> Queue {
    queue_with(desk, |_| {}).await
}

async fn queue_with(desk: &Desk, change: impl FnOnce(&mut Queue)) -> Queue {
    let mut queue = Queue {
        id: Clock::system().new_id(),
        tenant_id: tenant(desk).await.0,
        name: "Sales".to_owned(),
        hold_music_url: None,
        announces_position: true,
        announces_wait: true,
        max_wait: Duration::from_mins(1),
        max_size: 7,
        members: vec![member(desk, MEMBER).await],
        created_at: Clock::system().now(),
    };
    change(&mut queue);
    queues::insert(&desk.store, &queue).await.unwrap();
    let waiting = Plan {
        open: Target::Queue { queue_id: queue.id },
        fallback: vec![message("Call again.")],
        voice: Voice {
            language: Some("de-DE".to_owned()),
            ..Voice::default()
        },
        ..Plan::default()
    };
    plan(desk, TO, &waiting).await;
    queue
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_no_process_offers_to_take_a_message_where_none_are_taken() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("shared.db").display());
    let open = async |url: String| {
        Desk::with(talkative(), |plan| plan.database_url = Secret::new(url)).await
    };
    let first = open(url.clone()).await;
    queue(&first).await;
    ask(&first, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let second = open(url).await;
    let pressed = form_to("CA1", TO, &[("Digits", "1")]);
    for (has_voicemail, offer, out) in [
        (true, true, "<Leave/>"),
        (false, false, "queue/wait?stop=0</Redirect>"),
    ] {
        put_setting(&first, SettingKey::EnableVoicemail, has_voicemail).await;
        for desk in [&first, &second] {
            let xml = ask(desk, "queue/wait?stop=0", &form_to("CA1", TO, &[])).await;
            assert_eq!(xml.contains("Drücken Sie die 1"), offer, "{xml}");
            let xml = ask(desk, "queue/key?stop=0", &pressed).await;
            assert!(xml.contains(out), "{xml}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_waits_with_a_tune_and_knows_the_place_in_the_queue() {
    let (desk, queue) = open().await;
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains(&format!(">{}</Enqueue>", queue.id)), "{xml}");
    assert!(xml.contains(r#"maxQueueSize="7""#), "{xml}");
    let wait = |waited: &str| {
        let extra = [
            ("QueuePosition", "3"),
            ("QueueTime", waited),
            ("AvgQueueTime", "100"),
        ];
        form_to("CA1", TO, &extra)
    };
    let xml = ask(&desk, "queue/wait?stop=0", &wait("0")).await;
    for said in [
        "Sie sind Nummer 3 in der Warteschlange.",
        "Die Wartezeit beträgt etwa 2 Minuten.",
        "Drücken Sie die 1",
        r#"<Say language="de-DE">"#,
        r#"<Play loop="3">https://desk.example.com/api/voice/webhooks/hold-music.wav</Play>"#,
    ] {
        assert!(xml.contains(said), "{said} is not in {xml}");
    }
    // Close to the end the tune is shorter, and then the caller is let out.
    let xml = ask(&desk, "queue/wait?stop=0", &wait("55")).await;
    assert!(xml.contains(r#"<Play loop="1">"#), "{xml}");
    let xml = ask(&desk, "queue/wait?stop=0", &wait("60")).await;
    assert!(xml.contains("<Response><Leave/></Response>"), "{xml}");
    let xml = ask(&desk, "queue/wait?stop=0", &form_to("CA-unknown", TO, &[])).await;
    assert!(xml.contains("<Leave/>"), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_where_is_known_and_told_until_they_wait_no_longer() {
    let (desk, queue) = open().await;
    let (tenant, _) = tenant(&desk).await;
    let waiting = async || {
        let found = queue_waits::list(&desk.store, tenant).await.unwrap();
        found
            .into_iter()
            .map(|(_, queue)| queue)
            .collect::<Vec<_>>()
    };
    let mut watched = desk.bridge.watch();
    let mut told = async |wanted: fn(&Happening) -> bool| {
        while !wanted(&watched.recv().await.unwrap().what) {}
    };
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    for _ in 0..2 {
        ask(&desk, "queue/wait?stop=0", &form_to("CA1", TO, &[])).await;
    }
    told(|what| matches!(what, Happening::Queued(_))).await;
    assert_eq!(waiting().await, [queue.id]);
    let extra = [("QueueResult", "leave"), ("QueueTime", "12")];
    ask(&desk, "queue/left?stop=0", &form_to("CA1", TO, &extra)).await;
    told(|what| matches!(what, Happening::Dequeued)).await;
    assert_eq!(waiting().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_presses_1_leaves_a_message_and_who_waited_too_long_goes_on() {
    let (desk, _) = open().await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let xml = ask(
        &desk,
        "queue/key?stop=0",
        &form_to("CA1", TO, &[("Digits", "1")]),
    )
    .await;
    assert!(xml.contains("<Leave/>"), "{xml}");
    let xml = ask(
        &desk,
        "queue/key?stop=0",
        &form_to("CA1", TO, &[("Digits", "5")]),
    )
    .await;
    assert!(xml.contains("queue/wait?stop=0</Redirect>"), "{xml}");
    let left = async |result: &str, waited: &str| {
        let extra = [("QueueResult", result), ("QueueTime", waited)];
        ask(&desk, "queue/left?stop=0", &form_to("CA1", TO, &extra)).await
    };
    let xml = left("leave", "12").await;
    assert!(
        xml.contains("<Record") && xml.contains("hinterlassen"),
        "{xml}"
    );
    for (result, waited) in [
        ("leave", "60"),
        ("queue-full", "0"),
        ("error", "0"),
        ("system-error", "3"),
    ] {
        let xml = left(result, waited).await;
        assert!(xml.contains("Call again."), "{result}: {xml}");
    }
    for result in ["bridged", "hangup", "redirected"] {
        let xml = left(result, "12").await;
        assert!(
            xml.contains("<Response><Hangup/></Response>"),
            "{result}: {xml}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_rings_up_is_connected_and_a_stranger_is_not() {
    let (desk, queue) = open().await;
    let path = format!("queue/{}/answer", queue.id);
    let from = |number: &str, direction: &str| {
        let mut form = form_to("CA7", TO, &[]);
        set(&mut form, "From", number);
        set(&mut form, "Direction", direction);
        form
    };
    let xml = ask(&desk, &path, &from(MEMBER, "inbound")).await;
    assert!(xml.contains(&format!(">{}</Queue>", queue.id)), "{xml}");
    // When we ring the member, it is the other end that counts.
    let xml = ask(&desk, &path, &form_to("CA8", MEMBER, &[])).await;
    assert!(xml.contains("We are sorry"), "{xml}");
    let mut rung = form_to("CA8", MEMBER, &[]);
    set(&mut rung, "Direction", "outbound-api");
    let xml = ask(&desk, &path, &rung).await;
    assert!(xml.contains("</Queue>"), "{xml}");
    for stranger in ["+15550999999", "anonymous", "client:ada"] {
        let xml = ask(&desk, &path, &from(stranger, "inbound")).await;
        assert!(xml.contains("We are sorry"), "{stranger}: {xml}");
    }
    let nowhere = "queue/que_00000000000000000000000000/answer";
    let xml = ask(&desk, nowhere, &from(MEMBER, "inbound")).await;
    assert!(xml.contains("We are sorry"), "{xml}");
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let xml = ask(&desk, "queue/connecting", &form_to("CA1", TO, &[])).await;
    assert!(xml.contains("Wir verbinden Sie jetzt."), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_call_waits_and_goes_on_as_the_carrier_says() {
    let (desk, _) = open().await;
    for (outcome, verbs) in [
        ("hangup", &["Enqueue", "Gather"][..]),
        ("bridged", &["Enqueue", "Gather", "Hangup"]),
        ("queue-full", &["Enqueue", "Gather", "Say", "Hangup"]),
        (
            "leave",
            &["Enqueue", "Gather", "Say", "Record", "Say", "Hangup"],
        ),
    ] {
        let mut options = desk.carrier_options();
        TO.clone_into(&mut options.to);
        outcome.clone_into(&mut options.queue_outcome);
        let carrier = Carrier::new(options).unwrap();
        let report = carrier.place_call(&Script::new([Step::StayUntilEnd])).await;
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(report.verb_names(), verbs, "{outcome}");
        for request in report.requests.iter().filter(|one| one.status == Some(200)) {
            show_to_oracle(&request.url, &request.body);
        }
    }
}

/// Who waits with music that lasts longer than any test, for as long as the queue allows.
async fn long_music() -> (Desk, RestAccount, Queue, CarrierOptions) {
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    let desk = Desk::with(talkative(), |plan| plan.carrier = Some(client)).await;
    let queue = queue_with(&desk, |queue| {
        queue.hold_music_url = Some("https://music.example.com/long.mp3".to_owned());
        queue.max_wait = Duration::from_secs(1);
    })
    .await;
    let mut options = desk.carrier_options();
    options.exchange = Some(account.exchange());
    options.tune = Duration::from_hours(1);
    TO.clone_into(&mut options.to);
    (desk, account, queue, options)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_waited_long_enough_goes_on_however_long_the_music_is() {
    let (_desk, _account, _, options) = long_music().await;
    let carrier = Carrier::new(options).unwrap();
    let report = carrier.place_call(&Script::new([Step::StayUntilEnd])).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.verb_names(), ["Enqueue", "Gather", "Say", "Hangup"]);
    let asked = report.requests.iter();
    let mut over = asked.filter(|one| one.url.contains("queue/over"));
    let over = over.next().expect("the carrier was told");
    assert!(over.body.contains("Call again."), "{}", over.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_with_a_member_is_not_led_on_when_the_wait_would_be_over() {
    let (desk, account, queue, _) = long_music().await;
    let waits = async |call_sid: &str| {
        ask(&desk, "twiml/inbound", &form_to(call_sid, TO, &[])).await;
        let waits = form_to(call_sid, TO, &[("QueueTime", "0")]);
        let xml = ask(&desk, "queue/wait?stop=0", &waits).await;
        assert!(xml.contains("long.mp3"), "{xml}");
    };
    waits("CA1").await;
    let connecting = format!("queue/connecting?call=CA7&user={}", queue.members[0]);
    ask(&desk, &connecting, &form_to("CA1", TO, &[])).await;
    logged(&desk, "CA1", |call| call.user_id.is_some()).await;
    // Whoever has come later is led on, and nobody before them was.
    waits(RUNG).await;
    let asked = until(async || Some(account.exchanges()).filter(|asked| !asked.is_empty())).await;
    let paths: Vec<_> = asked.iter().map(|one| one.request.path.as_str()).collect();
    assert!(
        paths.len() == 1 && paths[0].ends_with(&format!("/Calls/{RUNG}.json")),
        "{paths:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_tune_is_ten_seconds_of_sound() {
    let desk = Desk::open(talkative()).await;
    let (head, wav) = exchange_get(&desk, "/api/voice/webhooks/hold-music.wav").await;
    assert!(
        head.contains("200 ok") && head.contains("content-type: audio/wav"),
        "{head}"
    );
    assert_eq!(&wav[..4], b"RIFF");
    assert_eq!(wav.len(), 44 + 2 * 80_000);
    let samples: Vec<i16> = wav[44..]
        .chunks_exact(2)
        .map(|two| i16::from_le_bytes([two[0], two[1]]))
        .collect();
    let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
    assert!((500..12_000).contains(&loudest.unwrap()), "{loudest:?}");
    // It ends as quietly as it begins, so that it can be played again.
    assert!(samples[0].unsigned_abs() < 200 && samples[79_999].unsigned_abs() < 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_member_who_ends_the_waiting_has_both_calls() {
    let (desk, queue) = open().await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let mut rings_up = form_to("CA7", TO, &[]);
    set(&mut rings_up, "From", MEMBER);
    let xml = ask(&desk, &format!("queue/{}/answer", queue.id), &rings_up).await;
    let member = queue.members[0];
    let connecting = format!("queue/connecting?call=CA7&user={member}");
    assert!(xml.contains(&connecting.replace('&', "&amp;")), "{xml}");
    // The member's own call is in the log, too.
    logged(&desk, "CA7", |_| true).await;
    ask(&desk, &connecting, &form_to("CA1", TO, &[])).await;
    for call_sid in ["CA1", "CA7"] {
        let call = logged(&desk, call_sid, |call| call.answered_by.is_some()).await;
        assert_eq!(call.answered_by, Some(AnsweredBy::Person), "{call_sid}");
        assert_eq!(call.user_id, Some(member), "{call_sid}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_who_waits_hears_something_before_the_house_closes() {
    let (desk, _) = open().await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let waits = [("QueuePosition", "3"), ("QueueTime", "10")];
    let waits = form_to("CA1", TO, &waits);
    let wait = async || ask(&desk, "queue/wait?stop=0", &waits).await;
    let xml = wait().await;
    assert!(
        xml.contains("Nummer 3") && xml.contains(r#"loop="3""#),
        "{xml}"
    );
    desk.shutdown.drain.cancel();
    until(async || desk.bridge.counts().is_draining.then_some(())).await;
    let xml = wait().await;
    assert!(
        xml.contains(r#"loop="1""#) && !xml.contains("Nummer 3"),
        "{xml}"
    );
    desk.shutdown.hurry.cancel();
    until(async || wait().await.contains("<Leave/>").then_some(())).await;
    let left = [("QueueResult", "leave"), ("QueueTime", "12")];
    let xml = ask(&desk, "queue/left?stop=0", &form_to("CA1", TO, &left)).await;
    assert!(
        xml.contains("Call again.") && !xml.contains("<Record"),
        "{xml}"
    );
    post(&desk, STATUS, &form("CA1", "completed")).await;
    is_closed(desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_nobody_is_connected_with_a_caller_who_has_hung_up_in_a_queue() {
    let (desk, queue) = open().await;
    let account = RestAccount::open(&[]).await;
    let mut options = desk.carrier_options();
    options.exchange = Some(account.exchange());
    TO.clone_into(&mut options.to);
    let carrier = Carrier::new(options.clone()).unwrap();
    let had_enough = Script::new([Step::HangUpInQueue(ms(600))]);
    let report = carrier.place_call(&had_enough).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(report.verb_names()[..2], ["Enqueue", "Gather"]);
    let mut left = report.requests.iter();
    let left = left.rfind(|one| one.url.contains("queue/left")).unwrap();
    assert!(left.body.contains("<Response><Hangup/>"), "{}", left.body);
    let is_over = |call: &CallLog| call.status.is_terminal();
    let log = logged(&desk, &report.call_sid, is_over).await;
    assert_eq!(Outcome::of(&log), Outcome::Missed);
    assert_eq!(desk.model.accepted(), 0);
    // The member who rings up then finds nobody there.
    options.inbound_path = format!("/api/voice/webhooks/queue/{}/answer", queue.id);
    MEMBER.clone_into(&mut options.from);
    let carrier = Carrier::new(options).unwrap();
    let report = carrier.place_call(&Script::new([Step::StayUntilEnd])).await;
    assert_eq!(report.verb_names(), ["Say", "Dial", "Say", "Hangup"]);
}
