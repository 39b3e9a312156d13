//! Spans on their way to a collector, which may be slow, or away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use metrics::counter;
use opentelemetry::trace::{Event, SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value, trace};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SamplingDecision, ShouldSample as _, SpanData,
    SpanEvents, SpanLinks, SpanProcessor as _,
};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::trace_config::TraceConfig;
use crate::bridge::{Span, SpanKind, SpanSink, SpanValue};
use crate::egress;

/// Spans that may wait: those of five hundred calls in half a minute.
const ROOM: usize = 4_096;
/// Spans of one request.
const BATCH: usize = 512;
/// How long spans wait for others to go with them.
const DELAY: Duration = Duration::from_secs(5);
/// A collector has so long for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever ends waits so long for the last spans to be taken.
const LAST_SPANS: Duration = Duration::from_secs(5);
/// What is read of a collector's answer.
const MAX_ANSWER: usize = 64 * 1024;

/// Takes spans and never waits: a thread of its own tells the collector.
///
/// Spans that find no room are left out and counted.
#[derive(Debug)]
pub struct Traces {
    processor: BatchSpanProcessor,
    sampler: Sampler,
    scope: InstrumentationScope,
    waiting: Arc<AtomicUsize>,
}

impl Traces {
    /// Begins to tell the collector that `config` names, if it names one. To be
    /// called where tasks can be begun.
    ///
    /// # Errors
    ///
    /// If a header cannot be sent or the address is none.
    pub fn begin(config: &TraceConfig) -> anyhow::Result<Option<Arc<Self>>> {
        let Some(endpoint) = config.endpoint() else {
            return Ok(None);
        };
        let client = Client {
            http: egress::patient_for(Duration::from_secs(2), PATIENCE),
            headers: headers(config)?,
            runtime: Handle::current(),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            .with_endpoint(endpoint)
            .build();
        let waiting = Arc::<AtomicUsize>::default();
        let exporter = Teller {
            exporter: exporter.context("OTEL_EXPORTER_OTLP_ENDPOINT")?,
            waiting: Arc::clone(&waiting),
            is_away: AtomicBool::new(false),
        };
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(ROOM)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let mut processor = BatchSpanProcessor::new(exporter, batches);
        processor.set_resource(&resource(config));
        let version = env!("CARGO_PKG_VERSION");
        let scope = InstrumentationScope::builder("frontdesk");
        Ok(Some(Arc::new(Self {
            processor,
            sampler: Sampler::TraceIdRatioBased(config.ratio()),
            scope: scope.with_version(version).build(),
            waiting,
        })))
    }

    /// Waits until the last spans are taken, but not long for a collector that is
    /// away.
    pub async fn close(self: Arc<Self>) {
        let closing = spawn_blocking(move || self.processor.shutdown_with_timeout(LAST_SPANS));
        if !matches!(closing.await, Ok(Ok(()))) {
            tracing::warn!("the collector did not take the last of the traces in time");
        }
    }
}

impl SpanSink for Traces {
    fn wants(&self, trace_id: u128) -> bool {
        let (id, kind) = (TraceId::from(trace_id), trace::SpanKind::Server);
        let result = self
            .sampler
            .should_sample(None, id, "call", &kind, &[], &[]);
        result.decision == SamplingDecision::RecordAndSample
    }

