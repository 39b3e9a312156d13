//! What people said to one another: written down from the recording, turn by turn.

use std::str::FromStr as _;
use std::time::Duration;

use frontdesk::audio::wav;
use frontdesk::domain::{
    AnsweredBy, CallId, CallSid, Currency, Direction, Entry, Lock, Money, OpenState, PhoneNumber,
    Pii, RecordedTurn, RecordedVoice, SettingKey, SettingValue, Speaker, Utterance, Wishes,
};
use frontdesk::routing::{Ring, RingStop, Route, Stop, Telephone};
use frontdesk::store::calls::NewCall;
use frontdesk::store::carrier_recordings::{self, News};
use frontdesk::store::outbound_calls::{self, NewOutbound};
use frontdesk::store::page;
use frontdesk::store::{
    Search, call_events, call_recordings, call_routes, call_search, calls, recorded_turns,
    settings, utterances,
};

use super::desk::{Desk, HOUR, sid};
use crate::support::announced::announced;
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;
use crate::support::transcriber::{Saying, TranscriberServer};

const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

/// Half seconds of a track, `#` where there is a voice.
fn track(spoken: &str) -> Vec<u8> {
    let half = |letter| match letter {
        '#' => [0x10, 0x90].repeat(2_000),
        _ => vec![0xff; 4_000],
    };
    spoken.chars().flat_map(half).collect()
}

fn sound(left: &str, right: &str) -> Vec<u8> {
    let mut sound = Vec::new();
    wav::write_stereo(&mut sound, &track(left), &track(right)).unwrap();
    sound
}

/// Two words of the one, an answer, and one word more.
fn conversation() -> Vec<u8> {
    sound("##______#_", "___###____")
}

async fn set(desk: &Desk, key: SettingKey, value: SettingValue) {
    let lock = Lock::Unlocked;
    let entry = Entry { value, lock };
    let set = settings::put_tenant(&desk.store, desk.tenant, key, (&entry, desk.clock.now()));
    set.await.unwrap();
}

async fn wants_words(desk: &Desk) {
    set(
        desk,
        SettingKey::AutoTranscribeCalls,
        SettingValue::Truth(true),
    )
    .await;
}

/// The carrier tells of what it has recorded in a call.
async fn told(desk: &Desk, call: CallId) {
    told_by(desk, call, None).await;
}

/// The same of the carrier's call of that name.
async fn told_by(desk: &Desk, call: CallId, leg: Option<&CallSid>) {
    let now = desk.clock.now();
    let news = News {
        title: announced(desk.clock.new_id(), (desk.tenant, call), now),
        carrier_sid: RECORDING,
        leg_sid: leg,
        has_failed: false,
        at: now,
    };
    let mut tx = desk.store.begin().await.unwrap();
    let taken = carrier_recordings::take_down(&mut tx, &news).await;
    taken.unwrap();
    tx.commit().await.unwrap();
}

async fn turns(desk: &Desk, call: CallId) -> Vec<RecordedTurn> {
    let turns = recorded_turns::list(&desk.store, desk.tenant, call).await;
    turns.unwrap()
}

/// Who said what.
async fn words(desk: &Desk, call: CallId) -> Vec<(RecordedVoice, String)> {
    let turns = turns(desk, call).await.into_iter();
    turns
        .map(|turn| (turn.voice, turn.text.into_inner()))
        .collect()
}

async fn found(desk: &Desk, text: &str) -> Vec<CallId> {
    let filter = call_search::Filter {
        search: Some(Search::from_str(text).unwrap()),
        ..Default::default()
    };
    let page = page::Request::default();
    let found = call_search::list(&desk.store, desk.tenant, &filter, &page).await;
    let found = found.unwrap().items.into_iter();
    found.map(|call| call.id).collect()
}

/// A member answers the `n`th call.
async fn answered(desk: &Desk, n: u32) -> NewCall {
    let call = desk.call(n).await;
    let by = (AnsweredBy::Person, desk.clock.now());
    let marked = calls::mark_answered(&desk.store, desk.tenant, call.id, by).await;
    assert!(marked.unwrap());
    call
}

