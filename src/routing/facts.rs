//! What must be known of a number and its caller before a call can be routed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::allowance::Allowance;
use super::ivr::{Node, Published};
use super::plan::{Plan, Target};
use crate::domain::{
    CallerListId, Contact, FlowId, Hours, HoursId, ListKind, NumberId, Party, PhoneNumber, Queue,
    QueueId, Receptionist, ReceptionistId, TenantId, UserId, Zone,
};

/// Everything about a number that a route may depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Whose number it is.
    pub tenant_id: TenantId,
    /// The tenant's clock.
    pub zone: Zone,
    /// The number, if the tenant has it; a stranger's rings at the default
    /// tenant's.
    pub number_id: Option<NumberId>,
    /// Its plan, if somebody made one.
    pub plan: Option<Plan>,
    /// Who answers where the plan names nobody.
    pub default_receptionist: Option<ReceptionistId>,
    /// The hours that the plan names.
    pub hours: BTreeMap<HoursId, Hours>,
    /// Where the people ring whom the plan names; only those who work and have
    /// a number.
    pub users: BTreeMap<UserId, PhoneNumber>,
    /// The queues that the plan names.
    pub queues: BTreeMap<QueueId, Queue>,
    /// The receptionists that the plan names, and the default.
    pub receptionists: BTreeMap<ReceptionistId, Receptionist>,
    /// The flows that the plan names, as far as they are published. What they
    /// name is among the rest.
    pub flows: BTreeMap<FlowId, Published>,
    /// With whom callers may be connected, and for how long.
    pub allowance: Allowance,
    /// Whether callers may be led through flows.
    pub has_ivr: bool,
    /// Whether callers may leave messages.
    pub has_voicemail: bool,
}

impl Facts {
    /// The telephones that may come to ring.
    pub fn telephones(&self) -> BTreeSet<&PhoneNumber> {
        let planned = self.plan.iter().flat_map(Plan::targets);
        let planned = planned.filter_map(Target::outside);
        let nodes = self.flows.values().flat_map(|flow| &flow.flow.nodes);
        let led = nodes.filter_map(Node::outside);
        planned.chain(led).chain(self.users.values()).collect()
    }

    /// The numbers that whoever is rung may come to see.
    pub fn caller_ids(&self) -> BTreeSet<&PhoneNumber> {
        let planned = self.plan.iter().flat_map(Plan::targets);
        let planned = planned.filter_map(Target::caller_id);
        let nodes = self.flows.values().flat_map(|flow| &flow.flow.nodes);
        planned.chain(nodes.filter_map(Node::caller_id)).collect()
    }

    /// Shows none of them that are not among `own`, which are the tenant's: one that it
    /// has given back may be somebody else's by now.
    pub fn show_only(&mut self, own: &BTreeSet<PhoneNumber>) {
        if self.caller_ids().into_iter().all(|one| own.contains(one)) {
            return;
        }
        if let Some(plan) = &mut self.plan {
            plan.show_only(own);
        }
        for published in self.flows.values_mut() {
            Arc::make_mut(&mut published.flow).show_only(own);
        }
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// By the carrier's word.
    pub party: Party,
    /// Whether it is somebody who matters more than others.
    pub is_vip: bool,
    /// Whether it is somebody who is not let in.
    pub is_blocked: bool,
    /// The lists that the number is on.
    pub lists: BTreeSet<CallerListId>,
    /// Whom of the tenant's contacts it is.
    pub contact: Option<Contact>,
}

impl Caller {
    /// A caller who is on these lists.
    pub fn on_lists(party: Party, lists: &[(CallerListId, ListKind)]) -> Self {
        let is_on = |kind| lists.iter().any(|(_, on)| *on == kind);
        Self {
            party,
            is_vip: is_on(ListKind::Vip),
            is_blocked: is_on(ListKind::Block) && !is_on(ListKind::Allow),
            lists: lists.iter().map(|(id, _)| *id).collect(),
            contact: None,
        }
    }

    /// The same, known to the tenant.
    #[must_use]
    pub fn known_as(self, contact: Contact) -> Self {
        Self {
            is_vip: self.is_vip || contact.is_vip,
            is_blocked: self.is_blocked || contact.is_blocked,
            contact: Some(contact),
            ..self
        }
    }

    /// A caller of whom nothing more is known.
    pub fn stranger(party: Party) -> Self {
        Self::on_lists(party, &[])
    }
}
