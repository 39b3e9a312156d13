//! Opening hours by the clock on the wall, also when that clock jumps.

use frontdesk::domain::{Closure, Date, HoursPlan, Opening, Span, Timestamp, Weekday, Zone};
use proptest::prelude::*;

use super::values::{at, daily, except, on_days, spans};

/// How things stand, in a line.
fn told(plan: &HoursPlan, moment: &str) -> String {
    let until = |at: Option<Timestamp>| match at {
        Some(at) => at.to_string().replace(":00.000Z", "Z"),
        None => "never".to_owned(),
    };
    match plan.is_open(at(moment)) {
        Opening::Open { until: closes } => format!("open until {}", until(closes)),
        Opening::Closed { opens_at, why } => {
            let why = match why {
                Closure::Weekly => "weekly".to_owned(),
                Closure::Holiday(name) => name,
            };
            format!("closed ({why}) until {}", until(opens_at))
        }
    }
}

#[track_caller]
fn assert_told(plan: &HoursPlan, cases: &[(&str, &str)]) {
    for (moment, expected) in cases {
        assert_eq!(told(plan, moment), *expected, "at {moment}");
    }
}

const OFFICE_DAYS: [Weekday; 5] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
];

#[test]
fn an_office_opens_in_the_morning_rests_at_noon_and_closes_for_the_weekend() {
    let office = on_days("Europe/Berlin", &OFFICE_DAYS, "09:00-12:00 13:00-17:30");
    assert_told(
        &office,
        &[
            // A Friday in November: Berlin is an hour ahead.
            (
                "2026-11-20T07:59:59Z",
                "closed (weekly) until 2026-11-20T08:00Z",
            ),
            ("2026-11-20T08:00:00Z", "open until 2026-11-20T11:00Z"),
            ("2026-11-20T10:59:59Z", "open until 2026-11-20T11:00Z"),
            (
                "2026-11-20T11:00:00Z",
                "closed (weekly) until 2026-11-20T12:00Z",
            ),
            ("2026-11-20T16:29:59Z", "open until 2026-11-20T16:30Z"),
            (
                "2026-11-20T16:30:00Z",
                "closed (weekly) until 2026-11-23T08:00Z",
            ),
            (
                "2026-11-22T12:00:00Z",
                "closed (weekly) until 2026-11-23T08:00Z",
            ),
        ],
    );
}

#[test]
fn a_span_across_midnight_belongs_to_the_day_on_which_it_opens() {
    let bar = on_days("Europe/Berlin", &[Weekday::Friday], "22:00-04:00");
    assert_told(
        &bar,
        &[
            (
                "2026-11-20T20:59:00Z",
                "closed (weekly) until 2026-11-20T21:00Z",
            ),
            ("2026-11-20T23:30:00Z", "open until 2026-11-21T03:00Z"),
            ("2026-11-21T02:59:00Z", "open until 2026-11-21T03:00Z"),
            (
                "2026-11-21T03:00:00Z",
                "closed (weekly) until 2026-11-27T21:00Z",
            ),
        ],
    );
    // The night goes on into a holiday; the night of the holiday does not begin.
    let bar = except(bar, "2026-11-21", "Mourning", "");
    let bar = except(bar, "2026-11-27", "Mourning too", "");
    assert_told(
        &bar,
        &[
            ("2026-11-21T01:00:00Z", "open until 2026-11-21T03:00Z"),
            (
                "2026-11-21T03:00:00Z",
                "closed (Mourning) until 2026-12-04T21:00Z",
            ),
            (
                "2026-11-27T22:00:00Z",
                "closed (Mourning too) until 2026-12-04T21:00Z",
            ),
        ],
    );
}

#[test]
fn spans_that_touch_or_overlap_are_one() {
    let touching = daily("UTC", "08:00-12:00 12:00-16:00 15:00-18:00");
    assert_told(
        &touching,
        &[("2026-11-20T09:00:00Z", "open until 2026-11-20T18:00Z")],
    );
    // From Friday's midnight into Saturday's morning without a break.
    let night = except(
        daily("UTC", "20:00-24:00"),
        "2026-11-21",
        "Party",
        "00:00-03:00",
    );
    assert_told(
        &night,
        &[("2026-11-20T21:00:00Z", "open until 2026-11-21T03:00Z")],
    );
}

#[test]
fn who_never_closes_is_open_without_an_end_and_who_never_opens_has_no_beginning() {
    for always in ["00:00-24:00", "09:00-09:00"] {
        let always = daily("America/New_York", always);
        assert_told(&always, &[("2026-11-01T05:30:00Z", "open until never")]);
    }
    let never = on_days("UTC", &[], "");
    assert_told(
        &never,
        &[("2026-11-20T09:00:00Z", "closed (weekly) until never")],
    );
    // A single day long from now is found all the same.
    let once = except(never, "2031-01-01", "Fair", "10:00-11:00");
    assert_told(
        &once,
        &[
            (
                "2026-11-20T09:00:00Z",
                "closed (weekly) until 2031-01-01T10:00Z",
            ),
            ("2031-01-01T10:30:00Z", "open until 2031-01-01T11:00Z"),
            ("2031-01-01T11:30:00Z", "closed (Fair) until never"),
        ],
    );
}

