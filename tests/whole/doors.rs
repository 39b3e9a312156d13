//! Who gets in: webhooks and streams, signed and forged, once and again.

use frontdesk::domain::{CallSid, EndReason};
use frontdesk::rehearsal::carrier::{Fault, Script, Step};
use frontdesk::store::calls;
use futures::future::join_all;

use super::desk::{Desk, PUBLIC_URL, ms, talkative};
use super::visitor::{
    FALLBACK, INBOUND, RawStream, STATUS, STREAM_ENDED, connected, form, frame, get, get_as, post,
    post_as, signature, start,
};

const PATHS: [&str; 4] = [INBOUND, STREAM_ENDED, STATUS, FALLBACK];

async fn has_row(desk: &Desk, call_sid: &str) -> bool {
    let call_sid: CallSid = call_sid.parse().expect("a SID");
    let found = calls::find_by_sid(&desk.store, &call_sid).await;
    found.expect("the database answers").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn w4_a_webhook_that_is_not_signed_right_does_nothing_at_all() {
    let desk = Desk::open(talkative()).await;
    for path in PATHS {
        let form = form("CA1", "ringing");
        let url = format!("{PUBLIC_URL}{path}");
        let good = signature(&url, &form);
        let mut altered = form.clone();
        altered[5].1 = "+15550109999".to_owned();
        let mut added = form.clone();
        added.push(("Extra".to_owned(), "1".to_owned()));
        let dropped = form[..6].to_vec();
        let of_http = signature(&url.replacen("https", "http", 1), &form);
        let mut turned = good.clone().into_bytes();
        turned[3] = if turned[3] == b'A' { b'B' } else { b'A' };
        let turned = String::from_utf8(turned).unwrap();
        let with_query = format!("{path}?a=1");
        let attempts = [
            post_as(&desk, path, &form, None).await,
            post_as(&desk, path, &form, Some("")).await,
            post_as(&desk, path, &form, Some("not base64!")).await,
            post_as(&desk, path, &form, Some(&good[..20])).await,
            post_as(&desk, path, &form, Some(&turned)).await,
            post_as(&desk, path, &form, Some(&of_http)).await,
            post_as(&desk, path, &altered, Some(&good)).await,
            post_as(&desk, path, &added, Some(&good)).await,
            post_as(&desk, path, &dropped, Some(&good)).await,
            post_as(&desk, &with_query, &form, Some(&good)).await,
            get_as(&desk, path, None).await,
            get_as(&desk, &format!("{path}?CallSid=CA1"), Some(&good)).await,
        ];
        for (n, answer) in attempts.iter().enumerate() {
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (403, ""),
                "{path}: {n}"
            );
        }
    }
    assert!(!has_row(&desk, "CA1").await);
    assert_eq!(desk.bridge.counts().live, 0);
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_signed_with_a_get_is_as_good() {
    let desk = Desk::open(talkative()).await;
    let answer = get(&desk, INBOUND, &form("CA1", "ringing")).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.token().is_empty());
    assert!(has_row(&desk, "CA1").await);
    let answer = get(&desk, STATUS, &form("CA1", "completed")).await;
    assert_eq!(answer.status, 204);
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_an_upgrade_that_is_not_signed_right_is_refused() {
    let desk = Desk::open(talkative()).await;
    let of_http = signature(&format!("{PUBLIC_URL}/media-stream"), &[]);
    let of_another = signature("wss://desk.example.com/media-stream/", &[]);
    for signature in [
        None,
        Some(""),
        Some("bm90IGl0"),
        Some(&*of_http),
        Some(&*of_another),
    ] {
        let asked = RawStream::ask(&desk, signature).await;
        assert_eq!(asked.unwrap_err(), 403, "{signature:?}");
    }
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_a_forged_stream_is_refused_and_its_call_lets_go_of_the_model() {
    let desk = Desk::open(talkative()).await;
    for fault in [Fault::ForgedStreamSignature, Fault::NoStreamSignature] {
        let script = Script::new([Step::StayUntilEnd]).with(fault);
        let report = desk.carrier().place_call(&script).await;
        assert_eq!(report.stream().unwrap().upgrade_status, Some(403));
        desk.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_a_stream_without_the_token_of_its_call_is_closed_and_dials_nobody() {
    let desk = Desk::open(talkative()).await;
    let mut stranger = RawStream::start(&desk, "CA-unknown", "a token").await;
    assert_eq!(stranger.close_code().await, Some(1008));
    assert_eq!(desk.model.accepted(), 0);

    let mine = post(&desk, INBOUND, &form("CA-mine", "ringing"))
        .await
        .token();
    let other = post(&desk, INBOUND, &form("CA-other", "ringing"))
        .await
        .token();
    for wrong in [
        None,
        Some(""),
        Some("wrong"),
        Some(&mine[..42]),
        Some(&*other),
    ] {
        let mut stream = RawStream::open(&desk).await;
        stream.json(&connected()).await;
        stream.json(&start("CA-mine", wrong)).await;
        assert_eq!(stream.close_code().await, Some(1008), "{wrong:?}");
    }
    // None of them has spent the token.
    let mut stream = RawStream::start(&desk, "CA-mine", &mine).await;
    stream.wait_for(|message| message["event"] == "media").await;
    let mut again = RawStream::start(&desk, "CA-mine", &mine).await;
    assert_eq!(again.close_code().await, Some(1008), "the token is spent");
    assert!(stream.is_alive().await);

    // The token of a call that is over opens nothing: the stream is let go.
    post(&desk, STATUS, &form("CA-other", "completed")).await;
    for code in [1000, 1008] {
        let mut late = RawStream::start(&desk, "CA-other", &other).await;
        assert_eq!(late.close_code().await, Some(code));
    }
    assert_eq!(desk.model.accepted(), 2);
    drop(stream);
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_a_replayed_stream_is_closed_and_the_call_goes_on() {
    let desk = Desk::open(talkative()).await;
    let steps = [
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ];
    let script = Script::new(steps).with(Fault::ReplayedStream);
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.replay.as_ref().unwrap().close_code, Some(1008));
    assert_eq!(report.replay.as_ref().unwrap().media_count, 0);
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(
        desk.log(&report).await.end_reason,
        Some(EndReason::CallerHungUp)
    );
    assert_eq!(desk.model.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_a_wrong_token_leaves_no_agent_behind_once_the_call_is_over() {
    let desk = Desk::open(talkative()).await;
    let script = Script::new([Step::StayUntilEnd]).with(Fault::WrongToken("x".repeat(43)));
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.stream().unwrap().close_code, Some(1008));
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_a_socket_that_never_says_start_is_closed_after_5_s() {
    let desk = Desk::open(talkative()).await;
    let hello = frame(0x81, connected().to_string().as_bytes());
    let ping = frame(0x89, b"hello?");
    let openings = [Vec::new(), hello.clone(), ping, hello[..9].to_vec()];
    let waiting = openings.map(async |opening| {
        let mut stream = RawStream::open(&desk).await;
        stream.send(&opening).await;
        let began = tokio::time::Instant::now();
        (stream.close_code().await, began.elapsed())
    });
    for (code, took) in join_all(waiting).await {
        assert_eq!(code, Some(1008));
        assert!(took > ms(4_500) && took < ms(7_000), "{took:?}");
    }
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w1_a_webhook_delivered_twice_is_one_call() {
    let desk = Desk::open(talkative()).await;
    let steps = [
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::HangUp,
    ];
    let script = Script::new(steps).with(Fault::DuplicatedWebhook);
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert!(report.stream().unwrap().played_ms > 0);
    desk.is_empty().await;
    assert_eq!(desk.model.accepted(), 1);

    // Even eight of them at the same moment are one.
    let asked = form("CA8", "ringing");
    let answers = join_all((0..8).map(|_| post(&desk, INBOUND, &asked))).await;
    let mut streams = Vec::new();
    for answer in answers {
        streams.push(RawStream::start(&desk, "CA8", &answer.token()).await);
    }
    assert_eq!(desk.bridge.counts().live, 1);
    post(&desk, STATUS, &form("CA8", "completed")).await;
    desk.is_empty().await;
    assert_eq!(desk.model.accepted(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_a_webhook_replayed_after_its_call_opens_no_second_one() {
    let desk = Desk::open(talkative()).await;
    let asked = form("CA1", "ringing");
    let token = post(&desk, INBOUND, &asked).await.token();
    let mut stream = RawStream::start(&desk, "CA1", &token).await;
    stream.wait_for(|message| message["event"] == "media").await;
    post(&desk, STATUS, &form("CA1", "completed")).await;
    desk.is_empty().await;
    let again = post(&desk, INBOUND, &asked).await;
    assert!(again.is_hangup(), "{again:?}");
    assert_eq!(desk.model.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_a_call_that_another_process_has_ended_is_over_here_too() {
    let desk = Desk::open(talkative()).await;
    // The log knows how it ended; this process has never had it.
    post(&desk, STATUS, &form("CA1", "completed")).await;
    let answer = post(&desk, INBOUND, &form("CA1", "ringing")).await;
    assert!(answer.is_hangup(), "{answer:?}");
    assert_eq!(desk.model.accepted(), 0);
}
