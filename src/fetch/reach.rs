//! Which addresses a collection may reach besides those that are reached from everywhere.
//!
//! A site decides where its redirects lead and what its name stands for, so what it says opens nothing: a private address is
//! reached for a host that the config names, and one of this machine or of its network's own services only where the config
//! names the address itself.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::{Trouble, address::embedded};
use crate::model::Net;

/// Hosts and blocks of addresses that the config names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reach(Arc<Named>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Named {
    /// In lower case, an IPv6 address without brackets.
    hosts: BTreeSet<String>,
    nets: Vec<Net>,
}

impl Reach {
    /// What a config names: hosts, and blocks of addresses.
    pub fn of(hosts: impl IntoIterator<Item = String>, nets: &[Net]) -> Self {
        let hosts = hosts.into_iter().map(|host| plain(&host)).collect();
        Self(Arc::new(Named { hosts, nets: nets.to_vec() }))
    }

    /// The same, and the host of a page that the config's lists name.
    #[must_use]
    pub fn and(&self, page: &Url) -> Self {
        let host = plain(page.host_str().unwrap_or_default());
        if self.0.hosts.contains(&host) {
            return self.clone();
        }
        let mut named = Named::clone(&self.0);
        named.hosts.insert(host);
        Self(Arc::new(named))
    }

    /// Whether it is nothing but what everybody reaches.
    pub(super) fn is_public(&self) -> bool {
        self.0.hosts.is_empty() && self.0.nets.is_empty()
    }

    /// Whether an address that is not reached from everywhere may be reached as this host.
    fn opens(&self, host: &str, address: IpAddr) -> bool {
        let host = plain(host);
        if self.0.nets.iter().any(|net| net.contains(address)) {
            return true;
        }
        let is_literal = host.parse::<IpAddr>().is_ok() || host == "localhost" && address.is_loopback();
        self.0.hosts.contains(&host) && (is_literal || !is_own(address))
    }
}

fn plain(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

/// Whether an address is this machine's, its link's, or that of the services which clouds keep for their machines: no name of
/// a site has a reason to stand for it.
fn is_own(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_own_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_own_v4(address),
            None => is_own_v6(address),
        },
    }
}

fn is_own_v4(address: Ipv4Addr) -> bool {
    matches!(
        address.octets(),
        [0 | 127, ..] | [169, 254, ..] | [224..=255, ..]
        // The metadata of Alibaba's, Oracle's and Azure's machines.
        | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16]
    )
}

fn is_own_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Nothing, this machine, the link, many at once, and the metadata of Amazon's machines.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] | [0xfe80..0xfec0, ..] | [0xff00..=0xffff, ..] => true,
        [0xfd00, 0xec2, ..] => true,
        _ => false,
    }
}

/// Which addresses are refused for one [`Reach`].
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) refused: fn(IpAddr) -> bool,
    pub(super) reach: Reach,
}

impl Guard {
    fn refuses(&self, host: &str, address: IpAddr) -> bool {
        (self.refused)(address) && !self.reach.opens(host, address)
    }

    /// Refuses a page whose host is an address, written as such. Names are looked at when they are resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), Trouble> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        let host = url.host_str().unwrap_or_default();
        if self.refuses(host, address) {
            return Err(Trouble::Private { host: host.to_owned(), address });
        }
        Ok(())
    }
}

/// Resolves names as the system does, but none that stands for a refused address, not even among others: which of them
/// is connected to is not ours to say.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match found.iter().map(SocketAddr::ip).find(|address| guard.refuses(name.as_str(), *address)) {
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

    fn guard(hosts: &[&str], nets: &[&str]) -> Guard {
        let nets: Vec<_> = nets.iter().map(|net| Net::parse(net).unwrap()).collect();
        Guard { refused: private, reach: Reach::of(hosts.iter().map(|host| (*host).to_owned()), &nets) }
    }

    #[test]
    fn private_address__of_a_named_host__is_reached_unless_it_is_of_this_machine() {
        let wiki = guard(&["Wiki.corp", "127.0.0.1", "localhost"], &["192.168.7.0/24"]);
        for (host, address, refused) in [
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
            assert_eq!(wiki.refuses(host, address.parse().unwrap()), refused, "{host} at {address}");
        }
    }

    #[test]
    fn addresses_in_urls__however_they_are_written__are_seen() {
        for host in
            ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]"]
        {
            let url = Url::parse(&format!("http://{host}:8080/")).unwrap();
            assert!(matches!(guard(&[], &[]).check(&url), Err(Trouble::Private { .. })), "{host}");
            assert_eq!(guard(&[url.host_str().unwrap()], &[]).check(&url), Ok(()), "{host} is named");
        }
        assert_eq!(guard(&[], &[]).check(&Url::parse("http://8.8.8.8/").unwrap()), Ok(()));
    }

    #[tokio::test]
    async fn names__that_stand_for_a_refused_address__are_not_resolved() {
        let Err(error) = guard(&[], &[]).resolve("localhost".parse().unwrap()).await else {
            panic!("localhost is resolved")
        };
        assert!(matches!(error.downcast_ref(), Some(Trouble::Private { host, .. }) if host == "localhost"), "{error}");
        assert!(guard(&["localhost"], &[]).resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
