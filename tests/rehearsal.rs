//! The simulators: strict, and true to the real ones.
