//! What a value looks like that could not be parsed.

/// A text that is not what its type wants.
///
/// Says what was expected, never what was found: the text may be a caller's
/// number.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseError {
    /// What the type wants, in words for the person who wrote the text.
    pub expected: &'static str,
}
