//! What callers hear at the end of their route, before they leave a message.

use std::collections::BTreeMap;

use frontdesk::clock::Clock;
use frontdesk::domain::{
    Entry, GreetingKind, Hours, HoursPlan, Lock, SettingKey, SettingValue, Week, Zone,
};
use frontdesk::routing::{Plan, Ring, Strategy, Target, Users, Voice};
use frontdesk::store::{hours, settings};

use super::desk::{Desk, talkative};
use super::routed::{ask, form_to, key, member, plan, preview, put_greeting, put_setting, tenant};
use super::visitor::{Answer, INBOUND, form, post};

const TO: &str = "+15550100000";

async fn greet(desk: &Desk, kind: GreetingKind, words: &str) {
    put_greeting(desk, (kind, None), words).await;
}

/// Hours in which it is never open.
async fn never(desk: &Desk) -> Hours {
    let hours = Hours {
        id: Clock::system().new_id(),
        tenant_id: tenant(desk).await.0,
        name: "Never".to_owned(),
        plan: HoursPlan {
            zone: Zone::utc(),
            week: Week::new([]),
            exceptions: BTreeMap::new(),
        },
        created_at: Clock::system().now(),
    };
    hours::insert(&desk.store, &hours).await.unwrap();
    hours
}

fn voicemail(own: Option<&str>) -> Target {
    Target::Voicemail {
        greeting: own.map(str::to_owned),
        user_id: None,
    }
}

async fn rung(desk: &Desk, call: &str) -> Answer {
    let answer = post(desk, INBOUND, &form(call, "ringing")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

fn says(answer: &Answer, words: &str) {
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
    assert!(answer.body.contains("<Record "), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_too_late_hears_so_and_what_the_number_wants_comes_first() {
    let desk = Desk::open(talkative()).await;
    plan(
        &desk,
        TO,
        &Plan {
            open: voicemail(None),
            ..Plan::default()
        },
    )
    .await;
    says(&rung(&desk, "CA1").await, "You have reached Default.");
    greet(&desk, GreetingKind::Business, "We are on the other line.").await;
    greet(&desk, GreetingKind::AfterHours, "We are closed.").await;
    says(&rung(&desk, "CA2").await, "We are on the other line.");
    let closed = Plan {
        hours_id: Some(never(&desk).await.id),
        after_hours: Some(voicemail(None)),
        ..Plan::default()
    };
    plan(&desk, TO, &closed).await;
    says(&rung(&desk, "CA3").await, "We are closed.");
    let own = Plan {
        after_hours: Some(voicemail(Some("Back at nine."))),
        ..closed
    };
    plan(&desk, TO, &own).await;
    says(&rung(&desk, "CA4").await, "Back at nine.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_that_nobody_wrote_is_said_in_the_language_of_the_number() {
    let desk = Desk::open(talkative()).await;
    let german = Plan {
        open: voicemail(None),
        voice: Voice {
            language: Some("de-DE".to_owned()),
            ..Voice::default()
        },
        ..Plan::default()
    };
    plan(&desk, TO, &german).await;
    says(
        &rung(&desk, "CA1").await,
        "Bitte hinterlassen Sie nach dem Ton",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_messages_are_switched_off_nobody_leaves_one() {
    let desk = Desk::open(talkative()).await;
    let office = Plan {
        open: voicemail(None),
        fallback: vec![Target::Message {
            text: "Try again tomorrow.".to_owned(),
        }],
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let entry = Entry {
        value: SettingValue::Truth(false),
        lock: Lock::Unlocked,
    };
    let (tenant, at) = (tenant(&desk).await.0, Clock::system().now());
    let off = settings::put_tenant(
        &desk.store,
        tenant,
        SettingKey::EnableVoicemail,
        (&entry, at),
    );
    off.await.unwrap();
    let answer = rung(&desk, "CA1").await;
    assert!(
        answer.body.contains("Try again tomorrow."),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("<Record"), "{}", answer.body);
    plan(
        &desk,
        TO,
        &Plan {
            open: voicemail(None),
            ..Plan::default()
        },
    )
    .await;
    assert!(rung(&desk, "CA2").await.is_apology());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_wants_no_messages_has_them_left_for_the_tenant_as_the_preview_says() {
    let desk = Desk::open(talkative()).await;
    let key = key(&desk).await;
    let ada = member(&desk, "+15550300002").await;
    let ring = Target::Users(Users {
        user_ids: vec![ada],
        strategy: Strategy::AtOnce,
        ring: Ring::default(),
    });
    let office = Plan {
        open: ring,
        ..Plan::default()
    };
    plan(&desk, TO, &office).await;
    let of_ada = format!("user={ada}");
    for (n, (of_tenant, of_member, last, is_hers)) in [
        (None, None, "voicemail", true),
        (None, Some(false), "voicemail", false),
        // The tenant has the last word of whether there are any.
        (Some(false), Some(true), "apology", false),
    ]
    .into_iter()
    .enumerate()
    {
        if let Some(value) = of_tenant {
            put_setting(&desk, SettingKey::EnableVoicemail, value).await;
        }
        if let Some(value) = of_member {
            let entry = Entry {
                value: SettingValue::Truth(value),
                lock: Lock::Unlocked,
            };
            let of = (tenant(&desk).await.0, ada);
            let at = Clock::system().now();
            let set =
                settings::put_user(&desk.store, of, SettingKey::EnableVoicemail, (&entry, at));
            set.await.unwrap();
        }
        let shown = preview(&desk, &key, TO, "+15550100001").await;
        let stops = shown["stops"].as_array().unwrap();
        assert!(stops[1].to_string().contains(last), "{shown}");
        let sid = format!("CA{n}");
        rung(&desk, &sid).await;
        let failed = form_to(&sid, TO, &[("DialCallStatus", "no-answer")]);
        let xml = ask(&desk, "dial-status?stop=0", &failed).await;
        assert_eq!(xml.contains("<Record"), last == "voicemail", "{xml}");
        assert_eq!(xml.contains(&of_ada), is_hers, "{xml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w5_without_a_database_a_caller_leaves_a_message_after_words_of_ours() {
    let desk = Desk::open(talkative()).await;
    plan(
        &desk,
        TO,
        &Plan {
            open: voicemail(None),
            ..Plan::default()
        },
    )
    .await;
    says(&rung(&desk, "CA1").await, "You have reached Default.");
    desk.store.close().await;
    let answer = rung(&desk, "CA2").await;
    says(&answer, "Nobody can take your call at the moment.");
    assert!(
        answer.body.contains(r##"finishOnKey="#""##),
        "{}",
        answer.body
    );
}
