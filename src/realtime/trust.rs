//! Whose certificates are believed.

use std::fmt;
use std::sync::{Arc, LazyLock};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::connection::Error;

/// The certificate authorities that may vouch for a server: Mozilla's list,
/// and those that are added.
///
/// Cheap to clone. Make one and keep it: it remembers sessions, which saves a
/// round trip on the next call.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Mozilla's list and the authorities in `pem`, for servers at home.
    pub fn with_authorities(pem: &[u8]) -> Result<Self, Error> {
        let mut roots = public_roots();
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| Error::InvalidAuthority)?;
            roots
                .add(certificate)
                .map_err(|_| Error::InvalidAuthority)?;
        }
        if roots.len() == before {
            return Err(Error::InvalidAuthority);
        }
        Ok(Self(Arc::new(client_config(roots))))
    }

    /// The same for whoever speaks TLS to others.
    pub(crate) fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self(Arc::clone(&PUBLIC))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

fn public_roots() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}

// The provider is named, because other libraries in the binary bring another
// and rustls refuses to choose.
fn client_config(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

static PUBLIC: LazyLock<Arc<ClientConfig>> =
    LazyLock::new(|| Arc::new(client_config(public_roots())));
