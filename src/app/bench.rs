//! `frontdesk bench`: many simulated calls through the real gateway, measured.
//!
//! The gateway is this process, the simulated callers and model are another,
//! each on cores of its own. What the calls cost is read off this process;
//! what the gateway adds to their sound is read off the other, where both ends
//! of every call share one clock.

use std::io::{self, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::bench_report::{Costs, Figures};
use super::bench_soak::Sample;
use super::bench_talk::{Begin, Told, hear, say};
use super::duration;
use super::gauge::{self, Gauge};
use super::loopback::{Loopback, PUBLIC_URL};
use super::measures::{Metrics, watch_lag};
use crate::domain::{AudioFormat, Secret};
use crate::realtime::{Endpoint, Trust};
use crate::rehearsal::load::LoadReport;

/// What the load of a bench is made of.
#[derive(Args, Clone, Debug)]
pub struct LoadConfig {
    /// Calls at one time.
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(u16).range(1..=20_000))]
    pub calls: u16,

    /// How long the calls are measured.
    #[arg(long, default_value = "10", value_parser = clap::value_parser!(u16).range(1..))]
    pub seconds: u16,

    /// What is spoken with the model: `pcm24` is transcoded, `pcmu` is not.
    #[arg(long, default_value = "pcm24", value_parser = format, value_name = "FORMAT")]
    pub format: AudioFormat,

    /// Encrypt what is spoken with the model, as with the real one.
    #[arg(long)]
    pub tls: bool,

    /// The time in which the calls are placed, one after the other.
    #[arg(long, default_value = "8s", value_parser = duration::parse, value_name = "TIME")]
    pub ramp: Duration,

    /// How long all calls go on before they are measured.
    #[arg(long, default_value = "4s", value_parser = duration::parse, value_name = "TIME")]
    pub warm_up: Duration,

    /// Callers hang up after so long, and others take their places: what a process
    /// keeps of calls that are over shows. The callers' frames are less exact then.
    #[arg(long, value_parser = duration::parse, value_name = "TIME")]
    pub talk: Option<Duration>,

    /// So many calls beside these flood the gateway from both ends with all that it takes.
    /// Compare the delays of the others with those of a bench without.
    #[arg(long, default_value = "0", value_parser = clap::value_parser!(u8).range(..=50))]
    pub floods: u8,

    /// So many callers a second, beside these, for whom there is no place: how soon each is
    /// told so, and what the calls suffer.
    #[arg(long, default_value = "0", value_parser = clap::value_parser!(u16).range(..=2_000))]
    pub storm: u16,

    /// How often memory, descriptors and tasks are looked at while callers come and go.
    #[arg(long, default_value = "1m", value_parser = some_time, value_name = "TIME")]
    pub sample: Duration,
}

/// What `frontdesk bench` is told.
#[derive(Args, Clone, Debug)]
pub struct BenchConfig {
    /// What the load is made of.
    #[command(flatten)]
    pub load: LoadConfig,

    /// Cores, and threads, of the gateway. The simulators need one more.
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u8).range(1..))]
    pub workers: u8,

    /// Fail as well where delay, processor time or memory is more than is promised of
    /// 500 calls on one core. That takes a machine which does nothing else.
    #[arg(long)]
    pub strict: bool,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

fn some_time(text: &str) -> Result<Duration, &'static str> {
    let time = duration::parse(text)?;
    if time.is_zero() {
        return Err("expected a span of time that is longer than nothing");
    }
    Ok(time)
}

fn format(text: &str) -> Result<AudioFormat, &'static str> {
    text.parse().map_err(|_| "expected pcm24 or pcmu")
}

/// Which cores each side stays on.
#[derive(Clone, Debug)]
pub(super) struct Cores {
    gateway: Vec<usize>,
    simulators: Option<usize>,
}

impl Cores {
    /// Takes the first cores for the gateway and the next for the simulators,
    /// and keeps this thread and its children there. Where there are too few,
    /// everybody is everywhere.
    pub(super) fn take(config: &BenchConfig) -> anyhow::Result<Self> {
        let all = gauge::cores();
        let workers = usize::from(config.workers);
        let cores = match (all.get(..workers), all.get(workers)) {
            (Some(gateway), Some(simulators)) => Self {
                gateway: gateway.to_vec(),
                simulators: Some(*simulators),
            },
            _ => Self {
                gateway: Vec::new(),
                simulators: None,
            },
        };
        if !cores.gateway.is_empty() {
            gauge::stay_on(&cores.gateway)?;
        }
        Ok(cores)
    }
}

