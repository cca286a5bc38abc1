//! A folder with documents and a config, a platform beside it, and the binary between them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use kbsync::{
    config::Api,
    local::{self, Faults, Options, Running, SnapshotSource},
    model::{ContentHash, RateLimit, SourceName},
};
use reqwest::{Client, Method, multipart};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command};

/// The longest that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Where the API that the tests speak (`crate::API`) has its sources, each of them, and where a document goes up.
pub const SOURCES: &str = if ON_NEXVIO { "/knowledge" } else { "/sources" };
pub const SOURCE: &str = if ON_NEXVIO { "/knowledge/{id}" } else { "/sources/{id}" };
pub const UPLOAD: &str = if ON_NEXVIO { "/knowledge" } else { "/ingest/upload" };
/// Requests that a new document takes, polls of the list aside, and those of a renamed one.
pub const PUT: u64 = if ON_NEXVIO { 1 } else { 2 };
pub const RENAME: u64 = if ON_NEXVIO { 2 } else { 1 };
pub const ON_NEXVIO: bool = matches!(crate::API, Api::Nexvio);
/// The program.
pub const BINARY: &str = env!("CARGO_BIN_EXE_kbsync");

/// What a run of the program said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("kbsync speaks UTF-8");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Fails unless it ended with this code and said these words, on whichever stream.
    #[track_caller]
    pub fn ended(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self}");
        for word in words {
            assert!(self.out.contains(word) || self.err.contains(word), "{word:?} is missing in {self}");
        }
        self
    }

    /// Fails when it said one of these words.
    #[track_caller]
    pub fn without(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(!self.out.contains(word) && !self.err.contains(word), "{word:?} in {self}");
        }
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {self}"))
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.out, self.err)
    }
}

pub struct Bench {
    pub folder: TempDir,
    pub running: Running,
    pub faults: Faults,
    pub client: Client,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A bench whose platform knows when an office opens, and of the sky.
    pub async fn informed() -> Self {
        let bench = Self::new().await;
        bench.write("opening.md", "# Opening hours\n\nThe office opens at nine in the morning.\n");
        bench.write("sky.md", "# The sky\n\nThe sky is blue in summer.\n");
        bench.synced().await;
        bench
    }

    /// A bench whose platform has other options.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let faults = Faults::default();
        let mut options = Options {
            rate_limit: Some(RateLimit::new(1000, Duration::from_secs(1))),
            faults: faults.clone(),
            ..Options::new(folder.path().join("platform"), BINARY.into())
        };
        change(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = local::start(listener, options).await.unwrap();
        // The first test of a process installs it; the others find it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build().unwrap();
        let bench = Self { folder, running, faults, client };
        fs::create_dir(bench.path("docs")).unwrap();
        bench.configure(&bench.default_config());
        bench
    }

    pub fn default_config(&self) -> String {
        let (url, key) = (self.base_url(), self.running.api_key().expose_secret());
        format!(
            "state: ./state/state.db\n\
             platform:\n  kind: {}\n  base_url: {url}\n  api_key: {key}\n  rate_limit: 1000/s\n\
             sync:\n  grace: 200ms\n\
             collections:\n  - name: docs\n    folder: ./docs\n    settle: 0s\n",
            crate::API
        )
    }

    /// Where the platform has the API that the tests speak.
    pub fn base_url(&self) -> String {
        let cevvo = self.running.base_url();
        if ON_NEXVIO { cevvo.replace(local::CEVVO_PATH, local::NEXVIO_PATH) } else { cevvo.to_owned() }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn configure(&self, config: &str) {
        fs::write(self.path("kbsync.yaml"), config).unwrap();
    }

    /// Changes a piece of the config.
    #[track_caller]
    pub fn reconfigure(&self, from: &str, to: &str) {
        let config = fs::read_to_string(self.path("kbsync.yaml")).unwrap();
        assert!(config.contains(from), "{config}");
        self.configure(&config.replace(from, to));
    }

    /// Writes a document, and the folders above it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path("docs").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes so many small documents.
    pub fn write_many(&self, count: usize) {
        (0..count).for_each(|n| self.write(&format!("{n:03}.md"), format!("# Number {n}\n\nThis is page {n}.\n")));
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path("docs").join(path)).unwrap();
    }

    /// The program, ready to be started in the bench's folder.
    pub fn command(&self, args: &[&str]) -> Command {
        command(self.folder.path(), args)
    }

    pub async fn run(&self, args: &[&str]) -> Said {
        said(self.command(args)).await
    }

    pub async fn sync(&self) -> Said {
        self.run(&["sync"]).await
    }

