//! Private address filter: which hosts may resolve to addresses that are not public.
//!
//! A site controls its redirects and its DNS, so neither may open an address. A private address is fetched for hosts that the
//! config names. Loopback, link-local and cloud metadata addresses are fetched only where the config names the address.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::{Trouble, address::embedded};
use crate::model::{AllowedHosts, normalize_host};

/// Whether a private address may be fetched as this host.
fn is_allowed(allowed: &AllowedHosts, host: &str, address: IpAddr) -> bool {
    let host = normalize_host(host);
    let is_literal = host.parse::<IpAddr>().is_ok() || host == "localhost" && address.is_loopback();
    allowed.has_address(address) || allowed.has_host(&host) && (is_literal || !is_reserved(address))
}

/// Whether an address is loopback, link-local, multicast or a cloud's metadata service: no site has a reason to resolve to it.
fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_reserved_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_reserved_v4(address),
            None => is_reserved_v6(address),
        },
    }
}

fn is_reserved_v4(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        [0 | 127, ..] | [169, 254, ..] | [224..=255, ..]
        // The metadata of Alibaba's, Oracle's and Azure's machines.
        | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16]
    )
}

fn is_reserved_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Nothing, this machine, the link, many at once, and the metadata of Amazon's machines.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] | [0xfe80..0xfec0, ..] | [0xff00..=0xffff, ..] => true,
        [0xfd00, 0xec2, ..] => true,
        _ => false,
    }
}

/// Rejects private addresses, except those of allowed hosts.
#[derive(Clone, Debug)]
pub(super) struct PrivateIpFilter {
    pub(super) is_private: fn(IpAddr) -> bool,
    pub(super) allowed: Arc<AllowedHosts>,
}

impl PrivateIpFilter {
    fn rejects(&self, host: &str, address: IpAddr) -> bool {
        (self.is_private)(address) && !is_allowed(&self.allowed, host, address)
    }

    /// Rejects a URL whose host is a literal address. Names are checked when they are resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Trouble> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        let host = url.host_str().unwrap_or_default();
        if self.rejects(host, address) {
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
            match found.iter().map(SocketAddr::ip).find(|address| filter.rejects(name.as_str(), *address)) {
                Some(address) => Err(Trouble::Private { host: name.as_str().to_owned(), address }.into()),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fetch::private, model::Cidr};

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
            assert_eq!(wiki.rejects(host, address.parse().unwrap()), rejected, "{host} at {address}");
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
