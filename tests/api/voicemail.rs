//! Voicemail: greetings that are kept, messages that are attended to, each by whom they are for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use frontdesk::audio::wav;
use frontdesk::domain::{MessageSound, Role, TenantId, UserId};
use frontdesk::store::calls;
use frontdesk::store::voicemail_messages::{self as messages, News};
use futures::future::join_all;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::database::on_each_database;

const GREETINGS: &str = "/api/voicemail/greetings";
const MESSAGES: &str = "/api/voicemail/messages";

async fn create(desk: &Desk, key: &str, body: &Value) -> Value {
    desk.clock.advance_ms(1);
    let made = desk.send(("POST", GREETINGS), key, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

fn path(of: &Value, all: &str) -> String {
    format!("{all}/{}", of["id"].as_str().unwrap())
}

fn business(name: &str) -> Value {
    json!({"kind": "business", "name": name, "text": "Please leave a message."})
}

/// A WAV file with a sample for each letter.
fn wav(letters: &str) -> String {
    STANDARD.encode(wav_file(letters))
}

fn wav_file(letters: &str) -> Vec<u8> {
    let samples = letters.bytes().map(|letter| [letter; 2]);
    wav::mono_pcm16(8_000, samples).unwrap()
}

/// Two frames of 32 kbit/s at 44.1 kHz.
fn mp3_file() -> Vec<u8> {
    let mut frame = [0; 104];
    frame[..4].copy_from_slice(b"\xff\xfb\x10\xc4");
    [b"ID3\x04\0\0\0\0\0\x03tag".as_slice(), &frame.repeat(2)].concat()
}

/// The files that are kept, and how many bytes each has.
fn files(desk: &Desk) -> Vec<u64> {
    let mut sizes = Vec::new();
    let mut folders = vec![desk.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                sizes.push(about.len());
            }
        }
    }
    sizes.sort_unstable();
    sizes
}

/// What the carrier tells of a message in the call.
async fn leave(desk: &Desk, tenant: TenantId, sid: &str, user: Option<UserId>) {
    let call = desk.call(tenant, sid).await;
    let call = calls::find(&desk.store, tenant, call)
        .await
        .unwrap()
        .unwrap();
    desk.clock.advance_ms(1);
    let news = News {
        id: desk.clock.new_id(),
        call: &call,
        recording_sid: &sid.replace("CA", "RE"),
        user,
        sound: MessageSound::Recorded,
        duration_s: Some(12),
        carrier_url: Some("https://api.twilio.com/secret-of-the-carrier"),
        transcript: Some("Hello, this is Ada: 100% urgent."),
        at: desk.clock.now(),
    };
    messages::merge(&desk.store, &news).await.unwrap();
}

