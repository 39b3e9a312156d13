//! Calls are told to an OpenTelemetry collector, which may be away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Parser;
use frontdesk::app::{TraceConfig, Traces};
use frontdesk::bridge::{Span, SpanKind, SpanSink};
use frontdesk::clock::Clock;
use frontdesk::domain::{CallId, CallLog};
use frontdesk::rehearsal::carrier::{Carrier, Script, Step};
use frontdesk::rehearsal::model::{Line, ModelServer};
use frontdesk::rehearsal::{CALLER, RECEPTIONIST};
use frontdesk::store::turns;
use opentelemetry_proto::tonic::trace::v1 as proto;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use super::desk::{Desk, TOKEN, ms, spoken, talkative};
use super::tools::{after_a_word, equip, heard, kit};
use crate::support::collector::{Collector, Manner, attributes};
use crate::support::process::Serving;

/// The settings alone.
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    traces: TraceConfig,
}

fn config(flags: &[&str]) -> TraceConfig {
    let flags = ["serve"].iter().chain(flags);
    Command::try_parse_from(flags).unwrap().traces
}

/// Traces on their way to somebody.
fn traces_to(url: &str) -> Arc<Traces> {
    let config = config(&["--otel-exporter-otlp-endpoint", url]);
    Traces::begin(&config).unwrap().unwrap()
}

/// A desk whose model takes a message, and whose calls are told.
async fn desk_telling(traces: &Arc<Traces>) -> Desk {
    let wish = json!({"caller_name": "Ada Lovelace", "callback_number": "+1 202 555 0123",
        "reason": "The printer burns.", "urgency": "high"});
    let model = after_a_word(Line::call("take_message", wish.to_string()));
    let spans = Arc::clone(traces) as Arc<dyn SpanSink>;
    let desk = Desk::with(model, |plan| plan.spans = Some(spans)).await;
    equip(&desk, kit(Vec::new())).await;
    desk
}

/// How long the caller waited for each answer.
async fn waits(desk: &Desk, log: &CallLog) -> Vec<Duration> {
    let turns = turns::list(&desk.store, log.tenant_id, log.id).await;
    turns.unwrap().iter().map(|turn| turn.sent).collect()
}

fn find<'a>(spans: &'a [proto::Span], name: &str) -> Vec<&'a proto::Span> {
    let mut found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    found.sort_by_key(|span| span.start_time_unix_nano);
    found
}

fn one<'a>(spans: &'a [proto::Span], name: &str) -> &'a proto::Span {
    let [span] = find(spans, name)[..] else {
        panic!("one span {name}, not {spans:?}");
    };
    span
}

fn text(span: &proto::Span, name: &str) -> String {
    let known = attributes(&span.attributes).remove(name);
    known.unwrap_or_else(|| panic!("{name} in {}", span.name))
}

fn number(span: &proto::Span, name: &str) -> u64 {
    text(span, name).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_call_is_one_trace_of_its_dial_its_turns_and_its_tools() {
    let collector = Collector::start(Manner::Well).await;
    let traces = traces_to(&collector.url);
    let desk = desk_telling(&traces).await;
    let (report, _) = desk.call(heard()).await;
    let log = desk.log(&report).await;
    traces.close().await;
    let spans = collector.spans();
    let call = one(&spans, "call");
    judge_call(call, &log);
    let turns = find(&spans, "turn");
    let tool = one(&spans, "execute_tool take_message");
    let dial = one(&spans, "dial");
    assert_eq!(spans.len(), turns.len() + 3);
    for part in turns.iter().copied().chain([dial]) {
        assert_eq!(part.parent_span_id, call.span_id, "{}", part.name);
    }
    for part in &spans {
        assert_eq!(part.trace_id, call.trace_id);
        assert!(is_within(part, call), "{}", part.name);
    }
    for two in turns.windows(2) {
        assert!(two[0].end_time_unix_nano <= two[1].start_time_unix_nano);
    }
    let by = |turn: &&proto::Span| text(turn, "frontdesk.turn.begun_by");
    assert_eq!(
        turns.iter().map(by).collect::<Vec<_>>(),
        ["receptionist", "caller"]
    );
    let asked = turns[1];
    assert_eq!(tool.parent_span_id, asked.span_id);
    assert!(is_within(tool, asked));
    assert_eq!(text(tool, "gen_ai.tool.name"), "take_message");
    assert_eq!(text(tool, "frontdesk.tool.outcome"), "done");
    assert_eq!(text(asked, "frontdesk.turn.outcome"), "answered");
    assert_eq!(number(asked, "frontdesk.turn.responses"), 2);
    assert_eq!(text(dial, "frontdesk.dial.outcome"), "ready");

    // The caller waited as long as the log says, and paid for what the turns used.
    let sent = ms(number(asked, "frontdesk.turn.latency_sent_ms"));
    assert_eq!(waits(&desk, &log).await, [sent]);
    let lasted = asked.end_time_unix_nano - asked.start_time_unix_nano;
    assert!(Duration::from_nanos(lasted) >= sent);
    for name in ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"] {
        let sum: u64 = turns.iter().map(|turn| number(turn, name)).sum();
        assert_eq!(sum, number(call, name), "{name}");
        assert!(sum > 0, "{name}");
    }
}