    fn take(&self, span: Span) {
        let take = |waiting| (waiting < ROOM).then_some(waiting + 1);
        let taken = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_ok() {
            self.processor.on_end(data(span, self.scope.clone()));
        } else {
            counter!("frontdesk_spans_total", "outcome" => "dropped").increment(1);
        }
    }
}

/// Hands batches on, and says what becomes of them.
#[derive(Debug)]
struct Teller {
    exporter: SpanExporter,
    waiting: Arc<AtomicUsize>,
    is_away: AtomicBool,
}

impl opentelemetry_sdk::trace::SpanExporter for Teller {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let exported = self.exporter.export(batch).await;
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        let outcome = if exported.is_ok() { "sent" } else { "lost" };
        let spans = u64::try_from(count).unwrap_or(u64::MAX);
        counter!("frontdesk_spans_total", "outcome" => outcome).increment(spans);
        // Told once, for it may be away for long.
        let was_away = self.is_away.swap(exported.is_err(), Ordering::Relaxed);
        match &exported {
            Err(error) if !was_away => tracing::warn!(%error, "traces.lost"),
            Ok(()) if was_away => tracing::info!("traces.taken_again"),
            Ok(()) | Err(_) => {}
        }
        exported
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Our way out, for a thread that has no tasks.
struct Client {
    http: reqwest::Client,
    headers: HeaderMap,
    runtime: Handle,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (http, headers) = (self.http.clone(), self.headers.clone());
        let sent = self.runtime.spawn(async move {
            request.headers_mut().extend(headers);
            let mut response = http.execute(request.try_into()?).await?;
            let mut body = Vec::new();
            while let Some(piece) = response.chunk().await? {
                if body.len() + piece.len() > MAX_ANSWER {
                    break;
                }
                body.extend_from_slice(&piece);
            }
            let mut answer = Response::new(Bytes::from(body));
            *answer.status_mut() = response.status();
            *answer.headers_mut() = response.headers().clone();
            Ok::<_, reqwest::Error>(answer)
        });
        Ok(sent.await??)
    }
}

fn headers(config: &TraceConfig) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in config.headers() {
        let name = HeaderName::try_from(&header.name);
        let value = HeaderValue::try_from(header.value.expose());
        let (name, mut value) = name
            .ok()
            .zip(value.ok())
            .context("OTEL_EXPORTER_OTLP_HEADERS has a header that cannot be sent")?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// What is said of this process.
fn resource(config: &TraceConfig) -> Resource {
    let pair = |(name, value): &(String, String)| KeyValue::new(name.clone(), value.clone());
    let given = config.otel_resource_attributes.iter().map(pair);
    let named = config.otel_resource_attributes.iter();
    let named = named.clone().find(|(name, _)| name == "service.name");
    let name = match named {
        // The variable of its own is the stronger, where somebody has set it.
        Some((_, name)) if config.otel_service_name == "frontdesk" => name,
        _ => &config.otel_service_name,
    };
    Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(given)
        .with_service_name(name.clone())
        .build()
}

fn data(span: Span, instrumentation_scope: InstrumentationScope) -> SpanData {
    let span_context = SpanContext::new(
        TraceId::from(span.trace_id),
        SpanId::from(span.id),
        TraceFlags::SAMPLED,
        false,
        TraceState::NONE,
    );
    let attributes = span.attributes.into_iter();
    let mut attributes: Vec<_> = attributes
        .map(|(name, value)| KeyValue::new(name, known(value)))
        .collect();
    let failed = |error| KeyValue::new("error.type", error);
    attributes.extend(span.error.map(failed));
    let mut events = SpanEvents::default();
    let happened = span.events.into_iter();
    events.events = happened
        .map(|(what, at)| Event::new(what, at, Vec::new(), 0))
        .collect();
    SpanData {
        span_context,
        parent_span_id: span.parent_id.map_or(SpanId::INVALID, SpanId::from),
        parent_span_is_remote: false,
        span_kind: match span.kind {
            SpanKind::Server => trace::SpanKind::Server,
            SpanKind::Client => trace::SpanKind::Client,
            SpanKind::Internal => trace::SpanKind::Internal,
        },
        name: span.name,
        start_time: span.started,
        end_time: span.ended,
        attributes,
        dropped_attributes_count: 0,
        events,
        links: SpanLinks::default(),
        status: span.error.map_or(Status::Unset, Status::error),
        instrumentation_scope,
    }
}

fn known(value: SpanValue) -> Value {
    match value {
        SpanValue::Text(text) => Value::from(text),
        SpanValue::Whole(number) => Value::from(number),
    }
}
