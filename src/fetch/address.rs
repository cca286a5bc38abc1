//! Which addresses anybody may be sent to, and the resolver that keeps us from the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::Trouble;

/// Whether an address is anything but one that is reached from everywhere: private, loopback, link-local, shared,
/// reserved, for documentation, or for many at once (the registries of RFC 6890).
pub fn private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => private_v4(address),
        IpAddr::V6(address) => private_v6(address),
    }
}

fn private_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [0 | 10 | 127, ..]
        | [169, 254, ..]
        | [172, 16..32, ..]
        | [192, 168, ..]
        // Shared by the customers of a carrier.
        | [100, 64..128, ..]
        // Protocol assignments, documentation, relays of 6to4, benchmarks.
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        // Multicast, reserved, broadcast.
        | [224..=255, ..] => true,
        _ => false,
    }
}

fn private_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| private_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match parts {
        // An IPv4 address in other clothes: mapped, translated, behind NAT64, behind 6to4, a Teredo client.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        [0x2001, 0, _, _, _, _, high, low] => v4(!high, !low),
        // Protocol assignments and documentation.
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => true,
        // Nothing else is unicast for all.
        [first, ..] => first & 0xe000 != 0x2000,
    }
}

/// Which addresses are refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused(pub(super) fn(IpAddr) -> bool);

impl Refused {
    /// Refuses a page whose host is an address, written as such. Names are looked at when they are resolved.
    pub(super) fn check(self, url: &Url) -> Result<(), Trouble> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.0(address) {
            return Err(Trouble::Private { host: url.host_str().unwrap_or_default().to_owned(), address });
        }
        Ok(())
    }
}

/// Resolves names as the system does, but none that stands for a refused address, not even among others: which of them
/// is connected to is not ours to say.
impl Resolve for Refused {
    fn resolve(&self, name: Name) -> Resolving {
        let Self(refused) = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match found.iter().map(SocketAddr::ip).find(|address| refused(*address)) {
                Some(address) => Err(Trouble::Private { host: name.as_str().to_owned(), address }.into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_form() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::192.168.1.1",
            "64:ff9b:1::1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001:db8::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "4000::1",
            // 6to4 of 127.0.0.1 and 192.168.0.1; Teredo of 127.0.0.1, whose bits are turned.
            "2002:7f00:1::1",
            "2002:c0a8:1::",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
        ] {
            assert!(private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_not_private() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.1",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::200e",
            "2001:4860:4860::8888",
            "2001:200::1",
            "3fff:1000::1",
            "2000::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:0:4136:e378:8000:63bf:f7f7:f7f7",
        ] {
            assert!(!private(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_in_urls_are_seen_however_they_are_written() {
        for host in
            ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]"]
        {
            let url = Url::parse(&format!("http://{host}:8080/")).unwrap();
            assert!(matches!(Refused(private).check(&url), Err(Trouble::Private { .. })), "{host}");
        }
        assert_eq!(Refused(private).check(&Url::parse("http://8.8.8.8/").unwrap()), Ok(()));
    }

    #[tokio::test]
    async fn names_are_refused_by_what_they_stand_for() {
        let Err(error) = Refused(private).resolve("localhost".parse().unwrap()).await else {
            panic!("localhost is resolved")
        };
        assert!(matches!(error.downcast_ref(), Some(Trouble::Private { host, .. }) if host == "localhost"), "{error}");
    }
}
