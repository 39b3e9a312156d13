//! Before the house is there: its database is waited for, and whoever rings meanwhile is
//! asked to call again.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{any, get};
use futures::future::join;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::house::{self, HousePlan};
use super::manners::Manners;
use super::server::{ServerOptions, serve};
use super::shutdown::Shutdown;
use crate::api::{ApiError, Rendering};
use crate::clock::Clock;
use crate::store::{self, Store};
use crate::webhooks;

/// Whoever comes in so short a time before the house is there is answered by it: the
/// carrier waits for three times as long.
const SOON: Duration = Duration::from_secs(5);
/// The pause before a database that is away is asked again; it doubles with each.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest of these pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The database, once it is there; none if the end was asked for before.
///
/// # Errors
///
/// If the database refuses for a reason that does not pass by itself.
pub(super) async fn store(
    plan: &HousePlan,
    clock: &Clock,
    shutdown: &Shutdown,
) -> anyhow::Result<Option<Store>> {
    let mut pause = PAUSE;
    let asking = async {
        loop {
            let error = match house::store(&plan.database_url, plan.seals.clone(), clock).await {
                Err(error) if is_away(&error) => format!("{error:#}"),
                opened => return opened.map(Some),
            };
            tracing::warn!(error, "database.awaited: callers are asked to call again");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    };
    tokio::select! {
        opened = asking => opened,
        () = shutdown.drain.cancelled() => Ok(None),
    }
}

/// What `opening` gives. Whoever comes meanwhile is answered by a house without rooms,
/// from the same listener, which is given back.
///
/// # Errors
///
/// If the system gives us no second hold of the listener.
pub(super) async fn answering<T>(
    (listener, options): (TcpListener, ServerOptions),
    router: Router,
    opening: impl Future<Output = T>,
) -> io::Result<(T, TcpListener)> {
    let listener = listener.into_std()?;
    let meanwhile = TcpListener::from_std(listener.try_clone()?)?;
    let is_open = CancellationToken::new();
    let opening = async {
        let opened = opening.await;
        is_open.cancel();
        opened
    };
    let answering = async {
        if timeout(SOON, is_open.cancelled()).await.is_err() {
            serve(meanwhile, router, options, is_open.cancelled()).await;
        }
    };
    let (opened, ()) = join(opening, answering).await;
    Ok((opened, TcpListener::from_std(listener)?))
}

/// A house without rooms: it is alive, not ready, and sorry.
pub(super) fn router(clock: &Clock, rendering: Rendering) -> Router {
    let metrics = async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], rendering());
    let away = (
        StatusCode::SERVICE_UNAVAILABLE,
        "the database does not answer\n",
    );
    let router = Router::new()
        .route("/livez", get("alive\n"))
        .route("/readyz", get(async move || away))
        .route("/health", get(async move || away))
        .route("/metrics", get(metrics))
        .route(
            "/{*path}",
            any(async || ApiError::Unavailable("the database")),
        );
    Manners::new(clock.clone(), webhooks::apology).teach(router.merge(webhooks::closed()))
}

/// Whether the database may be there a little later.
fn is_away(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<store::Error>();
    error.is_some_and(store::Error::is_of_absence)
}
