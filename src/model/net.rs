//! Blocks of addresses, as `10.1.0.0/16` names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses, or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Net {
    address: IpAddr,
    prefix: u8,
}

impl Net {
    /// Reads an address, or one with the length of a prefix: `10.1.0.0/16`, `fd00::/8`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
        (prefix <= longest).then_some(Self { address, prefix })
    }

    /// Whether an address is in it. An IPv4 address in the clothes of IPv6 counts as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        let shared = |own: u128, other: u128, longest: u32| {
            let rest = longest - u32::from(self.prefix);
            own.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => shared(number(own), number(other), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => shared(bits(own), bits(other), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn number(address: Ipv4Addr) -> u128 {
    u128::from(u32::from(address))
}

fn bits(address: Ipv6Addr) -> u128 {
    u128::from(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains__blocks_and_addresses__of_either_kind() {
        for (net, address, expected) in [
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
            assert_eq!(Net::parse(net).unwrap().contains(address.parse().unwrap()), expected, "{net} {address}");
        }
        for text in ["", "wiki", "10.1", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "/8"] {
            assert_eq!(Net::parse(text), None, "{text}");
        }
    }
}
