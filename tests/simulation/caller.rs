//! What callers do, and what carriers say that none should.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{Fault, Script, Step};

use super::chance::Chance;

/// What one caller does on one stream.
pub(super) fn script(chance: &mut Chance, is_rude: bool, stream_sid: &str) -> Script {
    let mut steps = Vec::new();
    if chance.percent(70) {
        steps.push(Step::WaitForSpeech);
    }
    for _ in 0..chance.within(0..6) {
        step(&mut steps, chance);
        if is_rude && chance.percent(60) {
            for _ in 0..chance.pick(&[1, 1, 2, 40]) {
                steps.push(Step::Send(nonsense(chance, stream_sid)));
            }
        }
    }
    steps.push(match chance.within(0..10) {
        0..5 => Step::HangUp,
        5 => Step::DropSocket,
        _ => Step::StayUntilEnd,
    });
    let script = Script::new(steps);
    match chance.within(0..12) {
        0 => script.with(Fault::MarksNever),
        1 => script.with(Fault::MarksLate(chance.ms(20..3_000))),
        2 => script.with(Fault::ComfortNoise(-60.0)),
        3 if is_rude => script.with(Fault::NeverStart),
        _ => script,
    }
}

fn step(steps: &mut Vec<Step>, chance: &mut Chance) {
    match chance.within(0..12) {
        0 | 1 => steps.push(Step::Wait(chance.ms(20..3_000))),
        2 => steps.push(Step::WaitForQuiet(chance.ms(100..1_500))),
        3..6 => steps.push(Step::Speak(speech(chance))),
        6..9 => steps.push(Step::SpeakOver {
            spoken: speech(chance),
            after: chance.ms(20..1_500),
        }),
        9 => {
            for _ in 0..chance.pick(&[1, 1, 3, 60]) {
                let keys: Vec<char> = "0123456789*#".chars().collect();
                steps.push(Step::Digit(chance.pick(&keys)));
            }
        }
        10 => steps.push(Step::StopFrames(chance.ms(20..2_000))),
        _ => steps.push(Step::Wait(chance.ms(3_000..12_000))),
    }
}

/// Frames of the longest that a caller says.
const LONGEST: u64 = 90;

static BABBLE: LazyLock<Bytes> =
    LazyLock::new(|| Spoken::babble("", Duration::from_millis(20 * LONGEST)).mulaw);

/// Speech of which the model's detector takes what is short for a cough.
fn speech(chance: &mut Chance) -> Spoken {
    let frames = usize::try_from(chance.within(2..LONGEST)).unwrap_or(2);
    Spoken::new("words", BABBLE.slice(..frames * 160))
}

fn nonsense(chance: &mut Chance, sid: &str) -> String {
    let media = |payload: &str, timestamp: &str| {
        format!(
            r#"{{"event":"media","streamSid":"{sid}","sequenceNumber":"1","media":{{"track":"inbound","chunk":"1","timestamp":"{timestamp}","payload":"{payload}"}}}}"#
        )
    };
    match chance.within(0..13) {
        0 => "{\"event\":".to_owned(),
        1 => "null".to_owned(),
        2 => r#"{"event":"weather","weather":{"is":"fine"}}"#.to_owned(),
        3 => media("!!!!", "20"),
        4 => media("", "20"),
        5 => media("fw==", "18446744073709551615"),
        6 => media(&"f39/".repeat(2_000), "0"),
        7 => media(&"f39/".repeat(20_000), "0"),
        8 => format!(r#"{{"event":"mark","streamSid":"{sid}","mark":{{"name":"0-99999"}}}}"#),
        9 => format!(
            r#"{{"event":"mark","streamSid":"{sid}","mark":{{"name":"{}"}}}}"#,
            "x".repeat(900)
        ),
        10 => format!(r#"{{"event":"start","streamSid":"{sid}","start":{{"callSid":"CA1"}}}}"#),
        11 => format!(r#"{{"event":"dtmf","streamSid":"{sid}","dtmf":{{"digit":"11"}}}}"#),
        _ => media("f39/f39/", "20").replace(sid, "MZ00000000000000000000000000000000"),
    }
}
