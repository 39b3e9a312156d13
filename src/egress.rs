//! The way out: one HTTP client for everything that we ask of others.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// From the first name looked up to the connection.
const CONNECT_BUDGET: Duration = Duration::from_secs(5);
/// For a whole exchange.
const BUDGET: Duration = Duration::from_secs(15);

/// A client that believes Mozilla's list of authorities, follows nobody
/// elsewhere, and is patient for 15 s. Cheap to clone: keep one.
///
/// # Panics
///
/// Never: every setting is a constant, and the tests build one.
pub fn client() -> Client {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    // The provider is named, because other libraries in the binary bring
    // another and rustls refuses to choose.
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("frontdesk/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(CONNECT_BUDGET)
        .timeout(BUDGET)
        .build()
        .expect("a client of constant settings can be built")
}
