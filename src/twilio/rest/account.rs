//! Who we are at Twilio.

use crate::domain::Secret;

/// An account, and what proves that we may act for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// `AC` and 32 hexadecimal digits.
    pub sid: String,
    pub(super) user: String,
    pub(super) password: Secret<String>,
}

impl Account {
    /// By an API key, `SK…`, which can be revoked by itself.
    ///
    /// <https://www.twilio.com/docs/iam/api-keys>
    pub fn with_key(sid: String, key: String, secret: Secret<String>) -> Self {
        Self {
            sid,
            user: key,
            password: secret,
        }
    }

    /// By the account's own auth token.
    pub fn with_token(sid: String, token: Secret<String>) -> Self {
        Self {
            user: sid.clone(),
            sid,
            password: token,
        }
    }
}
