//! What callers said: fetched, written down, and deleted everywhere when it is deleted here.

use frontdesk::audio::wav;
use frontdesk::domain::{
    CallId, CostPart, Currency, Day, Entry, Lock, MessageId, MessageSound, SettingKey,
    SettingValue, VoicemailMessage,
};
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::voicemail_messages::{self as messages, News};
use frontdesk::store::{forgotten_calls, settings, usage};

use super::desk::{DAY, Desk, HOUR, MINUTE};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;
use crate::support::transcriber::{Saying, TranscriberServer};

const SOUND: &[u8] = b"RIFF....WAVEfmt hello, this is Ada";
const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

/// The carrier tells of a message in the `n`th call, as often as it likes.
async fn told(desk: &Desk, call: &frontdesk::store::calls::NewCall, sound: MessageSound) {
    let log = desk.log(call.id).await;
    let news = News {
        id: desk.clock.new_id(),
        call: &log,
        recording_sid: RECORDING,
        user: None,
        sound,
        duration_s: Some(12),
        carrier_url: None,
        transcript: None,
        at: desk.clock.now(),
    };
    messages::merge(&desk.store, &news).await.unwrap();
}

async fn message(desk: &Desk) -> Option<VoicemailMessage> {
    let found = messages::find_by_recording(&desk.store, desk.tenant, RECORDING).await;
    found.unwrap()
}

fn file(desk: &Desk, id: MessageId) -> std::path::PathBuf {
    let folder = desk.folder.path().join(desk.tenant.to_string());
    folder.join("voicemail").join(format!("{id}.wav"))
}

async fn set(desk: &Desk, key: SettingKey, value: SettingValue) {
    let entry = Entry {
        value,
        lock: Lock::Unlocked,
    };
    let set = settings::put_tenant(&desk.store, desk.tenant, key, (&entry, desk.clock.now()));
    set.await.unwrap();
}

#[tokio::test]
async fn a_message_is_fetched_and_written_down_once_however_often_the_carrier_tells() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let transcriber = TranscriberServer::open(&[Saying::Words("Hier ist Ädä.")]).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        let call = desk.call(1).await;
        told(&desk, &call, MessageSound::Pending).await;
        desk.after(0).await;
        assert_eq!(
            account.exchanges().len(),
            0,
            "there is nothing to fetch yet"
        );
        for _ in 0..3 {
            told(&desk, &call, MessageSound::Recorded).await;
            desk.after(0).await;
        }
        let message = message(&desk).await.unwrap();
        assert_eq!(message.transcript.unwrap().expose(), "Hier ist Ädä.");
        assert_eq!(std::fs::read(file(&desk, message.id)).unwrap(), SOUND);
        assert_eq!(
            (account.exchanges().len(), transcriber.asked().len()),
            (1, 1)
        );
        let filter = messages::Filter {
            search: Some("ÄDÄ".to_owned()),
            ..messages::Filter::default()
        };
        let page = frontdesk::store::page::Request::default();
        let found = messages::list(&desk.store, desk.tenant, &filter, &page).await;
        assert_eq!(found.unwrap().items.len(), 1);
    })
    .await;
}

/// What it cost to have messages of the call written down, in millionths, and what of
/// that counts for the day.
async fn written_for(desk: &Desk, call: CallId) -> (Option<i64>, Option<i64>) {
    let cost = desk.log(call).await.bill.transcription;
    let day = Day::of(desk.clock.now(), "Europe/Zurich");
    let days = usage::list(&desk.store, desk.tenant, (day, day)).await;
    let money = days.unwrap().remove(&day).map(|totals| totals.money);
    let what = (CostPart::Transcription, Currency::Usd);
    let counted = money.and_then(|money| money.get(&what).copied());
    (cost.map(|money| money.micros), counted)
}

#[tokio::test]
async fn a_message_that_is_written_down_costs_by_its_length_and_once() {
    let mut two_seconds = Vec::new();
    wav::write_mono(&mut two_seconds, &[0xff; 16_000]).unwrap();
    on_each_database(async |db| {
        for (n, sound, saying, micros) in [
            (1, &two_seconds[..], Saying::Words(""), 150),
            // The transcriber does not say how much it was.
            (2, &two_seconds[..], Saying::Uncounted("Hello"), 150),
            // Nor does the sound: the carrier does.
            (3, SOUND, Saying::Uncounted(""), 900),
            // The transcriber knows better than the carrier.
            (4, SOUND, Saying::Words("Hello"), 225),
        ] {
            let account = RestAccount::open(&[]).await;
            account.keep(RECORDING, sound);
            let transcriber = TranscriberServer::open(&[saying.clone(), saying]).await;
            let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
            let call = desk.call(n).await;
            told(&desk, &call, MessageSound::Recorded).await;
            desk.after(0).await;
            assert_eq!(written_for(&desk, call.id).await, (Some(micros), None));
            desk.ended(&call, 60).await;
            let counted = (Some(micros), Some(micros));
            assert_eq!(written_for(&desk, call.id).await, counted, "call {n}");
            // Whoever did it has died before it was known that it was done.
            db.execute(&format!(
                "UPDATE jobs SET finished_at_ms = NULL, locked_until_ms = 0, payload = '{RECORDING}'
                WHERE kind = 'message_sound' AND tenant_id = '{}'",
                desk.tenant
            ))
            .await;
            desk.after(HOUR).await;
            let asked = transcriber.asked().len();
            let is_silent = message(&desk).await.unwrap().transcript.is_none();
            assert_eq!(asked, if is_silent { 2 } else { 1 }, "call {n}");
            assert_eq!(written_for(&desk, call.id).await, counted, "call {n}");
        }
    })
    .await;
}

