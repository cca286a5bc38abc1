//! `kbsync run` at work and at rest: `cargo bench --bench service [-- FILES FOLDERS IDLE_SECONDS]`.
//!
//! The documents are really uploaded once, to a local platform in this process, and found again by later runs. Then it
//! shows how long a change takes until the platform answers from it, which is to be no more than the debounce, the time
//! to settle and a second, and what a minute of rest costs: less than 0.1 % of a core, 40 MiB, and no request. The last
//! is shown again for a service that has the platform in it.

#[path = "../tests/support/process.rs"]
mod process;
mod support;
#[path = "support/tree.rs"]
mod tree;

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use kbsync::{
    local::{self, Change, Running},
    model::SourceName,
};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStderr, Command},
    sync::mpsc::UnboundedReceiver,
    time::{sleep, timeout},
};

use process::{Process, signal};

/// The debounce and the time to settle: the defaults, and short ones.
const RHYTHMS: [(Duration, Duration); 2] =
    [(Duration::from_secs(2), Duration::from_secs(2)), (Duration::from_millis(200), Duration::from_millis(200))];
/// Where something changes: at the root, and below.
const PLACES: [&str; 5] = ["", "000/", "000/007/", "003/050/", "019/099/"];
/// How long anything may take; the first upload of everything is the longest.
const PATIENCE: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [files, folders, idle] = support::sizes([100_000, 2_000, 60], [50, 4, 1]);
    let idle = Duration::from_secs(idle as u64);
    let rhythms = if support::is_test() { &RHYTHMS[1..] } else { &RHYTHMS[..] };
    let site = Site { root: tree::tree(files, folders, (1_024, 8_192))? };
    println!("{files} files in {folders} folders");
    let platform = site.platform().await?;
    for &rhythm in rhythms {
        let mut service = Service::begin(&site.config_for(&platform, rhythm)?).await?;
        latency(&mut service, &site.root, &platform, rhythm).await?;
        if rhythm == rhythms[0] {
            rest("the platform elsewhere", &mut service, idle, Some(&platform)).await?;
        }
        service.stop().await?;
    }
    platform.stop().await;
    let mut service = Service::begin(&site.config_with_platform()?).await?;
    rest("with the platform in it", &mut service, idle, None).await?;
    service.stop().await
}

type Step<'a> = &'a dyn Fn() -> std::io::Result<()>;

