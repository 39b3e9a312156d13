//! Seals the secrets of tenants, and opens them where they were sealed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::clock::random_bytes;
use crate::domain::{Credential, ParseError, Sealed, Secret, TenantId};

/// What seals: a key of our own, and those that it has replaced. Cheap to clone.
///
/// A sealed text says which key it wants. AES-256-GCM keeps it, under a key that
/// is derived from the master key for this purpose alone, with a random nonce
/// and the place of the secret beside it: what is copied into another row, or
/// another tenant's, does not open.
#[derive(Clone, Default)]
pub struct Seals {
    /// The first one seals; all of them open.
    keys: Arc<[Key]>,
}

impl Seals {
    /// Seals with the first of the keys, and opens with each. Without any,
    /// nothing is sealed.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a MasterKey>) -> Self {
        Self {
            keys: keys.into_iter().map(Key::derived_from).collect(),
        }
    }

    /// Seals a secret for its place.
    pub fn seal(&self, place: &Place<'_>, secret: &Secret<String>) -> Result<Sealed, SealError> {
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut text = secret.expose().clone().into_bytes();
        let sealing = Nonce::assume_unique_for_key(nonce);
        key.aead
            .seal_in_place_append_tag(sealing, place.aad(), &mut text)
            .map_err(|_| SealError::Broken)?;
        let body = [nonce.as_slice(), &text].concat();
        let body = BASE64_URL_SAFE_NO_PAD.encode(body);
        Ok(Sealed::new(&format!("{}:{body}", key.id)))
    }

    /// The secret that was sealed for this place.
    pub fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Secret<String>, SealError> {
        let (id, body) = sealed.body().split_once(':').ok_or(SealError::Broken)?;
        let key = self.keys.iter().find(|key| key.id == id);
        let key = key.ok_or(SealError::OtherKey)?;
        let body = BASE64_URL_SAFE_NO_PAD.decode(body);
        let mut body = body.map_err(|_| SealError::Broken)?;
        let (nonce, text) = body
            .split_at_mut_checked(NONCE_LEN)
            .ok_or(SealError::Broken)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
        let text = key.aead.open_in_place(nonce, place.aad(), text);
        let text = text.map_err(|_| SealError::Broken)?;
        let text = str::from_utf8(text).map_err(|_| SealError::Broken)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Seals what was just given; what is sealed stays as it is.
    pub fn seal_given(
        &self,
        place: &Place<'_>,
        credential: &mut Credential,
    ) -> Result<(), SealError> {
        if let Credential::Given(secret) = credential {
            *credential = Credential::Sealed(self.seal(place, secret)?);
        }
        Ok(())
    }

    /// The secret itself, however it was kept.
    pub fn open_kept(
        &self,
        place: &Place<'_>,
        credential: &Credential,
    ) -> Result<Secret<String>, SealError> {
        match credential {
            Credential::Given(secret) => Ok(secret.clone()),
            Credential::Sealed(sealed) => self.open(place, sealed),
        }
    }
}

/// Shows which keys there are, and none of them.
impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.id))
            .finish()
    }
}

/// Where a secret is kept.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose it is.
    pub tenant: TenantId,
    /// In which table.
    pub table: &'static str,
    /// In which row, or of which thing with several.
    pub row: &'a str,
}

impl Place<'_> {
    fn aad(&self) -> Aad<String> {
        let Self { tenant, table, row } = self;
        Aad::from(format!("{tenant}/{table}/{row}"))
    }
}

/// Why something is not sealed, or not opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SealError {
    /// We have no key.
    #[error("there is no key to seal with; MASTER_KEY gives one")]
    NoKey,
    /// It was sealed with a key that we do not have.
    #[error("it was sealed with another key than MASTER_KEY")]
    OtherKey,
    /// It was changed, or sealed for another place.
    #[error("it was changed, or sealed for another place")]
    Broken,
}

/// The key from which every other is derived: 32 bytes that nobody knows.
#[derive(Clone, Debug)]
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// A new one.
    pub fn random() -> Self {
        Self(Secret::new(random_bytes()))
    }

    /// As it is written down: base64.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(BASE64_STANDARD.encode(self.0.expose()))
    }
}

impl FromStr for MasterKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = BASE64_STANDARD.decode(text).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(Secret::new).map(Self).ok_or(ParseError {
            expected: "32 bytes in base64; `openssl rand -base64 32` makes them",
        })
    }
}

/// A key for the secrets of tenants.
struct Key {
    id: String,
    aead: LessSafeKey,
}

impl Key {
    fn derived_from(master: &MasterKey) -> Self {
        let master = Salt::new(HKDF_SHA256, b"frontdesk").extract(master.0.expose());
        let sealing = master
            .expand(&[b"secrets of tenants"], &AES_256_GCM)
            .expect("a key is as long as HKDF can make one");
        let mut id = [0; 4];
        master
            .expand(&[b"name of the key"], IdLength)
            .and_then(|name| name.fill(&mut id))
            .expect("a name is as long as HKDF can make one");
        Self {
            id: BASE64_URL_SAFE_NO_PAD.encode(id),
            aead: LessSafeKey::new(UnboundKey::from(sealing)),
        }
    }
}

/// Enough to tell a few keys apart; it tells nothing about them.
struct IdLength;

impl ring::hkdf::KeyType for IdLength {
    fn len(&self) -> usize {
        4
    }
}
