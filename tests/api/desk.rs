//! The admin interface on a database of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::IntoResponse;
use frontdesk::api::{self, ApiState, TokenRules};
use frontdesk::app::Manners;
use frontdesk::bridge::{Admission, Bridge, Keeper};
use frontdesk::clock::{Clock, random_bytes};
use frontdesk::domain::{
    AnsweredBy, ApiKeyId, CallId, CallStatus, Currency, Direction, EndReason, Money, Pii, Role,
    Scope, Secret, Speaker, Tenant, TenantId, Timestamp, TurnLatency, Usage, User, UserId,
    Utterance,
};
use frontdesk::egress::Outside;
use frontdesk::jobs::Process;
use frontdesk::recordings::Recordings;
use frontdesk::store::api_keys::{self, NewApiKey};
use frontdesk::store::call_events::{self, NewEvent};
use frontdesk::store::calls::{self, Finished, NewCall};
use frontdesk::store::{KeyText, Store, default_receptionist, tenants, turns, users, utterances};
use frontdesk::twilio::signature::{Verifier, sign};
use frontdesk::webhooks::{
    self, Callers, Memory, Patience, Strangers, Trails, Webhooks, simulator,
};
use http_body_util::BodyExt as _;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::support::database::Database;
use crate::support::nobody::NobodyThere;
use crate::support::rest_account::RestAccount;

const EVENTS: &str = "text/event-stream";
const PUBLIC_URL: &str = "https://desk.example.com";

pub(super) const RENDERED: &str = "# what was counted\n";

/// Signs the tokens that a [`Desk`] believes.
pub(super) const TOKEN_SECRET: &str = "a secret of more than thirty-two characters";

/// Tokens are judged by the machine's clock.
pub(super) fn in_an_hour() -> i64 {
    Clock::system().now().as_ms() / 1_000 + 3_600
}

/// A token with these claims, signed with HS256.
pub(super) fn token(claims: &Value) -> String {
    let key = EncodingKey::from_secret(TOKEN_SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), claims, &key).expect("the claims are JSON")
}

/// The admin interface on a database of its own.
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) bridge: Bridge,
    /// Where sound is kept.
    pub(super) folder: Arc<TempDir>,
    pub(super) router: Router,
    /// What the carrier would ask.
    telephone: Router,
}

impl Desk {
    pub(super) fn on(database: &Database) -> Self {
        Self::build(database, |_| {})
    }

    pub(super) fn believing(database: &Database, tokens: TokenRules) -> Self {
        Self::build(database, |state| state.tokens = Arc::new(tokens))
    }

    /// With an account at the carrier.
    pub(super) fn with_account(database: &Database, account: &RestAccount) -> Self {
        let client = account.client();
        Self::build(database, |state| state.carrier = Some(client))
    }

    /// With something else in its state than usual.
    pub(super) fn build(database: &Database, change: impl FnOnce(&mut ApiState)) -> Self {
        let tokens = TokenRules {
            secret: Some(Secret::new(TOKEN_SECRET.to_owned())),
            ..TokenRules::default()
        };
        let folder = Arc::new(TempDir::new().expect("there is a folder for temporary files"));
        let clock = Clock::manual(Timestamp::from_ms(1_763_717_400_000));
        let (keeper, _) = Keeper::start(database.store.clone(), clock.clone(), None);
        let bridge = Bridge::new(7, Arc::new(NobodyThere), keeper);
        let mut state = ApiState {
            bridge: bridge.clone(),
            store: database.store.clone(),
            recordings: Recordings::at(folder.path()),
            clock: clock.clone(),
            tokens: Arc::new(tokens),
            carrier: None,
            public_url: Some(PUBLIC_URL.into()),
            started_at: clock.now(),
            rendering: Arc::new(|| RENDERED.to_owned()),
            simulator: Arc::new(|_| String::new()),
        };
        state.simulator = simulator(webhooks_of(&state));
        change(&mut state);
        let no_telephone = || StatusCode::IM_A_TEAPOT.into_response();
        let manners = Manners::new(clock.clone(), no_telephone);
        let telephone = webhooks::router(Webhooks {
            patience: Patience::of(Duration::from_secs(5)),
            ..webhooks_of(&state)
        });
        Self {
            telephone: manners.clone().teach(telephone),
            store: database.store.clone(),
            clock,
            bridge,
            folder,
            router: manners.teach(api::router(state)),
        }
    }

    /// A tenant with a key.
    pub(super) async fn tenant(&self, name: &str) -> (TenantId, String) {
        let tenant = Tenant {
            id: self.clock.new_id(),
            name: name.to_owned(),
            time_zone: "UTC".to_owned(),
            default_receptionist: None,
        };
        let inserted = tenants::insert(&self.store, &tenant, self.clock.now()).await;
        inserted.expect("the tenant is new");
        (tenant.id, self.key(tenant.id, None).await.1)
    }

