//! The way out: HTTP clients for everything that we ask of others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use tokio::net::lookup_host;
use tokio::time::timeout;
use url::{Host, Url};

use crate::domain::Secret;
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

/// The way to whom a tenant names: nobody who is not on the public network.
///
/// A name is looked up here, and what of its addresses is not public is left
/// out; the connection goes to what is left, so that a name which changes its
/// mind gains nothing. Nobody is followed elsewhere, nothing of ours goes along,
/// and no answer is read further than [`Outside::MAX_BYTES`].
#[derive(Clone, Debug)]
pub struct Outside {
    client: Client,
    permits: fn(IpAddr) -> bool,
    ports: Option<&'static [u16]>,
}

/// What is asked of somebody outside.
#[derive(Debug)]
pub struct Question<'a> {
    /// Whom.
    pub url: &'a str,
    /// What it is told beside that.
    pub headers: &'a [(String, Secret<String>)],
    /// JSON, which makes it a POST.
    pub json: Option<String>,
    /// How long it has for a whole answer.
    pub patience: Duration,
}

/// Why somebody outside has not answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unanswered {
    /// It is not an address that we go to.
    #[error("the address is not one of HTTPS on the public network")]
    NotPublic,
    /// It could not be reached, or not in time.
    #[error("there was no answer in time")]
    Silent,
    /// It does not want to.
    #[error("the answer has the status {0}")]
    Refused(u16),
    /// It says too much.
    #[error("the answer is too long")]
    TooLong,
}

impl Outside {
    /// What is read of an answer.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// The public network, by HTTPS on its ports.
    pub fn guarded() -> Self {
        Self {
            ports: Some(&[443, 8443]),
            ..Self::permitting(&Trust::default(), is_public)
        }
    }

    /// Whatever `permits` says of an address, by HTTPS on any port, believing
    /// `trust`: for a rehearsal.
    ///
    /// # Panics
    ///
    /// Never: every other setting is a constant, and the tests build one.
    pub fn permitting(trust: &Trust, permits: fn(IpAddr) -> bool) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured((*trust.client_config()).clone())
            .user_agent(concat!("frontdesk/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(1)
            .dns_resolver(Arc::new(Resolver { permits }))
            .build()
            .expect("a client of constant settings can be built");
        Self {
            client,
            permits,
            ports: None,
        }
    }

    /// What somebody answers who answers well.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Vec<u8>, Unanswered> {
        let asked = timeout(question.patience, self.exchange(question)).await;
        asked.unwrap_or(Err(Unanswered::Silent))
    }

    async fn exchange(&self, question: &Question<'_>) -> Result<Vec<u8>, Unanswered> {
        let url = self.checked(question.url)?;
        let mut request = match &question.json {
            Some(json) => self.client.post(url).body(json.clone()),
            None => self.client.get(url),
        };
        for (name, value) in question.headers {
            request = request.header(name, value.expose());
        }
        if question.json.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let response = request.header(ACCEPT, "application/json").send().await;
        let mut response = response.map_err(|_| Unanswered::Silent)?;
        if !response.status().is_success() {
            return Err(Unanswered::Refused(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Unanswered::Silent)? {
            if body.len() + chunk.len() > Self::MAX_BYTES {
                return Err(Unanswered::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The address, if it may be one of the public network. One that is written
    /// as a number is looked at here, for nobody looks it up.
    fn checked(&self, url: &str) -> Result<Url, Unanswered> {
        let url = Url::parse(url).map_err(|_| Unanswered::NotPublic)?;
        let is_permitted = match url.host() {
            Some(Host::Ipv4(address)) => (self.permits)(address.into()),
            Some(Host::Ipv6(address)) => (self.permits)(address.into()),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let has_port = self.ports.is_none_or(|ports| ports.contains(&port));
        let is_plain = url.username().is_empty() && url.password().is_none();
        if url.scheme() == "https" && is_permitted && has_port && is_plain {
            Ok(url)
        } else {
            Err(Unanswered::NotPublic)
        }
    }
}

/// Looks names up, and keeps to itself what is not permitted.
struct Resolver {
    permits: fn(IpAddr) -> bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let permits = self.permits;
        let looked_up = async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|one| permits(one.ip())).collect();
            if permitted.is_empty() {
                return Err(Unanswered::NotPublic.into());
            }
            let addresses: Addrs = Box::new(permitted.into_iter());
            Ok(addresses)
        };
        Box::pin(looked_up)
    }
}

/// Whether an address is one of the public network.
///
/// <https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [169, 254, ..]
            | [192, 168, ..]
            | [100, 64..128, ..]
            | [172, 16..32, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [198, 18..20, ..]
    )
}

/// Only what is given out to the world, and of that neither documentation nor
/// what leads on to an address of the other kind.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // Mapped, and NAT64: whoever stands behind it.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo, ORCHID, benchmarks; documentation; 6to4.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x2002, ..] => false,
        [0x3fff, second, ..] => second >= 0x1000,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_PUBLIC: &str = "\
        0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.1.2.3 \
        169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 \
        192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 \
        239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 \
        ::ffff:169.254.169.254 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe \
        64:ff9b:1::1 100::1 2001::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: \
        2002:a9fe:a9fe::1 3fff::1 3fff:fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 \
        ff02::1 4000::1";

    const PUBLIC: &str = "\
        1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 \
        198.17.0.1 198.20.0.1 223.255.255.255 2606:4700::1111 2a00:1450:4001::1 \
        2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808";

    const NOBODY: &str = "\
        https://127.0.0.1/ https://2130706433/ https://0x7f000001/ https://0177.0.0.1/ \
        https://127.1/ https://localhost/ https://localhost./ https://LOCALHOST/ \
        https://[::1]/ https://[::ffff:127.0.0.1]/ https://[0:0:0:0:0:0:0:1]/ \
        https://169.254.169.254/latest/meta-data/ https://[fd00:ec2::254]/ https://0/ \
        https://0.0.0.0/ https://10.0.0.1/ https://①②⑦.0.0.1/ http://1.1.1.1/ \
        https://1.1.1.1:22/ https://1.1.1.1:8080/ https://user@1.1.1.1/ \
        https://user:pass@1.1.1.1/ file:///etc/passwd ftp://1.1.1.1/ //1.1.1.1/ https://";

    #[test]
    fn h4_an_address_that_is_not_public_is_known_however_it_is_written() {
        for address in NOT_PUBLIC.split_whitespace() {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in PUBLIC.split_whitespace() {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn h4_nobody_is_asked_who_is_not_on_the_public_network() {
        let outside = Outside::guarded();
        for url in NOBODY.split_whitespace().chain([""]) {
            let question = Question {
                url,
                headers: &[],
                json: None,
                patience: Duration::from_secs(2),
            };
            let refused = outside.ask(&question).await.unwrap_err();
            let is_looked_up = url.to_lowercase().contains("localhost");
            let expected = if is_looked_up {
                Unanswered::Silent
            } else {
                Unanswered::NotPublic
            };
            assert_eq!(refused, expected, "{url}");
        }
    }
}