#[tokio::test]
async fn a_greeting_is_spoken_or_played_and_its_sound_goes_with_it() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let made = create(
            &desk,
            &key,
            &json!({"kind": "holiday", "name": "Christmas",
            "text": "Merry Christmas.", "voice": "Polly.Joanna", "language": "en-US",
            "from": "2026-12-24", "until": "2026-12-26"}),
        )
        .await;
        assert_eq!(
            (&made["is_default"], &made["audio"]),
            (&json!(false), &Value::Null)
        );
        let one = path(&made, GREETINGS);
        assert_eq!(desk.get(&one, &key).await.json(), made);

        let patch = async |body: Value| {
            let changed = desk.send(("PATCH", &one), &key, &body).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            assert_eq!(desk.get(&one, &key).await.json(), changed.json());
            changed.json()
        };
        let changed = patch(json!({"text": "Season's greetings.", "until": null})).await;
        assert_eq!(
            (&changed["voice"], &changed["until"]),
            (&json!("Polly.Joanna"), &Value::Null)
        );
        assert_eq!(files(&desk), [0; 0]);
        let changed = patch(json!({"audio": wav("one")})).await;
        assert_eq!(changed["audio"], json!({"type": "audio/wav", "size": 50}));
        assert_eq!(
            (&changed["text"], &changed["voice"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(files(&desk), [50]);
        patch(json!({"audio": wav("another")})).await;
        assert_eq!(files(&desk), [58], "the old one is gone");
        patch(json!({"name": "X-mas"})).await;
        assert_eq!(files(&desk), [58]);
        let changed = patch(json!({"text": "Words again."})).await;
        assert_eq!(
            (&changed["text"], &changed["audio"]),
            (&json!("Words again."), &Value::Null)
        );
        assert_eq!(files(&desk), [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_greeting_that_is_deleted_takes_its_sound_along() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let mp3 = STANDARD.encode(mp3_file());
        let played = create(
            &desk,
            &key,
            &json!({"kind": "business", "name": "B", "audio": mp3}),
        )
        .await;
        assert_eq!(played["audio"]["type"], "audio/mpeg");
        let gone = desk
            .send(("DELETE", &path(&played, GREETINGS)), &key, &json!({}))
            .await;
        assert_eq!(gone.status, 204);
        assert_eq!(files(&desk), [0; 0]);
        let audit = desk.get("/api/audit", &key).await.body;
        for action in ["greeting.created", "greeting.deleted"] {
            assert!(audit.contains(action), "{action}");
        }
        assert!(!audit.contains("secret"));
    })
    .await;
}

#[tokio::test]
async fn sound_that_is_brought_at_one_time_is_kept_once() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let sound = json!({"kind": "business", "name": "B", "audio": wav("first")});
        let one = path(&create(&desk, &key, &sound).await, GREETINGS);
        let changes = [
            json!({"audio": wav("the second")}),
            json!({"name": "Summer"}),
            json!({"audio": wav("the one that is third")}),
            json!({"from": "2026-07-01"}),
            json!({"audio": wav("the one before no other")}),
        ];
        let change = |change| desk.send(("PATCH", &one), &key, change);
        for answer in join_all(changes.iter().map(change)).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let seen = desk.get(&one, &key).await.json();
        assert_eq!(
            (&seen["name"], &seen["from"]),
            (&json!("Summer"), &json!("2026-07-01"))
        );
        let size = seen["audio"]["size"].as_u64().unwrap();
        assert_eq!(files(&desk), [size], "the greeting's, and no other");

        let change = json!({"audio": wav("and a last one")});
        let (heard, gone) = tokio::join!(
            desk.send(("PATCH", &one), &key, &change),
            desk.send(("DELETE", &one), &key, &Value::Null)
        );
        assert!(heard.status == 200 || heard.status == 404, "{}", heard.body);
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(files(&desk), [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn the_sound_of_a_members_greetings_goes_with_the_member() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, _) = desk.member(tenant, Role::Owner).await;
        let sound = |user: UserId, words: &str| {
            json!({"kind": "personal", "name": "P", "audio": wav(words),
                "user_id": user.to_string()})
        };
        for words in ["I am out", "I am at lunch"] {
            create(&desk, &key, &sound(ada, words)).await;
        }
        let member = format!("/api/users/{ada}");
        let kept = desk.send(("DELETE", &member), &key, &json!({})).await;
        assert_eq!(kept.status, 409, "{}", kept.body);
        assert_eq!(files(&desk).len(), 2);
        let (bob, _) = desk.member(tenant, Role::Owner).await;
        let bobs = create(&desk, &key, &sound(bob, "I am in")).await;
        let gone = desk.send(("DELETE", &member), &key, &json!({})).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(files(&desk), [bobs["audio"]["size"].as_u64().unwrap()]);
    })
    .await;
}

