//! Every route of the admin interface, on one page.

use axum::Router;
use axum::routing::get;

use super::problems;

/// What admins and machines call.
pub fn router() -> Router {
    Router::new().route("/problems/{slug}", get(async |slug| problems::show(slug)))
}
