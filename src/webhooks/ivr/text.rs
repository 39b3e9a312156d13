//! The text messages of a flow: to the caller, from the number that was called.

use crate::domain::{Direction, Party, PhoneNumber, Pii, SmsId, SmsState, TenantId};
use crate::routing::ivr::Walk;
use crate::store::sms_messages::{self, NewSms, News};
use crate::store::{self, sms_opt_outs};
use crate::twilio::rest::{Client, Error, NewMessage};
use crate::twilio::webhook::VoiceRequest;
use crate::webhooks::Webhooks;
use crate::webhooks::memory::Placed;

/// Sends the texts of a walk to the caller, as far as that can be done. Nobody
/// waits for it.
pub(super) fn send(house: &Webhooks, placed: &Placed, request: &VoiceRequest, walk: &Walk) {
    if walk.texts.is_empty() {
        return;
    }
    let ends = request.from.number().zip(request.to.number());
    let (Some(carrier), Some((to, from))) = (&house.carrier, ends) else {
        tracing::warn!(call.id = %placed.call_id,
            "ivr.text_skipped: there is no account at the carrier, or no number to send it to");
        return count("skipped");
    };
    let sending = Sending {
        house: house.clone(),
        carrier: carrier.clone(),
        tenant: placed.tenant_id,
        to: to.clone(),
        from: from.clone(),
    };
    let (texts, call_id) = (walk.texts.clone(), placed.call_id);
    tokio::spawn(async move {
        for text in texts {
            let outcome = sending.send(text).await;
            count(outcome.unwrap_or_else(|error| {
                tracing::warn!(call.id = %call_id, %error, "ivr.text_not_sent");
                "failed"
            }));
        }
    });
}

fn count(outcome: &'static str) {
    metrics::counter!("frontdesk_ivr_texts_total", "outcome" => outcome).increment(1);
}

/// Texts on their way.
struct Sending {
    house: Webhooks,
    carrier: Client,
    tenant: TenantId,
    to: PhoneNumber,
    from: PhoneNumber,
}

impl Sending {
    /// Writes a text down and hands it to the carrier, unless the caller wants
    /// none; what became of it.
    async fn send(&self, body: Pii<String>) -> Result<&'static str, store::Error> {
        let store = &self.house.store;
        let opt_out = sms_opt_outs::find(store, self.tenant, &self.to).await?;
        if opt_out.is_some() {
            return Ok("unwanted");
        }
        let id: SmsId = self.house.clock.new_id();
        self.write_down(id, &body).await?;
        let here = format!("/api/voice/webhooks/sms-status?sms={id}");
        let message = NewMessage {
            to: self.to.clone(),
            from: self.from.clone(),
            body,
            status_callback: Some(self.house.url(&here)),
        };
        let (state, error_code) = match self.carrier.send_message(&message).await {
            Ok(sent) => {
                let news = News {
                    message_sid: &sent.sid,
                    id: Some(id),
                    state: SmsState::Queued,
                    error_code: sent.error_code,
                };
                sms_messages::apply(store, &news).await?;
                return Ok("sent");
            }
            Err(Error::Unknown(_)) => (SmsState::Unknown, None),
            Err(error) => (
                SmsState::Failed,
                error.refusal().and_then(|refusal| refusal.code),
            ),
        };
        let news = (state, error_code);
        sms_messages::settle(store, self.tenant, id, news).await?;
        Ok("failed")
    }

    async fn write_down(&self, id: SmsId, body: &Pii<String>) -> Result<(), store::Error> {
        let new = NewSms {
            id,
            tenant_id: self.tenant,
            direction: Direction::Outbound,
            message_sid: None,
            own: &Party::Number(self.from.clone()),
            stranger: &Party::Number(self.to.clone()),
            user: None,
            body,
            media: &[],
            state: SmsState::Pending,
            at: self.house.clock.now(),
        };
        let mut tx = self.house.store.begin().await?;
        sms_messages::insert(&mut tx, &new).await?;
        tx.commit().await
    }
}
