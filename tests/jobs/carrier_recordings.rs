//! What the carrier recorded: fetched whole, deleted there, and kept of nobody who refused.

use std::time::Duration;

use frontdesk::audio::wav;
use frontdesk::domain::{
    CallId, CallRecording, Consent, ConsentAnswer, ConsentPolicy, Currency, JobKind, Money,
    RecordingFault, RecordingState, RecordingTitle,
};
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::carrier_recordings::{self, News};
use frontdesk::store::{call_consents, call_recordings, calls, jobs};

use super::desk::{DAY, Desk, HOUR, MINUTE};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

fn sound() -> Vec<u8> {
    let mut sound = Vec::new();
    wav::write_stereo(&mut sound, &[0x55; 16_000], &[0x2a; 8_000]).unwrap();
    sound
}

fn consent(desk: &Desk, answer: ConsentAnswer) -> Consent {
    Consent {
        policy: ConsentPolicy::Keypress,
        answer,
        words: None,
        at: desk.clock.now(),
    }
}

/// The carrier tells of what it recorded in a call, once more if it likes.
async fn told(desk: &Desk, call: CallId, has_failed: bool) {
    told_of(desk, call, (RECORDING, has_failed)).await;
}

/// The same of a recording that it calls so.
async fn told_of(desk: &Desk, call: CallId, (carrier_sid, has_failed): (&str, bool)) {
    let title = RecordingTitle {
        id: desk.clock.new_id(),
        tenant_id: desk.tenant,
        call_id: call,
        started_at: desk.clock.now(),
        consent: consent(desk, ConsentAnswer::Agreed),
    };
    let news = News {
        title,
        carrier_sid,
        leg_sid: None,
        has_failed,
        at: desk.clock.now(),
    };
    let mut tx = desk.store.begin().await.unwrap();
    let taken = carrier_recordings::take_down(&mut tx, &news).await;
    taken.unwrap();
    tx.commit().await.unwrap();
}

async fn recordings(desk: &Desk, call: CallId) -> Vec<CallRecording> {
    let those = call_recordings::list_of_call(&desk.store, desk.tenant, call).await;
    those.unwrap()
}

/// The one recording of the call: its state, and what went wrong.
async fn stands(desk: &Desk, call: CallId) -> (RecordingState, Option<RecordingFault>) {
    let those = recordings(desk, call).await;
    assert_eq!(those.len(), 1);
    (those[0].state, those[0].fault)
}

#[tokio::test]
async fn w6_a_recording_is_fetched_whole_however_often_the_carrier_fails_us() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &sound());
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        // Nobody asks the carrier for anything else meanwhile.
        desk.live.lock().unwrap().push(call.call_sid.clone());
        for fault in [
            RestFault::Failure(503),
            RestFault::Garbage,
            RestFault::Busy { retry_after: None },
            RestFault::AnswerLost,
        ] {
            account.fail_next([fault]);
            told(&desk, call.id, false).await;
            desk.after(HOUR).await;
            let (state, _) = stands(&desk, call.id).await;
            // An answer that is lost at once is asked for again by the connection itself.
            let is_fetched = fault == RestFault::AnswerLost && state == RecordingState::Kept;
            assert!(
                is_fetched || state == RecordingState::Finalising,
                "{fault:?}"
            );
            let is_there = !account.recordings().is_empty();
            assert_ne!(is_there, is_fetched, "it is in one place: {fault:?}");
            if is_fetched {
                break;
            }
        }
        desk.after(HOUR).await;
        let recording = recordings(&desk, call.id).await.remove(0);
        assert_eq!(recording.state, RecordingState::Kept);
        assert_eq!(recording.duration_ms, Some(2_000));
        let file = desk.folder.path().join(recording.file.unwrap());
        assert_eq!(std::fs::read(file).unwrap(), sound());
        assert!(account.recordings().is_empty(), "it is here alone");
    })
    .await;
}

#[tokio::test]
async fn w1_a_recording_that_is_told_of_again_is_not_fetched_again() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &sound());
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        for _ in 0..3 {
            told(&desk, call.id, false).await;
            desk.after(MINUTE).await;
        }
        let (state, _) = stands(&desk, call.id).await;
        assert_eq!(state, RecordingState::Kept);
        let asked = account.asked();
        assert_eq!(asked.len(), 2, "fetched and deleted: {asked:?}");
    })
    .await;
}

