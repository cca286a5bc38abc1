//! The service over many reloads and passes: it holds no more at the end than it did when it was warm.
//!
//! `KBSYNC_SOAK=1000 cargo test --release --test soak -- --nocapture` makes more of them, and shows what it holds.

#[path = "support/process.rs"]
mod process;

use std::{fs, path::Path, process::Stdio, time::Duration};

use kbsync::local::{self, Running};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpListener,
    process::{Child, ChildStderr, Command},
    time::timeout,
};

use process::{Process, signal};

const PATIENCE: Duration = Duration::from_secs(60);
/// How often a test looks.
const LOOK: Duration = Duration::from_millis(25);
/// Rounds after which it is warm.
const WARM: usize = 20;
/// Threads that do what blocks come and go; so many more may be there than before.
const SPARE_THREADS: usize = 4;
/// The memory that may be added, in KiB.
const SPARE_MEMORY: u64 = 4 << 10;

#[tokio::test]
async fn a_service_holds_no_more_after_many_reloads_and_passes() {
    let rounds = std::env::var("KBSYNC_SOAK").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(100);
    let folder = tempfile::tempdir().unwrap();
    let platform = platform(folder.path()).await;
    (0..20).for_each(|n| fs::create_dir_all(folder.path().join(format!("docs/{n}"))).unwrap());
    configure(folder.path(), &platform, 0);
    let mut service = Service::begin(folder.path()).await;
    let mut warm = None;
    for round in 1..=rounds {
        // The watch is begun anew where a collection has changed.
        configure(folder.path(), &platform, round % 2);
        service.asked(Signal::HUP, "the config was read again").await;
        service.said("the pass has ended").await;
        fs::write(folder.path().join(format!("docs/{}/{}.md", round % 20, round % 7)), format!("# {round}\n")).unwrap();
        service.said("the pass has ended").await;
        service.asked(Signal::USR1, "the pass has ended").await;
        if round == WARM {
            warm = Some(service.look());
        }
        if round % 100 == 0 || round == WARM {
            println!("after {round} reloads and {} passes: {}", round * 3, service.look());
        }
    }
    let warm: Process = warm.expect("there are enough rounds");
    // What a pass used may be closed only after it has said that it ended.
    service.until(|hot| hot.files <= warm.files && hot.watches <= warm.watches, &warm).await;
    service.until(|hot| hot.threads <= warm.threads + SPARE_THREADS, &warm).await;
    service.until(|hot| hot.memory.0 <= warm.memory.0 + SPARE_MEMORY, &warm).await;
    service.asked(Signal::TERM, "kbsync has stopped").await;
    assert_eq!(timeout(PATIENCE, service.child.wait()).await.unwrap().unwrap().code(), Some(0));
}

async fn platform(folder: &Path) -> Running {
    let options = local::Options::new(folder.join("platform"), env!("CARGO_BIN_EXE_kbsync").into());
    local::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options).await.unwrap()
}

fn configure(folder: &Path, platform: &Running, settle: usize) {
    let (url, key) = (platform.base_url(), platform.api_key().expose_secret());
    let config = format!(
        "platform: {{ kind: cevvo, base_url: \"{url}\", api_key: {key}, rate_limit: 2000/s }}\n\
         state: state/state.db\nsync: {{ debounce: 20ms, max_deletes: 1000, schedule: 0 0 29 2 * }}\nstatus: {{ listen: none }}\n\
         collections: [{{ name: docs, folder: docs, settle: {settle}ms }}]\n"
    );
    fs::write(folder.join("kbsync.yaml"), config).unwrap();
}

/// A running service and what it logs.
struct Service {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Service {
    async fn begin(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kbsync"));
        command.arg("run").current_dir(folder).env_clear().env("HOME", folder).kill_on_drop(true);
        // The service must not wait longer than this test.
        command.env("KBSYNC_TEST_SPEED", "60");
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut service = Self { child, log };
        service.said("the pass has ended").await;
        service
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    fn look(&self) -> Process {
        Process::look(self.pid()).unwrap()
    }

    /// Waits until what it holds is as it should be.
    async fn until(&self, holds: impl Fn(&Process) -> bool, warm: &Process) {
        let wait = async {
            let mut looks = tokio::time::interval(LOOK);
            while !holds(&self.look()) {
                looks.tick().await;
            }
        };
        assert!(timeout(PATIENCE, wait).await.is_ok(), "{warm}, then {}", self.look());
    }

    async fn asked(&mut self, with: Signal, answer: &str) {
        signal(self.pid(), with).unwrap();
        self.said(answer).await;
    }

    /// Waits until it logs something.
    async fn said(&mut self, words: &str) {
        let mut before = Vec::new();
        let wait = async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                if line.contains(words) {
                    return;
                }
                before.push(line);
            }
            before.push("it ended".to_owned());
            std::future::pending().await
        };
        if timeout(PATIENCE, wait).await.is_err() {
            panic!("{words:?} is missing in {before:#?}");
        }
    }
}