/// The span of the whole says what the log says.
fn judge_call(call: &proto::Span, log: &CallLog) {
    let micros = log.cost.unwrap().micros.to_string();
    for (name, value) in [
        ("frontdesk.call.id", log.id.to_string().as_str()),
        ("frontdesk.tenant.id", log.tenant_id.to_string().as_str()),
        ("gen_ai.conversation.id", log.id.to_string().as_str()),
        ("frontdesk.call.direction", "inbound"),
        ("frontdesk.call.outcome", "caller.hung_up"),
        ("frontdesk.call.tools", "1"),
        ("gen_ai.operation.name", "invoke_agent"),
        ("gen_ai.request.model", "gpt-realtime-2.1"),
        ("frontdesk.cost.micros", micros.as_str()),
        ("frontdesk.cost.currency", "USD"),
    ] {
        assert_eq!(text(call, name), value, "{name}");
    }
    assert_eq!(call.trace_id, log.id.number().to_be_bytes());
    assert!(call.parent_span_id.is_empty());
    assert_eq!(call.kind(), proto::span::SpanKind::Server);
    assert_eq!(call.status.as_ref().map_or(0, |status| status.code), 0);
    let events = call.events.iter().map(|event| event.name.as_str());
    let events: BTreeSet<_> = events.collect();
    assert_eq!(events, BTreeSet::from(["answered", "connected"]));
}

fn is_within(part: &proto::Span, whole: &proto::Span) -> bool {
    let begins = whole.start_time_unix_nano <= part.start_time_unix_nano;
    begins && part.end_time_unix_nano <= whole.end_time_unix_nano
}

