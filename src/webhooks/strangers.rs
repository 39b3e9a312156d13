//! Who asks as if they were the carrier, counted by their address.
//!
//! The first time is told to the log at once, and from then on once a minute, with how many
//! times it was: whoever tries every signature fills no disk. Those who are forgotten to make
//! room for others are in the metrics alone.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::Extensions;
use tokio::time::Instant;

/// So often each address is told to the log.
const TELL_EVERY: Duration = Duration::from_mins(1);
/// So many addresses are known at one time; whoever comes beyond them is nobody in particular.
const MOST: usize = 1_024;

/// Where requests that the carrier has not signed came from.
#[derive(Clone, Debug, Default)]
pub struct Strangers(Arc<Mutex<HashMap<Option<IpAddr>, Visits>>>);

#[derive(Debug)]
struct Visits {
    told_at: Instant,
    /// How many there were since.
    untold: u64,
}

/// What is to be told of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Visit {
    address: Option<IpAddr>,
    /// How many times they came since they were told of, this time among them.
    pub(super) times: u64,
}

impl Visit {
    /// Where from: behind a proxy, that is the proxy.
    pub(super) fn from(self) -> String {
        let address = self.address.map(|address| address.to_string());
        address.unwrap_or_else(|| "many addresses".to_owned())
    }
}

impl Strangers {
    /// Counts a request with these extensions. What is to be told of it, if anything is.
    pub(super) fn count(&self, request: &Extensions) -> Option<Visit> {
        let peer = request.get::<ConnectInfo<SocketAddr>>();
        self.count_at(peer.map(|peer| peer.0.ip()), Instant::now())
    }

    fn count_at(&self, address: Option<IpAddr>, now: Instant) -> Option<Visit> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut address = address.map(network);
        if known.len() >= MOST && !known.contains_key(&address) {
            known.retain(|_, visits| now.duration_since(visits.told_at) < TELL_EVERY);
            if known.len() >= MOST {
                address = None;
            }
        }
        let Some(visits) = known.get_mut(&address) else {
            let (told_at, untold) = (now, 0);
            known.insert(address, Visits { told_at, untold });
            return Some(Visit { address, times: 1 });
        };
        visits.untold += 1;
        if now.duration_since(visits.told_at) < TELL_EVERY {
            return None;
        }
        visits.told_at = now;
        let times = std::mem::take(&mut visits.untold);
        Some(Visit { address, times })
    }
}

/// Who has one address of IPv6 has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(network).into()
        }
        IpAddr::V4(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn v4(n: u32) -> IpAddr {
        Ipv4Addr::from(0x0A00_0000 + n).into()
    }

    fn count(
        strangers: &Strangers,
        address: impl Into<Option<IpAddr>>,
        now: Instant,
    ) -> Option<Visit> {
        strangers.count_at(address.into(), now)
    }

    #[test]
    fn w4_the_first_is_told_at_once_and_the_others_once_a_minute_with_their_number() {
        let (strangers, start) = (Strangers::default(), Instant::now());
        let told = |address: Option<IpAddr>, seconds| {
            let visit = count(&strangers, address, start + Duration::from_secs(seconds));
            visit.map(|visit| visit.times)
        };
        assert_eq!(told(Some(v4(1)), 0), Some(1));
        assert_eq!(told(Some(v4(2)), 1), Some(1));
        assert!((1..60).all(|second| told(Some(v4(1)), second).is_none()));
        assert_eq!(told(Some(v4(1)), 60), Some(60));
        assert_eq!(told(Some(v4(2)), 61), Some(1));
        assert_eq!(told(Some(v4(1)), 61), None);
        assert_eq!(told(None, 61), Some(1));
    }

    #[test]
    fn w4_who_has_many_addresses_takes_no_more_room_than_others() {
        let (strangers, start) = (Strangers::default(), Instant::now());
        let later = start + TELL_EVERY;
        for n in 0..u32::try_from(MOST).unwrap() {
            assert!(count(&strangers, v4(n), start).is_some());
        }
        let beyond = count(&strangers, v4(1_000_000), start).unwrap();
        assert_eq!(beyond.from(), "many addresses");
        assert_eq!(count(&strangers, v4(1_000_001), start), None);
        assert!(strangers.0.lock().unwrap().len() <= MOST + 1);
        let known = count(&strangers, v4(1_000_002), later).unwrap();
        assert_eq!(known.from(), "10.15.66.66");
        assert_eq!(strangers.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn w4_a_network_of_ipv6_is_one() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        let address = |text: &str| Some(text.parse().unwrap());
        let first = count(&strangers, address("2001:db8:1:2:3::4"), now);
        assert_eq!(first.unwrap().from(), "2001:db8:1:2::");
        assert_eq!(count(&strangers, address("2001:db8:1:2::5"), now), None);
        assert!(
            strangers
                .count_at(address("2001:db8:1:3::5"), now)
                .is_some()
        );
        assert!(
            strangers
                .count_at(address("::ffff:10.0.0.9"), now)
                .is_some()
        );
        assert_eq!(count(&strangers, v4(9), now), None);
    }
}
