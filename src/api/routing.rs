//! `/api/numbers/{phone_number}/routing` and `/api/routing/preview`: where calls go, and why.

use std::str::FromStr as _;

use axum::Json as JsonBody;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::audit::{self, Change};
use super::bounded::Language;
use super::extract::{Json, Path, Query, needed_phone_number, optional_text, phone_number};
use super::operator::Operator;
use super::outbound::closed_to_callers;
use super::problem::{ApiError, Fault};
use super::receptionist_body::expected_voice;
use super::state::ApiState;
use crate::domain::{Party, PhoneNumber, SettingKey, TenantId, Timestamp};
use crate::routing::{self, Action, Plan, Reference, Route, Stop, Target};
use crate::store::text::{PlanText, StepText, StopText};
use crate::store::{self, Db, Tx, number_plans, numbers, quotas, routing_facts, settings};

/// The plan of a number. One that nobody has planned has a plan all the same:
/// its receptionist answers.
#[utoipa::path(get, path = "/api/numbers/{phone_number}/routing",
    operation_id = "show_number_routing", tag = "Routing",
    params(("phone_number" = String, Path, description = "in E.164")),
    responses((status = 200, body = PlanText)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    operator: Operator,
    Path(number): Path<PhoneNumber>,
) -> Result<JsonBody<PlanText>, ApiError> {
    let found = number_plans::find(&state.store, operator.tenant_id, &number).await?;
    let (_, plan) = found.ok_or(ApiError::NotFound)?;
    Ok(JsonBody((&plan.unwrap_or_default()).into()))
}

/// Replaces the plan of a number; the next call goes by it.
#[utoipa::path(put, path = "/api/numbers/{phone_number}/routing",
    operation_id = "replace_number_routing", tag = "Routing",
    params(("phone_number" = String, Path, description = "in E.164")),
    request_body = PlanText, responses((status = 200, body = PlanText)))]
pub(super) async fn replace(
    State(state): State<ApiState>,
    operator: Operator,
    Path(number): Path<PhoneNumber>,
    Json(text): Json<PlanText>,
) -> Result<JsonBody<PlanText>, ApiError> {
    let tenant = operator.tenant_id;
    let mut tx = state.store.begin().await?;
    let found = number_plans::find(&mut tx, tenant, &number).await?;
    let (id, _) = found.ok_or(ApiError::NotFound)?;
    let unknown_voice = (!text.has_known_voice()).then(|| Fault {
        pointer: "#/voice/voice".to_owned(),
        detail: expected_voice(),
    });
    let language = text.language().map(Language::from_str);
    let unknown_language = language.and_then(Result::err).map(|expected| Fault {
        pointer: "#/voice/language".to_owned(),
        detail: expected.to_owned(),
    });
    let plan = Plan::from(text);
    let mut faults = strangers(&mut tx, tenant, &plan).await?;
    faults.extend(unknown_voice);
    faults.extend(unknown_language);
    faults.extend(closed(&mut tx, tenant, &plan).await?);
    for (at, target) in targets(&plan) {
        let pointer = format!("{at}/{}/ring/caller_id", word(target));
        faults.extend(foreign_number(&mut tx, tenant, target, pointer).await?);
    }
    if !faults.is_empty() {
        return Err(ApiError::Invalid(faults));
    }
    let now = state.clock.now();
    number_plans::put(&mut tx, (tenant, id), &plan, now)
        .await
        .map_err(gone)?;
    let change = Change {
        action: "number.routing_replaced",
        object: id.to_string(),
        fields: &[
            "hours_id",
            "open",
            "after_hours",
            "rules",
            "fallback",
            "voice",
        ],
    };
    audit::commit(tx, (&state, &operator), tenant, change).await?;
    Ok(JsonBody((&plan).into()))
}

/// Somebody was faster and deleted what the plan names.
fn gone(error: store::Error) -> ApiError {
    if matches!(error, store::Error::Dangling) {
        ApiError::Conflict("something that the plan names is gone")
    } else {
        error.into()
    }
}

