//! What all spans of one call have in common: whose they are, and their time of day.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::span::{Span, SpanKind, SpanSink};
use super::trace::Beginning;
use crate::domain::{ModelPrice, Money, Timestamp, Usage};

/// What holds for all spans of a call.
pub(super) struct Origin {
    trace_id: u128,
    /// The span of the whole.
    root_id: u64,
    began: Instant,
    began_at: SystemTime,
    at: Timestamp,
    call_id: String,
    tenant_id: String,
    model: Option<String>,
    price: Option<ModelPrice>,
    sink: Arc<dyn SpanSink>,
}

impl Origin {
    /// The origin of a call's spans, and the span of the whole.
    pub(super) fn begin(sink: &Arc<dyn SpanSink>, beginning: &Beginning<'_>) -> (Self, Span) {
        let since = u64::try_from(beginning.at.as_ms()).unwrap_or_default();
        let began_at = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
        let admission = beginning.admission;
        let trace_id = admission.call_id.number();
        let mut root = Span::begin((trace_id, None), ("call", SpanKind::Server), began_at);
        let origin = Self {
            trace_id,
            root_id: root.id,
            began: beginning.began,
            began_at,
            at: beginning.at,
            call_id: admission.call_id.to_string(),
            tenant_id: admission.tenant_id.to_string(),
            model: beginning.model.map(str::to_owned),
            price: beginning.price,
            sink: Arc::clone(sink),
        };
        origin.sign(&mut root);
        (origin, root)
    }

    /// A part of `parent` that begins.
    pub(super) fn span(
        &self,
        parent: u64,
        what: (impl Into<Cow<'static, str>>, SpanKind),
        now: Instant,
    ) -> Span {
        let mut span = Span::begin((self.trace_id, Some(parent)), what, self.at(now));
        self.sign(&mut span);
        span
    }

    /// The id of the whole.
    pub(super) fn root_id(&self) -> u64 {
        self.root_id
    }

    /// The time of day, by the clock that the call began with.
    pub(super) fn at(&self, now: Instant) -> SystemTime {
        self.began_at + now.saturating_duration_since(self.began)
    }

    /// The span, which ends now.
    pub(super) fn ended(&self, span: Span, now: Instant) -> Span {
        Span {
            ended: self.at(now),
            ..span
        }
    }

    /// Hands on a span that is over.
    pub(super) fn take(&self, span: Span) {
        self.sink.take(span);
    }

    /// Whose it is.
    fn sign(&self, span: &mut Span) {
        span.know("frontdesk.call.id", self.call_id.clone());
        span.know("frontdesk.tenant.id", self.tenant_id.clone());
        span.know("gen_ai.conversation.id", self.call_id.clone());
    }

    /// Which model has to do with it.
    pub(super) fn know_model(&self, span: &mut Span) {
        span.know("gen_ai.provider.name", "openai");
        if let Some(model) = &self.model {
            span.know("gen_ai.request.model", model.clone());
        }
    }

    /// What was used in a part of the call, and what that costs.
    pub(super) fn know_usage(&self, span: &mut Span, used: Usage) {
        let cost = self.price.map(|price| price.cost(&used, self.at));
        know_usage(span, (used, cost));
    }
}

/// What was used, and what that costs.
pub(super) fn know_usage(span: &mut Span, (used, cost): (Usage, Option<Money>)) {
    let input = used.input_text_tokens + used.input_audio_tokens;
    let cached = used.cached_text_tokens + used.cached_audio_tokens;
    let output = used.output_text_tokens + used.output_audio_tokens;
    span.know("gen_ai.usage.input_tokens", input);
    span.know("gen_ai.usage.cache_read.input_tokens", cached);
    span.know("gen_ai.usage.output_tokens", output);
    if let Some(cost) = cost {
        span.know("frontdesk.cost.micros", cost.micros);
        let currency = cost.currency.as_str().to_owned();
        span.know("frontdesk.cost.currency", currency);
    }
}
