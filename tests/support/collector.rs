//! A collector of traces that speaks OTLP by HTTP, and is strict about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// As it should.
    Well,
    /// With this status.
    Status(u16),
    /// Never.
    Silent,
}

/// Gone when it is dropped.
pub(crate) struct Collector {
    /// Where it listens.
    pub(crate) url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    manner: Mutex<Manner>,
    taken: Mutex<Vec<ResourceSpans>>,
    headers: Mutex<Vec<HeaderMap>>,
    asked: watch::Sender<usize>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Collector {
    pub(crate) async fn start(manner: Manner) -> Self {
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            taken: Mutex::default(),
            headers: Mutex::default(),
            asked: watch::Sender::new(0),
        });
        let router = Router::new().route("/v1/traces", post(take));
        let router = router.with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, task }
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// How often it was asked, and refused or not.
    pub(crate) fn asked(&self) -> usize {
        *self.shared.asked.borrow()
    }

    /// Waits until it was asked for the first time.
    pub(crate) async fn is_asked(&self) {
        let mut asked = self.shared.asked.subscribe();
        let asked = asked.wait_for(|asked| *asked > 0);
        let asked = tokio::time::timeout(Duration::from_secs(20), asked).await;
        asked.expect("it is asked within 20 s").unwrap();
    }

    /// The headers of the first request.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.shared.headers.lock().unwrap()[0].clone()
    }

    /// What was said of the process.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        let taken = self.shared.taken.lock().unwrap();
        attributes(&taken[0].resource.as_ref().unwrap().attributes)
    }

    /// All spans, once they are found to be as they should.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let taken = self.shared.taken.lock().unwrap();
        let scopes = taken.iter().flat_map(|one| &one.scope_spans);
        let spans: Vec<_> = scopes.flat_map(|scope| scope.spans.clone()).collect();
        let ids: BTreeSet<_> = spans.iter().map(|span| span.span_id.clone()).collect();
        assert_eq!(ids.len(), spans.len(), "no span comes twice");
        for span in &spans {
            check(span);
            let is_known = span.parent_span_id.is_empty() || ids.contains(&span.parent_span_id);
            assert!(is_known, "{} is nobody's child", span.name);
        }
        spans
    }

    /// Everything that it was told, as text.
    pub(crate) fn everything(&self) -> String {
        format!("{:?}", self.shared.taken.lock().unwrap())
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let manner = *shared.manner.lock().unwrap();
    shared.headers.lock().unwrap().push(headers.clone());
    shared.asked.send_modify(|asked| *asked += 1);
    match manner {
        Manner::Well => {}
        Manner::Silent => std::future::pending().await,
        Manner::Status(status) => return StatusCode::from_u16(status).unwrap().into_response(),
    }
    let is_proto = headers["content-type"] == "application/x-protobuf";
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if !is_proto || request.resource_spans.is_empty() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    shared.taken.lock().unwrap().extend(request.resource_spans);
    let answer = ExportTraceServiceResponse::default().encode_to_vec();
    ([("content-type", "application/x-protobuf")], answer).into_response()
}

fn check(span: &Span) {
    assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
    assert!(span.trace_id.iter().any(|byte| *byte != 0));
    assert!(span.span_id.iter().any(|byte| *byte != 0));
    assert!(!span.name.is_empty() && span.kind != 0, "{}", span.name);
    let (from, to) = (span.start_time_unix_nano, span.end_time_unix_nano);
    assert!(0 < from && from <= to, "{}", span.name);
    for event in &span.events {
        let at = event.time_unix_nano;
        assert!(from <= at && at <= to, "{} in {}", event.name, span.name);
    }
    let known = attributes(&span.attributes);
    assert_eq!(known.len(), span.attributes.len(), "{}", span.name);
}

/// Attributes by name.
pub(crate) fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let pair = |pair: &KeyValue| {
        let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
        let value = if let Some(Value::StringValue(text)) = value {
            text.clone()
        } else if let Some(Value::IntValue(number)) = value {
            number.to_string()
        } else {
            panic!("{}: {value:?}", pair.key);
        };
        (pair.key.clone(), value)
    };
    pairs.iter().map(pair).collect()
}
