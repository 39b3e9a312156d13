//! Queues, which the carrier keeps until somebody takes them away.

use serde_json::Value;

use super::account::Account;
use super::answer::{Answer, missing, refusal};
use super::request::RestRequest;

impl Account {
    pub(super) fn delete_queue(&mut self, request: &RestRequest, sid: &str) -> Answer {
        match self.exchange.delete_queue(sid) {
            Some(true) => (204, Value::Null),
            Some(false) => refusal(400, 20001, "A queue in which somebody waits is not removed"),
            None => missing(request),
        }
    }
}
