//! What the world has to do where a walk rests.

use std::fmt;
use std::time::Duration;

use super::exit::{Exit, NodeId};
use super::node::{Field, Method, Prompt};
use super::walk::Walk;
use crate::domain::{Credential, Party, Pii};
use crate::routing::allowance::Allowance;
use crate::routing::route::Stop;

/// What the world has to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Listen to the caller.
    Listen(Listening),
    /// Let somebody else have the call.
    HandOver(Stop),
    /// Ask another machine, and go on with its answer.
    Ask(Asked),
    /// Let the caller hear so much, and go on where the call is.
    GoOn,
    /// End the call.
    HangUp,
    /// Go on behind the flow, for it knows no further.
    Leave(Why),
}

/// What the caller hears, and may answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listening {
    /// What is heard meanwhile.
    pub prompts: Vec<Prompt>,
    /// So many keys are enough.
    pub max_keys: u32,
    /// The key that ends an entry.
    pub finish_on: Option<char>,
    /// How long to wait for the next key.
    pub timeout: Duration,
    /// Words that are likely, where words are listened to.
    pub hints: Option<Vec<String>>,
}

/// A question to another machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// How it is asked.
    pub method: Method,
    /// Whom.
    pub url: Pii<String>,
    /// What it is told beside that.
    pub headers: Vec<(String, Credential)>,
    /// What it is brought.
    pub body: Vec<(String, Pii<String>)>,
    /// How long it has.
    pub timeout: Duration,
    /// What is kept of the answer.
    pub fields: Vec<Field>,
}

/// Why a flow knows no further.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Why {
    /// There is no such node.
    NoNode(NodeId),
    /// This way out leads nowhere.
    LooseEnd(NodeId, Exit),
    /// Too much has happened without the caller doing anything.
    TooFar,
    /// The caller has been asked too often.
    TooLong,
}

/// In words for people.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNode(node) => write!(f, "there is no node “{node}”"),
            Self::LooseEnd(node, exit) => {
                write!(f, "the exit “{exit}” of “{node}” leads nowhere")
            }
            Self::TooFar => f.write_str("too many nodes came without the caller doing anything"),
            Self::TooLong => f.write_str("the caller was asked too often"),
        }
    }
}

/// A walk that rests where nobody takes it, to be shown as the carrier would
/// get it.
#[derive(Clone, Copy, Debug)]
pub struct Rest<'a> {
    /// The walk.
    pub walk: &'a Walk,
    /// With whom its caller may be connected.
    pub allowance: &'a Allowance,
    /// The language of the number.
    pub language: Option<&'a str>,
    /// Who calls.
    pub from: &'a Party,
    /// Whom.
    pub to: &'a Party,
}