#[tokio::test]
async fn w6_what_the_carrier_or_the_transcriber_cannot_give_now_is_asked_for_again() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let sayings = [
            Saying::Status(503),
            Saying::Busy(90),
            Saying::Words("Hello"),
        ];
        let transcriber = TranscriberServer::open(&sayings).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        let call = desk.call(1).await;
        told(&desk, &call, MessageSound::Recorded).await;
        desk.after(0).await;
        assert_eq!(account.exchanges().len(), 1, "it is not there yet");
        account.keep(RECORDING, SOUND);
        account.fail_next([
            RestFault::Failure(500),
            RestFault::Failure(500),
            RestFault::Failure(500),
        ]);
        desk.after(2 * MINUTE).await;
        assert!(!file(&desk, message(&desk).await.unwrap().id).exists());
        desk.after(HOUR).await;
        assert!(file(&desk, message(&desk).await.unwrap().id).exists());
        for _ in 0..2 {
            desk.after(HOUR).await;
        }
        let message = message(&desk).await.unwrap();
        assert_eq!(message.transcript.unwrap().expose(), "Hello");
        assert_eq!(transcriber.asked().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn nothing_is_written_down_that_the_tenant_does_not_want_written() {
    on_each_database(async |db| {
        for (key, value) in [
            (
                SettingKey::AutoTranscribeVoicemails,
                SettingValue::Truth(false),
            ),
            (
                SettingKey::EnableAiTranscription,
                SettingValue::Truth(false),
            ),
            (
                SettingKey::TranscriptionProvider,
                SettingValue::Text("carrier".to_owned()),
            ),
        ] {
            let account = RestAccount::open(&[]).await;
            account.keep(RECORDING, SOUND);
            let transcriber = TranscriberServer::open(&[]).await;
            let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
            set(&desk, key, value).await;
            // Another call for each: they share a database.
            let n = 1 + key as u32;
            let call = desk.call(n).await;
            told(&desk, &call, MessageSound::Recorded).await;
            desk.after(0).await;
            let message = message(&desk).await.unwrap();
            assert_eq!(message.transcript, None, "{key:?}");
            assert!(file(&desk, message.id).exists());
            assert_eq!(transcriber.asked(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_deleted_goes_here_and_at_the_carrier() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        told(&desk, &call, MessageSound::Recorded).await;
        desk.after(0).await;
        let message = message(&desk).await.unwrap();
        let file = file(&desk, message.id);
        assert!(file.exists());
        let mut tx = desk.store.begin().await.unwrap();
        assert!(
            messages::delete(&mut tx, &message, desk.clock.now())
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        account.fail_next([RestFault::Failure(503); 4]);
        desk.after(0).await;
        assert!(!file.exists());
        assert_eq!(account.recordings().len(), 1, "the carrier does not answer");
        desk.after(HOUR).await;
        assert_eq!(account.recordings(), []);
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_too_long_or_was_said_in_a_forgotten_call_goes_everywhere_too() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        desk.ended(&call, 30).await;
        told(&desk, &call, MessageSound::Recorded).await;
        desk.after(0).await;
        let old = file(&desk, message(&desk).await.unwrap().id);
        assert!(old.exists());
        desk.after(31 * DAY).await;
        assert!(message(&desk).await.is_none());
        assert!(!old.exists());
        assert_eq!(account.recordings(), []);
        assert!(desk.forget(call.id).await);
    })
    .await;
}

#[tokio::test]
async fn what_was_recorded_in_a_call_that_is_deleted_goes_too_however_late_it_is_told() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::open(db, Some(&account)).await;
        let call = desk.call(1).await;
        desk.ended(&call, 30).await;
        assert!(desk.forget(call.id).await);
        let owner = forgotten_calls::owner(&desk.store, &call.call_sid).await;
        assert_eq!(owner.unwrap(), Some(desk.tenant));
        for _ in 0..2 {
            let mut tx = desk.store.begin().await.unwrap();
            let (tenant, now) = (desk.tenant, desk.clock.now());
            let told = forgotten_calls::forget_recording(&mut tx, tenant, RECORDING, now).await;
            told.unwrap();
            tx.commit().await.unwrap();
        }
        desk.after(0).await;
        assert_eq!(account.recordings(), []);

        // One that was told of before the call was deleted goes with it.
        account.keep(RECORDING, SOUND);
        let second = desk.call(2).await;
        desk.ended(&second, 30).await;
        told(&desk, &second, MessageSound::Recorded).await;
        desk.after(0).await;
        let heard = file(&desk, message(&desk).await.unwrap().id);
        assert!(heard.exists());
        assert!(desk.forget(second.id).await);
        desk.after(0).await;
        assert!(!heard.exists());
        assert_eq!(account.recordings(), []);
    })
    .await;
}
