//! Reaches agents that speak the Realtime protocol.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;

use super::agent_leg::{AgentLeg, DialError, Dialer};
use super::breaker::{Breaker, Verdict};
use super::realtime_leg::RealtimeLeg;
use super::wire::Wire;
use crate::call::Interruption;
use crate::domain::Receptionist;
use crate::realtime::client_event::ClientEvent;
use crate::realtime::connection::connect;
use crate::realtime::{Endpoint, SessionConfig, SessionOptions};

/// Connections that may be begun in one second.
const PER_SECOND: u32 = 100;
/// So many more may be begun at once after a quiet moment.
const BURST: u32 = 50;

/// Dials the same endpoints for every call: the first that is well.
#[derive(Clone, Debug)]
pub struct RealtimeDialer {
    targets: Arc<[Target]>,
    options: SessionOptions,
    pace: Arc<Pace>,
}

#[derive(Debug)]
struct Target {
    endpoint: Endpoint,
    breaker: Arc<Breaker>,
}

impl RealtimeDialer {
    /// A dialer of `endpoint`; `options` hold for every receptionist.
    pub fn new(endpoint: Endpoint, options: SessionOptions) -> Self {
        Self::in_order(vec![endpoint], options)
    }

    /// A dialer of the first of `endpoints` that can be reached.
    pub fn in_order(endpoints: Vec<Endpoint>, options: SessionOptions) -> Self {
        let target = |endpoint: Endpoint| Target {
            breaker: Arc::new(Breaker::of(endpoint.label())),
            endpoint,
        };
        Self {
            targets: endpoints.into_iter().map(target).collect(),
            options,
            pace: Arc::default(),
        }
    }

    /// A leg on a connection that is open, whatever carries it: a line of
    /// memory, say. It hands the agent its configuration at once.
    pub fn leg_on<S>(
        &self,
        socket: WebSocketStream<S>,
        receptionist: &Receptionist,
        ordinal: u32,
    ) -> Box<dyn AgentLeg>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Box::new(self.leg(socket, receptionist, ordinal))
    }

    fn leg<S>(
        &self,
        socket: WebSocketStream<S>,
        receptionist: &Receptionist,
        ordinal: u32,
    ) -> RealtimeLeg<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let session = SessionConfig::for_receptionist(receptionist, &self.options);
        let update = ClientEvent::SessionUpdate { session: &session };
        RealtimeLeg::new(Wire::new(socket), receptionist, ordinal, &update)
    }

    async fn reach(
        &self,
        receptionist: &Receptionist,
        ordinal: u32,
    ) -> Result<Box<dyn AgentLeg>, DialError> {
        let mut error = DialError {
            reason: "no endpoint is worth dialling now".to_owned(),
            is_final: true,
        };
        let mut was_dialled = false;
        for target in self.targets.iter() {
            match target.breaker.ask(now()) {
                Verdict::Refusing => continue,
                Verdict::Down => {
                    error.is_final = false;
                    continue;
                }
                Verdict::Dial => {}
            }
            self.pace.wait().await;
            was_dialled = true;
            match connect(&target.endpoint).await {
                Ok(socket) => {
                    target.breaker.succeeded();
                    let leg = self.leg(socket, receptionist, ordinal);
                    return Ok(Box::new(leg.watched_by(Arc::clone(&target.breaker))));
                }
                Err(why) => {
                    count_failure(why.kind());
                    error.reason = why.to_string();
                    if why.is_permanent() {
                        target.breaker.refused(now());
                    } else {
                        target.breaker.failed(now());
                        error.is_final = false;
                    }
                }
            }
        }
        if !was_dialled {
            count_failure("agent.shut");
        }
        Err(error)
    }

    /// How many endpoints nobody is let through to.
    fn tell(&self) {
        let is_shut = |target: &&Target| target.breaker.is_shut();
        let shut = self.targets.iter().filter(is_shut).count();
        let shut = u32::try_from(shut).unwrap_or(u32::MAX);
        metrics::gauge!("frontdesk_agent_endpoints_shut").set(f64::from(shut));
    }
}

impl Dialer for RealtimeDialer {
    fn dial(
        &self,
        receptionist: &Receptionist,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let (dialer, receptionist) = (self.clone(), receptionist.clone());
        async move {
            let reached = dialer.reach(&receptionist, ordinal).await;
            dialer.tell();
            reached
        }
        .boxed()
    }

    fn interruption(&self) -> Interruption {
        Interruption::Truncate
    }

    fn model(&self) -> Option<&str> {
        let first = self.targets.first()?;
        Some(&first.endpoint.model)
    }

    fn transcriber(&self) -> Option<&str> {
        self.options.transcriber()
    }
}

/// When the next connection may be begun: calls that lost their agents together
/// do not come back all at once.
#[derive(Debug, Default)]
struct Pace {
    next: Mutex<Option<Instant>>,
}

impl Pace {
    async fn wait(&self) {
        let every = Duration::from_secs(1) / PER_SECOND;
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let earliest = now.checked_sub(every * BURST).unwrap_or(now);
            let turn = next.unwrap_or(earliest).max(earliest);
            *next = Some(turn + every);
            turn
        };
        sleep_until(turn).await;
    }
}

/// A call is without its agent for this reason, for now.
fn count_failure(why: &'static str) {
    metrics::counter!("frontdesk_setup_failures_total", "why" => why).increment(1);
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn o16_calls_that_lost_their_agents_together_come_back_over_seconds() {
        let (pace, began) = (Pace::default(), Instant::now());
        let waits = (0..300).map(|_| async {
            pace.wait().await;
            began.elapsed()
        });
        let waits = join_all(waits).await;
        let soon = waits
            .iter()
            .filter(|wait| **wait < Duration::from_millis(5));
        assert!((50..=52).contains(&soon.count()));
        let last = waits.iter().max().copied().unwrap_or_default();
        let expected = Duration::from_millis(2_480)..Duration::from_millis(2_520);
        assert!(expected.contains(&last), "{last:?}");
    }
}
