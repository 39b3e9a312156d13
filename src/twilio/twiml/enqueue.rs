//! Waiting in line: `<Enqueue>`, its `<Task>`, and the `<Queue>` that is dialled.

use std::time::Duration;

use super::callback::Webhook;
use super::element::{Element, Error};

/// Puts the caller in a queue, which exists as soon as somebody waits.
///
/// See <https://www.twilio.com/docs/voice/twiml/enqueue>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Enqueue(pub(super) Element);

impl Enqueue {
    /// Waits in the queue of this name: 1 to 64 letters.
    pub fn new(name: &str) -> Result<Self, Error> {
        queue_name("Enqueue", name).map(Self)
    }

    /// Waits for whom a workflow of `TaskRouter` (`WW…`) finds.
    pub fn workflow(sid: &str) -> Self {
        Self(Element::new("Enqueue").set("workflowSid", sid))
    }

    /// What the workflow is told.
    pub fn task(self, task: Task) -> Self {
        Self(self.0.child(task.0))
    }

    /// Who is asked what comes next.
    pub fn action(self, action: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("action", "method", action))
    }

    /// What is heard while waiting; it is asked for again when it ends.
    pub fn wait_url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("waitUrl", "waitUrlMethod", webhook))
    }

    /// How many may wait; 1000 by default.
    pub fn max_queue_size(self, count: u32) -> Self {
        Self(self.0.number("maxQueueSize", count))
    }
}

/// What a workflow is told of a caller.
#[derive(Clone, Debug)]
#[must_use]
pub struct Task(Element);

impl Task {
    /// A task with these attributes, a JSON object.
    pub fn new(attributes: &str) -> Self {
        Self(Element::new("Task").text(attributes))
    }

    /// Its priority; the greater goes first.
    pub fn priority(self, priority: u32) -> Self {
        Self(self.0.number("priority", priority))
    }

    /// When it is given up.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.seconds("timeout", timeout))
    }
}

/// A queue whose first caller is spoken with.
///
/// See <https://www.twilio.com/docs/voice/twiml/queue>.
#[derive(Clone, Debug)]
#[must_use]
pub struct Queue(pub(super) Element);

impl Queue {
    /// The queue of this name: 1 to 64 letters.
    pub fn new(name: &str) -> Result<Self, Error> {
        queue_name("Queue", name).map(Self)
    }

    /// What the one who waited hears before the two are connected.
    pub fn url(self, webhook: impl Into<Webhook>) -> Self {
        Self(self.0.webhook("url", "method", webhook))
    }

    /// The reservation of `TaskRouter` that this takes up.
    pub fn reservation_sid(self, sid: &str) -> Self {
        Self(self.0.set("reservationSid", sid))
    }

    /// What the worker does afterwards.
    pub fn post_work_activity_sid(self, sid: &str) -> Self {
        Self(self.0.set("postWorkActivitySid", sid))
    }
}

fn queue_name(element: &'static str, name: &str) -> Result<Element, Error> {
    if (1..=64).contains(&name.chars().count()) {
        Ok(Element::new(element).text(name))
    } else {
        Err(Error::new(
            element,
            "name the queue with 1 to 64 characters",
        ))
    }
}
