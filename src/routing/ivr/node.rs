//! What can happen at a node, and the ways out of it.

use std::time::Duration;

use super::exit::Exit;
use crate::domain::{Credential, HoursId};
use crate::routing::plan::Target;

/// What happens at a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Everybody begins here.
    Start,
    /// The caller chooses by a key.
    Menu(Menu),
    /// Something is said.
    Say(Words),
    /// A file is played.
    Play {
        /// Its address, of HTTPS.
        url: String,
    },
    /// The caller enters something.
    Gather(Collect),
    /// Is it open?
    Hours {
        /// By these hours.
        hours_id: HoursId,
    },
    /// Somebody else has the call: a receptionist, people, a number outside, a
    /// queue, voicemail.
    HandOver(Target),
    /// The caller is sent a text message.
    Sms {
        /// What it says.
        text: String,
    },
    /// Another machine is asked.
    Http(HttpAsk),
    /// A variable gets a value.
    Set {
        /// Which.
        variable: String,
        /// What it becomes.
        value: String,
    },
    /// What is so of the call?
    Branch {
        /// The first that is so decides.
        cases: Vec<Case>,
    },
    /// The call ends.
    Hangup,
}

/// Something that the caller hears.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Prompt {
    /// Words.
    Say(Words),
    /// A file at an address of HTTPS.
    Play(String),
}

/// Words that are spoken.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words {
    /// What is said; may have variables in it.
    pub text: String,
    /// BCP 47 language, if not the number's.
    pub language: Option<String>,
    /// The carrier's voice, if not its usual.
    pub voice: Option<String>,
}

/// A choice by key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Menu {
    /// What there is to choose from.
    pub prompt: Prompt,
    /// What is heard before that after a key that makes no sense.
    pub sorry: Option<Prompt>,
    /// How long the caller has.
    pub timeout: Duration,
    /// How often the caller is asked again.
    pub retries: u32,
    /// Words that may be spoken instead of pressing a key; without any, words
    /// are not listened to.
    pub synonyms: Vec<Synonyms>,
}

/// Words that stand for a key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Synonyms {
    /// Which key.
    pub key: char,
    /// Any of these.
    pub words: Vec<String>,
}

/// Something that the caller enters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Collect {
    /// What is asked for.
    pub prompt: Prompt,
    /// What is heard before that after an entry that makes no sense.
    pub sorry: Option<Prompt>,
    /// Where the entry is kept.
    pub variable: String,
    /// So many digits at least.
    pub min_digits: u32,
    /// So many are enough.
    pub max_digits: u32,
    /// The key that ends the entry, which is no part of it.
    pub finish_on: Option<char>,
    /// How long the caller has for each key.
    pub timeout: Duration,
    /// How often the caller is asked again.
    pub retries: u32,
    /// Whether the caller may say it instead; then the words are kept.
    pub takes_speech: bool,
}

/// A question to another machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpAsk {
    /// How it is asked.
    pub method: Method,
    /// Whom: an address of HTTPS, with variables behind its host at most.
    pub url: String,
    /// What it is told beside that.
    pub headers: Vec<Header>,
    /// Names and values of the JSON object that a POST brings.
    pub body: Vec<(String, String)>,
    /// How long it has for an answer.
    pub timeout: Duration,
    /// What is kept of the answer.
    pub fields: Vec<Field>,
}

/// How another machine is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// Nothing is brought.
    Get,
    /// JSON is brought.
    Post,
}

/// A header of a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, which nobody is shown again. None where it has yet to be
    /// found in an earlier draft.
    pub value: Option<Credential>,
}

/// A value in a JSON answer that is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// In which variable.
    pub variable: String,
    /// Where it stands: RFC 6901.
    pub pointer: String,
}

/// Something that may be so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Case {
    /// The way out if it is.
    pub exit: Exit,
    /// What must be so; all of it.
    pub when: Vec<Test>,
}

/// Something that may be so of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Test {
    /// A variable compares so.
    Variable {
        /// Which.
        name: String,
        /// How.
        is: Comparison,
        /// With what; may have variables in it.
        than: String,
    },
    /// The caller is a VIP.
    Vip,
    /// The caller is a contact.
    Known,
    /// The caller hides the number.
    Anonymous,
    /// The caller is a contact who speaks this language, in any of its forms.
    Language(String),
    /// The caller's number begins so.
    NumberStarts(String),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// They are the same, whatever the case of their letters.
    Equal,
    /// They are not.
    Different,
    /// The one begins with the other.
    Begins,
    /// The other stands in the one.
    Contains,
    /// Both are numbers, and the one is less.
    Less,
    /// Both are numbers, and the one is more.
    More,
}

