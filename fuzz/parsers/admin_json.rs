//! What admins write, and what of it is read back from the database.

use std::fmt::Debug;

use frontdesk::store::text::{DialPolicyText, FlowText, HoursText, PlanText, StateText};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads it, whatever it is.
///
/// # Panics
///
/// If something of it is not as promised.
pub(crate) fn read(text: &str) {
    again::<PlanText>(text);
    let _ = serde_json::from_str::<HoursText>(text);
    let _ = serde_json::from_str::<DialPolicyText>(text);
    let _ = serde_json::from_str::<FlowText>(text);
    let _ = serde_json::from_str::<StateText>(text);
}

/// What is read is written so that the same is read again.
fn again<T: Debug + DeserializeOwned + PartialEq + Serialize>(text: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<T>(&written).unwrap(), value);
    }
}
