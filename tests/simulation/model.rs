//! What models say, how fast, and what goes wrong with them.

use std::time::Duration;

use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::model::{Ending, Failure, Garbage, Line, ModelOptions, Stall};

use super::chance::Chance;
use super::sound::{LINES, tagged};

pub(super) fn options(chance: &mut Chance, is_rude: bool) -> ModelOptions {
    let failures = (0..16).map(|_| failure(chance, is_rude)).collect();
    let slow = if is_rude { 6_000 } else { 900 };
    ModelOptions {
        accept_delay: chance.ms(0..if is_rude { 3_000 } else { 400 }),
        ready_delay: chance.ms(0..if is_rude { 3_000 } else { 400 }),
        lines: (0..LINES).map(|at| line(at, chance, is_rude)).collect(),
        think: chance.ms(20..slow),
        delta: Duration::from_millis(20 * chance.within(1..20)),
        speed: chance.pick(&[0.7, 1.0, 2.0, 4.0, 4.0, 50.0]),
        reaction: Duration::from_millis(chance.pick(&[0, 0, 100, 400])),
        stall: chance.percent(20).then(|| Stall {
            after_audio: chance.ms(0..2_000),
            lasting: chance.ms(100..3_000),
        }),
        caller_transcripts: transcripts(chance),
        transcription_delay: chance.ms(50..1_500),
        failures,
        ..ModelOptions::default()
    }
}

fn transcripts(chance: &mut Chance) -> Vec<String> {
    let words = ["hello", "", "what are your hours", "thank you", "wait"];
    (0..20).map(|_| chance.pick(&words).to_owned()).collect()
}

/// Its words tell which line of the model it is, and how much of it was kept.
fn line(at: usize, chance: &mut Chance, is_rude: bool) -> Line {
    let mut line = Line::default();
    if !(is_rude && chance.percent(12)) {
        for item in 0..chance.pick(&[1, 1, 1, 2]) {
            let units = chance.within(10..200);
            let words: Vec<String> = (0..units / 10)
                .map(|word| format!("w{at}.{item}.{word}"))
                .collect();
            let ms = usize::try_from(units * 20).unwrap_or_default();
            let spoken = Spoken::new(words.join(" "), tagged(at, item, ms));
            line.items.push(spoken);
        }
    }
    line.think = (is_rude && chance.percent(5)).then(|| chance.ms(5_000..17_000));
    if chance.percent(if is_rude { 20 } else { 6 }) {
        for _ in 0..chance.pick(&[1, 1, 2, 9]) {
            let (name, arguments) = tool(chance, is_rude);
            line = line.then_call(name, arguments);
        }
    }
    if is_rude && chance.percent(12) {
        line.ending = ending(chance);
    }
    line
}

fn tool(chance: &mut Chance, is_rude: bool) -> (&'static str, String) {
    let hostile = ["{", "[]", "null", r#"{"destination":"../../etc"}"#, "\u{0}"];
    if is_rude && chance.percent(60) {
        let name = chance.pick(&["no_such_tool", "transfer_call", "take_message", ""]);
        return (name, chance.pick(&hostile).to_owned());
    }
    (chance.pick(&["end_call", "take_message"]), "{}".to_owned())
}

fn ending(chance: &mut Chance) -> Ending {
    match chance.within(0..4) {
        0 => Ending::Failed {
            code: "rate_limit_exceeded".to_owned(),
            message: "Please try again in 1.2s.".to_owned(),
        },
        1 => Ending::Failed {
            code: "server_error".to_owned(),
            message: "The server had an error.".to_owned(),
        },
        2 => Ending::Incomplete {
            reason: "content_filter".to_owned(),
        },
        _ => Ending::Incomplete {
            reason: "max_output_tokens".to_owned(),
        },
    }
}

fn failure(chance: &mut Chance, is_rude: bool) -> Failure {
    if !is_rude || chance.percent(55) {
        return Failure::Healthy;
    }
    let deltas = usize::try_from(chance.within(1..40)).unwrap_or(1);
    match chance.within(0..8) {
        0 => Failure::RefuseUpgrade(chance.pick(&[503, 429, 401])),
        1 => Failure::NeverAnswerUpgrade,
        2 => Failure::FreezeAfterDeltas(deltas),
        3 => Failure::GarbageAfterDeltas {
            deltas,
            messages: (0..chance.within(1..9))
                .map(|_| Garbage::Text(slip(chance)))
                .collect(),
        },
        4 => Failure::ExpireAfter(chance.ms(100..12_000)),
        _ => Failure::CloseAfterDeltas {
            deltas,
            code: chance.pick(&[None, Some(1000), Some(1001), Some(1011)]),
        },
    }
}

/// What the model says that no model should: when, and in which session.
pub(super) fn slips(chance: &mut Chance, is_rude: bool) -> Vec<(Duration, usize, String)> {
    let count = if is_rude { chance.within(0..6) } else { 0 };
    (0..count)
        .flat_map(|_| {
            let (at, session) = (chance.ms(0..15_000), chance.index(3));
            let times = chance.pick(&[1, 1, 1, 12]);
            let text = slip(chance);
            (0..times).map(move |_| (at, session, text.clone()))
        })
        .collect()
}

fn slip(chance: &mut Chance) -> String {
    let slips = [
        "{\"type\":",
        "[]",
        r#"{"type":"response.hologram.delta","event_id":"e"}"#,
        r#"{"type":"response.output_audio.delta","response_id":"resp_x","item_id":"item_x","output_index":0,"content_index":0,"delta":"!!!!"}"#,
        r#"{"type":"response.output_audio.delta","delta":7}"#,
        r#"{"type":"response.done","response":{"id":"resp_never","status":"completed"}}"#,
        r#"{"type":"response.done"}"#,
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":0,"item_id":"item_flap"}"#,
        r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":9,"item_id":"item_flap"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_none","content_index":0,"transcript":"who said that"}"#,
        r#"{"type":"error","error":{"type":"server_error","code":"odd","message":"No."}}"#,
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired","message":"Over."}}"#,
        r#"{"type":"session.updated","session":{}}"#,
    ];
    if chance.percent(5) {
        return "x".repeat(1_100_000);
    }
    chance.pick(&slips).to_owned()
}
