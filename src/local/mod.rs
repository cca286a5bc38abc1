//! The local platform: Cevvo's and Nexvio's APIs, served for real on this machine from a folder.

mod analytics;
mod answer;
mod api;
mod blocks;
mod changes;
mod chat;
mod chunk;
mod connection;
mod conversations;
mod crawl;
mod db;
mod documents;
mod error;
mod faults;
mod folder;
mod gate;
mod ids;
mod index;
mod ingest;
mod inject;
mod jobs;
mod limit;
mod log;
mod nexvio;
mod odd;
mod openapi;
mod page;
mod request;
mod routes;
mod running;
mod search;
mod sources;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    connection_slots::ConnectionSlots,
    extract::Extractor,
    fetch::{Access, Fetcher},
    model::RateLimit,
};

pub use changes::Change;
pub use crawl::Crawl;
pub use error::LocalError;
pub use faults::{Fault, Faults};
pub use folder::{ensure_id, folder_id, key_of, served_at};
pub use ingest::read_upload;
pub use log::{RequestLog, UNKNOWN_ROUTE};
pub use nexvio::KnowledgeShown;
pub use odd::{Odd, Rewriting};
pub use running::{Running, SnapshotDocument, SnapshotSource};

use changes::Changes;
use connection::{CuttableListener, Scissors, UNAUTHENTICATED};
use db::Db;
use error::ApiError;
use folder::Folder;
use limit::SlidingLog;
use running::Tasks;

/// The path under which Cevvo's API is served.
pub const CEVVO_PATH: &str = "/api/v1";
/// The path under which Nexvio's API is served.
pub const NEXVIO_PATH: &str = "/v1";
/// What pages are asked for by.
const USER_AGENT: &str = concat!("kbsync-local/", env!("CARGO_PKG_VERSION"));

/// How a local platform is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that holds all of its data; created (mode 0700) where it is missing.
    pub data_dir: PathBuf,
    /// The limit that it enforces for its key; `None` for none.
    pub rate_limit: Option<RateLimit>,
    /// The program that reads pages, PDF and DOCX files, run as `PROGRAM extract-text KIND`.
    pub extractor: PathBuf,
    /// What goes wrong.
    pub faults: Faults,
    /// The least time that a job takes.
    pub job_delay: Duration,
    /// Whether pages on private, loopback and link-local addresses are fetched.
    pub allow_private: bool,
    /// How websites are crawled.
    pub crawl: Crawl,
    /// Whether the key's plan is Nexvio's enterprise plan, with which a chatbot may hide the branding.
    pub enterprise: bool,
    /// What Nexvio's `/knowledge` shows.
    pub knowledge: KnowledgeShown,
}

impl Options {
    /// A platform without a limit, where nothing goes wrong, and pages are fetched from public addresses alone.
    pub fn new(data_dir: PathBuf, extractor: PathBuf) -> Self {
        Self {
            data_dir,
            rate_limit: None,
            extractor,
            faults: Faults::default(),
            job_delay: Duration::ZERO,
            allow_private: false,
            crawl: Crawl::default(),
            enterprise: false,
            knowledge: KnowledgeShown::default(),
        }
    }
}

/// What the routes share.
#[derive(Debug)]
struct App {
    db: Db,
    /// Where the files of unfinished jobs are, under their job's id.
    uploads: PathBuf,
    key: SecretString,
    limiter: Option<Mutex<SlidingLog>>,
    extractor: Extractor,
    fetcher: Fetcher,
    /// How pages are fetched that are asked for one by one.
    access: Access,
    faults: Faults,
    enterprise: bool,
    knowledge: KnowledgeShown,
    log: RequestLog,
    changes: Changes,
    queue: mpsc::UnboundedSender<jobs::Queued>,
    /// Told of websites that are to be crawled.
    new_website: Arc<Notify>,
    /// Work that a fault has put off; it ends with the platform.
    put_off: Mutex<JoinSet<()>>,
    /// How long after its request the latest of it was done, in microseconds.
    latest: Arc<AtomicU64>,
}

