//! The decision: rules before hours, hours before targets, and always an end.

use std::time::Duration;

use frontdesk::domain::{
    CallerListId, ListKind, OpenState, Party, Queue, QueueId, ReceptionistId, Timestamp, UserId,
};
use frontdesk::routing::ivr::CallerFacts;
use frontdesk::routing::{
    Action, AiStop, Caller, CallerId, Condition, Facts, Forward, Handover, IvrStop, Plan, Refusal,
    Ring, Route, Rule, Stop, Strategy, Target, Telephone, Times, Users, Voice, route,
};
use proptest::prelude::*;
use proptest::strategy::Strategy as Any;

use super::values::{at, daily, except, facts, hours, id, phone, stranger, tenant};

const FRIDAY_NOON: &str = "2026-11-20T11:00:00Z";
const FRIDAY_NIGHT: &str = "2026-11-20T22:00:00Z";

fn kinds(route: &Route) -> Vec<&'static str> {
    route.stops.iter().map(Stop::kind).collect()
}

fn codes(route: &Route) -> Vec<&str> {
    route.steps.iter().map(|step| &*step.code).collect()
}

fn ai() -> Target {
    Target::Ai {
        receptionist_id: None,
    }
}

fn voicemail() -> Target {
    Target::Voicemail {
        greeting: None,
        user_id: None,
    }
}

fn people(ids: &[u128], strategy: Strategy) -> Target {
    Target::Users(Users {
        user_ids: ids.iter().map(|n| id::<UserId>(*n)).collect(),
        strategy,
        ring: Ring::default(),
    })
}

fn message(text: &str) -> Target {
    Target::Message {
        text: text.to_owned(),
    }
}

fn rule(when: Vec<Condition>, then: Action) -> Rule {
    Rule {
        name: "a rule".to_owned(),
        when,
        then,
    }
}

/// A number that is open from 9 to 17 and takes messages after that.
fn office() -> Facts {
    let (hours_id, hours) = hours(1, "Office", daily("Europe/Berlin", "09:00-17:00"));
    let mut facts = facts(Plan {
        hours_id: Some(hours_id),
        after_hours: Some(voicemail()),
        fallback: vec![people(&[1, 2], Strategy::AtOnce)],
        ..Plan::default()
    });
    facts.hours.insert(hours_id, hours);
    facts
}

#[test]
fn a_number_without_a_plan_is_answered_by_its_receptionist() {
    let unplanned = Facts {
        plan: None,
        ..facts(Plan::default())
    };
    let route = route(&unplanned, &stranger(), at(FRIDAY_NOON));
    assert_eq!(kinds(&route), ["ai", "apology"]);
    assert_eq!(route.language.as_deref(), Some("en-US"));
    assert_eq!(
        codes(&route),
        ["number.unplanned", "hours.none", "target", "end"]
    );
}

#[test]
fn what_is_announced_is_said_as_the_receptionist_speaks_who_is_met() {
    let german: ReceptionistId = id(2);
    let mut facts = facts(Plan {
        open: Target::Ai {
            receptionist_id: Some(german),
        },
        ..Plan::default()
    });
    let known = facts.receptionists.get_mut(&german).unwrap();
    known.language = "de-DE".to_owned();
    let met = route(&facts, &stranger(), at(FRIDAY_NOON));
    assert_eq!(met.language.as_deref(), Some("de-DE"));
    let chosen = Voice {
        language: Some("fr-FR".to_owned()),
        ..Voice::default()
    };
    facts.plan.as_mut().unwrap().voice = chosen;
    let met = route(&facts, &stranger(), at(FRIDAY_NOON));
    assert_eq!(met.language.as_deref(), Some("fr-FR"));
}