impl Kind {
    /// A word for it, as JSON has it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Menu(_) => "menu",
            Self::Say(_) => "say",
            Self::Play { .. } => "play",
            Self::Gather(_) => "gather",
            Self::Hours { .. } => "hours",
            Self::HandOver(target) => match target {
                Target::Ai { .. } => "ai",
                Target::Users(_) => "dial",
                Target::Forward(_) => "forward",
                Target::Queue { .. } => "queue",
                Target::Voicemail { .. } => "voicemail",
                Target::Message { .. } => "message",
                Target::Ivr { .. } => "ivr",
            },
            Self::Sms { .. } => "sms",
            Self::Http(_) => "http",
            Self::Set { .. } => "set",
            Self::Branch { .. } => "branch",
            Self::Hangup => "hangup",
        }
    }

    /// The ways out that must lead somewhere.
    pub(super) fn required(&self) -> Vec<Exit> {
        match self {
            Self::Start
            | Self::Say(_)
            | Self::Play { .. }
            | Self::Sms { .. }
            | Self::Set { .. } => vec![Exit::Next],
            Self::Menu(_) => vec![Exit::Timeout, Exit::Invalid],
            Self::Gather(_) => vec![Exit::Next, Exit::Timeout, Exit::Invalid],
            Self::Hours { .. } => vec![Exit::Open, Exit::Closed],
            Self::Http(_) => vec![Exit::Ok, Exit::Failed],
            Self::Branch { cases } => {
                let cases = cases.iter().map(|case| case.exit.clone());
                cases.chain([Exit::Else]).collect()
            }
            Self::HandOver(_) | Self::Hangup => Vec::new(),
        }
    }

    /// Whether that is a way out of it.
    pub(super) fn has_exit(&self, exit: &Exit) -> bool {
        let optional: &[Exit] = match self {
            Self::Menu(_) if matches!(exit, Exit::Key(_)) => return true,
            Self::HandOver(target) => match target {
                Target::Ai { .. } => &[Exit::Failed],
                Target::Users(_) | Target::Forward(_) => {
                    &[Exit::NoAnswer, Exit::Busy, Exit::Failed]
                }
                Target::Queue { .. } => &[Exit::Left, Exit::Timeout, Exit::Full, Exit::Failed],
                Target::Voicemail { .. } | Target::Message { .. } | Target::Ivr { .. } => &[],
            },
            Self::Start
            | Self::Menu(_)
            | Self::Say(_)
            | Self::Play { .. }
            | Self::Gather(_)
            | Self::Hours { .. }
            | Self::Sms { .. }
            | Self::Http(_)
            | Self::Set { .. }
            | Self::Branch { .. }
            | Self::Hangup => &[],
        };
        optional.contains(exit) || self.required().contains(exit)
    }

    /// Whether only something that the caller does leads out of it that way.
    pub(super) fn is_callers_way(&self, exit: &Exit) -> bool {
        match self {
            Self::Menu(_) => matches!(exit, Exit::Key(_) | Exit::Invalid),
            Self::Gather(_) => matches!(exit, Exit::Next | Exit::Invalid),
            Self::HandOver(_) => *exit == Exit::Left,
            Self::Start
            | Self::Say(_)
            | Self::Play { .. }
            | Self::Hours { .. }
            | Self::Sms { .. }
            | Self::Http(_)
            | Self::Set { .. }
            | Self::Branch { .. }
            | Self::Hangup => false,
        }
    }

    /// The variables that it gives a value.
    pub(super) fn sets(&self) -> Vec<&str> {
        match self {
            Self::Gather(collect) => vec![&collect.variable],
            Self::Set { variable, .. } => vec![variable],
            Self::Http(ask) => ask.fields.iter().map(|one| one.variable.as_str()).collect(),
            Self::Start
            | Self::Menu(_)
            | Self::Say(_)
            | Self::Play { .. }
            | Self::Hours { .. }
            | Self::HandOver(_)
            | Self::Sms { .. }
            | Self::Branch { .. }
            | Self::Hangup => Vec::new(),
        }
    }

    /// The texts in which variables may stand.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Menu(menu) => spoken([Some(&menu.prompt), menu.sorry.as_ref()]),
            Self::Gather(collect) => spoken([Some(&collect.prompt), collect.sorry.as_ref()]),
            Self::Say(words) => vec![&words.text],
            Self::Sms { text } => vec![text],
            Self::Set { value, .. } => vec![value],
            Self::Http(ask) => {
                let body = ask.body.iter().map(|(_, value)| value.as_str());
                [ask.url.as_str()].into_iter().chain(body).collect()
            }
            Self::Branch { cases } => {
                let tests = cases.iter().flat_map(|case| &case.when);
                tests.filter_map(Test::than).collect()
            }
            Self::Start
            | Self::Play { .. }
            | Self::Hours { .. }
            | Self::HandOver(_)
            | Self::Hangup => Vec::new(),
        }
    }
}

fn spoken(prompts: [Option<&Prompt>; 2]) -> Vec<&str> {
    let prompts = prompts.into_iter().flatten();
    let texts = prompts.filter_map(|prompt| match prompt {
        Prompt::Say(words) => Some(words.text.as_str()),
        Prompt::Play(_) => None,
    });
    texts.collect()
}

impl Test {
    /// What a variable is compared with.
    fn than(&self) -> Option<&str> {
        if let Self::Variable { than, .. } = self {
            Some(than)
        } else {
            None
        }
    }

    /// The variable that is looked at.
    pub(super) fn variable(&self) -> Option<&str> {
        if let Self::Variable { name, .. } = self {
            Some(name)
        } else {
            None
        }
    }
}