#[test]
fn a_holiday_is_closed_by_its_name_or_open_at_other_times() {
    let office = on_days("America/New_York", &OFFICE_DAYS, "09:00-17:00");
    let office = except(office, "2026-12-25", "Christmas", "");
    let office = except(office, "2026-12-24", "Christmas Eve", "09:00-12:00");
    let office = except(office, "2026-12-26", "Stocktaking", "10:00-14:00");
    assert_told(
        &office,
        &[
            ("2026-12-24T16:00:00Z", "open until 2026-12-24T17:00Z"),
            (
                "2026-12-24T18:00:00Z",
                "closed (Christmas Eve) until 2026-12-26T15:00Z",
            ),
            // Already Christmas in Greenwich, still Christmas Eve in New York.
            (
                "2026-12-25T04:00:00Z",
                "closed (Christmas Eve) until 2026-12-26T15:00Z",
            ),
            (
                "2026-12-25T16:00:00Z",
                "closed (Christmas) until 2026-12-26T15:00Z",
            ),
            ("2026-12-26T16:00:00Z", "open until 2026-12-26T19:00Z"),
        ],
    );
}

#[test]
fn summer_time_moves_the_door_and_not_the_clock_on_it() {
    // Berlin springs at 01:00Z on 2026-03-29 and falls at 01:00Z on 2026-10-25.
    let berlin = daily("Europe/Berlin", "09:00-17:00");
    assert_told(
        &berlin,
        &[
            ("2026-03-28T08:00:00Z", "open until 2026-03-28T16:00Z"),
            (
                "2026-03-29T06:59:00Z",
                "closed (weekly) until 2026-03-29T07:00Z",
            ),
            ("2026-03-29T07:00:00Z", "open until 2026-03-29T15:00Z"),
            (
                "2026-10-25T07:59:00Z",
                "closed (weekly) until 2026-10-25T08:00Z",
            ),
        ],
    );
    // New York springs at 07:00Z on 2026-03-08 and falls at 06:00Z on 2026-11-01.
    let new_york = daily("America/New_York", "09:00-17:00");
    assert_told(
        &new_york,
        &[
            ("2026-03-07T14:00:00Z", "open until 2026-03-07T22:00Z"),
            ("2026-03-08T13:00:00Z", "open until 2026-03-08T21:00Z"),
            (
                "2026-11-01T13:59:00Z",
                "closed (weekly) until 2026-11-01T14:00Z",
            ),
        ],
    );
    // São Paulo has had no summer time since 2019, Kathmandu lies at +05:45.
    let sao_paulo = daily("America/Sao_Paulo", "09:00-17:00");
    let kathmandu = daily("Asia/Kathmandu", "09:00-17:00");
    for (day, month) in [("15", "01"), ("15", "07"), ("20", "10")] {
        let moment = |time| format!("2026-{month}-{day}T{time}:00Z");
        let ends = format!("open until 2026-{month}-{day}T20:00Z");
        assert_told(&sao_paulo, &[(&*moment("12:00"), &*ends)]);
        let ends = format!("open until 2026-{month}-{day}T11:15Z");
        assert_told(&kathmandu, &[(&*moment("03:15"), &*ends)]);
        assert!(!kathmandu.is_open(at(&moment("03:14"))).is_open());
    }
}

#[test]
fn an_hour_that_does_not_exist_is_never_open() {
    // 02:00 to 03:00 is left out.
    let inside = daily("Europe/Berlin", "02:10-02:50");
    assert_told(
        &inside,
        &[
            (
                "2026-03-29T00:59:59Z",
                "closed (weekly) until 2026-03-30T00:10Z",
            ),
            (
                "2026-03-29T01:00:00Z",
                "closed (weekly) until 2026-03-30T00:10Z",
            ),
            (
                "2026-03-29T01:20:00Z",
                "closed (weekly) until 2026-03-30T00:10Z",
            ),
        ],
    );
    // Who would open within it opens when the clock has jumped.
    let from = daily("Europe/Berlin", "02:30-05:00");
    assert_told(
        &from,
        &[
            (
                "2026-03-29T00:59:59Z",
                "closed (weekly) until 2026-03-29T01:00Z",
            ),
            ("2026-03-29T01:00:00Z", "open until 2026-03-29T03:00Z"),
        ],
    );
    // Who would close within it closes when the clock jumps.
    let until = daily("America/New_York", "00:00-02:30");
    assert_told(
        &until,
        &[("2026-03-08T06:30:00Z", "open until 2026-03-08T07:00Z")],
    );
    // São Paulo sprang at midnight in 2018.
    let midnight = daily("America/Sao_Paulo", "00:00-01:30");
    assert_told(
        &midnight,
        &[(
            "2018-11-04T02:59:00Z",
            "closed (weekly) until 2018-11-04T03:00Z",
        )],
    );
}

