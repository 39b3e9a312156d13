//! A caller leaves a message: what is heard, and what the carrier tells of it afterwards.

use frontdesk::clock::Clock;
use frontdesk::domain::{
    EndReason, Entry, Greeting, GreetingContent, GreetingKind, Lock, MessageSound, Role, Secret,
    SettingKey, SettingValue, SoundFormat, TenantId, Timestamp, User, VoicemailMessage,
};
use frontdesk::recordings::Recordings;
use frontdesk::rehearsal::carrier::Step;
use frontdesk::store::{greetings, page, settings, tenants, users, voicemail_messages};
use tokio::time::timeout;

use super::closing::is_closed;
use super::desk::{Desk, PUBLIC_URL, ms, talkative};
use super::routed;
use super::visitor::{Answer, Form, INBOUND, STATUS, form, get_as, post, post_as};

const VOICEMAIL: &str = "/api/voice/webhooks/twiml/voicemail";
const RECORDED: &str = "/api/voice/webhooks/voicemail";
const TRANSCRIBED: &str = "/api/voice/webhooks/transcription";

async fn tenant(desk: &Desk) -> TenantId {
    let found = tenants::default_tenant(&desk.store).await;
    found.unwrap().unwrap().id
}

async fn set(desk: &Desk, key: SettingKey, value: SettingValue) {
    let entry = Entry {
        value,
        lock: Lock::Unlocked,
    };
    let at = Timestamp::from_ms(0);
    let set = settings::put_tenant(&desk.store, tenant(desk).await, key, (&entry, at)).await;
    set.unwrap();
}

async fn member(desk: &Desk, name: &str) -> User {
    let clock = Clock::system();
    let id: frontdesk::domain::UserId = clock.new_id();
    let user = User {
        id,
        tenant_id: tenant(desk).await,
        email: format!("{id}@example.com").parse().unwrap(),
        name: name.to_owned(),
        role: Role::Agent,
        subject: id.to_string(),
        phone_number: None,
        is_active: true,
        created_at: clock.now(),
    };
    users::insert(&desk.store, &user).await.unwrap();
    user
}

async fn greet(desk: &Desk, kind: GreetingKind, content: GreetingContent) -> Greeting {
    let clock = Clock::system();
    let greeting = Greeting {
        id: clock.new_id(),
        tenant_id: tenant(desk).await,
        kind,
        user_id: None,
        name: "of the test".to_owned(),
        content,
        from: None,
        until: None,
        is_default: true,
        created_at: clock.now(),
    };
    greetings::insert(&desk.store, &greeting).await.unwrap();
    greeting
}

async fn messages(desk: &Desk) -> Vec<VoicemailMessage> {
    let all = voicemail_messages::Filter::default();
    let page = page::Request::default();
    let found = voicemail_messages::list(&desk.store, tenant(desk).await, &all, &page).await;
    found.unwrap().items
}

/// The form of a call with more of its own.
fn with(call_sid: &str, more: &[(&str, &str)]) -> Form {
    let mut form = form(call_sid, "in-progress");
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    form.extend(more.iter().map(own));
    form
}

fn completed(call_sid: &str) -> Form {
    with(
        call_sid,
        &[
            ("RecordingSid", "RE1"),
            (
                "RecordingUrl",
                "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1",
            ),
            ("RecordingStatus", "completed"),
            ("RecordingDuration", "17"),
            ("RecordingSource", "RecordVerb"),
        ],
    )
}

fn action(call_sid: &str) -> Form {
    with(
        call_sid,
        &[
            ("RecordingSid", "RE1"),
            (
                "RecordingUrl",
                "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1",
            ),
            ("RecordingDuration", "17"),
            ("Digits", "#"),
        ],
    )
}

fn transcription(call_sid: &str) -> Form {
    with(
        call_sid,
        &[
            ("RecordingSid", "RE1"),
            ("TranscriptionSid", "TR1"),
            ("TranscriptionStatus", "completed"),
            ("TranscriptionText", "Please call me back."),
        ],
    )
}

