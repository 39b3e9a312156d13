//! Where on its route a call is, by the address that we gave the carrier.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use url::form_urlencoded;

use super::Webhooks;
use crate::domain::{CallId, CallSid, UserId};
use crate::routing::ivr::NodeId;
use crate::store::call_legs::Recorded;
use crate::twilio::webhook::GatherResult;

/// A place on a route.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Point {
    /// Among its stops.
    pub(super) stop: usize,
    /// In the flow that this stop is, if it is one.
    pub(super) leg: Option<Leg>,
}

/// A place in a flow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Leg {
    /// The node.
    pub(super) node: NodeId,
    /// How often the call had rested in the flow when it rested there.
    pub(super) step: u32,
}

impl From<usize> for Point {
    fn from(stop: usize) -> Self {
        Self { stop, leg: None }
    }
}

/// On what terms somebody who is rung would speak with the caller.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms {
    /// For how long.
    pub(super) longest: Option<Duration>,
    /// On what ground it is recorded; none where it is not.
    pub(super) recorded: Option<Recorded>,
}

impl Terms {
    /// So long, and recorded where somebody has consented to that. Nobody asks for them
    /// where there is no account to do anything with.
    pub(super) fn new(house: &Webhooks, longest: Duration, recorded: Option<Recorded>) -> Self {
        if house.carrier.is_none() {
            return Self::default();
        }
        Self {
            longest: Some(longest),
            recorded,
        }
    }

    /// The same, where it turns out that they have no longer than that.
    pub(super) fn within(self, most: Option<Duration>) -> Self {
        let longest = self.longest;
        Self {
            longest: longest.map(|longest| most.map_or(longest, |most| longest.min(most))),
            ..self
        }
    }

    /// As an address of ours says them, behind what it says already.
    pub(super) fn query(&self) -> String {
        let longest = self
            .longest
            .map(|long| format!("&longest={}", long.as_secs()));
        let recorded = self
            .recorded
            .map(|(asked, answer)| format!("&asked={}&answer={}", asked.as_str(), answer.as_str()));
        longest.unwrap_or_default() + &recorded.unwrap_or_default()
    }
}

/// The query of an address of ours. The carrier's signature covers it, so it
/// is what we wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct At {
    /// The place among the stops of the route; the first if none is told.
    pub(super) stop: usize,
    /// The place in the flow that this stop is, if it is one.
    pub(super) leg: Option<Leg>,
    /// The call that has the route, if it is not the one asking.
    pub(super) call: Option<CallSid>,
    /// The call of ours that the carrier is to name, or speaks of.
    pub(super) own: Option<CallId>,
    /// The member whose telephone it is.
    pub(super) user: Option<UserId>,
    /// On what terms that member, or somebody outside, would speak with the caller.
    pub(super) terms: Terms,
    /// Its place among the telephones that ring for a caller who waits.
    pub(super) telephone: usize,
    /// How often it was asked for already.
    pub(super) waits: u32,
}

impl At {
    /// The place on the route.
    pub(super) fn point(&self) -> Point {
        Point {
            stop: self.stop,
            leg: self.leg.clone(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for At {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let uri = parts.extensions.get::<OriginalUri>();
        let uri = uri.map_or(&parts.uri, |uri| &uri.0);
        let query = uri.query().unwrap_or_default();
        let mut at = Self::default();
        let (mut node, mut step) = (None, 0);
        let (mut asked, mut answer) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "stop" => at.stop = value.parse().unwrap_or_default(),
                "call" => {
                    at.call = value.parse().ok();
                    at.own = value.parse().ok();
                }
                "user" => at.user = value.parse().ok(),
                "leg" => at.telephone = value.parse().unwrap_or_default(),
                "waits" => at.waits = value.parse().unwrap_or_default(),
                "longest" => at.terms.longest = value.parse().ok().map(Duration::from_secs),
                "asked" => asked = value.parse().ok(),
                "answer" => answer = value.parse().ok(),
                "node" => node = value.parse().ok(),
                "step" => step = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        at.terms.recorded = asked.zip(answer);
        at.leg = node.map(|node| Leg { node, step });
        Ok(at)
    }
}

/// Whether somebody who was asked for a key has pressed 1, and nothing else.
pub(super) fn presses_1(pairs: &[(String, String)]) -> bool {
    let form = GatherResult::from_pairs(pairs).ok();
    let digits = form.and_then(|form| form.digits);
    digits.is_some_and(|digits| digits.expose() == "1")
}

/// What a query of ours says under that name, if it is there and makes sense.
pub(super) fn value_of<T: FromStr>(pairs: &[(String, String)], name: &str) -> Option<T> {
    let (_, value) = pairs.iter().find(|(one, _)| one == name)?;
    value.parse().ok()
}
