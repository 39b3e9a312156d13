//! Text messages go out once, whatever is lost on the way.

use frontdesk::domain::{Direction, OptOut, OptOutSource, Party, Pii, Sms, SmsId, SmsState};
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::sms_messages::{self, NewSms, News};
use frontdesk::store::sms_opt_outs;

use super::desk::{DAY, Desk, HOUR, MINUTE};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const OWN: &str = "+15105550101";
const STRANGER: &str = "+15105550102";

/// Somebody writes.
async fn written(desk: &Desk, body: &str) -> SmsId {
    desk.clock.advance_ms(1);
    let id = desk.clock.new_id();
    let [own, stranger]: [Party; 2] = [OWN, STRANGER].map(|text| text.parse().unwrap());
    let new = NewSms {
        id,
        tenant_id: desk.tenant,
        direction: Direction::Outbound,
        message_sid: None,
        own: &own,
        stranger: &stranger,
        user: None,
        body: &Pii::new(body.to_owned()),
        media: &[],
        state: SmsState::Pending,
        at: desk.clock.now(),
    };
    let mut tx = desk.store.begin().await.unwrap();
    let submitted = sms_messages::submit(&mut tx, &new, true).await;
    assert_eq!(submitted.unwrap(), Ok(()));
    tx.commit().await.unwrap();
    id
}

async fn sms(desk: &Desk, id: SmsId) -> Sms {
    let found = sms_messages::find(&desk.store, desk.tenant, id).await;
    found.unwrap().unwrap()
}

async fn account() -> RestAccount {
    let account = RestAccount::open(&[]).await;
    account.own(OWN);
    account
}