#[test]
fn hours_decide_and_a_holiday_is_told_by_its_name() {
    let open = route(&office(), &stranger(), at(FRIDAY_NOON));
    assert_eq!(kinds(&open), ["ai", "ring", "voicemail"]);
    assert!(codes(&open).contains(&"hours.open"));
    let closed = route(&office(), &stranger(), at(FRIDAY_NIGHT));
    assert_eq!(kinds(&closed), ["voicemail"]);
    assert!(codes(&closed).contains(&"hours.closed"));

    let mut facts = office();
    for hours in facts.hours.values_mut() {
        hours.plan = except(hours.plan.clone(), "2026-11-20", "Founders' Day", "");
    }
    let holiday = route(&facts, &stranger(), at(FRIDAY_NOON));
    assert_eq!(kinds(&holiday), ["voicemail"]);
    let step = holiday
        .steps
        .iter()
        .find(|step| step.code == "hours.holiday");
    assert!(step.unwrap().text.contains("Founders' Day"));
    // The same way after hours, if nothing is said of them.
    let same = Plan {
        after_hours: None,
        ..office().plan.unwrap()
    };
    let facts = Facts {
        plan: Some(same),
        ..facts
    };
    assert_eq!(
        kinds(&route(&facts, &stranger(), at(FRIDAY_NIGHT)))[0],
        "ai"
    );
}

#[test]
fn the_first_rule_whose_conditions_all_hold_decides() {
    let list: CallerListId = id(7);
    let vip = Caller::on_lists(Party::Number(phone(5)), &[(list, ListKind::Vip)]);
    let hidden = Caller::stranger(Party::Anonymous);
    let noon = Condition::At(Times {
        days: vec![],
        span: "11:30-12:30".parse().unwrap(),
    });
    let monday = Condition::At(Times {
        days: vec!["monday".parse().unwrap()],
        span: "00:00-24:00".parse().unwrap(),
    });
    let go = |text: &str| Action::Go(message(text));
    let mut office = office();
    let hours_id = *office.hours.keys().next().unwrap();
    let rules = vec![
        rule(vec![Condition::Anonymous], Action::Reject(Refusal::Busy)),
        rule(vec![Condition::Vip, monday], go("vip on a monday")),
        rule(vec![Condition::Vip, noon], go("vip at noon")),
        rule(
            vec![Condition::InList(list), Condition::Outside(hours_id)],
            go("listed at night"),
        ),
        rule(
            vec![Condition::During(hours_id), Condition::Vip],
            go("vip by day"),
        ),
    ];
    office.plan.as_mut().unwrap().rules = rules;
    let said = |caller: &Caller, moment: &str| {
        let first = route(&office, caller, at(moment)).stops.swap_remove(0);
        if let Stop::Message { text } = first {
            text
        } else {
            first.kind().to_owned()
        }
    };
    assert_eq!(said(&hidden, FRIDAY_NOON), "reject");
    assert_eq!(said(&vip, FRIDAY_NOON), "vip at noon");
    assert_eq!(said(&vip, "2026-11-23T11:00:00Z"), "vip on a monday");
    assert_eq!(said(&vip, FRIDAY_NIGHT), "listed at night");
    assert_eq!(said(&vip, "2026-11-20T09:00:00Z"), "vip by day");
    assert_eq!(said(&stranger(), FRIDAY_NOON), "ai");
    let decided = route(&office, &vip, at(FRIDAY_NOON));
    let steps = codes(&decided);
    assert_eq!(
        steps[..4],
        [
            "number.planned",
            "rule.passed",
            "rule.passed",
            "rule.applied"
        ]
    );
}

#[test]
fn a_blocked_caller_is_refused_unless_a_rule_or_an_allow_list_says_otherwise() {
    let from = Party::Number(phone(5));
    let lists = [(id(1), ListKind::Block), (id(2), ListKind::Allow)];
    let blocked = Caller::on_lists(from.clone(), &lists[..1]);
    let forgiven = Caller::on_lists(from, &lists);
    let mut office = office();
    let refused = route(&office, &blocked, at(FRIDAY_NOON));
    assert_eq!(refused.stops, [Stop::Reject(Refusal::Busy)]);
    assert_eq!(kinds(&route(&office, &forgiven, at(FRIDAY_NOON)))[0], "ai");
    let unplanned = Facts {
        plan: None,
        ..office.clone()
    };
    assert_eq!(
        kinds(&route(&unplanned, &blocked, at(FRIDAY_NOON))),
        ["reject"]
    );
    let listen = rule(vec![Condition::Blocked], Action::Go(voicemail()));
    office.plan.as_mut().unwrap().rules = vec![listen];
    assert_eq!(
        kinds(&route(&office, &blocked, at(FRIDAY_NOON))),
        ["voicemail"]
    );
}

