//! The account, for one who touches it at a time, and for those who wait for a change.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::account::Account;
use super::options::RestOptions;

/// The account, for one who touches it at a time.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    account: Arc<Mutex<Account>>,
    changed: watch::Sender<()>,
}

impl Ledger {
    pub(super) fn new(options: RestOptions) -> Self {
        Self {
            account: Arc::new(Mutex::new(Account::new(options))),
            changed: watch::Sender::new(()),
        }
    }

    /// Does something to it, of which all who wait may learn.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut Account) -> R) -> R {
        let done = self.look(act);
        self.changed.send_replace(());
        done
    }

    /// Waits until there is something to see.
    pub(super) async fn wait<R>(&self, mut see: impl FnMut(&Account) -> Option<R>) -> R {
        let mut changes = self.changed.subscribe();
        loop {
            if let Some(seen) = self.look(|account| see(account)) {
                return seen;
            }
            // The other end is our own: it lasts as long as we wait.
            let _ = changes.changed().await;
        }
    }

    fn look<R>(&self, act: impl FnOnce(&mut Account) -> R) -> R {
        act(&mut self.account.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
