//! The calls that whoever may see no others sees as they go on: those that they have, and
//! those that wait in a queue of theirs.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::bridge::{Happening, LiveEvent};
use crate::domain::{CallId, Outcome, QueueId, TenantId, UserId};
use crate::store::call_search::{self, Filter};
use crate::store::{page, queue_waits, queues};

/// What a member may see of what goes on.
pub(super) struct Own {
    member: UserId,
    /// The calls that are theirs.
    calls: HashSet<CallId>,
    /// Those that nobody has yet.
    waiting: HashSet<CallId>,
    queues: HashSet<QueueId>,
}

impl Own {
    /// As it stands; none for whoever may see everything. Who comes back may have missed
    /// the end of a call of theirs: `is_back` asks for the newest that are over, too.
    pub(super) async fn find(
        state: &ApiState,
        operator: &Operator,
        is_back: bool,
    ) -> Result<Option<Self>, ApiError> {
        let Some(member) = operator.only() else {
            return Ok(None);
        };
        let (store, tenant) = (&state.store, operator.tenant_id);
        let queues = queues::list_of_member(store, tenant, member).await?;
        let mut own = Self {
            member,
            calls: HashSet::new(),
            waiting: HashSet::new(),
            queues: queues.into_iter().map(|(id, _)| id).collect(),
        };
        let theirs = Filter {
            owner: Some(member),
            ..Filter::default()
        };
        let going_on = Filter {
            outcome: Some(Outcome::Open),
            ..theirs.clone()
        };
        let mut request = page::Request {
            limit: page::Limit::longest(),
            after: None,
        };
        if is_back {
            let page = call_search::list(store, tenant, &theirs, &request).await?;
            own.calls.extend(page.items.into_iter().map(|call| call.id));
        }
        loop {
            let page = call_search::list(store, tenant, &going_on, &request).await?;
            own.calls.extend(page.items.into_iter().map(|call| call.id));
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
        for (call, queue) in queue_waits::list(store, tenant).await? {
            if own.queues.contains(&queue) {
                own.waiting.insert(call);
            }
        }
        Ok(Some(own))
    }

    /// Whether the event is of such a call. Those of an AI are nobody's own, and those of a
    /// member are from when they are placed for them, or they take them.
    pub(super) fn sees(&mut self, event: &LiveEvent) -> bool {
        let call = event.call_id;
        match event.what {
            Happening::Placed(Some(user)) if user == self.member => {
                self.calls.insert(call);
            }
            // Whoever had it before them, or might have taken it, is told so, and no more.
            Happening::Taken(_, by) => {
                let was_seen = self.has(call);
                self.waiting.remove(&call);
                // Whom a member has called is often nobody's telephone here.
                if by == Some(self.member) {
                    self.calls.insert(call);
                } else if by.is_some() {
                    self.calls.remove(&call);
                }
                return was_seen || self.has(call);
            }
            Happening::Queued(queue) if self.queues.contains(&queue) => {
                self.waiting.insert(call);
            }
            Happening::Dequeued => return self.waiting.remove(&call) || self.has(call),
            Happening::Closed(_) => {
                let (was_waiting, was_theirs) =
                    (self.waiting.remove(&call), self.calls.remove(&call));
                return was_waiting || was_theirs;
            }
            Happening::Placed(_)
            | Happening::Queued(_)
            | Happening::Routed(_)
            | Happening::Held(_)
            | Happening::Muted(..)
            | Happening::Admitted
            | Happening::Answered
            | Happening::Reported(_)
            | Happening::Recording(_)
            | Happening::Ended(_) => {}
        }
        self.has(call)
    }

    /// Whether what was missed tells them everything: of a call that waited when they left,
    /// and has left its queue since, it is not known any more that it was theirs to see.
    pub(super) fn can_follow(&self, tenant: TenantId, missed: &[Arc<LiveEvent>]) -> bool {
        let is_lost = |event: &Arc<LiveEvent>| {
            let has_left = matches!(
                event.what,
                Happening::Taken(..) | Happening::Dequeued | Happening::Closed(_)
            );
            has_left && event.tenant_id == tenant && !self.calls.contains(&event.call_id)
        };
        self.queues.is_empty() || !missed.iter().any(is_lost)
    }

    fn has(&self, call: CallId) -> bool {
        self.calls.contains(&call) || self.waiting.contains(&call)
    }
}
