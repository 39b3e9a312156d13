//! Faults that a simulation shows best, one by one, each at many places.

use std::time::Duration;

use frontdesk::call::Interruption;
use frontdesk::domain::{AudioFormat, EndReason, Limits, SilencePolicy};
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{Fault, Script, Step};
use frontdesk::rehearsal::model::{Failure, Line, ModelOptions};

use super::house::House;
use super::network::{Trouble, Way, Weather};
use super::plan::{Call, ModelLine, Mood, Plan};
use super::sound::{LINES, tagged};
use super::witness;
use super::world::{Seen, run};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn fair(troubles: Vec<(Duration, Trouble)>) -> Weather {
    Weather {
        latency: ms(15),
        jitter: ms(5),
        chunk: 4_096,
        window: 16_384,
        troubles,
    }
}

/// A call in fair weather with a model that has much to say.
fn scene(steps: impl Into<Vec<Step>>) -> Plan {
    let line = |at| {
        let words: Vec<String> = (0..20).map(|word| format!("w{at}.0.{word}")).collect();
        Line::say(Spoken::new(words.join(" "), tagged(at, 0, 4_000)))
    };
    let call = Call {
        starts: Duration::ZERO,
        set_up: Some(ms(200)),
        weather: fair(Vec::new()),
        script: Script::new(steps),
        second: None,
        orders: Vec::new(),
    };
    Plan {
        seed: 0,
        format: AudioFormat::Pcmu,
        interruption: Interruption::Truncate,
        silence: SilencePolicy {
            prompt_after: Duration::from_secs(20),
            prompts: 1,
        },
        limits: Limits {
            max_duration: Duration::from_mins(2),
        },
        is_recorded: true,
        model: ModelOptions {
            lines: (0..LINES).map(line).collect(),
            ..ModelOptions::default()
        },
        model_lines: vec![ModelLine::Open(fair(Vec::new())); 16],
        slips: Vec::new(),
        calls: vec![call],
        drain: None,
        mood: Mood::default(),
    }
}

/// Everything that must be true is so.
fn play(house: &House, mut plan: Plan, place: &str) -> Seen {
    // Every call has a name of its own.
    plan.seed = house.next_number();
    let seen = run(house, &plan);
    let faults = witness::faults(house, &plan, &seen);
    assert_eq!(faults, Vec::<String>::new(), "{place}");
    seen
}

/// The same, and the call ends for this reason.
fn assert_ends(house: &House, plan: Plan, reason: EndReason, place: &str) -> Seen {
    let seen = play(house, plan, place);
    assert_eq!(seen.calls[0].outcome, Some(reason), "{place}");
    seen
}

fn stay() -> Plan {
    scene([Step::WaitForSpeech, Step::Wait(ms(8_000)), Step::HangUp])
}

#[test]
fn o2_a_model_that_says_nothing_from_any_byte_of_its_greeting_on_is_given_up() {
    let house = House::open();
    for after in [0, 10, 20, 31, 45, 60] {
        let mut plan = scene([Step::StayUntilEnd]);
        let mute = fair(vec![(ms(after), Trouble::BlackHole(Way::In))]);
        plan.model_lines = vec![ModelLine::Open(mute); 16];
        plan.mood.model_storm = true;
        let place = format!("after {after} ms");
        let seen = assert_ends(&house, plan, EndReason::AgentUnavailable, &place);
        let stream = &seen.calls[0].streams[0];
        let lasted = stream.ended_at.unwrap() - stream.started_at.unwrap();
        assert!(lasted < ms(6_500), "{place}: {lasted:?}");
    }
}

#[test]
fn o5_wherever_the_line_to_the_model_is_cut_or_reset_the_caller_stays() {
    let house = House::open();
    for after in (150..3_000).step_by(190) {
        for trouble in [Trouble::Cut, Trouble::Reset, Trouble::HalfClose(Way::In)] {
            let mut plan = stay();
            plan.model_lines[0] = ModelLine::Open(fair(vec![(ms(after), trouble)]));
            plan.mood.model_storm = true;
            let place = format!("{trouble:?} after {after} ms");
            let seen = assert_ends(&house, plan, EndReason::CallerHungUp, &place);
            assert_eq!(seen.sessions.len(), 2, "{place}: one model after the other");
        }
    }
}

