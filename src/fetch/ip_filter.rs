//! Private address filter: which hosts may resolve to addresses that are not public.
//!
//! A site controls its redirects and its DNS, so neither may open an address. A private address is fetched for hosts that the
//! config names. Loopback, link-local and cloud metadata addresses are fetched only where the config names the address, and
//! only at the port that it names.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::{Trouble, address::embedded};
use crate::model::{AllowedHosts, Cidr, normalize_host};

/// Blocks that no site has a reason to resolve to: loopback, link-local, multicast, and the metadata services of clouds.
const RESERVED: [Cidr; 12] = [
    Cidr::v4([0, 0, 0, 0], 8),
    Cidr::v4([127, 0, 0, 0], 8),
    Cidr::v4([169, 254, 0, 0], 16),
    Cidr::v4([224, 0, 0, 0], 3),
    // The metadata of Alibaba's, Oracle's and Azure's machines.
    Cidr::v4([100, 100, 100, 200], 32),
    Cidr::v4([192, 0, 0, 192], 32),
    Cidr::v4([168, 63, 129, 16], 32),
    // This machine and IPv4 addresses as IPv6 had them at first, those of a network's own translator, the link, many at once,
    // and the metadata of Amazon's machines.
    Cidr::v6([0, 0, 0, 0, 0, 0, 0, 0], 96),
    Cidr::v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
    Cidr::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    Cidr::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
    Cidr::v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32),
];

/// Whether a private address may be fetched as this host, at this port if it is known. A reserved one must be named: as the
/// host's address, or by a block that holds reserved ones alone.
fn is_allowed(allowed: &AllowedHosts, host: &str, port: Option<u16>, address: IpAddr) -> bool {
    let host = normalize_host(host);
    let is_literal = host.parse::<IpAddr>().is_ok() || host == "localhost" && address.is_loopback();
    let reserved = reserved_block(address);
    let is_in_block = allowed.blocks_of(address).any(|block| reserved.is_none_or(|reserved| reserved.covers(block)));
    let is_named = match (reserved, port) {
        (None, _) => allowed.has_host(&host),
        (Some(_), None) => is_literal && allowed.has_host(&host),
        (Some(_), Some(port)) => is_literal && allowed.has_origin(&host, port),
    };
    is_in_block || is_named
}

/// The address that a host is by itself: a literal one, or `localhost`.
fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(name) => (normalize_host(name) == "localhost").then(|| Ipv4Addr::LOCALHOST.into()),
    }
}

/// Whether a URL's host is a reserved address by itself, such as `127.0.0.1` or `localhost`.
pub(super) fn is_reserved_host(url: &Url) -> bool {
    literal_address(url).and_then(reserved_block).is_some()
}

/// The reserved block that an address is in, or the IPv4 address within it.
fn reserved_block(address: IpAddr) -> Option<Cidr> {
    let address = match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    RESERVED.into_iter().find(|block| block.contains(address))
}

/// Rejects private addresses, except those of allowed hosts.
#[derive(Clone, Debug)]
pub(super) struct PrivateIpFilter {
    pub(super) is_private: fn(IpAddr) -> bool,
    pub(super) allowed: Arc<AllowedHosts>,
}

impl PrivateIpFilter {
    fn rejects(&self, host: &str, port: Option<u16>, address: IpAddr) -> bool {
        (self.is_private)(address) && !is_allowed(&self.allowed, host, port, address)
    }

    /// Rejects a URL whose host is a literal address. Names are checked when they are resolved, without the port: so that of
    /// `localhost` is checked here.
    pub(super) fn check(&self, url: &Url) -> Result<(), Trouble> {
        let Some(address) = literal_address(url) else { return Ok(()) };
        let host = url.host_str().unwrap_or_default();
        if self.rejects(host, url.port_or_known_default(), address) {
            return Err(Trouble::Private { host: host.to_owned(), address });
        }
        Ok(())
    }
}