#[test]
fn a_rule_that_does_not_ask_who_calls_lets_no_blocked_caller_in() {
    let blocked = Caller::on_lists(Party::Number(phone(5)), &[(id(1), ListKind::Block)]);
    let mut office = office();
    let lunch = Times {
        days: vec![],
        span: "12:00-13:00".parse().unwrap(),
    };
    let whens = [
        vec![],
        vec![Condition::At(lunch.clone())],
        vec![Condition::During(id(1))],
        vec![Condition::At(lunch.clone()), Condition::Vip],
        vec![Condition::At(lunch), Condition::InList(id(2))],
    ];
    for when in whens {
        let through = rule(when, Action::Go(message("Come in.")));
        office.plan.as_mut().unwrap().rules = vec![through];
        let refused = route(&office, &blocked, at(FRIDAY_NOON));
        assert_eq!(refused.stops, [Stop::Reject(Refusal::Busy)]);
    }
    let listed = rule(
        vec![Condition::InList(id(1))],
        Action::Go(message("Write to us.")),
    );
    office.plan.as_mut().unwrap().rules.push(listed);
    let decided = route(&office, &blocked, at(FRIDAY_NOON));
    assert_eq!(kinds(&decided), ["message"]);
    let passed = &decided.steps[1];
    assert_eq!(passed.code, "rule.passed");
}

#[test]
fn targets_that_are_gone_are_skipped_and_an_end_is_always_there() {
    let facts = facts(Plan {
        open: people(&[77], Strategy::AtOnce),
        fallback: vec![
            Target::Queue { queue_id: id(1) },
            Target::Ai {
                receptionist_id: Some(id(2)),
            },
            people(&[1, 77, 2, 1], Strategy::InTurn),
        ],
        ..Plan::default()
    });
    let route = route(&facts, &stranger(), at(FRIDAY_NOON));
    assert_eq!(kinds(&route), ["ai", "ring", "voicemail"]);
    let Stop::Ring(ring) = &route.stops[1] else {
        panic!("{route:?}");
    };
    let expected = [1, 2].map(|n| Telephone::of_member(phone(n), id(u128::from(n))));
    assert_eq!(ring.telephones, expected);
    assert!(ring.is_in_turn);
    assert_eq!(
        codes(&route)
            .iter()
            .filter(|code| **code == "target.skipped")
            .count(),
        2
    );
}

#[test]
fn what_comes_after_an_end_and_the_same_again_are_left_out() {
    let again = facts(Plan {
        fallback: vec![
            ai(),
            people(&[1], Strategy::AtOnce),
            message("Bye."),
            voicemail(),
        ],
        ..Plan::default()
    });
    let route = route(&again, &stranger(), at(FRIDAY_NOON));
    assert_eq!(kinds(&route), ["ai", "ring", "message"]);
}

#[test]
fn steps_name_no_telephone_number() {
    let facts = facts(Plan {
        open: Target::Forward(Forward {
            name: "The partner".to_owned(),
            phone_number: phone(42),
            ring: Ring::default(),
        }),
        ..Plan::default()
    });
    let route = route(&facts, &stranger(), at(FRIDAY_NOON));
    assert_eq!(kinds(&route), ["ring", "voicemail"]);
    let told: String = route.steps.into_iter().map(|step| step.text).collect();
    assert!(!told.contains("+1555"), "{told}");
}

fn queue() -> (QueueId, Queue) {
    let queue = Queue {
        id: id(1),
        tenant_id: tenant(),
        name: "Sales".to_owned(),
        hold_music_url: None,
        announces_position: true,
        announces_wait: true,
        max_wait: Duration::from_mins(5),
        max_size: 10,
        members: Vec::new(),
        created_at: Timestamp::from_ms(0),
    };
    (queue.id, queue)
}

