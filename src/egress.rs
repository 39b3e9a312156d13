//! The way out: one HTTP client for everything that we ask of others.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

use crate::realtime::Trust;

/// A client that believes Mozilla's list of authorities, follows nobody
/// elsewhere, and is patient for 15 s. Cheap to clone: keep one.
///
/// # Panics
///
/// Never: every setting is a constant, and the tests build one.
pub fn client() -> Client {
    patient_for(CONNECT_BUDGET, BUDGET)
}

/// The same, patient for `connect` from the first name looked up to the
/// connection, and for `whole` with the whole exchange.
///
/// # Panics
///
/// Never: every other setting is a constant, and the tests build one.
pub fn patient_for(connect: Duration, whole: Duration) -> Client {
    let tls = Trust::default().client_config();
    Client::builder()
        .tls_backend_preconfigured((*tls).clone())
        .user_agent(concat!("frontdesk/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(connect)
        .timeout(whole)
        .build()
        .expect("a client of constant settings can be built")
}

/// From the first name looked up to the connection.
const CONNECT_BUDGET: Duration = Duration::from_secs(5);
/// For a whole exchange.
const BUDGET: Duration = Duration::from_secs(15);
