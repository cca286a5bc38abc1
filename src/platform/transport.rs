//! The transport below every request: TLS, time-outs, and nothing that acts by itself.

use std::{future::Future, io, pin::Pin, time::Duration};

use reqwest::{Client, Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    Upload,
    answer::plain,
    form::{Progress, form},
};

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

/// The clients themselves.
pub(super) struct Clients {
    requests: Client,
    /// Without a time-out for what comes back: while something goes up, nothing does.
    uploads: Client,
    /// How long an answer may take, and an upload that does not advance.
    patience: Duration,
}

impl Transport for Clients {
    fn send<'a>(&'a self, request: Outgoing<'a>) -> Delivery<'a> {
        Box::pin(async move {
            let progress = Progress::new();
            let is_upload = matches!(request.body, Body::Form(..));
            let client = if is_upload { &self.uploads } else { &self.requests };
            let sending = build(client, request, &progress).map_err(Undelivered::File)?.send();
            let sent = tokio::select! {
                sent = sending => sent,
                () = progress.stalled(self.patience), if is_upload => {
                    let waited = self.patience.as_secs();
                    return Err(Undelivered::NoAnswer(format!("the upload did not advance for {waited} s")));
                }
            };
            sent.map_err(|error| match error.is_connect() {
                true => Undelivered::NotSent(plain(&error)),
                false => Undelivered::NoAnswer(plain(&error)),
            })
        })
    }
}

fn build(client: &Client, request: Outgoing<'_>, progress: &Progress) -> io::Result<RequestBuilder> {
    let builder = client.request(request.method.clone(), request.url).bearer_auth(request.key.expose_secret());
    let builder = match request.body {
        Body::None => builder,
        Body::Json(body) => builder.json(body),
        Body::Form(field, upload) => builder.multipart(form(*field, upload, progress.clone())?),
    };
    Ok(match request.timeout {
        Some(timeout) => builder.timeout(timeout),
        None => builder,
    })
}

/// The clients; an answer may take so long.
pub(super) fn clients(loopback: bool, answer: Duration) -> Result<Clients, reqwest::Error> {
    // A second installation, by another client of this process, changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (requests, uploads) = (client(loopback, Some(answer))?, client(loopback, None)?);
    Ok(Clients { requests, uploads, patience: answer })
}

/// No redirects and no retries of its own, the system's roots or, where there are none, Mozilla's.
fn client(loopback: bool, answer: Option<Duration>) -> Result<Client, reqwest::Error> {
    let builder = || {
        let builder = Client::builder()
            .user_agent(concat!("kbsync/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(10));
        let builder = match answer {
            Some(answer) => builder.read_timeout(answer),
            None => builder,
        };
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const SIZE: u64 = 12 << 20;
    const PATIENCE: Duration = Duration::from_millis(400);

    /// Uploads a document to a server that takes a piece of it in every tick, or none.
    async fn upload(is_read: bool) -> Result<Response, Undelivered> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut ticks, mut taken) = (tokio::time::interval(PATIENCE / 8), 0);
            let mut piece = vec![0; 512 << 10];
            while is_read && taken < SIZE {
                ticks.tick().await;
                taken += stream.read(&mut piece).await.unwrap() as u64;
            }
            if is_read {
                stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        let file = tempfile::tempfile().unwrap();
        file.set_len(SIZE).unwrap();
        let upload = Upload { file, size: SIZE, name: "a.md".to_owned() };
        let (key, body) = (SecretString::from("key"), Body::Form(("source_id", "s"), &upload));
        let request = Outgoing { method: &Method::POST, url, key: &key, body: &body, timeout: None };
        let sent = clients(true, PATIENCE).unwrap().send(request).await;
        serving.abort();
        sent
    }

    #[tokio::test]
    async fn upload__takes_longer_than_an_answer_may__is_given_up_only_where_it_does_not_advance() {
        assert_eq!(upload(true).await.ok().map(|response| response.status().as_u16()), Some(202));
        match upload(false).await {
            Err(Undelivered::NoAnswer(cause)) => assert!(cause.contains("did not advance"), "{cause}"),
            other => panic!("{other:?}"),
        }
    }
}
