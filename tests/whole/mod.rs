//! Around the whole: a simulated carrier, the gateway, a simulated model, over real sockets.

mod conversation;
mod desk;
mod doors;
mod endings;
mod privacy;
mod truncation;
