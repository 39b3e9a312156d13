//! Where the carrier is told to ask when a number rings.

use crate::api::problem::ApiError;
use crate::api::state::ApiState;
use crate::twilio::rest::{NumberSettings, NumberWebhooks};

/// Our webhooks, and the name of the number if it has one.
pub(super) fn settings(state: &ApiState, label: Option<&str>) -> Result<NumberSettings, ApiError> {
    Ok(NumberSettings {
        friendly_name: label.map(str::to_owned),
        webhooks: Some(NumberWebhooks {
            voice: state.public_url("/api/voice/webhooks/twiml/inbound")?,
            voice_fallback: state.public_url("/api/voice/webhooks/fallback")?,
            status: state.public_url("/api/voice/webhooks/status")?,
            sms: state.public_url("/api/voice/webhooks/sms")?,
        }),
    })
}
