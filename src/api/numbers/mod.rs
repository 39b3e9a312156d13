//! `/api/numbers`: the telephone numbers of the tenant, here and at the carrier.
//!
//! A file a thing that is done with them. Where a call to one leads is not
//! told here, but for the receptionist who answers.

mod body;
mod purchase_record;
mod webhooks;

pub(super) mod available;
pub(super) mod change;
pub(super) mod configure;
pub(super) mod import;
pub(super) mod list;
pub(super) mod purchase;
pub(super) mod release;
pub(super) mod show;