#[tokio::test]
async fn people_are_written_down_turn_by_turn_and_the_call_is_found_by_their_words() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &conversation());
        let sayings = ["Hello, it is Ada.", "Good day, this is Brown.", "Splendid!"];
        let transcriber = TranscriberServer::open(&sayings.map(Saying::Words)).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        wants_words(&desk).await;
        let call = answered(&desk, 1).await;
        let before = Utterance {
            speaker: Speaker::Caller,
            text: Pii::new("Somebody human, please.".to_owned()),
            started: Duration::ZERO,
            interrupted: false,
        };
        let put = utterances::put(&desk.store, desk.tenant, call.id, 0, &before).await;
        put.unwrap();
        desk.clock.advance_ms(7_000);
        told(&desk, call.id).await;
        desk.after(HOUR).await;
        let turns = turns(&desk, call.id).await;
        let told: Vec<_> = turns
            .iter()
            .map(|turn| (turn.voice, turn.text.expose().as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (RecordedVoice::Caller, sayings[0]),
                (RecordedVoice::Person, sayings[1]),
                (RecordedVoice::Caller, sayings[2])
            ]
        );
        // From when the call was answered, with a little silence before.
        let began: Vec<u128> = turns
            .iter()
            .map(|turn| turn.started.as_millis() - 7_000)
            .collect();
        assert_eq!(began, [0, 1_300, 3_800]);
        // Each turn alone, and nothing but it: 1.2 s, 1.9 s, 0.9 s.
        let bytes: Vec<usize> = transcriber
            .asked()
            .iter()
            .map(|asked| asked.bytes - 44)
            .collect();
        assert_eq!(bytes, [19_200, 30_400, 14_400]);
        for text in ["brown", "splendid", "human"] {
            assert_eq!(found(&desk, text).await, [call.id], "{text}");
        }
        let events = call_events::list(&desk.store, desk.tenant, call.id).await;
        let events = events.unwrap();
        assert_eq!(events.last().unwrap().kind, "recording.transcribed");
    })
    .await;
}

#[tokio::test]
async fn of_a_call_that_a_member_places_the_first_track_is_the_members() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &conversation());
        let transcriber =
            TranscriberServer::open(&["One", "two", "three"].map(Saying::Words)).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        let number: PhoneNumber = "+15550002222".parse().unwrap();
        let call = NewCall {
            direction: Direction::Outbound,
            ..desk.new_call(1)
        };
        let placed = NewOutbound {
            call: call.clone(),
            user_id: None,
            contact_id: None,
            // Of this one call, whatever the settings say.
            wishes: Wishes {
                transcript: Some(true),
                ..Wishes::default()
            },
            rung: number.clone(),
        };
        let mut tx = desk.store.begin().await.unwrap();
        outbound_calls::insert(&mut tx, &placed).await.unwrap();
        tx.commit().await.unwrap();
        let ring = RingStop::one(Telephone::outside(number), None, Ring::default());
        let route = Route {
            stops: vec![Stop::Ring(ring)],
            open_state: OpenState::Open,
            language: Some("de-AT".to_owned()),
            steps: Vec::new(),
        };
        let of = (desk.tenant, call.id);
        let kept = call_routes::insert(&desk.store, of, &route, desk.clock.now()).await;
        kept.unwrap();
        told(&desk, call.id).await;
        desk.after(HOUR).await;
        let words = words(&desk, call.id).await;
        let voices: Vec<RecordedVoice> = words.into_iter().map(|(voice, _)| voice).collect();
        assert_eq!(
            voices,
            [
                RecordedVoice::Person,
                RecordedVoice::Caller,
                RecordedVoice::Person
            ]
        );
        let asked = transcriber.asked();
        assert!(
            asked
                .iter()
                .all(|asked| asked.language.as_deref() == Some("de"))
        );
    })
    .await;
}

#[tokio::test]
async fn the_first_track_is_of_the_call_that_was_recorded() {
    on_each_database(async |db| {
        for (n, is_callers) in [(1, true), (2, false)] {
            let account = RestAccount::open(&[]).await;
            account.keep(RECORDING, &conversation());
            let sayings = ["One", "two", "three"].map(Saying::Words);
            let transcriber = TranscriberServer::open(&sayings).await;
            let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
            wants_words(&desk).await;
            let call = answered(&desk, n).await;
            let member: CallSid = sid(9).parse().unwrap();
            let leg = if is_callers { &call.call_sid } else { &member };
            told_by(&desk, call.id, Some(leg)).await;
            desk.after(HOUR).await;
            let words = words(&desk, call.id).await;
            let first = words.first().map(|(voice, _)| *voice);
            let expected = if is_callers {
                RecordedVoice::Caller
            } else {
                RecordedVoice::Person
            };
            assert_eq!(first, Some(expected));
        }
    })
    .await;
}

