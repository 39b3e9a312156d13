//! One call: the webhook, the verbs, the streams, the end.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use url::Url;

use super::caller::Caller;
use super::carrier::Carrier;
use super::event::CarrierEventKind;
use super::forms::{self, Form};
use super::options::{CarrierOptions, Fault, Script};
use super::orders::{line, order_of};
use super::report::{CallReport, EndedBy, StreamReport};
use super::stream::{Stream, StreamPlan};
use super::teller::Teller;
use super::twiml::Element;
use super::upgrade::check_url;
use super::webhook::{WebhookAnswer, WebhookRequest};
use crate::rehearsal::exchange::Orders;
use crate::rehearsal::names::carrier_name;
use crate::rehearsal::rest::RestCall;

/// A call while it lasts.
pub(super) struct Call<'a> {
    pub(super) carrier: &'a Carrier,
    faults: &'a [Fault],
    caller: Caller,
    teller: Teller,
    pub(super) report: CallReport,
    /// The document that is being run; relative URLs start from it.
    document: Url,
    has_hung_up: bool,
    /// What it is told over REST; none where there is no exchange.
    pub(super) orders: Option<Orders>,
    /// How often the call was told something over REST, as far as it knows.
    pub(super) told: usize,
    /// Those whom it has rung, and who were led elsewhere.
    pub(super) legs: Vec<JoinHandle<CallReport>>,
}

/// What follows a verb.
pub(super) enum Flow {
    /// The next verb.
    Next,
    /// Another document.
    Goto(Vec<Element>),
    /// Nothing.
    End,
}

