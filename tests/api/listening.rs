//! Listening to messages: the sound comes from the carrier once, whole or in parts.

use axum::body::Body;
use axum::http::Request;
use frontdesk::domain::{CallStatus, JobKind, MessageSound, Role, TenantId, UserId};
use frontdesk::recordings::Recordings;
use frontdesk::rehearsal::rest::RestFault;
use frontdesk::store::call_recordings::{self, KeptFile};
use frontdesk::store::voicemail_messages::{self as messages, News};
use frontdesk::store::{calls, jobs};
use serde_json::json;
use tower::ServiceExt as _;

use super::desk::{Answer, Desk};
use crate::support::announced::announced;
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const SOUND: &[u8] = b"RIFF....WAVEfmt and so on: hello, this is Ada";
const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

/// A message in a call of the tenant's; the address of its sound.
async fn left(desk: &Desk, tenant: TenantId, sid: &str, sound: MessageSound) -> String {
    let call = desk.call(tenant, sid).await;
    let call = calls::find(&desk.store, tenant, call).await.unwrap();
    let id = desk.clock.new_id();
    let news = News {
        id,
        call: &call.unwrap(),
        recording_sid: RECORDING,
        user: None,
        sound,
        duration_s: Some(2),
        carrier_url: Some("https://api.twilio.com/elsewhere"),
        transcript: None,
        at: desk.clock.now(),
    };
    messages::merge(&desk.store, &news).await.unwrap();
    format!("/api/voicemail/messages/{id}/audio")
}

/// How many messages wait for their sound to be deleted.
async fn forgotten(desk: &Desk) -> i64 {
    let waiting = jobs::waiting(&desk.store).await.unwrap();
    let those = waiting
        .iter()
        .filter(|one| one.kind == JobKind::ForgottenMessage);
    those.map(|one| one.jobs).sum()
}

/// Asks for a part of it.
async fn part(desk: &Desk, path: &str, key: &str, range: &str) -> Answer {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {key}"))
        .header("range", range)
        .body(Body::empty())
        .unwrap();
    let Ok(response) = desk.router.clone().oneshot(request).await;
    Answer::from(response).await
}

fn header(answer: &Answer, name: &str) -> String {
    let value = answer
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_message_is_fetched_from_the_carrier_once_and_goes_with_the_message() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let path = left(&desk, tenant, "CA1", MessageSound::Recorded).await;
        for _ in 0..2 {
            let heard = desk.get(&path, &key).await;
            assert_eq!(heard.status, 200, "{}", heard.body);
            assert_eq!(heard.body.as_bytes(), SOUND);
            assert_eq!(header(&heard, "content-type"), "audio/wav");
            assert_eq!(header(&heard, "accept-ranges"), "bytes");
        }
        assert_eq!(account.exchanges().len(), 1);
        let file = path.trim_start_matches("/api/voicemail/messages/");
        let file = file.trim_end_matches("/audio");
        let folder = desk.folder.path().join(tenant.to_string());
        let file = folder.join("voicemail").join(format!("{file}.wav"));
        assert!(file.exists());
        let message = path.trim_end_matches("/audio");
        let gone = desk.send(("DELETE", message), &key, &json!({})).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(desk.get(&path, &key).await.status, 404);
        assert_eq!(forgotten(&desk).await, 1, "a job deletes the file");
    })
    .await;
}

#[tokio::test]
async fn a_player_gets_the_part_that_it_asks_for() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let path = left(&desk, tenant, "CA1", MessageSound::Recorded).await;
        let length = SOUND.len();
        for (range, place, from, to) in [
            ("bytes=0-3", format!("bytes 0-3/{length}"), 0, 4),
            ("bytes=8-11", format!("bytes 8-11/{length}"), 8, 12),
            (
                "bytes=-3",
                format!("bytes {}-{}/{length}", length - 3, length - 1),
                length - 3,
                length,
            ),
            (
                "bytes=30-",
                format!("bytes 30-{}/{length}", length - 1),
                30,
                length,
            ),
        ] {
            let heard = part(&desk, &path, &key, range).await;
            assert_eq!(heard.status, 206, "{range}: {}", heard.body);
            assert_eq!(header(&heard, "content-range"), place, "{range}");
            assert_eq!(heard.body.as_bytes(), &SOUND[from..to], "{range}");
        }
        for whole in ["bytes=0-1,4-5", "seconds=0-1", "bytes=x"] {
            let heard = part(&desk, &path, &key, whole).await;
            assert_eq!(
                (heard.status.as_u16(), heard.body.len()),
                (200, length),
                "{whole}"
            );
        }
        let beyond = part(&desk, &path, &key, "bytes=1000-").await;
        assert_eq!(beyond.status, 416);
        assert_eq!(beyond.problem()["type"], "/problems/range-not-satisfiable");
        assert_eq!(
            header(&beyond, "content-range"),
            format!("bytes */{length}")
        );
    })
    .await;
}