#[tokio::test]
async fn w6_what_the_transcriber_cannot_write_now_goes_on_where_it_broke_off() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &conversation());
        let sayings = [
            Saying::Words("One"),
            Saying::Busy(1),
            // Nobody has said a word, and that is kept in mind as well.
            Saying::Words(""),
            Saying::Garbage,
            Saying::Status(503),
            Saying::Words("three"),
        ];
        let transcriber = TranscriberServer::open(&sayings).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        wants_words(&desk).await;
        let call = answered(&desk, 1).await;
        told(&desk, call.id).await;
        for _ in 0..5 {
            desk.after(HOUR).await;
        }
        let said = ["One", "three"].map(|text| (RecordedVoice::Caller, text.to_owned()));
        assert_eq!(words(&desk, call.id).await, said);
        assert_eq!(transcriber.asked().len(), sayings.len());
        // Of 1.2 s, 1.9 s and 0.9 s, also where nobody has said a word; not of a refusal.
        let written = 90 + 143 + 68;
        let cost = async || desk.log(call.id).await.bill.transcription.unwrap().micros;
        assert_eq!(cost().await, written);
        // Whoever writes down a turn that was written down keeps and counts it no more.
        let of = call_recordings::list_of_call(&desk.store, desk.tenant, call.id).await;
        let title = of.unwrap().remove(0).title;
        let again = RecordedTurn {
            voice: RecordedVoice::Unknown,
            text: Pii::new("Un".to_owned()),
            started: Duration::ZERO,
        };
        let price = Money {
            micros: 7,
            currency: Currency::Usd,
        };
        let put = async |ordinal| {
            let put = recorded_turns::put(&desk.store, &title, ordinal, &again, Some(price));
            put.await.unwrap()
        };
        assert!(put(0).await);
        assert_eq!(
            (words(&desk, call.id).await, cost().await),
            (said.into(), written)
        );
        assert!(put(3).await);
        assert_eq!(cost().await, written + 7, "a turn more");
    })
    .await;
}

#[tokio::test]
async fn a_recording_on_one_track_does_not_say_who_speaks() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let mut sound = Vec::new();
        wav::write_mono(&mut sound, &track("_##_______#_")).unwrap();
        account.keep(RECORDING, &sound);
        let transcriber = TranscriberServer::open(&["One", "two"].map(Saying::Words)).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        wants_words(&desk).await;
        let call = answered(&desk, 1).await;
        told(&desk, call.id).await;
        desk.after(HOUR).await;
        let said = ["One", "two"].map(|text| (RecordedVoice::Unknown, text.to_owned()));
        assert_eq!(words(&desk, call.id).await, said);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_written_down_who_is_not_to_be() {
    on_each_database(async |db| {
        let off = SettingValue::Truth(false);
        let carrier = SettingValue::Text("carrier".to_owned());
        for (n, key, value) in [
            (1, SettingKey::AutoTranscribeCalls, off.clone()),
            (2, SettingKey::EnableAiTranscription, off),
            (3, SettingKey::TranscriptionProvider, carrier),
        ] {
            let account = RestAccount::open(&[]).await;
            account.keep(RECORDING, &conversation());
            let transcriber = TranscriberServer::open(&[]).await;
            let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
            wants_words(&desk).await;
            set(&desk, key, value).await;
            let call = answered(&desk, n).await;
            told(&desk, call.id).await;
            desk.after(HOUR).await;
            assert_eq!(words(&desk, call.id).await, [], "{key:?}");
            assert_eq!(transcriber.asked(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_meanwhile_is_written_down_no_further() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, &conversation());
        let transcriber = TranscriberServer::open(&[Saying::Words("One")]).await;
        let desk = Desk::hearing(db, Some(&account), Some(&transcriber)).await;
        wants_words(&desk).await;
        let call = answered(&desk, 1).await;
        told(&desk, call.id).await;
        desk.after(0).await;
        assert_eq!(transcriber.asked().len(), 2, "the second was refused");
        let of = call_recordings::list_of_call(&desk.store, desk.tenant, call.id).await;
        let recording = of.unwrap().remove(0);
        let mut tx = desk.store.begin().await.unwrap();
        let why = frontdesk::domain::RecordingFault::Deleted;
        let deleted = call_recordings::delete(&mut tx, &recording, why, desk.clock.now());
        deleted.await.unwrap();
        tx.commit().await.unwrap();
        desk.after(HOUR).await;
        assert_eq!(transcriber.asked().len(), 2);
        let paid = desk.log(call.id).await.bill.transcription;
        assert_eq!(
            paid.unwrap().micros,
            90,
            "whoever deletes it has paid for it"
        );
        // What was written down stays with the call, and goes with it.
        assert_eq!(words(&desk, call.id).await.len(), 1);
        desk.ended(&call, 12).await;
        assert!(desk.forget(call.id).await);
        assert_eq!(words(&desk, call.id).await, []);
    })
    .await;
}
