//! A simulated carrier and a simulated model, speaking the real protocols.

pub mod speech;
