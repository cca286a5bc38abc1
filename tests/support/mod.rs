//! A small world for tests of passes: a folder, a local platform with faults, and a store that may be killed.

pub mod steady;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kbsync::{
    config::{Api, Collection, DeletePolicy, Folder, Input, SyncPolicy},
    extract::Extractor,
    fetch::Fetcher,
    local::{self, Faults, Running},
    model::{CollectionName, DocPath, Instance, Moment, RateLimit, SourceId, SourceName},
    pace::{Backoff, Ticket},
    platform::{
        Client, Connection, Http, Journal, Platform, SourceKind, Timing,
        cevvo::{self, Cevvo},
        clock,
        nexvio::{self, Nexvio},
    },
    reconcile::{self, Earlier, Event, Extent, Machine, Preview, Reader, Report, Scope, StoreJournal},
    store::{Db, Identity, Store},
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{Notify, watch},
};
use url::Url;

/// How long an unanswered request of these tests may still take effect. Late effects come within a quarter of it, so
/// that a busy machine has room.
pub const GRACE: Duration = Duration::from_secs(1);

/// Documents by path, each with the SHA-256 of its contents: one, unless something is wrong.
pub type Documents = BTreeMap<String, Vec<String>>;

/// A folder, a platform and a store.
pub struct World {
    pub folder: PathBuf,
    pub platform: Running,
    pub faults: Faults,
    pub scope: Scope,
    /// The API that passes speak.
    pub api: Api,
    /// How many pages passes have read of the platform's list. The poll of many jobs, which reads one too, is none.
    pub pages: AtomicU64,
    /// What happens beside a pass when it tells of something.
    pub beside: Box<dyn Fn(&Event) + Send + Sync>,
    state: PathBuf,
    _temp: TempDir,
}

/// A name that is not ours, on the platform before anything else.
pub const FOREIGN: &str = "Product Documentation";

impl World {
    /// A new world with an empty folder and one foreign source, on Cevvo's API.
    pub async fn new() -> Self {
        Self::of(Api::Cevvo).await
    }

    /// The same on either API.
    pub async fn of(api: Api) -> Self {
        Self::with(api, |_| {}).await
    }

    /// The same on a platform with other options.
    pub async fn with(api: Api, change: impl FnOnce(&mut local::Options)) -> Self {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let folder = temp.path().join("docs");
        std::fs::create_dir(&folder).expect("the folder");
        let faults = Faults::default();
        let mut options = local::Options {
            faults: faults.clone(),
            allow_private: true,
            ..local::Options::new(temp.path().join("platform"), env!("CARGO_BIN_EXE_kbsync").into())
        };
        change(&mut options);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let platform = local::start(listener, options).await.expect("the platform starts");
        let scope = Scope {
            instance: Instance::new("test").expect("a name"),
            collections: vec![collection(&folder)],
            chatbots: Vec::new(),
            policy: SyncPolicy {
                max_deletes: 1_000,
                max_delete_percent: 100,
                delete: DeletePolicy::Always,
                grace: GRACE,
                confirm_gone: 2,
            },
            job_timeout: Duration::from_secs(1),
            patience: Duration::from_secs(60),
            reader: Reader::new(
                Fetcher::new("kbsync-test/1").expect("a fetcher"),
                Extractor::new(env!("CARGO_BIN_EXE_kbsync").into()),
                &temp.path().join("state.db"),
            ),
            look: None,
            pause_after: Duration::from_secs(30),
            gone_apart: Duration::ZERO,
            phrases: true,
            extent: Extent::Full,
            earlier: Earlier::default(),
            watches: BTreeMap::new(),
            deleted: BTreeMap::new(),
            machine: Machine::default(),
        };
        let state = temp.path().join("state.db");
        let (pages, beside) = (AtomicU64::default(), Box::new(|_: &Event| {}));
        let world = Self { folder, platform, faults, scope, api, pages, beside, state, _temp: temp };
        let (_, http) = world.http(Api::Cevvo, None).await;
        Cevvo::new(http).create(FOREIGN, &SourceKind::File, None).await.expect("the foreign source");
        world
    }

