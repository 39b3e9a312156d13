//! The documentation: `/openapi.json`, and `/dev`, where it can be read and tried.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref,
    RefOr, ResponseBuilder, Schema, ServerBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::problem::{Fault, Problem};
use super::state::ApiState;

/// What stands before the paths.
pub(super) fn head() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key (`frontdesk key create --name <name>`), or a JSON Web Token: `sub` names \
             the member, and `tenant_id` the tenant (`ten_…`) of whoever is a member of several.",
        ))
        .build();
    let problem = ResponseBuilder::new()
        .description("What went wrong, as RFC 9457 has it told; its `type` explains itself.")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(Problem::name())))
                .build(),
        )
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .schema(Problem::name(), Problem::schema())
        .schema(Fault::name(), Fault::schema())
        .response("Problem", problem)
        .build();
    let info = InfoBuilder::new()
        .title("frontdesk")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build();
    let tags = TAGS.iter().map(|(name, about)| {
        TagBuilder::new()
            .name(*name)
            .description(Some(*about))
            .build()
    });
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").build()]))
        .components(Some(components))
        .tags(Some(tags))
        .build()
}

const ABOUT: &str = "\
The admin interface of frontdesk. Times are RFC 3339 in UTC, numbers E.164, money millionths of \
its currency's unit. Lists come in pages, newest first: hand `next_cursor` back as `cursor`. \
Unknown fields are refused. What goes wrong is told as a problem (RFC 9457).";

const TAGS: &[(&str, &str)] = &[
    ("Calls", "The log of calls, and everything kept of one."),
    ("Numbers", "The telephone numbers, here and at the carrier."),
    (
        "Live calls",
        "What goes on now, and what can be done about it.",
    ),
    (
        "Routing",
        "Where calls go: hours, plans of numbers, queues, lists of callers.",
    ),
    (
        "Flows",
        "What callers are told and asked, key by key: edited as a draft, met once it is published.",
    ),
    (
        "Members",
        "Who works here, with which keys, and what they changed.",
    ),
    (
        "Contacts",
        "The people who call, and the people who are called.",
    ),
    (
        "Receptionists",
        "Who answers: edited as a draft, met by callers once it is published.",
    ),
    (
        "Settings",
        "What the platform, a tenant and a member have set, and what holds in the end.",
    ),
    (
        "Outbound calls",
        "Calls that are made from here, and whom they may ring.",
    ),
    (
        "Recordings",
        "What was recorded of calls, and what was said to that.",
    ),
    (
        "Text messages",
        "What was written to callers and by them, and who wants no more of it.",
    ),
    (
        "Voicemail",
        "What callers left, and what they heard before they did.",
    ),
    (
        "Messages",
        "What receptionists wrote down for somebody to attend to.",
    ),
    (
        "Usage",
        "What was used, what it cost, and how much of it may be.",
    ),
    ("Platform", "For the operator of the platform: its tenants."),
];

/// The document without schemas that nothing in it speaks of: what stands in a
/// page of a list is written out there.
pub(super) fn pruned(mut document: OpenApi) -> OpenApi {
    let text = document
        .to_json()
        .expect("a document is plain text and numbers");
    if let Some(components) = &mut document.components {
        let is_used = |name: &String| text.contains(&format!("#/components/schemas/{name}\""));
        components.schemas.retain(|name, _| is_used(name));
    }
    document
}

/// `/openapi.json` and `/dev`; both work without the world outside.
pub(super) fn routes(document: OpenApi) -> Router<ApiState> {
    let page = SwaggerUi::new("/dev").config(Config::from("/openapi.json"));
    let text = closed(document).to_json();
    // Every handler is copied some times: what it holds is to be small.
    let text = Bytes::from(text.expect("a document is plain text and numbers"));
    let json = [(CONTENT_TYPE, "application/json")];
    Router::new()
        .route("/openapi.json", get(async move || (json, text.clone())))
        .merge(page)
}

/// Where one key names what a thing is, no other key may stand beside it; the
/// derived schemas do not say so.
fn closed(mut document: OpenApi) -> OpenApi {
    let components = document.components.iter_mut();
    for schema in components.flat_map(|components| components.schemas.values_mut()) {
        let RefOr::T(Schema::OneOf(one_of)) = schema else {
            continue;
        };
        for variant in &mut one_of.items {
            if let RefOr::T(Schema::Object(variant)) = variant
                && !variant.required.is_empty()
            {
                let nothing_else = AdditionalProperties::FreeForm(false);
                variant.additional_properties = Some(Box::new(nothing_else));
            }
        }
    }
    document
}