    pub(super) async fn key(
        &self,
        tenant_id: TenantId,
        expires_at: Option<Timestamp>,
    ) -> (ApiKeyId, String) {
        let text = KeyText::from_random(&random_bytes());
        let key = NewApiKey {
            id: self.clock.new_id(),
            tenant_id,
            name: "test",
            text: &text,
            scope: Scope::Everything,
            is_platform: false,
            created_at: self.clock.now(),
            expires_at,
        };
        let key = api_keys::insert(&self.store, &key)
            .await
            .expect("the key is new");
        (key.id, text.expose().to_owned())
    }

    pub(super) fn new_call(&self, tenant_id: TenantId, sid: &str) -> NewCall {
        NewCall {
            id: self.clock.new_id(),
            tenant_id,
            call_sid: sid.parse().expect("a SID"),
            direction: Direction::Inbound,
            from: "+15550000001".parse().expect("any text is a party"),
            to: "+15550000002".parse().expect("any text is a party"),
            receptionist_id: None,
            status: CallStatus::Ringing,
            created_at: self.clock.now(),
        }
    }

    pub(super) async fn call(&self, tenant: TenantId, sid: &str) -> CallId {
        let new = self.new_call(tenant, sid);
        let (call, is_new) = calls::find_or_create(&self.store, &new)
            .await
            .expect("it is kept");
        assert!(is_new);
        call.id
    }

    /// A call that the bridge has let in, and whose agent is being dialled.
    pub(super) async fn admitted(&self, tenant: TenantId, sid: &str) -> CallId {
        let call_id = self.call(tenant, sid).await;
        let admission = Admission {
            call_id,
            ..self.admission(tenant, sid)
        };
        let mut watched = self.bridge.watch();
        self.bridge.admit(admission).expect("there is a place");
        while watched.recv().await.expect("the house is open").call_id != call_id {}
        call_id
    }

    /// A call that nobody has written down.
    pub(super) fn admission(&self, tenant: TenantId, sid: &str) -> Admission {
        Admission {
            call_id: self.clock.new_id(),
            tenant_id: tenant,
            call_sid: sid.parse().expect("a SID"),
            stop: 0,
            direction: Direction::Inbound,
            receptionist: default_receptionist(tenant, self.clock.new_id()),
            contact: None,
            past: None,
            recording: None,
        }
    }

