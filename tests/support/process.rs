//! `frontdesk serve` as a process of its own, which is killed when it is dropped.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use frontdesk::domain::Secret;
use frontdesk::rehearsal::carrier::CarrierOptions;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

pub(crate) const PUBLIC_URL: &str = "https://desk.example.com";
pub(crate) const TOKEN: &str = "token";
/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that serves.
pub(crate) struct Serving {
    child: Child,
    /// Where it listens.
    pub(crate) address: Arc<str>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        // SIGKILL; it may have ended already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

impl Serving {
    /// A process whose database and recordings are in `folder`, and whose agents at that
    /// address.
    pub(crate) fn start(folder: &Path, model: &str) -> Self {
        Self::start_with(folder, model, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(folder: &Path, model: &str, more: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.current_dir(folder).arg("serve");
        Self::start_by(command, model, more)
    }

    /// The same, as `command` starts it.
    pub(crate) fn start_by(mut command: Command, model: &str, more: &[(&str, &str)]) -> Self {
        command.env_clear().envs([
            ("TWILIO_AUTH_TOKEN", TOKEN),
            ("OPENAI_API_KEY", "sk-1"),
            ("OPENAI_REALTIME_URL", model),
            ("PUBLIC_URL", PUBLIC_URL),
            ("LOG_FORMAT", "json"),
            ("PORT", "0"),
            ("HOST", "127.0.0.1"),
        ]);
        command.envs(more.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).ok()?;
            Some(line["address"].as_str()?.into())
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            address: address.unwrap(),
        }
    }

    /// A carrier's account that knows this process.
    pub(crate) fn carrier_options(&self) -> CarrierOptions {
        let url = format!("http://{}", self.address);
        let mut options = CarrierOptions::new(url, Secret::new(TOKEN.into()));
        PUBLIC_URL.clone_into(&mut options.public_url);
        options
    }

    /// What the system calls the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// `TERM`, say.
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.child.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, ended).await.unwrap()
    }

    /// The status that `path` is answered with.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(&*self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