    /// Writes a document.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("its folder");
        std::fs::write(path, text).expect("the document");
    }

    /// Forgets the state, as a lost disk would.
    pub fn lose_store(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.state.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }

    /// One pass; with `kill_at`, everything is dropped when that many requests were sent or answered.
    pub async fn pass(&self, kill_at: Option<u64>) -> Option<Report> {
        let kill = kill_at.map(|at| Arc::new(Kill { left: AtomicU64::new(at), now: Notify::new() }));
        let (store, http) = self.http(self.api, kill.clone()).await;
        let client = match self.api {
            Api::Cevvo => Client::Cevvo(Cevvo::new(http)),
            Api::Nexvio => Client::Nexvio(Nexvio::new(http), None),
        };
        let (_stop, stopped) = watch::channel(false);
        let event = |event: Event| {
            (self.beside)(&event);
            self.pages.fetch_add(u64::from(matches!(event, Event::Listing { .. })), Ordering::Relaxed);
        };
        let pass = reconcile::pass(&client, &store, &self.scope, stopped, &event);
        match kill {
            None => Some(pass.await),
            Some(kill) => tokio::select! {
                biased;
                () = kill.now.notified() => None,
                report = pass => Some(report),
            },
        }
    }

    /// What a pass would do now.
    pub fn preview(&self) -> Preview {
        let db = Db::open_to_read(&self.state).expect("the store");
        let preview = reconcile::preview(&self.scope, cevvo::ABILITIES.accepted, Some(&db));
        // It stays on its thread, as the store's connection does.
        tokio::task::block_in_place(|| Handle::current().block_on(preview)).expect("the preview")
    }

    /// The store, as another process opens it.
    pub fn store(&self) -> Db {
        Db::open(&self.state, None).expect("the store")
    }

    /// Changes the store by SQL.
    pub fn alter_store(&self, sql: &str) {
        drop(self.store());
        let connection = rusqlite::Connection::open(&self.state).expect("the store");
        connection.execute_batch(sql).expect("it is altered");
    }

    /// Makes a store in which no page can be noted, as on a disk that is full.
    pub fn break_pages(&self) {
        let trigger = "CREATE TRIGGER full BEFORE INSERT ON pages BEGIN SELECT RAISE(ABORT, 'no room'); END";
        self.alter_store(trigger);
    }

    /// Lets quarantined documents be tried again.
    pub fn retry(&self) {
        if self.state.exists() {
            self.store().release(|_| true).expect("the release");
        }
    }

    /// The documents that failed and have not changed since.
    pub fn quarantined(&self) -> BTreeSet<String> {
        let quarantined = self.store().quarantined().expect("the store");
        quarantined.into_iter().map(|(_, path, _)| path).collect()
    }

    /// How many replicas are under way.
    pub fn under_way(&self) -> usize {
        if self.state.exists() { self.store().under_way().expect("the store").len() } else { 0 }
    }

    /// Fails unless the platform holds exactly what the folder has, each once, and what others made.
    pub async fn assert_in_step(&self, context: &str) {
        assert_eq!(
            self.held(&BTreeSet::new(), context).await,
            self.on_disk(),
            "{context}: platform (left) and folder (right)"
        );
    }

    /// The documents that the platform holds by path, but for some, each with the SHA-256 of all that it holds of it.
    /// Fails where a source is not what its name says.
    pub async fn held(&self, except: &BTreeSet<String>, context: &str) -> Documents {
        let mut held = Documents::new();
        let mut foreign = Vec::new();
        for source in self.platform.snapshot().await {
            match SourceName::parse(&source.name) {
                None => foreign.push(source.name),
                Some(name) if except.contains(name.path.as_str()) => {}
                Some(name) => {
                    let [document] = source.documents.as_slice() else {
                        panic!("{context}: {} has {} documents", source.name, source.documents.len());
                    };
                    assert_eq!(source.status, "synced", "{context}: {}", source.name);
                    assert!(document.sha256.starts_with(&name.hash.to_string()), "{context}: {}", source.name);
                    held.entry(name.path.to_string()).or_default().push(document.sha256.clone());
                }
            }
        }
        assert_eq!(foreign, [FOREIGN], "{context}");
        held
    }

    /// The documents of the folder by path, each with its SHA-256. Of ignore files it knows plain names, and names of
    /// folders with a slash at their end.
    pub fn on_disk(&self) -> Documents {
        let mut documents = Documents::new();
        let mut folders = vec![(self.folder.clone(), String::new())];
        while let Some((folder, above)) = folders.pop() {
            let ignored = above + &std::fs::read_to_string(folder.join(".gitignore")).unwrap_or_default() + "\n";
            for entry in std::fs::read_dir(folder).expect("the folder") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().and_then(OsStr::to_str).expect("UTF-8");
                let is = |rule: &str| rule == name || path.is_dir() && rule.strip_suffix('/') == Some(name);
                if ignored.lines().any(is) {
                    continue;
                }
                if path.is_dir() {
                    folders.push((path, ignored.clone()));
                } else if path.extension().is_some_and(|extension| extension == "md" || extension == "txt") {
                    let key = path.strip_prefix(&self.folder).expect("it is below").to_str().expect("UTF-8").to_owned();
                    let hash = Sha256::digest(std::fs::read(&path).expect("the document"));
                    let hex = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                    documents.insert(key, vec![hex]);
                }
            }
        }
        documents
    }

    /// Deletes a document's source as somebody in the dashboard would.
    pub async fn delete_somebody_elses_way(&self, path: &str) {
        let sources = self.platform.snapshot().await;
        let of = |name: &str| SourceName::parse(name).is_some_and(|name| name.path.as_str() == path);
        let source = sources.iter().find(|source| of(&source.name)).expect("it is on the platform");
        let (_, http) = self.http(Api::Cevvo, None).await;
        Cevvo::new(http).delete(&SourceId(source.id.clone())).await.expect("it is deleted");
    }

    /// Gives a document's source another name as somebody in the dashboard would.
    pub async fn rename_somebody_elses_way(&self, path: &str, name: &str) {
        let sources = self.platform.snapshot().await;
        let of = |name: &str| SourceName::parse(name).is_some_and(|name| name.path.as_str() == path);
        let source = sources.iter().find(|source| of(&source.name)).expect("it is on the platform");
        let (_, http) = self.http(Api::Cevvo, None).await;
        Cevvo::new(http).rename(&SourceId(source.id.clone()), name).await.expect("it is renamed");
    }

    /// Gives a document another key, here and on the platform, as if it had always been known by that one.
    pub async fn respell(&self, from: &str, to: &str) {
        drop(self.store());
        let connection = rusqlite::Connection::open(&self.state).expect("the store");
        for table in ["documents", "pages", "replicas"] {
            let sql = format!("UPDATE {table} SET path = ?2 WHERE path = ?1");
            connection.execute(&sql, [from, to]).expect("the key");
        }
        let sources = self.platform.snapshot().await;
        let (_, http) = self.http(Api::Cevvo, None).await;
        let platform = Cevvo::new(http);
        for source in sources {
            if let Some(name) = SourceName::parse(&source.name).filter(|name| name.path.as_str() == from) {
                let name = SourceName { path: DocPath::new(to).expect("a key"), ..name }.to_string();
                platform.rename(&SourceId(source.id.clone()), &name).await.expect("the name");
            }
        }
    }

    /// Where the platform has the API that passes speak.
    pub fn base_url(&self) -> Url {
        self.base_url_of(self.api)
    }

    fn base_url_of(&self, api: Api) -> Url {
        let mut url: Url = self.platform.base_url().parse().expect("an address");
        if api == Api::Nexvio {
            url.set_path(local::NEXVIO_PATH);
        }
        url
    }

    async fn http(&self, api: Api, kill: Option<Arc<Kill>>) -> (Arc<Store>, Http) {
        let identity = Identity { platform: "test".to_owned(), instance: self.scope.instance.to_string() };
        let store = Arc::new(Store::open(&self.state, &identity).expect("the store opens"));
        let rate_limit = RateLimit::new(100_000, Duration::from_secs(1));
        let now = clock::now();
        let stamps = store.call(move |db| db.stamps(100_000, now)).await.expect("the stamps");
        let milli = Duration::from_millis(1);
        let timing = Timing {
            backoff: Backoff::new(milli, milli * 4).expect("sound bounds"),
            breaker: (milli * 10, milli * 20),
            // No fault withholds an answer, and a busy machine takes its time.
            answer: Duration::from_secs(60),
        };
        let journal = KillingJournal { inner: StoreJournal::new(Arc::clone(&store), 100_000), kill };
        let base_url = self.base_url_of(api);
        let probe = match api {
            Api::Cevvo => cevvo::PROBE,
            Api::Nexvio => nexvio::PROBE,
        };
        let (api_key, journal) = (self.platform.api_key().clone(), Box::new(journal));
        let connection = Connection { base_url, probe, api_key, rate_limit, stamps, journal, timing };
        (store, Http::new(connection).expect("a client"))
    }
}

/// The collection of a world, which is that folder.
pub fn collection(folder: &Path) -> Collection {
    Collection {
        name: CollectionName::new("docs").expect("a name"),
        schedule: None,
        input: Input::Folder(Folder {
            root: folder.to_owned(),
            include: vec!["**/*.md".to_owned(), "**/*.txt".to_owned()],
            exclude: Vec::new(),
            gitignore: true,
            max_file_size: 1 << 20,
            follow_symlinks: false,
            settle: Duration::ZERO,
        }),
    }
}

struct Kill {
    left: AtomicU64,
    now: Notify,
}

/// The pass's own journal, which also tells when it is time to die: at the very moment of a request or an answer.
struct KillingJournal {
    inner: StoreJournal,
    kill: Option<Arc<Kill>>,
}

impl KillingJournal {
    fn count(&self) {
        if let Some(kill) = &self.kill
            && kill.left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            kill.now.notify_one();
        }
    }
}

impl Journal for KillingJournal {
    fn sent(&self, ticket: Ticket, at: Moment) {
        self.inner.sent(ticket, at);
        self.count();
    }

    fn answered(&self, ticket: Ticket, at: Moment) {
        self.inner.answered(ticket, at);
        self.count();
    }
}