    /// A pass that ends well.
    #[track_caller]
    pub fn synced(&self) -> impl Future<Output = Said> {
        let caller = std::panic::Location::caller();
        async move {
            let said = self.sync().await;
            assert_eq!(said.code, 0, "at {caller}: {said}");
            said
        }
    }

    /// Waits until the platform's log or holdings show something.
    pub async fn seen(&self, what: &str, shows: impl AsyncFn(&Running) -> bool) {
        let wait = async {
            while !shows(&self.running).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never seen: {what}"));
    }

    /// Our sources by the document that they are for, with what each holds.
    pub async fn ours(&self) -> BTreeMap<String, Vec<SnapshotSource>> {
        let mut ours = BTreeMap::<String, Vec<SnapshotSource>>::new();
        for source in self.running.snapshot().await {
            if let Some(name) = SourceName::parse(&source.name).filter(|name| name.instance.as_str() == "default") {
                ours.entry(format!("{}/{}", name.collection, name.path)).or_default().push(source);
            }
        }
        ours
    }

    /// Fails unless the platform holds each of these documents of `docs` once, as it is on the disk, and no other.
    #[track_caller]
    pub fn holds<'a>(&'a self, documents: &'a [&str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let wanted: BTreeMap<_, _> = documents
                .iter()
                .map(|path| (format!("docs/{path}"), sha256(&fs::read(self.path("docs").join(path)).unwrap())))
                .collect();
            assert_eq!(self.hashes().await, wanted, "at {caller}");
        }
    }

    /// What the platform holds of ours, each document once and ready.
    pub async fn hashes(&self) -> BTreeMap<String, String> {
        let ours = self.ours().await;
        let one = |(document, sources): (String, Vec<SnapshotSource>)| {
            let [source] = sources.as_slice() else { panic!("{document} has several sources: {sources:?}") };
            let [held] = source.documents.as_slice() else { panic!("{document} is not held once: {source:?}") };
            assert_eq!(source.status, "synced", "{source:?}");
            let name = SourceName::parse(&source.name).unwrap();
            assert!(held.sha256.starts_with(&name.hash.to_string()), "{source:?}");
            (document, held.sha256.clone())
        };
        ours.into_iter().map(one).collect()
    }

    /// Fails unless the platform holds exactly what `docs` has on the disk.
    #[track_caller]
    pub fn in_step(&self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let mut wanted = BTreeMap::new();
            on_disk(&self.path("docs"), "docs", &mut wanted);
            assert_eq!(self.hashes().await, wanted, "at {caller}");
        }
    }

    /// Fails unless one more pass asks for no change.
    #[track_caller]
    pub fn quiet(&self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            self.running.requests().reset();
            let said = self.sync().await;
            assert_eq!(said.code, 0, "at {caller}: {said}");
            assert!(said.out.contains("nothing to change"), "at {caller}: {said}");
            assert_eq!(self.running.requests().mutating(), 0, "at {caller}: {said}");
        }
    }

    pub async fn api(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.running.base_url());
        let request = self.client.request(method, url).bearer_auth(self.running.api_key().expose_secret());
        request.json(&body).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    /// Makes a source through the API, as another program would; gives its id.
    pub async fn others_source(&self, name: &str, content: &str) -> String {
        let source = self.api(Method::POST, "/sources", json!({"name": name, "type": "text"})).await;
        let id = source["id"].as_str().unwrap().to_owned();
        let file = multipart::Part::text(content.to_owned()).file_name("theirs.md");
        let form = multipart::Form::new().part("file", file).text("source_id", id.clone());
        let url = format!("{}/ingest/upload", self.running.base_url());
        let request = self.client.post(url).bearer_auth(self.running.api_key().expose_secret()).multipart(form);
        request.send().await.unwrap().error_for_status().unwrap();
        let ready = async |running: &Running| {
            running.snapshot().await.iter().any(|source| source.id == id && source.status == "synced")
        };
        self.seen("the other's source is ready", ready).await;
        id
    }
}

/// The program, ready to be started in a folder, with nothing of the tests' own environment.
pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args).current_dir(folder).env_clear().env("HOME", folder).env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub async fn said(mut command: Command) -> Said {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("the program ends");
    Said::of(output.unwrap())
}

/// What a started program says until its end.
pub async fn rest(child: tokio::process::Child) -> Said {
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the program ends");
    Said::of(output.unwrap())
}

pub fn sha256(content: &[u8]) -> String {
    ContentHash(Sha256::digest(content).into()).to_string()
}

/// A file of the corpus.
pub fn corpus(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(path)).unwrap()
}

/// The files below a folder, with their hashes.
pub fn on_disk(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let key = format!("{below}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            on_disk(&entry.path(), &key, found);
        } else {
            found.insert(key, sha256(&fs::read(entry.path()).unwrap()));
        }
    }
}
