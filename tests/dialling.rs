//! Whom may be rung of our own accord: the gate, as a table and as properties.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use frontdesk::domain::{
    Country, Dial, DialPolicy, DialRefusal, DialsUsed, Line, LineKind, PhoneNumber, Prefix,
    Purpose, Rate, Timestamp, Zone,
};
use proptest::prelude::*;

/// A Friday, 09:30 in Greenwich and 10:30 in Berlin.
fn now() -> Timestamp {
    Timestamp::from_ms(1_763_717_400_000)
}

const HOME: &str = "+12025550123";

fn phone(text: &str) -> PhoneNumber {
    text.parse().expect("the test writes E.164")
}

fn countries(codes: &[&str]) -> BTreeSet<Country> {
    let country = |code: &&str| code.parse().expect("a country");
    codes.iter().map(country).collect()
}

fn prefixes(texts: &[&str]) -> BTreeSet<Prefix> {
    let prefix = |text: &&str| text.parse().expect("a prefix");
    texts.iter().map(prefix).collect()
}

fn at_home() -> DialPolicy {
    DialPolicy {
        countries: countries(&["US"]),
        ..DialPolicy::default()
    }
}

fn dial(to: &PhoneNumber) -> Dial<'_> {
    Dial {
        to,
        purpose: Purpose::Outside,
        via: None,
        longest: Duration::from_mins(10),
    }
}

fn judged(policy: &DialPolicy, to: &str, used: DialsUsed) -> Result<Duration, &'static str> {
    let to = phone(to);
    let permit = policy.judge(&dial(&to), &used, (&Zone::utc(), now()));
    permit
        .map(|permit| {
            assert_eq!(permit.to(), &to);
            permit.longest()
        })
        .map_err(DialRefusal::code)
}

#[test]
fn a_number_is_known_by_its_country_and_its_kind() {
    for (number, country, kind) in [
        ("+12025550123", Some("US"), LineKind::Ordinary),
        ("+16137827274", Some("CA"), LineKind::Ordinary),
        ("+13459492311", Some("KY"), LineKind::Ordinary),
        ("+18765551234", Some("JM"), LineKind::Ordinary),
        ("+18005550199", Some("US"), LineKind::TollFree),
        ("+19002345678", Some("US"), LineKind::Premium),
        ("+15550100001", None, LineKind::Unknown),
        ("+4930901820", Some("DE"), LineKind::Ordinary),
        ("+4915112345678", Some("DE"), LineKind::Ordinary),
        ("+499001234567", Some("DE"), LineKind::Premium),
        ("+4918012345", Some("DE"), LineKind::SharedCost),
        ("+390612345678", Some("IT"), LineKind::Ordinary),
        ("+393123456789", Some("IT"), LineKind::Ordinary),
        ("+442079460123", Some("GB"), LineKind::Ordinary),
        ("+447781234567", Some("GG"), LineKind::Ordinary),
        ("+447011234567", Some("GB"), LineKind::Personal),
        ("+449098790000", Some("GB"), LineKind::Premium),
        ("+448431234567", Some("GB"), LineKind::Premium),
        ("+77172123456", Some("KZ"), LineKind::Ordinary),
        ("+74951234567", Some("RU"), LineKind::Ordinary),
        ("+870773111632", None, LineKind::Satellite),
        ("+8816123456789", None, LineKind::Satellite),
        ("+8835100001234", None, LineKind::Satellite),
        ("+979123456789", None, LineKind::Premium),
        ("+80812345678", None, LineKind::SharedCost),
        ("+80012345678", None, LineKind::TollFree),
        ("+911", None, LineKind::Emergency),
        ("+1911", None, LineKind::Emergency),
        ("+112", None, LineKind::Emergency),
        ("+49112", None, LineKind::Emergency),
        ("+44999", None, LineKind::Emergency),
        ("+351112", None, LineKind::Emergency),
        ("+9100", None, LineKind::Emergency),
        ("+12", None, LineKind::Unknown),
        ("+119005551234", None, LineKind::Unknown),
        ("+1202555012", None, LineKind::Unknown),
        ("+120255501234", None, LineKind::Unknown),
        ("+4904930901820", None, LineKind::Unknown),
        ("+999123456789", None, LineKind::Unknown),
    ] {
        let line = Line::of(&phone(number));
        let country = country.map(|code: &str| code.parse().unwrap());
        assert_eq!((line.country, line.kind), (country, kind), "{number}");
    }
}