#[test]
fn an_hour_that_comes_twice_is_open_twice() {
    // 02:00 to 03:00 comes at 00:00Z and again at 01:00Z.
    let from = daily("Europe/Berlin", "02:30-05:00");
    assert_told(
        &from,
        &[
            (
                "2026-10-25T00:29:00Z",
                "closed (weekly) until 2026-10-25T00:30Z",
            ),
            ("2026-10-25T00:30:00Z", "open until 2026-10-25T04:00Z"),
            ("2026-10-25T01:10:00Z", "open until 2026-10-25T04:00Z"),
        ],
    );
    let until = daily("America/New_York", "00:00-01:30");
    assert_told(
        &until,
        &[
            ("2026-11-01T05:20:00Z", "open until 2026-11-01T06:30Z"),
            ("2026-11-01T06:20:00Z", "open until 2026-11-01T06:30Z"),
            (
                "2026-11-01T06:30:00Z",
                "closed (weekly) until 2026-11-02T05:00Z",
            ),
        ],
    );
}

#[test]
fn a_day_that_the_calendar_left_out_is_never_open() {
    // Apia went from the 29th to the 31st of December 2011 at 10:00Z.
    let apia = daily("Pacific/Apia", "09:00-17:00");
    assert_told(
        &apia,
        &[
            // 29 December, 08:00 at -10:00.
            (
                "2011-12-29T18:00:00Z",
                "closed (weekly) until 2011-12-29T19:00Z",
            ),
            (
                "2011-12-30T03:00:00Z",
                "closed (weekly) until 2011-12-30T19:00Z",
            ),
            (
                "2011-12-30T09:59:00Z",
                "closed (weekly) until 2011-12-30T19:00Z",
            ),
            // 31 December, 09:00 at +14:00.
            ("2011-12-30T19:00:00Z", "open until 2011-12-31T03:00Z"),
        ],
    );
    assert_told(
        &apia,
        &[("2026-11-20T20:00:00Z", "open until 2026-11-21T04:00Z")],
    );
}

#[test]
fn spans_dates_days_and_zones_are_read_strictly() {
    for good in [
        "00:00-24:00",
        "09:00-17:30",
        "22:00-06:00",
        "09:00-09:00",
        "23:59-00:01",
    ] {
        assert_eq!(good.parse::<Span>().unwrap().to_string(), good);
    }
    for bad in [
        "",
        "9:00-17:00",
        "09:00",
        "24:00-09:00",
        "09:60-10:00",
        "09:00-24:01",
        "09:00–17:00",
    ] {
        assert!(bad.parse::<Span>().is_err(), "{bad}");
    }
    assert_eq!(
        "2026-12-25".parse::<Date>().unwrap().weekday(),
        Weekday::Friday
    );
    for bad in [
        "",
        "2026-02-30",
        "2026-12-25T00:00",
        "25.12.2026",
        "20261225",
    ] {
        assert!(bad.parse::<Date>().is_err(), "{bad}");
    }
    assert!("Monday".parse::<Weekday>().is_err());
    assert_eq!(
        "Asia/Kathmandu".parse::<Zone>().unwrap().name(),
        "Asia/Kathmandu"
    );
    assert!("Mars/Olympus".parse::<Zone>().is_err());
}

const ZONES: [&str; 5] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
];

proptest! {
    #[test]
    fn what_is_said_of_the_next_change_is_true(
        zone in 0..ZONES.len(),
        // From 2008 to 2038, so that every law about clocks has its turn.
        ms in 1_199_145_600_000_i64..2_145_916_800_000,
        opens in 0_u32..24 * 60,
        closes in 0_u32..24 * 60,
    ) {
        let span = format!("{:02}:{:02}-{:02}:{:02}",
            opens / 60, opens % 60, closes / 60, closes % 60);
        prop_assert_eq!(spans(&span).len(), 1);
        let plan = daily(ZONES[zone], &span);
        let now = Timestamp::from_ms(ms);
        let is_open = |at| plan.is_open(at).is_open();
        match plan.is_open(now) {
            Opening::Open { until: Some(until) } => {
                prop_assert!(until > now);
                prop_assert!(is_open(until.plus_ms(-1)), "{}", until);
                prop_assert!(!is_open(until), "{}", until);
            }
            Opening::Open { until: None } => {}
            Opening::Closed { opens_at: Some(opens), .. } => {
                prop_assert!(opens > now);
                prop_assert!(!is_open(opens.plus_ms(-1)), "{}", opens);
                prop_assert!(is_open(opens), "{}", opens);
            }
            Opening::Closed { opens_at: None, .. } => prop_assert!(false, "it opens every day"),
        }
    }
}
