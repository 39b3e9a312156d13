//! Who has answered: which member, a person or a machine, and whose the message is.

use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    AnsweredBy, CallLog, Entry, Lock, MessageSound, SettingKey, SettingValue, UserId,
};
use frontdesk::rehearsal::carrier::{Carrier, Script, Step};
use frontdesk::routing::{Plan, Ring, Strategy, Target, Users};
use frontdesk::store::{page, settings, voicemail_messages};

use super::desk::{Desk, talkative};
use super::routed::{ask, form_to, logged, member, plan, set, tenant};
use super::visitor::post;
use crate::support::rest_account::RestAccount;
use crate::support::until::until;

const TO: &str = "+15550200001";
const ADA: &str = "+15550300001";
const BOB: &str = "+15550300002";
/// The call of whoever was rung.
const RUNG: &str = "CA2";
/// Another, as the carrier names them.
const BOBS: &str = "CA00000000000000000000000000000003";

fn people(user_ids: Vec<UserId>, ring: Ring) -> Plan {
    let strategy = Strategy::AtOnce;
    Plan {
        open: Target::Users(Users {
            user_ids,
            strategy,
            ring,
        }),
        ..Plan::default()
    }
}

/// Nobody is connected with a machine.
fn careful() -> Ring {
    Ring {
        detects_machines: true,
        ..Ring::default()
    }
}

/// The log of the call, once somebody has answered it.
async fn answered(desk: &Desk, call_sid: &str) -> CallLog {
    logged(desk, call_sid, |call| call.answered_by.is_some()).await
}

