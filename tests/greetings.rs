//! Which greeting a caller hears, and what is known of a sound by its bytes.

use frontdesk::domain::{
    Day, Greeting, GreetingContent, GreetingId, GreetingKind, Occasion, OpenState, SoundFormat,
    TenantId, Timestamp, UserId, choose,
};

const NOON_OF_CHRISTMAS_EVE: i64 = 1_798_113_600_000;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn user(n: u128) -> UserId {
    UserId::from_parts(Timestamp::from_ms(0), n)
}

/// A greeting whose name tells it, made later the higher its number.
fn greeting(n: u8, kind: GreetingKind, name: &str) -> Greeting {
    let at = Timestamp::from_ms(i64::from(n));
    Greeting {
        id: GreetingId::from_parts(at, u128::from(n)),
        tenant_id: TenantId::from_parts(Timestamp::from_ms(0), 0),
        kind,
        user_id: (kind == GreetingKind::Personal).then(|| user(1)),
        name: name.to_owned(),
        content: GreetingContent::Spoken {
            text: name.to_owned(),
            voice: None,
            language: None,
        },
        from: None,
        until: None,
        is_default: true,
        created_at: at,
    }
}

fn all() -> Vec<Greeting> {
    let christmas = Greeting {
        from: Some(day("2026-12-24")),
        until: Some(day("2026-12-26")),
        is_default: false,
        ..greeting(5, GreetingKind::Holiday, "christmas")
    };
    let fair = Greeting {
        until: Some(day("2026-05-31")),
        is_default: false,
        ..greeting(6, GreetingKind::Business, "spring fair")
    };
    let spare = Greeting {
        is_default: false,
        ..greeting(7, GreetingKind::Business, "spare")
    };
    vec![
        greeting(1, GreetingKind::Holiday, "holiday"),
        greeting(2, GreetingKind::AfterHours, "after hours"),
        greeting(3, GreetingKind::Personal, "personal"),
        greeting(4, GreetingKind::Business, "business"),
        christmas,
        fair,
        spare,
    ]
}

#[test]
fn a_holiday_goes_before_the_hours_the_hours_before_the_person_and_the_person_before_all() {
    let all = all();
    let (open, closed, holiday) = (OpenState::Open, OpenState::Closed, OpenState::Holiday);
    for (today, open_state, who, expected) in [
        ("2026-11-21", holiday, Some(1), "holiday"),
        ("2026-11-21", holiday, None, "holiday"),
        ("2026-12-25", holiday, Some(1), "christmas"),
        // Its days make it a holiday, whoever forgot to say so elsewhere.
        ("2026-12-24", open, None, "christmas"),
        ("2026-12-26", open, None, "christmas"),
        ("2026-12-23", open, None, "business"),
        ("2026-12-27", open, None, "business"),
        ("2026-11-21", closed, Some(1), "after hours"),
        ("2026-11-21", open, Some(1), "personal"),
        ("2026-11-21", open, Some(2), "business"),
        ("2026-11-21", open, None, "business"),
        ("2026-05-31", open, None, "spring fair"),
        ("2026-06-01", open, None, "business"),
    ] {
        let occasion = Occasion {
            today: day(today),
            open_state,
            user: who.map(user),
        };
        let found = choose(&all, &occasion).map(|greeting| greeting.name.as_str());
        assert_eq!(found, Some(expected), "{occasion:?}");
    }
}

#[test]
fn where_no_greeting_is_meant_none_is_heard_and_the_order_of_a_list_means_nothing() {
    let occasion = Occasion {
        today: day("2026-05-01"),
        open_state: OpenState::Holiday,
        user: Some(user(1)),
    };
    assert_eq!(choose(&[], &occasion), None);
    let mut all = all();
    all.retain(|greeting| greeting.name == "spare");
    assert_eq!(
        choose(&all, &occasion),
        None,
        "neither a default nor for a day"
    );

    let mut all = self::all();
    all.retain(|greeting| greeting.kind == GreetingKind::Business);
    all.push(Greeting {
        from: Some(day("2026-05-01")),
        ..greeting(9, GreetingKind::Business, "later")
    });
    for _ in 0..all.len() {
        all.rotate_left(1);
        assert_eq!(choose(&all, &occasion).unwrap().name, "later");
    }
}

#[test]
fn a_day_is_the_day_where_the_tenant_is() {
    let noon = Timestamp::from_ms(NOON_OF_CHRISTMAS_EVE);
    for (zone, hours, expected) in [
        ("UTC", 0, "2026-12-24"),
        ("Pacific/Auckland", 0, "2026-12-25"),
        ("America/New_York", -8, "2026-12-23"),
        ("Europe/Zurich", 10, "2026-12-24"),
        ("Europe/Zurich", 11, "2026-12-25"),
        ("Mars/Olympus", 11, "2026-12-24"),
    ] {
        let at = noon.plus_ms(hours * 3_600_000);
        assert_eq!(Day::of(at, zone).to_string(), expected, "{zone} {hours}");
    }
    for other in [
        "2026-02-30",
        "2026-1-1",
        "20260101",
        "tomorrow",
        "2026-12-24T00",
        "+02026-1-1",
    ] {
        assert!(other.parse::<Day>().is_err(), "{other}");
    }
}

#[test]
fn a_sound_is_known_by_its_bytes() {
    for (bytes, format) in [
        (b"RIFF\x24\0\0\0WAVEfmt ".as_slice(), Some(SoundFormat::Wav)),
        (b"ID3\x04\0\0".as_slice(), Some(SoundFormat::Mp3)),
        (b"\xff\xfb\x90\x64".as_slice(), Some(SoundFormat::Mp3)),
        (b"\xff\xf3\x40\xc4".as_slice(), Some(SoundFormat::Mp3)),
        // AAC in ADTS begins with the same twelve bits, and has layer 0.
        (b"\xff\xf1\x50\x80".as_slice(), None),
        (b"RIFF\x24\0\0\0AVI LIST".as_slice(), None),
        (b"<html>".as_slice(), None),
        (b"\xff".as_slice(), None),
        (b"".as_slice(), None),
    ] {
        assert_eq!(SoundFormat::sniff(bytes), format, "{bytes:?}");
    }
}
