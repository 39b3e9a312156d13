//! A call that was deleted stays deleted, whatever the carrier tells of it afterwards.

use frontdesk::clock::Clock;
use frontdesk::domain::{CallLog, CallSid, TenantId};
use frontdesk::store::{calls, forgotten_calls, tenants, usage, voicemail_messages};

use super::desk::{Desk, talkative};
use super::visitor::{Form, INBOUND, STATUS, form, post};

const VOICEMAIL: &str = "/api/voice/webhooks/twiml/voicemail";
const RECORDED: &str = "/api/voice/webhooks/voicemail";

async fn find(desk: &Desk, call_sid: &str) -> Option<CallLog> {
    let sid: CallSid = call_sid.parse().unwrap();
    calls::find_by_sid(&desk.store, &sid).await.unwrap()
}

/// A call that came, ended and was deleted, of which this process has heard
/// nothing else.
async fn forgotten(desk: &Desk, call_sid: &str) -> TenantId {
    post(desk, VOICEMAIL, &form(call_sid, "in-progress")).await;
    post(desk, STATUS, &form(call_sid, "completed")).await;
    let call = find(desk, call_sid).await.unwrap();
    let mut tx = desk.store.begin().await.unwrap();
    let now = Clock::system().now();
    let gone = forgotten_calls::forget(&mut tx, call.tenant_id, call.id, now).await;
    assert!(gone.unwrap());
    tx.commit().await.unwrap();
    assert!(find(desk, call_sid).await.is_none());
    call.tenant_id
}

fn recording(call_sid: &str) -> Form {
    let mut form = form(call_sid, "completed");
    let more = [
        ("RecordingSid", "RE1"),
        ("RecordingUrl", "https://api.twilio.com/RE1"),
        ("RecordingStatus", "completed"),
        ("RecordingDuration", "17"),
    ];
    form.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn w3_news_of_a_deleted_call_does_not_bring_it_back_nor_count_it_twice() {
    let desk = Desk::open(talkative()).await;
    let tenant = forgotten(&desk, "CA1").await;
    let day = |zone| frontdesk::domain::Day::of(Clock::system().now(), zone);
    let owner = tenants::find(&desk.store, tenant).await.unwrap().unwrap();
    let today = day(&owner.time_zone);
    let counted = async || {
        let days = usage::list(&desk.store, tenant, (today, today)).await;
        days.unwrap()
            .values()
            .map(|sum| sum.inbound_calls)
            .sum::<i64>()
    };
    let before = counted().await;
    for status in ["in-progress", "completed", "completed"] {
        let answer = post(&desk, STATUS, &form("CA1", status)).await;
        assert_eq!(answer.status, 204, "{}", answer.body);
    }
    let told = post(&desk, RECORDED, &recording("CA1")).await;
    assert_eq!(told.status, 204);
    assert!(find(&desk, "CA1").await.is_none());
    assert_eq!(counted().await, before);
    let (all, page) = Default::default();
    let messages = voicemail_messages::list(&desk.store, tenant, &all, &page).await;
    assert_eq!(messages.unwrap().items, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_deleted_call_is_hung_up_on() {
    let desk = Desk::open(talkative()).await;
    forgotten(&desk, "CA1").await;
    // Somebody else rings first, so that the number could be answered from memory.
    post(&desk, INBOUND, &form("CA2", "ringing")).await;
    for path in [INBOUND, VOICEMAIL] {
        let answer = post(&desk, path, &form("CA1", "ringing")).await;
        assert!(answer.is_hangup(), "{path}: {}", answer.body);
    }
    assert!(find(&desk, "CA1").await.is_none());
    assert!(find(&desk, "CA2").await.is_some());
}
