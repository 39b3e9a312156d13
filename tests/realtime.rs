//! The Realtime protocol, there and back.
