//! A `kbsync run` that is watched: its log, its status, and what the platform holds meanwhile.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    process::{Child, Command},
    task::JoinHandle,
};

use crate::bench::{Bench, on_disk};

/// The longest that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// How many times faster schedules and retries of the service run: it must never wait longer than a test.
const SPEED: &str = "60";
/// How often it looks.
const LOOK: Duration = Duration::from_millis(25);

/// A bench whose config is made for a service that is in a hurry.
pub async fn bench() -> Bench {
    prepared(Bench::new().await)
}

/// The same for a bench that has options of its own. No full pass comes by its schedule while a test runs.
pub fn prepared(bench: Bench) -> Bench {
    bench.reconfigure(
        "sync:\n",
        "status:\n  listen: unix:status.sock\nsync:\n  debounce: 50ms\n  schedule: 0 0 29 2 *\n  jitter: 0s\n  poll: 1s\n",
    );
    bench
}

pub struct Daemon {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: JoinHandle<()>,
    socket: PathBuf,
}

impl Daemon {
    pub fn start(bench: &Bench) -> Self {
        Self::with(bench, |_| {})
    }

    /// A daemon whose environment is another one.
    pub fn with(bench: &Bench, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = bench.command(&["--log-format", "json", "run"]);
        command.env("KBSYNC_TEST_SPEED", SPEED);
        change(&mut command);
        Self::of(command, bench)
    }

    /// What this command starts.
    pub fn of(mut command: Command, bench: &Bench) -> Self {
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let written = Arc::clone(&log);
        let reader = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                written.lock().unwrap().push(line);
            }
        });
        Self { child, log, reader, socket: bench.path("status.sock") }
    }

    /// One that has done its first pass, with nothing left to do.
    pub async fn ready(bench: &Bench) -> Self {
        let daemon = Self::start(bench);
        daemon.in_step(bench).await;
        daemon
    }

    pub fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits until something holds, and fails with the log when it does not come to.
    #[track_caller]
    pub fn until<'a>(&'a self, what: &'a str, holds: impl AsyncFn() -> bool + 'a) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let wait = async {
                let mut looks = tokio::time::interval(LOOK);
                while !holds().await {
                    looks.tick().await;
                }
            };
            if tokio::time::timeout(PATIENCE, wait).await.is_err() {
                panic!("at {caller}: never: {what}\nstatus: {:#}\n{}", self.status().await, self.last_words());
            }
        }
    }

    /// Waits until something holds and the daemon has nothing left to do.
    #[track_caller]
    pub fn done<'a>(&'a self, what: &'a str, holds: impl AsyncFn() -> bool + 'a) -> impl Future<Output = ()> + 'a {
        self.until(what, async move || holds().await && is_idle(&self.status().await))
    }

    /// How many passes of a kind it has made.
    pub async fn passes(&self, kind: &str) -> u64 {
        let (_, metrics) = self.get("/metrics").await.unwrap();
        let start = format!("kbsync_pass_duration_seconds_count{{kind=\"{kind}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |count| count.parse().unwrap())
    }

    /// Waits until the status shows something.
    #[track_caller]
    pub fn shows<'a>(&'a self, what: &'a str, shows: impl Fn(&Value) -> bool + 'a) -> impl Future<Output = ()> + 'a {
        self.until(what, async move || shows(&self.status().await))
    }

    /// Waits until its log has a line with all of these words.
    #[track_caller]
    pub fn says<'a>(&'a self, words: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let said = async || self.lines(words) > 0;
            let what = format!("at {caller}: {words:?}");
            self.until(&what, said).await;
        }
    }

    /// How many lines of its log have all of these words.
    pub fn lines(&self, words: &[&str]) -> usize {
        self.log.lock().unwrap().iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The end of its log, for a person who wants to know why.
    fn last_words(&self) -> String {
        let log = self.log.lock().unwrap();
        log[log.len().saturating_sub(60)..].join("\n")
    }

    /// Waits until the platform holds what `docs` has on the disk, and the daemon has nothing left to do.
    #[track_caller]
    pub fn in_step<'a>(&'a self, bench: &'a Bench) -> impl Future<Output = ()> + 'a {
        self.done("in step with the disk", async || documents(bench) == held(bench).await)
    }

    /// What it answers under a path; `None` where nobody listens.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = UnixStream::connect(&self.socket).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// The status; null where there is none.
    pub async fn status(&self) -> Value {
        let answer = self.get("/api/status").await;
        answer.and_then(|(_, body)| serde_json::from_str(&body).ok()).unwrap_or_default()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.id().cast_signed()).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it does not end\n{}", self.log())).unwrap();
        let read = tokio::time::timeout(PATIENCE, &mut self.reader).await;
        read.expect("nobody else writes to its log").unwrap();
        status
    }

    /// Stops it as a service manager does, and gives its log.
    pub async fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        let ended = self.ended().await;
        assert_eq!(ended.code(), Some(0), "{}", self.log());
        self.log()
    }

    /// Ends it without a word.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Whether a daemon has nothing left to do, as far as it knows.
fn is_idle(status: &Value) -> bool {
    status["daemon"]["doing"] == "watching" && status["under_way"] == 0 && status["daemon"]["ready"] == true
}

/// What the platform holds of ours; nothing while a document is not held once and ready.
pub async fn held(bench: &Bench) -> Option<BTreeMap<String, String>> {
    let one = |(document, sources): (String, Vec<kbsync::local::SnapshotSource>)| {
        let [source] = sources.as_slice() else { return None };
        let [content] = source.documents.as_slice() else { return None };
        (source.status == "synced").then(|| (document, content.sha256.clone()))
    };
    bench.ours().await.into_iter().map(one).collect()
}

/// The documents of `docs` on the disk, with their hashes; nothing where it is not there.
fn documents(bench: &Bench) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    bench.path("docs").exists().then(|| on_disk(&bench.path("docs"), "docs", &mut found))?;
    found.retain(|path, _| path.ends_with(".md"));
    Some(found)
}
