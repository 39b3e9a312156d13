//! What the carrier calls.
