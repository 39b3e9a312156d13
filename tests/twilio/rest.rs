//! Twilio's REST interface, asked by our client and played by the rehearsal.

use std::time::Duration;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    CallSid, CallStatus, Capabilities, ConferenceSid, Dial, DialPolicy, DialsUsed, Party, Permit,
    PhoneNumber, Pii, Purpose, Secret, Timestamp, Zone,
};
use frontdesk::rehearsal::rest::{ForSale, RestCall, RestConference, RestFault, RestParticipant};
use frontdesk::twilio::rest::{
    Account, CallUpdate, Cause, Client, Error, Instructions, NewCall, NewMessage, NumberKind,
    NumberSettings, NumberWebhooks, ParticipantUpdate, Patience, Price, Search, StatusCallback,
};
use frontdesk::twilio::twiml::CallEvent;
use tokio::net::TcpListener;

use crate::support::rest_account::{KEY, RestAccount, SECRET};

const NUMBER: &str = "+15105550101";
const OTHER: &str = "+15105550102";
const CALL: &str = "CA0123456789abcdef0123456789abcdef";
const CONFERENCE: &str = "CF0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_number_is_found_bought_configured_and_given_back() {
    let account = RestAccount::open(&[NUMBER, OTHER]).await;
    let client = account.client();
    let mut search = search();
    search.area_code = Some("510".to_owned());
    search.contains = Some("*0101".to_owned());
    search.needs.sms = true;
    let found = client.available_numbers(&search).await.unwrap();
    assert!(found.is_whole);
    let [offer] = found.items.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(offer.phone_number, number(NUMBER));
    assert_eq!(offer.locality.as_deref(), Some("Oakland"));
    assert!(offer.capabilities().mms, "spelled MMS where it is for sale");

    let bought = client.buy_number(&offer.phone_number, &settings()).await;
    let bought = bought.unwrap();
    assert!(bought.capabilities().mms && bought.capabilities().voice);
    assert_eq!(
        bought.voice_url.as_deref(),
        Some("https://desk.example.com/voice")
    );
    let [owned] = account.numbers().try_into().unwrap();
    assert_eq!(owned.sid, bought.sid.as_str());
    for (name, value) in [
        ("FriendlyName", "Front door"),
        ("VoiceUrl", "https://desk.example.com/voice"),
        ("VoiceMethod", "POST"),
        ("VoiceFallbackUrl", "https://desk.example.com/fallback"),
        ("VoiceFallbackMethod", "POST"),
        ("StatusCallback", "https://desk.example.com/status"),
        ("StatusCallbackMethod", "POST"),
        ("SmsUrl", "https://desk.example.com/sms"),
        ("SmsMethod", "POST"),
        ("SmsFallbackUrl", "https://desk.example.com/sms"),
        ("SmsFallbackMethod", "POST"),
    ] {
        assert_eq!(owned.setting(name), Some(value), "{name}");
    }

    let renamed = NumberSettings {
        friendly_name: Some("Back door".to_owned()),
        webhooks: None,
    };
    let changed = client.update_number(&bought.sid, &renamed).await.unwrap();
    assert_eq!(changed.friendly_name.unwrap().expose(), "Back door");
    assert_eq!(changed.voice_url, bought.voice_url, "it stays as it was");

    let found = client.find_number(&number(NUMBER)).await.unwrap();
    assert_eq!(found.map(|found| found.sid), Some(bought.sid.clone()));
    assert_eq!(client.find_number(&number(OTHER)).await, Ok(None));
    assert_eq!(client.release_number(&bought.sid).await, Ok(true));
    assert_eq!(account.numbers(), []);
    assert_eq!(client.release_number(&bought.sid).await, Ok(false));
}

#[tokio::test]
async fn a_number_is_found_by_the_whole_of_it_and_not_by_a_part() {
    let account = RestAccount::open(&[]).await;
    account.own("+151055501019");
    assert_eq!(
        account.client().find_number(&number(NUMBER)).await,
        Ok(None)
    );
}