#[test]
fn whoever_speaks_when_they_are_about_to_be_asked_is_not_spoken_to_and_is_answered() {
    let house = House::open();
    let mut met = 0;
    for after in (2_400..3_200).step_by(20) {
        let mut plan = scene([
            Step::WaitForSpeech,
            Step::Wait(ms(after)),
            Step::Speak(Spoken::babble("", ms(900))),
            Step::Wait(ms(1_900)),
            Step::HangUp,
        ]);
        // The model hears the caller while our wish is on its way to it.
        plan.silence.prompt_after = ms(1_000);
        let line = |at| {
            let words: Vec<String> = (0..10).map(|word| format!("w{at}.0.{word}")).collect();
            Line::say(Spoken::new(words.join(" "), tagged(at, 0, 2_000)))
        };
        plan.model.lines = (0..LINES).map(line).collect();
        let slow = Weather {
            latency: ms(60),
            ..fair(Vec::new())
        };
        plan.model_lines = vec![ModelLine::Open(slow); 16];
        let place = format!("after {after} ms");
        let seen = assert_ends(&house, plan, EndReason::CallerHungUp, &place);
        let [session] = &seen.sessions[..] else {
            panic!("{place}: one model");
        };
        let [turn] = session.turns[..] else {
            panic!("{place}: {:?}", session.turns);
        };
        let stopped = turn.stopped_at.unwrap();
        let is_into = |at| turn.started_at < at && at < stopped;
        let mut responses = session.responses.iter();
        met += responses
            .by_ref()
            .filter(|one| is_into(one.created_at))
            .count();
        let mut responses = session.responses.iter();
        let is_answer = |at| (stopped..stopped + ms(400)).contains(&at);
        let is_answered =
            responses.any(|one| is_answer(one.created_at) && one.status == "completed");
        assert!(is_answered, "{place}: {:?}", session.responses);
    }
    assert!(met > 0, "nothing that was asked for met the caller's words");
}

#[test]
fn o8_a_model_slower_than_speech_leaves_silence_and_never_old_sound() {
    let house = House::open();
    for speed in [0.3, 0.5, 0.9] {
        let mut plan = stay();
        plan.model.speed = speed;
        let seen = assert_ends(&house, plan, EndReason::CallerHungUp, "slow");
        let stream = &seen.calls[0].streams[0];
        // Whoever says everything once and in order repeats nothing (I4).
        assert!(
            stream.played_ms >= 1_900,
            "{speed}: {} ms",
            stream.played_ms
        );
        assert!(stream.underrun(ms(2_000)) > ms(200), "{speed}");
    }
}

#[test]
fn o17_a_model_that_is_gone_without_a_word_is_noticed_by_its_silence() {
    let house = House::open();
    for after in [1_000, 2_500, 7_000, 9_500] {
        let mut plan = scene([Step::WaitForSpeech, Step::Wait(ms(45_000)), Step::HangUp]);
        plan.silence = SilencePolicy::default();
        let mute = vec![
            (ms(after), Trouble::BlackHole(Way::In)),
            (ms(after), Trouble::BlackHole(Way::Out)),
        ];
        plan.model_lines[0] = ModelLine::Open(fair(mute));
        plan.mood.model_storm = true;
        let place = format!("after {after} ms");
        let seen = assert_ends(&house, plan, EndReason::CallerHungUp, &place);
        let next = seen.sessions.get(1).map(|next| next.opened_at - seen.began);
        let soon = ms(after)..ms(after + 20_500);
        assert!(
            next.is_some_and(|next| soon.contains(&next)),
            "{place}: {next:?}"
        );
    }
}

#[test]
fn t1_wherever_the_stream_breaks_off_the_call_ends_and_is_written_down() {
    let house = House::open();
    for after in (1..2_000).step_by(97) {
        for trouble in [Trouble::Reset, Trouble::Cut] {
            let mut plan = scene([Step::StayUntilEnd]);
            plan.calls[0].weather = fair(vec![(ms(after), trouble)]);
            plan.mood.carrier_storm = true;
            let place = format!("{trouble:?} after {after} ms");
            let seen = play(&house, plan, &place);
            let why = seen.calls[0].outcome;
            // One that breaks off before it has begun never did.
            let is_right = matches!(
                why,
                Some(
                    EndReason::CarrierLost
                        | EndReason::CallerHungUp
                        | EndReason::StreamNeverStarted
                )
            );
            assert!(is_right, "{place}: {why:?}");
        }
    }
}

