//! A queue: where callers wait until somebody has time.

use std::time::Duration;

use super::{QueueId, TenantId, Timestamp, UserId};

/// A queue of a tenant's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queue {
    /// Its name in the database.
    pub id: QueueId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its name for people.
    pub name: String,
    /// The address of what is heard while waiting; the built-in tune if there
    /// is none.
    pub hold_music_url: Option<String>,
    /// Whether callers are told their place in the queue.
    pub announces_position: bool,
    /// Whether callers are told how long others waited.
    pub announces_wait: bool,
    /// Who has waited longer goes on to what comes after the queue.
    pub max_wait: Duration,
    /// Who would be one more than that goes on at once.
    pub max_size: u32,
    /// Who answers.
    pub members: Vec<UserId>,
    /// When it was set up.
    pub created_at: Timestamp,
}
