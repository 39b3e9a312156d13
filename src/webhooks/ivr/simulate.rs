//! A walk that nobody takes, in the TwiML that the carrier would get.

use std::sync::Arc;

use super::document;
use crate::domain::{CallStatus, Direction};
use crate::routing::Stop;
use crate::routing::ivr::{Next, Rest};
use crate::twilio::twiml::Response;
use crate::twilio::webhook::{Place, VoiceRequest};
use crate::webhooks::at::{Leg, Point};
use crate::webhooks::speech::Speech;
use crate::webhooks::{Webhooks, agent, ring, stops};

/// Writes walks as the webhooks do. No agent is dialled and nobody is asked.
pub fn simulator(house: Webhooks) -> Arc<dyn Fn(&Rest<'_>) -> String + Send + Sync> {
    Arc::new(move |rest| twiml(&house, rest).to_xml())
}

fn twiml(house: &Webhooks, rest: &Rest<'_>) -> Response {
    let state = &rest.walk.state;
    let leg = Leg {
        node: state.node.clone(),
        step: state.step,
    };
    let point = Point {
        stop: 0,
        leg: Some(leg),
    };
    let taken = match &rest.walk.next {
        Next::HandOver(stop) => taken(house, rest, (&point, stop)),
        Next::Listen(_) | Next::Ask(_) | Next::GoOn | Next::HangUp | Next::Leave(_) => None,
    };
    let written = document::written(house, rest.walk, (&point, rest.language), taken);
    written.unwrap_or_else(|| document::said(rest.walk, rest.language))
}

fn taken(house: &Webhooks, rest: &Rest<'_>, (point, stop): (&Point, &Stop)) -> Option<Response> {
    if matches!(stop, Stop::Ai(_)) {
        return agent::stream(house, TOKEN, point).ok();
    }
    if let Stop::Ring(stop) = stop {
        let request = request(rest)?;
        let (permits, _) = ring::let_through(rest.allowance, &request, stop);
        return ring::dial(house, &request, (point, stop), &permits);
    }
    let speech = Speech::new(rest.language);
    stops::said(house, &speech, (point, stop))
}

/// Opens nothing.
const TOKEN: &str = "simulated";

fn request(rest: &Rest<'_>) -> Option<VoiceRequest> {
    Some(VoiceRequest {
        call_sid: "simulated".parse().ok()?,
        account_sid: String::new(),
        from: rest.from.clone(),
        to: rest.to.clone(),
        status: CallStatus::InProgress,
        direction: Direction::Inbound,
        forwarded_from: None,
        caller_name: None,
        parent_call_sid: None,
        stir_verstat: None,
        call_token: None,
        from_place: Place::default(),
        to_place: Place::default(),
    })
}