#[tokio::test]
async fn exactly_one_greeting_of_a_kind_and_an_owner_is_the_default() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        let (bob, _) = desk.member(tenant, Role::Agent).await;
        let personal = |user: UserId, name: &str| {
            json!({"kind": "personal", "name": name,
            "user_id": user.to_string(), "text": "I am out."})
        };
        let defaults = async || -> Vec<String> {
            let list = desk.get(GREETINGS, &key).await.json();
            let all = list["data"].as_array().unwrap().iter();
            let those = all.filter(|greeting| greeting["is_default"] == true);
            let mut names: Vec<_> = those
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect();
            names.sort_unstable();
            names
        };
        let one = create(&desk, &key, &business("business 1")).await;
        let two = create(&desk, &key, &business("business 2")).await;
        create(&desk, &key, &personal(ada, "ada 1")).await;
        create(&desk, &key, &personal(ada, "ada 2")).await;
        create(&desk, &key, &personal(bob, "bob 1")).await;
        assert_eq!(defaults().await, ["ada 1", "bob 1", "business 1"]);

        let made = desk
            .send(("POST", &path(&two, GREETINGS)), &key, &json!({}))
            .await;
        assert_eq!(made.status, 405);
        let default = format!("{}/default", path(&two, GREETINGS));
        for _ in 0..2 {
            let made = desk.send(("POST", &default), &key, &json!({})).await;
            assert_eq!(made.json()["is_default"], true, "{}", made.body);
            assert_eq!(defaults().await, ["ada 1", "bob 1", "business 2"]);
        }
        let mut three = business("business 3");
        three["is_default"] = json!(true);
        let three = create(&desk, &key, &three).await;
        assert_eq!(defaults().await, ["ada 1", "bob 1", "business 3"]);
        let refused = desk
            .send(("DELETE", &path(&three, GREETINGS)), &key, &json!({}))
            .await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        for greeting in [&one, &two, &three] {
            let gone = desk
                .send(("DELETE", &path(greeting, GREETINGS)), &key, &json!({}))
                .await;
            assert_eq!(gone.status, 204, "{}", gone.body);
        }
        assert_eq!(defaults().await, ["ada 1", "bob 1"]);
    })
    .await;
}

#[tokio::test]
async fn a_greeting_of_certain_days_is_no_default_unless_somebody_says_so() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let defaults = async || -> Vec<String> {
            let list = desk.get(GREETINGS, &key).await.json();
            let all = list["data"].as_array().unwrap().iter();
            let those = all.filter(|greeting| greeting["is_default"] == true);
            those
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let days = |mut greeting: Value| {
            greeting["from"] = json!("2026-07-01");
            greeting["until"] = json!("2026-07-31");
            greeting
        };
        let july = create(&desk, &key, &days(business("July"))).await;
        assert_eq!(july["is_default"], false, "{july}");
        assert_eq!(defaults().await, [""; 0]);
        desk.clock.advance_ms(1);
        let usual = create(&desk, &key, &business("Usual")).await;
        assert_eq!(usual["is_default"], true, "{usual}");
        // One that is to be it is it, until there is one for every day.
        let mut summer = days(business("Summer"));
        summer["is_default"] = json!(true);
        create(&desk, &key, &summer).await;
        assert_eq!(defaults().await, ["Summer"]);
        desk.clock.advance_ms(1);
        let newer = create(&desk, &key, &business("Newer")).await;
        assert_eq!(defaults().await, ["Newer"]);
        let patch = async |greeting: &Value, body: Value| {
            let one = path(greeting, GREETINGS);
            let changed = desk.send(("PATCH", &one), &key, &body).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            assert_eq!(desk.get(&one, &key).await.json(), changed.json());
        };
        // The default gets days: another that is meant for every day is it.
        patch(&newer, json!({"from": "2026-08-01"})).await;
        assert_eq!(defaults().await, ["Usual"]);
        // Nobody else is meant for every day: it may go.
        let delete = path(&usual, GREETINGS);
        let gone = desk.send(("DELETE", &delete), &key, &json!({})).await;
        assert_eq!(gone.status, 204, "{}", gone.body);
        assert_eq!(defaults().await, [""; 0]);
        // One of the others loses its days.
        patch(&july, json!({"from": null, "until": null})).await;
        assert_eq!(defaults().await, ["July"]);
    })
    .await;
}

