//! What the addresses that we give the carrier say of a telephone that rings for a caller.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::domain::{Consent, ConsentAnswer, ConsentPolicy, Timestamp};

/// The query of an address of ours. The carrier's signature covers it, so it
/// is what we wrote.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::webhooks) struct LegQuery {
    /// Its place among the telephones that ring.
    pub(super) ordinal: usize,
    /// How long the two may speak.
    pub(super) longest: Duration,
    /// On what ground they are recorded, if they are.
    pub(super) ground: Option<(ConsentPolicy, ConsentAnswer)>,
}

impl LegQuery {
    /// As it stands in an address, behind what is there already.
    pub(super) fn query(self) -> String {
        let longest = self.longest.as_secs();
        let ground = ground_query(self.ground);
        format!("&leg={}&longest={longest}{ground}", self.ordinal)
    }

    /// What the caller has said to being recorded.
    pub(super) fn consent(self, at: Timestamp) -> Option<Consent> {
        let (policy, answer) = self.ground?;
        Some(Consent {
            policy,
            answer,
            words: None,
            at,
        })
    }
}

/// On what ground the two are to be recorded, in an address.
pub(super) fn ground_query(ground: Option<(ConsentPolicy, ConsentAnswer)>) -> String {
    ground.map_or_else(String::new, |(policy, answer)| {
        format!("&asked={}&answer={}", policy.as_str(), answer.as_str())
    })
}

impl<S: Sync> FromRequestParts<S> for LegQuery {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let uri = parts.extensions.get::<OriginalUri>();
        let uri = uri.map_or(&parts.uri, |uri| &uri.0);
        let mut leg = Self::default();
        let (mut policy, mut answer) = (None, None);
        let query = uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "leg" => leg.ordinal = value.parse().unwrap_or_default(),
                "longest" => {
                    leg.longest = Duration::from_secs(value.parse().unwrap_or_default());
                }
                "asked" => policy = value.parse().ok(),
                "answer" => answer = value.parse().ok(),
                _ => {}
            }
        }
        leg.ground = policy.zip(answer);
        Ok(leg)
    }
}