#[test]
fn t7_marks_that_come_late_or_never_hold_nothing_up() {
    let house = House::open();
    let late = [200, 900, 1_500, 5_000].map(|late| Fault::MarksLate(ms(late)));
    for fault in late.into_iter().chain([Fault::MarksNever]) {
        let mut plan = stay();
        let place = format!("{fault:?}");
        plan.calls[0].script.faults.push(fault);
        let seen = assert_ends(&house, plan, EndReason::CallerHungUp, &place);
        let stream = &seen.calls[0].streams[0];
        assert!(
            stream.played_ms >= 3_900,
            "{place}: {} ms",
            stream.played_ms
        );
    }
}

#[test]
fn o6_a_model_that_falls_silent_in_mid_answer_is_bridged_and_replaced() {
    let house = House::open();
    for deltas in [1, 3, 9] {
        let mut plan = scene([Step::WaitForSpeech, Step::Wait(ms(16_000)), Step::HangUp]);
        plan.model.failures = vec![Failure::FreezeAfterDeltas(deltas)];
        let place = format!("after {deltas} deltas");
        let seen = assert_ends(&house, plan, EndReason::CallerHungUp, &place);
        assert_eq!(seen.sessions.len(), 2, "{place}: one model after the other");
    }
}

#[test]
fn o6_models_that_all_fall_silent_in_mid_answer_are_given_up() {
    let house = House::open();
    let mut plan = scene([Step::StayUntilEnd]);
    plan.model.failures = vec![Failure::FreezeAfterDeltas(3); 16];
    let seen = assert_ends(&house, plan, EndReason::AgentLost, "all of them");
    assert_eq!(
        seen.sessions.len(),
        3,
        "two are lost, and the third is too many"
    );
}

#[test]
fn t8_what_a_carrier_does_not_take_for_2_s_is_not_heard_late() {
    let house = House::open();
    for lasting in [5_000, 8_000] {
        let mut plan = scene([Step::WaitForSpeech, Step::Wait(ms(14_000)), Step::HangUp]);
        let long = |at| {
            let item = |item| {
                let words: Vec<String> =
                    (0..20).map(|word| format!("w{at}.{item}.{word}")).collect();
                Spoken::new(words.join(" "), tagged(at, item, 4_000))
            };
            let mut line = Line::say(item(0));
            line.items.push(item(1));
            line
        };
        plan.model.lines = (0..LINES).map(long).collect();
        plan.calls[0].weather = fair(vec![(ms(1_500), Trouble::Stall(ms(lasting)))]);
        let place = format!("for {lasting} ms");
        let seen = assert_ends(&house, plan, EndReason::CallerHungUp, &place);
        let stream = &seen.calls[0].streams[0];
        assert_eq!(stream.clears.len(), 1, "{place}");
        assert!(
            stream.max_lead_ms < 4_000,
            "{place}: {}",
            stream.max_lead_ms
        );
        assert!(!seen.sessions[0].truncations.is_empty(), "{place}");
        // It takes up where the line broke off.
        assert!(seen.sessions[0].responses.len() >= 2, "{place}");
    }
}

#[test]
fn t8_a_carrier_that_stops_reading_is_given_up_after_10_s() {
    let house = House::open();
    let mut plan = scene([Step::StayUntilEnd]);
    // Who answers at once and without end.
    plan.model.lines = vec![Line::say(Spoken::new("", tagged(0, 0, 4_000))); 10];
    plan.model.speed = 50.0;
    plan.calls[0].weather = fair(vec![(ms(1_000), Trouble::BlackHole(Way::Out))]);
    plan.mood.carrier_storm = true;
    let seen = assert_ends(&house, plan, EndReason::CarrierLost, "it reads nothing");
    let stream = &seen.calls[0].streams[0];
    let lasted = stream.ended_at.unwrap() - stream.started_at.unwrap();
    assert!((ms(11_000)..ms(16_000)).contains(&lasted), "{lasted:?}");
}
