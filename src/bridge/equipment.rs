//! What agents have beside the line.

use super::phrases::Phrasebook;
use super::tools::Toolbox;

/// What agents have beside the line.
#[derive(Clone, Default)]
pub struct Equipment {
    /// What callers hear while nobody answers.
    pub phrasebook: Option<Phrasebook>,
    /// Tools; without it they can only end a call.
    pub toolbox: Option<Toolbox>,
}
