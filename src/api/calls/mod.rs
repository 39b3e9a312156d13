//! `/api/calls`: the log of calls, what goes on now, and everything kept of a call.

mod body;
mod conference;
pub(super) mod control;
pub(super) mod live;
mod live_call;
pub(super) mod log;
mod own;
pub(super) mod recording;
pub(super) mod remarks;
pub(super) mod show;
pub(super) mod stats;
pub(super) mod transfer;

pub(super) use body::{CallBody, MoneyBody};
pub(super) use show::seen;
