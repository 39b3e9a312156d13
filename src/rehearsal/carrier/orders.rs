//! What a call is told over REST while it goes on.

use url::Url;

use super::call::{Call, Flow};
use super::forms::{self, Form};
use super::options::CarrierOptions;
use super::twiml::Element;
use crate::rehearsal::exchange::{Exchange, LineOrder, Orders};
use crate::rehearsal::rest::RestCall;

impl Call<'_> {
    /// Leaves a verb for what was told over REST.
    pub(super) async fn obey(&mut self, order: LineOrder, verb: &Element) -> Result<Flow, String> {
        if verb.name == "Enqueue"
            && let Some(action) = verb.attribute("action")
        {
            let url = self.resolve(action)?;
            let queue_sid = self
                .exchange()
                .map(|exchange| exchange.keep_queue(&verb.text));
            let extra = forms::left_queue(&queue_sid.unwrap_or_default(), "redirected");
            self.call_back(url, &extra).await;
        }
        match order {
            LineOrder::Goto(url) => self.follow(&url, &Element::default(), Form::new()).await,
            LineOrder::End => Ok(Flow::End),
        }
    }

    pub(super) fn exchange(&self) -> Option<Exchange> {
        self.carrier.options.exchange.clone()
    }

    /// The call stands so from here on.
    pub(super) fn set_status(&mut self, status: &str) {
        status.clone_into(&mut self.report.final_status);
        if let Some(exchange) = &self.carrier.options.exchange {
            exchange.stands(&self.report.call_sid, status);
        }
    }
}

/// The call as an account has it.
pub(super) fn line(options: &CarrierOptions, call_sid: &str) -> RestCall {
    RestCall {
        direction: options.direction.clone(),
        ..RestCall::new(call_sid, (&options.from, &options.to), "ringing")
    }
}

/// What a line is told next; never, where nobody can tell it anything.
pub(super) async fn order_of(orders: &mut Option<Orders>) -> LineOrder {
    if let Some(orders) = orders
        && let Some(order) = orders.recv().await
    {
        return order;
    }
    std::future::pending().await
}

/// What a call was told of that name.
pub(super) fn told<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = form.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

/// The path of an address, and its query.
pub(super) fn path_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let query = url.query().map(|query| format!("?{query}"));
    Some(format!("{}{}", url.path(), query.unwrap_or_default()))
}