fn any_target() -> impl Any<Value = Target> {
    prop_oneof![
        (0_u128..4).prop_map(|n| Target::Ai {
            receptionist_id: (n > 0).then(|| id(n)),
        }),
        (0_u128..4).prop_map(|n| people(&[n], Strategy::AtOnce)),
        (0_u128..3).prop_map(|n| Target::Queue { queue_id: id(n) }),
        Just(voicemail()),
        Just(message("Hello.")),
        Just(Target::Forward(Forward {
            name: "x".to_owned(),
            phone_number: phone(3),
            ring: Ring {
                caller_id: CallerId::Called,
                ..Ring::default()
            },
        })),
    ]
}

fn any_rule() -> impl Any<Value = Rule> {
    let condition = prop_oneof![
        (0_u128..3).prop_map(|n| Condition::During(id(n))),
        (0_u128..3).prop_map(|n| Condition::Outside(id(n))),
        (0_u128..3).prop_map(|n| Condition::InList(id(n))),
        Just(Condition::Vip),
        Just(Condition::Blocked),
        Just(Condition::Anonymous),
    ];
    let action = prop_oneof![
        any_target().prop_map(Action::Go),
        Just(Action::Reject(Refusal::Busy)),
    ];
    (proptest::collection::vec(condition, 0..3), action).prop_map(|(when, then)| rule(when, then))
}

#[test]
fn a_call_that_is_handed_on_ends_in_words_and_tries_each_once_however_often() {
    let facts = office();
    let telephone = |number: u64| {
        let forward = Target::Forward(Forward {
            name: "x".to_owned(),
            phone_number: phone(number),
            ring: Ring::default(),
        });
        let plan = Plan {
            open: forward,
            ..Plan::default()
        };
        let facts = Facts {
            plan: Some(plan),
            ..facts.clone()
        };
        route(&facts, &stranger(), at(FRIDAY_NOON)).stops.remove(0)
    };
    let mut route = Route {
        open_state: OpenState::Open,
        stops: vec![
            telephone(1),
            Stop::Ai(AiStop {
                receptionist_id: id(1),
                voice: Voice::default(),
                back_from: None,
            }),
            telephone(2),
            Stop::Message {
                text: "Closed.".to_owned(),
            },
        ],
        language: None,
        steps: Vec::new(),
    };
    let voicemail = Stop::VOICEMAIL;
    let first = telephone(3);
    let stops = route.handed_on(first.clone());
    let expected = [first, telephone(2), voicemail.clone()];
    assert_eq!(stops, expected);
    assert_eq!(route.handed_on(voicemail.clone()).len(), 1);
    for n in 0..20_usize {
        let to = telephone(u64::try_from(n % 4).unwrap() + 1);
        let stops = route.handed_on(to.clone());
        assert_eq!((stops.first(), stops.last()), (Some(&to), Some(&voicemail)));
        assert!(stops.len() <= 6, "{stops:?}");
        assert!(stops.iter().all(|stop| !matches!(stop, Stop::Ai(_))));
        let handover = Handover {
            first: route.stops.len(),
            stops,
        };
        route.take_over(&handover);
        let before = route.clone();
        route.take_over(&handover);
        assert_eq!(route, before, "twice is once");
    }
}

/// A route that begins with a flow, and those stops behind it.
fn after_a_flow(rest: Vec<Stop>) -> Route {
    let flow = Stop::Ivr(IvrStop {
        flow_id: id(1),
        version: 1,
        receptionist_id: None,
        voice: Voice::default(),
        caller: CallerFacts::default(),
    });
    Route {
        open_state: OpenState::Open,
        stops: [vec![flow], rest].concat(),
        language: None,
        steps: Vec::new(),
    }
}

#[test]
fn who_wants_a_person_in_a_flow_gets_those_of_the_number() {
    let mut facts = office();
    facts.plan = Some(Plan {
        open: people(&[1], Strategy::AtOnce),
        ..Plan::default()
    });
    let telephone = route(&facts, &stranger(), at(FRIDAY_NOON)).stops.remove(0);
    let voicemail = Stop::Voicemail {
        greeting: Some("Speak.".to_owned()),
        user_id: None,
    };
    let decided = after_a_flow(vec![telephone.clone(), voicemail.clone()]);
    let people = [telephone.clone(), voicemail.clone()];
    assert_eq!(decided.to_people(), people);
    let other = Stop::Message {
        text: "Closed.".to_owned(),
    };
    assert_eq!(decided.handed_on(other.clone()), [other]);
    assert_eq!(decided.handed_on(telephone), people, "each is tried once");
    assert_eq!(
        after_a_flow(vec![voicemail.clone()]).to_people(),
        [voicemail]
    );
}

