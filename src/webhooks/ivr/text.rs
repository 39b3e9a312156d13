//! The text messages of a flow: to the caller, from the number that was called.

use sha2::{Digest as _, Sha256};

use crate::domain::{
    CallId, DialRefusal, Direction, Party, PhoneNumber, Pii, SmsId, SmsState, TenantId, Timestamp,
};
use crate::routing::ivr::Walk;
use crate::store::call_events::{self, NewEvent};
use crate::store::sms_messages::{self, NewSms};
use crate::store::{Error, in_time};
use crate::twilio::webhook::VoiceRequest;
use crate::webhooks::Webhooks;
use crate::webhooks::memory::Placed;

/// Has the texts of a walk sent to the caller, as far as that can be done, and
/// notes what became of each. Nobody waits for it.
pub(super) fn send(house: &Webhooks, placed: &Placed, request: &VoiceRequest, walk: &Walk) {
    if walk.texts.is_empty() {
        return;
    }
    let sending = Sending {
        house: house.clone(),
        tenant: placed.tenant_id,
        call: placed.call_id,
    };
    let ends = request
        .from
        .number()
        .cloned()
        .zip(request.to.number().cloned());
    let ends = ends.filter(|_| house.carrier.is_some());
    let texts = walk.texts.clone();
    let step = format!("{}/{}/{}", placed.call_id, walk.state.node, walk.state.step);
    tokio::spawn(async move {
        for (n, text) in texts.into_iter().enumerate() {
            let id = name(&step, n);
            let outcome = match &ends {
                None => Ok("skipped"),
                Some((to, from)) => in_time(sending.submit(id, (to, from), &text)).await,
            };
            let outcome = outcome.unwrap_or_else(|error| {
                tracing::warn!(call.id = %sending.call, %error, "ivr.text_not_sent");
                "failed"
            });
            sending.note(outcome).await;
        }
    });
}

/// The same name for the same text, whichever process walks the same step again:
/// it is written down once.
fn name(step: &str, n: usize) -> SmsId {
    let hash = Sha256::digest(format!("{step}/{n}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    SmsId::from_parts(Timestamp::from_ms(0), u128::from_le_bytes(bytes))
}

/// Texts on their way.
struct Sending {
    house: Webhooks,
    tenant: TenantId,
    call: CallId,
}

impl Sending {
    /// Writes a text down for a job to send, unless the caller wants none.
    async fn submit(
        &self,
        id: SmsId,
        (to, from): (&PhoneNumber, &PhoneNumber),
        body: &Pii<String>,
    ) -> Result<&'static str, Error> {
        let new = NewSms {
            id,
            tenant_id: self.tenant,
            direction: Direction::Outbound,
            message_sid: None,
            own: &Party::Number(from.clone()),
            stranger: &Party::Number(to.clone()),
            user: None,
            body,
            media: &[],
            state: SmsState::Pending,
            at: self.house.clock.now(),
        };
        let mut tx = self.house.store.begin().await?;
        let outcome = match sms_messages::submit(&mut tx, &new, true).await {
            Ok(outcome) => outcome,
            // The same step was walked before.
            Err(Error::Conflict) => return Ok("submitted"),
            Err(error) => return Err(error),
        };
        match outcome {
            Ok(()) => {}
            Err(DialRefusal::Unwanted) => return Ok("unwanted"),
            Err(_) => return Ok("refused"),
        }
        tx.commit().await?;
        Ok("submitted")
    }

    /// In the log of the call: `submitted`, `failed`, `unwanted` by the caller,
    /// `refused` by the tenant's policy, or `skipped` because there is no account
    /// at the carrier or no number at an end of the call.
    async fn note(&self, outcome: &'static str) {
        metrics::counter!("frontdesk_ivr_texts_total", "outcome" => outcome).increment(1);
        let detail = format!(r#"{{"outcome":"{outcome}"}}"#);
        let event = NewEvent {
            kind: "ivr.text",
            detail: Pii::new(&detail),
            at: self.house.clock.now(),
            key: None,
        };
        let noted = call_events::append(&self.house.store, self.tenant, self.call, &event);
        if let Err(error) = in_time(noted).await {
            tracing::warn!(call.id = %self.call, %error, outcome, "ivr.text_not_noted");
        }
    }
}
