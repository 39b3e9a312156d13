//! Waiting for what comes about somewhere else.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// For so long: far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What `look` finds, as soon as it finds something.
pub(crate) async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, found).await.expect("it comes about")
}
