//! The simulators: strict, and true to the real ones.

mod calls;
mod conferences;
mod events;
mod gateway;
mod mcp;
mod model_client;
mod sessions;
mod streams;
mod together;