#[test]
fn who_is_withheld_in_keys_meets_the_rule_for_the_anonymous() {
    let mut facts = office();
    let mut plan = facts.plan.take().unwrap();
    plan.rules = vec![rule(
        vec![Condition::Anonymous],
        Action::Go(message("Show yourself.")),
    )];
    facts.plan = Some(plan);
    for keyed in ["+266696687", "7378742833", "+86282452253"] {
        let caller = Caller::stranger(keyed.parse().unwrap());
        let decided = route(&facts, &caller, at(FRIDAY_NOON));
        assert_eq!(kinds(&decided), ["message"], "{keyed}");
    }
    let shown = Caller::stranger("+2666966871".parse().unwrap());
    assert_eq!(kinds(&route(&facts, &shown, at(FRIDAY_NOON)))[0], "ai");
}

proptest! {
    #[test]
    fn every_route_has_one_end_and_it_is_the_last_stop(
        open in any_target(),
        after_hours in proptest::option::of(any_target()),
        rules in proptest::collection::vec(any_rule(), 0..4),
        fallback in proptest::collection::vec(any_target(), 0..6),
        lists in proptest::collection::vec((0_u128..3, 0..3_usize), 0..3),
        is_hidden in any::<bool>(),
        is_planned in any::<bool>(),
        ms in 1_795_000_000_000_i64..1_796_000_000_000,
    ) {
        let (hours_id, some_hours) = hours(1, "Office", daily("Europe/Berlin", "09:00-17:00"));
        let plan = Plan {
            hours_id: Some(hours_id),
            open, after_hours, rules, fallback,
            voice: Voice::default(),
        };
        let mut facts = facts(plan.clone());
        facts.hours.insert(hours_id, some_hours);
        facts.queues.extend([queue()]);
        facts.plan = is_planned.then_some(plan);
        let lists: Vec<_> = lists.into_iter()
            .map(|(n, kind)| (id(n), ListKind::ALL[kind])).collect();
        let party = if is_hidden { Party::Anonymous } else { Party::Number(phone(9)) };
        let caller = Caller::on_lists(party, &lists);
        let now = Timestamp::from_ms(ms);
        let decided = route(&facts, &caller, now);
        let ends = decided.stops.iter().filter(|stop| stop.is_last()).count();
        prop_assert_eq!(ends, 1);
        prop_assert!(decided.stops.last().unwrap().is_last());
        prop_assert!(!decided.steps.is_empty());
        // The same question has the same answer.
        prop_assert_eq!(route(&facts, &caller, now), decided);
    }
}

#[test]
fn where_messages_are_switched_off_the_end_is_an_apology() {
    let mut facts = office();
    facts.plan = Some(Plan {
        open: Target::Voicemail {
            greeting: None,
            user_id: None,
        },
        ..Plan::default()
    });
    let decided = |facts: &Facts| {
        let route = route(facts, &stranger(), at(FRIDAY_NOON));
        let kinds: Vec<_> = route.stops.iter().map(Stop::kind).collect();
        let skipped = route
            .steps
            .into_iter()
            .find(|step| step.code == "target.skipped");
        (kinds, skipped.map(|step| step.text))
    };
    assert_eq!(decided(&facts), (vec!["voicemail"], None));
    facts.has_voicemail = false;
    let why = "messages are switched off (enable_voicemail)".to_owned();
    assert_eq!(decided(&facts), (vec!["apology"], Some(why)));
}

#[test]
fn a_handover_that_was_struck_elsewhere_moves_no_later_one() {
    let place = |n: u64| Stop::Message {
        text: n.to_string(),
    };
    let mut route = Route {
        open_state: OpenState::Open,
        stops: vec![place(0), place(1)],
        language: None,
        steps: Vec::new(),
    };
    // Two stops were appended and struck where this process did not see it.
    route.take_over(&Handover {
        first: 4,
        stops: vec![place(4)],
    });
    assert_eq!(route.stops.len(), 5);
    assert_eq!(route.stops[4], place(4));
}
