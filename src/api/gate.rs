//! The gate before every route: who comes, may they, and what did they change.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Responses};
use utoipa_axum::router::UtoipaMethodRouter;

use super::once;
use super::operator::{Operator, Rights, recognize};
use super::problem::ApiError;
use super::request_id::RequestId;
use super::state::ApiState;
use crate::domain::{Permission, Reach};

/// What a route asks of whoever comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Need {
    /// A member of the tenant, or a key of its; whoever that is.
    Anybody,
    /// This permission.
    May(Permission),
    /// To be the platform's operator.
    Platform,
}

impl Need {
    fn as_str(self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::May(permission) => permission.as_str(),
            Self::Platform => "platform",
        }
    }
}

/// Puts a gate before routes, in fact and in their documentation.
#[derive(Clone)]
pub(super) struct Gate {
    state: ApiState,
}

impl Gate {
    pub(super) fn new(state: &ApiState) -> Self {
        Self {
            state: state.clone(),
        }
    }

    /// The routes behind a gate that asks for `need`.
    pub(super) fn ask(
        &self,
        need: Need,
        (schemas, mut paths, routes): UtoipaMethodRouter<ApiState>,
    ) -> UtoipaMethodRouter<ApiState> {
        for item in paths.paths.values_mut() {
            for operation in operations(item) {
                document(operation, need);
            }
        }
        let gate = from_fn_with_state((self.state.clone(), need), admit);
        (schemas, paths, routes.layer(gate))
    }

    /// Routes that may be asked again with the same `Idempotency-Key`, and are
    /// done once. Goes behind [`Gate::ask`], which tells whose key it is. Not
    /// for answers that hold a secret: they are kept for a day.
    pub(super) fn once(
        &self,
        (schemas, mut paths, routes): UtoipaMethodRouter<ApiState>,
    ) -> UtoipaMethodRouter<ApiState> {
        for item in paths.paths.values_mut() {
            for operation in operations(item) {
                once::document(operation);
            }
        }
        let layer = from_fn_with_state(self.state.clone(), once::once);
        (schemas, paths, routes.layer(layer))
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

fn document(operation: &mut Operation, need: Need) {
    let security = SecurityRequirement::new("bearer", Vec::<String>::new());
    operation.security.get_or_insert_default().push(security);
    let permission = ExtensionsBuilder::new()
        .add("x-permission", json!(need.as_str()))
        .build();
    operation
        .extensions
        .get_or_insert_default()
        .merge(permission);
    describe(&mut operation.responses);
    let has_body = operation.request_body.is_some();
    let parameters = operation.parameters.iter().flatten();
    let places = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(&parameter.parameter_in),
        RefOr::Ref(_) => None,
    });
    let has_path = places.clone().any(|place| *place == ParameterIn::Path);
    let has_query = places.clone().any(|place| *place == ParameterIn::Query);
    let of_body: &[_] = &["400", "409", "413", "415", "422"];
    let refusals = [
        (true, &["401", "403", "default"][..]),
        (has_path, &["404"]),
        (has_query, &["422"]),
        (has_body, of_body),
    ];
    let statuses = refusals
        .iter()
        .filter(|(applies, _)| *applies)
        .flat_map(|(_, statuses)| *statuses);
    for status in statuses {
        let problem = RefOr::Ref(Ref::from_response_name("Problem"));
        let responses = &mut operation.responses.responses;
        responses.entry((*status).to_owned()).or_insert(problem);
    }
}

/// Says of each answer that says nothing of itself what its status means.
fn describe(responses: &mut Responses) {
    for (status, response) in &mut responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let meaning = match status.as_str() {
                "201" => "It was made, and is this.",
                "204" => "It was done; there is nothing more to tell.",
                _ => "What was asked for.",
            };
            meaning.clone_into(&mut response.description);
        }
    }
}

/// Lets the request in as far as its sender may go.
async fn admit(
    State((state, need)): State<(ApiState, Need)>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    match admitted(&state, need, request.headers(), id).await {
        Ok(operator) => {
            request.extensions_mut().insert(operator);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

async fn admitted(
    state: &ApiState,
    need: Need,
    headers: &HeaderMap,
    request_id: Option<RequestId>,
) -> Result<Operator, ApiError> {
    let visitor = recognize(state, headers).await?;
    let reach = match (need, &visitor.rights) {
        (Need::Platform, Rights::Platform) => Reach::All,
        (Need::Anybody, Rights::Role(_) | Rights::Scope(_)) => Reach::Own,
        (Need::May(permission), rights) => rights.reach(permission),
        (Need::Platform | Need::Anybody, _) => Reach::None,
    };
    if reach == Reach::None {
        return Err(ApiError::Forbidden(need.as_str()));
    }
    Ok(Operator {
        tenant_id: visitor.tenant_id,
        actor: visitor.actor,
        reach,
        rights: visitor.rights,
        request_id,
    })
}
