//! Agents that never answer, for calls that want none.

use std::sync::Arc;

use frontdesk::bridge::{AgentLeg, DialError, Dialer};
use frontdesk::call::Interruption;
use frontdesk::domain::Receptionist;
use futures::FutureExt as _;
use futures::future::{BoxFuture, pending};

/// Agents that never answer.
pub(crate) struct NobodyThere;

impl Dialer for NobodyThere {
    fn dial(
        &self,
        _: &Arc<Receptionist>,
        _: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        pending().boxed()
    }

    fn interruption(&self) -> Interruption {
        Interruption::Truncate
    }

    fn model(&self) -> Option<&str> {
        None
    }
}