/// A recording of a call of the tenant's; the address of its sound.
async fn recorded(desk: &Desk, tenant: TenantId) -> String {
    let call = desk.call(tenant, "CA1").await;
    let title = announced(desk.clock.new_id(), (tenant, call), desk.clock.now());
    let recordings = Recordings::at(desk.folder.path());
    let name = title.carrier_file();
    recordings.put(&name, SOUND).await.unwrap();
    call_recordings::begin(&desk.store, &title).await.unwrap();
    let file = KeptFile {
        name: &name,
        content_type: "audio/wav",
        bytes: u64::try_from(SOUND.len()).unwrap(),
        duration_ms: 1_000,
        pauses: &[],
        lost_ms: 0,
        fault: None,
    };
    let kept = call_recordings::keep(&desk.store, (tenant, title.id), &file).await;
    assert!(kept.unwrap());
    format!("/api/recordings/{}/audio", title.id)
}

#[tokio::test]
async fn who_listens_to_a_recording_is_written_down_whatever_part_it_is() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let path = recorded(&desk, tenant).await;
        let played = async || {
            let audit = desk.get("/api/audit", &key).await.json();
            let entries = audit["data"].as_array().unwrap().iter();
            let those = entries.filter(|one| one["action"] == "recording.played");
            those.count()
        };
        assert_eq!(part(&desk, &path, &key, "bytes=1000-").await.status, 416);
        assert_eq!(played().await, 0, "nothing was heard");
        let heard = part(&desk, &path, &key, "bytes=1-").await;
        assert_eq!(heard.status, 206, "{}", heard.body);
        assert_eq!(heard.body.as_bytes(), &SOUND[1..]);
        assert_eq!(played().await, 1);
        for range in ["bytes=0-", "bytes=-4", "bytes=5-9"] {
            assert_eq!(part(&desk, &path, &key, range).await.status, 206);
        }
        assert_eq!(played().await, 1, "it is one listening");
        let (_, owner) = desk.member(tenant, Role::Owner).await;
        assert_eq!(part(&desk, &path, &owner, "bytes=7-").await.status, 206);
        assert_eq!(played().await, 2, "somebody else listens");
        desk.clock.advance_ms(6 * 60_000);
        assert_eq!(desk.get(&path, &key).await.status, 200);
        assert_eq!(played().await, 3);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_heard_is_said_so() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        for (sid, sound) in [
            ("CA1", MessageSound::Pending),
            ("CA2", MessageSound::None),
            ("CA3", MessageSound::Failed),
        ] {
            let (tenant, key) = desk.tenant(sid).await;
            let path = left(&desk, tenant, sid, sound).await;
            assert_eq!(desk.get(&path, &key).await.status, 409, "{sid}");
        }
        assert_eq!(account.exchanges().len(), 0);
        let path = left(&desk, tenant, "CA4", MessageSound::Recorded).await;
        assert_eq!(
            desk.get(&path, &key).await.status,
            409,
            "the carrier has no such thing"
        );
        account.keep(RECORDING, SOUND);
        account.fail_next([RestFault::Garbage, RestFault::Failure(500)]);
        assert_eq!(desk.get(&path, &key).await.status, 200, "it is asked again");
    })
    .await;
}

#[tokio::test]
async fn only_whose_message_it_is_may_listen() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::with_account(db, &account);
        let (tenant, _) = desk.tenant("A").await;
        let (_, stranger) = desk.tenant("B").await;
        let path = left(&desk, tenant, "CA1", MessageSound::Recorded).await;
        assert_eq!(desk.get(&path, &stranger).await.status, 404);
        let ask = async |role: Role| -> u16 {
            let (_, token): (UserId, String) = desk.member(tenant, role).await;
            desk.get(&path, &token).await.status.as_u16()
        };
        assert_eq!(ask(Role::Supervisor).await, 200);
        let to_agents = ask(Role::Agent).await;
        assert_eq!(to_agents, 200, "it is for nobody in particular");
        assert_eq!(ask(Role::Developer).await, 403);
        assert_eq!(account.exchanges().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_forgotten_takes_what_was_said_in_it_along() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        account.keep(RECORDING, SOUND);
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let path = left(&desk, tenant, "CA1", MessageSound::Recorded).await;
        assert_eq!(desk.get(&path, &key).await.status, 200);
        let folder = desk
            .folder
            .path()
            .join(tenant.to_string())
            .join("voicemail");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        let message = desk.get(path.trim_end_matches("/audio"), &key).await.json();
        let call = message["call_id"].as_str().unwrap();
        let news = calls::StatusNews {
            status: CallStatus::Completed,
            sequence: Some(3),
            duration_s: Some(20),
            at: desk.clock.now(),
        };
        let told = calls::apply_status(&desk.store, &"CA1".parse().unwrap(), &news).await;
        assert!(told.unwrap().is_some());
        let call = format!("/api/calls/{call}");
        let gone = desk.send(("DELETE", &call), &key, &json!({})).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(desk.get(&path, &key).await.status, 404);
        assert_eq!(forgotten(&desk).await, 1, "a job deletes the file");
    })
    .await;
}