impl App {
    /// Does work beside the requests, unless the platform stops before.
    fn put_off(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut put_off = self.put_off.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended makes room.
        while put_off.try_join_next().is_some() {}
        let (began, latest) = (Instant::now(), Arc::clone(&self.latest));
        put_off.spawn(async move {
            work.await;
            latest.fetch_max(began.elapsed().as_micros() as u64, Ordering::Relaxed);
        });
    }

    /// Ends when no work is put off any more, and gives how long after its request the latest of it was done since the last
    /// call.
    async fn put_off_work_done(&self) -> Duration {
        loop {
            let mut put_off = std::mem::take(&mut *self.put_off.lock().unwrap_or_else(PoisonError::into_inner));
            if put_off.is_empty() {
                return Duration::from_micros(self.latest.swap(0, Ordering::Relaxed));
            }
            while put_off.join_next().await.is_some() {}
        }
    }

    fn drop_put_off_work(&self) {
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

/// Serves the platform on `listener` until it is stopped. Jobs and crawls that the last run left unfinished are run
/// again.
///
/// # Errors
/// When the folder is served by another process, cannot be used, or holds a database that is damaged or newer, and when
/// TLS cannot be set up for pages.
pub async fn start(listener: TcpListener, options: Options) -> Result<Running, LocalError> {
    let address = listener.local_addr().map_err(LocalError::Listen)?;
    let base_url = format!("http://{}{CEVVO_PATH}", reachable(address));
    let fetcher = Fetcher::new(USER_AGENT)?;
    let root = options.data_dir.clone();
    let open = move || {
        let folder = Folder::open(&root)?;
        let key = folder.key.clone();
        let (db, thread) = Db::start(folder)?;
        Ok::<_, LocalError>((key, db, thread))
    };
    let opened = tokio::task::spawn_blocking(open).await;
    let (key, db, db_thread) = opened.map_err(|error| LocalError::Listen(error.into()))??;
    let (queue, queued) = mpsc::unbounded_channel();
    let app = Arc::new(App {
        db,
        uploads: options.data_dir.join("uploads"),
        key,
        limiter: options.rate_limit.map(|limit| Mutex::new(SlidingLog::new(limit))),
        extractor: Extractor::new(options.extractor),
        fetcher,
        access: page::access(options.allow_private, jobs::AT_ONCE),
        faults: options.faults,
        enterprise: options.enterprise,
        knowledge: options.knowledge,
        log: RequestLog::default(),
        changes: Changes::default(),
        queue,
        new_website: Arc::default(),
        put_off: Mutex::default(),
        latest: Arc::default(),
    });
    if let Err(error) = prepare(&app, &options.data_dir, &base_url).await {
        app.db.stop();
        return Err(error);
    }
    let workers = [
        tokio::spawn(jobs::work(Arc::clone(&app), queued, options.job_delay)),
        tokio::spawn(crawl::work(Arc::clone(&app), options.crawl)),
    ];
    let (stop, stopped) = oneshot::channel::<()>();
    let service = routes::router(Arc::clone(&app)).into_make_service_with_connect_info::<Scissors>();
    let scissors = Scissors::default();
    let slots = ConnectionSlots::for_idle(UNAUTHENTICATED);
    let listener = CuttableListener { listener, scissors: scissors.clone(), slots, since: Instant::now() };
    let server = axum::serve(listener, service).with_graceful_shutdown(async {
        // A platform that is dropped stops as well.
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    let tasks = Tasks { stop, server, scissors, workers, db_thread };
    Ok(Running::new(app, base_url, options.data_dir, tasks))
}

/// Where a client on this machine finds a listener, one on all addresses too.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Takes up what the last run left, and says where the folder is served.
async fn prepare(app: &App, root: &Path, base_url: &str) -> Result<(), LocalError> {
    let unfinished = jobs::unfinished(app).await;
    let damaged =
        |error: ApiError| LocalError::Damaged { path: root.join("platform.db"), reason: error.message().to_owned() };
    let unfinished = unfinished.map_err(damaged)?;
    jobs::resume(app, unfinished).map_err(|source| LocalError::Folder { path: app.uploads.clone(), source })?;
    folder::write_address(root, base_url)
}