/// What the plan names and the tenant does not have, each by its place.
async fn strangers(tx: &mut Tx, tenant: TenantId, plan: &Plan) -> Result<Vec<Fault>, ApiError> {
    let mut faults = Vec::new();
    for (pointer, reference) in places(plan) {
        if !number_plans::has(&mut *tx, tenant, reference).await? {
            let detail = format!("there {} of that id here", missing(reference));
            faults.push(Fault { pointer, detail });
        }
    }
    Ok(faults)
}

/// A number that would be shown and is somebody else's.
pub(super) async fn foreign_number(
    db: impl Into<Db<'_>>,
    tenant: TenantId,
    target: &Target,
    pointer: String,
) -> Result<Option<Fault>, ApiError> {
    let Some(number) = target.caller_id() else {
        return Ok(None);
    };
    let own = numbers::find_of_tenant(db, tenant, number).await?;
    let detail = "you have no such number".to_owned();
    Ok(own.is_none().then_some(Fault { pointer, detail }))
}

fn word(target: &Target) -> &'static str {
    if matches!(target, Target::Users(_)) {
        "users"
    } else {
        "forward"
    }
}

/// Numbers outside that callers are not sent to, each by its place.
async fn closed(tx: &mut Tx, tenant: TenantId, plan: &Plan) -> Result<Vec<Fault>, ApiError> {
    let targets = targets(plan).into_iter();
    let outside = targets.filter_map(|(at, target)| Some((at, target.outside()?)));
    let (places, numbers): (Vec<_>, Vec<_>) = outside.unzip();
    let details = closed_to_callers(tx, tenant, &numbers).await?;
    let faults = places.into_iter().zip(details).filter_map(|(at, detail)| {
        let pointer = format!("{at}/forward/phone_number");
        Some(Fault {
            pointer,
            detail: detail?,
        })
    });
    Ok(faults.collect())
}

pub(super) fn missing(reference: Reference) -> &'static str {
    match reference {
        Reference::Hours(_) => "are no opening hours",
        Reference::Receptionist(_) => "is no receptionist",
        Reference::User(_) => "is no member",
        Reference::Queue(_) => "is no queue",
        Reference::CallerList(_) => "is no list of callers",
        Reference::Flow(_) => "is no flow",
    }
}

/// Everything that the plan names, and where it stands in the body.
fn places(plan: &Plan) -> Vec<(String, Reference)> {
    let hours = plan.hours_id.map(Reference::Hours);
    let mut found: Vec<_> = hours
        .map(|hours| ("#/hours_id".to_owned(), hours))
        .into_iter()
        .collect();
    found.extend(places_in("#/open", &plan.open));
    let after_hours = plan.after_hours.iter();
    found.extend(after_hours.flat_map(|target| places_in("#/after_hours", target)));
    for (n, rule) in plan.rules.iter().enumerate() {
        for (m, condition) in rule.when.iter().enumerate() {
            let reference = condition.reference();
            found.extend(reference.map(|one| (format!("#/rules/{n}/when/{m}"), one)));
        }
        if let Action::Go(target) = &rule.then {
            found.extend(places_in(&format!("#/rules/{n}/then/go"), target));
        }
    }
    for (n, target) in plan.fallback.iter().enumerate() {
        found.extend(places_in(&format!("#/fallback/{n}"), target));
    }
    found
}

/// Every target of the plan, and where it stands in the body.
fn targets(plan: &Plan) -> Vec<(String, &Target)> {
    let mut found = vec![("#/open".to_owned(), &plan.open)];
    let after_hours = plan.after_hours.iter();
    found.extend(after_hours.map(|target| ("#/after_hours".to_owned(), target)));
    for (n, rule) in plan.rules.iter().enumerate() {
        if let Action::Go(target) = &rule.then {
            found.push((format!("#/rules/{n}/then/go"), target));
        }
    }
    let fallback = plan.fallback.iter().enumerate();
    found.extend(fallback.map(|(n, target)| (format!("#/fallback/{n}"), target)));
    found
}

