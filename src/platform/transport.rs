//! The transport below every request: TLS, time-outs, and nothing that acts by itself.

use std::time::Duration;

use url::Url;

/// The client itself: no redirects and no retries of its own, the system's roots or, where there are none, Mozilla's.
pub(super) fn client(loopback: bool, answer: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // A second installation, by another client of this process, changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("kbsync/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(answer);
        // A proxy between us and this machine would be a mistake in the environment.
        if loopback { builder.no_proxy() } else { builder }
    };
    if loopback {
        return builder().tls_certs_only([]).build();
    }
    builder().build().or_else(|_| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let roots = roots.map(|der| reqwest::Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        builder().tls_certs_only(roots).build()
    })
}

/// Where the segments of a path lie below a base.
pub(super) fn address<'a>(base: &Url, path: impl Iterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
