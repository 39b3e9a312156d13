//! What a call keeps of its bursts: little.

use std::time::Duration;

use allocation_counter::measure;
use frontdesk::audio::Frame;
use frontdesk::call::{CallPlan, Event, Interruption, ItemKey, Mark, Order, ResponseKey, ToolKey};
use frontdesk::domain::{Limits, Pii, SilencePolicy, Speaker};

use super::stage::Stage;

/// Bytes; each of the bursts below takes three times that and more.
const MAX_KEPT: i64 = 32 * 1024;

#[test]
fn the_room_of_the_first_words_is_given_back() {
    let kept = kept_after(|stage| {
        happen(stage, Event::CarrierStarted);
        hear(stage, 600);
        happen(stage, Event::AgentReady);
    });
    assert!(kept < MAX_KEPT, "{kept} bytes");
}

#[test]
fn the_room_of_a_long_answer_is_given_back_when_it_is_played() {
    let kept = kept_after(|stage| {
        say(stage, 3_000);
        let end = stage.now + Duration::from_mins(1);
        stage.pass(end, &mut |_, _| {});
    });
    assert!(kept < MAX_KEPT, "{kept} bytes");
}

#[test]
fn the_room_of_a_long_answer_is_given_back_when_it_is_interrupted() {
    let kept = kept_after(|stage| {
        say(stage, 3_000);
        happen(stage, Event::SpeechStarted { item: ItemKey(1) });
    });
    assert!(kept < MAX_KEPT, "{kept} bytes");
}

/// Bytes that a call takes at most: five minutes of speech that were sent at
/// once, while the room for them grows, and all words that are kept of a call.
const MAX_TAKEN: u64 = 6 * 1024 * 1024;

#[test]
fn i7_whatever_is_said_and_however_much_of_it_a_call_stays_within_its_bound() {
    let mut stage = None;
    let taken = measure(|| {
        let stage = stage.insert(Stage::new(plan()));
        for key in 0..4 {
            happen(stage, Event::Ordered(Order::Say("x".repeat(100).into())));
            happen(stage, Event::AgentAudioDone { item: ItemKey(key) });
        }
        hear(stage, 6_000);
        say(stage, 20_000);
        for number in 0..8_000 {
            storm(stage, number);
        }
    });
    assert!(taken.bytes_max < MAX_TAKEN, "{} bytes", taken.bytes_max);
}

/// One of everything that comes as often as a peer pleases.
fn storm(stage: &mut Stage, number: u32) {
    let (item, call) = (ItemKey(number), ToolKey(number));
    let response = ResponseKey(number);
    let text = Pii::new("words ".repeat(20));
    let mark = Mark {
        generation: 0,
        sequence: number,
    };
    for event in [
        Event::ItemAdded {
            item,
            previous: number.checked_sub(1).map(ItemKey),
            speaker: Speaker::Caller,
        },
        Event::AgentText {
            item,
            delta: text.clone(),
        },
        Event::CallerTranscript { item, text },
        Event::ResponseStarted(response),
        Event::ToolCalled {
            call,
            response,
            tool: None,
            arguments: Pii::new("{}".to_owned()),
        },
        Event::Digit('7'),
        Event::MarkPlayed(mark),
    ] {
        happen(stage, event);
    }
}

/// The bytes that a call holds after `what` has happened.
fn kept_after(what: impl FnOnce(&mut Stage)) -> i64 {
    let mut stage = None;
    let kept = measure(|| what(stage.insert(Stage::new(plan()))));
    kept.bytes_current
}

fn happen(stage: &mut Stage, event: Event) {
    stage.happen(event, &mut |_, _| {});
}

/// So many frames come from the caller.
fn hear(stage: &mut Stage, frames: usize) {
    for _ in 0..frames {
        let frame = Frame::silence(160);
        happen(
            stage,
            Event::CallerAudio {
                timestamp: None,
                frame,
            },
        );
    }
}

/// The agent says so many frames at once.
fn say(stage: &mut Stage, frames: usize) {
    let (response, item) = (ResponseKey(0), ItemKey(0));
    happen(stage, Event::CarrierStarted);
    happen(stage, Event::AgentReady);
    happen(stage, Event::ResponseStarted(response));
    for _ in 0..frames {
        let frame = Frame::silence(160);
        happen(
            stage,
            Event::AgentAudio {
                response,
                item,
                frame,
            },
        );
    }
    happen(stage, Event::AgentAudioDone { item });
}

fn plan() -> CallPlan {
    CallPlan {
        silence: SilencePolicy::default(),
        limits: Limits::default(),
        interruption: Interruption::Truncate,
        has_zero_key: true,
        is_back: false,
        renew_after: Duration::from_mins(55),
        seed: 0,
    }
}
