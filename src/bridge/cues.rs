//! What the agent is told when it is asked to say something of its own accord.

use crate::call::Reply;
use crate::domain::Receptionist;

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
