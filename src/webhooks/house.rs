//! What the webhooks need of the house.

use std::sync::Arc;

use axum::http::StatusCode;

use super::at::{Leg, Point};
use super::callers::Callers;
use super::ivr::Trails;
use super::memory::Memory;
use super::patience::Patience;
use super::strangers::Strangers;
use crate::bridge::{Bridge, Told};
use crate::clock::Clock;
use crate::egress::Outside;
use crate::jobs::Process;
use crate::recordings::Recordings;
use crate::store::Store;
use crate::twilio::rest::Client;
use crate::twilio::signature::Verifier;

/// What the webhooks need of the house.
#[derive(Clone)]
pub struct Webhooks {
    /// The live calls.
    pub bridge: Bridge,
    /// The log of calls, and who answers which number.
    pub store: Store,
    /// Where the sound of greetings is kept.
    pub recordings: Recordings,
    /// The time of day.
    pub clock: Clock,
    /// Knows the carrier's signature.
    pub verifier: Arc<Verifier>,
    /// Our address as the carrier sees it, without a slash at its end:
    /// `https://…`.
    pub public_url: Arc<str>,
    /// What is known without the database.
    pub memory: Memory,
    /// Where calls are in flows.
    pub trails: Trails,
    /// The way to the carrier's account, if there is one.
    pub carrier: Option<Client>,
    /// The way to whom flows ask.
    pub outside: Outside,
    /// This process.
    pub process: Process,
    /// Who is led by our answers.
    pub callers: Callers,
    /// Who asks as if they were the carrier.
    pub strangers: Strangers,
    /// How long an answer waits for the database; each request's own.
    pub patience: Patience,
}

impl Webhooks {
    /// Has taken down what the carrier tells, and answers it. What nobody takes is
    /// 503, and told to the log as `failed`: the carrier repeats the callback if it is
    /// told to.
    pub(super) async fn take_down(&self, told: Told, failed: &'static str) -> StatusCode {
        match self.bridge.take_down(told).await {
            Ok(()) => StatusCode::NO_CONTENT,
            Err(error) => {
                tracing::error!(%error, "{failed}");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The address of a path of ours, as the carrier sees it.
    pub(super) fn url(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.public_url)
    }

    /// The address of a webhook that is asked after a place on a route.
    pub(super) fn stop_url(&self, webhook: &str, point: &Point) -> String {
        let url = self.url(&format!(
            "/api/voice/webhooks/{webhook}?stop={}",
            point.stop
        ));
        match &point.leg {
            Some(Leg { node, step }) => format!("{url}&node={node}&step={step}"),
            None => url,
        }
    }

    /// The address of a WebSocket of ours: `wss://…` where the house is on `https://…`.
    pub(super) fn socket_url(&self, path_and_query: &str) -> String {
        let url = self.url(path_and_query);
        match url.strip_prefix("http") {
            Some(rest) => format!("ws{rest}"),
            None => url,
        }
    }
}
