//! Around the whole: a simulated carrier, the gateway, a simulated model, over real sockets.

mod agents;
mod allocation;
mod beeps;
mod budgets;
mod closing;
mod contacts;
mod conversation;
mod desk;
mod doors;
mod endings;
mod forgotten;
mod frames;
mod ivr;
mod letters;
mod load;
mod outbound;
mod privacy;
mod queues;
mod reconnects;
pub(crate) mod recording;
mod routed;
mod routes;
mod sms;
mod tools;
mod truncation;
mod visitor;
mod voicemail;