fn places_in(at: &str, target: &Target) -> Vec<(String, Reference)> {
    let references = target.references().into_iter().enumerate();
    references
        .map(|(n, reference)| {
            let field = match reference {
                Reference::Receptionist(_) => "ai/receptionist_id".to_owned(),
                Reference::Queue(_) => "queue/queue_id".to_owned(),
                Reference::Flow(_) => "ivr/flow_id".to_owned(),
                Reference::User(_) if matches!(target, Target::Voicemail { .. }) => {
                    "voicemail/user_id".to_owned()
                }
                Reference::User(_) | Reference::Hours(_) | Reference::CallerList(_) => {
                    format!("users/user_ids/{n}")
                }
            };
            (format!("{at}/{field}"), reference)
        })
        .collect()
}

/// Where a call would go, and why. Nobody is called.
#[utoipa::path(get, path = "/api/routing/preview", operation_id = "preview_routing",
    tag = "Routing", params(PreviewQuery), responses((status = 200, body = RouteBody)))]
pub(super) async fn preview(
    State(state): State<ApiState>,
    operator: Operator,
    Query(query): Query<PreviewQuery>,
) -> Result<JsonBody<RouteBody>, ApiError> {
    let now = state.clock.now();
    let at = query.at.unwrap_or(now);
    let from = query.from.map_or(Party::Anonymous, Party::Number);
    let found = routing_facts::look_up(&state.store, Some(&query.to), &from).await?;
    // Another tenant's number is none that this one may ask about.
    let is_own =
        |facts: &routing::Facts| facts.number_id.is_some() && facts.tenant_id == operator.tenant_id;
    let (facts, caller) = found
        .filter(|(facts, _)| is_own(facts))
        .ok_or(ApiError::NotFound)?;
    let ends: Vec<_> = [Some(&query.to), from.number()]
        .into_iter()
        .flatten()
        .collect();
    let route = routing::route(&facts, &caller, at);
    let mut route = route.without_refused(&facts.allowance, &ends);
    // What is left to spend is known of now alone.
    if !quotas::may_spend(&state.store, operator.tenant_id, now).await? {
        let settings = settings::of_tenant(&state.store, operator.tenant_id, None).await?;
        route = route.without_receptionists(if settings.truth(SettingKey::EnableVoicemail) {
            Stop::VOICEMAIL
        } else {
            Stop::Apology
        });
    }
    Ok(JsonBody(RouteBody::new(&route, at)))
}

/// Which call.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PreviewQuery {
    /// The number that is called, one of the tenant's, in E.164.
    #[serde(deserialize_with = "needed_phone_number")]
    #[param(value_type = String, pattern = r"^\+[1-9][0-9]{1,14}$")]
    to: PhoneNumber,
    /// Who calls, in E.164; somebody who hides the number where nothing is said.
    #[serde(default, deserialize_with = "phone_number")]
    #[param(value_type = Option<String>, pattern = r"^\+[1-9][0-9]{1,14}$")]
    from: Option<PhoneNumber>,
    /// When, as far as hours go; now where nothing is said. Members, lists and what is left
    /// to spend are taken as they are now.
    #[serde(default, deserialize_with = "optional_text")]
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// Where a call goes, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteBody {
    /// When it would come.
    #[schema(format = DateTime)]
    at: String,
    /// In order; the first is where the call goes, each of the others what
    /// follows if the one before it fails. Telephones that may not be rung are left out,
    /// and so is a stop that has no other; `steps` says why.
    stops: Vec<StopText>,
    /// The language of announcements.
    language: Option<String>,
    /// Why it is so, thought by thought.
    steps: Vec<StepText>,
}

impl RouteBody {
    fn new(route: &Route, at: Timestamp) -> Self {
        Self {
            at: at.to_string(),
            stops: route.stops.iter().map(StopText::from).collect(),
            language: route.language.clone(),
            steps: route.steps.iter().map(StepText::from).collect(),
        }
    }
}
