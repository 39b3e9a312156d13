//! The simulated carrier: place calls, listen to them, read the reports.

use tokio::sync::broadcast;
use url::Url;

use super::call::Call;
use super::event::CarrierEvent;
use super::options::{CarrierOptions, Script};
use super::report::CallReport;
use super::webhook::WebhookClient;
use crate::clock::Clock;

/// A simulated carrier with one number. Calls may be placed side by side.
#[derive(Clone, Debug)]
pub struct Carrier {
    pub(super) options: CarrierOptions,
    pub(super) client: WebhookClient,
    pub(super) clock: Clock,
    pub(super) listeners: broadcast::Sender<CarrierEvent>,
    pub(super) inbound: Url,
}

impl Carrier {
    /// A carrier as `options` say.
    ///
    /// # Errors
    ///
    /// If the public URL and the inbound path make no URL.
    pub fn new(options: CarrierOptions) -> Result<Self, url::ParseError> {
        let inbound = Url::parse(&options.public_url)?.join(&options.inbound_path)?;
        let (listeners, _) = broadcast::channel(1024);
        let client = WebhookClient::new();
        Ok(Self {
            options,
            client,
            clock: Clock::system(),
            listeners,
            inbound,
        })
    }

    /// Hears of what happens in all calls, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<CarrierEvent> {
        self.listeners.subscribe()
    }

    /// Places a call and stays until it is over. Whatever happens is in the report.
    pub async fn place_call(&self, script: &Script) -> CallReport {
        Call::new(self, script, self.inbound.clone()).run().await
    }
}