#[tokio::test]
async fn a_message_goes_out_and_the_carrier_tells_where_it_stands() {
    on_each_database(async |db| {
        let account = account().await;
        let desk = Desk::open(db, Some(&account)).await;
        let id = written(&desk, "We are open.").await;
        desk.after(0).await;
        let [sent] = account.messages().try_into().unwrap();
        assert_eq!((sent.to.as_str(), sent.from.as_str()), (STRANGER, OWN));
        assert_eq!(sent.body, "We are open.");
        assert_eq!(sms(&desk, id).await.state, SmsState::Queued);
        let form = account.exchanges()[0].request.form.clone();
        let callback = form
            .iter()
            .find(|(name, _)| name == "StatusCallback")
            .unwrap();
        let url = format!("https://desk.example.com/api/voice/webhooks/sms-status?sms={id}");
        assert_eq!(callback.1, url);
        desk.after(HOUR).await;
        assert_eq!(account.messages().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn w6_a_carrier_that_is_busy_or_away_gets_the_message_later() {
    on_each_database(async |db| {
        let account = account().await;
        let desk = Desk::open(db, Some(&account)).await;
        account.fail_next(
            [RestFault::Busy {
                retry_after: Some(1),
            }; 4],
        );
        let id = written(&desk, "We are open.").await;
        desk.after(0).await;
        assert_eq!(account.messages(), []);
        desk.after(2 * MINUTE).await;
        assert_eq!(account.messages().len(), 1);
        assert_eq!(sms(&desk, id).await.state, SmsState::Queued);
    })
    .await;
}

#[tokio::test]
async fn w7_a_message_whose_answer_was_lost_is_looked_for_and_not_sent_twice() {
    on_each_database(async |db| {
        for lost in [
            RestFault::AnswerLost,
            RestFault::FailureAfter(500),
            RestFault::Garbage,
        ] {
            let account = account().await;
            let desk = Desk::open(db, Some(&account)).await;
            // The same words on purpose: two messages.
            let first = written(&desk, "We are open.").await;
            desk.after(0).await;
            account.fail_next([lost]);
            let second = written(&desk, "We are open.").await;
            desk.after(0).await;
            assert_eq!(sms(&desk, second).await.state, SmsState::Unknown);
            desk.after(2 * MINUTE).await;
            assert_eq!(account.messages().len(), 2, "{lost:?}");
            for id in [first, second] {
                assert_eq!(sms(&desk, id).await.state, SmsState::Queued, "{lost:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn w7_a_message_that_was_lost_on_the_way_there_is_sent_again() {
    on_each_database(async |db| {
        let account = account().await;
        let desk = Desk::open(db, Some(&account)).await;
        account.fail_next([RestFault::Failure(500)]);
        let id = written(&desk, "We are open.").await;
        desk.after(0).await;
        assert_eq!(sms(&desk, id).await.state, SmsState::Unknown);
        assert_eq!(account.messages(), []);
        desk.after(2 * MINUTE).await;
        assert_eq!(account.messages().len(), 1);
        assert_eq!(sms(&desk, id).await.state, SmsState::Queued);
    })
    .await;
}

#[tokio::test]
async fn w9_who_said_stop_gets_nothing_even_if_it_was_said_after_the_message_was_written() {
    on_each_database(async |db| {
        let account = account().await;
        let desk = Desk::open(db, Some(&account)).await;
        let id = written(&desk, "We are open.").await;
        let stop = OptOut {
            phone_number: STRANGER.parse().unwrap(),
            source: OptOutSource::Reply,
            created_at: desk.clock.now(),
        };
        sms_opt_outs::put(&desk.store, desk.tenant, &stop)
            .await
            .unwrap();
        desk.after(0).await;
        assert_eq!(account.messages(), []);
        let sms = sms(&desk, id).await;
        assert_eq!(
            (sms.state, sms.error_code),
            (SmsState::Failed, Some(21_610))
        );
    })
    .await;
}

#[tokio::test]
async fn what_the_carrier_refuses_is_not_tried_again_and_says_why() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let id = written(&desk, "We are open.").await;
        desk.after(0).await;
        let failed = sms(&desk, id).await;
        assert_eq!(
            (failed.state, failed.error_code),
            (SmsState::Failed, Some(21_606))
        );
        desk.after(HOUR).await;
        assert_eq!(account.exchanges().len(), 1);
        // Who has no account sends nothing.
        let desk = Desk::open(db, None).await;
        let id = written(&desk, "We are open.").await;
        desk.after(0).await;
        assert_eq!(sms(&desk, id).await.state, SmsState::Failed);
    })
    .await;
}

#[tokio::test]
async fn news_that_come_before_the_answer_are_not_overruled_by_it() {
    on_each_database(async |db| {
        let account = account().await;
        let desk = Desk::open(db, Some(&account)).await;
        account.fail_next([RestFault::AnswerLost]);
        let id = written(&desk, "We are open.").await;
        desk.after(0).await;
        let sid = account.messages()[0].sid.clone();
        let news = News {
            message_sid: Some(&sid),
            id: Some(id),
            state: SmsState::Delivered,
            error_code: None,
        };
        assert!(sms_messages::apply(&desk.store, &news).await.unwrap());
        desk.after(HOUR).await;
        assert_eq!(sms(&desk, id).await.state, SmsState::Delivered);
        assert_eq!(account.exchanges().len(), 1, "there is nothing to look for");
    })
    .await;
}

#[tokio::test]
async fn texts_are_emptied_when_they_were_kept_long_enough() {
    on_each_database(async |db| {
        let account = account().await;
        let desk = Desk::open(db, Some(&account)).await;
        let old = written(&desk, "We were open.").await;
        desk.after(0).await;
        desk.after(89 * DAY).await;
        let new = written(&desk, "We are open.").await;
        assert!(
            sms_messages::find(&desk.store, desk.tenant, old)
                .await
                .unwrap()
                .is_some()
        );
        desk.after(2 * DAY).await;
        assert_eq!(
            sms_messages::find(&desk.store, desk.tenant, old)
                .await
                .unwrap(),
            None
        );
        let left = sms(&desk, new).await;
        assert_eq!(
            (left.body.expose().as_str(), left.state),
            ("We are open.", SmsState::Failed)
        );
        assert_eq!(
            account.messages().len(),
            1,
            "what is two days old is not sent"
        );
    })
    .await;
}
