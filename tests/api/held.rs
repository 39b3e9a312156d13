//! Calls that people have, held, muted and spoken into by the carrier.

use std::sync::Arc;

use frontdesk::bridge::LiveEvent;
use frontdesk::domain::{
    CallId, CallSid, ConsentAnswer, ConsentPolicy, Direction, OpenState, TenantId,
};
use frontdesk::rehearsal::rest::{RestCall, RestConference, RestFault, RestParticipant};
use frontdesk::routing::{QueueStop, Ring, RingStop, Route, Stop, Telephone};
use frontdesk::store::call_legs::{self, NewLeg, Standing};
use frontdesk::store::{call_announcements, call_events, call_routes, call_transfers, calls};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

use super::desk::{Answer, Desk};
use crate::support::database::on_each_database;
use crate::support::rest_account::RestAccount;

const CALLER: &str = "CA00000000000000000000000000000001";
const PERSON: &str = "CA00000000000000000000000000000002";
const OTHER: &str = "CA00000000000000000000000000000003";
const CONFERENCE: &str = "CF00000000000000000000000000000001";
const TUNE: &str = "https://desk.example.com/api/voice/webhooks/hold-music.wav";

fn sid(text: &str) -> CallSid {
    text.parse().unwrap()
}

fn leg(desk: &Desk) -> NewLeg {
    let now = desk.clock.now();
    NewLeg {
        leg_sid: sid(PERSON),
        is_logged: false,
        recorded: Some((ConsentPolicy::Announce, ConsentAnswer::Told)),
        taken_at: now,
        until: now.plus_ms(600_000),
    }
}

fn at_carrier(account: &RestAccount, sid: &str, status: &str) {
    account.put_call(RestCall {
        parent: (sid == PERSON).then(|| CALLER.to_owned()),
        ..RestCall::new(sid, ("+15550000001", "+15550000002"), status)
    });
}

/// Two who speak.
async fn speaking(desk: &Desk, account: &RestAccount, tenant: TenantId) -> CallId {
    let call = desk.call(tenant, CALLER).await;
    call_legs::take(&desk.store, (tenant, call), &leg(desk))
        .await
        .unwrap();
    at_carrier(account, CALLER, "in-progress");
    at_carrier(account, PERSON, "in-progress");
    call
}

/// The two have been brought into their conference.
fn meet(account: &RestAccount, call: CallId) {
    account.convene(RestConference {
        sid: CONFERENCE.to_owned(),
        name: format!("{call}-{PERSON}"),
        status: "in-progress".to_owned(),
        reason: None,
        announcements: Vec::new(),
        holds: Vec::new(),
        has_starter: true,
        has_begun: true,
    });
    for sid in [CALLER, PERSON] {
        account.join(RestParticipant {
            conference_sid: CONFERENCE.to_owned(),
            call_sid: sid.to_owned(),
            label: None,
            muted: false,
            hold: false,
            hold_url: None,
            end_conference_on_exit: true,
        });
    }
}

async fn order(desk: &Desk, key: &str, call: CallId, (verb, body): (&str, Value)) -> Answer {
    let path = format!("/api/calls/{call}/{verb}");
    desk.send(("POST", &path), key, &body).await
}

/// The same, with a carrier that brings the two together once it is told to.
async fn obeyed(
    (desk, account): (&Desk, &RestAccount),
    key: &str,
    call: CallId,
    wish: (&str, Value),
) -> Answer {
    let follows = async {
        while led(account).is_empty() {
            tokio::task::yield_now().await;
        }
        if account.participants().is_empty() {
            meet(account, call);
        }
    };
    tokio::join!(order(desk, key, call, wish), follows).0
}

/// Who is on hold, and who is muted, of the two.
fn states(account: &RestAccount) -> [(bool, bool); 2] {
    let there = account.participants();
    [CALLER, PERSON].map(|sid| {
        let one = there.iter().find(|one| one.call_sid == sid).unwrap();
        (one.hold, one.muted)
    })
}

