//! Reaches agents that speak the Realtime protocol.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::agent_leg::{AgentLeg, DialError, Dialer};
use super::breaker::{Breaker, Pass, Verdict, Watch};
use super::outbox::Outbox;
use super::realtime_leg::RealtimeLeg;
use super::run::now;
use super::wire::Wire;
use crate::call::Interruption;
use crate::domain::Receptionist;
use crate::realtime::client_event::ClientEvent;
use crate::realtime::connection::{CONNECT_BUDGET, Error, connect};
use crate::realtime::{Endpoint, SessionConfig, SessionOptions};

/// Connections that may be begun in one second, at least.
const PER_SECOND: u32 = 100;
/// What may be begun at once after a quiet moment is what this would have seen begun.
const BURST: Duration = Duration::from_millis(500);
/// And however many lost their agents together, the last of them is dialled by
/// then: the first caller is given away after not quite three seconds.
const THROUGH: Duration = Duration::from_secs(2);
/// Where there is no other choice, who took long to take the connection has at
/// least so long to say hello.
const HELLO: Duration = Duration::from_secs(1);

/// Dials the same endpoints for every call: the first that is well.
#[derive(Clone, Debug)]
pub struct RealtimeDialer {
    targets: Arc<[Target]>,
    options: SessionOptions,
    pace: Arc<Pace>,
    /// Somebody has found out how an endpoint is.
    news: Arc<Notify>,
}

#[derive(Debug)]
struct Target {
    endpoint: Endpoint,
    breaker: Arc<Breaker>,
}

/// What came of asking at every endpoint.
enum Tried {
    Reached(Box<dyn AgentLeg>),
    Failed(DialError),
    /// Nobody was dialled. One that is down may be at this time.
    Nobody(Option<Instant>),
}

impl RealtimeDialer {
    /// A dialer of `endpoint`; `options` hold for every receptionist.
    pub fn new(endpoint: Endpoint, options: SessionOptions) -> Self {
        Self::in_order(vec![endpoint], options)
    }

    /// A dialer of the first of `endpoints` that can be reached.
    pub fn in_order(endpoints: Vec<Endpoint>, options: SessionOptions) -> Self {
        let news = Arc::<Notify>::default();
        let target = |endpoint: Endpoint| Target {
            breaker: Arc::new(Breaker::of(endpoint.label(), Arc::clone(&news))),
            endpoint,
        };
        Self {
            targets: endpoints.into_iter().map(target).collect(),
            options,
            pace: Arc::default(),
            news,
        }
    }

    /// A leg on a connection that is open, whatever carries it: a line of
    /// memory, say. It hands the agent its configuration at once.
    pub fn leg_on<S>(
        &self,
        socket: WebSocketStream<Outbox<S>>,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> Box<dyn AgentLeg>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Box::new(self.leg(socket, receptionist, ordinal))
    }

    fn leg<S>(
        &self,
        socket: WebSocketStream<Outbox<S>>,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> RealtimeLeg<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let session = SessionConfig::for_receptionist(receptionist, &self.options);
        let update = ClientEvent::SessionUpdate { session: &session };
        RealtimeLeg::new(
            Wire::new(socket, Role::Client),
            receptionist,
            ordinal,
            &update,
        )
    }

