//! Which plan for which caller.
