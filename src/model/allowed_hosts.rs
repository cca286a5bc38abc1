//! Hosts and CIDR blocks whose private addresses may be fetched from.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Hosts and CIDR blocks that a config allows although their addresses are private.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AllowedHosts {
    hosts: BTreeSet<String>,
    /// Hosts that are allowed for one port each.
    origins: BTreeSet<(String, u16)>,
    cidrs: Vec<Cidr>,
}

impl AllowedHosts {
    /// Allows these hosts (names, or addresses as in a URL) and every address of these blocks.
    pub fn new(hosts: impl IntoIterator<Item = String>, cidrs: Vec<Cidr>) -> Self {
        let hosts = hosts.into_iter().map(|host| normalize_host(&host)).collect();
        Self { hosts, origins: BTreeSet::new(), cidrs }
    }

    /// Allows further hosts, each with its port.
    #[must_use]
    pub fn with_origins<'h>(&self, origins: impl IntoIterator<Item = (&'h str, u16)>) -> Self {
        let mut allowed = self.clone();
        allowed.origins.extend(origins.into_iter().map(|(host, port)| (normalize_host(host), port)));
        allowed
    }

    /// Whether nothing is allowed but public addresses.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.origins.is_empty() && self.cidrs.is_empty()
    }

    /// Whether a host is allowed by its name, or by its address where that is its name. Any port will do.
    pub fn has_host(&self, host: &str) -> bool {
        let host = normalize_host(host);
        self.hosts.contains(&host) || self.origins.range((host.clone(), 0)..=(host, u16::MAX)).next().is_some()
    }

    /// Whether a host is allowed with this port.
    pub fn has_origin(&self, host: &str, port: u16) -> bool {
        let host = normalize_host(host);
        self.hosts.contains(&host) || self.origins.contains(&(host, port))
    }

    /// The allowed blocks that an address is in.
    pub fn blocks_of(&self, address: IpAddr) -> impl Iterator<Item = Cidr> {
        self.cidrs.iter().copied().filter(move |cidr| cidr.contains(address))
    }
}

/// A host in lower case, without the brackets of an IPv6 address and the dot of a fully qualified name.
pub fn normalize_host(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// A CIDR block of addresses, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// The block of an IPv4 address and the number of its leading bits that count, at most 32.
    pub const fn v4(address: [u8; 4], prefix: u8) -> Self {
        let [a, b, c, d] = address;
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// The same of an IPv6 address in eight groups; at most 128 bits.
    pub const fn v6(groups: [u16; 8], prefix: u8) -> Self {
        let [a, b, c, d, e, f, g, h] = groups;
        Self { address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), prefix }
    }

    /// Whether every address of another block is in this one.
    pub fn covers(&self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Parses `10.1.0.0/16`, `fd00::/8` or a single address; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether an address is in the block. An IPv4-mapped IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let shared = |own: u128, other: u128, longest: u32| {
            let rest = longest - u32::from(self.prefix);
            own.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                shared(own.to_bits().into(), other.to_bits().into(), Ipv4Addr::BITS)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => shared(own.to_bits(), other.to_bits(), Ipv6Addr::BITS),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_origin__host_named_with_a_port__has_that_port_alone() {
        let allowed = AllowedHosts::new(["wiki.corp".to_owned()], Vec::new()).with_origins([("[::1]", 8080)]);
        for (host, port, of_origin, of_host) in [
            ("Wiki.corp.", 1, true, true),
            ("::1", 8080, true, true),
            ("::1", 8081, false, true),
            ("::2", 8080, false, false),
        ] {
            assert_eq!((allowed.has_origin(host, port), allowed.has_host(host)), (of_origin, of_host), "{host}:{port}");
        }
    }

    #[test]
    fn covers__blocks_within_and_around() {
        for (outer, inner, expected) in [
            ("127.0.0.0/8", "127.0.0.0/8", true),
            ("127.0.0.0/8", "127.1.0.0/16", true),
            ("127.0.0.0/8", "127.0.0.1", true),
            ("127.0.0.0/8", "126.0.0.0/7", false),
            ("127.0.0.0/8", "0.0.0.0/0", false),
            ("127.0.0.0/8", "10.0.0.0/8", false),
            ("fe80::/10", "fe80::/64", true),
            ("fe80::/10", "::/0", false),
        ] {
            assert_eq!(Cidr::parse(outer).unwrap().covers(Cidr::parse(inner).unwrap()), expected, "{outer} {inner}");
        }
    }

    #[test]
    fn contains__blocks_and_addresses__of_either_kind() {
        for (cidr, address, expected) in [
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("10.1.0.0/16", "::ffff:10.1.0.1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe80::1", false),
            ("[::1]", "::1", true),
            ("::/0", "2001::1", true),
        ] {
            assert_eq!(Cidr::parse(cidr).unwrap().contains(address.parse().unwrap()), expected, "{cidr} {address}");
        }
        for text in ["", "wiki", "10.1", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "/8"] {
            assert_eq!(Cidr::parse(text), None, "{text}");
        }
    }
}