    /// Waits for an endpoint that is down, as long as its caller may.
    async fn reach(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> Result<Box<dyn AgentLeg>, DialError> {
        let patience = Instant::now() + CONNECT_BUDGET;
        loop {
            let mut news = pin!(self.news.notified());
            news.as_mut().enable();
            match self.try_each(receptionist, ordinal).await {
                Tried::Reached(leg) => return Ok(leg),
                Tried::Failed(error) => return Err(error),
                Tried::Nobody(Some(until)) if until < patience => tokio::select! {
                    () = news => {}
                    () = sleep_until(until) => {}
                },
                Tried::Nobody(until) => {
                    count_failure("agent.shut");
                    return Err(DialError {
                        reason: "no endpoint is worth dialling now".to_owned(),
                        is_final: until.is_none(),
                    });
                }
            }
        }
    }

    async fn try_each(&self, receptionist: &Arc<Receptionist>, ordinal: u32) -> Tried {
        let mut failed: Option<DialError> = None;
        let mut is_down_until: Option<Instant> = None;
        let targets = self.in_turn();
        for (at, target) in targets.iter().enumerate() {
            let until = match target.breaker.ask(now()) {
                Verdict::Refusing => continue,
                Verdict::Down(until) => until.into(),
                Verdict::Dial(pass) if !self.has_turn(&target.breaker, pass).await => {
                    Instant::now()
                }
                Verdict::Dial(pass) => {
                    let is_last = at + 1 == targets.len();
                    let whom = (receptionist, ordinal);
                    match self.attempt(target, pass, whom, is_last).await {
                        Ok(leg) => return Tried::Reached(leg),
                        Err(mut error) => {
                            error.is_final &= failed.is_none_or(|before| before.is_final);
                            failed = Some(error);
                        }
                    }
                    continue;
                }
            };
            is_down_until = Some(is_down_until.map_or(until, |other| other.min(until)));
        }
        match failed {
            Some(mut error) => {
                error.is_final &= is_down_until.is_none();
                Tried::Failed(error)
            }
            None => Tried::Nobody(is_down_until),
        }
    }

    /// The endpoints in their order; who lost a call of late comes after them.
    fn in_turn(&self) -> Vec<&Target> {
        let now = now();
        let mut targets: Vec<_> = self.targets.iter().collect();
        targets.sort_by_key(|target| target.breaker.is_doubted(now));
        targets
    }

    /// Waits until this one may be begun. False if it is of no use any more,
    /// for others have found out meanwhile.
    async fn has_turn(&self, breaker: &Breaker, pass: Pass) -> bool {
        if pass.is_trial {
            return true;
        }
        let mut turn = pin!(self.pace.wait());
        loop {
            let mut news = pin!(self.news.notified());
            news.as_mut().enable();
            if !breaker.holds(pass) {
                return false;
            }
            tokio::select! {
                biased;
                () = turn.as_mut() => return breaker.holds(pass),
                () = news => {}
            }
        }
    }

    /// Dials, and waits until the agent accepts its configuration: one that
    /// takes the connection only, and then closes it or says nothing, is none.
    /// Where there is no other the machine decides how long it is waited for.
    async fn attempt(
        &self,
        target: &Target,
        pass: Pass,
        (receptionist, ordinal): (&Arc<Receptionist>, u32),
        is_last: bool,
    ) -> Result<Box<dyn AgentLeg>, DialError> {
        let mut deadline = Instant::now() + CONNECT_BUDGET;
        let watch = Watch::new(Arc::clone(&target.breaker), pass);
        let failed = |why: Error| {
            count_failure(why.kind());
            let is_final = why.is_permanent();
            if is_final {
                watch.refused();
            } else {
                watch.failed();
            }
            let reason = why.to_string();
            DialError { reason, is_final }
        };
        let socket = connect(&target.endpoint, Outbox::new)
            .await
            .map_err(failed)?;
        if is_last {
            deadline = deadline.max(Instant::now() + HELLO);
        }
        let leg = self.leg(socket, receptionist, ordinal);
        let mut leg = Box::new(leg.watched_by(watch.clone()));
        match timeout_at(deadline, leg.settle()).await {
            Ok(Ok(())) => Ok(leg),
            Ok(Err(error)) => {
                count_failure("agent.unwilling");
                Err(error)
            }
            Err(_) if is_last && leg.is_greeted => Ok(leg),
            Err(_) => {
                tokio::spawn(leg.close());
                Err(failed(Error::Timeout))
            }
        }
    }
}

impl Dialer for RealtimeDialer {
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        ordinal: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        let (dialer, receptionist) = (self.clone(), Arc::clone(receptionist));
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

    fn renew_after(&self) -> Duration {
        // There is time for a moment of silence: five minutes of an hour.
        self.options.limit / 12 * 11
    }

    fn model(&self) -> Option<&str> {
        let first = self.targets.first()?;
        Some(&first.endpoint.model)
    }

    fn tell(&self) {
        let now = now();
        let is_shut = |target: &&Target| target.breaker.tell(now);
        let shut = self.targets.iter().filter(is_shut).count();
        let shut = u32::try_from(shut).unwrap_or(u32::MAX);
        metrics::gauge!("frontdesk_agent_endpoints_shut").set(f64::from(shut));
    }