/// Changes files one after another, and waits for each to reach the platform.
async fn latency(
    service: &mut Service,
    root: &Path,
    platform: &Running,
    (debounce, settle): (Duration, Duration),
) -> Result<(), Box<dyn Error>> {
    let mut held = Held { changes: platform.watch(), sources: BTreeMap::new() };
    let mut took: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for place in PLACES {
        fs::create_dir_all(root.join(place))?;
        let at = |name: &str| root.join(place).join(name);
        let key = |name: &str| format!("{place}{name}");
        let (file, nested) = ("changing.md", "fresh/inner/deep.md");
        let steps: [(&str, &str, Step<'_>); 5] = [
            ("new file", file, &|| fs::write(at(file), "# It is new\n\nSome words.\n")),
            ("edit", file, &|| fs::write(at(file), "# It was edited\n\nSome other words.\n")),
            ("delete", file, &|| fs::remove_file(at(file))),
            ("new nested folder", nested, &|| {
                fs::create_dir_all(at("fresh/inner"))?;
                fs::write(at(nested), format!("# In {place}\n\nSome words.\n"))
            }),
            ("delete of a folder", nested, &|| fs::remove_dir_all(at("fresh"))),
        ];
        for (what, name, step) in steps {
            step()?;
            let began = Instant::now();
            timeout(PATIENCE, held.seen(&key(name), what.starts_with("delete"))).await?;
            took.entry(what).or_default().push(began.elapsed().as_secs_f64());
            service.said("the pass has ended").await?;
        }
    }
    println!("a change reaches the platform, debounce {debounce:?}, settle {settle:?}, in seconds:");
    let all: Vec<f64> = took.values().flatten().copied().collect();
    for (what, mut times) in took.into_iter().chain([("all", all)]) {
        times.sort_by(f64::total_cmp);
        let (least, most) = (times[0], times[times.len() - 1]);
        println!("  {what}: {} times, {least:.2} to {most:.2}, median {:.2}", times.len(), support::median(times));
    }
    Ok(())
}

/// What a time without changes costs.
async fn rest(
    what: &str,
    service: &mut Service,
    idle: Duration,
    platform: Option<&Running>,
) -> Result<(), Box<dyn Error>> {
    // What the last pass left to be done is done.
    sleep(idle.min(Duration::from_secs(10))).await;
    let pid = service.pid();
    let (before, requests) = (Process::look(pid)?, platform.map(|platform| platform.requests().total()));
    sleep(idle).await;
    let after = Process::look(pid)?;
    let cpu = after.cpu - before.cpu;
    let percent = 100.0 * cpu.as_secs_f64() / idle.as_secs_f64();
    println!("{idle:?} at rest, {what}: {cpu:?} of a core ({percent:.3} %)");
    if let (Some(platform), Some(before)) = (platform, requests) {
        println!("  {} requests", platform.requests().total() - before);
    }
    println!("  {after}");
    Ok(())
}

/// What the platform holds of documents that change.
struct Held {
    changes: UnboundedReceiver<Change>,
    /// The documents by their sources' ids.
    sources: BTreeMap<String, String>,
}

impl Held {
    /// Waits until a document came, or went.
    async fn seen(&mut self, document: &str, went: bool) {
        while let Some(change) = self.changes.recv().await {
            let seen = match change {
                Change::Held { source_id, name } => {
                    let path = SourceName::parse(&name).map(|name| name.path.to_string()).unwrap_or_default();
                    let seen = !went && path == document;
                    self.sources.insert(source_id, path);
                    seen
                }
                Change::Gone { source_id } => {
                    let path = self.sources.remove(&source_id);
                    went && path.as_deref() == Some(document) && !self.sources.values().any(|path| path == document)
                }
                Change::Renamed { .. } => false,
            };
            if seen {
                return;
            }
        }
    }
}

/// The tree, and what lies beside it.
struct Site {
    root: PathBuf,
}

impl Site {
    fn state(&self) -> PathBuf {
        self.root.with_extension("service.db")
    }

    fn data_dir(&self) -> PathBuf {
        self.root.with_extension("platform")
    }

    /// Serves the platform, and fills it where that was not done before.
    async fn platform(&self) -> Result<Running, Box<dyn Error>> {
        let options = local::Options::new(self.data_dir(), env!("CARGO_BIN_EXE_kbsync").into());
        let platform = local::start(TcpListener::bind("127.0.0.1:0").await?, options).await?;
        let config = self.config_for(&platform, RHYTHMS[0])?;
        let began = Instant::now();
        let status = kbsync().arg("--config").arg(&config).arg("sync").stdout(Stdio::null()).status().await?;
        assert!(status.success(), "the documents cannot be uploaded");
        println!("sync: {:.0} s, {} requests", began.elapsed().as_secs_f64(), platform.requests().total());
        Ok(platform)
    }

    fn config_for(&self, platform: &Running, rhythm: (Duration, Duration)) -> Result<PathBuf, Box<dyn Error>> {
        let (url, key) = (platform.base_url(), platform.api_key().expose_secret());
        self.config(&format!("kind: cevvo\n  base_url: {url}\n  api_key: {key}"), url, rhythm)
    }

    fn config_with_platform(&self) -> Result<PathBuf, Box<dyn Error>> {
        let data_dir = self.data_dir().display().to_string();
        let platform = format!("kind: local\n  data_dir: {data_dir}\n  listen: 127.0.0.1:0");
        self.config(&platform, &format!("local {data_dir}"), RHYTHMS[0])
    }

    /// A config, with which the state is used whatever platform it was for before: they all hold the same.
    fn config(
        &self,
        platform: &str,
        identity: &str,
        (debounce, settle): (Duration, Duration),
    ) -> Result<PathBuf, Box<dyn Error>> {
        let (state, root) = (self.state().display().to_string(), self.root.display());
        if self.state().exists() {
            let store = rusqlite::Connection::open(&state)?;
            store.execute("UPDATE meta SET value = ?1 WHERE key = 'platform'", [identity])?;
        }
        let (debounce, settle) = (debounce.as_millis(), settle.as_millis());
        let config = format!(
            "state: {state}\nplatform:\n  {platform}\n  rate_limit: 2000/s\nsync: {{ debounce: {debounce}ms }}\n\
             collections: [{{ name: bench, folder: {root}, settle: {settle}ms }}]\nstatus: {{ listen: none }}\n"
        );
        let path = self.root.with_extension("service.yaml");
        fs::write(&path, config)?;
        Ok(path)
    }
}

fn kbsync() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    command.kill_on_drop(true);
    command
}

/// A running service and what it logs.
struct Service {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Service {
    /// Starts it, and waits for its first pass.
    async fn begin(config: &Path) -> Result<Self, Box<dyn Error>> {
        let began = Instant::now();
        let mut child = kbsync().arg("--config").arg(config).arg("run").stderr(Stdio::piped()).spawn()?;
        let log = BufReader::new(child.stderr.take().ok_or("it has a standard error")?).lines();
        let mut service = Self { child, log };
        service.said("the pass has ended").await?;
        println!("the service is ready after {:.1} s", began.elapsed().as_secs_f64());
        Ok(service)
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Waits until it logs something.
    async fn said(&mut self, words: &str) -> Result<(), Box<dyn Error>> {
        while let Some(line) = timeout(PATIENCE, self.log.next_line()).await?? {
            if line.contains(words) {
                return Ok(());
            }
        }
        Err(format!("the service ended without {words:?}").into())
    }

    async fn stop(mut self) -> Result<(), Box<dyn Error>> {
        signal(self.pid(), Signal::TERM)?;
        let status = self.child.wait().await?;
        assert!(status.success(), "the service ended with {status}");
        Ok(())
    }
}