#[tokio::test]
async fn numbers_of_a_kind_and_country_are_searched_where_they_are() {
    let free = ForSale {
        phone_number: "+18005550101".to_owned(),
        kind: "TollFree".to_owned(),
        country: "CA".to_owned(),
        can: [true, false, false],
    };
    let account = RestAccount::with(&[NUMBER], |options| options.for_sale.push(free)).await;
    let mut search = search();
    search.country = "CA".to_owned();
    for (kind, needs_sms, expected) in [
        (NumberKind::TollFree, false, 1),
        (NumberKind::TollFree, true, 0),
        (NumberKind::Mobile, false, 0),
    ] {
        search.kind = kind;
        search.needs.sms = needs_sms;
        let found = account.client().available_numbers(&search).await.unwrap();
        assert_eq!(found.items.len(), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_up_to_its_bound() {
    let account = RestAccount::with(&[], |options| options.max_page = 2).await;
    for n in 0..5 {
        account.own(&format!("+1510555010{n}"));
    }
    let client = account.client();
    let all = client.numbers(100).await.unwrap();
    assert!(all.is_whole && all.items.len() == 5, "{all:?}");
    assert_eq!(account.exchanges().len(), 3);
    let some = client.numbers(3).await.unwrap();
    assert!(!some.is_whole && some.items.len() == 3, "{some:?}");
    assert_eq!(account.exchanges().len(), 5);
    let all = client.numbers(5).await.unwrap();
    assert!(all.is_whole, "what is full at its bound is whole");
}

#[tokio::test]
async fn a_call_is_made_sent_elsewhere_hung_up_and_looked_at() {
    let account = RestAccount::open(&[]).await;
    account.own(NUMBER);
    let client = account.client();
    let made = client.create_call(new_call()).await.unwrap();
    assert_eq!(made.status, CallStatus::Queued);
    assert_eq!(made.to, Party::Number(number(OTHER)));
    let [call] = account.calls().try_into().unwrap();
    let told = |name: &str| {
        let found = call.told[0].iter().filter(|(key, _)| key == name);
        let values: Vec<_> = found.map(|(_, value)| value.as_str()).collect();
        values.join(" ")
    };
    assert_eq!(told("StatusCallbackEvent"), "answered completed");
    assert_eq!(told("Timeout"), "25");
    assert_eq!(told("TimeLimit"), "3600");
    assert_eq!(told("Url"), "https://desk.example.com/outbound");

    account.put_call(live_call());
    let twiml = "<Response><Hangup/></Response>".to_owned();
    let redirect = CallUpdate::Redirect(Instructions::Twiml(Pii::new(twiml.clone())));
    client.update_call(&call_sid(), &redirect).await.unwrap();
    let done = client.update_call(&call_sid(), &CallUpdate::Complete).await;
    assert_eq!(done.unwrap().status, CallStatus::Completed);
    let told = account.calls().pop().unwrap().told;
    assert_eq!(told[0], [("Twiml".to_owned(), twiml)]);
    assert_eq!(told[1], [("Status".to_owned(), "completed".to_owned())]);
    let refused = client.update_call(&call_sid(), &redirect).await;
    assert_eq!(code(refused), Some(21_220), "it is over");

    let rated = RestCall {
        rating: Some(("37".to_owned(), "-0.01400".to_owned(), "USD".to_owned())),
        ..account.calls().pop().unwrap()
    };
    account.put_call(rated);
    let call = client.find_call(&call_sid()).await.unwrap().unwrap();
    assert_eq!(call.duration_s, Some(37));
    let price = Price {
        micros: -14_000,
        currency: "USD".to_owned(),
    };
    assert_eq!(call.price(), Some(price));
    assert!(call.end_time.is_some_and(|at| at > Timestamp::from_ms(0)));
    let unknown: CallSid = CALL.replace('0', "1").parse().unwrap();
    assert_eq!(client.find_call(&unknown).await, Ok(None));
}

#[tokio::test]
async fn the_calls_that_a_call_has_made_are_listed() {
    let account = RestAccount::open(&[]).await;
    account.put_call(live_call());
    for (n, price) in (2..).zip(["-0.01400", ""]) {
        account.put_call(RestCall {
            sid: CALL.replace('0', &n.to_string()),
            direction: "outbound-dial".to_owned(),
            parent: Some(CALL.to_owned()),
            rating: Some(("37".to_owned(), price.to_owned(), "USD".to_owned())),
            ..live_call()
        });
    }
    let client = account.client();
    let found = client.child_calls(&call_sid(), 1).await.unwrap();
    assert!(!found.is_whole);
    let found = client.child_calls(&call_sid(), 10).await.unwrap();
    assert!(found.is_whole);
    let prices = found
        .items
        .iter()
        .map(|call| call.price().map(|price| price.micros));
    assert_eq!(
        prices.collect::<Vec<_>>(),
        [None, Some(-14_000)],
        "newest first"
    );
    let parents = found.items.iter().map(|call| call.parent_call_sid.clone());
    assert!(parents.into_iter().all(|parent| parent == Some(call_sid())));
    let other: CallSid = CALL.replace('0', "2").parse().unwrap();
    assert_eq!(client.child_calls(&other, 10).await.unwrap().items, []);
}

#[tokio::test]
async fn a_participant_is_put_on_hold_and_muted() {
    let account = conference().await;
    let client = account.client();
    let conference = conference_sid();
    let hold = ParticipantUpdate {
        hold: Some(true),
        hold_url: Some("https://desk.example.com/music".to_owned()),
        ..ParticipantUpdate::default()
    };
    let changed = client
        .update_participant(&conference, &call_sid(), &hold)
        .await;
    assert!(changed.unwrap().hold);
    let mute = ParticipantUpdate {
        muted: Some(true),
        hold: Some(false),
        end_conference_on_exit: Some(true),
        ..ParticipantUpdate::default()
    };
    let changed = client
        .update_participant(&conference, &call_sid(), &mute)
        .await;
    assert!(changed.unwrap().muted);
    let all = client.participants(&conference, 10).await.unwrap();
    let [one] = all.items.as_slice() else {
        panic!("{all:?}");
    };
    assert!(one.muted && !one.hold);
    assert_eq!(one.label.as_deref(), Some("caller"));
    assert!(account.participants()[0].end_conference_on_exit);
}

#[tokio::test]
async fn a_conference_is_found_by_its_name_spoken_into_and_ended() {
    let account = conference().await;
    for (n, status) in [(0, "completed"), (1, "in-progress"), (2, "completed")] {
        account.convene(RestConference {
            sid: CONFERENCE.replace('0', &n.to_string()),
            name: "call_1-CA1".to_owned(),
            status: status.to_owned(),
            reason: None,
            announcements: Vec::new(),
            holds: Vec::new(),
            has_starter: true,
            has_begun: true,
        });
    }
    let client = account.client();
    assert_eq!(client.find_conference("call_1-CA2").await, Ok(None));
    let found = client.find_conference("call_1-CA1").await.unwrap();
    let found = found.expect("one is not over");
    assert!(found.is_in_progress());
    assert_eq!(found.sid.as_str(), CONFERENCE.replace('0', "1"));
    let url = "https://desk.example.com/said";
    client.announce(&found.sid, url).await.unwrap();
    let said = account.conferences()[1].announcements.clone();
    assert_eq!(said, [(url.to_owned(), false)]);
    // To say it again is not the same as once, and to end it is.
    account.fail_next([RestFault::AnswerLost]);
    let lost = client.announce(&found.sid, url).await;
    assert!(matches!(lost, Err(Error::Unknown(_))), "{lost:?}");
    account.fail_next([RestFault::AnswerLost]);
    client.end_conference(&found.sid).await.unwrap();
    assert_eq!(account.conferences()[1].status, "completed");
    assert_eq!(client.find_conference("call_1-CA1").await, Ok(None));
}

#[tokio::test]
async fn a_call_is_led_elsewhere_and_its_end_told() {
    let account = RestAccount::open(&[]).await;
    account.put_call(live_call());
    let lead = CallUpdate::Lead {
        url: "https://desk.example.com/conference".to_owned(),
        ended_url: "https://desk.example.com/ended".to_owned(),
    };
    let client = account.client();
    client.update_call(&call_sid(), &lead).await.unwrap();
    let told = account.calls().pop().unwrap().told;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        pair("Url", "https://desk.example.com/conference"),
        pair("Method", "POST"),
        pair("StatusCallback", "https://desk.example.com/ended"),
        pair("StatusCallbackMethod", "POST"),
    ];
    assert_eq!(told[0], expected);
    account.fail_next([RestFault::Failure(500)]);
    let lost = client.update_call(&call_sid(), &lead).await;
    assert!(
        matches!(lost, Err(Error::Unknown(_))),
        "twice is twice: {lost:?}"
    );
}

#[tokio::test]
async fn a_message_is_sent() {
    let account = RestAccount::open(&[]).await;
    account.own(NUMBER);
    let sent = account.client().send_message(&message()).await.unwrap();
    assert_eq!((sent.status.as_str(), sent.segments), ("queued", Some(1)));
    let [kept] = account.messages().try_into().unwrap();
    assert_eq!(kept.body, "See you at 9 & bring a \u{1f955}");
}

#[tokio::test]
async fn a_refusal_says_by_twilios_code_what_is_wrong() {
    let account = RestAccount::open(&[NUMBER]).await;
    let client = account.client();
    let taken = client.buy_number(&number(OTHER), &settings()).await;
    let refusal = taken.unwrap_err().refusal().cloned().unwrap();
    assert!(refusal.is_unavailable_number(), "{refusal:?}");
    assert_eq!((refusal.status, refusal.code), (400, Some(21_422)));
    assert!(refusal.message.expose().contains(OTHER));
    let mut local = settings();
    local.webhooks.as_mut().unwrap().voice = "http://localhost/voice".to_owned();
    let refused = client.buy_number(&number(NUMBER), &local).await;
    assert_eq!(code(refused), Some(21_402));
    assert_eq!(code(client.create_call(new_call()).await), Some(21_210));
    assert_eq!(code(client.send_message(&message()).await), Some(21_606));
    let mut abroad = search();
    abroad.country = "ZZ".to_owned();
    let nowhere = client.available_numbers(&abroad).await.unwrap_err();
    assert!(nowhere.refusal().unwrap().is_missing());

    let secret = Secret::new("another secret".to_owned());
    let stranger = Account::with_key(account.account_sid(), KEY.to_owned(), secret);
    let refused = account.client_of(stranger).numbers(1).await.unwrap_err();
    let refusal = refused.refusal().unwrap();
    assert!(refusal.is_of_credentials() && refusal.code == Some(20_003));
}

#[tokio::test]
async fn the_accounts_own_token_opens_it_too() {
    let token = Secret::new("the auth token".to_owned());
    let sid = "AC00000000000000000000000000000000";
    let account = RestAccount::with(&[], |options| {
        sid.clone_into(&mut options.account_sid);
        options.credentials = vec![(sid.to_owned(), token.clone())];
    })
    .await;
    let client = account.client_of(Account::with_token(sid.to_owned(), token));
    assert_eq!(client.numbers(1).await.unwrap().items, []);
}

#[tokio::test]
async fn w6_what_is_read_is_asked_for_again_whatever_went_wrong() {
    let account = RestAccount::open(&[]).await;
    account.own(NUMBER);
    for fault in [
        RestFault::Busy { retry_after: None },
        RestFault::Busy {
            retry_after: Some(0),
        },
        RestFault::Failure(500),
        RestFault::Failure(503),
        RestFault::AnswerLost,
        RestFault::Garbage,
    ] {
        account.fail_next([fault, fault, fault]);
        let found = account.client().find_number(&number(NUMBER)).await;
        assert!(found.unwrap().is_some(), "{fault:?}");
        account.fail_next([fault; 4]);
        let given_up = account.client().find_number(&number(NUMBER)).await;
        let error = given_up.unwrap_err();
        let is_passing = matches!(error, Error::Busy { .. } | Error::Unavailable(_));
        assert!(is_passing, "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn w6_silence_ends_with_our_patience() {
    let account = RestAccount::open(&[NUMBER]).await;
    let short = Duration::from_millis(60);
    let impatient = account.client().with_patience(Patience {
        attempt: short,
        ..Patience::default()
    });
    account.fail_next([RestFault::Silence, RestFault::Silence]);
    let found = impatient.find_number(&number(NUMBER)).await;
    assert_eq!(found, Ok(None), "the third try was answered");
    assert_eq!(account.exchanges().len(), 3);

    let impatient = impatient.with_patience(Patience {
        total: short,
        ..Patience::default()
    });
    account.fail_next([RestFault::Silence]);
    let lost = impatient.buy_number(&number(NUMBER), &settings()).await;
    assert_eq!(lost, Err(Error::Unknown(Cause::Timeout)));
    assert_eq!(account.exchanges().len(), 4, "it was asked for once");
}

#[tokio::test]
async fn w6_what_was_not_processed_is_asked_for_again() {
    let account = RestAccount::open(&[NUMBER]).await;
    account.fail_next([RestFault::Busy { retry_after: None }; 3]);
    let bought = account
        .client()
        .buy_number(&number(NUMBER), &settings())
        .await;
    assert!(bought.is_ok(), "{bought:?}");
    assert_eq!(account.exchanges().len(), 4);
    let retry_after = Some(120);
    account.fail_next([RestFault::Busy { retry_after }]);
    let busy = account.client().send_message(&message()).await;
    let retry_after = Some(Duration::from_mins(2));
    assert_eq!(busy.unwrap_err(), Error::Busy { retry_after });
}

#[tokio::test]
async fn w7_what_may_have_happened_is_never_asked_for_twice() {
    let lost = [
        RestFault::Failure(500),
        RestFault::FailureAfter(502),
        RestFault::AnswerLost,
        RestFault::Garbage,
        RestFault::Flood(2 * 1024 * 1024),
    ];
    for fault in lost {
        let account = RestAccount::open(&[OTHER]).await;
        account.own(NUMBER);
        account.put_call(live_call());
        let client = account.client();
        account.fail_next([fault]);
        let call = client.create_call(new_call()).await.map(drop);
        account.fail_next([fault]);
        let message = client.send_message(&message()).await.map(drop);
        account.fail_next([fault]);
        let redirect = CallUpdate::Redirect(new_call().instructions);
        let told = client.update_call(&call_sid(), &redirect).await.map(drop);
        account.fail_next([fault]);
        let bought = client.buy_number(&number(OTHER), &settings()).await;
        for outcome in [call, message, told, bought.map(drop)] {
            let is_unknown = matches!(outcome, Err(Error::Unknown(_)));
            assert!(is_unknown, "{fault:?}: {outcome:?}");
        }
        assert_eq!(
            account.exchanges().len(),
            4,
            "{fault:?}: each was sent once"
        );
        // Whoever asked looks before asking again.
        let is_bought = client.find_number(&number(OTHER)).await.unwrap().is_some();
        assert_eq!(is_bought, fault != RestFault::Failure(500), "{fault:?}");
    }
}

#[tokio::test]
async fn w7_hold_mute_hang_up_and_release_are_asked_for_again() {
    let account = conference().await;
    let owned = account.own(NUMBER);
    let client = account.client();
    let faults = [RestFault::AnswerLost, RestFault::FailureAfter(500)];
    let mute = ParticipantUpdate {
        muted: Some(true),
        ..ParticipantUpdate::default()
    };
    account.fail_next(faults);
    let muted = client
        .update_participant(&conference_sid(), &call_sid(), &mute)
        .await;
    assert!(muted.unwrap().muted);
    account.fail_next(faults);
    let done = client.update_call(&call_sid(), &CallUpdate::Complete).await;
    assert_eq!(done.unwrap().status, CallStatus::Completed);
    account.fail_next(faults);
    let sid = owned.sid.parse().unwrap();
    let configured = client.update_number(&sid, &settings()).await;
    assert!(configured.unwrap().voice_url.is_some());
    account.fail_next(faults);
    let released = client.release_number(&sid).await;
    assert_eq!(released, Ok(false), "it was gone when it was asked again");
    assert_eq!(account.numbers(), []);
}

#[tokio::test]
async fn w6_a_door_that_is_closed_took_nothing_in() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let secret = Secret::new(SECRET.to_owned());
    let account = Account::with_key("AC0".to_owned(), KEY.to_owned(), secret);
    let base = format!("http://{closed}").parse().unwrap();
    let client = Client::new(frontdesk::egress::client(), base, account, || 0);
    let unsent = client.buy_number(&number(NUMBER), &settings()).await;
    assert_eq!(unsent, Err(Error::Unavailable(Cause::Unreachable)));
}

#[tokio::test]
async fn i10_no_secret_and_no_number_is_printed() {
    let account = RestAccount::open(&[NUMBER]).await;
    let client = account.client();
    let refused = client.buy_number(&number(OTHER), &settings()).await;
    let refused = refused.unwrap_err();
    account.fail_next([RestFault::AnswerLost; 4]);
    let lost = client.find_number(&number(NUMBER)).await.unwrap_err();
    let bought = client
        .buy_number(&number(NUMBER), &NumberSettings::default())
        .await;
    let (call, message) = (new_call(), message());
    let printed =
        format!("{client:?} {refused:?} {refused} {lost:?} {lost} {bought:?} {call:?} {message:?}");
    for secret in [SECRET, "5105550", "bring a"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}

fn number(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

fn call_sid() -> CallSid {
    CALL.parse().unwrap()
}

fn conference_sid() -> ConferenceSid {
    CONFERENCE.parse().unwrap()
}

fn search() -> Search {
    Search {
        country: "US".to_owned(),
        kind: NumberKind::Local,
        area_code: None,
        contains: None,
        needs: Capabilities {
            voice: true,
            ..Capabilities::default()
        },
        limit: 20,
    }
}

fn settings() -> NumberSettings {
    NumberSettings {
        friendly_name: Some("Front door".to_owned()),
        webhooks: Some(NumberWebhooks {
            voice: "https://desk.example.com/voice".to_owned(),
            voice_fallback: "https://desk.example.com/fallback".to_owned(),
            status: "https://desk.example.com/status".to_owned(),
            sms: "https://desk.example.com/sms".to_owned(),
        }),
    }
}

/// The gate, wide open.
fn permit() -> Permit {
    let policy = DialPolicy {
        longest: Duration::from_hours(1),
        ..DialPolicy::default()
    };
    let dial = Dial {
        to: &number(OTHER),
        purpose: Purpose::Member,
        via: None,
        longest: Duration::MAX,
    };
    let now = Clock::system().now();
    let judged = policy.judge(&dial, &DialsUsed::default(), (&Zone::utc(), now));
    judged.unwrap()
}

fn new_call() -> NewCall {
    let permit = permit();
    NewCall {
        time_limit: Some(permit.longest()),
        to: permit,
        from: number(NUMBER),
        instructions: Instructions::Url("https://desk.example.com/outbound".to_owned()),
        fallback_url: Some("https://desk.example.com/fallback".to_owned()),
        status_callback: Some(StatusCallback {
            url: "https://desk.example.com/status".to_owned(),
            events: vec![CallEvent::Answered, CallEvent::Completed],
        }),
        ring_for: Some(Duration::from_secs(25)),
        call_token: None,
        machine_callback: None,
    }
}

fn message() -> NewMessage {
    NewMessage {
        to: number(OTHER),
        from: number(NUMBER),
        body: Pii::new("See you at 9 & bring a \u{1f955}".to_owned()),
        status_callback: Some("https://desk.example.com/sms-status".to_owned()),
    }
}

fn live_call() -> RestCall {
    RestCall::new(CALL, (OTHER, NUMBER), "in-progress")
}

async fn conference() -> RestAccount {
    let account = RestAccount::open(&[]).await;
    account.put_call(live_call());
    account.join(RestParticipant {
        conference_sid: CONFERENCE.to_owned(),
        call_sid: CALL.to_owned(),
        label: Some("caller".to_owned()),
        muted: false,
        hold: false,
        hold_url: None,
        end_conference_on_exit: false,
    });
    account
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<u32> {
    outcome.unwrap_err().refusal()?.code
}

#[tokio::test]
async fn the_sound_of_a_recording_is_fetched_whole_and_the_recording_deleted() {
    const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    assert_eq!(client.recording_sound(RECORDING).await, Ok(None));
    let mut sound = b"RIFF....WAVE".to_vec();
    sound.resize(3 * 1024 * 1024, 7);
    account.keep(RECORDING, &sound);
    account.fail_next([RestFault::Failure(503), RestFault::Garbage]);
    assert_eq!(client.recording_sound(RECORDING).await, Ok(Some(sound)));
    assert_eq!(client.delete_recording(RECORDING).await, Ok(true));
    assert_eq!(account.recordings(), []);
    assert_eq!(client.delete_recording(RECORDING).await, Ok(false));
}

#[tokio::test]
async fn a_queue_in_which_nobody_waits_is_taken_away() {
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    let sid = account.exchange().keep_queue("call_1-0");
    assert_eq!(client.delete_queue(&sid).await, Ok(true));
    assert_eq!(account.exchange().queues(), [""; 0]);
    assert_eq!(client.delete_queue(&sid).await, Ok(false));
}

#[tokio::test]
async fn a_callers_number_is_shown_by_the_token_of_their_call() {
    let account = RestAccount::open(&[]).await;
    let client = account.client();
    let refused = client.create_call(new_call()).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code, Some(21210));
    let shown = NewCall {
        call_token: Some(Secret::new("{\"parentCallInfoToken\":\"a+b\"}".to_owned())),
        machine_callback: Some("https://desk.example.com/machine?leg=0".to_owned()),
        ..new_call()
    };
    client.create_call(shown).await.unwrap();
    let told = &account.calls()[0].told[0];
    let has = |name: &str, value: &str| told.contains(&(name.to_owned(), value.to_owned()));
    assert!(
        has("AsyncAmd", "true") && has("MachineDetection", "Enable"),
        "{told:?}"
    );
    assert!(
        has("CallToken", "{\"parentCallInfoToken\":\"a+b\"}"),
        "{told:?}"
    );
}

#[tokio::test]
async fn w7_a_message_whose_answer_was_lost_is_found_by_its_words() {
    let account = RestAccount::open(&[]).await;
    account.own(NUMBER);
    let client = account.client();
    let began = Timestamp::from_ms(Clock::system().now().as_ms() - 5_000);
    assert_eq!(client.find_messages(&message(), began).await, Ok(vec![]));
    account.fail_next([RestFault::AnswerLost]);
    let lost = client.send_message(&message()).await;
    assert!(matches!(lost, Err(Error::Unknown(_))), "{lost:?}");
    let other = NewMessage {
        body: Pii::new("something else".to_owned()),
        ..message()
    };
    client.send_message(&other).await.unwrap();
    let found = client.find_messages(&message(), began).await.unwrap();
    let [found] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(found.sid, account.messages()[0].sid);
    let later = began.plus_ms(3_600_000);
    assert_eq!(client.find_messages(&message(), later).await, Ok(vec![]));
}