async fn standing(desk: &Desk, of: (TenantId, CallId)) -> Standing {
    let leg = call_legs::current(&desk.store, of).await.unwrap();
    leg.unwrap().standing
}

/// What whoever watches was told.
fn happened(watched: &mut Receiver<Arc<LiveEvent>>) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(event) = watched.try_recv() {
        seen.push(format!("{:?}", event.what));
    }
    seen
}

/// How often the person's leg was led anywhere.
fn led(account: &RestAccount) -> Vec<Vec<(String, String)>> {
    let calls = account.calls();
    let leg = calls.iter().find(|call| call.sid == PERSON).unwrap();
    leg.told.clone()
}

#[tokio::test]
async fn two_who_speak_are_led_into_a_conference_once_and_there_it_is_done() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = speaking(&desk, &account, tenant).await;
        let mut watched = desk.bridge.watch();
        for (verb, body, states_after) in [
            ("hold", json!({"on": true}), [(true, false), (false, false)]),
            (
                "mute",
                json!({"who": "person", "on": true}),
                [(true, false), (false, true)],
            ),
            (
                "mute",
                json!({"who": "caller", "on": true}),
                [(true, true), (false, true)],
            ),
            (
                "mute",
                json!({"who": "person", "on": false}),
                [(true, true), (false, false)],
            ),
            (
                "hold",
                json!({"on": false}),
                [(false, true), (false, false)],
            ),
        ] {
            let done = obeyed((&desk, &account), &key, call, (verb, body.clone())).await;
            assert_eq!(done.status, 204, "{verb} {body}: {}", done.body);
            assert_eq!(states(&account), states_after, "{verb} {body}");
        }
        let music = account.participants()[0].hold_url.clone();
        assert_eq!(music, Some((TUNE.to_owned(), true)));
        let at = "https://desk.example.com/api/voice/webhooks";
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let told = vec![
            pair("Url", format!("{at}/conference")),
            pair("Method", "POST".to_owned()),
            pair("StatusCallback", format!("{at}/leg-ended")),
            pair("StatusCallbackMethod", "POST".to_owned()),
        ];
        assert_eq!(led(&account), [told], "once");
        assert_eq!(standing(&desk, (tenant, call)).await, Standing::Moved);
        let expected = [
            "Held(true)",
            "Muted(Person, true)",
            "Muted(Caller, true)",
            "Muted(Person, false)",
            "Held(false)",
        ];
        assert_eq!(happened(&mut watched), expected);
        let audit = desk.get("/api/audit", &key).await.json();
        let audit = audit["data"].as_array().unwrap().iter();
        let held = audit.filter(|entry| entry["action"] == "call.held");
        assert_eq!(held.count(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_said_is_kept_with_the_call_and_no_word_of_it_is_in_an_address() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = speaking(&desk, &account, tenant).await;
        let words = json!({"text": "The doctor is late"});
        let done = obeyed((&desk, &account), &key, call, ("say", words.clone())).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let (url, is_get) = account.conferences()[0].announcements[0].clone();
        assert!(!is_get && !url.contains("doctor"), "{url}");
        let (there, name) = url.split_once("&words=").unwrap();
        let expected = format!(
            "https://desk.example.com/api/voice/webhooks/conference/announcement\
             ?tenant={tenant}&call={call}"
        );
        assert_eq!(there, expected);
        let of = (tenant, call);
        let kept = call_announcements::find(&desk.store, of, name).await;
        assert_eq!(kept.unwrap().unwrap().expose(), "The doctor is late");
        let (stranger, _) = desk.tenant("B").await;
        let kept = call_announcements::find(&desk.store, (stranger, call), name).await;
        assert_eq!(kept.unwrap(), None);
        let events = call_events::list(&desk.store, tenant, call).await.unwrap();
        assert_eq!(events.last().unwrap().kind, "call.told");
        // To say it twice is not the same as once: it is not tried again by itself.
        account.fail_next([RestFault::None, RestFault::None, RestFault::AnswerLost]);
        let lost = order(&desk, &key, call, ("say", words)).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        assert_eq!(account.conferences()[0].announcements.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn of_a_member_who_answers_a_queue_the_end_is_told_as_before() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = desk.call(tenant, CALLER).await;
        let own = NewLeg {
            is_logged: true,
            recorded: None,
            ..leg(&desk)
        };
        call_legs::take(&desk.store, (tenant, call), &own)
            .await
            .unwrap();
        at_carrier(&account, CALLER, "in-progress");
        at_carrier(&account, PERSON, "in-progress");
        let hold = ("hold", json!({"on": true}));
        let done = obeyed((&desk, &account), &key, call, hold).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let names: Vec<_> = led(&account).remove(0);
        let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Url", "Method"]);
        let leg = call_legs::current(&desk.store, (tenant, call)).await;
        let leg = leg.unwrap().unwrap();
        assert_eq!((leg.is_logged, leg.recorded), (true, None));
        assert_eq!(leg.left(desk.clock.now()).as_secs(), 600);
    })
    .await;
}

