//! `frontdesk demo`: a whole call on this machine, with nothing configured.
//!
//! The gateway is the real one, on a real socket, with an SQLite in a
//! temporary folder. The caller is simulated and speaks recorded human speech;
//! the model is simulated too, unless a key for the real one is at hand.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use super::demo_report::{Finding, Summary};
use super::demo_screen::Screen;
use super::loopback::{Loopback, PUBLIC_URL};
use super::setting::{RealtimeUrl, credential};
use crate::domain::{AudioFormat, Secret};
use crate::realtime::Endpoint;
use crate::rehearsal::carrier::{CallReport, Carrier, CarrierOptions, Script, Step};
use crate::rehearsal::model::{Line, ModelOptions, ModelServer};
use crate::rehearsal::{CALLER, RECEPTIONIST};

/// What `frontdesk demo` is told.
#[derive(Args, Clone, Debug)]
pub struct DemoConfig {
    /// The key of the real model; without it a simulated one answers.
    #[arg(long, env, value_parser = credential, hide_env_values = true, value_name = "KEY")]
    pub openai_api_key: Option<Secret<String>>,

    /// Where a model is that speaks the Realtime protocol, `ws://` or `wss://`.
    ///
    /// Default: OpenAI's, if there is a key, else a simulated one.
    #[arg(
        long,
        env = "OPENAI_REALTIME_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub model_url: Option<RealtimeUrl>,

    /// Which model to ask for.
    #[arg(long, env, default_value = "gpt-realtime-2.1", value_name = "MODEL")]
    pub openai_realtime_model: String,

    /// How many callers ring at one time.
    #[arg(long, default_value = "1", value_parser = calls, value_name = "N")]
    pub calls: u16,

    /// Where both voices are written: the caller left, the receptionist right.
    #[arg(long, default_value = "frontdesk-demo.wav", value_name = "FILE")]
    pub wav: PathBuf,
}

fn calls(text: &str) -> Result<u16, &'static str> {
    let calls = text
        .parse()
        .ok()
        .filter(|calls| (1..=2_000).contains(calls));
    calls.ok_or("expected a whole number from 1 to 2000")
}

/// Plays the demo to its end. Fails if anything was not as it should be.
pub(super) async fn run(config: DemoConfig) -> anyhow::Result<()> {
    let stage = Stage::set(&config).await?;
    let mut out = io::stdout();
    writeln!(out, "{}", stage.programme(&config))?;
    let carrier = Carrier::new(stage.carrier_options())?;
    let screen = Screen::open(config.calls, stage.house.events(), carrier.subscribe());
    let script = script(stage.is_rehearsed());
    let calls = (0..config.calls).map(|_| carrier.place_call(&script));
    let reports = futures::future::join_all(calls).await;
    screen.close().await;
    let summary = stage.summary(&reports).await;
    if let Some(stream) = reports.first().and_then(CallReport::stream) {
        std::fs::write(&config.wav, stream.to_wav())
            .with_context(|| format!("{} cannot be written", config.wav.display()))?;
    }
    writeln!(out, "{}", summary.text(&config.wav))?;
    stage.house.strike().await;
    match summary.finding() {
        Finding::Good => Ok(()),
        Finding::Bad(what) => bail!("the demo did not go as it should: {what}"),
    }
}

/// What the caller does: listens, asks, breaks into the answer, hangs up.
fn script(is_rehearsed: bool) -> Script {
    let [forward, somewhere, ..] = CALLER else {
        return Script::new(Vec::new());
    };
    // A real model may think a little longer before it goes on.
    let pause = Duration::from_millis(if is_rehearsed { 500 } else { 1_500 });
    Script::new(vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(pause),
        Step::Speak(somewhere.into()),
        Step::WaitForSpeech,
        Step::SpeakOver {
            spoken: forward.into(),
            after: Duration::from_millis(1_600),
        },
        Step::WaitForSpeech,
        Step::WaitForQuiet(pause),
        Step::HangUp,
    ])
}

/// The simulated model's part; it says as many lines as the caller waits for.
fn model_options() -> ModelOptions {
    let lines = [0, 3, 2].map(|clip: usize| Line::say((&RECEPTIONIST[clip]).into()));
    let heard = [1, 0].map(|clip: usize| CALLER[clip].text.to_owned());
    ModelOptions {
        lines: lines.into(),
        caller_transcripts: heard.into(),
        ..ModelOptions::default()
    }
}

/// Everything that the demo needs, while it goes on.
struct Stage {
    model: Option<ModelServer>,
    house: Loopback,
}

impl Stage {
    async fn set(config: &DemoConfig) -> anyhow::Result<Self> {
        let is_real = config.openai_api_key.is_some() || config.model_url.is_some();
        let model = if is_real {
            None
        } else {
            Some(ModelServer::start(model_options()).await?)
        };
        let url = match (&model, &config.model_url) {
            (Some(model), _) => model.url(),
            (None, Some(url)) => url.as_url().to_string(),
            (None, None) => "wss://api.openai.com/v1/realtime".to_owned(),
        };
        let mut agent = Endpoint::new(url, config.openai_realtime_model.as_str());
        let rehearsed = || Secret::new("sk-rehearsal".to_owned());
        agent.api_key = Some(config.openai_api_key.clone().unwrap_or_else(rehearsed));
        let house = Loopback::open(agent, AudioFormat::default(), config.calls.into()).await?;
        Ok(Self { model, house })
    }

    fn is_rehearsed(&self) -> bool {
        self.model.is_some()
    }

    fn carrier_options(&self) -> CarrierOptions {
        let house = &self.house;
        let mut options = CarrierOptions::new(house.base_url.clone(), house.token.clone());
        PUBLIC_URL.clone_into(&mut options.public_url);
        options
    }

    fn programme(&self, config: &DemoConfig) -> String {
        let model = match &self.model {
            Some(_) => "a simulated model".to_owned(),
            None => config.openai_realtime_model.clone(),
        };
        let callers = match config.calls {
            1 => "a recorded caller".to_owned(),
            calls => format!("{calls} recorded callers at one time"),
        };
        let gateway = &self.house.base_url;
        format!("{callers}, the gateway at {gateway}, {model}\n")
    }

    async fn summary(&self, reports: &[CallReport]) -> Summary {
        let sessions = match &self.model {
            Some(model) => {
                // Sockets close within a second of the last call's end.
                let are_closed = model.wait_for(Duration::from_secs(2), |sessions| {
                    sessions.iter().all(|session| session.closed_at.is_some())
                });
                let are_closed = are_closed.await.is_ok();
                Some((model.sessions(), model.violations(), are_closed))
            }
            None => None,
        };
        Summary::of(reports, sessions)
    }
}
