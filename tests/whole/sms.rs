//! Text messages as the carrier tells of them: twice, long, in pictures, and out of order.

use frontdesk::clock::Clock;
use frontdesk::domain::{
    Direction, OptOut, OptOutSource, Party, Pii, Sms, SmsId, SmsState, TenantId,
};
use frontdesk::store::sms_messages::{self, Filter, NewSms};
use frontdesk::store::{page, sms_opt_outs, tenants};

use super::desk::{Desk, talkative};
use super::visitor::{Answer, Form, post, post_as};

const SMS: &str = "/api/voice/webhooks/sms";
const SMS_STATUS: &str = "/api/voice/webhooks/sms-status";
const STRANGER: &str = "+15550000001";

async fn tenant(desk: &Desk) -> TenantId {
    let found = tenants::default_tenant(&desk.store).await;
    found.unwrap().unwrap().id
}

async fn all(desk: &Desk) -> Vec<Sms> {
    let page = page::Request::default();
    let filter = Filter::default();
    let found = sms_messages::list(&desk.store, tenant(desk).await, &filter, &page);
    found.await.unwrap().items
}

async fn opted_out(desk: &Desk) -> Option<OptOutSource> {
    let number = STRANGER.parse().unwrap();
    let found = sms_opt_outs::find(&desk.store, tenant(desk).await, &number).await;
    found.unwrap().map(|opt_out| opt_out.source)
}

fn form(message_sid: &str, body: &str, more: &[(&str, &str)]) -> Form {
    let usual = [
        ("MessageSid", message_sid),
        ("SmsSid", message_sid),
        ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
        ("From", STRANGER),
        ("To", "+15550000002"),
        ("Body", body),
        ("NumSegments", "1"),
        ("SmsStatus", "received"),
        ("ApiVersion", "2010-04-01"),
    ];
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    usual.iter().chain(more).map(own).collect()
}

fn is_empty_answer(answer: &Answer) -> bool {
    answer.status == 200 && answer.body.contains("<Response/>")
}

