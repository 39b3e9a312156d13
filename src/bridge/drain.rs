//! The end of the house: its calls go on until they are over, or until it is time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{sleep_until, timeout};

use super::registry::Bridge;
use super::run::Control;
use crate::call::Order;
use crate::domain::EndReason;

/// So long after the end of a call the carrier may ask what comes next, and
/// say that the call is over.
const LAST_QUESTIONS: Duration = Duration::from_secs(2);
/// What a call has begun, a message that is written down, is waited for so long after its
/// end.
const LAST_WORK: Duration = Duration::from_secs(20);

impl Bridge {
    /// Lets nobody in any more, and lets the calls that are in finish, and the `others`
    /// who are led without a receptionist. Calls that have not by `deadline` are ended;
    /// their callers are told, for the last question of the carrier is waited for, 2 s at
    /// most.
    pub async fn drain(
        &self,
        others: impl Future<Output = ()>,
        deadline: impl Future<Output = ()>,
    ) {
        self.shared.is_draining.store(true, Ordering::Relaxed);
        self.shared.tasks.close();
        let ended = async {
            self.shared.tasks.wait().await;
            others.await;
        };
        tokio::select! {
            () = ended => {}
            () = deadline => {}
        }
        self.leave_soon();
        self.end_all().await;
        let last = self.shared.outcomes.iter().map(|over| over.at).max();
        if let Some(last) = last {
            sleep_until(last + LAST_QUESTIONS).await;
        }
        self.shared.feed.close();
    }

    /// It is almost time: whoever asks from now on may not be able to ask again.
    pub fn leave_soon(&self) {
        self.shared.is_leaving.store(true, Ordering::Relaxed);
    }

    /// Whether this process goes now: nobody will be here for another question.
    pub fn is_leaving(&self) -> bool {
        self.shared.is_leaving.load(Ordering::Relaxed)
    }

    pub(super) async fn end_all(&self) {
        let places = self.shared.calls.iter();
        let mailboxes: Vec<_> = places.map(|place| place.mailbox.clone()).collect();
        for mailbox in mailboxes {
            // Who cannot be told has ended.
            let order = Order::HangUp(EndReason::Shutdown);
            let _ = mailbox.send(Control::Order(order)).await;
        }
        if timeout(LAST_WORK, self.shared.tasks.wait()).await.is_err() {
            tracing::error!("what was begun for calls that are over has no end; it is left");
        }
    }
}