#[tokio::test]
async fn a_greeting_that_makes_no_sense_is_refused_and_leaves_no_file() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        let (other, _) = desk.tenant("B").await;
        let (stranger, _) = desk.member(other, Role::Agent).await;
        let huge = STANDARD.encode(format!("RIFF....WAVE{}", "x".repeat(5 * 1024 * 1024)));
        for (pointer, change) in [
            ("kind", json!({"kind": "birthday"})),
            ("name", json!({"name": ""})),
            ("text", json!({"text": "x".repeat(1_001)})),
            ("voice", json!({"voice": "no such/voice"})),
            ("language", json!({"language": "English"})),
            (
                "until",
                json!({"from": "2026-12-26", "until": "2026-12-24"}),
            ),
            ("from", json!({"from": "soon"})),
            ("user_id", json!({"user_id": ada.to_string()})),
            ("user_id", json!({"kind": "personal"})),
            (
                "user_id",
                json!({"kind": "personal", "user_id": stranger.to_string()}),
            ),
            ("audio", json!({"text": null})),
            ("audio", json!({"audio": wav("both")})),
            ("audio", json!({"text": null, "audio": "no base64!"})),
            (
                "audio",
                json!({"text": null, "audio": STANDARD.encode("<html></html>")}),
            ),
            ("audio", json!({"text": null, "audio": huge})),
            (
                "voice",
                json!({"text": null, "audio": wav("x"), "voice": "Polly.Joanna"}),
            ),
            ("nose", json!({"nose": "red"})),
        ] {
            let mut body = business("B");
            for (field, value) in change.as_object().unwrap() {
                body[field] = value.clone();
            }
            let refused = desk.send(("POST", GREETINGS), &key, &body).await;
            assert_eq!(refused.status, 422, "{pointer}: {}", refused.body);
            let fault = refused.problem()["errors"][0].to_string();
            assert!(fault.contains(pointer), "{pointer}: {fault}");
        }
        assert_eq!(files(&desk), [0; 0]);
        let bad = format!("{GREETINGS}?kind=birthday");
        assert_eq!(desk.get(&bad, &key).await.status, 422);
    })
    .await;
}

#[tokio::test]
async fn a_file_in_which_nothing_can_be_heard_is_no_greeting() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let changed = |at: usize, bytes: &[u8]| {
            let mut file = wav_file("sound");
            file[at..at + bytes.len()].copy_from_slice(bytes);
            file
        };
        let mp3 = mp3_file();
        for (why, file) in [
            ("a head", b"RIFF....WAVEfmt of a sort".to_vec()),
            ("has none", wav_file("")),
            ("one or two channels", changed(22, &[6, 0])),
            ("PCM, mu-law or A-law", changed(20, &[0x55, 0])),
            ("PCM, mu-law or A-law", changed(34, &[12, 0])),
            ("frames", mp3[..mp3.len() - 104].to_vec()),
            ("frames", b"ID3\x04 and so on and so on".to_vec()),
        ] {
            let body = json!({"kind": "business", "name": "B", "audio": STANDARD.encode(file)});
            let refused = desk.send(("POST", GREETINGS), &key, &body).await;
            assert_eq!(refused.status, 422, "{why}: {}", refused.body);
            let fault = &refused.problem()["errors"][0];
            assert_eq!(fault["pointer"], "#/audio", "{why}");
            let detail = fault["detail"].as_str().unwrap();
            assert!(detail.contains(why), "{why}: {detail}");
        }
        // Mu-law and A-law, of eight bits, as telephones have them.
        for coding in [6, 7] {
            let mut file = changed(20, &[coding, 0]);
            file[34] = 8;
            let body = json!({"kind": "business", "name": "B", "audio": STANDARD.encode(file)});
            create(&desk, &key, &body).await;
        }
    })
    .await;
}

