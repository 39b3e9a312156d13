//! Where a call is in a flow, and what is known of it there.

use std::collections::BTreeMap;

use super::exit::NodeId;
use super::flow::Flow;
use crate::domain::{Pii, UserId};
use crate::routing::facts::Caller;

/// Where a call is in a flow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// At this node.
    pub node: NodeId,
    /// Whether the caller has been there, and something is to come of it.
    pub is_asked: bool,
    /// How often the caller was asked again.
    pub tries: u32,
    /// How often the call has rested in the flow.
    pub step: u32,
    /// How many text messages the caller has been sent.
    pub texts: u32,
    /// The keys that were pressed last.
    pub digits: Pii<String>,
    /// What has been kept.
    pub variables: Variables,
    /// Whom the caller was led to.
    pub tried: Tried,
}

/// Whom a caller has tried to reach in a flow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tried {
    /// Nobody.
    #[default]
    Nobody,
    /// One member, however often.
    Member(UserId),
    /// Several, or somebody who is no member.
    Others,
}

impl Tried {
    /// The member, if it was one and nobody else.
    pub fn member(self) -> Option<UserId> {
        match self {
            Self::Member(user) => Some(user),
            Self::Nobody | Self::Others => None,
        }
    }

    pub(super) fn note(&mut self, member: Option<UserId>) {
        *self = match (*self, member) {
            (Self::Nobody, Some(user)) => Self::Member(user),
            (Self::Member(before), Some(user)) if before == user => *self,
            (_, _) => Self::Others,
        };
    }
}

impl State {
    /// At the start.
    pub fn begin(flow: &Flow) -> Self {
        let start = flow.start().map(|node| node.id.clone());
        Self {
            is_asked: false,
            ..Self::lost_at(start.unwrap_or_else(NodeId::of_start), 0)
        }
    }

    /// At a node, where nobody remembers more than that.
    pub fn lost_at(node: NodeId, step: u32) -> Self {
        Self {
            node,
            is_asked: true,
            tries: 0,
            step,
            texts: 0,
            digits: Pii::default(),
            variables: Variables::default(),
            tried: Tried::default(),
        }
    }
}

/// What a flow has kept: short texts under names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Variables(BTreeMap<String, Pii<String>>);

impl Variables {
    /// The most that a flow keeps.
    pub const MAX: usize = 50;
    /// The longest value, in characters; the rest is cut off.
    pub const MAX_LEN: usize = 200;

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.expose().as_str())
    }

    /// Gives a variable a value; one variable too many gets none.
    pub fn set(&mut self, name: &str, value: &str) {
        if self.0.len() < Self::MAX || self.0.contains_key(name) {
            let value: String = value.chars().take(Self::MAX_LEN).collect();
            self.0.insert(name.to_owned(), Pii::new(value));
        }
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), value.expose().as_str()))
    }
}

/// What a flow may know of the caller, beside the number.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CallerFacts {
    /// Whether it is somebody who matters more than others.
    pub is_vip: bool,
    /// Whether it is a contact of the tenant.
    pub is_known: bool,
    /// The BCP 47 language that the contact speaks.
    pub language: Option<String>,
}

impl From<&Caller> for CallerFacts {
    fn from(caller: &Caller) -> Self {
        let contact = caller.contact.as_ref();
        Self {
            is_vip: caller.is_vip,
            is_known: contact.is_some(),
            language: contact.and_then(|contact| contact.language.clone()),
        }
    }
}
