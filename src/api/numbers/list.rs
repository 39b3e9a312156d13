//! The tenant's numbers.

use axum::Json as JsonBody;
use axum::extract::State;

use super::body::NumberBody;
use crate::api::extract::Query;
use crate::api::list::{PageBody, PageQuery};
use crate::api::operator::Operator;
use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::store::numbers;

/// The numbers of the tenant.
#[utoipa::path(get, path = "/api/numbers", operation_id = "list_numbers", tag = "Numbers",
    params(PageQuery), responses((status = 200, body = PageBody<NumberBody>)))]
pub(in crate::api) async fn list(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<JsonBody<PageBody<NumberBody>>, ApiError> {
    let page = numbers::list(&state.store, operator.tenant_id, &query.into_request()).await?;
    Ok(JsonBody(PageBody::of(page)))
}
