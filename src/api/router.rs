//! Every route of the admin interface, on one page, with what it asks for.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::calls::{control, live, log, recording, remarks, show, stats, transfer};
use super::gate::{Gate, Need};
use super::openapi;
use super::outbound::{place, policy, queue};
use super::sms::{messages as sms, opt_outs, send};
use super::state::ApiState;
use super::{audit, health, keys, me, metrics, numbers, problems, tenants, users};
use super::{caller_lists, hours, queues, routing};
use super::{contact_import, contacts, receptionist_versions as versions, receptionists};
use super::{greetings, messages, settings, voicemail, voicemail_audio};
use super::{ivr_flows, ivr_simulation, ivr_versions};
use super::{quotas, recordings, usage};
use crate::domain::Permission as P;

/// What admins and machines call.
pub fn router(state: ApiState) -> Router {
    let (admin, document) = admin(&state).split_for_parts();
    let document = openapi::pruned(document);
    Router::new()
        .route("/livez", get("alive\n"))
        .route("/readyz", get(health::readyz))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/problems/{slug}", get(async |slug| problems::show(slug)))
        .merge(admin)
        .merge(openapi::routes(document))
        .with_state(state)
}

/// The documentation of [`router()`], as `/openapi.json` shows it.
pub fn document(state: &ApiState) -> OpenApi {
    openapi::pruned(admin(state).into_openapi())
}

fn admin(state: &ApiState) -> OpenApiRouter<ApiState> {
    let gate = Gate::new(state);
    let may = |permission| Need::May(permission);
    OpenApiRouter::with_openapi(openapi::head())
        .routes(gate.ask(Need::Anybody, routes!(me::show)))
        .routes(gate.ask(may(P::CallsRead), routes!(log::log)))
        .routes(gate.ask(may(P::CallsRead), routes!(show::show)))
        .routes(gate.ask(may(P::CallsRead), routes!(show::events)))
        .routes(gate.ask(may(P::CallsWrite), routes!(remarks::update)))
        .routes(gate.ask(may(P::PrivacyWrite), routes!(remarks::delete)))
        .routes(gate.ask(may(P::UsageRead), routes!(stats::summary)))
        .routes(gate.ask(may(P::CallsWatch), routes!(live::list)))
        .routes(gate.ask(may(P::CallsWatch), routes!(live::events)))
        .routes(gate.ask(may(P::CallsControl), routes!(control::hang_up)))
        .routes(gate.ask(may(P::CallsControl), gate.once(routes!(control::say))))
        .routes(gate.ask(may(P::CallsControl), routes!(control::mute)))
        .routes(gate.ask(may(P::CallsControl), routes!(control::hold)))
        .routes(gate.ask(may(P::CallsControl), gate.once(routes!(transfer::transfer))))
        .routes(gate.ask(may(P::NumbersRead), routes!(numbers::list::list)))
        .routes(gate.ask(may(P::NumbersRead), routes!(numbers::available::available)))
        .routes(gate.ask(
            may(P::NumbersWrite),
            gate.once(routes!(numbers::purchase::purchase)),
        ))
        .routes(gate.ask(
            may(P::NumbersWrite),
            gate.once(routes!(numbers::import::import)),
        ))
        .routes(gate.ask(may(P::NumbersRead), routes!(numbers::show::show)))
        .routes(gate.ask(may(P::NumbersWrite), routes!(numbers::change::update)))
        .routes(gate.ask(may(P::NumbersWrite), routes!(numbers::release::release)))
        .routes(gate.ask(
            may(P::NumbersWrite),
            gate.once(routes!(numbers::configure::configure)),
        ))
        .merge(members(&gate))
        .merge(recordings(&gate))
        .merge(outbound(&gate))
        .merge(contacts(&gate))
        .merge(receptionists(&gate))
        .merge(settings(&gate))
        .merge(voicemail(&gate))
        .merge(texts(&gate))
        .merge(taken(&gate))
        .merge(ways(&gate))
        .merge(flows(&gate))
        .merge(spending(&gate))
        .routes(gate.ask(Need::Platform, routes!(tenants::list)))
        .routes(gate.ask(Need::Platform, gate.once(routes!(tenants::create))))
        .routes(gate.ask(Need::Platform, routes!(tenants::show, tenants::update)))
        .routes(gate.ask(
            Need::Platform,
            gate.once(routes!(numbers::import::import_for_tenant)),
        ))
}

