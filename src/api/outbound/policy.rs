//! Whom a tenant allows to be rung.

use axum::Json as JsonBody;
use axum::extract::State;

use crate::api::audit::{self, Change};
use crate::api::extract::Json;
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::domain::DialPolicy;
use crate::store::dials;
use crate::store::text::DialPolicyText;

/// Whom the tenant allows to be rung: nobody, until countries are chosen.
#[utoipa::path(get, path = "/api/calls/outbound/policy", operation_id = "show_outbound_policy",
    tag = "Outbound calls", responses((status = 200, body = DialPolicyText)))]
pub(in crate::api) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
) -> Result<JsonBody<DialPolicyText>, ApiError> {
    let policy = dials::policy(&state.store, operator.tenant_id).await?;
    Ok(JsonBody((&policy).into()))
}

/// Replaces the policy; the next call goes by it. What is left out is as it is
/// at first.
///
/// Emergency numbers are never rung. Premium, shared-cost, personal and
/// satellite numbers need both their kind in `special_kinds` and a prefix in
/// `allowed_prefixes`.
#[utoipa::path(put, path = "/api/calls/outbound/policy",
    operation_id = "replace_outbound_policy", tag = "Outbound calls",
    request_body = DialPolicyText, responses((status = 200, body = DialPolicyText)))]
pub(in crate::api) async fn replace(
    State(state): State<ApiState>,
    operator: Operator,
    Json(text): Json<DialPolicyText>,
) -> Result<JsonBody<DialPolicyText>, ApiError> {
    let policy = DialPolicy::from(text);
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    dials::put_policy(&mut tx, operator.tenant_id, &policy, now).await?;
    let change = Change {
        action: "outbound_policy.replaced",
        object: operator.tenant_id.to_string(),
        fields: FIELDS,
    };
    audit::commit(tx, (&state, &operator), operator.tenant_id, change).await?;
    Ok(JsonBody((&policy).into()))
}

const FIELDS: &[&str] = &[
    "countries",
    "allowed_prefixes",
    "denied_prefixes",
    "special_kinds",
    "hours",
    "max_calls_per_hour",
    "max_calls_per_day",
    "max_calls_per_hour_of_user",
    "max_calls_per_day_of_user",
    "max_calls_at_once",
    "max_duration_seconds",
    "daily_budget_micros",
    "minute_price_micros",
];