/// Runs the bench to its end. Fails if anything was lost.
pub(super) async fn run(config: BenchConfig, cores: Cores) -> anyhow::Result<()> {
    let mut side = Side::begin(&config.load, &cores)?;
    // It counts and watches as where it serves: that is not for nothing.
    let upkeep = tokio::spawn(Metrics::install()?.keep_up());
    let watch = tokio::spawn(watch_lag());
    let (agent, authority) = side.door()?;
    let agent = endpoint(agent, authority)?;
    let load = &config.load;
    // Who takes another's place may come before that one has quite gone.
    let places = usize::from(load.calls) * if load.talk.is_some() { 2 } else { 1 };
    let places = places + usize::from(load.floods);
    let house = Loopback::open(agent, load.format, places).await?;
    let idle = Gauge::read()?;
    let begin = Begin {
        base_url: house.base_url.clone(),
        public_url: PUBLIC_URL.to_owned(),
        auth_token: house.token.expose().clone(),
    };
    let tells = load.talk.is_some() && !config.json;
    let runtime = Handle::current();
    let measuring = move || side.measure(&begin, &runtime, tells);
    let measured = spawn_blocking(measuring).await??;
    house.strike().await;
    upkeep.abort();
    watch.abort();
    let costs = Costs::between(&measured.from, &measured.to, &idle, load.calls);
    let is_pinned = cores.simulators.is_some();
    let figures = Figures::new(&config, is_pinned, costs, measured);
    let mut out = io::stdout();
    if config.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&figures)?)?;
    } else {
        write!(out, "{}", figures.table())?;
    }
    match figures.fault(config.strict) {
        None => Ok(()),
        Some(fault) => bail!("{fault}"),
    }
}

fn endpoint(model_url: String, authority: Option<String>) -> anyhow::Result<Endpoint> {
    let mut agent = Endpoint::new(model_url, "gpt-realtime-2.1");
    agent.api_key = Some(Secret::new("sk-rehearsal".to_owned()));
    if let Some(authority) = authority {
        agent.trust = Trust::with_authorities(authority.as_bytes())?;
    }
    Ok(agent)
}

/// What was found.
pub(super) struct Measured {
    pub(super) report: LoadReport,
    /// What this process had cost when the measured time began.
    pub(super) from: Gauge,
    /// And when it was over.
    pub(super) to: Gauge,
    /// What it held meanwhile.
    pub(super) samples: Vec<Sample>,
}

/// The simulators' process; it ends with this value.
struct Side {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Side {
    fn begin(load: &LoadConfig, cores: &Cores) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("our own program cannot be found")?;
        let mut command = Command::new(program);
        command
            .arg("bench-side")
            .args(["--calls", &load.calls.to_string()])
            .args(["--seconds", &load.seconds.to_string()])
            .args(["--format", load.format.as_str()])
            .args(["--ramp", &load.ramp.as_secs().to_string()])
            .args(["--warm-up", &load.warm_up.as_secs().to_string()])
            .args(["--floods", &load.floods.to_string()])
            .args(["--storm", &load.storm.to_string()])
            .args(["--sample", &load.sample.as_secs().to_string()]);
        if let Some(talk) = load.talk {
            command.args(["--talk", &talk.as_secs().to_string()]);
        }
        if load.tls {
            command.arg("--tls");
        }
        if let Some(core) = cores.simulators {
            command.args(["--core", &core.to_string()]);
        }
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().context("the simulators cannot be begun")?;
        let input = process.stdin.take().context("a pipe was asked for")?;
        let output = process.stdout.take().context("a pipe was asked for")?;
        Ok(Self {
            process,
            input,
            output: BufReader::new(output),
        })
    }

    fn door(&mut self) -> anyhow::Result<(String, Option<String>)> {
        match hear(&mut self.output)? {
            Told::Door {
                model_url,
                authority,
            } => Ok((model_url, authority)),
            told @ (Told::Placed
            | Told::Measuring
            | Told::Going(_)
            | Told::Measured
            | Told::Report(_)) => bail!("the simulators began with {told:?}"),
        }
    }

    /// Has the load run, and reads off this process what it costs. Says how it
    /// goes if it `tells`.
    fn measure(
        &mut self,
        begin: &Begin,
        runtime: &Handle,
        tells: bool,
    ) -> anyhow::Result<Measured> {
        say(&mut self.input, begin)?;
        let (mut from, mut to, mut samples) = (None, None, Vec::new());
        loop {
            match hear(&mut self.output)? {
                Told::Measuring => from = Some(Gauge::read()?),
                Told::Measured => to = Some(Gauge::read()?),
                Told::Going(going) => {
                    let since = from.as_ref().context("the simulators measured nothing")?;
                    let sample = Sample::read(runtime, since, &going)?;
                    if tells {
                        writeln!(io::stdout(), "{}", sample.line())?;
                    }
                    samples.push(sample);
                }
                Told::Report(report) => {
                    return Ok(Measured {
                        report: *report,
                        from: from.context("the simulators measured nothing")?,
                        to: to.context("the simulators measured nothing")?,
                        samples,
                    });
                }
                Told::Door { .. } | Told::Placed => {}
            }
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
