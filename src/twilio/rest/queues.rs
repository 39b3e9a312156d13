//! Queues: Twilio makes one for whoever is the first to wait in it, and keeps it.

use super::client::Client;
use super::error::{Error, if_there};
use super::request::Request;

/// <https://www.twilio.com/docs/voice/api/queue-resource>
impl Client {
    /// Takes a queue away in which nobody waits; whether it was there.
    pub async fn delete_queue(&self, sid: &str) -> Result<bool, Error> {
        let url = self.at(&["Queues", &format!("{sid}.json")]);
        let gone = if_there(self.send_for_nothing(&Request::delete(url)).await)?;
        Ok(gone.is_some())
    }
}
