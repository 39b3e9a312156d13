//! Whose telephone we answer, and on which number.

use super::{NumberId, PhoneNumber, ReceptionistId, TenantId};

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
