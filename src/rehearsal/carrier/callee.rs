//! Whoever is rung by a call that was made over REST: picks up or does not, and follows a
//! script.

use std::time::Duration;

use tokio::time::sleep;
use url::Url;

use super::call::Call;
use super::carrier::Carrier;
use super::forms;
use super::options::{CarrierOptions, Script, Step};
use super::orders::{self, order_of, path_of};
use super::report::CallReport;
use crate::rehearsal::exchange::LineOrder;
use crate::rehearsal::rest::RestCall;

/// What becomes of a telephone that is rung.
#[derive(Clone, Debug)]
pub enum Callee {
    /// A person picks up after so long, and does this.
    Answers(Duration, Script),
    /// A machine picks up, and listens for so long.
    Machine(Duration),
    /// It is engaged.
    Busy,
    /// Nobody picks up, for so long.
    NoAnswer(Duration),
}

impl Carrier {
    /// Rings somebody as the account was told to, and stays until that call is over.
    ///
    /// # Errors
    ///
    /// If the account was told no address that is good.
    pub async fn ring(&self, call: &RestCall, callee: &Callee) -> Result<CallReport, String> {
        let told = |name: &str| call.told.first().and_then(|form| orders::told(form, name));
        let url = told("Url").ok_or("21205: Url parameter is required")?;
        let document = Url::parse(url).map_err(|error| format!("11100: {url}: {error}"))?;
        let options = CarrierOptions {
            status_path: told("StatusCallback").and_then(path_of),
            fallback_path: told("FallbackUrl").and_then(path_of),
            call_sid: Some(call.sid.clone()),
            direction: "outbound-api".to_owned(),
            from: call.from.clone(),
            to: call.to.clone(),
            ..self.options.clone()
        };
        let carrier = Self {
            options,
            ..self.clone()
        };
        let script = match callee {
            Callee::Answers(_, script) => script.clone(),
            Callee::Machine(listens) => Script::new([Step::Wait(*listens)]),
            Callee::Busy | Callee::NoAnswer(_) => Script::default(),
        };
        let ringing = Call::new(&carrier, &script, document);
        Ok(ringing.ring(call, callee).await)
    }
}

impl Call<'_> {
    async fn ring(mut self, call: &RestCall, callee: &Callee) -> CallReport {
        self.news(call, "initiated").await;
        self.news(call, "ringing").await;
        let (rings, unanswered) = match callee {
            Callee::Answers(rings, _) => (*rings, None),
            Callee::Machine(_) => (Duration::ZERO, None),
            Callee::Busy => (Duration::ZERO, Some("busy")),
            Callee::NoAnswer(rings) => (*rings, Some("no-answer")),
        };
        let cancelled = tokio::select! {
            biased;
            order = order_of(&mut self.orders) => matches!(order, LineOrder::End),
            () = sleep(rings) => false,
        };
        let ended = if cancelled {
            Some("canceled")
        } else {
            unanswered
        };
        if let Some(status) = ended {
            status.clone_into(&mut self.report.final_status);
            return self.finish().await;
        }
        self.set_status("in-progress");
        self.news(call, "in-progress").await;
        let verbs = self.answer().await;
        self.find_out(call, matches!(callee, Callee::Machine(_)))
            .await;
        self.run_from(verbs).await
    }

    /// Tells how the call stands, if that is to be told.
    async fn news(&mut self, call: &RestCall, status: &str) {
        let wanted = if status == "in-progress" {
            "answered"
        } else {
            status
        };
        let form = call.told.first().into_iter().flatten();
        let mut events = form.filter(|(name, _)| name == "StatusCallbackEvent");
        let path = self.options().status_path.clone();
        if let Some(path) = path.filter(|_| events.any(|(_, event)| event == wanted))
            && let Ok(url) = self.resolve(&path)
        {
            self.call_back(url, &forms::form(&[("CallStatus", status)]))
                .await;
        }
    }

    /// Tells who has picked up, if that is to be found out.
    async fn find_out(&mut self, call: &RestCall, is_machine: bool) {
        let told = |name: &str| call.told.first().and_then(|form| orders::told(form, name));
        let is_wanted = told("MachineDetection").is_some() && told("AsyncAmd") == Some("true");
        let url = told("AsyncAmdStatusCallback").filter(|_| is_wanted);
        if let Some(Ok(url)) = url.map(|url| self.resolve(url)) {
            let by = if is_machine { "machine_start" } else { "human" };
            self.call_back(url, &forms::found_out(&call.sid, by)).await;
        }
    }
}
