//! With whom callers of a tenant may be connected, and for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::{DialPolicy, DialRefusal, Permit, PhoneNumber, Purpose, Settings};

/// With whom callers of a tenant may be connected, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Allowance {
    /// Whom the tenant allows to be rung.
    pub policy: DialPolicy,
    /// How long a call may last.
    pub longest: Duration,
    /// Of the numbers that may come to be rung, those that are answered here: who
    /// is sent there comes back.
    pub own: BTreeSet<PhoneNumber>,
}

/// What holds where nobody has said anything: nobody outside is rung.
impl Default for Allowance {
    fn default() -> Self {
        Self::new(DialPolicy::default(), &Settings::default())
    }
}

impl Allowance {
    /// What the tenant allows and has set.
    pub fn new(policy: DialPolicy, settings: &Settings) -> Self {
        Self {
            policy,
            longest: settings.longest_call().unwrap_or(LONGEST),
            own: BTreeSet::new(),
        }
    }

    /// Whether a call between `ends` may ring somebody, who is none of them.
    pub fn permit_between(
        &self,
        ends: &[&PhoneNumber],
        to: &PhoneNumber,
        purpose: Purpose,
    ) -> Result<Permit, DialRefusal> {
        if ends.contains(&to) {
            return Err(DialRefusal::LeadsBack);
        }
        self.permit(to, purpose)
    }

    /// Whether a caller may be connected with somebody.
    pub fn permit(&self, to: &PhoneNumber, purpose: Purpose) -> Result<Permit, DialRefusal> {
        if self.own.contains(to) {
            return Err(DialRefusal::LeadsBack);
        }
        self.policy.judge_forward((to, purpose), self.longest)
    }
}

/// No call lasts longer at the carrier.
const LONGEST: Duration = Duration::from_hours(4);
