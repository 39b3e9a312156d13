//! Tenants, receptionists and calls to try the store with.

use std::collections::BTreeSet;
use std::time::Duration;

use frontdesk::domain::{
    AudioFormat, CallId, CallSid, CallStatus, Credential, Destination, Direction, HttpMethod,
    HttpTool, Limits, McpServer, Party, PersonRule, PhoneNumber, Place, Receptionist,
    ReceptionistId, Secret, SilencePolicy, Tenant, TenantId, TextRecipient, Timestamp, ToolHeader,
    ToolName, Toolkit, TransferMode, TurnDetection, UserId,
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
        tools: BTreeSet::from([ToolName::EndCall, ToolName::TransferCall]),
        toolkit: toolkit(),
        silence: SilencePolicy {
            prompt_after: Duration::from_secs(7),
            prompts: 3,
        },
        limits: Limits {
            max_duration: Duration::from_mins(20),
        },
    }
}

/// One of everything.
fn toolkit() -> Toolkit {
    let secret = |text: &str| Some(Credential::Given(Secret::new(text.to_owned())));
    Toolkit {
        destinations: vec![
            Destination {
                key: "sales".to_owned(),
                description: "Orders and prices.".to_owned(),
                place: Place::Number("+12025550123".parse().unwrap()),
                mode: TransferMode::Warm,
            },
            Destination {
                key: "repairs".to_owned(),
                description: "What is broken.".to_owned(),
                place: Place::Team(vec![
                    UserId::from_parts(at(0), 1),
                    UserId::from_parts(at(0), 2),
                ]),
                mode: TransferMode::Warm,
            },
            Destination {
                key: "later".to_owned(),
                description: "Everything else.".to_owned(),
                place: Place::Voicemail {
                    greeting: None,
                    user_id: None,
                },
                mode: TransferMode::Blind,
            },
        ],
        text_recipients: vec![TextRecipient {
            key: "on_duty".to_owned(),
            description: "Whoever has the night shift.".to_owned(),
            number: "+12025550124".parse().unwrap(),
        }],
        http: vec![HttpTool {
            name: "find_order".to_owned(),
            description: "Finds an order by its number.".to_owned(),
            parameters: r#"{"properties":{"n":{"type":"integer"}},"type":"object"}"#.to_owned(),
            method: HttpMethod::Post,
            url: "https://orders.example.com/find".to_owned(),
            headers: vec![ToolHeader {
                name: "Authorization".to_owned(),
                value: secret("Bearer of the test"),
            }],
            timeout: Duration::from_secs(3),
            max_bytes: 2_048,
        }],
        mcp: vec![McpServer {
            label: "calendar".to_owned(),
            url: "https://mcp.example.com/".to_owned(),
            allowed_tools: vec!["free_slots".to_owned()],
            authorization: secret("key of the test"),
        }],
        person: PersonRule {
            destination: Some("sales".to_owned()),
            has_zero_key: false,
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
