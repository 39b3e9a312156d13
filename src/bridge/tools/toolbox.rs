//! Does what an agent asks for, if its receptionist may.

use std::mem;
use std::sync::Arc;

use serde_json::json;

use super::answer::{Problem, UNAVAILABLE, line};
use super::{contact, hours, http, message, text, transfer};
use crate::bridge::keeper::Keeper;
use crate::call::HandsTo;
use crate::clock::Clock;
use crate::domain::{CallId, CallLog, Pii, Receptionist, TenantId, ToolName};
use crate::egress::Outside;
use crate::routing::Handover;
use crate::store::{self, Store, call_transfers, calls, in_time, kept_secrets};

/// What tools need of the house.
#[derive(Clone)]
pub struct Toolbox {
    /// Where everything is kept.
    pub store: Store,
    /// The time of day.
    pub clock: Clock,
    /// The way to machines that admins name.
    pub outside: Outside,
    /// Whether there is an account at the carrier, which sends texts.
    pub has_carrier: bool,
}

/// Something that an agent asks for.
#[derive(Clone, Debug)]
pub(in crate::bridge) struct Ask {
    pub(in crate::bridge) tenant_id: TenantId,
    pub(in crate::bridge) call_id: CallId,
    pub(in crate::bridge) receptionist: Arc<Receptionist>,
    /// This wish's number in the call, and no other's.
    pub(in crate::bridge) number: i64,
    /// What it calls the tool.
    pub(in crate::bridge) name: String,
    /// As the agent wrote them.
    pub(in crate::bridge) arguments: Pii<String>,
    /// Whether nothing is kept of what is said: the recording is paused.
    pub(in crate::bridge) is_discreet: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(in crate::bridge) struct Done {
    /// What the agent reads.
    pub(in crate::bridge) output: String,
    pub(in crate::bridge) is_good: bool,
    /// Where the call can go on now.
    pub(in crate::bridge) handover: Option<(Handover, HandsTo)>,
}

impl Done {
    pub(super) fn good(value: &serde_json::Value) -> Self {
        Self {
            output: line(value),
            is_good: true,
            handover: None,
        }
    }

    pub(super) fn bad(output: String) -> Self {
        Self {
            output,
            is_good: false,
            handover: None,
        }
    }
}

impl From<Problem> for Done {
    fn from(problem: Problem) -> Self {
        Self::bad(problem.line())
    }
}

impl Toolbox {
    /// Does it, if the receptionist may.
    pub(in crate::bridge) async fn run(&self, ask: &Ask, keeper: &Keeper) -> Done {
        let done = if ask.receptionist.permits(&ask.name).is_none() {
            Ok(UNKNOWN.into())
        } else {
            match ask.name.parse() {
                Ok(tool) => in_time(self.run_own(ask, keeper, tool)).await,
                Err(_) => Ok(http::ask(self, ask).await),
            }
        };
        done.unwrap_or_else(|error| {
            tracing::warn!(call.id = %ask.call_id, %error, tool = ask.name, "tool.failed");
            UNAVAILABLE.into()
        })
    }

    async fn run_own(
        &self,
        ask: &Ask,
        keeper: &Keeper,
        tool: ToolName,
    ) -> Result<Done, store::Error> {
        match tool {
            // The call itself decides about its end.
            ToolName::EndCall => Ok(Done::good(&json!({"status": "ok"}))),
            ToolName::TransferCall => transfer::to_destination(self, ask).await,
            ToolName::TakeMessage => Ok(message::take(keeper, ask).await),
            ToolName::SendSms => text::send(self, ask).await,
            ToolName::CheckHours => hours::check(self, ask).await,
            ToolName::LookupContact => contact::look_up(self, ask).await,
        }
    }

    /// Finds a place for a caller who wants a person: the voicemail, at last, where messages
    /// can be left.
    pub(in crate::bridge) async fn find_person(&self, ask: &Ask) -> Done {
        let found = in_time(transfer::to_person(self, ask)).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(call.id = %ask.call_id, %error, "tool.no_person");
            UNAVAILABLE.into()
        })
    }

    /// The call does not go on where it was to go.
    pub(in crate::bridge) async fn withdraw(&self, ask: &Ask, handover: &Handover) {
        let of = (ask.tenant_id, ask.call_id);
        let struck = call_transfers::strike(&self.store, of.0, of.1, handover.first);
        if let Err(error) = in_time(struck).await {
            tracing::warn!(call.id = %ask.call_id, %error, "tool.transfer_not_withdrawn");
        }
    }

    /// Opens what the receptionist's machines are told in secret. One of which
    /// that cannot be opened would refuse us, and is not offered.
    pub(in crate::bridge) fn unseal(&self, receptionist: &mut Receptionist) {
        let id = receptionist.id.to_string();
        let place = kept_secrets::of_receptionist(receptionist.tenant_id, &id);
        let kit = mem::take(&mut receptionist.toolkit);
        receptionist.toolkit = kit.opened(|credential| {
            let opened = self.store.seals().open_kept(&place, credential);
            opened
                .inspect_err(|error| tracing::error!(%error, receptionist.id = id, "tool.sealed"))
                .ok()
        });
    }

    /// The call, as the house knows it.
    pub(super) async fn call(&self, ask: &Ask) -> Result<Option<CallLog>, store::Error> {
        calls::find(&self.store, ask.tenant_id, ask.call_id).await
    }
}

/// What is not permitted is not there.
const UNKNOWN: Problem = Problem::new("unknown_tool", "There is no such tool. Go on without it.");