#[tokio::test(flavor = "multi_thread")]
async fn w9_a_message_that_is_told_again_is_one_with_all_its_words_and_pictures() {
    let desk = Desk::open(talkative()).await;
    let long = format!("{}👋🏽 ", "ä".repeat(1_590));
    let mut with_media = vec![("NumMedia".to_owned(), "10".to_owned())];
    for n in 0..10 {
        with_media.push((
            format!("MediaUrl{n}"),
            format!("https://api.twilio.com/media/{n}"),
        ));
        with_media.push((format!("MediaContentType{n}"), "image/jpeg".to_owned()));
    }
    let more: Vec<_> = with_media
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    for _ in 0..3 {
        for form in [form("SM1", &long, &[]), form("MM2", "", &more)] {
            let answer = post(&desk, SMS, &form).await;
            assert!(is_empty_answer(&answer), "{}", answer.body);
        }
    }
    let again = form("SM1", &long, &[]);
    futures::future::join_all((0..5).map(|_| post(&desk, SMS, &again))).await;
    let mut all = all(&desk).await;
    all.sort_by_key(|sms| sms.media);
    let [words, pictures] = all.as_slice() else {
        panic!("{} messages", all.len());
    };
    assert_eq!(words.body.expose(), &long);
    assert_eq!(words.state, SmsState::Received);
    assert_eq!((pictures.media, pictures.body.expose().as_str()), (10, ""));
    let media = sms_messages::media(&desk.store, pictures.tenant_id, pictures.id).await;
    let media = media.unwrap();
    assert_eq!(media[9].carrier_url, "https://api.twilio.com/media/9");
    assert_eq!(media[9].mime.as_deref(), Some("image/jpeg"));
    desk.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w9_stop_is_heeded_until_they_write_start_and_a_replay_changes_nothing() {
    let desk = Desk::open(talkative()).await;
    let say = async |sid: &str, body: &str, more: &[(&str, &str)]| {
        let answer = post(&desk, SMS, &form(sid, body, more)).await;
        assert!(is_empty_answer(&answer), "{}", answer.body);
    };
    say("SM1", "please stop", &[]).await;
    assert_eq!(opted_out(&desk).await, None);
    say("SM2", "Stop.", &[]).await;
    assert_eq!(opted_out(&desk).await, Some(OptOutSource::Reply));
    say("SM3", "START", &[]).await;
    assert_eq!(opted_out(&desk).await, None);
    say("SM2", "Stop.", &[]).await;
    assert_eq!(opted_out(&desk).await, None, "it was heeded before");
    say("SM4", "no more", &[("OptOutType", "STOP")]).await;
    assert_eq!(opted_out(&desk).await, Some(OptOutSource::Reply));
    say("SM5", "STOP", &[("OptOutType", "HELP")]).await;
    assert_eq!(opted_out(&desk).await, Some(OptOutSource::Reply));
    say("SM6", "yes", &[("OptOutType", "START")]).await;
    assert_eq!(opted_out(&desk).await, None);
    // What a member was told is overruled by what they say themselves.
    let opt_out = OptOut {
        phone_number: STRANGER.parse().unwrap(),
        source: OptOutSource::Member,
        created_at: Clock::system().now(),
    };
    let tenant = tenant(&desk).await;
    sms_opt_outs::put(&desk.store, tenant, &opt_out)
        .await
        .unwrap();
    say("SM7", "STOP", &[]).await;
    assert_eq!(opted_out(&desk).await, Some(OptOutSource::Reply));
    sms_opt_outs::put(&desk.store, tenant, &opt_out)
        .await
        .unwrap();
    assert_eq!(opted_out(&desk).await, Some(OptOutSource::Reply));
}

#[tokio::test(flavor = "multi_thread")]
async fn w4_nobody_but_the_carrier_writes_to_us() {
    let desk = Desk::open(talkative()).await;
    let form = form("SM1", "hello", &[]);
    for path in [SMS, SMS_STATUS] {
        for signature in [None, Some("bm9uc2Vuc2U=")] {
            let answer = post_as(&desk, path, &form, signature).await;
            assert_eq!(answer.status, 403, "{path}");
        }
    }
    assert_eq!(all(&desk).await, []);
    let without = [("Body".to_owned(), "hello".to_owned())];
    assert_eq!(post(&desk, SMS, &without).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn w9_a_message_that_cannot_be_kept_is_told_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let desk = Desk::with(talkative(), |plan| plan.storage = file).await;
    desk.store.close().await;
    let answer = post(&desk, SMS, &form("SM1", "hello", &[])).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
}

/// A message of ours that the carrier has not named yet.
async fn pending(desk: &Desk) -> SmsId {
    let clock = Clock::system();
    let id = clock.new_id();
    let [own, stranger]: [Party; 2] = ["+15550000002", STRANGER].map(|text| text.parse().unwrap());
    let new = NewSms {
        id,
        tenant_id: tenant(desk).await,
        direction: Direction::Outbound,
        message_sid: None,
        own: &own,
        stranger: &stranger,
        user: None,
        body: &Pii::new("We are open.".to_owned()),
        media: &[],
        state: SmsState::Pending,
        at: clock.now(),
    };
    let mut tx = desk.store.begin().await.unwrap();
    assert!(sms_messages::insert(&mut tx, &new).await.unwrap());
    tx.commit().await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn w2_news_of_a_message_of_ours_end_in_the_same_state_in_any_order() {
    let desk = Desk::open(talkative()).await;
    let news = [
        ("queued", None),
        ("sent", None),
        ("undelivered", Some("30003")),
        ("delivered", None),
    ];
    let orders = [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [1, 3, 2, 0],
        [2, 0, 3, 1],
    ];
    for (n, order) in orders.iter().enumerate() {
        let id = pending(&desk).await;
        let sid = format!("SM{n}");
        for at in order.iter().chain(&order[..2]) {
            let (state, code) = news[*at];
            let mut more = vec![("MessageStatus", state)];
            more.extend(code.map(|code| ("ErrorCode", code)));
            let path = format!("{SMS_STATUS}?sms={id}");
            let answer = post(&desk, &path, &form(&sid, "", &more)).await;
            assert_eq!(answer.status, 204, "{}", answer.body);
        }
        let found = sms_messages::find(&desk.store, tenant(&desk).await, id).await;
        assert_eq!(
            found.unwrap().unwrap().state,
            SmsState::Delivered,
            "{order:?}"
        );
    }
    // Of one that is not ours there is nothing to note, and nothing to repeat.
    let answer = post(
        &desk,
        SMS_STATUS,
        &form("SMx", "", &[("MessageStatus", "sent")]),
    )
    .await;
    assert_eq!(answer.status, 204);
}
