//! An endpoint that is served, beside a daemon whose loop is this test.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use kbsync::{
    config::{self, Config, Listen, PlatformKind},
    daemon::{Bound, Counted, How, Metrics, Note, Shared, Watching, bind, endpoint},
    extract::Extractor,
    fetch::Fetcher,
    local::Fault,
    model::CollectionName,
    platform::{
        Connection, Http, Timing,
        cevvo::{Cevvo, PROBE},
        clock,
    },
    reconcile::{self, Earlier, Extent, JOB_TIMEOUT, Machine, Reader, Scope, StoreJournal},
    store::{Db, Identity, PassRecord, Store, VerificationRecord},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};

use crate::bench::{Bench, PATIENCE};

/// Any free port of this machine.
pub fn anywhere() -> Listen {
    Listen::Address(([127, 0, 0, 1], 0).into())
}

/// What an endpoint answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// A header of it.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

/// A served endpoint.
pub struct Endpoint {
    pub place: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Endpoint {
    /// Serves where a config may say.
    pub async fn at(listen: &Listen, shared: Arc<Shared>) -> Self {
        let bound: Bound = bind(listen).await.unwrap().unwrap();
        let place = bound.to_string();
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(endpoint::serve(bound, shared, stopped));
        Self { place, stop, server }
    }

    /// The address and port.
    pub fn address(&self) -> &str {
        self.place.strip_prefix("http://").unwrap()
    }

    /// Sends these bytes and reads what comes until the end.
    pub async fn send(&self, request: &str) -> String {
        match self.place.strip_prefix("unix:") {
            Some(socket) => exchange(UnixStream::connect(socket).await.unwrap(), request).await,
            None => exchange(TcpStream::connect(self.address()).await.unwrap(), request).await,
        }
    }

    pub async fn ask(&self, method: &str, path: &str, host: &str) -> Answer {
        Answer::read(&self.send(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "localhost").await
    }

    /// Asks it to stop, and waits for it.
    pub async fn stopped(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(PATIENCE, self.server).await.expect("it stops").unwrap();
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let talk = async {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Whoever is cut reads an end or a reset, and both are one.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    tokio::time::timeout(PATIENCE, talk).await.expect("the connection ends")
}

/// A config with one folder, and nothing behind it.
pub fn idle(folder: &Path) -> Arc<Shared> {
    let config = "state: ./state.db\ncollections:\n  - name: docs\n    folder: ./docs\n";
    std::fs::write(folder.join("kbsync.yaml"), config).unwrap();
    let config = config::load(&folder.join("kbsync.yaml"), &|_| None).unwrap();
    Arc::new(Shared::new(Arc::new(config), Arc::new(Metrics::new())))
}

/// A document with a name that plays with HTML.
pub const PLAYFUL: &str = "<script>alert('a&b')</script>.md";

/// A daemon that has done one pass, with a document that failed.
pub struct Daemon {
    pub bench: Bench,
    pub store: Arc<Store>,
    config: Arc<Config>,
    metrics: Arc<Metrics>,
    pub endpoint: Endpoint,
}

impl Daemon {
    pub async fn new() -> Self {
        let bench = Bench::new().await;
        bench.reconfigure("collections:", "status:\n  hosts: [kb.example]\ncollections:");
        bench.write(&PLAYFUL.replace('/', "-"), "# Playful\n");
        bench.faults.once("POST", "/ingest/upload", Fault::JobFails("it has <b>no</b> text".to_owned()));
        let config = Arc::new(config::load(&bench.path("kbsync.yaml"), &|_| None).unwrap());
        let shared = Arc::new(Shared::new(Arc::clone(&config), Arc::new(Metrics::new())));
        let identity = Identity { platform: bench.running.base_url().to_owned(), instance: "default".to_owned() };
        let store = Arc::new(Store::open(&config.state, &identity).unwrap());
        for document in ["", "000.md", "001.md"] {
            if !document.is_empty() {
                bench.write(document, format!("# {document}\n"));
            }
            pass(&config, &store, shared.metrics()).await;
        }
        let verified = VerificationRecord { at: clock::now(), checks: 7, failed: 2 };
        store.call(move |db| db.note_verification(&verified, &[], std::iter::empty())).await.unwrap();
        let metrics = Arc::clone(shared.metrics());
        let daemon = Self { bench, store, config, metrics, endpoint: Endpoint::at(&anywhere(), shared).await };
        daemon.notes(note()).await;
        daemon
    }

    /// One more pass.
    pub async fn pass(&self) {
        pass(&self.config, &self.store, &self.metrics).await;
    }

    /// Keeps a note as the daemon's loop does.
    pub async fn notes(&self, note: Note) {
        self.store.call(move |db| note.keep(db)).await.unwrap();
    }
}

/// What a daemon says that is at rest.
pub fn note() -> Note {
    let why = Some("inotify does not see <network> filesystems".to_owned());
    Note {
        doing: "watching".to_owned(),
        ready: true,
        next: Some("2026-11-22T03:00:00Z".parse().unwrap()),
        collections: BTreeMap::from([("docs".to_owned(), Watching { how: How::Polled, why })]),
        ..Note::begun("2026-11-21T13:00:00Z".parse().unwrap())
    }
}

/// One pass as the daemon runs it: counted, and noted in the store.
async fn pass(config: &Config, store: &Arc<Store>, metrics: &Arc<Metrics>) {
    let PlatformKind::Remote { base_url, api_key, .. } = &config.platform.kind else {
        panic!("the bench speaks Cevvo")
    };
    let journal = Counted::new(StoreJournal::new(Arc::clone(store), 1000), Arc::clone(metrics));
    let http = Http::new(Connection {
        base_url: base_url.clone(),
        probe: PROBE,
        api_key: api_key.clone().unwrap(),
        rate_limit: config.platform.rate_limit,
        stamps: Vec::new(),
        journal: Box::new(journal),
        timing: Timing::default(),
    });
    let scope = Scope {
        instance: config.instance.clone(),
        collections: config.collections.clone(),
        chatbots: Vec::new(),
        policy: config.sync.clone(),
        job_timeout: JOB_TIMEOUT,
        patience: Duration::from_secs(60),
        extent: Extent::Full,
        earlier: Earlier::default(),
        watches: BTreeMap::new(),
        reader: Reader::new(
            Fetcher::new("kbsync-test/1").unwrap(),
            Extractor::new(env!("CARGO_BIN_EXE_kbsync").into()),
            &config.state,
        ),
        look: None,
        pause_after: Duration::from_secs(30),
        gone_apart: Duration::ZERO,
        phrases: true,
        deleted: BTreeMap::new(),
        machine: Machine::default(),
    };
    let (_stop, stopped) = watch::channel(false);
    let event = |event| metrics.event(&event);
    let report = reconcile::pass(&Cevvo::new(http.unwrap()), store, &scope, stopped, &event).await;
    metrics.pass("full", &report);
    let record = PassRecord {
        started: report.started,
        ended: report.ended,
        outcome: report.outcome().as_str().to_owned(),
        summary: "{}".to_owned(),
    };
    let docs = CollectionName::new("docs").unwrap();
    let note = move |db: &mut Db| {
        db.note_pass(&record)?;
        db.note_withheld(&docs, &[(2, "<i> is not mounted".to_owned())])
    };
    store.call(note).await.unwrap();
}