/// What the carrier tells of the telephone that was rung.
async fn tell(desk: &Desk, path: &str, extra: &[(&str, &str)]) {
    let mut form = form_to(RUNG, ADA, extra);
    set(&mut form, "Direction", "outbound-dial");
    let answer = post(desk, &format!("/api/voice/webhooks/{path}"), &form).await;
    assert_eq!(answer.status, 204, "{path}: {}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_member_who_picks_up_has_the_call_while_it_goes_on() {
    let desk = Desk::open(talkative()).await;
    let (ada, bob) = (member(&desk, ADA).await, member(&desk, BOB).await);
    plan(&desk, TO, &people(vec![ada, bob], Ring::default())).await;
    let dial = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    for user in [ada, bob] {
        let told = format!(
            r#"statusCallback="https://desk.example.com/api/voice/webhooks/picked-up?stop=0&amp;call=CA1&amp;user={user}" statusCallbackEvent="answered""#
        );
        assert!(dial.contains(&told), "{told} is not in {dial}");
    }
    tell(&desk, &format!("picked-up?stop=0&call=CA1&user={bob}"), &[]).await;
    let call = answered(&desk, "CA1").await;
    assert_eq!(call.answered_by, Some(AnsweredBy::Person));
    assert_eq!(call.user_id, Some(bob));
    assert!(call.ended_at.is_none(), "they speak");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_has_the_call_once_they_accept_it() {
    let desk = Desk::open(talkative()).await;
    let (ada, bob) = (member(&desk, ADA).await, member(&desk, BOB).await);
    let asks = Ring {
        asks_to_accept: true,
        ..Ring::default()
    };
    plan(&desk, TO, &people(vec![ada, bob], asks)).await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let whisper = format!("whisper?stop=0&call=CA1&user={ada}");
    let asked = ask(&desk, &whisper, &form_to(RUNG, ADA, &[])).await;
    assert!(
        asked.contains(&format!("accepted?stop=0&amp;call=CA1&amp;user={ada}")),
        "{asked}"
    );
    for (user, key) in [(ada, "2"), (bob, "1")] {
        let accepted = format!("accepted?stop=0&call=CA1&user={user}");
        ask(&desk, &accepted, &form_to(RUNG, ADA, &[("Digits", key)])).await;
    }
    assert_eq!(answered(&desk, "CA1").await.user_id, Some(bob));
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_a_machine_is_not_connected_and_a_person_is_as_soon_as_that_is_known() {
    for (found, is_connected) in [
        ("human", true),
        ("unknown", true),
        ("machine_start", false),
        ("fax", false),
    ] {
        let desk = Desk::open(talkative()).await;
        let ada = member(&desk, ADA).await;
        plan(&desk, TO, &people(vec![ada], careful())).await;
        let dial = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
        let verdict = format!("machine?stop=0&amp;call=CA1&amp;user={ada}");
        assert!(
            dial.contains(r#"machineDetection="Enable""#) && dial.contains(&verdict),
            "{dial}"
        );
        // Nothing is known yet: they wait, and are asked again.
        let whisper = format!("whisper?stop=0&call=CA1&user={ada}");
        let waits = ask(&desk, &whisper, &form_to(RUNG, ADA, &[])).await;
        assert!(
            waits.contains("<Pause") && waits.contains("waits=1</Redirect>"),
            "{waits}"
        );
        tell(
            &desk,
            &verdict.replace("&amp;", "&"),
            &[("AnsweredBy", found)],
        )
        .await;
        let again = ask(
            &desk,
            &format!("{whisper}&waits=1"),
            &form_to(RUNG, ADA, &[]),
        )
        .await;
        assert_eq!(!again.contains("<Hangup"), is_connected, "{found}: {again}");
        assert!(!again.contains("<Redirect"), "{again}");
        if is_connected {
            assert_eq!(answered(&desk, "CA1").await.user_id, Some(ada));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_turns_out_to_be_a_machine_is_connected() {
    let desk = Desk::open(talkative()).await;
    let ada = member(&desk, ADA).await;
    plan(&desk, TO, &people(vec![ada], careful())).await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let whisper = format!("whisper?stop=0&call=CA1&user={ada}&waits=6");
    let xml = ask(&desk, &whisper, &form_to(RUNG, ADA, &[])).await;
    assert!(
        !xml.contains("Redirect") && !xml.contains("Hangup"),
        "{xml}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t11_whoever_has_pressed_a_key_is_not_taken_for_a_machine_later() {
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    let desk = Desk::with(talkative(), |plan| plan.carrier = Some(client)).await;
    let (ada, bob) = (member(&desk, ADA).await, member(&desk, BOB).await);
    let asks = Ring {
        asks_to_accept: true,
        ..careful()
    };
    plan(&desk, TO, &people(vec![ada, bob], asks)).await;
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    let accepted = format!("accepted?stop=0&call=CA1&user={ada}");
    ask(&desk, &accepted, &form_to(RUNG, ADA, &[("Digits", "1")])).await;
    // Ada speaks with the caller; at Bob's, a machine has picked up.
    for (sid, user) in [(RUNG, ada), (BOBS, bob)] {
        let mut form = form_to(sid, ADA, &[("AnsweredBy", "machine_start")]);
        set(&mut form, "Direction", "outbound-dial");
        let path = format!("/api/voice/webhooks/machine?stop=0&call=CA1&user={user}");
        assert_eq!(post(&desk, &path, &form).await.status, 204);
    }
    // A machine is hung up.
    let asked = until(async || Some(account.exchanges()).filter(|asked| !asked.is_empty())).await;
    let paths: Vec<_> = asked.iter().map(|one| one.request.path.as_str()).collect();
    assert!(
        paths.len() == 1 && paths[0].ends_with(&format!("/Calls/{BOBS}.json")),
        "{paths:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_after_a_member_was_rung_is_theirs() {
    let desk = Desk::open(talkative()).await;
    let (ada, bob) = (member(&desk, ADA).await, member(&desk, BOB).await);
    let rung = async |to: &str, users: Vec<UserId>, sid: &str| {
        plan(&desk, to, &people(users, Ring::default())).await;
        ask(&desk, "twiml/inbound", &form_to(sid, to, &[])).await;
        let unanswered = form_to(sid, to, &[("DialCallStatus", "no-answer")]);
        ask(&desk, "dial-status?stop=0", &unanswered).await
    };
    let xml = rung(TO, vec![ada], "CA1").await;
    assert!(xml.contains(&format!("/voicemail?user={ada}\"")), "{xml}");
    assert!(xml.contains("You have reached Ada."), "{xml}");
    // Of two who were rung, none is meant.
    let xml = rung("+15550200002", vec![ada, bob], "CA3").await;
    assert!(xml.contains("/voicemail\""), "{xml}");
    let told = [
        ("RecordingStatus", "completed"),
        ("RecordingSid", "RE1"),
        ("RecordingDuration", "4"),
    ];
    let path = format!("/api/voice/webhooks/voicemail?user={ada}");
    post(&desk, &path, &form_to("CA1", TO, &told)).await;
    let filter = voicemail_messages::Filter {
        user: Some(ada),
        ..voicemail_messages::Filter::default()
    };
    let request = page::Request::default();
    let of = tenant(&desk).await.0;
    let found = voicemail_messages::list(&desk.store, of, &filter, &request).await;
    let [message] = &found.unwrap().items[..] else {
        panic!("one message is Ada's");
    };
    assert_eq!(message.sound, MessageSound::Recorded);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_words_before_the_beep_change_nothing_else() {
    let desk = Desk::open(talkative()).await;
    let greeted = Plan {
        open: Target::Voicemail {
            greeting: Some("We are at lunch.".to_owned()),
            user_id: None,
        },
        ..Plan::default()
    };
    plan(&desk, TO, &greeted).await;
    let provider = Entry {
        value: SettingValue::Text("carrier".to_owned()),
        lock: Lock::Unlocked,
    };
    let (of, key) = (tenant(&desk).await.0, SettingKey::TranscriptionProvider);
    let now = Clock::system().now();
    settings::put_tenant(&desk.store, of, key, (&provider, now))
        .await
        .unwrap();
    let xml = ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    assert!(
        xml.contains("We are at lunch.") && xml.contains(r#"transcribe="true""#),
        "{xml}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_call_to_a_member_is_theirs() {
    let desk = Desk::open(talkative()).await;
    let ada = member(&desk, ADA).await;
    for (n, ring) in [Ring::default(), careful()].into_iter().enumerate() {
        let to = format!("+1555020000{}", n + 1);
        plan(&desk, &to, &people(vec![ada], ring)).await;
        let mut options = desk.carrier_options();
        options.to = to;
        "completed".clone_into(&mut options.dial_outcome.status);
        options.dial_outcome.lasting = Duration::from_secs(9);
        let carrier = Carrier::new(options).unwrap();
        let report = carrier.place_call(&Script::new([Step::StayUntilEnd])).await;
        assert_eq!(report.all_violations(), Vec::<String>::new());
        assert_eq!(report.failures, Vec::<String>::new());
        let call = answered(&desk, &report.call_sid).await;
        assert_eq!(
            (call.answered_by, call.user_id),
            (Some(AnsweredBy::Person), Some(ada))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_sees_where_a_call_between_people_is() {
    let desk = Desk::open(talkative()).await;
    let ada = member(&desk, ADA).await;
    plan(&desk, TO, &people(vec![ada], Ring::default())).await;
    let mut watched = desk.bridge.watch();
    ask(&desk, "twiml/inbound", &form_to("CA1", TO, &[])).await;
    tell(&desk, &format!("picked-up?stop=0&call=CA1&user={ada}"), &[]).await;
    let mut over = form_to("CA1", TO, &[]);
    set(&mut over, "CallStatus", "completed");
    for _ in 0..2 {
        post(&desk, "/api/voice/webhooks/status", &over).await;
    }
    ask(&desk, "twiml/inbound", &form_to("CA3", "+15550200009", &[])).await;
    let mut seen = Vec::new();
    while let Ok(event) = watched.try_recv() {
        seen.push(format!("{:?}", event.what));
    }
    let taken = format!("Taken(Person, Some({ada:?}))");
    assert_eq!(seen[..3], ["Routed(\"ring\")", &taken, "Closed(Completed)"]);
    assert_eq!(seen.iter().filter(|one| one.contains("Closed")).count(), 1);
}