/// Who may come in, and what they did.
fn members(gate: &Gate) -> OpenApiRouter<ApiState> {
    let may = |permission, routes| gate.ask(Need::May(permission), routes);
    let platform = |routes| gate.ask(Need::Platform, routes);
    OpenApiRouter::new()
        .routes(may(P::MembersRead, routes!(users::list)))
        .routes(may(P::MembersWrite, gate.once(routes!(users::create))))
        .routes(may(P::MembersRead, routes!(users::show)))
        .routes(may(P::MembersWrite, routes!(users::update, users::delete)))
        .routes(may(P::KeysRead, routes!(keys::list)))
        .routes(may(P::KeysWrite, routes!(keys::create)))
        .routes(may(P::KeysWrite, routes!(keys::revoke)))
        .routes(platform(routes!(keys::list_of_platform)))
        .routes(platform(routes!(keys::revoke_of_platform)))
        .routes(may(P::AuditRead, routes!(audit::list)))
        .routes(platform(routes!(audit::list_of_platform)))
}

/// What is recorded of calls, and what was.
fn recordings(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::CallsControl, routes!(recording::start)))
        .routes(ask(P::CallsControl, routes!(recording::pause)))
        .routes(ask(P::CallsControl, routes!(recording::resume)))
        .routes(ask(P::CallsControl, routes!(recording::stop)))
        .routes(ask(P::RecordingsRead, routes!(recordings::list_of_call)))
        .routes(ask(P::RecordingsRead, routes!(recordings::show)))
        .routes(ask(P::RecordingsRead, routes!(recordings::hear)))
        .routes(ask(P::RecordingsWrite, routes!(recordings::delete)))
}

/// Calls that we make.
fn outbound(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::CallsWrite, gate.once(routes!(place::create))))
        .routes(ask(P::CallsWrite, gate.once(routes!(queue::call_next))))
        .routes(ask(P::BudgetsRead, routes!(policy::show)))
        .routes(ask(P::BudgetsWrite, routes!(policy::replace)))
}

fn contacts(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::ContactsRead, routes!(contacts::list)))
        .routes(ask(P::ContactsWrite, gate.once(routes!(contacts::create))))
        .routes(ask(
            P::ContactsWrite,
            gate.once(routes!(contact_import::import)),
        ))
        .routes(ask(P::ContactsRead, routes!(contacts::show)))
        .routes(ask(
            P::ContactsWrite,
            routes!(contacts::update, contacts::delete),
        ))
}

fn receptionists(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::ConfigRead, routes!(receptionists::list)))
        .routes(ask(
            P::ConfigWrite,
            gate.once(routes!(receptionists::create)),
        ))
        .routes(ask(P::ConfigPublish, routes!(receptionists::set_default)))
        .routes(ask(P::ConfigRead, routes!(receptionists::show)))
        .routes(ask(
            P::ConfigWrite,
            routes!(receptionists::update, receptionists::delete),
        ))
        .routes(ask(P::ConfigPublish, gate.once(routes!(versions::publish))))
        .routes(ask(P::ConfigRead, routes!(versions::list)))
        .routes(ask(P::ConfigRead, routes!(versions::show)))
        .routes(ask(P::ConfigWrite, gate.once(routes!(versions::restore))))
}

fn flows(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::ConfigRead, routes!(ivr_flows::list)))
        .routes(ask(P::ConfigWrite, gate.once(routes!(ivr_flows::create))))
        .routes(ask(P::ConfigRead, routes!(ivr_flows::show)))
        .routes(ask(
            P::ConfigWrite,
            routes!(ivr_flows::update, ivr_flows::delete),
        ))
        .routes(ask(
            P::ConfigPublish,
            gate.once(routes!(ivr_versions::publish)),
        ))
        .routes(ask(P::ConfigRead, routes!(ivr_versions::list)))
        .routes(ask(P::ConfigRead, routes!(ivr_versions::show)))
        .routes(ask(
            P::ConfigWrite,
            gate.once(routes!(ivr_versions::restore)),
        ))
        .routes(ask(P::ConfigRead, routes!(ivr_versions::counters)))
        .routes(ask(P::ConfigRead, routes!(ivr_simulation::simulate)))
}

fn settings(gate: &Gate) -> OpenApiRouter<ApiState> {
    let may = |permission, routes| gate.ask(Need::May(permission), routes);
    let platform = |routes| gate.ask(Need::Platform, routes);
    OpenApiRouter::new()
        .routes(may(P::ConfigRead, routes!(settings::list)))
        .routes(may(P::ConfigWrite, routes!(settings::set, settings::unset)))
        .routes(may(P::ConfigRead, routes!(settings::list_of_user)))
        .routes(may(
            P::ConfigWrite,
            routes!(settings::set_of_user, settings::unset_of_user),
        ))
        .routes(platform(routes!(settings::list_of_platform)))
        .routes(platform(routes!(
            settings::set_of_platform,
            settings::unset_of_platform
        )))
}

