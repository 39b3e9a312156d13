//! One call as a machine: events in, actions out.
