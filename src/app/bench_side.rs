//! The other side of `frontdesk bench`: callers and model in a process of
//! their own, so that what the gateway costs is told apart.

use std::io::{stdin, stdout};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use rustls::pki_types::PrivateKeyDer;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, yield_now};
use tokio_rustls::TlsAcceptor;

use super::bench::LoadConfig;
use super::bench_talk::{Begin, Told, hear, say};
use super::gauge;
use crate::domain::{AudioFormat, Secret};
use crate::rehearsal::WireFormat;
use crate::rehearsal::load::{Load, LoadPlan, LoadReport, Progress};

/// What the simulators of a bench are told.
#[derive(Args, Clone, Debug)]
pub struct SideConfig {
    /// What the load is made of.
    #[command(flatten)]
    pub load: LoadConfig,
    /// The core to stay on.
    #[arg(long)]
    pub core: Option<usize>,
}

/// Opens the model's door, waits for the gateway's address, calls it, tells
/// what was found.
pub(super) fn run(config: &SideConfig) -> anyhow::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    if let Some(core) = config.core {
        gauge::stay_on(&[core])?;
        runtime.spawn(stay_awake());
    }
    let report = LocalSet::new().block_on(&runtime, rehearse(&config.load))?;
    say(&mut stdout(), &Told::Report(Box::new(report)))
}

/// Keeps this thread from sleeping. On one machine, who sends to a sleeper pays for its
/// waking: the gateway, which over a network pays for nobody's.
async fn stay_awake() {
    loop {
        yield_now().await;
    }
}

async fn rehearse(config: &LoadConfig) -> anyhow::Result<LoadReport> {
    let certified = config.tls.then(certified).transpose()?;
    let (tls, authority) = certified.unzip();
    let load = Load::open(tls).await?;
    let model_url = load.model_url();
    let door = Told::Door {
        model_url,
        authority,
    };
    say(&mut stdout(), &door)?;
    let begin: Begin = hear(&mut stdin().lock())?;
    let plan = LoadPlan {
        calls: config.calls.into(),
        ramp: config.ramp,
        warm_up: config.warm_up,
        measured: Duration::from_secs(config.seconds.into()),
        talk: config.talk,
        floods: config.floods.into(),
        storm: config.storm.into(),
        tell_every: config.sample,
        format: match config.format {
            AudioFormat::Pcm24 => WireFormat::Pcm24,
            AudioFormat::Pcmu => WireFormat::Pcmu,
        },
        base_url: begin.base_url,
        public_url: begin.public_url,
        auth_token: Secret::new(begin.auth_token),
    };
    let tell = |progress| {
        let told = match progress {
            Progress::Placed => Told::Placed,
            Progress::Measuring => Told::Measuring,
            Progress::Going(going) => Told::Going(going),
            Progress::Measured => Told::Measured,
        };
        // A gateway's process that is gone takes this one with it.
        let _ = say(&mut stdout(), &told);
    };
    load.run(&plan, tell).await.context("the load broke off")
}

/// A certificate for this run, and itself as the authority behind it.
fn certified() -> anyhow::Result<(TlsAcceptor, String)> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
    let key = key.map_err(anyhow::Error::msg)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), made.cert.pem()))
}
