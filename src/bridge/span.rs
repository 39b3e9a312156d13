//! Spans: stretches of a call, for whoever collects traces of calls.

use std::borrow::Cow;
use std::fmt;
use std::time::SystemTime;

use crate::clock::random_bytes;

/// A stretch of a call that is over. It tells nothing that was said, and of
/// people neither number nor name.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Of which trace: all of a call have its id.
    pub trace_id: u128,
    /// Its own id.
    pub id: u64,
    /// Part of which other; none is the whole.
    pub parent_id: Option<u64>,
    /// What it is called.
    pub name: Cow<'static, str>,
    /// Who asks whom.
    pub kind: SpanKind,
    /// When it began.
    pub started: SystemTime,
    /// When it was over.
    pub ended: SystemTime,
    /// What is known about it, by name.
    pub attributes: Vec<(&'static str, SpanValue)>,
    /// What happened meanwhile, and when.
    pub events: Vec<(&'static str, SystemTime)>,
    /// The word for why it failed, if it did.
    pub error: Option<&'static str>,
}

/// Who asks whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpanKind {
    /// Somebody asks us.
    Server,
    /// We ask somebody.
    Client,
    /// We are among ourselves.
    Internal,
}

/// What an attribute says.
#[derive(Clone, Debug, PartialEq)]
pub enum SpanValue {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Whole(i64),
}

impl From<i64> for SpanValue {
    fn from(number: i64) -> Self {
        Self::Whole(number)
    }
}

impl From<u32> for SpanValue {
    fn from(number: u32) -> Self {
        Self::Whole(number.into())
    }
}

impl From<&'static str> for SpanValue {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for SpanValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// Takes spans, and makes nobody wait for it.
pub trait SpanSink: fmt::Debug + Send + Sync {
    /// Whether it takes the spans of that trace.
    fn wants(&self, trace_id: u128) -> bool;

    /// Takes one.
    fn take(&self, span: Span);
}

impl Span {
    /// One that begins.
    pub(super) fn begin(
        (trace_id, parent_id): (u128, Option<u64>),
        (name, kind): (impl Into<Cow<'static, str>>, SpanKind),
        started: SystemTime,
    ) -> Self {
        Self {
            trace_id,
            id: u64::from_le_bytes(random_bytes()),
            parent_id,
            name: name.into(),
            kind,
            started,
            ended: started,
            attributes: Vec::new(),
            events: Vec::new(),
            error: None,
        }
    }

    /// This is known about it.
    pub(super) fn know(&mut self, name: &'static str, value: impl Into<SpanValue>) {
        self.attributes.push((name, value.into()));
    }

    /// This happened meanwhile. So many are enough.
    pub(super) fn happened(&mut self, what: &'static str, at: SystemTime) {
        if self.events.len() < MAX_EVENTS {
            self.events.push((what, at));
        }
    }
}

/// What is kept of what happens in one span.
const MAX_EVENTS: usize = 64;
