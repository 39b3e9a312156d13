//! How many connections one address may hold.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

/// Counts connections by address.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    held: Arc<DashMap<IpAddr, usize>>,
    max: usize,
    is_exempt: fn(IpAddr) -> bool,
}

impl Connections {
    /// Permits `max` at one time to each address that is not exempt.
    pub(super) fn new(max: usize, is_exempt: fn(IpAddr) -> bool) -> Self {
        Self {
            held: Arc::default(),
            max,
            is_exempt,
        }
    }

    /// A place for one more connection of `address`, given back when dropped.
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if (self.is_exempt)(address) {
            return Some(Place(None));
        }
        let holder = holder(address);
        let mut held = self.held.entry(holder).or_insert(0);
        if *held >= self.max {
            return None;
        }
        *held += 1;
        Some(Place(Some((Arc::clone(&self.held), holder))))
    }
}

/// One connection that counts.
#[derive(Debug)]
pub(super) struct Place(Option<(Arc<DashMap<IpAddr, usize>>, IpAddr)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((held, holder)) = self.0.take() else {
            return;
        };
        if let Entry::Occupied(mut entry) = held.entry(holder) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

/// Whether `address` is of this machine or of a private network, where a
/// reverse proxy or a balancer speaks for everybody.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Who holds `address`: a customer of IPv6 has 2^64 of them.
fn holder(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_places_and_gets_them_back() {
        let connections = Connections::new(2, is_private);
        let address = "203.0.113.7".parse().unwrap();
        let first = connections.take(address).unwrap();
        let second = connections
            .take("::ffff:203.0.113.7".parse().unwrap())
            .unwrap();
        assert!(connections.take(address).is_none());
        assert!(connections.take("203.0.113.8".parse().unwrap()).is_some());
        drop(first);
        assert!(connections.take(address).is_some());
        drop(second);
        assert!(connections.held.is_empty());
    }

    #[test]
    fn one_network_of_ipv6_is_one_holder_and_private_ones_are_exempt() {
        let connections = Connections::new(1, is_private);
        let _one = connections.take("2001:db8::1".parse().unwrap()).unwrap();
        assert!(connections.take("2001:db8::2".parse().unwrap()).is_none());
        assert!(
            connections
                .take("2001:db8:0:1::1".parse().unwrap())
                .is_some()
        );
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.17.0.1",
            "192.168.1.1",
            "::1",
            "fd00::1",
        ] {
            let private = private.parse().unwrap();
            let places: Vec<_> = (0..3).map(|_| connections.take(private)).collect();
            assert!(places.iter().all(Option::is_some), "{private}");
        }
    }
}
