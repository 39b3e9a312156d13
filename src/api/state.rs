//! What the handlers of the admin interface may touch.

use std::sync::Arc;

use super::token::TokenRules;
use crate::bridge::Bridge;
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::recordings::Recordings;
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
    /// How many there are.
    pub live: Live,
    /// What has been counted so far, as Prometheus reads it.
    pub rendering: Rendering,
}

/// Tells the calls in progress; asked often, so it must be cheap.
pub type Live = Arc<dyn Fn() -> LiveCounts + Send + Sync>;

/// Prints the metrics.
pub type Rendering = Arc<dyn Fn() -> String + Send + Sync>;

/// The calls of this process at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LiveCounts {
    /// Calls in progress.
    pub live: usize,
    /// Calls that are taken at one time.
    pub capacity: usize,
    /// Whether no new ones are taken, because the house is closing.
    pub draining: bool,
}
