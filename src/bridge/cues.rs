//! What the agent is told when it is asked to say something of its own accord.

use crate::call::{Notice, Reply};
use crate::domain::Receptionist;

/// The agent may hang up.
pub(super) const END_ALLOWED: &str =
    r#"{"status":"ok","detail":"The call ends when your goodbye is heard."}"#;
/// The agent may not hang up.
pub(super) const END_REFUSED: &str =
    r#"{"error":"interrupted","detail":"The caller has spoken again; the call goes on."}"#;
/// There is no such tool.
pub(super) const NO_SUCH_TOOL: &str =
    r#"{"error":"unknown_tool","detail":"There is no such tool. Go on without it."}"#;

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
    }
}

/// What a receptionist says when nobody has asked anything.
#[derive(Clone, Debug)]
pub(super) struct Cues {
    greeting: String,
    instructions: String,
    language: String,
}

impl Cues {
    pub(super) fn of(receptionist: &Receptionist) -> Self {
        Self {
            greeting: receptionist.greeting.clone(),
            instructions: receptionist.instructions.clone(),
            language: receptionist.language.clone(),
        }
    }

    /// The instructions for this reply; none where the conversation itself
    /// says what is to be answered.
    ///
    /// Instructions of one response replace those of the session, so the
    /// receptionist's own stand before the cue.
    pub(super) fn instructions(&self, reply: Reply) -> Option<String> {
        let cue = match reply {
            Reply::Answer => return None,
            Reply::Resume => self.speak(
                "the line to you was broken for a moment, and the last words on either side may \
                 have been lost: say sorry for the interruption in a few words and take up where \
                 the conversation broke off; if it was the caller's turn, ask them to say it again",
            ),
            Reply::Excuse => self.speak(
                "what you were about to say was withheld: say in one short sentence that you \
                 cannot help with that, and ask what else you can do",
            ),
            Reply::Greeting => format!(
                "The call has just been answered. Greet the caller with exactly these words and \
                 nothing else: \"{}\"",
                self.greeting
            ),
            Reply::StillThere => {
                self.speak("ask in one short sentence whether the caller is still there")
            }
            Reply::GoodbyeForSilence => self.speak(
                "nobody has spoken for a while: say in one short sentence that you will hang up \
                 now and that the caller is welcome to call again",
            ),
            Reply::GoodbyeForTime => self.speak(
                "the time for this call is up: apologise, thank the caller and say goodbye in one \
                 or two short sentences",
            ),
            Reply::Handover => self.speak(
                "a colleague takes over: say in one short sentence that you are connecting the \
                 caller now, and ask nothing",
            ),
            Reply::Goodbye => self.speak("say goodbye to the caller in one short sentence"),
        };
        Some(format!("{}\n\n{cue}", self.instructions))
    }

    fn speak(&self, what: &str) -> String {
        format!(
            "Now, in the language of the conversation (at first {}), {what}.",
            self.language
        )
    }
}