    fn transcriber(&self) -> Option<&str> {
        self.options.transcriber()
    }
}

/// When the next connection may be begun: calls that lost their agents together
/// do not come back all at once. They come in the order in which they asked, and
/// who has thought better of it takes nobody's place.
#[derive(Debug, Default)]
struct Pace {
    queue: Mutex<Queue>,
    waiting: AtomicU32,
}

#[derive(Debug, Default)]
struct Queue {
    next: Option<Instant>,
    /// The most that have waited since nobody did.
    most: u32,
}

/// One of those who wait.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pace {
    async fn wait(&self) {
        let _waiting = Waiting::among(&self.waiting);
        let mut queue = self.queue.lock().await;
        let waiting = self.waiting.load(Ordering::Relaxed);
        queue.most = if waiting == 1 {
            0
        } else {
            queue.most.max(waiting)
        };
        let now = Instant::now();
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let turn = queue.next.unwrap_or(earliest).max(earliest);
        sleep_until(turn).await;
        let every = Duration::from_secs(1) / PER_SECOND;
        queue.next = Some(turn + every.min(THROUGH / queue.most.max(1)));
    }
}

/// A call is without its agent for this reason, for now.
fn count_failure(why: &'static str) {
    metrics::counter!("frontdesk_setup_failures_total", "why" => why).increment(1);
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    /// When the last of so many has its turn.
    async fn all_through(crowd: usize) -> Duration {
        let (pace, began) = (Pace::default(), Instant::now());
        let waits = (0..crowd).map(|_| async {
            pace.wait().await;
            began.elapsed()
        });
        let waits = join_all(waits).await;
        let soon = waits
            .iter()
            .filter(|wait| **wait < Duration::from_millis(3));
        let soon = soon.count();
        assert!((50..=60).contains(&soon), "{soon} of {crowd}");
        waits.into_iter().max().unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn o16_calls_that_lost_their_agents_together_come_back_over_seconds() {
        for (crowd, last) in [
            (60, 100),
            (150, 1_000),
            (300, 2_000),
            (500, 2_000),
            (3_000, 2_000),
        ] {
            let took = all_through(crowd).await;
            let expected = Duration::from_millis(last * 3 / 4)..Duration::from_millis(last + 100);
            assert!(expected.contains(&took), "{crowd}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn o16_who_has_thought_better_of_it_takes_nobodys_turn() {
        let (pace, began) = (Pace::default(), Instant::now());
        let impatient = (0..400).map(|_| timeout_at(began, pace.wait()));
        let waits = join_all(impatient).await;
        assert!(waits.iter().filter(|wait| wait.is_ok()).count() <= 102);
        pace.wait().await;
        assert!(began.elapsed() < Duration::from_millis(20));
    }

    /// An address at which nobody listens.
    async fn nowhere() -> Endpoint {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Endpoint::new(format!("ws://127.0.0.1:{port}"), "gpt-realtime-2.1")
    }

    #[tokio::test]
    async fn o5_who_lost_a_call_of_late_is_dialled_after_the_others() {
        let endpoints = vec![nowhere().await, nowhere().await];
        let urls: Vec<_> = endpoints.iter().map(|one| one.url.clone()).collect();
        let dialer = RealtimeDialer::in_order(endpoints, SessionOptions::default());
        let order = || -> Vec<_> {
            let targets = dialer.in_turn().into_iter();
            targets.map(|target| target.endpoint.url.clone()).collect()
        };
        assert_eq!(order(), urls);
        dialer.targets[0].breaker.lost(now());
        assert_eq!(order(), [urls[1].clone(), urls[0].clone()]);
        dialer.targets[1].breaker.lost(now());
        assert_eq!(order(), urls);
    }

    #[tokio::test]
    async fn o16_twenty_who_find_it_down_together_are_let_through_again_soon() {
        let dialer = RealtimeDialer::new(nowhere().await, SessionOptions::default());
        let clock = crate::clock::Clock::system();
        let receptionist = crate::store::default_receptionist(clock.new_id(), clock.new_id());
        let receptionist = Arc::new(receptionist);
        let dials = join_all((0..20).map(|_| dialer.dial(&receptionist, 0))).await;
        assert!(dials.iter().all(Result::is_err));
        let found_at = now();
        match dialer.targets[0].breaker.ask(found_at) {
            Verdict::Down(until) => assert!(until <= found_at + Duration::from_millis(500)),
            Verdict::Dial(pass) => assert!(pass.is_trial),
            Verdict::Refusing => panic!("it refuses nobody"),
        }
    }
}