#[tokio::test]
async fn what_was_never_done_is_taken_back_without_the_carrier() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = speaking(&desk, &account, tenant).await;
        for wish in [
            ("hold", json!({"on": false})),
            ("mute", json!({"who": "person", "on": false})),
        ] {
            let done = order(&desk, &key, call, wish).await;
            assert_eq!(done.status, 204, "{}", done.body);
        }
        assert_eq!(account.exchanges(), []);
        assert_eq!(standing(&desk, (tenant, call)).await, Standing::Taken);
    })
    .await;
}

#[tokio::test]
async fn what_nobody_or_somebody_else_could_do_is_refused_by_name() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let hold = || ("hold", json!({"on": true}));
        let call = speaking(&desk, &account, tenant).await;
        let who = |who: &str| ("mute", json!({"who": who, "on": true}));
        let refused = order(&desk, &key, call, who("receptionist")).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/who");
        let with_ai = desk.admitted(tenant, "CA9").await;
        let refused = order(&desk, &key, with_ai, who("person")).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert_eq!(refused.problem()["errors"][0]["pointer"], "#/who");
        assert_eq!(
            order(&desk, &key, with_ai, who("receptionist"))
                .await
                .status,
            204
        );
        // It rings, or waits: nobody has taken it.
        let rings = desk.call(tenant, OTHER).await;
        let refused = order(&desk, &key, rings, hold()).await;
        let detail = refused.problem()["detail"].to_string();
        assert!(
            refused.status == 409 && detail.contains("nobody speaks"),
            "{detail}"
        );
        // Who had it has it no more, since it was handed on.
        let route = Route {
            open_state: OpenState::Open,
            stops: vec![Stop::Apology],
            language: None,
            steps: Vec::new(),
        };
        let now = desk.clock.now();
        call_routes::insert(&desk.store, (tenant, call), &route, now)
            .await
            .unwrap();
        desk.clock.advance_ms(1_000);
        let mut tx = desk.store.begin().await.unwrap();
        let there = [Stop::VOICEMAIL];
        call_transfers::ask(&mut tx, (tenant, call), &there, desk.clock.now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(order(&desk, &key, call, hold()).await.status, 409);
        assert_eq!(account.exchanges(), []);
        let poor = Desk::on(db);
        let refused = order(&poor, &key, call, hold()).await;
        let detail = refused.problem()["detail"].to_string();
        assert!(
            refused.status == 409 && detail.contains("TWILIO_ACCOUNT_SID"),
            "{detail}"
        );
    })
    .await;
}

#[tokio::test]
async fn t11_who_has_just_hung_up_is_led_nowhere_and_nothing_is_left_to_follow() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = speaking(&desk, &account, tenant).await;
        at_carrier(&account, PERSON, "completed");
        let refused = order(&desk, &key, call, ("hold", json!({"on": true}))).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert_eq!(standing(&desk, (tenant, call)).await, Standing::Taken);
        assert_eq!(
            call_legs::moving(&desk.store, &sid(CALLER)).await.unwrap(),
            []
        );
        assert_eq!(account.participants(), []);
    })
    .await;
}

