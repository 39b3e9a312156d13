//! Who the bearer of a JSON Web Token is, if the token can be believed.
//!
//! A token says who somebody is and no more: what they may do stands in the
//! database, where it can be taken back at once.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::keyring::Keyring;
use crate::domain::{Secret, TenantId};

/// Which tokens are believed. Without a secret and a keyring, none are.
#[derive(Clone, Debug, Default)]
pub struct TokenRules {
    /// Signs tokens with HS256.
    pub secret: Option<Secret<String>>,
    /// Has the keys for RS256 and ES256.
    pub keyring: Option<Keyring>,
    /// Who must have issued a token (`iss`).
    pub issuer: Option<String>,
    /// For whom it must have been issued (`aud`).
    pub audience: Option<String>,
}

/// Clocks differ by so much at most.
const LEEWAY_S: u64 = 30;

/// Whom a token speaks of.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Bearer {
    /// The claim `sub`.
    pub(super) subject: String,
    /// The claim `tenant_id`: in whose house, for whoever works in several.
    pub(super) tenant: Option<TenantId>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    tenant_id: Option<String>,
}

impl TokenRules {
    /// The bearer of a token that is signed by one of ours, has begun and not
    /// expired, and was issued by whom and for whom it must be.
    ///
    /// The algorithm decides which key is looked for, never the key which
    /// algorithm: a public key is no secret to sign with. What a token brings
    /// with it (`jwk`, `jku`, `x5u`) is not looked at.
    pub(super) async fn bearer(&self, token: &str) -> Option<Bearer> {
        let header = decode_header(token).ok()?;
        let key = if header.alg == Algorithm::HS256 {
            let secret = self.secret.as_ref()?;
            DecodingKey::from_secret(secret.expose().as_bytes())
        } else if [Algorithm::RS256, Algorithm::ES256].contains(&header.alg) {
            let name = header.kid.as_deref()?;
            let key = self.keyring.as_ref()?.find(name, header.alg).await?;
            DecodingKey::from_jwk(&key).ok()?
        } else {
            return None;
        };
        let decoded = decode::<Claims>(token, &key, &self.validation(header.alg)).ok()?;
        let Claims { sub, tenant_id } = decoded.claims;
        let tenant = tenant_id.map(|id| id.parse()).transpose().ok()?;
        let is_somebody = !sub.is_empty();
        is_somebody.then_some(Bearer {
            subject: sub,
            tenant,
        })
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        let mut required = vec!["exp", "sub"];
        match &self.audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                required.push("aud");
            }
            None => validation.validate_aud = false,
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}
