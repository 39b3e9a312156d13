//! Whose telephone we answer, and on which number.

use super::{ConsentRule, NumberId, NumberSid, PhoneNumber, ReceptionistId, TenantId, Timestamp};

/// A customer of this installation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant {
    /// Its name in the database.
    pub id: TenantId,
    /// Its name for people.
    pub name: String,
    /// IANA time zone in which its hours are written.
    pub time_zone: String,
    /// Who answers where a number says nothing else.
    pub default_receptionist: Option<ReceptionistId>,
}

/// A telephone number that belongs to a tenant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Number {
    /// Its name in the database.
    pub id: NumberId,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The number itself.
    pub phone_number: PhoneNumber,
    /// Who answers it; the tenant's default if none is named.
    pub receptionist_id: Option<ReceptionistId>,
    /// What people call it.
    pub label: Option<String>,
    /// How its callers are asked whether they may be recorded.
    pub recording: ConsentRule,
    /// The carrier's name for it, where the carrier was asked.
    pub carrier_sid: Option<NumberSid>,
    /// What it can do, by the carrier's word.
    pub capabilities: Option<Capabilities>,
    /// When the carrier was last told where its webhooks go.
    pub configured_at: Option<Timestamp>,
    /// Since when it has been the tenant's.
    pub created_at: Timestamp,
}

impl Number {
    /// A number of which nothing else is known.
    pub fn new(
        id: NumberId,
        tenant_id: TenantId,
        phone_number: PhoneNumber,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant_id,
            phone_number,
            receptionist_id: None,
            label: None,
            recording: ConsentRule::default(),
            carrier_sid: None,
            capabilities: None,
            configured_at: None,
            created_at,
        }
    }
}

impl Number {
    /// Whether it can do that, as far as the carrier has told.
    pub fn can(&self, ability: Ability) -> bool {
        self.capabilities.is_none_or(|can| match ability {
            Ability::Voice => can.voice,
            Ability::Sms => can.sms,
        })
    }
}

/// What a number may be needed for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ability {
    /// Calls.
    Voice,
    /// Text messages.
    Sms,
}

impl Ability {
    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Sms => "sms",
        }
    }
}

/// What a number can do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Capabilities {
    /// Calls.
    pub voice: bool,
    /// Text messages.
    pub sms: bool,
    /// Messages with pictures.
    pub mms: bool,
}