#[tokio::test(flavor = "multi_thread")]
async fn i10_a_trace_tells_nothing_that_was_said_and_nobodys_number_or_name() {
    let collector = Collector::start(Manner::Well).await;
    let traces = traces_to(&collector.url);
    let desk = desk_telling(&traces).await;
    let steps = vec![
        Step::WaitForSpeech,
        Step::SpeakOver {
            spoken: spoken(&CALLER[0]),
            after: ms(300),
        },
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(400)),
        Step::Digit('7'),
        Step::Digit('3'),
        Step::Digit('#'),
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ];
    let (report, _) = desk.call(steps).await;
    desk.log(&report).await;
    traces.close().await;
    assert!(collector.spans().len() > 4);
    let told = collector.everything();
    let clips = CALLER.iter().chain(RECEPTIONIST);
    let words = clips.flat_map(|clip| clip.text.split(' '));
    let words = words.filter(|word| word.len() > 6);
    let secrets = [
        "15550100001",
        "15550100000",
        "2025550123",
        "202 555 0123",
        "Ada",
        "Lovelace",
        "printer",
        "Hello",
        "Goodbye",
        "7 3",
        TOKEN,
        "sk-secret-key",
        "Bearer",
        report.call_sid.as_str(),
    ];
    for secret in words.chain(secrets) {
        assert!(!told.contains(secret), "{secret:?} is told: {told}");
    }
    let spans = collector.spans();
    let mut values = spans.iter().flat_map(|span| attributes(&span.attributes));
    assert!(values.all(|(_, value)| value != "73"), "what was keyed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_a_collector_that_is_silent_refuses_or_is_not_there_delays_no_call() {
    for manner in [Manner::Silent, Manner::Status(401), Manner::Status(503)] {
        let collector = Collector::start(manner).await;
        let traces = traces_to(&collector.url);
        let desk = desk_telling(&traces).await;
        for id in 1..=2_000 {
            traces.take(a_span(id));
        }
        collector.is_asked().await;
        let (report, _) = desk.call(heard()).await;
        let log = desk.log(&report).await;
        let longest = waits(&desk, &log).await.into_iter().max();
        assert!(longest.unwrap() < ms(1_500), "{manner:?}");
        desk.is_empty().await;
        let began = Instant::now();
        traces.close().await;
        assert!(began.elapsed() < Duration::from_secs(8), "{manner:?}");
        assert!(collector.spans().is_empty(), "{manner:?}");
    }
    // Nobody listens there any more.
    let url = Collector::start(Manner::Well).await.url.clone();
    let traces = traces_to(&url);
    let desk = desk_telling(&traces).await;
    let (report, _) = desk.call(heard()).await;
    desk.log(&report).await;
    traces.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p11_spans_that_find_no_room_are_left_out_and_nobody_waits() {
    let collector = Collector::start(Manner::Silent).await;
    let traces = traces_to(&collector.url);
    let began = Instant::now();
    for id in 1..=100_000 {
        traces.take(a_span(id));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    collector.behave(Manner::Well);
    traces.close().await;
    assert!(collector.spans().len() <= 4_096);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_tells_where_the_variables_say_and_flushes_at_its_end() {
    let collector = Collector::start(Manner::Well).await;
    let model = ModelServer::start(talkative()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let more = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Basic%20YTpi,x-team=desk",
        ),
        ("OTEL_SERVICE_NAME", "reception"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=a%2Cb",
        ),
    ];
    let mut serving = Serving::start_with(folder.path(), &model.url(), &more);
    place_a_call(&serving).await;
    serving.signal("TERM");
    assert!(serving.ended().await.success());
    let spans = collector.spans();
    assert_eq!(find(&spans, "call").len(), 1);
    assert!(!find(&spans, "turn").is_empty());
    let headers = collector.headers();
    assert_eq!(headers["authorization"], "Basic YTpi");
    assert_eq!(headers["x-team"], "desk");
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "reception");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(resource["deployment.environment.name"], "a,b");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_variables_nobody_is_told() {
    assert!(Traces::begin(&config(&[])).unwrap().is_none());
    let collector = Collector::start(Manner::Well).await;
    let model = ModelServer::start(talkative()).await.unwrap();
    let folder = TempDir::new().unwrap();
    let more = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_SDK_DISABLED", "true"),
    ];
    let mut serving = Serving::start_with(folder.path(), &model.url(), &more);
    place_a_call(&serving).await;
    serving.signal("TERM");
    assert!(serving.ended().await.success());
    assert_eq!(collector.asked(), 0);
}

#[tokio::test]
async fn only_that_part_of_the_calls_is_told_which_is_asked_for() {
    let to = "--otel-exporter-otlp-endpoint=http://127.0.0.1:9";
    for (flags, expected) in [
        (vec![to], 1_000..=1_000),
        (vec![to, "--otel-traces-sampler=always_off"], 0..=0),
        (
            vec![
                to,
                "--otel-traces-sampler=parentbased_traceidratio",
                "--otel-traces-sampler-arg=0.25",
            ],
            150..=350,
        ),
    ] {
        let traces = Traces::begin(&config(&flags)).unwrap().unwrap();
        let clock = Clock::system();
        let ids = (0..1_000).map(|_| clock.new_id::<CallId>().number());
        let wanted = ids.filter(|id| traces.wants(*id)).count();
        assert!(expected.contains(&wanted), "{flags:?}: {wanted}");
    }
}

#[test]
fn settings_of_traces_say_what_is_wrong_with_them() {
    let endpoint = |flags: &[&str]| config(flags).endpoint().map(|url| url.to_string());
    assert_eq!(endpoint(&[]), None);
    for (url, expected) in [
        ("http://a:4318", "http://a:4318/v1/traces"),
        ("https://a/otlp/", "https://a/otlp/v1/traces"),
    ] {
        let found = endpoint(&["--otel-exporter-otlp-endpoint", url]);
        assert_eq!(found.as_deref(), Some(expected));
    }
    let own = [
        "--otel-exporter-otlp-endpoint=http://a",
        "--otel-exporter-otlp-traces-endpoint=http://b/x",
    ];
    assert_eq!(endpoint(&own).as_deref(), Some("http://b/x"));
    let disabled = [
        "--otel-exporter-otlp-endpoint=http://a",
        "--otel-sdk-disabled=true",
    ];
    assert_eq!(endpoint(&disabled), None);
    for flag in [
        "--otel-exporter-otlp-endpoint=localhost:4318",
        "--otel-exporter-otlp-protocol=grpc",
        "--otel-exporter-otlp-headers=authorization",
        "--otel-exporter-otlp-headers=a b=c",
        "--otel-exporter-otlp-headers=a=b%0Ac",
        "--otel-resource-attributes==a",
        "--otel-traces-sampler=xray",
        "--otel-traces-sampler-arg=2",
        "--otel-sdk-disabled=perhaps",
    ] {
        assert!(Command::try_parse_from(["serve", flag]).is_err(), "{flag}");
    }
}

/// A caller who listens to the greeting and hangs up.
async fn place_a_call(serving: &Serving) {
    let carrier = Carrier::new(serving.carrier_options()).unwrap();
    let steps = vec![
        Step::WaitForSpeech,
        Step::WaitForQuiet(ms(300)),
        Step::HangUp,
    ];
    let report = carrier.place_call(&Script::new(steps)).await;
    assert_eq!(report.failures, Vec::<String>::new());
}

fn a_span(id: u64) -> Span {
    Span {
        trace_id: 1,
        id,
        parent_id: None,
        name: "call".into(),
        kind: SpanKind::Server,
        started: SystemTime::UNIX_EPOCH + ms(1),
        ended: SystemTime::UNIX_EPOCH + ms(2),
        attributes: Vec::new(),
        events: Vec::new(),
        error: None,
    }
}
