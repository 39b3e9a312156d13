//! Places the calls, keeps the time, reads the figures.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::agenda::Agenda;
use super::calls::Calls;
use super::flood::Flood;
use super::line::{Call, Shared};
use super::plan::{AFTERMATH, FRAME, LoadPlan};
use super::report::{Flooded, Going, LoadReport};
use super::sockets::{Door, ModelSocket};
use super::storm::Storm;
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
    /// It goes on, so well.
    Going(Going),
    /// What follows does not count any more.
    Measured,
}

/// A gateway that has not dialled the model by then does not.
const DIAL_BUDGET: Duration = Duration::from_secs(10);
/// So often it is asked whether somebody has hung up.
const LOOK_EVERY: Duration = Duration::from_millis(20);

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
    /// own sleep: give it a core. Where callers hang up it is what remains that
    /// matters, and it sleeps.
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
        let carrier = carrier(plan)?;
        let mut calls = Calls::new(&shared, plan.talk.is_some());
        // Whoever sends for all calls must not be told that it was enough.
        unconstrained(self.place(plan, &carrier, &mut calls)).await?;
        let floods = unconstrained(self.flood(plan.floods, &carrier, &calls)).await?;
        progress(Progress::Placed);
        unconstrained(self.go_on(plan, &carrier, &mut calls, plan.warm_up)).await?;
        progress(Progress::Measuring);
        shared.tally.borrow_mut().is_measuring = true;
        let before: Vec<Flooded> = floods.iter().map(|flood| flood.sent()).collect();
        let storm = Storm::begin(plan.storm, &carrier, &shared);
        let end = Instant::now() + plan.measured;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let lasting = left.min(plan.tell_every);
            unconstrained(self.go_on(plan, &carrier, &mut calls, lasting)).await?;
            progress(Progress::Going(calls.going()));
        }
        drop(storm);
        {
            let mut tally = shared.tally.borrow_mut();
            (tally.is_measuring, tally.is_measured) = (false, true);
        }
        let sent = floods.iter().zip(before);
        let sent = sent.map(|(flood, before)| flood.sent().since(before));
        let sent: Vec<Flooded> = sent.collect();
        progress(Progress::Measured);
        unconstrained(calls.settle()).await;
        tokio::time::sleep(AFTERMATH).await;
        calls.end_all();
        for flood in &floods {
            flood.end();
        }
        tokio::time::sleep(AFTERMATH).await;
        let report = shared.tally.borrow().report(plan.calls);
        Ok(LoadReport {
            floods: sent,
            ..report
        })
    }

    /// Places one call after the other: the sockets that the gateway opens to
    /// the model come in the order of the calls.
    async fn place(
        &mut self,
        plan: &LoadPlan,
        carrier: &Carrier,
        calls: &mut Calls,
    ) -> Result<(), LoadError> {
        let begun = Instant::now();
        let count = u32::try_from(plan.calls).unwrap_or(u32::MAX);
        for number in 0..count {
            let at = begun + plan.ramp / count * number;
            calls
                .go_on(at.saturating_duration_since(Instant::now()))
                .await;
            let phase = begun + FRAME * number / count;
            self.place_at(phase, plan, carrier, calls).await?;
        }
        Ok(())
    }

    /// Places calls that flood the gateway from now on.
    async fn flood(
        &mut self,
        count: usize,
        carrier: &Carrier,
        calls: &Calls,
    ) -> Result<Vec<Rc<Flood>>, LoadError> {
        let mut floods = Vec::with_capacity(count);
        for number in 0..count {
            let placed = calls.meanwhile(self.place_one(carrier)).await;
            let sockets = placed.map_err(|reason| LoadError::Placing { number, reason })?;
            floods.push(Flood::begin(sockets, &calls.shared().voice));
        }
        Ok(floods)
    }

    /// Lets the calls go on for so long; others take the places of those that
    /// are over.
    async fn go_on(
        &mut self,
        plan: &LoadPlan,
        carrier: &Carrier,
        calls: &mut Calls,
        lasting: Duration,
    ) -> Result<(), LoadError> {
        let end = Instant::now() + lasting;
        if plan.talk.is_none() {
            calls.go_on(lasting).await;
        }
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            calls.go_on(left.min(LOOK_EVERY)).await;
            for call in calls.take_ended() {
                let told = carrier.tell_over(call.call_sid(), call.lasting());
                let told = calls.meanwhile(told).await;
                told.unwrap_or_else(|why| call.note_failure(&why));
            }
            while calls.count() < plan.calls {
                self.place_at(Instant::now(), plan, carrier, calls).await?;
            }
        }
        Ok(())
    }

    /// Places a call whose frames leave in this phase.
    async fn place_at(
        &mut self,
        phase: Instant,
        plan: &LoadPlan,
        carrier: &Carrier,
        calls: &mut Calls,
    ) -> Result<(), LoadError> {
        let number = calls.next_number();
        let placed = calls.meanwhile(self.place_one(carrier)).await;
        let sockets = placed.map_err(|reason| LoadError::Placing { number, reason })?;
        let first = next_after(Instant::now(), phase);
        let call = Call::begin(number, sockets, first, calls.shared());
        if let Some(talk) = plan.talk {
            call.hang_up_at(first + talk);
        }
        calls.add(number, call);
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

/// Who places the calls.
fn carrier(plan: &LoadPlan) -> Result<Carrier, LoadError> {
    let mut options = CarrierOptions::new(plan.base_url.clone(), plan.auth_token.clone());
    plan.public_url.clone_into(&mut options.public_url);
    Ok(Carrier::new(options)?)
}

/// The next moment after `now` that is whole frames after `phase`.
fn next_after(now: Instant, phase: Instant) -> Instant {
    let since = now.saturating_duration_since(phase).as_nanos();
    let frames = u32::try_from(since / FRAME.as_nanos()).unwrap_or(u32::MAX - 1);
    phase + FRAME * (frames + 1)
}

type Placed = (OpenStream, ModelSocket);