#[tokio::test]
async fn w7_two_whose_way_was_lost_are_looked_for_before_they_are_led_again() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = speaking(&desk, &account, tenant).await;
        let hold = || ("hold", json!({"on": true}));
        account.fail_next([RestFault::AnswerLost]);
        let first = obeyed((&desk, &account), &key, call, hold()).await;
        assert_eq!(first.status, 204, "{}", first.body);
        assert_eq!(standing(&desk, (tenant, call)).await, Standing::Asked);
        let done = order(&desk, &key, call, ("hold", json!({"on": false}))).await;
        assert_eq!(done.status, 204, "{}", done.body);
        assert_eq!(led(&account).len(), 1, "they were found");
    })
    .await;
}

#[tokio::test]
async fn w7_who_is_led_nowhere_is_led_again_later_and_not_at_once() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let call = speaking(&desk, &account, tenant).await;
        let hold = || ("hold", json!({"on": true}));
        account.fail_next([RestFault::Failure(500)]);
        let lost = order(&desk, &key, call, hold()).await;
        assert_eq!(lost.problem()["type"], "/problems/outcome-unknown");
        let of = (tenant, call);
        assert_eq!(standing(&desk, of).await, Standing::Asked);
        let leg = call_legs::current(&desk.store, of).await.unwrap().unwrap();
        let asked = call_legs::ask(&desk.store, &leg, desk.clock.now()).await;
        assert!(!asked.unwrap(), "the carrier may still follow");
        desk.clock.advance_ms(15_001);
        let asked = call_legs::ask(&desk.store, &leg, desk.clock.now()).await;
        assert!(asked.unwrap());
        // The two are over: what comes too late changes nothing.
        let ended = call_legs::end(&desk.store, &sid(CALLER)).await.unwrap();
        assert_eq!(ended.len(), 1);
        call_legs::settle(&desk.store, &leg, Standing::Moved)
            .await
            .unwrap();
        assert_eq!(call_legs::current(&desk.store, of).await.unwrap(), None);
        assert_eq!(call_legs::end(&desk.store, &sid(PERSON)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn of_a_call_that_a_member_has_placed_whoever_was_called_waits() {
    on_each_database(async |db| {
        let account = RestAccount::open(&[]).await;
        let desk = Desk::with_account(db, &account);
        let (tenant, key) = desk.tenant("A").await;
        let new = calls::NewCall {
            direction: Direction::Outbound,
            ..desk.new_call(tenant, CALLER)
        };
        let call = calls::find_or_create(&desk.store, &new).await.unwrap().0.id;
        let of = (tenant, call);
        call_legs::take(&desk.store, of, &leg(&desk)).await.unwrap();
        let route = Route {
            open_state: OpenState::Open,
            stops: vec![
                Stop::Ring(RingStop::one(
                    Telephone::outside("+12025550123".parse().unwrap()),
                    None,
                    Ring::default(),
                )),
                Stop::Queue(QueueStop {
                    queue_id: desk.clock.new_id(),
                    hold_music_url: Some("https://music.example.com/own.mp3".to_owned()),
                    announces_position: false,
                    announces_wait: false,
                    max_wait: std::time::Duration::from_mins(1),
                    max_size: 1,
                }),
            ],
            language: None,
            steps: Vec::new(),
        };
        call_routes::insert(&desk.store, of, &route, desk.clock.now())
            .await
            .unwrap();
        at_carrier(&account, CALLER, "in-progress");
        at_carrier(&account, PERSON, "in-progress");
        let hold = ("hold", json!({"on": true}));
        let done = obeyed((&desk, &account), &key, call, hold).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let mute = ("mute", json!({"who": "person", "on": true}));
        let done = order(&desk, &key, call, mute).await;
        assert_eq!(done.status, 204, "{}", done.body);
        assert_eq!(states(&account), [(false, true), (true, false)]);
        let there = account.participants();
        let called = there.iter().find(|one| one.call_sid == PERSON).unwrap();
        let music = Some(("https://music.example.com/own.mp3".to_owned(), true));
        assert_eq!(called.hold_url, music, "the music of their own");
    })
    .await;
}