#[tokio::test]
async fn sound_for_somebody_who_is_no_member_is_not_kept() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (_, key) = desk.tenant("A").await;
        let (other, _) = desk.tenant("B").await;
        let (stranger, _) = desk.member(other, Role::Agent).await;
        let body = json!({"kind": "personal", "name": "B", "audio": wav("x"),
            "user_id": stranger.to_string()});
        let refused = desk.send(("POST", GREETINGS), &key, &body).await;
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/user_id");
        assert_eq!(files(&desk), [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn d3_a_greeting_that_cannot_be_kept_is_not_there() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        // A file stands where the tenant's folder would be.
        std::fs::write(desk.folder.path().join(tenant.to_string()), "in the way").unwrap();
        let sound = json!({"kind": "business", "name": "B", "audio": wav("x")});
        let refused = desk.send(("POST", GREETINGS), &key, &sound).await;
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert_eq!(desk.get(GREETINGS, &key).await.json()["data"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn messages_are_found_attended_to_and_deleted() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, _) = desk.member(tenant, Role::Agent).await;
        leave(&desk, tenant, "CA1", None).await;
        leave(&desk, tenant, "CA2", Some(ada)).await;
        let list = desk.get(MESSAGES, &key).await;
        assert!(!list.body.contains("secret-of-the-carrier"));
        let list = list.json();
        let newest = &list["data"][0];
        assert_eq!(
            (&newest["user_id"], &newest["from"]),
            (&json!(ada.to_string()), &json!("+15550000001"))
        );
        assert_eq!(
            (&newest["sound"], &newest["duration_s"]),
            (&json!("recorded"), &json!(12))
        );
        let one = path(newest, MESSAGES);
        let whole = desk.get(&one, &key).await.json();
        assert_eq!(whole["transcript"], "Hello, this is Ada: 100% urgent.");
        let count = async |query: &str| {
            let list = desk.get(&format!("{MESSAGES}?{query}"), &key).await;
            assert_eq!(list.status, 200, "{query}: {}", list.body);
            list.json()["data"].as_array().unwrap().len()
        };
        let read = desk
            .send(("PATCH", &one), &key, &json!({"is_read": true}))
            .await;
        assert_eq!(read.json()["is_read"], true, "{}", read.body);
        for (query, found) in [
            ("is_read=false", 1),
            ("is_read=true", 1),
            (&format!("user={ada}"), 1),
            ("number=%2B15550000001", 2),
            ("number=%2B15550000009", 0),
            ("search=URGENT", 2),
            ("search=100%25", 2),
            ("search=_", 0),
            ("search=0000001", 2),
            ("limit=1", 1),
        ] {
            assert_eq!(count(query).await, found, "{query}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_a_message_that_was_deleted_nothing_is_left() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        leave(&desk, tenant, "CA1", None).await;
        leave(&desk, tenant, "CA2", None).await;
        let list = desk.get(MESSAGES, &key).await.json();
        let one = path(&list["data"][0], MESSAGES);
        let count = async |query: &str| {
            let list = desk.get(&format!("{MESSAGES}?{query}"), &key).await;
            list.json()["data"].as_array().unwrap().len()
        };
        let refused = desk
            .send(("PATCH", &one), &key, &json!({"is_read": null}))
            .await;
        assert_eq!(refused.status, 422);
        let gone = desk.send(("DELETE", &one), &key, &json!({})).await;
        assert_eq!(gone.status, 204);
        assert_eq!(
            (desk.get(&one, &key).await.status.as_u16(), count("").await),
            (404, 1)
        );
        let left = "SELECT COUNT(*) FROM voicemail_messages WHERE transcript IS NOT NULL
            OR carrier_url IS NOT NULL";
        assert_eq!(
            db.number(left).await,
            1,
            "of what was deleted nothing is left"
        );
    })
    .await;
}

#[tokio::test]
async fn an_agent_has_what_is_its_own_or_nobodys_and_nothing_of_others() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (tenant, key) = desk.tenant("A").await;
        let (ada, token) = desk.member(tenant, Role::Agent).await;
        let (bob, _) = desk.member(tenant, Role::Agent).await;
        leave(&desk, tenant, "CA1", Some(ada)).await;
        leave(&desk, tenant, "CA2", Some(bob)).await;
        leave(&desk, tenant, "CA3", None).await;
        let all = desk.get(MESSAGES, &key).await.json();
        let all = all["data"].as_array().unwrap();
        let list = desk.get(MESSAGES, &token).await.json();
        assert_eq!(
            list["data"],
            json!([all[0], all[2]]),
            "nobody's, and its own"
        );
        let own = desk.get(&format!("{MESSAGES}?user={ada}"), &token).await;
        assert_eq!(own.json()["data"], json!([all[2]]));
        for message in [&all[0], &all[2]] {
            let shown = desk.get(&path(message, MESSAGES), &token).await;
            assert_eq!(shown.status, 200);
        }
        let other = format!("{MESSAGES}?user={bob}");
        assert_eq!(desk.get(&other, &token).await.status, 422);
        for message in &all[1..2] {
            for (method, body) in [
                ("GET", json!({})),
                ("PATCH", json!({"is_read": true})),
                ("DELETE", json!({})),
            ] {
                let closed = desk
                    .send((method, &path(message, MESSAGES)), &token, &body)
                    .await;
                assert_eq!(closed.status, 404, "{method}");
            }
        }

        let of_all = create(&desk, &key, &business("B")).await;
        let own =
            json!({"kind": "personal", "name": "Mine", "text": "Hi.", "user_id": ada.to_string()});
        let own = create(&desk, &token, &own).await;
        let list = desk.get(GREETINGS, &token).await.json();
        assert_eq!(list["data"], json!([own]));
        let not_own =
            json!({"kind": "personal", "name": "X", "text": "Hi.", "user_id": bob.to_string()});
        for body in [business("X"), not_own] {
            let refused = desk.send(("POST", GREETINGS), &token, &body).await;
            assert_eq!(refused.status, 403, "{}", refused.body);
        }
        let one = path(&of_all, GREETINGS);
        for (method, path) in [
            ("GET", one.clone()),
            ("DELETE", one.clone()),
            ("POST", format!("{one}/default")),
        ] {
            let closed = desk.send((method, &path), &token, &json!({})).await;
            assert_eq!(closed.status, 404, "{method}");
        }
    })
    .await;
}