/// Resolves names as the system does. One rejected address rejects the name: the client chooses which address to connect to.
impl Resolve for PrivateIpFilter {
    fn resolve(&self, name: Name) -> Resolving {
        let filter = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match found.iter().map(SocketAddr::ip).find(|address| filter.rejects(name.as_str(), None, *address)) {
                Some(address) => Err(Trouble::Private { host: name.as_str().to_owned(), address }.into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::private;

    fn filter(hosts: &[&str], blocks: &[&str]) -> PrivateIpFilter {
        let blocks = blocks.iter().map(|block| Cidr::parse(block).unwrap()).collect();
        let allowed = AllowedHosts::new(hosts.iter().map(|host| (*host).to_owned()), blocks);
        PrivateIpFilter { is_private: private, allowed: Arc::new(allowed) }
    }

    #[test]
    fn private_address__of_a_named_host__is_reached_unless_it_is_of_this_machine() {
        let wiki = filter(&["Wiki.corp", "127.0.0.1", "localhost"], &["192.168.7.0/24"]);
        for (host, address, rejected) in [
            ("wiki.corp", "10.0.0.5", false),
            ("wiki.corp.", "fd12::1", false),
            ("other.corp", "10.0.0.5", true),
            ("other.corp", "192.168.7.9", false),
            ("other.corp", "192.168.8.9", true),
            ("other.corp", "8.8.8.8", false),
            ("wiki.corp", "127.0.0.1", true),
            ("wiki.corp", "169.254.169.254", true),
            ("wiki.corp", "::ffff:169.254.169.254", true),
            ("wiki.corp", "64:ff9b::7f00:1", true),
            ("wiki.corp", "fd00:ec2::254", true),
            ("wiki.corp", "100.100.100.200", true),
            ("wiki.corp", "::1", true),
            ("wiki.corp", "fe80::1", true),
            ("127.0.0.1", "127.0.0.1", false),
            ("127.0.0.2", "127.0.0.2", true),
            ("localhost", "::1", false),
            ("localhost", "10.0.0.5", false),
        ] {
            assert_eq!(wiki.rejects(host, None, address.parse().unwrap()), rejected, "{host} at {address}");
        }
    }

    #[test]
    fn reserved_address__in_an_allowed_block__is_reached_only_if_the_block_names_it() {
        for (block, address, rejected) in [
            ("0.0.0.0/0", "10.0.0.5", false),
            ("0.0.0.0/0", "127.0.0.1", true),
            ("0.0.0.0/0", "169.254.169.254", true),
            ("::/0", "::1", true),
            ("::/0", "::127.0.0.1", true),
            ("::/0", "64:ff9b:1::a9fe:a9fe", true),
            ("::/0", "fd12::1", false),
            ("::/0", "fd00:ec2::254", true),
            ("100.64.0.0/10", "100.100.100.200", true),
            ("127.0.0.0/8", "127.0.0.1", false),
            ("169.254.169.254", "169.254.169.254", false),
            ("::1", "::1", false),
        ] {
            let filter = filter(&[], &[block]);
            assert_eq!(
                filter.rejects("any.example", Some(80), address.parse().unwrap()),
                rejected,
                "{address} in {block}"
            );
        }
    }

    #[test]
    fn loopback__named_with_a_port__is_reached_at_that_port_alone() {
        let allowed =
            AllowedHosts::default().with_origins([("127.0.0.1", 8080), ("localhost", 8080), ("10.0.0.5", 80)]);
        let filter = PrivateIpFilter { is_private: private, allowed: Arc::new(allowed) };
        for (url, reached) in [
            ("http://127.0.0.1:8080/", true),
            ("http://127.0.0.1:8081/", false),
            ("http://127.0.0.1/", false),
            ("http://localhost:8080/", true),
            ("http://localhost.:9200/", false),
            ("http://[::ffff:127.0.0.1]:8080/", false),
            ("http://10.0.0.5:8443/", true),
        ] {
            assert_eq!(filter.check(&url.parse().unwrap()).is_ok(), reached, "{url}");
        }
    }

    #[test]
    fn addresses_in_urls__however_they_are_written__are_seen() {
        for host in
            ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]"]
        {
            let url = Url::parse(&format!("http://{host}:8080/")).unwrap();
            assert!(matches!(filter(&[], &[]).check(&url), Err(Trouble::Private { .. })), "{host}");
            assert_eq!(filter(&[url.host_str().unwrap()], &[]).check(&url), Ok(()), "{host} is named");
        }
        assert_eq!(filter(&[], &[]).check(&Url::parse("http://8.8.8.8/").unwrap()), Ok(()));
    }

    #[tokio::test]
    async fn names__that_stand_for_a_refused_address__are_not_resolved() {
        let Err(error) = filter(&[], &[]).resolve("localhost".parse().unwrap()).await else {
            panic!("localhost is resolved")
        };
        assert!(matches!(error.downcast_ref(), Some(Trouble::Private { host, .. }) if host == "localhost"), "{error}");
        assert!(filter(&["localhost"], &[]).resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