#[tokio::test]
async fn what_the_carrier_could_not_record_says_so() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        told(&desk, call.id, true).await;
        let fault = Some(RecordingFault::CarrierFailed);
        let state = stands(&desk, call.id).await;
        assert_eq!(state, (RecordingState::Failed, fault));
    })
    .await;
}

#[tokio::test]
async fn what_the_carrier_does_not_have_is_waited_for_a_day() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        told(&desk, call.id, false).await;
        desk.after(HOUR).await;
        let state = stands(&desk, call.id).await;
        assert_eq!(state, (RecordingState::Finalising, None));
        desk.after(DAY).await;
        let state = stands(&desk, call.id).await;
        let fault = Some(RecordingFault::CarrierFailed);
        assert_eq!(state, (RecordingState::Failed, fault));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_kept_of_a_recording_that_nobody_wants() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        // Whoever has refused was recorded all the same.
        let refused = desk.call(1).await;
        let of = (desk.tenant, refused.id);
        let no = consent(&desk, ConsentAnswer::Refused);
        call_consents::note(&desk.store, of, &no).await.unwrap();
        account.keep(RECORDING, &sound());
        told(&desk, refused.id, false).await;
        desk.after(0).await;
        assert_eq!(recordings(&desk, refused.id).await, []);
        assert!(account.recordings().is_empty(), "it is deleted there");
        // Somebody deletes it before it is here, and then its call.
        let call = desk.call(2).await;
        desk.ended(&call, 12).await;
        account.keep(RECORDING, &sound());
        told(&desk, call.id, false).await;
        assert!(desk.forget(call.id).await);
        desk.after(0).await;
        assert_eq!(recordings(&desk, call.id).await, []);
        assert!(account.recordings().is_empty(), "it is deleted there too");
    })
    .await;
}

/// Whoever was to fetch it has given up.
async fn given_up(desk: &Desk) {
    let kinds = [JobKind::CarrierRecording];
    let span = (desk.clock.now(), Duration::from_mins(1));
    let claimed = jobs::claim(&desk.store, &kinds, span, 1).await.unwrap();
    let buried = jobs::bury(&desk.store, &claimed[0], desk.clock.now(), "no disk").await;
    assert!(buried.unwrap());
}

#[tokio::test]
async fn i6_what_was_never_fetched_is_deleted_at_the_carrier_with_its_row() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::open(db, Some(&account)).await;
        for n in 1..=3 {
            let call = desk.call(n).await;
            desk.ended(&call, 12).await;
            let carrier_sid = format!("RE{n:032x}");
            account.keep(&carrier_sid, &sound());
            told_of(&desk, call.id, (&carrier_sid, false)).await;
            given_up(&desk).await;
            desk.after(MINUTE).await;
            let state = stands(&desk, call.id).await;
            assert_eq!(state, (RecordingState::Finalising, None));
            assert_eq!(account.recordings().len(), 1, "nobody asks for it");
            match n {
                1 => {
                    let recording = recordings(&desk, call.id).await.remove(0);
                    let mut tx = desk.store.begin().await.unwrap();
                    let why = RecordingFault::Deleted;
                    let now = desk.clock.now();
                    let deleted = call_recordings::delete(&mut tx, &recording, why, now).await;
                    assert!(deleted.unwrap());
                    tx.commit().await.unwrap();
                }
                2 => assert!(desk.forget(call.id).await),
                // Its time has come, as of any other.
                _ => desk.after(91 * DAY).await,
            }
            desk.after(MINUTE).await;
            assert!(account.recordings().is_empty(), "it is deleted there: {n}");
            let is_left = |one: &CallRecording| one.state != RecordingState::Deleted;
            assert!(!recordings(&desk, call.id).await.iter().any(is_left), "{n}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_the_carrier_records_costs_once_what_its_list_says() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &sound());
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        for _ in 0..2 {
            told(&desk, call.id, false).await;
            desk.after(HOUR).await;
        }
        let priced = async || {
            let found = calls::find(&desk.store, desk.tenant, call.id).await;
            found.unwrap().unwrap().bill.recording
        };
        let a_minute = Money {
            micros: 2_500,
            currency: Currency::Usd,
        };
        assert_eq!(
            priced().await,
            Some(a_minute),
            "a minute that has begun counts"
        );
        // Who deletes it has paid for it.
        let recording = recordings(&desk, call.id).await.remove(0);
        let mut tx = desk.store.begin().await.unwrap();
        let why = RecordingFault::Deleted;
        let deleted = call_recordings::delete(&mut tx, &recording, why, desk.clock.now());
        deleted.await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(priced().await, Some(a_minute));
    })
    .await;
}