impl<'a> Call<'a> {
    pub(super) fn new(carrier: &'a Carrier, script: &'a Script, document: Url) -> Self {
        let call_sid = carrier.options.call_sid.clone();
        let call_sid = call_sid.unwrap_or_else(|| carrier_name("CA"));
        let exchange = carrier.options.exchange.as_ref();
        Self {
            orders: exchange.map(|exchange| exchange.open_line(line(&carrier.options, &call_sid))),
            carrier,
            faults: &script.faults,
            caller: Caller::new(script),
            teller: Teller::new(call_sid.clone(), carrier.listeners.clone()),
            report: CallReport::new(call_sid, Instant::now()),
            document,
            has_hung_up: false,
            told: 0,
            legs: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) -> CallReport {
        self.teller.tell(Instant::now(), CarrierEventKind::Placed);
        let verbs = self.answer().await;
        if verbs.first().is_some_and(|verb| verb.name != "Reject") {
            self.set_status("in-progress");
            self.begin();
        }
        self.run_from(verbs).await
    }

    /// Runs a document and all that follow it, to the end of the call.
    pub(super) async fn run_from(mut self, mut verbs: Vec<Element>) -> CallReport {
        while !verbs.is_empty() {
            verbs = self.run_document(verbs).await;
        }
        self.finish().await
    }

    /// The account knows of it from now on, where it is to reach it.
    fn begin(&mut self) {
        let Some(live) = &self.options().live else {
            return;
        };
        let answered = line(self.options(), &self.report.call_sid);
        self.told = live.begin(RestCall {
            status: "in-progress".to_owned(),
            ..answered
        });
    }

    /// Asks for the first document, twice if the script wants so.
    pub(super) async fn answer(&mut self) -> Vec<Element> {
        let request = WebhookRequest::post(self.document.clone(), self.form(&[]));
        let verbs = self.fetch(&request).await;
        if self.faults.contains(&Fault::DuplicatedWebhook) {
            let again = self.send(&request).await;
            if let Err(error) = again {
                self.report.failures.push(error);
            }
        }
        match verbs {
            Ok(verbs) => verbs,
            Err(error) => self.fall_back(error).await,
        }
    }

    async fn run_document(&mut self, verbs: Vec<Element>) -> Vec<Element> {
        for verb in verbs {
            self.teller
                .tell(Instant::now(), CarrierEventKind::Verb(verb.name.clone()));
            self.report.verbs.push(verb.clone());
            let mut orders = self.orders.take();
            let done = tokio::select! {
                biased;
                order = order_of(&mut orders) => Err(order),
                flow = self.run_verb(&verb) => Ok(flow),
            };
            self.orders = orders;
            let flow = match done {
                Ok(flow) => flow,
                Err(order) => self.obey(order, &verb).await,
            };
            match flow {
                Ok(Flow::Next) => {}
                Ok(Flow::Goto(verbs)) => return verbs,
                Ok(Flow::End) => return Vec::new(),
                Err(error) => return self.fall_back(error).await,
            }
        }
        Vec::new()
    }

    /// A document that cannot be had or run is replaced by the fallback's, once.
    async fn fall_back(&mut self, error: String) -> Vec<Element> {
        let (code, url) = (
            error.split(':').next().unwrap_or_default(),
            self.document.to_string(),
        );
        let extra = forms::form(&[("ErrorCode", code), ("ErrorUrl", &url)]);
        let is_first = self.report.failures.is_empty();
        self.report.failures.push(error);
        let fallback = self.options().fallback_path.as_deref().filter(|_| is_first);
        let Some(Ok(url)) = fallback.map(|path| self.document.join(path)) else {
            "failed".clone_into(&mut self.report.final_status);
            return Vec::new();
        };
        self.document = url.clone();
        let form = self.form(&extra);
        let verbs = self.fetch(&WebhookRequest::post(url, form)).await;
        verbs.unwrap_or_else(|error| {
            self.report.failures.push(error);
            "failed".clone_into(&mut self.report.final_status);
            Vec::new()
        })
    }

    /// Runs `<Connect><Stream>` until the stream is over.
    pub(super) async fn connect(&mut self, connect: &Element) -> Result<Flow, String> {
        let Some(stream) = connect.child("Stream") else {
            return Err("12100: <Connect> without <Stream>".to_owned());
        };
        if stream
            .attribute("track")
            .is_some_and(|track| track != "inbound_track")
        {
            return Err("31941: only inbound_track is allowed in <Connect>".to_owned());
        }
        let url = stream
            .attribute("url")
            .ok_or("31923: <Stream> without url")?;
        let warnings = check_url(self.options(), url)?;
        self.report.violations.extend(warnings);
        let parameters = self.parameters(stream);
        self.stream(url, &parameters).await;
        let Some(action) = connect.attribute("action") else {
            return Ok(if self.has_hung_up {
                Flow::End
            } else {
                Flow::Next
            });
        };
        self.follow(action, connect, Form::new()).await
    }

    /// Asks for the document at `action`; a caller who is gone does not hear it.
    pub(super) async fn follow(
        &mut self,
        action: &str,
        verb: &Element,
        extra: Form,
    ) -> Result<Flow, String> {
        let url = self.resolve(action)?;
        let mut request = WebhookRequest::post(url.clone(), self.form(&extra));
        request.is_get = verb.attribute("method") == Some("GET");
        let verbs = self.fetch(&request).await?;
        self.document = url;
        Ok(if self.has_hung_up {
            Flow::End
        } else {
            Flow::Goto(verbs)
        })
    }

    /// Asks for a document that is heard beside the call's own.
    pub(super) async fn listen(&mut self, url: &str, extra: &Form) -> Result<Vec<Element>, String> {
        let url = self.resolve(url)?;
        let form = self.form(extra);
        self.fetch(&WebhookRequest::post(url, form)).await
    }

    /// Sends a callback whose answer is not run.
    pub(super) async fn call_back(&mut self, url: Url, extra: &Form) {
        let request = WebhookRequest::post(url, self.form(extra));
        let answer = self.ask(&request).await;
        self.report.failures.extend(answer.callback_problem());
        self.report.requests.push(answer.report);
    }

    pub(super) fn resolve(&self, url: &str) -> Result<Url, String> {
        self.document
            .join(url)
            .map_err(|error| format!("11100: {url}: {error}"))
    }

    pub(super) fn options(&self) -> &'a CarrierOptions {
        &self.carrier.options
    }

    pub(super) fn now(&self) -> crate::domain::Timestamp {
        self.carrier.clock.now()
    }

    pub(super) const fn caller(&mut self) -> &mut Caller {
        &mut self.caller
    }

    pub(super) const fn hang_up(&mut self) {
        self.has_hung_up = true;
    }

    pub(super) const fn has_hung_up(&self) -> bool {
        self.has_hung_up
    }

    /// The same carrier, with other options.
    pub(super) fn carrier_with(&self, options: CarrierOptions) -> Carrier {
        Carrier {
            options,
            ..self.carrier.clone()
        }
    }

    /// What is answered to a request, whatever it is.
    pub(super) async fn ask(&self, request: &WebhookRequest) -> WebhookAnswer {
        let client = &self.carrier.client;
        client.send(self.options(), self.faults, request).await
    }

