//! Sound, per 20 ms frame.

fn main() {}
