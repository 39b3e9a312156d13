//! Tenants, receptionists and calls to try the store with.

use std::collections::BTreeSet;
use std::time::Duration;

use frontdesk::domain::{
    AudioFormat, CallId, CallSid, CallStatus, Direction, Limits, Party, PhoneNumber, Receptionist,
    ReceptionistId, SilencePolicy, Tenant, TenantId, Timestamp, ToolName, TurnDetection,
};
use frontdesk::store::calls::NewCall;
use frontdesk::store::receptionist_versions::{self, Publication};
use frontdesk::store::{Store, receptionists, tenants};

/// So many milliseconds after 2026-11-21T09:30:00Z.
pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_795_253_400_000).plus_ms(ms)
}

pub(super) fn tenant_id(n: u8) -> TenantId {
    TenantId::from_parts(at(0), u128::from(n))
}

pub(super) fn receptionist_id(n: u8) -> ReceptionistId {
    ReceptionistId::from_parts(at(0), u128::from(n))
}

pub(super) fn phone(number: &str) -> PhoneNumber {
    number.parse().expect("the test writes E.164")
}

pub(super) fn sid(text: &str) -> CallSid {
    text.parse().expect("the test writes a SID")
}

/// The `n`th tenant, without a default receptionist.
pub(super) fn tenant(n: u8) -> Tenant {
    Tenant {
        id: tenant_id(n),
        name: format!("Tenant {n}"),
        time_zone: "Europe/Zurich".to_owned(),
        default_receptionist: None,
    }
}

/// The `n`th receptionist, of the tenant; no field has the value that it has
/// by default.
pub(super) fn receptionist(tenant: TenantId, n: u8) -> Receptionist {
    Receptionist {
        id: receptionist_id(n),
        tenant_id: tenant,
        name: format!("Receptionist {n}"),
        greeting: "Grüezi, what can I do for you?".to_owned(),
        instructions: "Be brief.\nSay \"thank you\"; it's free.".to_owned(),
        voice: "cedar".to_owned(),
        language: "de-CH".to_owned(),
        format: AudioFormat::Pcmu,
        turn_detection: TurnDetection::ServerVad {
            threshold: 0.65,
            prefix_padding: Duration::from_millis(250),
            silence_duration: Duration::from_millis(700),
        },
        tools: BTreeSet::from([ToolName::EndCall]),
        silence: SilencePolicy {
            prompt_after: Duration::from_secs(7),
            prompts: 3,
        },
        limits: Limits {
            max_duration: Duration::from_mins(20),
        },
    }
}

/// Adds the `n`th tenant and its receptionist, number `n` too, who is not its
/// default.
pub(super) async fn add_tenant(store: &Store, n: u8) -> (Tenant, Receptionist) {
    let tenant = tenant(n);
    let receptionist = receptionist(tenant.id, n);
    tenants::insert(store, &tenant, at(0))
        .await
        .expect("the tenant is new");
    receptionists::insert(store, &receptionist, at(0))
        .await
        .expect("the receptionist is new");
    (tenant, receptionist)
}

/// Lets callers meet the receptionist as it is; the number of the version.
pub(super) async fn publish(store: &Store, receptionist: &Receptionist) -> i64 {
    let publication = Publication::by_the_house(at(0));
    let (tenant, id) = (receptionist.tenant_id, receptionist.id);
    let version = receptionist_versions::publish(store, tenant, id, &publication).await;
    version
        .expect("it can be written")
        .expect("the receptionist is there")
}

/// A call of the tenant's that begins `n` milliseconds after the start.
pub(super) fn new_call(tenant: TenantId, n: u32) -> NewCall {
    NewCall {
        id: CallId::from_parts(at(i64::from(n)), u128::from(n)),
        tenant_id: tenant,
        call_sid: sid(&format!("CA{tenant}-{n}").replace('_', "-")),
        direction: Direction::Inbound,
        from: Party::Number(phone("+41443334455")),
        to: Party::Number(phone("+15550001111")),
        receptionist_id: None,
        status: CallStatus::Ringing,
        created_at: at(i64::from(n)),
    }
}
