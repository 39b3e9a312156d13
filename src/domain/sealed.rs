//! Secrets of tenants, as they are given to us and as they are kept.

use super::secret::Secret;

/// A secret that a tenant has given us to show to somebody else, such as the
/// value of a header. It is kept sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credential {
    /// As it was just given.
    Given(Secret<String>),
    /// As it is kept.
    Sealed(Sealed),
}

impl Credential {
    /// Reads it as it is kept. What is not sealed was given.
    pub fn from_kept(text: String) -> Self {
        if text.starts_with(Sealed::MARK) {
            Self::Sealed(Sealed(text))
        } else {
            Self::Given(Secret::new(text))
        }
    }

    /// As it is written down. Each call of this is a place to look at: what was
    /// given is to be sealed before.
    pub fn expose(&self) -> &str {
        match self {
            Self::Given(secret) => secret.expose(),
            Self::Sealed(sealed) => sealed.as_str(),
        }
    }

    /// The secret, if it is not sealed.
    pub fn given(&self) -> Option<Secret<String>> {
        match self {
            Self::Given(secret) => Some(secret.clone()),
            Self::Sealed(_) => None,
        }
    }

    /// Whether it is sealed.
    pub const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }
}

/// A secret that only our own key opens, and only where it was sealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed(String);

impl Sealed {
    /// How every sealed text begins: the word, and the way in which it is sealed.
    pub const MARK: &str = "sealed:1:";

    /// What follows the mark.
    pub fn new(body: &str) -> Self {
        Self(format!("{}{body}", Self::MARK))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the mark.
    pub fn body(&self) -> &str {
        self.0.strip_prefix(Self::MARK).unwrap_or_default()
    }
}