#[test]
fn a_country_is_one_that_has_telephones() {
    for code in ["US", "DE", "GB", "XK", "IT"] {
        assert_eq!(code.parse::<Country>().unwrap().to_string(), code);
    }
    for other in ["", "us", "UK", "ZZ", "USA", "U", "ÜS", "001"] {
        assert!(other.parse::<Country>().is_err(), "{other}");
    }
}

#[test]
fn i11_nobody_is_rung_before_somebody_has_chosen_a_country() {
    let policy = DialPolicy::default();
    for number in [HOME, "+4930901820", "+18005550199", "+80012345678"] {
        let refused = judged(&policy, number, DialsUsed::default());
        assert_eq!(refused, Err("country_not_allowed"), "{number}");
    }
}

#[test]
fn i11_the_gate_asks_for_country_prefix_and_kind() {
    let german = DialPolicy {
        countries: countries(&["US", "DE"]),
        allowed_prefixes: prefixes(&["+4420", "+4490", "+8816", "+1"]),
        denied_prefixes: prefixes(&["+4930", "+44209", "+1900"]),
        dear_kinds: [LineKind::Premium].into(),
        ..DialPolicy::default()
    };
    for (number, expected) in [
        (HOME, None),
        ("+4989901820", None),
        ("+4930901820", Some("prefix_denied")),
        ("+442079460123", None),
        ("+441612345678", Some("country_not_allowed")),
        // Two settings: the kind, and where it is.
        ("+449098790000", None),
        ("+499001234567", Some("kind_not_allowed")),
        ("+448431234567", Some("kind_not_allowed")),
        ("+8816123456789", Some("kind_not_allowed")),
        ("+19002345678", Some("prefix_denied")),
        ("+15550100001", Some("unknown_number")),
        ("+1911", Some("emergency")),
        ("+911", Some("emergency")),
    ] {
        let judged = judged(&german, number, DialsUsed::default());
        assert_eq!(judged.err(), expected, "{number}");
    }
}

#[test]
fn i11_every_limit_holds_and_the_last_place_is_the_last() {
    let policy = DialPolicy {
        of_tenant: Rate {
            per_hour: 4,
            per_day: 8,
        },
        of_user: Rate {
            per_hour: 2,
            per_day: 6,
        },
        at_once: 3,
        longest: Duration::from_mins(5),
        daily_budget_micros: 1_000_000,
        minute_price_micros: 100_000,
        ..at_home()
    };
    let quota = |per_hour, per_day| Rate { per_hour, per_day };
    let none = DialsUsed::default();
    let with = |by_tenant, by_user, at_once, spent_micros| DialsUsed {
        by_tenant,
        by_user,
        at_once,
        spent_micros,
    };
    let zero = Rate::default();
    for (used, expected) in [
        (none, None),
        (with(quota(3, 7), quota(1, 5), 2, 500_000), None),
        (with(quota(4, 4), zero, 0, 0), Some("hourly_limit")),
        (with(quota(0, 8), zero, 0, 0), Some("daily_limit")),
        (with(zero, quota(2, 2), 0, 0), Some("hourly_limit_of_user")),
        (with(zero, quota(0, 6), 0, 0), Some("daily_limit_of_user")),
        (with(zero, zero, 3, 0), Some("too_many_at_once")),
        (with(zero, zero, 0, 500_001), Some("budget_spent")),
    ] {
        assert_eq!(judged(&policy, HOME, used).err(), expected, "{used:?}");
    }
    // What is allowed is what was asked for, and no longer than allowed.
    assert_eq!(judged(&policy, HOME, none), Ok(Duration::from_mins(5)));
    assert_eq!(judged(&at_home(), HOME, none), Ok(Duration::from_mins(10)));
}

#[test]
fn i11_a_member_is_rung_at_any_hour_but_at_no_price_and_in_no_need() {
    let night = DialPolicy {
        hours: Some("20:00-21:00".parse().unwrap()),
        countries: countries(&["US", "GB"]),
        allowed_prefixes: prefixes(&["+44"]),
        dear_kinds: LineKind::DEAR.into(),
        ..DialPolicy::default()
    };
    assert_eq!(
        judged(&night, HOME, DialsUsed::default()),
        Err("outside_hours")
    );
    for (number, expected) in [
        (HOME, None),
        ("+15550300002", None),
        ("+4930901820", None),
        ("+449098790000", Some("kind_not_allowed")),
        ("+870773111632", Some("kind_not_allowed")),
        ("+911", Some("emergency")),
    ] {
        let to = phone(number);
        let member = Dial {
            purpose: Purpose::Member,
            ..dial(&to)
        };
        let clock = (&Zone::utc(), now());
        let judged = night.judge(&member, &DialsUsed::default(), clock);
        assert_eq!(judged.err().map(DialRefusal::code), expected, "{number}");
    }
}

