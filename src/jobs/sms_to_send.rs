//! Text messages on their way out: each of them goes once.

use anyhow::anyhow;

use super::house::JobHouse;
use super::worker::{Failure, Next};
use crate::domain::{OptOut, OptOutSource, Sms, SmsId, SmsState};
use crate::store::jobs::ClaimedJob;
use crate::store::sms_messages::{self, News};
use crate::store::sms_opt_outs;
use crate::twilio::rest::{Client, Error, Message, NewMessage, Refusal};

/// What was to be read today is not sent in the night after.
const TOO_LATE_MS: i64 = 6 * 3_600_000;
/// Clocks differ by no more than this.
const SKEW_MS: i64 = 60_000;

/// Sends the message that the job names, unless it may have gone out already:
/// then the carrier is asked for it first.
pub(super) async fn run(house: &JobHouse, job: &ClaimedJob) -> Result<Next, Failure> {
    let id: Option<SmsId> = job.payload.parse().ok();
    let (Some(tenant), Some(id)) = (job.tenant, id) else {
        return Err(Failure::GiveUp(anyhow!("it names no message")));
    };
    let Some(sms) = sms_messages::find(&house.store, tenant, id).await? else {
        return Ok(Next::Done);
    };
    let sending = Sending { house, sms: &sms };
    match sms.state {
        SmsState::Pending if sending.is_too_late() => {
            sending.settle(SmsState::Failed, None, None).await
        }
        SmsState::Pending => sending.first().await,
        SmsState::Unknown => sending.once_more().await,
        // The carrier has told where it stands.
        SmsState::Queued
        | SmsState::Sent
        | SmsState::Canceled
        | SmsState::Failed
        | SmsState::Undelivered
        | SmsState::Delivered
        | SmsState::Read
        | SmsState::Received => Ok(Next::Done),
    }
}

struct Sending<'a> {
    house: &'a JobHouse,
    sms: &'a Sms,
}

impl Sending<'_> {
    async fn first(&self) -> Result<Next, Failure> {
        let (Some(carrier), Some(message)) = (&self.house.carrier, self.message()) else {
            return self.settle(SmsState::Failed, None, None).await;
        };
        if self.is_unwanted(&message).await? {
            return self.settle(SmsState::Failed, None, Some(UNWANTED)).await;
        }
        // Written down before it is done: who dies over it leaves a trace.
        self.settle(SmsState::Unknown, None, None).await?;
        self.send(carrier, &message).await
    }

    async fn once_more(&self) -> Result<Next, Failure> {
        let (Some(carrier), Some(message)) = (&self.house.carrier, self.message()) else {
            return Ok(Next::Done);
        };
        let since = self.sms.created_at.plus_ms(-SKEW_MS);
        let found = carrier.find_messages(&message, since).await;
        let found = found.map_err(|error| Failure::Retry(error.into()))?;
        for Message { sid, .. } in found {
            // One of the same words, sent on purpose, is another message.
            if !sms_messages::is_known(&self.house.store, &sid).await? {
                return self.settle(SmsState::Queued, Some(&sid), None).await;
            }
        }
        if self.is_unwanted(&message).await? || self.is_too_late() {
            return self.settle(SmsState::Failed, None, None).await;
        }
        self.send(carrier, &message).await
    }

    async fn send(&self, carrier: &Client, message: &NewMessage) -> Result<Next, Failure> {
        match carrier.send_message(message).await {
            Ok(sent) => {
                metrics::counter!("frontdesk_sms_total", "direction" => "outbound").increment(1);
                self.settle(SmsState::Queued, Some(&sent.sid), None).await
            }
            Err(Error::Refused(refusal)) => self.refused(message, &refusal).await,
            // Where its answer was lost it is looked for before the next try.
            Err(error) => Err(Failure::Retry(error.into())),
        }
    }

    async fn refused(&self, message: &NewMessage, refusal: &Refusal) -> Result<Next, Failure> {
        if refusal.code == Some(UNWANTED) {
            let opt_out = OptOut {
                phone_number: message.to.clone(),
                source: OptOutSource::Carrier,
                created_at: self.house.clock.now(),
            };
            sms_opt_outs::put(&self.house.store, self.sms.tenant_id, &opt_out).await?;
        }
        tracing::warn!(sms.id = %self.sms.id, %refusal, "sms.refused");
        let code = refusal.code.unwrap_or(refusal.status.into());
        self.settle(SmsState::Failed, None, Some(code)).await
    }

    async fn settle(
        &self,
        state: SmsState,
        sid: Option<&str>,
        error_code: Option<u32>,
    ) -> Result<Next, Failure> {
        let news = News {
            message_sid: sid,
            id: Some(self.sms.id),
            state,
            error_code,
        };
        sms_messages::apply(&self.house.store, &news).await?;
        Ok(Next::Done)
    }

    fn is_too_late(&self) -> bool {
        self.house.clock.now() > self.sms.created_at.plus_ms(TOO_LATE_MS)
    }

    async fn is_unwanted(&self, message: &NewMessage) -> Result<bool, Failure> {
        let tenant = self.sms.tenant_id;
        let opt_out = sms_opt_outs::find(&self.house.store, tenant, &message.to).await?;
        Ok(opt_out.is_some())
    }

    /// As the carrier is told; none if one of the two has no number.
    fn message(&self) -> Option<NewMessage> {
        let url = self.house.public_url.as_ref();
        let path = "/api/voice/webhooks/sms-status";
        Some(NewMessage {
            to: self.sms.stranger.number()?.clone(),
            from: self.sms.own.number()?.clone(),
            body: self.sms.body.clone(),
            status_callback: url.map(|url| format!("{url}{path}?sms={}", self.sms.id)),
        })
    }
}

/// The carrier's number for somebody who wrote STOP.
///
/// <https://www.twilio.com/docs/api/errors/21610>
const UNWANTED: u32 = 21_610;
