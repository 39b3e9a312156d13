//! The command and its settings; the server and slow, silent, oversized clients.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc as sync_mpsc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use frontdesk::app::{Manners, ServerOptions, serve};
use frontdesk::clock::Clock;
use frontdesk::domain::{Secret, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::rest_account::{KEY, RestAccount, SECRET};

#[tokio::test]
async fn m4_a_header_that_never_ends_is_cut_off() {
    let server = Server::start(ServerOptions {
        header_timeout: SHORT,
        ..patient()
    });
    let server = server.await;
    let mut client = server.connect().await;
    let began = Instant::now();
    client
        .say("GET /hello HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        .await;
    client.heard_to_the_end().await;
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn m5_a_connection_that_says_nothing_is_cut_off() {
    let server = Server::start(ServerOptions {
        first_byte_timeout: SHORT,
        ..patient()
    });
    let server = server.await;
    let began = Instant::now();
    let heard = server.connect().await.heard_to_the_end().await;
    assert_eq!(heard, "");
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_the_next_request_and_then_closed() {
    let server = Server::start(ServerOptions {
        header_timeout: SHORT,
        ..patient()
    });
    let server = server.await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(
            client
                .heard_until("hello")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    assert_eq!(client.heard_to_the_end().await, "");
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_problem_whether_it_says_so_or_not() {
    let server = Server::start(patient()).await;
    let declared = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n";
    let answer = server.ask(declared).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.problem()["type"], "/problems/too-large");

    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let chunked = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}1\r\nx\r\n0\r\n\r\n",
        chunk.repeat(4)
    );
    let answer = server.ask(&chunked).await;
    assert_eq!(answer.status, 413);

    let most = format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n{}",
        "x".repeat(65_536)
    );
    let answer = server.ask(&most).await;
    assert_eq!((answer.status, answer.body.len()), (200, 65_536));
}

#[tokio::test]
async fn headers_without_measure_are_refused() {
    let server = Server::start(patient()).await;
    let wide = format!("GET /hello HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    assert_eq!(server.ask(&wide).await.status, 431);
    let many = format!("GET /hello HTTP/1.1\r\n{}\r\n", "x: 1\r\n".repeat(200));
    assert_eq!(server.ask(&many).await.status, 431);
}

#[tokio::test]
async fn one_address_gets_only_so_many_connections() {
    let server = Server::start(ServerOptions {
        max_connections_per_ip: 2,
        is_exempt: |_| false,
        ..patient()
    });
    let server = server.await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await;
        client.heard_until("hello").await;
        held.push(client);
    }
    assert_eq!(server.connect().await.heard_to_the_end().await, "");
    let mut leaving = held.remove(0);
    leaving
        .say("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    leaving.heard_to_the_end().await;
    // The place is free once the server has noticed; a refusal says nothing.
    let again = async {
        while server.connect().await.ask_for_hello().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_full_house_lets_the_next_wait_until_somebody_leaves() {
    let server = Server::start(ServerOptions {
        max_connections: 1,
        ..patient()
    });
    let server = server.await;
    let mut first = server.connect().await;
    first.say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await;
    first.heard_until("hello").await;
    let mut second = server.connect().await;
    second
        .say("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert!(timeout(SHORT, second.heard_to_the_end()).await.is_err());
    drop(first);
    assert!(second.heard_to_the_end().await.ends_with("hello"));
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_next_request_is_answered() {
    let server = Server::start(patient()).await;
    let answer = server
        .ask("GET /panic HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine-1\r\n\r\n")
        .await;
    assert_eq!(answer.status, 500);
    let problem = answer.problem();
    assert_eq!(problem["type"], "/problems/internal");
    assert_eq!(problem["request_id"], "mine-1");
    assert!(!answer.body.contains("a secret"), "{}", answer.body);
    assert_eq!(server.get("/hello").await.body, "hello");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_given_up() {
    let server = Server::hasty().await;
    let answer = server.get("/slow").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.problem()["type"], "/problems/timeout");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn the_telephone_is_answered_with_a_voice_whatever_happens() {
    let server = Server::hasty().await;
    for path in ["panic", "slow"] {
        let answer = server.get(&format!("/api/voice/webhooks/{path}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, APOLOGY);
    }
    let large =
        "POST /api/voice/webhooks/panic HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n";
    assert_eq!(server.ask(large).await.body, APOLOGY);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let server = Server::start(patient()).await;
    let answer = server.get("/nowhere").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.problem()["type"], "/problems/not-found");
    let answer = server.get("/echo").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.problem()["type"], "/problems/method-not-allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn every_answer_names_its_request() {
    let server = Server::start(patient()).await;
    let answer = server.get("/hello").await;
    let id = answer.header("x-request-id").unwrap();
    assert!(id.starts_with("req_") && id.len() == 30, "{id}");
    for unfit in ["a b", "x\u{1}", "", "ü", &"x".repeat(65)] {
        let request = format!("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: {unfit}\r\n\r\n");
        let answer = server.ask(&request).await;
        let id = answer.header("x-request-id").unwrap_or_default();
        assert!(
            answer.status == 400 || id.starts_with("req_"),
            "{unfit:?}: {id}"
        );
    }
}

#[tokio::test]
async fn a_handler_knows_who_is_there() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let own = client.0.local_addr().unwrap();
    client
        .say("GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert!(client.heard_to_the_end().await.ends_with(&own.to_string()));
}

#[tokio::test]
async fn at_the_end_a_request_in_flight_is_answered_and_no_new_one_taken() {
    let mut server = Server::start(patient()).await;
    let mut busy = server.connect().await;
    busy.say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let release = server.waiting.recv().await.unwrap();
    let mut idle = server.connect().await;
    idle.say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.heard_until("hello").await;
    let mut silent = server.connect().await;

    server.stop.cancel();
    assert_eq!(idle.heard_to_the_end().await, "");
    // A connection still in the kernel's queue is reset, a taken one closed.
    silent.is_gone().await;
    assert!(TcpStream::connect(server.address).await.is_err());
    release.cancel();
    assert!(busy.heard_to_the_end().await.ends_with("released"));
    timeout(PATIENCE, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn at_the_end_a_request_that_does_not_end_is_cut_off() {
    let mut server = Server::start(ServerOptions {
        shutdown_timeout: SHORT,
        ..patient()
    })
    .await;
    let mut busy = server.connect().await;
    busy.say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let _release = server.waiting.recv().await.unwrap();
    server.stop.cancel();
    timeout(PATIENCE, server.task).await.unwrap().unwrap();
    assert_eq!(busy.heard_to_the_end().await, "");
}

#[tokio::test]
async fn at_the_end_a_socket_that_was_taken_over_lives_on() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let upgrade =
        "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    client.say(upgrade).await;
    assert!(
        client
            .heard_until("\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 101")
    );
    server.stop.cancel();
    timeout(PATIENCE, server.task).await.unwrap().unwrap();
    client.say("still there?").await;
    assert_eq!(client.heard_until("?").await, "still there?");
}

#[test]
fn settings_without_a_value_are_named_with_where_to_get_them() {
    let told = Frontdesk::new()
        .with("OPENAI_API_KEY", "sk-1")
        .fails(&["serve"]);
    for word in ["TWILIO_AUTH_TOKEN", "console.twilio.com", ".env"] {
        assert!(told.contains(word), "{told}");
    }
    assert!(!told.contains("OPENAI_API_KEY"), "{told}");
    // Half a key opens nothing.
    let told = Frontdesk::with_credentials()
        .with("TWILIO_API_KEY", "SK1")
        .fails(&["serve"]);
    for word in ["TWILIO_ACCOUNT_SID", "TWILIO_API_SECRET"] {
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn a_setting_that_makes_no_sense_is_named_with_the_way_out() {
    for (name, value, way_out) in [
        ("PORT", "65536", "up to 65535"),
        ("HOST", "desk.example.com", "IP address"),
        ("PUBLIC_URL", "desk.example.com", "https://"),
        (
            "PUBLIC_URL",
            "https://desk.example.com/?a=b",
            "without user, query",
        ),
        ("MAX_CALLS", "0", "above 0"),
        ("DRAIN_TIMEOUT", "soon", "15m"),
        ("DATABASE_URL", "mysql://desk", "postgres://"),
        ("TWILIO_ACCOUNT_SID", "AC123", "32 hexadecimal digits"),
        ("TWILIO_API_BASE_URL", "api.twilio.com", "https://"),
        ("STORAGE_URL", "s3://bucket/prefix", "file://./recordings"),
        ("STORAGE_URL", "./recordings", "file://./recordings"),
        ("STORAGE_URL", "file://", "names no folder"),
        ("OPENAI_REALTIME_URL", "https://api.openai.com", "wss://"),
        ("OPENAI_REALTIME_AUTH", "basic", "bearer or api-key"),
        ("OPENAI_REALTIME_HEADERS", "a b=c", "x-team=desk"),
        ("OPENAI_SESSION_OVERLAY", "[]", "JSON object"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("RUST_LOG", "loud=very=much", "info"),
    ] {
        let told = Frontdesk::with_credentials()
            .with(name, value)
            .fails(&["serve"]);
        assert!(
            told.contains(name) && told.contains(way_out),
            "{name}={value}: {told}"
        );
    }
}

#[test]
fn a_secret_is_printed_neither_in_a_complaint_nor_in_the_help() {
    for name in [
        "TWILIO_AUTH_TOKEN",
        "TWILIO_API_SECRET",
        "OPENAI_API_KEY",
        "DATABASE_URL",
        "MASTER_KEY",
        "MASTER_KEY_SECONDARY",
        "OPENAI_REALTIME_HEADERS",
        "OPENAI_REALTIME_URL",
    ] {
        let desk = Frontdesk::with_credentials().with(name, "hunter2 and more");
        let told = desk.fails(&["serve"]);
        assert!(told.contains(name) && !told.contains("hunter2"), "{told}");
        let (_, help) = desk.run(&["serve", "--help"]);
        assert!(help.contains(name) && !help.contains("hunter2"), "{help}");
    }
}

#[test]
fn the_file_gives_way_to_the_environment_and_both_to_a_flag() {
    let desk = Frontdesk::with_credentials();
    std::fs::write(
        desk.folder.path().join(".env"),
        "# for a try\nPORT='of file'\n",
    )
    .unwrap();
    assert!(desk.fails(&["serve"]).contains("PORT is 'of file'"));
    let desk = desk.with("PORT", "of environment");
    assert!(desk.fails(&["serve"]).contains("PORT is 'of environment'"));
    let told = desk.fails(&["serve", "--port", "of flag"]);
    assert!(told.contains("PORT is 'of flag'"), "{told}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_without_its_secrets() {
    let desk = Frontdesk::new();
    std::fs::write(
        desk.folder.path().join(".env"),
        "OPENAI_API_KEY=hunter2 and more\n",
    )
    .unwrap();
    let told = desk.fails(&["serve"]);
    assert!(
        told.contains(".env") && told.contains("single quotes"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn a_key_is_shown_once_and_opens_the_log_until_it_is_revoked() {
    let desk = Frontdesk::with_credentials();
    let made = desk
        .command()
        .args(["key", "create", "--name", "console"])
        .output()
        .unwrap();
    let key = String::from_utf8(made.stdout.clone()).unwrap();
    let key = key.trim();
    assert!(
        made.status.success() && key.starts_with("fd_live_"),
        "{made:?}"
    );

    let server = Served::start(desk.command(), &desk);
    let log = "/api/calls/log";
    assert_eq!(server.get(log, Some(key)).0, 200);
    assert_eq!(server.get(log, None).0, 401);

    let (_, list) = desk.run(&["key", "list"]);
    assert!(list.contains("console") && list.contains("valid"), "{list}");
    assert!(!list.contains(key), "{list}");
    let id = list
        .split_whitespace()
        .find(|word| word.starts_with("key_"))
        .unwrap();
    let (revoked, said) = desk.run(&["key", "revoke", id]);
    assert!(revoked, "{said}");
    assert!(desk.run(&["key", "list"]).1.contains("revoked"));
    assert_eq!(server.get(log, Some(key)).0, 401);
}

#[test]
fn the_carriers_account_is_asked_by_its_key_or_else_by_its_token() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let account = runtime.block_on(RestAccount::with(&["+15105550101"], |options| {
        let token = Secret::new("token".to_owned());
        options
            .credentials
            .push((options.account_sid.clone(), token));
    }));
    let desk = Frontdesk::with_credentials()
        .with("TWILIO_ACCOUNT_SID", &account.account_sid())
        .with("TWILIO_API_BASE_URL", &account.url());
    let (_, said) = desk.run(&["key", "create", "--name", "console"]);
    let key = said.split_whitespace().find(|word| word.starts_with("fd_"));
    let ask = |desk: &Frontdesk| {
        let server = Served::start(desk.command(), desk);
        server.get("/api/numbers/available?country=US", key)
    };
    let by_token = ask(&desk);
    let desk = desk.with("TWILIO_API_KEY", KEY);
    let by_key = ask(&desk.with("TWILIO_API_SECRET", SECRET));
    for (status, body) in [by_token, by_key] {
        assert!(status == 200 && body.contains("+15105550101"), "{body}");
    }
    assert_eq!(account.users(), [account.account_sid(), KEY.to_owned()]);
}

#[test]
fn a_key_for_nobody_is_not_made_and_a_key_of_nobody_not_revoked() {
    let desk = Frontdesk::new();
    let nobody = "ten_01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let told = desk.fails(&["key", "create", "--name", "a", "--tenant", nobody]);
    assert!(told.contains(nobody), "{told}");
    let told = desk.fails(&["key", "create", "--name", "a\u{1b}[2J"]);
    assert!(
        told.contains("on one line") && !told.contains('\u{1b}'),
        "{told:?}"
    );
    let told = desk.fails(&["key", "revoke", "key_01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    assert!(told.contains("frontdesk key list"), "{told}");
}

#[test]
fn a_database_is_brought_up_to_date_twice_without_harm() {
    let desk = Frontdesk::new();
    for _ in 0..2 {
        let (migrated, said) = desk.run(&["migrate"]);
        assert!(migrated, "{said}");
    }
    assert!(desk.folder.path().join("frontdesk.db").is_file());
    let desk = desk.with("DATABASE_URL", "postgres://nobody:hunter2@127.0.0.1:x/desk");
    let told = desk.fails(&["migrate"]);
    assert!(
        told.contains("DATABASE_URL") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn p1_a_signal_to_end_is_obeyed_with_exit_code_zero() {
    for signal in ["TERM", "INT"] {
        let desk = Frontdesk::with_credentials();
        let mut server = Served::start(desk.command(), &desk);
        assert_eq!(server.get("/readyz", None).0, 200);
        server.signal(signal);
        assert!(server.child.wait().unwrap().success(), "SIG{signal}");
    }
}

#[cfg(target_env = "gnu")]
#[test]
fn the_allocator_is_told_how_little_to_keep_unless_somebody_has_said_any_of_it() {
    let ours = [
        "MALLOC_ARENA_MAX=4",
        "MALLOC_MMAP_THRESHOLD_=131072",
        "MALLOC_TRIM_THRESHOLD_=131072",
    ]
    .map(str::to_owned);
    let said = [
        None,
        Some(("MALLOC_ARENA_MAX", "7")),
        Some(("MALLOC_TRIM_THRESHOLD_", "7")),
        Some(("GLIBC_TUNABLES", "glibc.malloc.arena_max=7")),
    ];
    for said in said {
        let theirs: Vec<String> = said
            .filter(|(name, _)| name.starts_with("MALLOC_"))
            .map(|(name, value)| format!("{name}={value}"))
            .into_iter()
            .collect();
        let expected = if said.is_some() {
            theirs
        } else {
            ours.to_vec()
        };
        let desk = Frontdesk::with_credentials().with("WORKERS", "3");
        let desk = match said {
            Some((name, value)) => desk.with(name, value),
            None => desk,
        };
        let served = Served::start(desk.command(), &desk);
        let of_process = |file: &str| {
            let path = format!("/proc/{}/{file}", served.child.id());
            std::fs::read_to_string(path).expect("the process is there")
        };
        let environment = of_process("environ");
        let mut told: Vec<&str> = environment
            .split('\0')
            .filter(|pair| pair.starts_with("MALLOC_"))
            .collect();
        told.sort_unstable();
        assert_eq!(told, expected);
        let command = of_process("cmdline");
        assert_eq!(command.split('\0').nth(1), Some("serve"), "{command}");
    }
}

#[test]
fn p4_without_file_descriptors_the_server_waits_and_recovers() {
    let desk = Frontdesk::with_credentials();
    let mut limited = Command::new("sh");
    let serve = "ulimit -n 64; exec \"$0\" \"$@\"";
    limited.args(["-c", serve, env!("CARGO_BIN_EXE_frontdesk")]);
    let server = Served::start(limited, &desk);
    assert_eq!(server.get("/readyz", None).0, 200);

    let crowd: Vec<_> = (0..96)
        .map(|_| std::net::TcpStream::connect(server.address).unwrap())
        .collect();
    let mut complaints = 0;
    while complaints < 3 {
        complaints += usize::from(server.line()["message"] == "no connection can be accepted");
    }
    drop(crowd);
    assert_eq!(server.get("/readyz", None).0, 200);
    server.signal("TERM");
    let rest = server
        .lines
        .iter()
        .filter(|line| line["level"] == "WARN")
        .count();
    assert!(rest < 100, "{rest} complaints: the server spins");
}

/// Long enough to see that nothing happens, and short enough to wait for.
const SHORT: Duration = Duration::from_millis(200);

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

const APOLOGY: &str = "<Response><Say>We are sorry.</Say></Response>";

/// Options that interfere with no test.
fn patient() -> ServerOptions {
    ServerOptions {
        first_byte_timeout: PATIENCE,
        header_timeout: PATIENCE,
        shutdown_timeout: PATIENCE,
        ..ServerOptions::default()
    }
}

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// What each request for `/wait` waits for.
    waiting: mpsc::Receiver<CancellationToken>,
}

impl Server {
    async fn start(options: ServerOptions) -> Self {
        Self::start_with(options, PATIENCE).await
    }

    /// A server that gives its handlers little time.
    async fn hasty() -> Self {
        Self::start_with(patient(), SHORT).await
    }

    async fn start_with(options: ServerOptions, request_timeout: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let stop = CancellationToken::new();
        let (waits, waiting) = mpsc::channel(1);
        let clock = Clock::manual(Timestamp::from_ms(1_763_717_400_000));
        let mut manners = Manners::new(clock, || APOLOGY.into_response());
        manners.timeout = request_timeout;
        let router = manners.teach(routes(waits));
        let stopped = stop.clone().cancelled_owned();
        let task = tokio::spawn(serve(listener, router, options, stopped));
        Self {
            address,
            stop,
            task,
            waiting,
        }
    }

    async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await;
        Client(stream.expect("the server listens"))
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
            .await
    }

    /// Sends one request on a connection of its own.
    async fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect().await;
        client.say(request).await;
        client.answer().await
    }
}

fn routes(waits: mpsc::Sender<CancellationToken>) -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/echo", post(async |body: Bytes| body))
        .route("/panic", get(panics))
        .route("/slow", get(std::future::pending::<()>))
        .route("/api/voice/webhooks/slow", get(std::future::pending::<()>))
        .route("/api/voice/webhooks/panic", get(panics).post(panics))
        .route(
            "/peer",
            get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()),
        )
        .route("/upgrade", get(upgrade))
        .route(
            "/wait",
            get(async move || {
                let release = CancellationToken::new();
                waits.send(release.clone()).await.expect("the test listens");
                release.cancelled().await;
                "released"
            }),
        )
}

async fn panics() -> StatusCode {
    panic!("a secret")
}

async fn upgrade(request: Request) -> Response {
    tokio::spawn(async {
        let upgraded = hyper::upgrade::on(request)
            .await
            .expect("the client upgrades");
        let (mut from, mut to) = tokio::io::split(hyper_util::rt::TokioIo::new(upgraded));
        tokio::io::copy(&mut from, &mut to).await
    });
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

struct Client(TcpStream);

impl Client {
    async fn say(&mut self, text: &str) {
        // A server that refuses early may close before it has read all.
        let _ = self.0.write_all(text.as_bytes()).await;
    }

    async fn heard_until(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let byte = timeout(PATIENCE, self.0.read_u8()).await;
            heard.push(
                byte.expect("the server answers")
                    .expect("the server goes on"),
            );
        }
        String::from_utf8(heard).expect("the answer is text")
    }

    async fn heard_to_the_end(&mut self) -> String {
        let mut heard = Vec::new();
        let end = timeout(PATIENCE, self.0.read_to_end(&mut heard)).await;
        end.expect("the server closes")
            .expect("the server closes in peace");
        String::from_utf8(heard).expect("the answer is text")
    }

    async fn ask_for_hello(&mut self) -> String {
        self.say("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await;
        let mut heard = Vec::new();
        // A refused connection may be reset as well as closed.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut heard))
            .await
            .expect("the server closes");
        String::from_utf8(heard).expect("the answer is text")
    }

    async fn is_gone(&mut self) {
        let read = timeout(PATIENCE, self.0.read(&mut [0]))
            .await
            .expect("the server closes");
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }

    async fn answer(&mut self) -> Answer {
        let head = self.heard_until("\r\n\r\n").await;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut answer = Answer {
            status: status
                .and_then(|s| s.parse().ok())
                .expect("an answer has a status"),
            headers,
            body: String::new(),
        };
        let length = answer.header("content-length").and_then(|n| n.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        self.0
            .read_exact(&mut body)
            .await
            .expect("the body is as long as it says");
        answer.body = String::from_utf8(body).expect("the answer is text");
        answer
    }
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    fn problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        serde_json::from_str(&self.body).expect("a problem is JSON")
    }
}

/// The command, in a folder of its own, with an environment of its own.
struct Frontdesk {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Frontdesk {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            environment: Vec::new(),
        }
    }

    fn with_credentials() -> Self {
        Self::new()
            .with("TWILIO_AUTH_TOKEN", "token")
            .with("OPENAI_API_KEY", "sk-1")
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(own, _)| own != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.env_clear().current_dir(self.folder.path());
        let pairs = self.environment.iter().map(|(name, value)| (name, value));
        command.envs(pairs);
        command
    }

    /// Whether it succeeded, and all that it said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self
            .command()
            .args(arguments)
            .output()
            .expect("the command runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).expect("it says text");
        (output.status.success(), said)
    }

    fn fails(&self, arguments: &[&str]) -> String {
        let (succeeded, said) = self.run(arguments);
        assert!(!succeeded, "{said}");
        said
    }
}

/// `frontdesk serve` as a process of its own; it ends with the test.
struct Served {
    child: Child,
    address: SocketAddr,
    /// What it logs.
    lines: sync_mpsc::Receiver<Value>,
}

impl Served {
    fn start(mut command: Command, desk: &Frontdesk) -> Self {
        command.env_clear().current_dir(desk.folder.path());
        command.envs(desk.environment.iter().map(|(name, value)| (name, value)));
        command
            .env("LOG_FORMAT", "json")
            .env("PORT", "0")
            .env("HOST", "127.0.0.1");
        let command = command.arg("serve").stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command runs");
        let stderr = child.stderr.take().expect("it has a standard error");
        let (sender, lines) = sync_mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let line = line.expect("the log is text");
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut served = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            lines,
        };
        while served.address.port() == 0 {
            if let Some(address) = served.line()["address"].as_str() {
                served.address = address.parse().expect("it says where it listens");
            }
        }
        served
    }

    fn line(&self) -> Value {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("it says something")
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.child.id().to_string()]);
        assert!(kill.status().expect("there is kill").success());
    }

    /// Status and body.
    fn get(&self, path: &str, key: Option<&str>) -> (u16, String) {
        let mut stream = std::net::TcpStream::connect(self.address).expect("it listens");
        let authorization = key.map_or(String::new(), |key| {
            format!("Authorization: Bearer {key}\r\n")
        });
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
        (status.expect("an answer has a status"), body.to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, and that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
