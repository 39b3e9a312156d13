//! Whoever reads the log may fall asleep: no call notices, and what was missed is told.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use frontdesk::domain::Secret;
use frontdesk::rehearsal::CALLER;
use frontdesk::rehearsal::Spoken;
use frontdesk::rehearsal::carrier::{Carrier, CarrierOptions, Script, Step};
use frontdesk::rehearsal::model::{ModelOptions, ModelServer};
use serde_json::Value;
use tempfile::TempDir;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::ear::Ear;

const PUBLIC_URL: &str = "https://desk.example.com";
const TOKEN: &str = "token";
/// More than enough to fill every room between the process and its reader.
const MAX_QUESTIONS: usize = 50_000;

#[tokio::test(flavor = "multi_thread")]
async fn p11_a_log_that_nobody_reads_blocks_no_call_and_what_is_missing_is_told_once() {
    let model = ModelServer::start(ModelOptions::default()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let mut desk = Desk::serve(&folder, &model.url());
    // From here on nobody reads.
    let mut questions = 0;
    while desk.dropped() == 0 {
        assert_eq!(desk.get("/health").0, 200);
        questions += 1;
        assert!(questions < MAX_QUESTIONS, "the log has endless room");
    }
    let report = desk.carrier().place_call(&a_short_call()).await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.all_violations(), Vec::<String>::new());
    assert!(report.stream().unwrap().first_audio_after().is_some());
    let told = desk.read_until(|line| line["message"] == "log.dropped");
    assert_eq!(told["lines"].as_u64(), Some(desk.dropped()));
    // Nothing is lost at the end, and nothing is told again.
    let rest = desk.end();
    let is_told = |line: &&Value| line["message"] == "log.dropped";
    assert_eq!(rest.iter().find(is_told), None);
    assert_eq!(rest.last().unwrap()["message"], "closed");
}

#[test]
fn i10_no_setting_makes_a_library_tell_what_it_is_told_in_secret() {
    for asked in [
        "trace",
        "info,tungstenite::handshake=trace",
        "info,[call]=trace",
        "info,tungstenite::handshake[call]=trace",
    ] {
        let ear = Ear::default();
        let lines = tracing_subscriber::fmt::layer().with_writer(ear.clone());
        let log = tracing_subscriber::registry()
            .with(frontdesk::app::filter(asked).unwrap())
            .with(lines);
        tracing::subscriber::with_default(log, || {
            let _in_call = tracing::info_span!("call").entered();
            tracing::trace!(target: "tungstenite::handshake::client", "Bearer sk-1");
            tracing::debug!(target: "tungstenite", "Bearer sk-2");
            tracing::debug!(target: "hyper_util::client", "Bearer sk-3");
            tracing::warn!(target: "tungstenite::handshake", "it is closed");
            tracing::trace!(target: "tungstenites", "another library");
        });
        let heard = ear.heard();
        assert!(!heard.contains("Bearer"), "{asked}: {heard}");
        assert!(heard.contains("it is closed"), "{asked}: {heard}");
        let is_fine = asked == "trace" || asked == "info,[call]=trace";
        assert_eq!(
            heard.contains("another library"),
            is_fine,
            "{asked}: {heard}"
        );
    }
}

fn a_short_call() -> Script {
    Script::new(vec![
        Step::WaitForSpeech,
        Step::Speak(Spoken::new(CALLER[0].text, CALLER[0].mulaw)),
        Step::WaitForSpeech,
        Step::HangUp,
    ])
}

/// A process that is killed when it is dropped, and its log.
struct Desk {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: String,
}

impl Desk {
    fn serve(folder: &TempDir, model: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.env_clear().current_dir(folder.path()).arg("serve");
        command.envs([
            ("TWILIO_AUTH_TOKEN", TOKEN),
            ("OPENAI_API_KEY", "sk-1"),
            ("OPENAI_REALTIME_URL", model),
            ("PUBLIC_URL", PUBLIC_URL),
            ("RUST_LOG", "trace"),
            ("LOG_FORMAT", "json"),
            ("PORT", "0"),
            ("HOST", "127.0.0.1"),
        ]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut desk = Self {
            child,
            log,
            address: String::new(),
        };
        let open = desk.read_until(|line| line["address"].is_string());
        open["address"]
            .as_str()
            .unwrap()
            .clone_into(&mut desk.address);
        desk
    }

    fn carrier(&self) -> Carrier {
        let url = format!("http://{}", self.address);
        let mut options = CarrierOptions::new(url, Secret::new(TOKEN.to_owned()));
        PUBLIC_URL.clone_into(&mut options.public_url);
        Carrier::new(options).unwrap()
    }

    /// Lines that found no room so far.
    fn dropped(&self) -> u64 {
        let (_, metrics) = self.get("/metrics");
        let name = "frontdesk_log_lines_dropped_total ";
        let count = metrics.lines().find_map(|line| line.strip_prefix(name));
        count.map_or(0, |count| count.parse().unwrap())
    }

    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        (status.parse().unwrap(), body.to_owned())
    }

    fn read_until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut lines = self.log.by_ref().map(line);
        lines.find(|line| wanted(line)).expect("it is told")
    }

    /// Ends the process; what it said last.
    fn end(mut self) -> Vec<Value> {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-s", "TERM", &pid]).status();
        assert!(killed.unwrap().success());
        let rest = self.log.by_ref().map(line).collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It may have ended, and that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(line: std::io::Result<String>) -> Value {
    serde_json::from_str(&line.unwrap()).expect("a line is whole")
}
