//! What the agent is told when it is asked to say something of its own accord.

use std::borrow::Cow;

use serde_json::json;

use crate::call::{Notice, Reply, ToolAnswer, ToolRefusal};
use crate::domain::{Pii, Receptionist};

/// The agent may hang up.
const END_ALLOWED: &str = r#"{"status":"ok","detail":"The call ends when your goodbye is heard."}"#;
/// The agent may not hang up.
const END_REFUSED: &str =
    r#"{"error":"interrupted","detail":"The caller has spoken again; the call goes on."}"#;
/// Something was done, and that is all that is known of it.
const DONE: &str = r#"{"status":"ok"}"#;

/// What the agent reads of a tool that it asked for.
pub(super) fn answer(answer: &ToolAnswer) -> Cow<'_, str> {
    match answer {
        ToolAnswer::Done(output) if output.expose().is_empty() => Cow::Borrowed(DONE),
        ToolAnswer::Done(output) => Cow::Borrowed(output.expose()),
        ToolAnswer::EndAllowed => Cow::Borrowed(END_ALLOWED),
        ToolAnswer::EndRefused => Cow::Borrowed(END_REFUSED),
        ToolAnswer::Refused(refusal) => {
            let (error, detail) = (refusal.as_str(), refused(*refusal));
            Cow::Owned(json!({"error": error, "detail": detail}).to_string())
        }
    }
}

fn refused(refusal: ToolRefusal) -> &'static str {
    match refusal {
        ToolRefusal::Unknown => "There is no such tool. Go on without it.",
        ToolRefusal::Interrupted => "Nothing was done, for the caller has broken in. Listen first.",
        ToolRefusal::NotNow => {
            "Nothing was done, for the call is ending, on hold or being handed on."
        }
        ToolRefusal::Unfinished => {
            "The call goes on, for something else that you asked for is not done yet, or could \
             not be. Read what came of it, tell the caller, and end the call then."
        }
        ToolRefusal::CallerSilent => {
            "Nothing was done, for the caller has not said anything yet. Ask first."
        }
        ToolRefusal::SpentOfTurn => {
            "Nothing was done. Answer the caller now with what you know, and use no tool before \
             they have spoken."
        }
        ToolRefusal::SpentOfCall => {
            "Nothing was done. No more tools can be used in this call; go on without them."
        }
        ToolRefusal::TimedOut => {
            "This took too long, and may or may not have been done. Say that it does not work at \
             the moment; do not try it again."
        }
        ToolRefusal::Lost => {
            "The line to you broke meanwhile, and this may or may not have been done. Do not do \
             it again unless the caller asks for it, knowing that."
        }
    }
}

/// What the agent reads of what the caller keyed in.
pub(super) fn keyed(digits: &Pii<String>) -> String {
    let keys: Vec<String> = digits.expose().chars().map(String::from).collect();
    format!(
        "(The caller did not speak but pressed these keys on the telephone keypad: {})",
        keys.join(" ")
    )
}

/// What the agent reads that nobody says.
pub(super) fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Say(text) => format!(
            "(A colleague who listens asks you to say this to the caller now, in these words and \
             no others: \"{}\")",
            text.expose()
        ),
        Notice::HoldEnded => "(The caller was on hold and is back now. Thank them for waiting, in \
             one short sentence, and go on.)"
            .to_owned(),
        Notice::NobodyThere => "(The caller wants to speak with a person, and nobody can be \
             reached at this moment. Say so in one short sentence, truthfully and with an \
             apology, promise nobody, and ask what you can do for them instead.)"
            .to_owned(),
        Notice::NoAnswer(name) => format!(
            "(There is still no answer of {}, and it may or may not have been done. Say that it \
             does not work at the moment, and go on without it; do not try it again.)",
            name.as_deref().unwrap_or("the server that you have asked")
        ),
    }
}

/// The instructions for this reply; none where the conversation itself
/// says what is to be answered.
///
/// Instructions of one response replace those of the session, so the
/// receptionist's own stand before the cue.
pub(super) fn instructions(receptionist: &Receptionist, reply: Reply) -> Option<String> {
    let speak = |what: &str| {
        format!(
            "Now, in the language of the conversation (at first {}), {what}.",
            receptionist.language
        )
    };
    let cue = match reply {
        Reply::Answer | Reply::AnswerWithoutTools => return None,
        Reply::Resume => speak(
            "the line to you was broken for a moment, and the last words on either side may \
             have been lost: say sorry for the interruption in a few words and take up where \
             the conversation broke off; if it was the caller's turn, ask them to say it again",
        ),
        Reply::Excuse => speak(
            "what you were about to say was withheld: say in one short sentence that you \
             cannot help with that, and ask what else you can do",
        ),
        Reply::Greeting => format!(
            "The call has just been answered. Greet the caller with exactly these words and \
             nothing else: \"{}\"",
            receptionist.greeting
        ),
        Reply::Back => speak(
            "the caller is back with you, for nobody has taken the call where you had handed \
             them on to: say so in one short sentence, truthfully and with an apology, and \
             offer to take a message or to help otherwise",
        ),
        Reply::StillThere => speak("ask in one short sentence whether the caller is still there"),
        Reply::GoodbyeForSilence => speak(
            "nobody has spoken for a while: say in one short sentence that you will hang up \
             now and that the caller is welcome to call again",
        ),
        Reply::GoodbyeForTime => speak(
            "the time for this call is up: apologise, thank the caller and say goodbye in one \
             or two short sentences",
        ),
        Reply::Handover => speak(
            "a colleague takes over: say in one short sentence that you are connecting the \
             caller now, and ask nothing",
        ),
        Reply::HandoverToVoicemail => speak(
            "nobody can take the call at this moment: say so in one short sentence, and that \
             the caller can leave a message after the tone now; ask nothing",
        ),
        Reply::Filler => speak(
            "what the caller asked for is still being looked up: say in a few words that you \
             are looking and need a moment; say nothing about what may come of it",
        ),
        Reply::Goodbye => speak("say goodbye to the caller in one short sentence"),
    };
    Some(format!("{}\n\n{cue}", receptionist.instructions))
}