fn is_led(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("<Record "), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_greeted_records_a_message_and_is_thanked() {
    let desk = Desk::open(talkative()).await;
    let answer = post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    assert!(!answer.body.contains("transcribe"), "the model does it");
    let provider = SettingValue::Text("carrier".to_owned());
    set(&desk, SettingKey::TranscriptionProvider, provider).await;
    let answer = post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    is_led(&answer);
    let said = "<Say>You have reached Default. Please leave a message after the beep.</Say>";
    assert!(answer.body.contains(said), "{}", answer.body);
    for part in [
        format!(r#"action="{PUBLIC_URL}{RECORDED}""#),
        format!(r#"recordingStatusCallback="{PUBLIC_URL}{RECORDED}""#),
        r#"recordingStatusCallbackEvent="completed absent""#.to_owned(),
        format!(r#"transcribe="true" transcribeCallback="{PUBLIC_URL}{TRANSCRIBED}""#),
        r#"maxLength="120""#.to_owned(),
    ] {
        assert!(answer.body.contains(&part), "{part}: {}", answer.body);
    }
    let thanked = post(&desk, RECORDED, &action("CA1")).await;
    assert!(
        thanked.body.contains(">Thank you. Goodbye.</Say><Hangup/>"),
        "{}",
        thanked.body
    );
    assert_eq!(desk.model.accepted(), 0);
    let [message] = &messages(&desk).await[..] else {
        panic!("one message was left");
    };
    assert_eq!(
        (message.sound, message.duration_s),
        (MessageSound::Recorded, Some(17))
    );
    assert_eq!(message.from.to_text(), "+15550100001");
    assert!(!message.is_read && message.user_id.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_greeting_is_heard_for_the_person_and_the_hour() {
    let desk = Desk::open(talkative()).await;
    let ada = member(&desk, "Ada").await;
    let of_ada = format!("{VOICEMAIL}?user={}", ada.id);
    let answer = post(&desk, &of_ada, &form("CA1", "in-progress")).await;
    assert!(
        answer.body.contains("You have reached Ada."),
        "{}",
        answer.body
    );
    let whose = format!(r#"action="{PUBLIC_URL}{RECORDED}?user={}""#, ada.id);
    assert!(answer.body.contains(&whose), "{}", answer.body);
    let text = "Wir sind <heute> & morgen nicht da.".to_owned();
    let closed = GreetingContent::Spoken {
        text,
        voice: Some("Polly.Vicki".to_owned()),
        language: Some("de-DE".to_owned()),
    };
    greet(&desk, GreetingKind::AfterHours, closed).await;
    let answer = post(
        &desk,
        &format!("{of_ada}&closed=true"),
        &form("CA1", "in-progress"),
    )
    .await;
    let said = r#"<Say voice="Polly.Vicki" language="de-DE">Wir sind &lt;heute&gt; &amp; morgen"#;
    assert!(answer.body.contains(said), "{}", answer.body);

    let provider = SettingValue::Text("carrier".to_owned());
    set(&desk, SettingKey::TranscriptionProvider, provider).await;
    let greeting = SettingValue::Text("{name}? Nobody home.".to_owned());
    set(&desk, SettingKey::DefaultVoicemailGreeting, greeting).await;
    set(
        &desk,
        SettingKey::AutoTranscribeVoicemails,
        SettingValue::Truth(false),
    )
    .await;
    let answer = post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    assert!(
        answer.body.contains("<Say>Default? Nobody home.</Say>"),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("transcribe"), "{}", answer.body);
    set(
        &desk,
        SettingKey::EnableVoicemail,
        SettingValue::Truth(false),
    )
    .await;
    let answer = post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    assert!(answer.is_apology(), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_sound_is_fetched_by_a_signed_address_and_its_loss_is_not_the_callers() {
    let folder = tempfile::tempdir().unwrap();
    let storage = folder.path().to_owned();
    let desk = Desk::with(talkative(), |plan| plan.storage = storage).await;
    let recordings = Recordings::at(folder.path());
    recordings
        .put("a/greeting.wav", b"RIFF....WAVEfmt sound")
        .await
        .unwrap();
    let played = GreetingContent::Played {
        file: "a/greeting.wav".to_owned(),
        format: SoundFormat::Wav,
        size: 21,
        secret: Secret::new("of the greeting".to_owned()),
    };
    greet(&desk, GreetingKind::Business, played).await;
    let answer = post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    is_led(&answer);
    let (_, rest) = answer.body.split_once("<Play>").expect("it plays");
    let (url, _) = rest.split_once("</Play>").unwrap();
    let path = url.strip_prefix(PUBLIC_URL).expect("an address of ours");
    // As any stranger would: the carrier signs no such request.
    let sound = get_as(&desk, path, None).await;
    assert_eq!(
        (sound.status, sound.body.as_str()),
        (200, "RIFF....WAVEfmt sound")
    );
    assert!(
        sound.head.contains("content-type: audio/wav"),
        "{}",
        sound.head
    );
    assert!(sound.head.contains("nosniff"), "{}", sound.head);
    let parts: Vec<_> = path.rsplitn(4, '/').collect();
    let [signature, until, id, base] = parts[..] else {
        panic!("{path}");
    };
    let later: i64 = until.parse::<i64>().unwrap() + 1;
    for other in [
        format!("{base}/{id}/{later}/{signature}"),
        format!("{base}/{id}/{until}/{}A", &signature[1..]),
        format!("{base}/{id}/{until}/AAAA"),
        format!("{base}/grt_01ARZ3NDEKTSV4RRFFQ69G5FAV/{until}/{signature}"),
        format!("{base}/{id}/soon/{signature}"),
    ] {
        assert_eq!(get_as(&desk, &other, None).await.status, 404, "{other}");
    }
    recordings.delete("a/greeting.wav").await.unwrap();
    assert_eq!(get_as(&desk, path, None).await.status, 404);
    let answer = post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    is_led(&answer);
    assert!(
        answer.body.contains("You have reached Default."),
        "{}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn w2_news_of_a_message_gives_the_same_message_in_any_order_and_number() {
    type News = (&'static str, fn(&str) -> Form);
    let all: [News; 4] = [
        (RECORDED, completed),
        (RECORDED, action),
        (TRANSCRIBED, transcription),
        (RECORDED, |sid| {
            with(
                sid,
                &[("RecordingSid", "RE1"), ("RecordingStatus", "absent")],
            )
        }),
    ];
    for first in 0..all.len() {
        for step in [1, 3] {
            let desk = Desk::open(talkative()).await;
            post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
            for n in 0..=all.len() {
                let (path, form) = all[(first + n * step) % all.len()];
                let answer = post(&desk, path, &form("CA1")).await;
                assert!(
                    answer.status == 204 || answer.status == 200,
                    "{}",
                    answer.status
                );
            }
            let [message] = &messages(&desk).await[..] else {
                panic!("one message, from {first} by {step}");
            };
            assert_eq!(message.sound, MessageSound::Recorded);
            assert_eq!(message.duration_s, Some(17));
            let words = message
                .transcript
                .as_ref()
                .map(|text| text.expose().as_str());
            assert_eq!(words, Some("Please call me back."));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_a_message_that_is_told_again_is_one_and_w3_one_that_was_deleted_stays_so() {
    let desk = Desk::open(talkative()).await;
    post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    let form = completed("CA1");
    let all: Vec<_> = (0..5).map(|_| post(&desk, RECORDED, &form)).collect();
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.status, 204);
    }
    let [message] = &messages(&desk).await[..] else {
        panic!("one message");
    };
    let (tenant, now) = (tenant(&desk).await, Timestamp::from_ms(1));
    let marked = voicemail_messages::mark(&desk.store, tenant, message.id, true).await;
    assert!(marked.unwrap());
    post(&desk, RECORDED, &form).await;
    assert!(
        messages(&desk).await[0].is_read,
        "what is told again changes nothing"
    );
    let mut tx = desk.store.begin().await.unwrap();
    let deleted = voicemail_messages::delete(&mut tx, message, now).await;
    tx.commit().await.unwrap();
    assert!(deleted.unwrap());
    for (path, form) in [(RECORDED, form), (TRANSCRIBED, transcription("CA1"))] {
        assert_eq!(post(&desk, path, &form).await.status, 204);
    }
    assert_eq!(messages(&desk).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_sound_says_so_and_one_of_no_call_is_not_kept() {
    let desk = Desk::open(talkative()).await;
    let nothing = [("RecordingSid", "RE7"), ("RecordingStatus", "absent")];
    let answer = post(&desk, RECORDED, &with("CA7", &nothing)).await;
    assert_eq!((answer.status, messages(&desk).await.len()), (204, 0));
    post(&desk, VOICEMAIL, &form("CA7", "in-progress")).await;
    let ada = member(&desk, "Ada").await;
    let of_ada = format!("{RECORDED}?user={}", ada.id);
    assert_eq!(
        post(&desk, &of_ada, &with("CA7", &nothing)).await.status,
        204
    );
    let failed = [
        ("RecordingSid", "RE7"),
        ("TranscriptionSid", "TR7"),
        ("TranscriptionStatus", "failed"),
    ];
    assert_eq!(
        post(&desk, TRANSCRIBED, &with("CA7", &failed)).await.status,
        204
    );
    let begun = [("RecordingSid", "RE8"), ("RecordingStatus", "in-progress")];
    assert_eq!(
        post(&desk, RECORDED, &with("CA7", &begun)).await.status,
        204
    );
    let [message] = &messages(&desk).await[..] else {
        panic!("one message");
    };
    assert_eq!(
        (message.sound, message.user_id),
        (MessageSound::None, Some(ada.id))
    );
    for (path, form) in [
        (RECORDED, with("CA7", &[("RecordingStatus", "completed")])),
        (
            RECORDED,
            with(
                "CA7",
                &[("RecordingSid", "RE9"), ("RecordingStatus", "eaten")],
            ),
        ),
        (TRANSCRIBED, form("CA7", "in-progress")),
    ] {
        assert_eq!(post(&desk, path, &form).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w4_nobody_but_the_carrier_leaves_a_message_or_reads_a_greeting() {
    let desk = Desk::open(talkative()).await;
    post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await;
    for path in [VOICEMAIL, RECORDED, TRANSCRIBED] {
        for signature in [None, Some("c2lnbmF0dXJl")] {
            let answer = post_as(&desk, path, &completed("CA1"), signature).await;
            assert_eq!((answer.status, answer.body.as_str()), (403, ""), "{path}");
        }
    }
    // For whom a message is stands in the address, which is signed too.
    let ada = member(&desk, "Ada").await;
    let signed_for_nobody =
        super::visitor::signature(&format!("{PUBLIC_URL}{RECORDED}"), &completed("CA1"));
    let path = format!("{RECORDED}?user={}", ada.id);
    let answer = post_as(&desk, &path, &completed("CA1"), Some(&signed_for_nobody)).await;
    assert_eq!(answer.status, 403);
    assert_eq!(messages(&desk).await, []);
    // A replay, long after the call.
    post(&desk, STATUS, &form("CA1", "completed")).await;
    assert!(
        post(&desk, VOICEMAIL, &form("CA1", "in-progress"))
            .await
            .is_hangup()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_lasts_no_longer_than_the_tenant_has_set() {
    let desk = Desk::open(talkative()).await;
    set(
        &desk,
        SettingKey::MaxCallDurationSeconds,
        SettingValue::Whole(1),
    )
    .await;
    let (report, _) = desk.call(vec![Step::StayUntilEnd]).await;
    let log = desk.log(&report).await;
    assert_eq!(log.end_reason, Some(EndReason::MaxDuration));
    assert!(
        !post(&desk, INBOUND, &form("CA2", "ringing"))
            .await
            .is_apology()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn p1_a_house_that_closes_hears_of_the_message_that_is_being_left() {
    let mut desk = Desk::open(talkative()).await;
    is_led(&post(&desk, VOICEMAIL, &form("CA1", "in-progress")).await);
    desk.shutdown.drain.cancel();
    post(&desk, STATUS, &form("CA1", "completed")).await;
    let closes = timeout(ms(1_000), &mut desk.open).await;
    assert!(closes.is_err(), "the carrier has more to tell");
    let mut last = action("CA1");
    routed::set(&mut last, "CallStatus", "completed");
    assert_eq!(post(&desk, RECORDED, &last).await.status, 200);
    is_closed(desk).await;
}
