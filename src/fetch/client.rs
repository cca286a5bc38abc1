//! One request: to checked addresses, with the headers of its origin alone, in bounded time.
//!
//! No proxy of the environment is used: it would resolve names for us, and so undo the check of addresses.

use std::{
    collections::HashMap,
    error::Error,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::{
    Certificate, Response,
    header::{ACCEPT_ENCODING, COOKIE, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH},
    redirect::Policy,
};
use secrecy::ExposeSecret;
use url::Url;

use super::{Access, Timing, Trouble, Validators, body, ip_filter::PrivateIpFilter, way::Way};
use crate::model::AllowedHosts;

/// Cached clients: one for each set of allowed hosts.
const MOST_CLIENTS: usize = 32;

/// HTTP clients, one for each set of allowed hosts: a pooled connection to a private host is never reused where it is not allowed.
#[derive(Debug)]
pub(super) struct Client {
    public: reqwest::Client,
    others: Mutex<HashMap<Arc<AllowedHosts>, reqwest::Client>>,
    user_agent: String,
    is_private: fn(IpAddr) -> bool,
    timing: Timing,
}

impl Client {
    pub(super) fn new(
        user_agent: &str,
        timing: Timing,
        is_private: fn(IpAddr) -> bool,
    ) -> Result<Self, reqwest::Error> {
        // A second installation, by another client of this process, changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let public = build(user_agent, timing, &PrivateIpFilter { is_private, allowed: Arc::default() })?;
        Ok(Self { public, others: Mutex::default(), user_agent: user_agent.to_owned(), is_private, timing })
    }

    /// The client for a set of allowed hosts.
    fn of(&self, filter: &PrivateIpFilter) -> Result<reqwest::Client, Trouble> {
        if filter.allowed.is_empty() {
            return Ok(self.public.clone());
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = others.get(&filter.allowed) {
            return Ok(client.clone());
        }
        let client = build(&self.user_agent, self.timing, filter);
        let client = client.map_err(|error| trouble(&error, Trouble::Network))?;
        if others.len() == MOST_CLIENTS {
            others.clear();
        }
        others.insert(Arc::clone(&filter.allowed), client.clone());
        Ok(client)
    }

    /// Asks for a page. The time for it goes on while its body is read. Where it `may_reuse` a connection that its host was
    /// about to close, it is sent once more when that one ends without an answer: nothing else came of it, as it is a GET.
    pub(super) async fn get(
        &self,
        way: &Way,
        access: &Access,
        validators: Option<&Validators>,
        may_reuse: bool,
    ) -> Result<Response, Trouble> {
        let url = way.here();
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Trouble::Scheme(url.scheme().to_owned()));
        }
        let filter = PrivateIpFilter { is_private: self.is_private, allowed: Arc::clone(&access.allowed) };
        filter.check(url)?;
        let client = self.of(&filter)?;
        let mut headers = headers(url, access, validators)?;
        // What the config has is not mixed with what a site says.
        if let Some(cookies) = way.cookies().filter(|_| !headers.contains_key(COOKIE)) {
            headers.insert(COOKIE, cookies);
        }
        let send = || client.get(url.clone()).headers(headers.clone()).timeout(self.timing.request).send();
        let was_closed = |error: &reqwest::Error| may_reuse && !error.is_timeout() && !error.is_connect();
        let response = match send().await {
            Err(error) if was_closed(&error) => send().await,
            other => other,
        };
        response.map_err(|error| trouble(&error, Trouble::Network))
    }
}

/// A client with the system's roots or, where there are none, Mozilla's.
fn build(user_agent: &str, timing: Timing, filter: &PrivateIpFilter) -> Result<reqwest::Client, reqwest::Error> {
    let builder = || {
        reqwest::Client::builder()
            .user_agent(user_agent)
            .no_proxy()
            .no_gzip()
            .referer(false)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(timing.connect)
            .dns_resolver(Arc::new(filter.clone()))
    };
    builder().build().or_else(|_| {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let roots = roots.map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        builder().tls_certs_only(roots).build()
    })
}

fn headers(url: &Url, access: &Access, validators: Option<&Validators>) -> Result<HeaderMap, Trouble> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(body::ENCODINGS));
    let validators = validators
        .map(|validators| [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)]);
    for (name, value) in validators.into_iter().flatten() {
        // What cannot be sent is left out: then the page comes whole.
        if let Some(Ok(value)) = value.as_ref().map(|value| HeaderValue::from_bytes(value.as_bytes())) {
            headers.insert(name, value);
        }
    }
    for (name, value) in access.headers.get(&url.origin().ascii_serialization()).into_iter().flatten() {
        let value = HeaderValue::from_str(value.expose_secret());
        let mut value = value.map_err(|_| Trouble::Header(name.clone()))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// What an error of the client means; `else_` is for what the network did.
pub(super) fn trouble(error: &reqwest::Error, else_: fn(String) -> Trouble) -> Trouble {
    if error.is_timeout() {
        return Trouble::TimedOut;
    }
    let mut cause: &dyn Error = error;
    loop {
        // The resolver's own refusal.
        if let Some(trouble) = cause.downcast_ref::<Trouble>() {
            return trouble.clone();
        }
        let Some(deeper) = cause.source() else { return else_(cause.to_string()) };
        cause = deeper;
    }
}
