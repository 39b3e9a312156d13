//! Places the calls, keeps the time, reads the figures.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{unconstrained, yield_now};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::agenda::Agenda;
use super::line::{Call, Shared};
use super::plan::{FRAME, LoadPlan};
use super::report::LoadReport;
use super::sockets::{Door, ModelSocket};
use super::tally::Tally;
use super::voice::Voice;
use crate::rehearsal::carrier::open_stream::OpenStream;
use crate::rehearsal::carrier::{Carrier, CarrierOptions};

/// A simulated model whose door is open, and callers that wait for a number.
#[derive(Debug)]
pub struct Load {
    door: Door,
    is_encrypted: bool,
}

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A call could not be placed.
    #[error("call {number} could not be placed: {reason}")]
    Placing {
        /// Which, from 0.
        number: usize,
        /// Why.
        reason: String,
    },
    /// The gateway's address is none.
    #[error("the gateway's address is none: {0}")]
    Address(#[from] url::ParseError),
}

/// How far it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// All calls are placed.
    Placed,
    /// From now on it counts.
    Measuring,
    /// What follows does not count any more.
    Measured,
}

/// A gateway that has not dialled the model by then does not.
const DIAL_BUDGET: Duration = Duration::from_secs(10);
/// What is under way at the end has so long to arrive.
const AFTERMATH: Duration = Duration::from_millis(500);

impl Load {
    /// Opens the model's door, encrypted if there is an acceptor.
    ///
    /// Must be called, as [`run`](Self::run), on a runtime of one thread within
    /// a [`tokio::task::LocalSet`].
    ///
    /// # Errors
    ///
    /// If no port of loopback can be had.
    pub async fn open(tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let is_encrypted = tls.is_some();
        let door = Door::open(tls).await?;
        Ok(Self { door, is_encrypted })
    }

    /// Where the gateway finds the model: `ws://127.0.0.1:PORT/v1/realtime`.
    pub fn model_url(&self) -> String {
        let port = self.door.address.port();
        if self.is_encrypted {
            // The name stands in the certificate.
            format!("wss://localhost:{port}/v1/realtime")
        } else {
            format!("ws://127.0.0.1:{port}/v1/realtime")
        }
    }

    /// Runs the load. Spins, so that what it reads off its clock is not its
    /// own sleep: give it a core.
    ///
    /// # Errors
    ///
    /// If a call cannot be placed.
    pub async fn run(
        mut self,
        plan: &LoadPlan,
        mut progress: impl FnMut(Progress),
    ) -> Result<LoadReport, LoadError> {
        let shared = Rc::new(Shared {
            voice: Voice::new(plan.format),
            tally: RefCell::new(Tally::new()),
            agenda: RefCell::new(Agenda::default()),
        });
        let mut calls = Calls {
            all: Vec::with_capacity(plan.calls),
            shared: Rc::clone(&shared),
        };
        // Whoever sends for all calls must not be told that it was enough.
        unconstrained(self.place(plan, &mut calls)).await?;
        progress(Progress::Placed);
        unconstrained(calls.go_on(plan.warm_up)).await;
        progress(Progress::Measuring);
        shared.tally.borrow_mut().is_measuring = true;
        unconstrained(calls.go_on(plan.measured)).await;
        shared.tally.borrow_mut().is_measuring = false;
        progress(Progress::Measured);
        tokio::time::sleep(AFTERMATH).await;
        for call in &calls.all {
            call.end();
        }
        tokio::time::sleep(AFTERMATH).await;
        let report = shared.tally.borrow().report(plan.calls);
        Ok(report)
    }

    /// Places one call after the other: the sockets that the gateway opens to
    /// the model come in the order of the calls.
    async fn place(&mut self, plan: &LoadPlan, calls: &mut Calls) -> Result<(), LoadError> {
        let mut options = CarrierOptions::new(plan.base_url.clone(), plan.auth_token.clone());
        plan.public_url.clone_into(&mut options.public_url);
        let carrier = Carrier::new(options)?;
        let begun = Instant::now();
        let count = u32::try_from(plan.calls).unwrap_or(u32::MAX);
        for number in 0..count {
            let at = begun + plan.ramp / count * number;
            calls
                .go_on(at.saturating_duration_since(Instant::now()))
                .await;
            let number = calls.all.len();
            let placed = calls.meanwhile(self.place_one(&carrier)).await;
            let sockets = placed.map_err(|reason| LoadError::Placing { number, reason })?;
            let phase = begun + FRAME * u32::try_from(number).unwrap_or_default() / count;
            let first = next_after(Instant::now(), phase);
            let call = Call::begin(number, sockets, first, &calls.shared);
            calls.all.push(call);
        }
        Ok(())
    }

    async fn place_one(&mut self, carrier: &Carrier) -> Result<Placed, String> {
        let stream = carrier.open_stream().await?;
        match timeout(DIAL_BUDGET, self.door.arrivals.recv()).await {
            Ok(Some(model)) => Ok((stream, model)),
            Ok(None) => Err("the model's door is shut".to_owned()),
            Err(_) => Err(format!("the gateway did not dial within {DIAL_BUDGET:?}")),
        }
    }
}

/// The next moment after `now` that is whole frames after `phase`.
fn next_after(now: Instant, phase: Instant) -> Instant {
    let since = now.saturating_duration_since(phase).as_nanos();
    let frames = u32::try_from(since / FRAME.as_nanos()).unwrap_or(u32::MAX - 1);
    phase + FRAME * (frames + 1)
}

type Placed = (OpenStream, ModelSocket);

/// The calls that go on.
struct Calls {
    all: Vec<Rc<Call>>,
    shared: Rc<Shared>,
}

impl Calls {
    /// Lets them go on for so long.
    async fn go_on(&self, lasting: Duration) {
        let end = Instant::now() + lasting;
        while Instant::now() < end {
            self.perform_due();
            yield_now().await;
        }
    }

    /// Lets them go on until `future` is ready.
    async fn meanwhile<F: Future>(&self, future: F) -> F::Output {
        let go_on = async {
            loop {
                self.perform_due();
                yield_now().await;
            }
        };
        tokio::select! {
            output = future => output,
            () = go_on => unreachable!("it goes on for ever"),
        }
    }

    fn perform_due(&self) {
        loop {
            let now = Instant::now();
            let Some((due, call, cue)) = self.shared.agenda.borrow_mut().pop(now) else {
                return;
            };
            if let Some(call) = self.all.get(call) {
                call.perform(cue, due, now);
            }
        }
    }
}
