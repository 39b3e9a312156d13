//! A desk whose numbers have plans, and what its webhooks and its preview say.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use frontdesk::clock::{Clock, random_bytes};
use frontdesk::domain::{
    CallLog, DialPolicy, Entry, Greeting, GreetingContent, GreetingKind, Lock, Number, PhoneNumber,
    Receptionist, ReceptionistId, Role, Scope, SettingKey, SettingValue, TenantId, Timestamp, User,
    UserId,
};
use frontdesk::routing::{Forward, Plan, Ring, Target};
use frontdesk::store::api_keys::{self, NewApiKey};
use frontdesk::store::receptionist_versions::{Publication, publish};
use frontdesk::store::{
    KeyText, calls, dials, greetings, number_plans, numbers, receptionists, settings, tenants,
    users,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::desk::Desk;
use super::visitor::{Answer, Form, exchange, form, post};

pub(super) fn phone(text: &str) -> PhoneNumber {
    text.parse().expect("the test writes E.164")
}

pub(super) async fn tenant(desk: &Desk) -> (TenantId, ReceptionistId) {
    let tenant = tenants::default_tenant(&desk.store).await;
    let tenant = tenant.expect("the database answers").expect("it is seeded");
    (tenant.id, tenant.default_receptionist.expect("it has one"))
}

/// Publishes the default receptionist as `change` leaves it; which version that is.
pub(super) async fn republish(desk: &Desk, change: impl FnOnce(&mut Receptionist)) -> i64 {
    let (tenant, id) = tenant(desk).await;
    let found = receptionists::find(&desk.store, tenant, id).await;
    let mut receptionist = found.unwrap().unwrap().receptionist;
    change(&mut receptionist);
    let now = Clock::system().now();
    let updated = receptionists::update(&desk.store, &receptionist, now).await;
    assert!(updated.unwrap());
    let publication = Publication::by_the_house(now);
    let published = publish(&desk.store, tenant, id, &publication).await;
    published.unwrap().unwrap()
}

/// What the default tenant wants of a setting that is true or not.
pub(super) async fn put_setting(desk: &Desk, key: SettingKey, value: bool) {
    let entry = Entry {
        value: SettingValue::Truth(value),
        lock: Lock::Unlocked,
    };
    let (tenant, _) = tenant(desk).await;
    let set = settings::put_tenant(&desk.store, tenant, key, (&entry, now())).await;
    set.expect("the setting is kept");
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// Gives the default tenant a number with this plan, and lets it send callers to
/// telephones in the United States.
pub(super) async fn plan(desk: &Desk, number: &str, plan: &Plan) {
    let (tenant_id, _) = tenant(desk).await;
    let number = phone(number);
    let found = number_plans::find(&desk.store, tenant_id, &number).await;
    let id = if let Some((id, _)) = found.expect("the database answers") {
        id
    } else {
        let new = Number::new(Clock::system().new_id(), tenant_id, number, now());
        let added = numbers::insert(&desk.store, &new).await;
        added.expect("the number is new");
        new.id
    };
    let policy = DialPolicy {
        countries: ["US".parse().expect("a country")].into(),
        ..DialPolicy::default()
    };
    let allowed = dials::put_policy(&desk.store, tenant_id, &policy, now()).await;
    allowed.expect("the policy is kept");
    let put = number_plans::put(&desk.store, (tenant_id, id), plan, now()).await;
    put.expect("the plan is kept");
}

/// A member of the default tenant who is rung at this number.
pub(super) async fn member(desk: &Desk, number: &str) -> UserId {
    let id: UserId = Clock::system().new_id();
    let user = User {
        id,
        tenant_id: tenant(desk).await.0,
        email: format!("{id}@example.com").parse().expect("an address"),
        name: "Ada".to_owned(),
        role: Role::Agent,
        subject: id.to_string(),
        phone_number: Some(phone(number)),
        is_active: true,
        created_at: now(),
    };
    let added = users::insert(&desk.store, &user).await;
    added.expect("the member is new");
    id
}

pub(super) fn ai() -> Target {
    Target::Ai {
        receptionist_id: None,
    }
}

pub(super) fn forward(number: &str, ring: Ring) -> Target {
    Target::Forward(Forward {
        name: "Elsewhere".to_owned(),
        phone_number: phone(number),
        ring,
    })
}

pub(super) fn message(text: &str) -> Target {
    Target::Message {
        text: text.to_owned(),
    }
}

/// The form of a request about a call to `to`.
pub(super) fn form_to(call_sid: &str, to: &str, extra: &[(&str, &str)]) -> Form {
    let mut form = form(call_sid, "in-progress");
    set(&mut form, "To", to);
    let extra = extra.iter();
    form.extend(extra.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    form
}

/// Gives a field of a form another value.
pub(super) fn set(form: &mut Form, field: &str, value: &str) {
    let found = form.iter_mut().find(|(name, _)| name == field);
    value.clone_into(&mut found.expect("the form has the field").1);
}

/// The log of the call, once it is so.
pub(super) async fn logged(
    desk: &Desk,
    call_sid: &str,
    is_so: impl Fn(&CallLog) -> bool,
) -> CallLog {
    let call_sid = call_sid.parse().expect("a SID");
    let found = async {
        loop {
            let call = calls::find_by_sid(&desk.store, &call_sid).await;
            match call.expect("the database answers").filter(&is_so) {
                Some(call) => return call,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let found = timeout(Duration::from_secs(5), found).await;
    found.expect("it is written down")
}

/// What a webhook answers; kept for the oracle.
pub(super) async fn ask(desk: &Desk, path: &str, form: &Form) -> String {
    let path = format!("/api/voice/webhooks/{path}");
    let answer: Answer = post(desk, &path, form).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    show_to_oracle(&path, &answer.body);
    answer.body
}

/// Keeps what the gateway answered, for Twilio's own library to judge.
pub(super) fn show_to_oracle(name: &str, xml: &str) {
    let Some(folder) = std::env::var_os("FRONTDESK_ORACLE_DIR") else {
        return;
    };
    let path = Path::new(&folder).join("routes.jsonl");
    let file = OpenOptions::new().create(true).append(true).open(path);
    let line = format!("{}\n", json!({"name": name, "xml": xml}));
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the oracle's folder is there");
}

/// The key of an owner of the default tenant.
pub(super) async fn key(desk: &Desk) -> String {
    let text = KeyText::from_random(&random_bytes());
    let key = NewApiKey {
        id: Clock::system().new_id(),
        tenant_id: tenant(desk).await.0,
        name: "test",
        text: &text,
        scope: Scope::Everything,
        is_platform: false,
        created_at: now(),
        expires_at: None,
    };
    let added = api_keys::insert(&desk.store, &key).await;
    added.expect("the key is new");
    text.expose().to_owned()
}

/// What the preview says of a call.
pub(super) async fn preview(desk: &Desk, key: &str, to: &str, from: &str) -> Value {
    let encoded = |number: &str| number.replace('+', "%2B");
    let from = match from {
        "" => String::new(),
        number => format!("&from={}", encoded(number)),
    };
    let request = format!(
        "GET /api/routing/preview?to={}{from} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\
         Authorization: Bearer {key}\r\n\r\n",
        encoded(to)
    );
    let answer = exchange(desk, &request).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("it is JSON")
}

/// What is found at a path that asks for nothing: its head, and its bytes.
pub(super) async fn exchange_get(desk: &Desk, path: &str) -> (String, Vec<u8>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = desk.base_url.trim_start_matches("http://");
    let mut socket = tokio::net::TcpStream::connect(address)
        .await
        .expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n");
    socket
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("it answers");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("an answer has a head");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    (head, answer.split_off(end + 4))
}

/// What callers hear before the beep from now on: words of the tenant's, or of a member's.
pub(super) async fn put_greeting(
    desk: &Desk,
    (kind, user_id): (GreetingKind, Option<UserId>),
    words: &str,
) {
    let clock = Clock::system();
    let greeting = Greeting {
        id: clock.new_id(),
        tenant_id: tenant(desk).await.0,
        kind,
        user_id,
        name: words.to_owned(),
        content: GreetingContent::Spoken {
            text: words.to_owned(),
            voice: None,
            language: None,
        },
        from: None,
        until: None,
        is_default: true,
        created_at: clock.now(),
    };
    greetings::insert(&desk.store, &greeting).await.unwrap();
}
