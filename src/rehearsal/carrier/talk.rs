//! Two who speak, and a conference: here time passes, until somebody hangs up or is led
//! elsewhere over REST.

use futures::future::BoxFuture;
use tokio::time::sleep;
use url::Url;

use super::call::{Call, Flow};
use super::carrier::Carrier;
use super::forms::{self, Form};
use super::options::{CarrierOptions, Script};
use super::orders::{self, path_of};
use super::report::CallReport;
use super::twiml::{self, Element};
use super::webhook::WebhookRequest;
use crate::rehearsal::rest::live::{Address, Entered, Entering, Meanwhile, News, Seen, Told};
use crate::rehearsal::rest::{LiveCalls, RestCall};

impl Call<'_> {
    /// The two speak. A leg that is led elsewhere goes on without the caller, who has what
    /// comes behind the `<Dial>`; a caller who is led elsewhere leaves it alone.
    pub(super) async fn converse(
        &mut self,
        live: &LiveCalls,
        (dial, child): (&Element, &str),
    ) -> Result<Flow, String> {
        let own = self.report.call_sid.clone();
        let patience = self.options().patience;
        let (of_own, of_child) = tokio::select! {
            news = live.news(&own, self.told) => (Some(news), None),
            news = live.news(child, 0) => (None, Some(news)),
            () = sleep(patience) => (Some(News::Ended), None),
        };
        self.record_dialled(dial).await?;
        match (of_own, of_child) {
            (Some(News::Told(told)), _) => {
                live.hang_up(child);
                return self.led(&told).await;
            }
            (Some(News::Ended), _) => {
                live.hang_up(child);
                self.hang_up();
            }
            (None, Some(News::Told(told))) => self.send_off(child, dial, &told)?,
            (None, Some(News::Ended) | None) => {}
        }
        let extra = forms::dialled(self.options(), child);
        self.after_dial(dial, extra).await
    }

    /// The call that a `<Dial>` has made, as the account has it.
    pub(super) fn child(&self, sid: &str, to: &str) -> RestCall {
        RestCall {
            direction: "outbound-dial".to_owned(),
            parent: Some(self.report.call_sid.clone()),
            ..RestCall::new(sid, (&self.options().from, to), "in-progress")
        }
    }

    /// The leg is a call of its own from now on, and does what it was told.
    fn send_off(&mut self, child: &str, dial: &Element, told: &Told) -> Result<(), String> {
        let url = orders::told(told, "Url").ok_or("21205: the leg is told no Url")?;
        let document = self.resolve(url)?;
        let number = dial.children.first().map(|noun| noun.text.clone());
        let options = CarrierOptions {
            call_sid: Some(child.to_owned()),
            direction: "outbound-dial".to_owned(),
            status_path: orders::told(told, "StatusCallback").and_then(path_of),
            fallback_path: None,
            to: number.unwrap_or_default(),
            ..self.options().clone()
        };
        let leg = run(self.carrier_with(options), document);
        self.legs.push(tokio::spawn(leg));
        Ok(())
    }

    /// Joins a conference, and is in it until it is over or the call is.
    pub(super) async fn confer(
        &mut self,
        (dial, noun): (&Element, &Element),
    ) -> Result<Flow, String> {
        let Some(live) = self.options().live.clone() else {
            return Err("13233: a conference needs the account that it is in".to_owned());
        };
        let call_sid = self.report.call_sid.clone();
        let is = |name, usual| noun.attribute(name).map_or(usual, |value| value == "true");
        let entered = live.enter(&Entering {
            call_sid: &call_sid,
            name: &noun.text,
            label: noun.attribute("participantLabel"),
            is_muted: is("muted", false),
            starts: is("startConferenceOnEnter", true),
            ends: is("endConferenceOnExit", false),
        });
        if let Some(url) = noun.attribute("waitUrl").filter(|_| entered.is_first) {
            let is_get = noun.attribute("waitMethod") == Some("GET");
            self.hear(&(url.to_owned(), is_get), &entered).await?;
        }
        let told = self.stay(&live, &entered).await?;
        if entered.is_first && live.has_begun(&entered.conference_sid) {
            self.record_conference(noun, &entered).await?;
        }
        if let Some(told) = told {
            return self.led(&told).await;
        }
        let extra = forms::form(&[("DialCallStatus", "answered")]);
        self.after_dial(dial, extra).await
    }

    /// Until the end; where the call is led elsewhere, what it was told.
    async fn stay(&mut self, live: &LiveCalls, entered: &Entered) -> Result<Option<Told>, String> {
        let call_sid = self.report.call_sid.clone();
        let patience = self.options().patience;
        let mut seen = Seen {
            told: self.told,
            holds: 0,
            announcements: 0,
        };
        loop {
            let there = (entered.conference_sid.as_str(), &mut seen);
            let next = tokio::select! {
                next = live.meanwhile(&call_sid, there) => next,
                () = sleep(patience) => {
                    self.report.gave_up_at = Some("a conference".to_owned());
                    live.hang_up(&call_sid);
                    Meanwhile::Ended
                }
            };
            match next {
                Meanwhile::Held(music) => self.hear(&music, entered).await?,
                // The carrier asks once, and all hear it.
                Meanwhile::Announced(_) if !entered.is_first => {}
                Meanwhile::Announced((url, _)) => {
                    let extra = forms::form(&[("ConferenceSid", &entered.conference_sid)]);
                    let heard = self.listen(&url, &extra).await?;
                    self.report.verbs.extend(heard);
                }
                Meanwhile::Told(told) => return Ok(Some(told)),
                Meanwhile::Left => return Ok(None),
                Meanwhile::Ended => {
                    self.hang_up();
                    return Ok(None);
                }
            }
        }
    }

    /// Does what it was told over REST instead of what it does.
    async fn led(&mut self, told: &Told) -> Result<Flow, String> {
        self.told += 1;
        if let Some(document) = orders::told(told, "Twiml") {
            let document = twiml::read(document)?;
            self.report.violations.extend(document.warnings);
            return Ok(Flow::Goto(document.verbs));
        }
        let url = orders::told(told, "Url").ok_or("21205: the call is told no Url")?;
        self.follow(url, &Element::default(), Form::new()).await
    }

    /// What follows a `<Dial>`.
    pub(super) async fn after_dial(&mut self, dial: &Element, extra: Form) -> Result<Flow, String> {
        match dial.attribute("action") {
            Some(action) => self.follow(action, dial, extra).await,
            None if self.has_hung_up() => Ok(Flow::End),
            None => Ok(Flow::Next),
        }
    }

    /// Music, which must be sound or a document.
    async fn hear(&mut self, (url, is_get): &Address, entered: &Entered) -> Result<(), String> {
        let extra = forms::form(&[("ConferenceSid", &entered.conference_sid)]);
        let request = WebhookRequest {
            is_get: *is_get,
            ..WebhookRequest::post(self.resolve(url)?, self.form(&extra))
        };
        let answer = self.ask(&request).await;
        if !answer.is_sound() {
            self.report.violations.extend(answer.document()?.warnings);
        }
        self.report.requests.push(answer.report);
        Ok(())
    }

    /// What was said in a conference was recorded, if it was to be.
    async fn record_conference(&mut self, noun: &Element, entered: &Entered) -> Result<(), String> {
        let records = noun.attribute("record") == Some("record-from-start");
        let callback = noun.attribute("recordingStatusCallback");
        let (true, Some(callback)) = (records, callback) else {
            return Ok(());
        };
        let url = self.resolve(callback)?;
        let extra = forms::conference_recorded(self.options(), &entered.conference_sid, self.now());
        self.call_back(url, &extra).await;
        Ok(())
    }
}

/// A call that does what the document says, until its end.
fn run(carrier: Carrier, document: Url) -> BoxFuture<'static, CallReport> {
    Box::pin(async move {
        let script = Script::new([]);
        Call::new(&carrier, &script, document).run().await
    })
}
