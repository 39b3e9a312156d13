//! The model is told what was really heard, whatever the model does.

use frontdesk::rehearsal::carrier::{CallReport, Fault, Script, Step};
use frontdesk::rehearsal::model::{Line, ModelOptions, SessionRecord, Stall};
use frontdesk::rehearsal::{CALLER, RECEPTIONIST, truncation_error};

use super::desk::{Desk, ms, spoken, talkative};

/// How far the model's idea of what was heard may be from the truth.
const TOLERANCE_MS: i64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_an_answer() {
    let (report, session) = barge_in(one_item(ModelOptions::default()), 2_000).await;
    assert_exact(&report, &session, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_model_stalls() {
    let stall = Some(Stall {
        after_audio: ms(1_000),
        lasting: ms(2_500),
    });
    let options = one_item(ModelOptions {
        stall,
        ..ModelOptions::default()
    });
    let steps = vec![
        Step::WaitForSpeech,
        Step::Wait(ms(1_800)),
        Step::Speak(spoken(&CALLER[1])),
        Step::WaitForSpeech,
        Step::HangUp,
    ];
    let (report, session) = call(options, Script::new(steps)).await;
    // Nothing was left to clear, so the claim is held against what was played.
    let [cut] = session.truncations.as_slice() else {
        panic!("{:?}", session.truncations)
    };
    let hole = report.stream().unwrap().gaps.first();
    assert!(cut.is_accepted && hole.is_some());
    assert!(cut.audio_end_ms.abs_diff(1_000) <= 40, "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_has_several_items() {
    let items = [0, 2, 1].map(|clip: usize| spoken(&RECEPTIONIST[clip]));
    let line = Line {
        items: items.into(),
        ..Line::default()
    };
    // At twenty times its pace all three are there when the second is cut.
    let options = ModelOptions {
        lines: vec![line],
        speed: 20.0,
        ..ModelOptions::default()
    };
    let (report, session) = barge_in(options, 3_600).await;
    assert_exact(&report, &session, 2);
    assert_eq!(session.truncations[0].item_id, session.items[1].item_id);
    assert_eq!(session.deletions[0].item_id, session.items[2].item_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_answer_was_done_but_still_playing() {
    let options = one_item(ModelOptions {
        speed: 50.0,
        ..ModelOptions::default()
    });
    let (report, session) = barge_in(options, 2_000).await;
    let cut = &session.truncations[0];
    let done = session.responses[0].done_at.unwrap();
    assert!(done < cut.at, "the answer was not done yet");
    assert_eq!(session.responses[0].status, "completed");
    assert_exact(&report, &session, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_marks_come_late() {
    let spoken = spoken(&CALLER[1]);
    let steps = vec![
        Step::SpeakOver {
            spoken,
            after: ms(2_000),
        },
        Step::HangUp,
    ];
    let script = Script::new(steps).with(Fault::MarksLate(ms(100)));
    let (report, session) = call(one_item(ModelOptions::default()), script).await;
    // It errs on the careful side, by as much as the marks are late.
    let errors = truncation_error(report.stream().unwrap(), &session);
    assert_eq!(errors.len(), 1);
    assert!(
        (-100 - TOLERANCE_MS..=TOLERANCE_MS).contains(&errors[0].error_ms()),
        "{errors:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn i3_nothing_of_an_interrupted_answer_is_heard_after_the_clear() {
    let options = one_item(ModelOptions {
        speed: 1.2,
        ..ModelOptions::default()
    });
    let (report, session) = barge_in(options, 1_500).await;
    let stream = report.stream().unwrap();
    let clear = stream.clears.last().unwrap();
    let answer = session.responses.last().unwrap();
    // The next sound is that of the next answer.
    let late = stream
        .messages
        .iter()
        .filter(|(at, text)| *at > clear.at && text.contains("\"media\""))
        .find(|(at, _)| answer.first_audio_at.is_none_or(|begins| *at < begins));
    assert!(late.is_none(), "sound came after the clear");
}

/// One long line, over and over.
fn one_item(options: ModelOptions) -> ModelOptions {
    let lines = vec![Line::say(spoken(&RECEPTIONIST[3]))];
    ModelOptions { lines, ..options }
}

/// The caller speaks into the greeting so long after it began, hears the
/// answer begin and hangs up.
async fn barge_in(options: ModelOptions, after: u64) -> (CallReport, SessionRecord) {
    let spoken = spoken(&CALLER[1]);
    let steps = vec![
        Step::SpeakOver {
            spoken,
            after: ms(after),
        },
        Step::WaitForSpeech,
        Step::HangUp,
    ];
    call(options, Script::new(steps)).await
}

async fn call(options: ModelOptions, script: Script) -> (CallReport, SessionRecord) {
    let transcripts = talkative().caller_transcripts;
    let desk = Desk::open(ModelOptions {
        caller_transcripts: transcripts,
        ..options
    })
    .await;
    let report = desk.carrier().place_call(&script).await;
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert_eq!(desk.model.violations(), Vec::<String>::new());
    let session = desk.session(0).await;
    (report, session)
}

/// Every cut is true to within the tolerance, and never beyond the item.
fn assert_exact(report: &CallReport, session: &SessionRecord, cuts: usize) {
    let errors = truncation_error(report.stream().unwrap(), session);
    assert_eq!(errors.len(), cuts, "{errors:?}");
    for error in errors {
        assert!(error.error_ms().abs() <= TOLERANCE_MS, "{error:?}");
    }
    for cut in &session.truncations {
        assert!(
            cut.is_accepted && cut.audio_end_ms <= cut.generated_ms,
            "{cut:?}"
        );
    }
}
