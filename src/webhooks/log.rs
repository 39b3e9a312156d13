//! A call's entry in the log, opened by whoever hears of the call first.

use super::Webhooks;
use crate::domain::{CallId, CallLog};
use crate::store::{Error, calls, numbers};
use crate::twilio::webhook::VoiceRequest;

/// Finds the call's entry or makes it. None only where the database has no
/// receptionist at all.
pub(super) async fn open(
    house: &Webhooks,
    request: &VoiceRequest,
) -> Result<Option<CallLog>, Error> {
    let answering = numbers::answering(&house.store, request.to.number()).await?;
    let Some((tenant, _)) = answering else {
        return Ok(None);
    };
    let new = calls::NewCall {
        id: CallId::of_sid(&request.call_sid),
        tenant_id: tenant.id,
        call_sid: request.call_sid.clone(),
        direction: request.direction,
        from: request.from.clone(),
        to: request.to.clone(),
        receptionist_id: None,
        status: request.status,
        created_at: house.clock.now(),
    };
    let (call, _) = calls::find_or_create(&house.store, &new).await?;
    Ok(Some(call))
}
