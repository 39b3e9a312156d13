//! `/api/me`: who asks, and what they may do.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::operator::{Actor, Operator};
use super::problem::ApiError;
use super::state::ApiState;
use crate::domain::{Permission, QueueId, Reach};
use crate::store::queues;

/// Who you are, and what you may do.
#[utoipa::path(get, path = "/api/me", operation_id = "show_me", tag = "Members",
    responses((status = 200, body = MeBody)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
) -> Result<Json<MeBody>, ApiError> {
    let mut own = Vec::new();
    if let Some(member) = operator.member() {
        own = queues::list_of_member(&state.store, operator.tenant_id, member).await?;
    }
    let permissions = Permission::ALL.iter().filter_map(|permission| {
        let reach = match operator.rights.reach(*permission) {
            Reach::None => return None,
            Reach::Own => "own",
            Reach::Masked => "masked",
            Reach::All => "all",
        };
        Some(PermissionBody {
            permission: permission.as_str(),
            reach,
        })
    });
    Ok(Json(MeBody {
        tenant_id: operator.tenant_id.to_string(),
        user_id: match operator.actor {
            Actor::User(id) => Some(id.to_string()),
            Actor::Key(_) => None,
        },
        key_id: match operator.actor {
            Actor::Key(id) => Some(id.to_string()),
            Actor::User(_) => None,
        },
        permissions: permissions.collect(),
        queues: own.into_iter().map(QueueName::from).collect(),
    }))
}

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MeBody {
    tenant_id: String,
    /// The member, if it is one.
    user_id: Option<String>,
    /// The key, if it is one.
    key_id: Option<String>,
    permissions: Vec<PermissionBody>,
    /// The queues that the member answers.
    queues: Vec<QueueName>,
}

/// A queue, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueName {
    id: String,
    name: String,
}

impl From<(QueueId, String)> for QueueName {
    fn from((id, name): (QueueId, String)) -> Self {
        Self {
            id: id.to_string(),
            name,
        }
    }
}

/// Something that is permitted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PermissionBody {
    permission: &'static str,
    /// `own` things, everything `masked`, or `all`.
    reach: &'static str,
}
