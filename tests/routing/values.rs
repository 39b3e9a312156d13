//! Hours, plans and facts to decide by.

use std::collections::BTreeMap;

use frontdesk::domain::{
    Date, Exception, Hours, HoursId, HoursPlan, Party, PhoneNumber, Receptionist, ReceptionistId,
    Span, TenantId, Timestamp, UserId, Week, Weekday, Zone,
};
use frontdesk::routing::{Allowance, Caller, Facts, Plan};
use frontdesk::store::default_receptionist;

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("the test writes RFC 3339")
}

pub(super) fn spans(text: &str) -> Vec<Span> {
    let spans = text.split_whitespace();
    spans.map(|span| span.parse().expect("a span")).collect()
}

/// Hours that are the same on each of these days.
pub(super) fn on_days(zone: &str, days: &[Weekday], each_day: &str) -> HoursPlan {
    HoursPlan {
        zone: zone.parse::<Zone>().expect("a zone"),
        week: Week::new(days.iter().map(|day| (*day, spans(each_day)))),
        exceptions: BTreeMap::new(),
    }
}

/// Hours that are the same every day.
pub(super) fn daily(zone: &str, each_day: &str) -> HoursPlan {
    on_days(zone, &Weekday::ALL, each_day)
}

/// The same, with a day that is not as usual.
pub(super) fn except(mut plan: HoursPlan, date: &str, name: &str, open: &str) -> HoursPlan {
    let date: Date = date.parse().expect("a date");
    let (name, spans) = (name.to_owned(), spans(open));
    plan.exceptions.insert(date, Exception { name, spans });
    plan
}

pub(super) fn id<T: From<(Timestamp, u128)>>(n: u128) -> T {
    T::from((Timestamp::from_ms(0), n))
}

pub(super) fn tenant() -> TenantId {
    id(1)
}

pub(super) fn phone(n: u64) -> PhoneNumber {
    format!("+1555010{n:04}").parse().expect("a number")
}

pub(super) fn hours(n: u128, name: &str, plan: HoursPlan) -> (HoursId, Hours) {
    let hours = Hours {
        id: id(n),
        tenant_id: tenant(),
        name: name.to_owned(),
        plan,
        created_at: Timestamp::from_ms(0),
    };
    (hours.id, hours)
}

pub(super) fn receptionist(n: u128) -> (ReceptionistId, Receptionist) {
    (id(n), default_receptionist(tenant(), id(n)))
}

pub(super) fn user(n: u64) -> (UserId, PhoneNumber) {
    (id(n.into()), phone(n))
}

/// A number with this plan, receptionist 1 and the members 1 and 2.
pub(super) fn facts(plan: Plan) -> Facts {
    Facts {
        tenant_id: tenant(),
        zone: "Europe/Berlin".parse().expect("a zone"),
        number_id: Some(id(1)),
        plan: Some(plan),
        default_receptionist: Some(id(1)),
        hours: BTreeMap::new(),
        users: [user(1), user(2)].into(),
        queues: BTreeMap::new(),
        receptionists: [receptionist(1), receptionist(2)].into(),
        flows: BTreeMap::new(),
        allowance: Allowance::default(),
        has_ivr: true,
        has_voicemail: true,
    }
}

pub(super) fn stranger() -> Caller {
    Caller::stranger(Party::Number(phone(999)))
}
