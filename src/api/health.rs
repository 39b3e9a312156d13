//! Whether we are ready, and well. (`/livez` asks nothing: a supervisor restarts
//! on its silence, and a restart would mend no database.)

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tokio::time::{Instant, timeout};

use super::state::ApiState;
use crate::bridge::Keeping;
use crate::store::Store;

/// `GET /readyz`: whether a balancer may send new calls here. 503 while
/// draining, or without a database that takes what is to be written down.
pub(super) async fn readyz(State(state): State<ApiState>) -> (StatusCode, &'static str) {
    if state.bridge.counts().is_draining {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match look_at(&state.store).await.status {
        Status::Ok if state.bridge.keeping().0 == Keeping::Written => (StatusCode::OK, "ready\n"),
        Status::Ok => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database is behind: see /health\n",
        ),
        Status::Behind | Status::Draining | Status::Down => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        ),
    }
}

/// `GET /health`: the same for people, with what it rests on.
pub(super) async fn health(State(state): State<ApiState>) -> (StatusCode, Json<Health>) {
    let database = look_at(&state.store).await;
    let counts = state.bridge.counts();
    let started_at = state.started_at;
    let journal = JournalHealth::of(state.bridge.keeping());
    let status = match (database.status, journal.status) {
        (Status::Ok, Status::Ok | Status::Behind) if counts.is_draining => Status::Draining,
        (Status::Ok, status) | (status, _) => status,
    };
    let code = match status {
        Status::Ok | Status::Behind | Status::Draining => StatusCode::OK,
        Status::Down => StatusCode::SERVICE_UNAVAILABLE,
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        started_at: started_at.to_string(),
        uptime_s: (state.clock.now().as_ms() - started_at.as_ms()) / 1_000,
        calls: Calls {
            live: counts.live,
            capacity: counts.capacity,
        },
        dependencies: Dependencies { database, journal },
    };
    (code, Json(health))
}

/// Asks the database whether it is there, with little patience.
async fn look_at(store: &Store) -> Dependency {
    let began = Instant::now();
    let status = match timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => Status::Ok,
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database does not answer");
            Status::Down
        }
        Err(_) => Status::Down,
    };
    let latency_ms = began.elapsed().as_secs_f64() * 1_000.0;
    Dependency { status, latency_ms }
}

/// A database that needs longer is of no use to a caller.
const PATIENCE: Duration = Duration::from_secs(2);

/// The answer of `GET /health`.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: Status,
    version: &'static str,
    started_at: String,
    uptime_s: i64,
    calls: Calls,
    dependencies: Dependencies,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    /// What is to be written down waits on the disk.
    Behind,
    Draining,
    Down,
}

#[derive(Debug, Serialize)]
struct Calls {
    live: usize,
    capacity: usize,
}

#[derive(Debug, Serialize)]
struct Dependencies {
    database: Dependency,
    journal: JournalHealth,
}

/// How it stands with what is to be written down: `behind` while it waits on the disk,
/// `down` while neither database nor disk take it.
#[derive(Debug, Serialize)]
struct JournalHealth {
    status: Status,
    waiting: u64,
}

impl JournalHealth {
    fn of((keeping, waiting): (Keeping, u64)) -> Self {
        let status = match keeping {
            Keeping::Written => Status::Ok,
            Keeping::Journaled => Status::Behind,
            Keeping::Held => Status::Down,
        };
        Self { status, waiting }
    }
}

#[derive(Debug, Serialize)]
struct Dependency {
    status: Status,
    latency_ms: f64,
}
