//! Tokens that are believed, and the ways in which others try to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use frontdesk::api::{Keyring, TokenRules};
use frontdesk::domain::{Role, Secret, UserId};
use frontdesk::egress;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::desk::{Desk, TOKEN_SECRET, in_an_hour, token};
use crate::support::database::on_each_database;

#[tokio::test]
async fn a_token_must_be_signed_by_us_for_us_and_now() {
    on_each_database(async |db| {
        let rules = TokenRules {
            secret: Some(Secret::new(TOKEN_SECRET.to_owned())),
            keyring: None,
            issuer: Some("https://login.example.com".to_owned()),
            audience: Some("frontdesk".to_owned()),
        };
        let desk = Desk::believing(db, rules);
        let (tenant, _) = desk.tenant("A").await;
        let (user, _) = desk.member(tenant, Role::Owner).await;
        let good = claims(user);
        assert_eq!(desk.get("/api/me", &token(&good)).await.status, 200);

        let now = in_an_hour() - 3_600;
        for (claim, value) in [
            ("exp", json!(now - 60)),
            ("exp", Value::Null),
            ("nbf", json!(now + 600)),
            ("iss", json!("https://evil.example.com")),
            ("iss", Value::Null),
            ("aud", json!("another")),
            ("aud", Value::Null),
            ("sub", json!("nobody")),
            ("sub", json!("")),
            ("sub", Value::Null),
        ] {
            let mut claims = good.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(claim);
            } else {
                claims[claim] = value.clone();
            }
            let refused = desk.get("/api/me", &token(&claims)).await;
            assert_eq!(refused.status, 401, "{claim} {value}");
        }
        let others = forgeries(&good);
        for (what, text) in others {
            assert_eq!(desk.get("/api/me", &text).await.status, 401, "{what}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_issuers_key_is_fetched_by_its_name_and_never_taken_for_a_secret() {
    on_each_database(async |db| {
        let issuer = Issuer::open().await;
        let rules = TokenRules {
            secret: Some(Secret::new(TOKEN_SECRET.to_owned())),
            keyring: Some(Keyring::new(egress::client(), issuer.url.parse().unwrap())),
            issuer: Some("https://login.example.com".to_owned()),
            audience: Some("frontdesk".to_owned()),
        };
        let desk = Desk::believing(db, rules);
        let (tenant, _) = desk.tenant("A").await;
        let (user, _) = desk.member(tenant, Role::Owner).await;
        let good = claims(user);
        for _ in 0..3 {
            let answer = desk.get("/api/me", &issuer.token(&good, Some("one"))).await;
            assert_eq!(answer.status, 200);
        }
        let by_rsa = issuer.token_by_rsa(&good, "other");
        assert_eq!(desk.get("/api/me", &by_rsa).await.status, 200);
        let by_secret = token(&good);
        assert_eq!(desk.get("/api/me", &by_secret).await.status, 200);
        assert_eq!(issuer.asked.load(Ordering::Relaxed), 1, "keys are kept");
        for (what, text) in [
            ("an unknown key", issuer.token(&good, Some("two"))),
            ("no key named", issuer.token(&good, None)),
            ("a key of another kind", issuer.token(&good, Some("other"))),
            ("and the other way round", issuer.token_by_rsa(&good, "one")),
            // A public key that is taken for a secret is the classic confusion.
            ("the public key as a secret", issuer.confused(&good)),
        ] {
            assert_eq!(desk.get("/api/me", &text).await.status, 401, "{what}");
        }
        assert_eq!(
            issuer.asked.load(Ordering::Relaxed),
            1,
            "strangers do not make us ask again at once"
        );
    })
    .await;
}

#[tokio::test]
async fn who_works_for_two_tenants_says_for_which_by_a_claim() {
    on_each_database(async |db| {
        let desk = Desk::on(db);
        let mut houses = Vec::new();
        for name in ["A", "B"] {
            let (tenant, key) = desk.tenant(name).await;
            let ada = json!({"email": "ada@example.com", "name": "Ada", "role": "agent",
                "subject": "auth0|ada"});
            let made = desk.send(("POST", "/api/users"), &key, &ada).await;
            assert_eq!(made.status, 201, "{name}: {}", made.body);
            let again = json!({"email": "a@example.com", "name": "Ada", "role": "agent",
                "subject": "auth0|ada"});
            let again = desk.send(("POST", "/api/users"), &key, &again).await;
            assert_eq!(again.status, 409, "within a tenant it is one person's");
            let path = format!("/api/users/{}", made.json()["id"].as_str().unwrap());
            houses.push((tenant, key, path));
        }
        let me = async |tenant: Option<&str>| {
            let claims = json!({"sub": "auth0|ada", "exp": in_an_hour(), "tenant_id": tenant});
            desk.get("/api/me", &token(&claims)).await
        };
        for (tenant, ..) in &houses {
            let tenant = tenant.to_string();
            let seen = me(Some(&tenant)).await;
            assert_eq!(seen.status, 200, "{}", seen.body);
            assert_eq!(seen.json()["tenant_id"], tenant);
        }
        let unsaid = me(None).await;
        assert_eq!(unsaid.status, 401);
        assert_eq!(unsaid.headers["www-authenticate"], "Bearer");
        let problem = unsaid.problem();
        assert_eq!(problem["type"], "/problems/which-tenant");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("`tenant_id`"), "{detail}");
        let (stranger, _) = desk.tenant("C").await;
        for tenant in [stranger.to_string().as_str(), "", "ten_1"] {
            let refused = me(Some(tenant)).await;
            assert_eq!(
                refused.problem()["type"],
                "/problems/unauthorized",
                "{tenant}"
            );
        }
        // Who works for one alone need not say so.
        let (tenant, ..) = &houses[0];
        let (_, key, path) = &houses[1];
        let off = json!({"is_active": false});
        let left = desk.send(("PATCH", path), key, &off).await;
        assert_eq!(left.status, 200, "{}", left.body);
        assert_eq!(me(None).await.json()["tenant_id"], tenant.to_string());
    })
    .await;
}

/// Tokens with good claims that nobody of ours has signed.
fn forgeries(good: &Value) -> [(&'static str, String); 5] {
    let with = |header: &Header, secret: &[u8]| {
        encode(header, good, &EncodingKey::from_secret(secret)).unwrap()
    };
    let other_secret = with(
        &Header::default(),
        b"another secret, quite as long as the first",
    );
    let other_hash = with(&Header::new(Algorithm::HS384), TOKEN_SECRET.as_bytes());
    let head = |json: Value| BASE64.encode(json.to_string());
    let unsigned = format!("{}.{}.", head(json!({"alg": "none"})), head(good.clone()));
    let signed = token(good);
    let (body, signature) = signed.rsplit_once('.').unwrap();
    let renamed = format!(
        "{}.{}",
        head(json!({"alg": "none"})),
        &body[body.find('.').unwrap() + 1..]
    );
    [
        ("another secret", other_secret),
        ("another hash", other_hash),
        ("no signature", unsigned),
        ("no algorithm", format!("{renamed}.{signature}")),
        ("cut", body.to_owned()),
    ]
}

fn claims(user: UserId) -> Value {
    json!({"sub": user.to_string(), "exp": in_an_hour(), "aud": "frontdesk",
        "iss": "https://login.example.com"})
}

/// Issues tokens with ES256 and RS256, and shows its public keys.
struct Issuer {
    key: EncodingKey,
    rsa: EncodingKey,
    public: String,
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn open() -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_der(&pair.serialize_der());
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        jwk.common.key_id = Some("one".to_owned());
        let rsa = include_bytes!("../../fixtures/tokens/rsa.pem");
        let rsa = EncodingKey::from_rsa_pem(rsa).unwrap();
        let mut other = Jwk::from_encoding_key(&rsa, Algorithm::RS256).unwrap();
        other.common.key_id = Some("other".to_owned());
        let keys = json!({"keys": [jwk, other]}).to_string();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let show = get(async move || {
            count.fetch_add(1, Ordering::Relaxed);
            keys.clone()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let router = Router::new().route("/jwks.json", show);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            key,
            rsa,
            public: pair.public_key_pem(),
            url,
            asked,
        }
    }

    fn token(&self, claims: &Value, name: Option<&str>) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = name.map(str::to_owned);
        encode(&header, claims, &self.key).unwrap()
    }

    fn token_by_rsa(&self, claims: &Value, name: &str) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(name.to_owned());
        encode(&header, claims, &self.rsa).unwrap()
    }

    /// Signed with HS256, the public key for a secret.
    fn confused(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("one".to_owned());
        let secret = EncodingKey::from_secret(self.public.as_bytes());
        encode(&header, claims, &secret).unwrap()
    }
}
