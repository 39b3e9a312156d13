//! What the carrier does for each verb of TwiML.
//!
//! Time that nobody listens to is not spent: `<Say>`, `<Play>`, `<Pause>` and
//! the conversation behind a `<Dial>` take none, unless it is to be
//! [led elsewhere](super::talk).

use tokio::time::sleep;

use super::call::{Call, Flow};
use super::forms;
use super::twiml::Element;
use crate::rehearsal::exchange::Exchange;
use crate::rehearsal::names::carrier_name;

impl Call<'_> {
    pub(super) async fn run_verb(&mut self, verb: &Element) -> Result<Flow, String> {
        match verb.name.as_str() {
            "Connect" => self.connect(verb).await,
            "Redirect" => self.follow(&verb.text, verb, Vec::new()).await,
            "Dial" => self.dial(verb).await,
            "Gather" => self.gather(verb).await,
            "Record" => self.record(verb).await,
            "Reject" => {
                let is_busy = verb.attribute("reason") == Some("busy");
                let status = if is_busy { "busy" } else { "no-answer" };
                if self.report.final_status == "ringing" {
                    status.clone_into(&mut self.report.final_status);
                }
                Ok(Flow::End)
            }
            "Enqueue" => self.enqueue(verb).await,
            "Hangup" | "Echo" => Ok(Flow::End),
            // What is only heard; and what the carrier warned of and leaves out.
            _ => Ok(Flow::Next),
        }
    }

    async fn dial(&mut self, dial: &Element) -> Result<Flow, String> {
        if dial.leaf_texts().is_empty() {
            return Err("13201: <Dial> calls nobody".to_owned());
        }
        if let (Some(exchange), Some(queue)) = (self.exchange(), dial.child("Queue")) {
            return self.dial_queue(&exchange, (dial, queue)).await;
        }
        if let Some(conference) = dial.child("Conference") {
            return self.confer((dial, conference)).await;
        }
        let child = carrier_name("CA");
        if self.options().dial_outcome.status == "completed" {
            let live = self.options().live.clone();
            if let Some(live) = &live {
                let to = dial.children.first().map_or("", |noun| &noun.text);
                live.begin(self.child(&child, to));
            }
            self.pick_up(dial, &child).await?;
            if let Some(live) = live {
                return self.converse(&live, (dial, &child)).await;
            }
            self.record_dialled(dial).await?;
        }
        let extra = forms::dialled(self.options(), &child);
        self.after_dial(dial, extra).await
    }

    async fn dial_queue(
        &mut self,
        exchange: &Exchange,
        (dial, queue): (&Element, &Element),
    ) -> Result<Flow, String> {
        let is_bridged = self.summon(exchange, queue).await?;
        if is_bridged {
            self.record_dialled(dial).await?;
        }
        let extra = forms::dialled_queue(self.options(), is_bridged);
        match dial.attribute("action") {
            Some(action) => self.follow(action, dial, extra).await,
            None => Ok(Flow::Next),
        }
    }

    /// The first of them picks up: a person, as is found out if that is wanted. Who wants
    /// to be told is told, and they hear what the noun wants before the two are connected.
    async fn pick_up(&mut self, dial: &Element, child: &str) -> Result<(), String> {
        let Some(noun) = dial.children.first() else {
            return Ok(());
        };
        let picked_up = forms::picked_up((&self.report.call_sid, child), &noun.text);
        if let Some(url) = noun.attribute("amdStatusCallback") {
            let url = self.resolve(url)?;
            self.call_back(url, &forms::found_out(child, "human")).await;
        }
        let events = noun.attribute("statusCallbackEvent").unwrap_or_default();
        if let Some(url) = noun.attribute("statusCallback")
            && events.split(' ').any(|event| event == "answered")
        {
            let url = self.resolve(url)?;
            self.call_back(url, &picked_up).await;
        }
        if let Some(url) = noun.attribute("url") {
            self.listen(url, &picked_up).await?;
        }
        Ok(())
    }

    /// What the two said was recorded, if it was to be.
    pub(super) async fn record_dialled(&mut self, dial: &Element) -> Result<(), String> {
        let records = dial.attribute("record").unwrap_or("do-not-record");
        let callback = dial.attribute("recordingStatusCallback");
        let (true, Some(callback)) = (records != "do-not-record", callback) else {
            return Ok(());
        };
        let url = self.resolve(callback)?;
        let recording_sid = self.options().recording_sid.clone();
        let recording_sid = recording_sid.unwrap_or_else(|| carrier_name("RE"));
        let extra = forms::dial_recorded(self.options(), &recording_sid, self.now());
        self.call_back(url, &extra).await;
        Ok(())
    }

    /// Without an exchange the caller hears once what those hear who wait, and waits no
    /// longer.
    async fn enqueue(&mut self, enqueue: &Element) -> Result<Flow, String> {
        if let Some(exchange) = self.exchange() {
            return self.wait_in(&exchange, enqueue).await;
        }
        if let Some(url) = enqueue.attribute("waitUrl") {
            let heard = self.listen(url, &forms::waiting()).await?;
            self.report.verbs.extend(heard);
        }
        let outcome = self.options().queue_outcome.clone();
        if outcome == "hangup" {
            self.hang_up();
        }
        let extra = forms::form(&[("QueueResult", &outcome), ("QueueTime", "1")]);
        match enqueue.attribute("action") {
            Some(action) => self.follow(action, enqueue, extra).await,
            None => Ok(Flow::End),
        }
    }

    async fn gather(&mut self, gather: &Element) -> Result<Flow, String> {
        let max = gather
            .attribute("numDigits")
            .and_then(|digits| digits.parse().ok());
        let finish = gather
            .attribute("finishOnKey")
            .unwrap_or("#")
            .chars()
            .next();
        if self.exchange().is_some() {
            // Somebody may be hung up on while they think.
            sleep(self.caller().thinks()).await;
        }
        let keys = self.caller().press_keys(max.unwrap_or(usize::MAX), finish);
        let is_wanted = gather.attribute("actionOnEmptyResult") == Some("true");
        if keys.is_empty() && !is_wanted {
            return Ok(Flow::Next);
        }
        let action = gather.attribute("action").unwrap_or_default();
        let extra = forms::form(&[("Digits", &keys), ("FinishedOnKey", "")]);
        self.follow(action, gather, extra).await
    }

    async fn record(&mut self, record: &Element) -> Result<Flow, String> {
        let lasting = self.caller().leave_message();
        if lasting.is_zero() {
            return Ok(Flow::Next);
        }
        self.hang_up();
        let recording_sid = carrier_name("RE");
        let extra = forms::recorded(self.options(), &recording_sid, lasting);
        if let Some(callback) = record.attribute("recordingStatusCallback") {
            let url = self.resolve(callback)?;
            let mut extra = extra.clone();
            extra.extend(forms::recording_completed(
                ("RecordVerb", "inbound", "1"),
                self.now(),
            ));
            self.call_back(url, &extra).await;
        }
        let action = record.attribute("action").unwrap_or_default();
        self.follow(action, record, extra).await
    }
}
