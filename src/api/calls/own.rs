//! The calls that whoever may see no others sees as they go on: those that they have, and
//! those that wait in a queue of theirs.

use std::collections::HashSet;

use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::bridge::{Happening, LiveEvent};
use crate::domain::{CallId, Outcome, QueueId, UserId};
use crate::store::call_search::{self, Filter};
use crate::store::{page, queues};

/// What a member may see of what goes on.
pub(super) struct Own {
    member: UserId,
    calls: HashSet<CallId>,
    queues: HashSet<QueueId>,
}

impl Own {
    /// As it stands; none for whoever may see everything. Who comes back may have missed
    /// the end of a call of theirs: `is_back` asks for those that are over, too.
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
        let going_on = Filter {
            outcome: Some(Outcome::Open),
            watcher: Some(member),
            ..Filter::default()
        };
        let newest = Filter {
            owner: Some(member),
            ..Filter::default()
        };
        let mut calls = HashSet::new();
        for filter in [Some(going_on), is_back.then_some(newest)].iter().flatten() {
            let request = page::Request::default();
            let page = call_search::list(store, tenant, filter, &request).await?;
            calls.extend(page.items.into_iter().map(|call| call.id));
        }
        Ok(Some(Self {
            member,
            calls,
            queues: queues.into_iter().map(|(id, _)| id).collect(),
        }))
    }

    /// Whether the event is of such a call. Those of an AI are nobody's own, and those of a
    /// member are from when they take them.
    pub(super) fn sees(&mut self, event: &LiveEvent) -> bool {
        let call = event.call_id;
        match event.what {
            Happening::Taken(_, Some(by)) if by == self.member => {
                self.calls.insert(call);
            }
            Happening::Taken(..) => {
                self.calls.remove(&call);
            }
            Happening::Queued(queue) if self.queues.contains(&queue) => {
                self.calls.insert(call);
            }
            Happening::Dequeued | Happening::Closed(_) => return self.calls.remove(&call),
            Happening::Queued(_)
            | Happening::Routed(_)
            | Happening::Held(_)
            | Happening::Muted(..)
            | Happening::Admitted
            | Happening::Answered
            | Happening::Reported(_)
            | Happening::Recording(_)
            | Happening::Ended(_) => {}
        }
        self.calls.contains(&call)
    }
}
