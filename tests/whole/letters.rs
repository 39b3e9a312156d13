//! What the carrier tells us and asks us outside the stream, also without a database.

use frontdesk::domain::{CallLog, CallSid, CallStatus, Timestamp};
use frontdesk::store::calls;

use super::desk::{Desk, talkative};
use super::visitor::{
    FALLBACK, Form, INBOUND, RawStream, STATUS, STREAM_ENDED, form, get_as, post,
};

async fn row(desk: &Desk, call_sid: &str) -> CallLog {
    let call_sid: CallSid = call_sid.parse().expect("a SID");
    let found = calls::find_by_sid(&desk.store, &call_sid).await;
    found
        .expect("the database answers")
        .expect("there is a row")
}

fn news(call_sid: &str, sequence: usize) -> Form {
    let status = ["initiated", "ringing", "in-progress", "completed"][sequence];
    let mut news = form(call_sid, status);
    let mut add = |name: &str, value: String| news.push((name.to_owned(), value));
    add("SequenceNumber", sequence.to_string());
    add(
        "Timestamp",
        format!("Tue, 01 Jul 2025 10:00:0{sequence} +0000"),
    );
    if status == "completed" {
        add("CallDuration", "42".to_owned());
    }
    news
}

/// Every order of the numbers below `n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1);
    let insert = |order: &Vec<usize>| {
        let order = order.clone();
        (0..n).map(move |at| {
            let mut longer = order.clone();
            longer.insert(at, n - 1);
            longer
        })
    };
    shorter.iter().flat_map(insert).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn w2_news_of_a_call_gives_the_same_row_in_any_order_and_number() {
    let desk = Desk::open(talkative()).await;
    let orders = orders(4);
    assert_eq!(orders.len(), 24);
    for (n, order) in orders.iter().enumerate() {
        let call_sid = format!("CA{n}");
        // The first is told again at the end.
        for sequence in order.iter().chain(order.first()) {
            let answer = post(&desk, STATUS, &news(&call_sid, *sequence)).await;
            assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        }
        let row = row(&desk, &call_sid).await;
        assert_eq!(row.status, CallStatus::Completed, "{order:?}");
        assert_eq!(row.duration_s, Some(42), "{order:?}");
        let ended_at = row.ended_at.map(Timestamp::as_ms);
        assert_eq!(ended_at, Some(1_751_364_003_000), "{order:?}");
    }
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_an_unknown_call_opens_its_entry() {
    let desk = Desk::open(talkative()).await;
    post(&desk, STATUS, &news("CA1", 1)).await;
    assert_eq!(row(&desk, "CA1").await.status, CallStatus::Ringing);
    // What comes next is still the call that rings.
    let answer = post(&desk, INBOUND, &form("CA1", "ringing")).await;
    assert!(!answer.token().is_empty());
    post(&desk, STATUS, &news("CA1", 3)).await;
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_answered_with_words() {
    let desk = Desk::open(talkative()).await;
    let empty = Form::new();
    assert!(post(&desk, INBOUND, &empty).await.is_apology());
    assert!(post(&desk, STREAM_ENDED, &empty).await.is_apology());
    assert!(post(&desk, FALLBACK, &empty).await.is_apology());
    assert_eq!(post(&desk, STATUS, &empty).await.status, 400);
    for path in ["/", "/media", "/api/voice/webhooks/none", "/media-stream/x"] {
        assert_eq!(get_as(&desk, path, None).await.status, 404, "{path}");
    }
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_the_caller_hears_an_apology_when_the_database_is_away() {
    let desk = Desk::open(talkative()).await;
    desk.store.close().await;
    for path in [INBOUND, STREAM_ENDED, FALLBACK] {
        let answer = post(&desk, path, &form("CA1", "ringing")).await;
        assert!(answer.is_apology(), "{path}: {answer:?}");
    }
    let answer = post(&desk, STATUS, &form("CA1", "ringing")).await;
    assert_eq!(answer.status, 204, "the disk has it");
    assert_eq!(desk.model.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn d3_without_database_and_disk_the_carrier_may_repeat_what_it_tells() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let desk = Desk::with(talkative(), |plan| plan.storage = file).await;
    desk.store.close().await;
    let answer = post(&desk, STATUS, &form("CA1", "ringing")).await;
    assert_eq!(answer.status, 503);
    let ready = get_as(&desk, "/readyz", None).await;
    assert_eq!(ready.status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_a_call_goes_on_when_the_database_goes_away() {
    let desk = Desk::open(talkative()).await;
    let token = post(&desk, INBOUND, &form("CA1", "ringing")).await.token();
    desk.store.close().await;
    let mut stream = RawStream::start(&desk, "CA1", &token).await;
    stream.wait_for(|message| message["event"] == "media").await;
    // The log cannot be written; the line is free again all the same.
    let answer = post(&desk, STATUS, &form("CA1", "completed")).await;
    assert_eq!(answer.status, 204);
    assert_eq!(stream.close_code().await, Some(1000));
    desk.is_empty().await;
}
