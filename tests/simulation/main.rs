//! A deterministic simulation of whole lives: the real reconcile, plan, pace, scan and store against a simulated platform,
//! network, clock and crash points. One seed is one run, the same each time. A seed that fails is made smaller, and said:
//! `KBSYNC_SEED=17 cargo test --test simulation`. `KBSYNC_SEEDS=100000` runs so many.

mod disk;
mod life;
mod oracle;
mod platform;
mod run;
mod script;
mod side;
mod time;
mod transport;
mod wire;

use std::{
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use kbsync::{extract::Extractor, fetch::Fetcher, reconcile::Reader};
use tempfile::TempDir;

use run::{Counts, Verdict, run};
use script::Script;

/// Seeds of a run that nobody has asked for more.
const SEEDS: u64 = 2_000;
/// Runs at once.
const THREADS: usize = 2;

/// A place for runs: in memory where the machine has that.
struct Desk {
    folder: TempDir,
    reader: Reader,
}

impl Desk {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a temporary folder");
        let fetcher = Fetcher::new("kbsync-simulation").expect("a fetcher");
        let reader = Reader::new(fetcher, Extractor::new("nobody".into()), &folder.path().join("pages"));
        Self { folder, reader }
    }

    fn run(&self, script: &Script) -> Verdict {
        let root = self.folder.path().join("run");
        let verdict = run(script, &root, &self.reader);
        std::fs::remove_dir_all(&root).expect("the folder is emptied");
        verdict
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn nothing_is_lost_or_doubled_whatever_happens() {
    if let Some(seed) = number("KBSYNC_SEED") {
        let verdict = Desk::new().run(&Script::of(seed));
        println!("{}", verdict.trace.join("\n"));
        assert!(verdict.broken.is_empty(), "seed {seed}: {:#?}", verdict.broken);
        return;
    }
    let (next, total) = (AtomicU64::new(number("KBSYNC_FROM").unwrap_or(0)), number("KBSYNC_SEEDS").unwrap_or(SEEDS));
    let end = next.load(Ordering::Relaxed) + total;
    let (failed, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let counts = Mutex::new(Counts::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let desk = Desk::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let verdict = desk.run(&Script::of(seed));
                    let mut counts = counts.lock().expect("nobody panicked");
                    counts.passes += verdict.counts.passes;
                    counts.deaths += verdict.counts.deaths;
                    counts.changes += verdict.counts.changes;
                    counts.seconds += verdict.counts.seconds;
                    if !verdict.broken.is_empty() {
                        let mut failed = failed.lock().expect("nobody panicked");
                        failed.push((seed, verdict.broken));
                        stop.store(failed.len() >= 20, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    println!("{total} seeds: {:?}", counts.into_inner().expect("nobody panicked"));
    let failed = failed.into_inner().expect("nobody panicked");
    assert!(failed.is_empty(), "{failed:#?}");
}