#[tokio::test]
async fn i9_a_neighbours_voicemail_is_as_absent_as_one_that_never_was() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let (a, key_of_a) = desk.tenant("A").await;
        let (_, key_of_b) = desk.tenant("B").await;
        leave(&desk, a, "CA1", None).await;
        let greeting = create(&desk, &key_of_a, &business("canary")).await;
        let message = desk.get(MESSAGES, &key_of_a).await.json()["data"][0].clone();
        let before = desk.get(&path(&message, MESSAGES), &key_of_a).await.body;
        for (of_a, all, never, rest, changes) in [
            (
                &message,
                MESSAGES,
                "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "",
                json!({"is_read": true}),
            ),
            (
                &greeting,
                GREETINGS,
                "grt_01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "/default",
                json!({"name": "stolen"}),
            ),
        ] {
            let never = json!({"id": never});
            let mut tries = vec![
                ("GET", "", json!({})),
                ("PATCH", "", changes),
                ("DELETE", "", json!({})),
            ];
            if !rest.is_empty() {
                tries.push(("POST", rest, json!({})));
            }
            for (method, rest, body) in tries {
                let absent = format!("{}{rest}", path(of_a, all));
                let missing = format!("{}{rest}", path(&never, all));
                let absent = desk.send((method, &absent), &key_of_b, &body).await;
                let missing = desk.send((method, &missing), &key_of_b, &body).await;
                assert_eq!(absent.status, 404, "{method}");
                assert_eq!(absent.body, missing.body, "{method}");
            }
            let list = desk.get(all, &key_of_b).await.json();
            assert_eq!(list["data"], json!([]));
        }
        assert_eq!(
            desk.get(&path(&message, MESSAGES), &key_of_a).await.body,
            before
        );
        assert_eq!(
            desk.get(&path(&greeting, GREETINGS), &key_of_a)
                .await
                .json(),
            greeting
        );
    })
    .await;
}
