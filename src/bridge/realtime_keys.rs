//! The agent's names for items and responses, as small numbers.

use std::collections::VecDeque;

/// Names remembered; what is older is never spoken of again.
const MAX_NAMES: usize = 256;
/// An agent has room for a million names, and a call for two thousand agents.
const AGENT_SHIFT: u32 = 20;
const MAX_AGENTS: u32 = (1 << 11) - 1;

/// Numbers names in the order in which they first appear.
#[derive(Debug)]
pub(super) struct Keys {
    first: u32,
    names: VecDeque<Box<str>>,
}

impl Keys {
    /// The keys of a call's agent, the `ordinal`th from 0: greater than those
    /// of the agents before it.
    pub(super) fn of(ordinal: u32) -> Self {
        Self {
            first: ordinal.min(MAX_AGENTS) << AGENT_SHIFT,
            names: VecDeque::new(),
        }
    }

    /// The number of a name; a new name gets the next one.
    pub(super) fn key(&mut self, name: &str) -> u32 {
        if let Some(found) = self.names.iter().rposition(|known| **known == *name) {
            return self.number(found);
        }
        if self.names.len() == MAX_NAMES {
            self.names.pop_front();
            self.first += 1;
        }
        self.names.push_back(name.into());
        self.number(self.names.len() - 1)
    }

    /// The name of a number, unless it is forgotten.
    pub(super) fn name(&self, key: u32) -> Option<&str> {
        let at = usize::try_from(key.checked_sub(self.first)?).ok()?;
        self.names.get(at).map(|name| &**name)
    }

    fn number(&self, at: usize) -> u32 {
        self.first
            .saturating_add(u32::try_from(at).unwrap_or(u32::MAX))
    }
}
