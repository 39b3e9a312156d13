//! What a flow does beside speaking: it asks other machines, and counts.

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::domain::{Day, FlowId, Pii, Secret, TenantId};
use crate::egress::Question;
use crate::routing::ivr::{Asked, Method, Walk};
use crate::routing::{Facts, IvrStop};
use crate::store::call_events::NewEvent;
use crate::store::ivr_counters::{self, Passed};
use crate::store::text::kept_of;
use crate::store::{SealError, in_time, kept_secrets};
use crate::webhooks::Webhooks;
use crate::webhooks::memory::Placed;

/// What is kept of the answer of another machine; none if that was of no use.
pub(super) async fn ask(
    house: &Webhooks,
    (tenant, flow): (TenantId, FlowId),
    asked: &Asked,
    until: Instant,
) -> Option<Vec<(String, Pii<String>)>> {
    let headers = opened(house, (tenant, flow), asked)
        .inspect_err(|error| tracing::error!(flow.id = %flow, %error, "ivr.secret_lost"))
        .ok()?;
    let left = until.saturating_duration_since(Instant::now());
    let members = asked.body.iter();
    let members = members.map(|(name, value)| (name.clone(), value.expose().clone().into()));
    let json = match asked.method {
        Method::Get => None,
        Method::Post => Some(Value::Object(members.collect::<Map<_, _>>()).to_string()),
    };
    let question = Question {
        url: asked.url.expose(),
        headers: &headers,
        json,
        patience: asked.timeout.min(left),
    };
    let answer = house.outside.ask(&question).await;
    let outcome = if answer.is_ok() { "ok" } else { "failed" };
    metrics::counter!("frontdesk_ivr_questions_total", "outcome" => outcome).increment(1);
    let body = answer
        .inspect_err(|error| tracing::warn!(%error, "ivr.unanswered"))
        .ok()?;
    if asked.fields.is_empty() {
        return Some(Vec::new());
    }
    kept_of(&body, &asked.fields)
}

/// The headers as whoever is asked sees them.
fn opened(
    house: &Webhooks,
    (tenant, flow): (TenantId, FlowId),
    asked: &Asked,
) -> Result<Vec<(String, Secret<String>)>, SealError> {
    let id = flow.to_string();
    let place = kept_secrets::of_flow(tenant, &id);
    let headers = asked.headers.iter();
    let opened = headers.map(|(name, value)| {
        let value = house.store.seals().open_kept(&place, value)?;
        Ok((name.clone(), value))
    });
    opened.collect()
}

/// Notes what the call has passed, and counts it; once, however often the
/// carrier asks. Nobody waits for it.
pub(super) fn count(
    house: &Webhooks,
    placed: &Placed,
    (n, stop): (usize, &IvrStop),
    (facts, walk): (&Facts, &Walk),
) {
    let now = house.clock.now();
    let day = Day::of(now, facts.zone.name());
    let (store, of) = (house.store.clone(), (placed.tenant_id, placed.call_id));
    let (flow, version, path) = (stop.flow_id, stop.version, walk.path.clone());
    let rests = walk.state.step;
    tokio::spawn(async move {
        let entered = path.iter().filter(|passage| passage.exit.is_none());
        let nodes: Vec<&str> = entered.map(|passage| passage.node.as_str()).collect();
        let detail = serde_json::json!({
            "flow_id": flow.to_string(), "version": version, "nodes": nodes,
        });
        let (detail, key) = (detail.to_string(), format!("ivr.{n}.{rests}"));
        let event = NewEvent {
            kind: "ivr.walked",
            detail: Pii::new(&detail),
            at: now,
            key: Some(&key),
        };
        let path = &path;
        let passed = Passed { flow, day, path };
        if let Err(error) = in_time(ivr_counters::note(&store, of, &event, passed)).await {
            tracing::warn!(call.id = %of.1, %error, "ivr.not_counted");
        }
    });
}

/// Other machines together have no longer than this while the caller waits.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);