#[test]
fn calls_are_made_by_the_clock_of_the_tenant() {
    let policy = DialPolicy {
        hours: Some("10:00-20:00".parse().unwrap()),
        ..at_home()
    };
    let to = phone(HOME);
    for (zone, is_allowed) in [("UTC", false), ("Europe/Berlin", true)] {
        let zone: Zone = zone.parse().unwrap();
        let judged = policy.judge(&dial(&to), &DialsUsed::default(), (&zone, now()));
        assert_eq!(judged.is_ok(), is_allowed, "{zone}");
    }
}

/// The files below `src` that say `words`, but for their tests.
fn files_that_say(words: &str) -> Vec<String> {
    fn look(folder: &Path, words: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, words, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            if code.contains(words) {
                let src = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
                found.push(path.to_string_lossy().replace(src, ""));
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    look(&src, words, &mut found);
    found.sort();
    found
}

/// Words, and the only files that may say them.
const WAYS: &[(&str, &[&str])] = &[
    // A call is made with a permit, which the gate alone makes.
    ("Permit::new(", &["domain/dialling/policy.rs"]),
    ("policy.judge(", &["store/dials.rs"]),
    (
        ".create_call(",
        &[
            "api/outbound/record.rs",
            "rehearsal/rest/account.rs",
            "webhooks/warm/ringing.rs",
        ],
    ),
    (
        "dials::clear(",
        &["api/outbound/gate.rs", "bridge/tools/transfer.rs"],
    ),
    // Texts are kept by the gate, and sent by one job.
    (".judge_writing(", &["store/dials.rs"]),
    ("dials::judge_writing(", &["store/sms_messages.rs"]),
    (
        "sms_messages::submit(",
        &[
            "api/sms/send.rs",
            "bridge/tools/text.rs",
            "webhooks/ivr/text.rs",
        ],
    ),
    (
        ".send_message(",
        &["jobs/sms_to_send.rs", "rehearsal/rest/account.rs"],
    ),
    // Telephones ring by one verb, which leaves out what is dear.
    ("twiml::{Dial, Response}", &["webhooks/ring.rs"]),
    ("picked_up::number(", &["webhooks/ring.rs"]),
    ("Number::new(permit)", &["webhooks/picked_up.rs"]),
    ("Permit::kept(", &["webhooks/ring.rs"]),
    (
        ".judge_forward(",
        &["api/calls/transfer.rs", "routing/allowance.rs"],
    ),
    (
        "longest = Some(",
        &[
            "api/calls/transfer.rs",
            "api/outbound/record.rs",
            "bridge/tools/transfer.rs",
        ],
    ),
    // By no other line than a telephone's is anybody rung.
    ("Sip::new(", &[]),
    ("WhatsApp::new(", &[]),
    ("Sim::new(", &[]),
    ("twiml::Application", &[]),
    (
        // A conference rings nobody: who meets there is on the line already.
        "Dial::new()",
        &[
            "webhooks/conference.rs",
            "webhooks/queue_member.rs",
            "webhooks/ring.rs",
            "webhooks/warm/person.rs",
        ],
    ),
];

#[test]
fn i11_there_is_one_gate_and_no_way_around_it() {
    for (words, files) in WAYS {
        assert_eq!(files_that_say(words), *files, "{words}");
    }
}

#[test]
fn i11_whoever_is_connected_speaks_for_a_limited_time() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files_that_say("Dial::new()") {
        let text = fs::read_to_string(src.join(&file)).unwrap();
        let count = |words: &str| text.matches(words).count();
        assert_eq!(count("Dial::new()"), count(".time_limit("), "{file}");
    }
}

#[test]
fn i11_who_rings_up_is_connected_with_whom_the_policy_allows_at_any_hour() {
    let night = DialPolicy {
        hours: Some("20:00-21:00".parse().unwrap()),
        of_tenant: Rate::default(),
        countries: countries(&["US"]),
        denied_prefixes: prefixes(&["+1202556", "+4930"]),
        ..DialPolicy::default()
    };
    let minute = Duration::from_mins(1);
    for (number, outside, member) in [
        (HOME, None, None),
        ("+12025560123", Some("prefix_denied"), Some("prefix_denied")),
        ("+4930901820", Some("prefix_denied"), Some("prefix_denied")),
        ("+442079460123", Some("country_not_allowed"), None),
        (
            "+449098790000",
            Some("kind_not_allowed"),
            Some("kind_not_allowed"),
        ),
        ("+911", Some("emergency"), Some("emergency")),
    ] {
        let to = phone(number);
        for (purpose, expected) in [(Purpose::Outside, outside), (Purpose::Member, member)] {
            let judged = night.judge_forward((&to, purpose), minute);
            assert_eq!(
                judged.as_ref().err().map(|why| why.code()),
                expected,
                "{number}"
            );
            assert!(judged.is_err() || judged.is_ok_and(|permit| permit.longest() == minute));
        }
    }
}

fn policies() -> impl Strategy<Value = DialPolicy> {
    let codes = prop::sample::subsequence(vec!["US", "DE", "GB", "IT", "CA"], 0..5);
    let beginnings = || prop::sample::subsequence(vec!["+1", "+49", "+4930", "+44", "+88"], 0..5);
    let dear = prop::sample::subsequence(LineKind::DEAR.to_vec(), 0..4);
    (
        codes,
        beginnings(),
        beginnings(),
        dear,
        0..4_u32,
        0..3_000_000_i64,
    )
        .prop_map(
            |(codes, allowed, denied, dear, at_once, budget)| DialPolicy {
                countries: countries(&codes),
                allowed_prefixes: prefixes(&allowed),
                denied_prefixes: prefixes(&denied),
                dear_kinds: dear.into_iter().collect(),
                at_once,
                daily_budget_micros: budget,
                ..DialPolicy::default()
            },
        )
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        r"\+[1-9][0-9]{1,14}",
        r"\+1[2-9][0-9]{9}",
        r"\+49[1-9][0-9]{6,10}",
        r"\+44[1-9][0-9]{9}",
        r"\+88[0-9]{6,11}",
    ]
}

