//! The transport below every request: TLS, time-outs, and nothing that acts by itself.

use std::{future::Future, io, pin::Pin, time::Duration};

use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{Upload, answer::plain, form::form};

/// One request on its way.
pub struct Outgoing<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its whole address.
    pub url: Url,
    /// The key, for the `Authorization` header.
    pub key: &'a SecretString,
    /// What it carries.
    pub body: &'a Body<'a>,
    /// How long all of it may take; an answer that is a stream may take as long as it goes on coming.
    pub timeout: Option<Duration>,
}

/// What a request carries.
pub enum Body<'a> {
    /// Nothing.
    None,
    /// JSON.
    Json(Value),
    /// A form of one field and a document.
    Form((&'static str, &'a str), &'a Upload),
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Undelivered {
    /// There is no way to the platform: nothing was done.
    NotSent(String),
    /// It was sent, and may have taken effect.
    NoAnswer(String),
    /// The document could not be read.
    File(io::Error),
}

/// What comes of sending a request.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<Response, Undelivered>> + Send + 'a>>;

/// Who carries requests to the platform and brings the answers.
pub trait Transport: Send + Sync {
    /// Carries one request, once.
    fn send<'a>(&'a self, request: Outgoing<'a>) -> Delivery<'a>;
}

impl Transport for Client {
    fn send<'a>(&'a self, request: Outgoing<'a>) -> Delivery<'a> {
        Box::pin(async move {
            let sent = build(self, request).map_err(Undelivered::File)?.send().await;
            sent.map_err(|error| match error.is_connect() {
                true => Undelivered::NotSent(plain(&error)),
                false => Undelivered::NoAnswer(plain(&error)),
            })
        })
    }
}

fn build(client: &Client, request: Outgoing<'_>) -> io::Result<RequestBuilder> {
    let builder = client.request(request.method.clone(), request.url).bearer_auth(request.key.expose_secret());
    let builder = match request.body {
        Body::None => builder,
        Body::Json(body) => builder.json(body),
        Body::Form(field, upload) => builder.multipart(form(*field, upload)?),
    };
    Ok(match request.timeout {
        Some(timeout) => builder.timeout(timeout),
        None => builder,
    })
}

/// The client itself: no redirects and no retries of its own, the system's roots or, where there are none, Mozilla's.
pub(super) fn client(loopback: bool, answer: Duration) -> Result<Client, reqwest::Error> {
    // A second installation, by another client of this process, changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let builder = Client::builder()
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