    fn parameters(&self, stream: &Element) -> Vec<(String, String)> {
        let wrong_token = self.faults.iter().find_map(|fault| {
            if let Fault::WrongToken(token) = fault {
                Some(token)
            } else {
                None
            }
        });
        let parameters = stream
            .children
            .iter()
            .filter(|child| child.name == "Parameter");
        let pairs = parameters.map(|parameter| {
            let name = parameter.attribute("name").unwrap_or_default();
            let value = parameter.attribute("value").unwrap_or_default();
            let value = wrong_token
                .filter(|_| name == "token")
                .map_or(value, String::as_str);
            (name.to_owned(), value.to_owned())
        });
        pairs.collect()
    }

    async fn stream(&mut self, url: &str, parameters: &[(String, String)]) {
        let call_sid = self.report.call_sid.clone();
        let plan = StreamPlan {
            options: self.options(),
            faults: self.faults,
            call_sid: &call_sid,
            url,
            parameters,
        };
        let new_report = || StreamReport::new(carrier_name("MZ"), url.to_owned(), Instant::now());
        let mut report = new_report();
        let (caller, teller) = (&mut self.caller, &mut self.teller);
        let overheard = plan.clone();
        let own = async {
            match Stream::open(plan, caller, teller, &mut report).await {
                Some(stream) => stream.run().await,
                None => None,
            }
        };
        let gave_up_at = if self.faults.contains(&Fault::ReplayedStream) {
            let mut second = new_report();
            let (gave_up_at, ()) = tokio::join!(own, replay(overheard, &mut second));
            self.report.replay = Some(second);
            gave_up_at
        } else {
            own.await
        };
        self.has_hung_up = report.ended_by == EndedBy::Caller;
        self.report.gave_up_at = gave_up_at.or(self.report.gave_up_at.take());
        self.report.streams.push(report);
    }

    async fn fetch(&mut self, request: &WebhookRequest) -> Result<Vec<Element>, String> {
        let document = self.send(request).await?;
        self.report.violations.extend(document.warnings);
        Ok(document.verbs)
    }

    async fn send(&mut self, request: &WebhookRequest) -> Result<super::twiml::Document, String> {
        let answer = self.ask(request).await;
        let document = answer.document();
        self.report.requests.push(answer.report);
        document
    }

    pub(super) fn form(&self, extra: &[(String, String)]) -> Form {
        let has_ended = self.has_hung_up && self.report.final_status == "in-progress";
        let status = if has_ended {
            "completed"
        } else {
            self.report.final_status.as_str()
        };
        let mut form = forms::voice(self.options(), &self.report.call_sid, status);
        form.retain(|(name, _)| !extra.iter().any(|(other, _)| other == name));
        form.extend_from_slice(extra);
        form
    }

    pub(super) async fn finish(mut self) -> CallReport {
        if self.report.final_status == "in-progress" {
            "completed".clone_into(&mut self.report.final_status);
        }
        let status = self.report.final_status.clone();
        self.set_status(&status);
        if let Some(live) = &self.options().live {
            live.hang_up(&self.report.call_sid);
        }
        let now = Instant::now();
        self.report.ended_at = now;
        let path = self.options().status_path.as_deref();
        if let Some(Ok(url)) = path.map(|path| self.document.join(path)) {
            let lasting = now.duration_since(self.report.placed_at);
            let extra = forms::completed(lasting, self.carrier.clock.now());
            self.call_back(url, &extra).await;
        }
        self.teller.tell(Instant::now(), CarrierEventKind::Ended);
        for leg in std::mem::take(&mut self.legs) {
            match leg.await {
                Ok(leg) => self.report.legs.push(leg),
                Err(error) => self.report.failures.push(format!("a leg failed: {error}")),
            }
        }
        self.report.events = self.teller.into_told();
        self.report
    }
}

/// A stranger opens a stream with what was overheard, and stays as long as allowed.
async fn replay(plan: StreamPlan<'_>, report: &mut StreamReport) {
    sleep(Duration::from_millis(300)).await;
    let options = CarrierOptions {
        patience: Duration::from_secs(3),
        ..plan.options.clone()
    };
    let mut stranger = Caller::new(&Script::new([super::options::Step::StayUntilEnd]));
    let (listeners, _) = tokio::sync::broadcast::channel(1);
    let mut teller = Teller::new(plan.call_sid.to_owned(), listeners);
    let plan = StreamPlan {
        options: &options,
        faults: &[],
        ..plan
    };
    if let Some(stream) = Stream::open(plan, &mut stranger, &mut teller, report).await {
        stream.run().await;
    }
}
