//! What calls have beside the line.

use std::sync::Arc;

use super::phrases::Phrasebook;
use super::span::SpanSink;
use super::tools::Toolbox;

/// What calls have beside the line.
#[derive(Clone, Default)]
pub struct Equipment {
    /// What callers hear while nobody answers.
    pub phrasebook: Option<Phrasebook>,
    /// Tools; without it they can only end a call.
    pub toolbox: Option<Toolbox>,
    /// Who collects traces of calls, if anybody does.
    pub spans: Option<Arc<dyn SpanSink>>,
}
