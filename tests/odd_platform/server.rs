//! A server of one closure, and clients of it.

use std::{
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use kbsync::{
    model::{Moment, RateLimit},
    pace::{Backoff, Ticket},
    platform::{
        Connection, Http, Journal, Platform, Timing, Upload,
        cevvo::{self, Cevvo},
        nexvio::{self, Nexvio},
    },
};
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

/// The key of every client here.
pub const KEY: &str = "nexvio_live_7Qm2x9LpVz4RtYw8Kc3N+Bd6/Hs==";

/// What the server is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Below the base.
    pub path: String,
    pub query: String,
    pub body: Vec<u8>,
    pub key: String,
}

impl Asked {
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    /// A number of its query.
    pub fn number(&self, name: &str) -> usize {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok()).expect("it is asked for")
    }
}

/// What it answers.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

pub fn json(body: &Value) -> Reply {
    reply(200, body.to_string())
}

impl Reply {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let (name, value) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>());
            headers.insert(name.expect("a name"), value.expect("a value"));
        }
        (StatusCode::from_u16(self.status).expect("a status"), headers, self.body).into_response()
    }
}

/// The server; it ends with this.
pub struct Server {
    pub url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    /// Serves what the closure answers; its second argument counts the requests before.
    pub async fn new(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url =
            Url::parse(&format!("http://{}/v1", listener.local_addr().expect("it is bound"))).expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, count, answer) = (Arc::clone(&asked), AtomicUsize::new(0), Arc::new(answer));
        let count = Arc::new(count);
        let app = Router::new().fallback(move |request: Request| {
            let (log, count, answer) = (Arc::clone(&log), Arc::clone(&count), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = to_bytes(body, 1 << 20).await.expect("a body");
                let key = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
                let asked = Asked {
                    method: parts.method.to_string(),
                    path: parts.uri.path().trim_start_matches("/v1").to_owned(),
                    query: parts.uri.query().unwrap_or_default().to_owned(),
                    body: body.to_vec(),
                    key: key.unwrap_or_default().trim_start_matches("Bearer ").to_owned(),
                };
                let reply = answer(&asked, count.fetch_add(1, Ordering::Relaxed));
                log.lock().expect("the log").push(asked);
                reply
            }
        });
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { url, asked, serving }
    }

    /// How many requests of this method and path came.
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.asked.lock().expect("the log").iter().filter(|asked| asked.is(method, path)).count()
    }

    pub fn total(&self) -> usize {
        self.asked.lock().expect("the log").len()
    }

    pub fn http(&self, probe: (&'static str, &'static [(&'static str, &'static str)])) -> Http {
        let milli = Duration::from_millis(1);
        let timing = Timing {
            backoff: Backoff::new(milli, milli * 20).expect("sound bounds"),
            breaker: (milli * 10, milli * 20),
            answer: Duration::from_secs(5),
        };
        let connection = Connection {
            base_url: self.url.clone(),
            probe,
            api_key: SecretString::from(KEY),
            rate_limit: RateLimit::new(100_000, Duration::from_secs(1)),
            stamps: Vec::new(),
            journal: Box::new(Unnoted),
            timing,
        };
        Http::new(connection).expect("a client")
    }

    pub fn cevvo(&self) -> Cevvo {
        Cevvo::new(self.http(cevvo::PROBE))
    }

    pub fn nexvio(&self) -> Nexvio {
        Nexvio::new(self.http(nexvio::PROBE))
    }
}

struct Unnoted;

impl Journal for Unnoted {
    fn sent(&self, _: Ticket, _: Moment) {}
    fn answered(&self, _: Ticket, _: Moment) {}
}

/// A small document.
pub fn upload() -> Upload {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(b"Owls hunt at night.").expect("it is written");
    Upload { file, size: 19, name: "owls.md".to_owned() }
}

/// Reads a whole list as passes do: until a page brings nothing new.
pub async fn whole(platform: &impl Platform) -> Vec<String> {
    let (mut ids, mut at) = (Vec::new(), None);
    for _ in 0..50 {
        let page = platform.sources(at).await.expect("a page");
        let before = ids.len();
        let new: Vec<_> = page.sources.into_iter().map(|source| source.id.0).filter(|id| !ids.contains(id)).collect();
        ids.extend(new);
        at = page.next;
        if at.is_none() || ids.len() == before || page.may_be_last {
            return ids;
        }
    }
    panic!("the list has no end: {ids:?}");
}
