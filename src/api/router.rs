//! Every route of the admin interface, on one page.

use axum::Router;
use axum::routing::get;

use super::state::ApiState;
use super::{calls, health, metrics, problems};

/// What admins and machines call.
pub fn router(state: ApiState) -> Router {
    Router::new()
        .route("/livez", get("alive\n"))
        .route("/readyz", get(health::readyz))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/problems/{slug}", get(async |slug| problems::show(slug)))
        .route("/api/calls/log", get(calls::log))
        .route("/api/calls/{id}", get(calls::show))
        .with_state(state)
}