    /// A call that has ended, of which everything is known.
    pub(super) async fn whole_call(&self, tenant: TenantId, sid: &str, words: &str) -> CallId {
        let id = self.call(tenant, sid).await;
        let (store, began) = (&self.store, self.clock.now());
        let answered =
            calls::mark_answered(store, tenant, id, (AnsweredBy::Ai, began.plus_ms(1_000))).await;
        assert!(answered.expect("it is kept"));
        for (n, (speaker, text, started_ms, interrupted)) in (0..).zip([
            (Speaker::Receptionist, "Hello, this is", 120, true),
            (Speaker::Caller, words, 1_500, false),
        ]) {
            let utterance = Utterance {
                speaker,
                text: Pii::new(text.to_owned()),
                started: Duration::from_millis(started_ms),
                interrupted,
            };
            utterances::put(store, tenant, id, n, &utterance)
                .await
                .expect("it is kept");
        }
        self.two_turns(tenant, id).await;
        let event = NewEvent {
            kind: "agent.reconnected",
            detail: Pii::new(r#"{"attempt":1}"#),
            at: began,
            key: None,
        };
        call_events::append(store, tenant, id, &event)
            .await
            .expect("it is kept");
        let finished = Finished {
            end_reason: EndReason::CallerHungUp,
            usage: Usage {
                input_text_tokens: 10,
                input_audio_tokens: 20,
                cached_text_tokens: 3,
                cached_audio_tokens: 4,
                output_text_tokens: 50,
                output_audio_tokens: 60,
                transcribed_ms: 1_500,
            },
            cost: Some(Money {
                micros: 32_600,
                currency: Currency::Usd,
            }),
            ended_at: began.plus_ms(60_000),
        };
        assert!(
            calls::finish(store, tenant, id, &finished)
                .await
                .expect("it is kept")
        );
        id
    }

    async fn two_turns(&self, tenant: TenantId, id: CallId) {
        for (n, (sent, heard)) in (0..).zip([(400, Some(460)), (500, None)]) {
            let latency = TurnLatency {
                sent: Duration::from_millis(sent),
                heard: heard.map(Duration::from_millis),
            };
            turns::put(&self.store, tenant, id, n, &latency)
                .await
                .expect("it is kept");
        }
    }

    /// A key that opens so much and no more.
    pub(super) async fn narrow_key(&self, tenant_id: TenantId, scope: Scope) -> String {
        self.make_key(tenant_id, scope, false).await
    }

    /// The key of the platform's operator.
    pub(super) async fn platform_key(&self) -> String {
        let (tenant, _) = self.tenant("Platform").await;
        self.platform_key_with(tenant).await
    }

    /// The same, kept with that tenant.
    pub(super) async fn platform_key_with(&self, tenant: TenantId) -> String {
        self.make_key(tenant, Scope::Everything, true).await
    }

    async fn make_key(&self, tenant_id: TenantId, scope: Scope, is_platform: bool) -> String {
        let text = KeyText::from_random(&random_bytes());
        let key = NewApiKey {
            id: self.clock.new_id(),
            tenant_id,
            name: "test",
            text: &text,
            scope,
            is_platform,
            created_at: self.clock.now(),
            expires_at: None,
        };
        let made = api_keys::insert(&self.store, &key).await;
        made.expect("the key is new");
        text.expose().to_owned()
    }

    /// A member, and a token that is believed for an hour.
    pub(super) async fn member(&self, tenant_id: TenantId, role: Role) -> (UserId, String) {
        let id: UserId = self.clock.new_id();
        let user = User {
            id,
            tenant_id,
            email: format!("{id}@example.com").parse().expect("an address"),
            name: role.as_str().to_owned(),
            role,
            subject: id.to_string(),
            phone_number: None,
            is_active: true,
            created_at: self.clock.now(),
        };
        let made = users::insert(&self.store, &user).await;
        made.expect("the member is new");
        (
            id,
            token(&json!({"sub": id.to_string(), "exp": in_an_hour()})),
        )
    }

    pub(super) async fn send(&self, what: (&str, &str), key: &str, body: &Value) -> Answer {
        self.send_named(what, key, &[], body).await
    }

    /// The same, under names of the sender's: each an `Idempotency-Key`.
    pub(super) async fn send_named(
        &self,
        (method, path): (&str, &str),
        key: &str,
        names: &[&str],
        body: &Value,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .header("x-request-id", "test");
        for name in names {
            request = request.header("idempotency-key", *name);
        }
        let request = request
            .body(Body::from(body.to_string()))
            .expect("a request");
        let Ok(response) = self.router.clone().oneshot(request).await;
        Answer::from(response).await
    }

    pub(super) async fn get(&self, path: &str, key: &str) -> Answer {
        self.ask(path, Some(&format!("Bearer {key}"))).await
    }

    /// What the carrier is told that asks at a webhook with these parameters.
    pub(super) async fn rung(&self, webhook: &str, pairs: &[(&str, &str)]) -> Answer {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let path = format!("/api/voice/webhooks/{webhook}");
        let signature = sign(&carrier_token(), &format!("{PUBLIC_URL}{path}"), &pairs);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let request = Request::post(path)
            .header("x-twilio-signature", signature)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.extend_pairs(pairs).finish()))
            .expect("a request");
        let Ok(response) = self.telephone.clone().oneshot(request).await;
        Answer::from(response).await
    }

    pub(super) async fn ask(&self, path: &str, authorization: Option<&str>) -> Answer {
        let mut request = Request::get(path).header("x-request-id", "test");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::empty()).expect("a request");
        let Ok(response) = self.router.clone().oneshot(request).await;
        Answer::from(response).await
    }
}

/// Signs what the carrier asks.
fn carrier_token() -> Secret<String> {
    Secret::new("a token".to_owned())
}

/// What the carrier would meet beside this interface.
fn webhooks_of(state: &ApiState) -> Webhooks {
    Webhooks {
        bridge: state.bridge.clone(),
        store: state.store.clone(),
        recordings: state.recordings.clone(),
        clock: state.clock.clone(),
        verifier: Arc::new(Verifier::new([carrier_token()])),
        public_url: PUBLIC_URL.into(),
        memory: Memory::default(),
        trails: Trails::default(),
        carrier: None,
        outside: Outside::guarded(),
        process: Process::new(state.clock.new_id()),
        callers: Callers::default(),
        strangers: Strangers::default(),
        patience: Patience::default(),
    }
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) async fn from(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        // A stream of events has no end to wait for.
        let is_endless = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == EVENTS);
        let body = if is_endless { Body::empty() } else { body };
        let body = body.collect().await.expect("the body is whole").to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).expect("the body is text"),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub(super) fn problem(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self.json()
    }
}