fn voicemail(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::InboxRead, routes!(voicemail::list)))
        .routes(ask(P::InboxRead, routes!(voicemail::show)))
        .routes(ask(P::RecordingsRead, routes!(voicemail_audio::hear)))
        .routes(ask(
            P::InboxWrite,
            routes!(voicemail::update, voicemail::delete),
        ))
        .routes(ask(P::InboxRead, routes!(greetings::list)))
        .routes(ask(P::InboxWrite, gate.once(routes!(greetings::create))))
        .routes(ask(P::InboxRead, routes!(greetings::show)))
        .routes(ask(
            P::InboxWrite,
            routes!(greetings::update, greetings::delete),
        ))
        .routes(ask(P::InboxWrite, routes!(greetings::make_default)))
        // How large a body may be is decided before it comes here.
        .layer(DefaultBodyLimit::disable())
}

/// Text messages.
fn texts(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::InboxRead, routes!(sms::list)))
        .routes(ask(P::InboxWrite, gate.once(routes!(send::send))))
        .routes(ask(P::InboxRead, routes!(sms::show)))
        .routes(ask(P::InboxWrite, routes!(sms::update, sms::delete)))
        .routes(ask(P::InboxRead, routes!(opt_outs::list)))
        .routes(ask(P::InboxWrite, routes!(opt_outs::add)))
        .routes(ask(P::InboxRead, routes!(opt_outs::show)))
        .routes(ask(P::InboxWrite, routes!(opt_outs::remove)))
}

/// What receptionists wrote down.
fn taken(gate: &Gate) -> OpenApiRouter<ApiState> {
    let ask = |permission, routes| gate.ask(Need::May(permission), routes);
    OpenApiRouter::new()
        .routes(ask(P::InboxRead, routes!(messages::list)))
        .routes(ask(P::InboxRead, routes!(messages::show)))
        .routes(ask(
            P::InboxWrite,
            routes!(messages::update, messages::delete),
        ))
}

/// What was used, and how much may be.
fn spending(gate: &Gate) -> OpenApiRouter<ApiState> {
    let may = |permission, routes| gate.ask(Need::May(permission), routes);
    let platform = |routes| gate.ask(Need::Platform, routes);
    OpenApiRouter::new()
        .routes(may(P::UsageRead, routes!(usage::list)))
        .routes(may(P::UsageRead, routes!(usage::current)))
        .routes(may(P::BudgetsRead, routes!(quotas::show)))
        .routes(may(P::BudgetsWrite, routes!(quotas::set)))
        .routes(platform(routes!(quotas::show_of_tenant)))
        .routes(platform(routes!(quotas::set_of_tenant)))
}

/// Where calls go.
fn ways(gate: &Gate) -> OpenApiRouter<ApiState> {
    let may = |permission| Need::May(permission);
    OpenApiRouter::new()
        .routes(gate.ask(may(P::ConfigRead), routes!(hours::list)))
        .routes(gate.ask(may(P::HoursWrite), gate.once(routes!(hours::create))))
        .routes(gate.ask(may(P::ConfigRead), routes!(hours::show)))
        .routes(gate.ask(may(P::HoursWrite), routes!(hours::replace, hours::delete)))
        .routes(gate.ask(may(P::NumbersRead), routes!(queues::list)))
        .routes(gate.ask(may(P::NumbersWrite), gate.once(routes!(queues::create))))
        .routes(gate.ask(may(P::NumbersRead), routes!(queues::show)))
        .routes(gate.ask(
            may(P::NumbersWrite),
            routes!(queues::update, queues::delete),
        ))
        .routes(gate.ask(may(P::ConfigRead), routes!(caller_lists::list)))
        .routes(gate.ask(
            may(P::ConfigWrite),
            gate.once(routes!(caller_lists::create)),
        ))
        .routes(gate.ask(may(P::ConfigRead), routes!(caller_lists::show)))
        .routes(gate.ask(may(P::ConfigWrite), routes!(caller_lists::delete)))
        .routes(gate.ask(may(P::ConfigRead), routes!(caller_lists::members)))
        .routes(gate.ask(
            may(P::ConfigWrite),
            routes!(caller_lists::add, caller_lists::remove),
        ))
        .routes(gate.ask(may(P::NumbersRead), routes!(routing::show)))
        .routes(gate.ask(may(P::NumbersWrite), routes!(routing::replace)))
        .routes(gate.ask(may(P::NumbersRead), routes!(routing::preview)))
}
