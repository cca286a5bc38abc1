//! Private addresses, refused in every form before anything is sent.

use kbsync::fetch::{Access, Fetcher, Trouble};
use url::Url;

use crate::{
    harness::{access, fetcher, page, trouble},
    origin::{Origin, Reply},
};

/// Asks as a collection does that may reach public addresses only.
async fn refused(fetcher: &Fetcher, url: &Url) {
    for obey_robots in [false, true] {
        let access = Access { allow_private: false, allowed: Default::default(), obey_robots, ..access() };
        let said = trouble(fetcher.get(url, &access, None).await);
        assert!(
            matches!(&said, Trouble::Private { host, .. } if Some(host.as_str()) == url.host_str()),
            "{url}: {said:?}"
        );
        assert!(said.to_string().contains("`allow_private: true`"), "{said}");
    }
}

#[tokio::test]
async fn private_addresses_are_not_connected_to() {
    let origin = Origin::start();
    origin.serve("/", Reply::page("private"));
    let fetcher = fetcher();
    for host in
        ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "LOCALHOST", "::ffff:127.0.0.1", "0.0.0.0"]
    {
        refused(&fetcher, &origin.url_as(host, "/")).await;
    }
    assert_eq!(origin.connections(), 0);
    for url in ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[fe80::1]/", "https://[::1]/"] {
        refused(&fetcher, &url.parse().unwrap()).await;
    }
}

#[tokio::test]
async fn the_other_loopback_is_one_too() {
    // Not every machine has it.
    let Ok(origin) = Origin::start_at("[::1]:0") else { return };
    refused(&fetcher(), &origin.url("/")).await;
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn a_connection_of_who_may_is_not_lent_to_who_may_not() {
    let origin = Origin::start();
    origin.serve("/", Reply::page("private"));
    let fetcher = fetcher();
    for host in ["127.0.0.1", "localhost"] {
        let url = origin.url_as(host, "/");
        page(fetcher.get(&url, &access(), None).await);
        origin.forget();
        refused(&fetcher, &url).await;
        assert!(origin.requests().is_empty(), "{host}");
        // Nor does a refusal harm who may.
        page(fetcher.get(&url, &Access { obey_robots: true, ..access() }, None).await);
    }
}

#[tokio::test]
async fn redirect__of_a_private_host_that_is_named__opens_no_other_one() {
    // Both are on this machine; the second one at another of its addresses.
    let (wiki, secret) = (Origin::start(), Origin::start_at("127.0.0.2:0").unwrap());
    secret.serve("/", Reply::page("the metadata of this machine"));
    wiki.serve("/", Reply::redirect(302, secret.url("/")));
    let named = Access { allowed: Default::default(), ..access() };
    let said = trouble(fetcher().get(&wiki.url("/"), &named, None).await);
    assert!(matches!(&said, Trouble::Private { host, .. } if host == "127.0.0.2"), "{said:?}");
    assert!(said.to_string().contains("`allow_hosts`"), "{said}");
    assert_eq!(secret.connections(), 0);
    page(fetcher().get(&wiki.url("/"), &access(), None).await);
}

#[tokio::test]
async fn redirect__from_loopback_to_another_port_of_it__is_refused() {
    let (wiki, admin) = (Origin::start(), Origin::start());
    admin.serve("/", Reply::page("the administration of this machine"));
    let named = Access { allowed: Default::default(), ..access() };
    for host in ["127.0.0.1", "localhost"] {
        wiki.serve("/", Reply::redirect(302, admin.url_as(host, "/")));
        let said = trouble(fetcher().get(&wiki.url_as(host, "/"), &named, None).await);
        assert!(matches!(&said, Trouble::Private { host: named, .. } if named == host), "{said:?}");
    }
    assert_eq!(admin.connections(), 0);
}
