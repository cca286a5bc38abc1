//! A local platform in a folder of its own, and a client for it.

use std::{path::Path, time::Duration};

use kbsync::{
    local::{self, LocalError, NEXVIO_PATH, Options, Running},
    platform::wire::cevvo::{Job, Source},
};
use reqwest::{Client, Method, RequestBuilder, Response, multipart};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The longest that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Platform {
    pub running: Running,
    pub folder: TempDir,
    pub client: Client,
}

pub fn options(folder: &Path) -> Options {
    Options::new(folder.to_owned(), env!("CARGO_BIN_EXE_kbsync").into())
}

pub async fn start(options: Options) -> Result<Running, LocalError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    local::start(listener, options).await
}

pub fn client() -> Client {
    // The first test of a process installs it; the others find it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build().unwrap()
}

impl Platform {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = options(folder.path());
        change(&mut options);
        Self { running: start(options).await.unwrap(), folder, client: client() }
    }

    /// A platform that fetches from this machine, and in no hurry to be polite.
    pub async fn that_fetches(change: impl FnOnce(&mut Options)) -> Self {
        Self::with(|options| {
            options.allow_private = true;
            options.crawl.delay = Duration::ZERO;
            change(options);
        })
        .await
    }

    /// Stops, and starts again with the same folder.
    pub async fn restarted(self, change: impl FnOnce(&mut Options)) -> Self {
        let Self { running, folder, client } = self;
        running.stop().await;
        let mut options = options(folder.path());
        change(&mut options);
        Self { running: start(options).await.unwrap(), folder, client }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.running.base_url());
        self.client.request(method, url).bearer_auth(self.running.api_key().expose_secret())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        read(self.request(method, path).json(&body).send().await.unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        read(self.request(Method::DELETE, path).send().await.unwrap()).await
    }

    /// A request to Nexvio's API.
    pub fn nexvio(&self, method: Method, path: &str) -> RequestBuilder {
        let base = self.running.base_url().strip_suffix(local::CEVVO_PATH).unwrap();
        let url = format!("{base}{NEXVIO_PATH}{path}");
        self.client.request(method, url).bearer_auth(self.running.api_key().expose_secret())
    }

    pub async fn nexvio_get(&self, path: &str) -> (u16, Value) {
        read(self.nexvio(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn nexvio_send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        read(self.nexvio(method, path).json(&body).send().await.unwrap()).await
    }

    pub async fn nexvio_delete(&self, path: &str) -> (u16, Value) {
        read(self.nexvio(Method::DELETE, path).send().await.unwrap()).await
    }

    /// Makes a source of type `text`; gives its id.
    pub async fn source(&self, name: &str) -> String {
        let (status, body) = self.send(Method::POST, "/sources", json!({"name": name, "type": "text"})).await;
        assert_eq!(status, 201, "{body}");
        serde_json::from_value::<Source>(body).unwrap().id
    }

    pub fn upload_request(&self, source: &str, file_name: &str, content: &str) -> RequestBuilder {
        let file = multipart::Part::text(content.to_owned()).file_name(file_name.to_owned());
        let form = multipart::Form::new().part("file", file).text("source_id", source.to_owned());
        self.request(Method::POST, "/ingest/upload").multipart(form)
    }

    /// Uploads a file; gives its job's id.
    pub async fn upload(&self, source: &str, file_name: &str, content: &str) -> String {
        let (status, body) = read(self.upload_request(source, file_name, content).send().await.unwrap()).await;
        assert_eq!(status, 202, "{body}");
        serde_json::from_value::<Job>(body).unwrap().job_id
    }

    /// Waits until a job has ended.
    pub async fn ended(&self, job: &str) -> Job {
        let wait = async {
            loop {
                let (status, body) = self.get(&format!("/ingest/status/{job}")).await;
                assert_eq!(status, 200, "{body}");
                let job: Job = serde_json::from_value(body).unwrap();
                if job.status != "processing" {
                    return job;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the job ends")
    }

    /// Makes a source that holds one document, as kbsync names it.
    pub async fn document(&self, path: &str, content: &str) -> String {
        let source = self.source(&format!("{path} [default:0123456789ab]")).await;
        let file_name = path.rsplit('/').next().unwrap();
        let job = self.upload(&source, file_name, content).await;
        let job = self.ended(&job).await;
        assert_eq!((job.status.as_str(), job.documents_processed), ("completed", Some(1)), "{:?}", job.error);
        source
    }

    /// Waits until the platform holds what `holds` looks for.
    pub async fn comes_to(&self, holds: impl Fn(&[local::SnapshotSource]) -> bool) {
        let wait = async { while !holds(&self.running.snapshot().await) {} };
        tokio::time::timeout(PATIENCE, wait).await.expect("the platform comes to hold it");
    }
}

/// An answer's status and JSON body.
pub async fn read(answer: Response) -> (u16, Value) {
    (answer.status().as_u16(), answer.json().await.unwrap())
}
