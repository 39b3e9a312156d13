//! How the carrier says that a call stands: the log moves forward, and its end is told once.

use super::feed::Feed;
use crate::domain::{CallId, CallSid, Direction, Party, TenantId, Timestamp};
use crate::store::calls::{self, NewCall, StatusNews};
use crate::store::{self, Store, call_routes, numbers, outbound_calls};

/// How a call stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CallStands {
    /// The call of ours that the carrier is to name by this, if it is one.
    pub own: Option<CallId>,
    /// The carrier's name for it.
    pub call_sid: CallSid,
    /// Its name and whose it is, should this be the first that the database hears of it.
    pub placed: Placing,
    /// Who rang whom.
    pub direction: Direction,
    /// Who rang.
    pub from: Party,
    /// Who was rung.
    pub to: Party,
    /// What is told.
    pub news: StatusNews,
    /// When we were told.
    pub at: Timestamp,
}

/// Where a call was placed that the database may not know yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Placing {
    /// By us.
    Here {
        /// Whose it is.
        tenant_id: TenantId,
        /// Its name.
        call_id: CallId,
    },
    /// Nowhere that we know: it is whose the number is.
    Unknown {
        /// Its name.
        call_id: CallId,
    },
}

impl CallStands {
    pub(super) async fn write(&self, store: &Store, feed: &Feed) -> Result<(), store::Error> {
        if let Some(own) = self.own
            && !outbound_calls::name(store, own, &self.call_sid).await?
        {
            // A call of ours that was forgotten, or that the carrier has made twice.
            tracing::warn!(call.id = %own, "status.unknown: nobody waits for this call");
            return Ok(());
        }
        let mut known = calls::apply_status(store, &self.call_sid, &self.news).await?;
        if known.is_none() {
            // The first that we hear of this call, unless it was deleted.
            self.open(store).await?;
            known = calls::apply_status(store, &self.call_sid, &self.news).await?;
        }
        if let Some((call, true)) = known {
            feed.tell_closed(&call, self.at);
        }
        if self.news.status.is_terminal() {
            call_routes::close(store, &self.call_sid, self.news.at).await?;
        }
        Ok(())
    }

    async fn open(&self, store: &Store) -> Result<(), store::Error> {
        let (tenant_id, id) = match self.placed {
            Placing::Here { tenant_id, call_id } => (tenant_id, call_id),
            Placing::Unknown { call_id } => {
                let answering = numbers::answering(store, self.to.number()).await?;
                let Some((tenant, _)) = answering else {
                    return Ok(());
                };
                (tenant.id, call_id)
            }
        };
        let new = NewCall {
            id,
            tenant_id,
            call_sid: self.call_sid.clone(),
            direction: self.direction,
            from: self.from.clone(),
            to: self.to.clone(),
            receptionist_id: None,
            status: self.news.status,
            created_at: self.at,
        };
        calls::find_or_create(store, &new).await.map(drop)
    }
}
