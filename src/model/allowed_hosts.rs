//! Hosts and CIDR blocks whose private addresses may be fetched from.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Hosts and CIDR blocks that a config allows although their addresses are private.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AllowedHosts {
    hosts: BTreeSet<String>,
    cidrs: Vec<Cidr>,
}

impl AllowedHosts {
    /// Allows these hosts (names, or addresses as in a URL) and every address of these blocks.
    pub fn new(hosts: impl IntoIterator<Item = String>, cidrs: Vec<Cidr>) -> Self {
        Self { hosts: hosts.into_iter().map(|host| normalize_host(&host)).collect(), cidrs }
    }

    /// Allows further hosts.
    #[must_use]
    pub fn with_hosts<'h>(&self, hosts: impl IntoIterator<Item = &'h str>) -> Self {
        let mut allowed = self.clone();
        allowed.hosts.extend(hosts.into_iter().map(normalize_host));
        allowed
    }

    /// Whether nothing is allowed but public addresses.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.cidrs.is_empty()
    }

    /// Whether a host is allowed by its name, or by its address where that is its name.
    pub fn has_host(&self, host: &str) -> bool {
        self.hosts.contains(&normalize_host(host))
    }

    /// Whether an address is in an allowed block.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.cidrs.iter().any(|cidr| cidr.contains(address))
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
