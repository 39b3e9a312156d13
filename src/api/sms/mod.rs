//! `/api/sms/...`: text messages, and who does not want any.

pub(super) mod messages;
pub(super) mod opt_outs;
pub(super) mod send;
