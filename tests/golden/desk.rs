//! Where the examples are tried out: a local platform, and a site for it to read.

use std::{fs, path::Path, time::Duration};

use kbsync::local::{self, CEVVO_PATH, NEXVIO_PATH, Options, Running};
use reqwest::{Client, Method, header::HeaderMap};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    curl,
    origin::{Origin, Reply},
    quote::Quote,
};

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

const SITE: &str = "<title>Getting Started Guide</title><main><h1>Getting started</h1>\
    <p>How do I get started? To get started with Cevvo, first create a source, and then ask. The main features are \
    explained on the next page, for each of them has one.</p></main>";

pub struct Desk {
    folder: TempDir,
    running: Running,
    origin: Origin,
    client: Client,
    /// What stands in for names on the pages.
    names: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub body: String,
    headers: HeaderMap,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

impl Desk {
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let options = Options {
            allow_private: true,
            ..Options::new(folder.path().join("platform"), env!("CARGO_BIN_EXE_kbsync").into())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = local::start(listener, options).await.unwrap();
        let origin = Origin::start();
        for path in ["/", "/guide", "/products"] {
            origin.serve(path, Reply::page(SITE));
        }
        // The first test of a process installs it; the others find it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build().unwrap();
        let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pdf/typst.pdf");
        fs::copy(document, folder.path().join("document.pdf")).unwrap();
        let mut desk = Self { folder, running, origin, client, names: Vec::new() };
        let host = desk.running.base_url().strip_suffix(CEVVO_PATH).unwrap().to_owned();
        let site = desk.origin.url("").as_str().trim_end_matches('/').to_owned();
        for there in
            ["https://prod-backend-api.cevvo.ai", "https://api.cevvo.com", "https://api.nexvio.ai", "https://platform"]
        {
            desk.name(there, &host);
        }
        for there in ["https://docs.example.com", "https://example.com", "https://acmecorp.com"] {
            desk.name(there, &site);
        }
        let key = desk.running.api_key().expose_secret().to_owned();
        desk.name("YOUR_API_KEY", &key);
        desk
    }

    /// The same with a chatbot that has a page to answer from, and was asked.
    pub async fn with_chatbot() -> Self {
        let mut desk = Self::new().await;
        desk.website().await;
        desk.cevvo(Method::POST, "/chat", json!({"message": "How do I get started?"})).await;
        let bots = desk.api(Method::GET, &format!("{NEXVIO_PATH}/bots"), json!({})).await;
        let bot = bots["data"]["chatbots"][0]["id"].as_str().unwrap().to_owned();
        desk.name("chatbot_456def", &bot);
        desk.name("{chatbotId}", &bot);
        desk
    }

    /// Has a name on a page stand for something here.
    pub fn name(&mut self, name: &str, stands_for: &str) {
        self.names.retain(|(other, _)| other != name);
        self.names.push((name.to_owned(), stands_for.to_owned()));
    }

    /// Sends a request of a page.
    pub async fn replay(&self, quote: &Quote) -> Answered {
        let command = if quote.request.starts_with("curl ") { quote.request.clone() } else { as_curl(&quote.request) };
        let command = self.names.iter().fold(command, |text, (name, stands_for)| text.replace(name, stands_for));
        assert!(!command.contains("https://"), "{command}");
        let answer = curl::request(&self.client, &command, self.folder.path()).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("{command}: {error}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answered { status, headers, body: answer.text().await.unwrap() }
    }

    /// Fails unless an answer tells the limit, as Nexvio's overview shows.
    pub fn assert_limited(&self, answered: &Answered) {
        for name in ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] {
            let value = answered.header(name).unwrap_or_else(|| panic!("no {name} in {answered:?}"));
            assert!(value.parse::<u64>().is_ok(), "{name}: {value}");
        }
    }

    /// A website's source that was crawled.
    pub async fn website(&self) -> String {
        let wanted = json!({"name": "Product Documentation", "type": "website", "url": self.origin.url("/").as_str()});
        let source = self.cevvo(Method::POST, "/sources", wanted).await;
        let id = source["id"].as_str().unwrap();
        let crawled =
            async || self.cevvo(Method::GET, &format!("/sources/{id}"), json!({})).await["status"] == "synced";
        self.until("the website is crawled", crawled).await;
        id.to_owned()
    }

    /// Waits until a job is done.
    pub async fn completed(&self, job: &str) {
        let path = format!("/ingest/status/{job}");
        let done = async || self.cevvo(Method::GET, &path, json!({})).await["status"] == "completed";
        self.until("the job is completed", done).await;
    }

    async fn until(&self, what: &str, shows: impl AsyncFn() -> bool) {
        let wait = async {
            while !shows().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never seen: {what}"));
    }

    pub async fn cevvo(&self, method: Method, path: &str, body: Value) -> Value {
        self.api(method, &format!("{CEVVO_PATH}{path}"), body).await
    }

    async fn api(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.running.base_url().strip_suffix(CEVVO_PATH).unwrap());
        let request = self.client.request(method, url).bearer_auth(self.running.api_key().expose_secret());
        request.json(&body).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}

/// The command for a method and an address, where the page shows none; with `WRONG_KEY` after them, that key is sent.
fn as_curl(request: &str) -> String {
    let (first, body) = request.split_once('\n').unwrap_or((request, ""));
    let mut words = first.split(' ');
    let (method, address) = (words.next().unwrap(), words.next().unwrap());
    let key = words.next().unwrap_or("YOUR_API_KEY");
    let command = format!("curl --request {method} '{address}' --header 'Authorization: Bearer {key}'");
    let quoted = body.replace('\'', r"'\''");
    if body.is_empty() {
        command
    } else {
        format!("{command} --header 'Content-Type: application/json' --data '{quoted}'")
    }
}