fn uses() -> impl Strategy<Value = DialsUsed> {
    (0..200_u32, 0..200_u32, 0..4_u32, 0..3_000_000_i64).prop_map(
        |(per_hour, more, at_once, spent_micros)| {
            let by_tenant = Rate {
                per_hour,
                per_day: per_hour + more,
            };
            DialsUsed {
                by_tenant,
                by_user: Rate::default(),
                at_once,
                spent_micros,
            }
        },
    )
}

proptest! {
    #[test]
    fn i11_no_policy_and_no_number_open_the_gate_by_accident(
        policy in policies(), number in numbers(), used in uses(),
    ) {
        let to = phone(&number);
        let Ok(permit) = policy.judge(&dial(&to), &used, (&Zone::utc(), now())) else {
            return Ok(());
        };
        let line = Line::of(&to);
        let begins = |all: &BTreeSet<Prefix>| all.iter().any(|one| number.starts_with(&one.to_string()));
        prop_assert!(!begins(&policy.denied_prefixes));
        prop_assert!(line.kind != LineKind::Emergency && line.kind != LineKind::Unknown);
        let is_chosen = line.country.is_some_and(|one| policy.countries.contains(&one));
        prop_assert!(is_chosen || begins(&policy.allowed_prefixes));
        if line.kind.is_dear() {
            prop_assert!(policy.dear_kinds.contains(&line.kind));
            prop_assert!(begins(&policy.allowed_prefixes));
        }
        prop_assert!(used.at_once < policy.at_once);
        prop_assert!(used.by_tenant.per_day < policy.of_tenant.per_day);
        let cost = policy.reckoned(permit.longest(), 1);
        prop_assert!(used.spent_micros + cost <= policy.daily_budget_micros);
        prop_assert!(permit.longest() <= policy.longest);
    }

    #[test]
    fn i11_what_is_refused_stays_refused_when_more_is_used(
        policy in policies(), number in numbers(), used in uses(), more in 0..5_u32,
    ) {
        let to = phone(&number);
        let judge = |used| policy.judge(&dial(&to), &used, (&Zone::utc(), now())).is_ok();
        let mut later = used;
        later.at_once += more;
        later.by_tenant.per_day += more;
        later.spent_micros += i64::from(more) * 10_000;
        prop_assert!(judge(used) || !judge(later));
    }
}
