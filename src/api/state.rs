//! What the handlers of the admin interface may touch.

use std::sync::Arc;

use super::token::TokenRules;
use crate::bridge::Bridge;
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::recordings::Recordings;
use crate::routing::ivr::Rest;
use crate::store::Store;
use crate::twilio::rest::Client;

/// Everything that a handler can ask for.
#[derive(Clone)]
pub struct ApiState {
    /// Where everything is kept.
    pub store: Store,
    /// Where sound is kept.
    pub recordings: Recordings,
    /// The time of day.
    pub clock: Clock,
    /// Which tokens are believed.
    pub tokens: Arc<TokenRules>,
    /// The way to the carrier's account, if there is one.
    pub carrier: Option<Client>,
    /// Our address as the carrier sees it, without a slash at its end; none if
    /// no carrier can reach it.
    pub public_url: Option<Arc<str>>,
    /// Since when we have been here.
    pub started_at: Timestamp,
    /// The calls that go on in this process.
    pub bridge: Bridge,
    /// What has been counted so far, as Prometheus reads it.
    pub rendering: Rendering,
    /// Writes what the carrier would get in a flow.
    pub simulator: Simulator,
}

/// Writes a walk through a flow in TwiML, as the carrier's webhooks do.
pub type Simulator = Arc<dyn Fn(&Rest<'_>) -> String + Send + Sync>;

/// Prints the metrics.
pub type Rendering = Arc<dyn Fn() -> String + Send + Sync>;
