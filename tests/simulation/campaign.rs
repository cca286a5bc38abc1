//! Many runs, on all processors, and a failing one made smaller.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, available_parallelism, scope},
};

use kbsync::{
    extract::Extractor,
    fetch::Fetcher,
    reconcile::{Reader, Work},
    store::Db,
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tempfile::TempDir;

use crate::{
    counts::{Counts, Verdict},
    knobs::Knobs,
    run::run,
    script::Script,
};

/// Who does what blocks.
pub type Hands = Arc<dyn Fn(Work) + Send + Sync>;

/// The life of a seed.
pub type Life<'a> = &'a (dyn Fn(u64) -> Script + Sync);

/// Seeds that failed, each with what was broken.
pub type Failed = Vec<(u64, Vec<String>)>;

/// A place for runs: in memory, where the machine has that.
pub struct Desk {
    folder: TempDir,
    /// A store in which nothing was noted yet: to migrate one for each life would take half of its time.
    blank: PathBuf,
    reader: Reader,
    hands: Hands,
}

impl Desk {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a temporary folder");
        let fetcher = Fetcher::new("kbsync-simulation").expect("a fetcher");
        let reader = Reader::new(fetcher, Extractor::new("nobody".into()), &folder.path().join("pages"));
        let blank = folder.path().join("blank.db");
        drop(Db::open(&blank, None).expect("the store opens"));
        Self { folder, blank, reader, hands: hands() }
    }

    pub fn run(&self, script: &Script) -> Verdict {
        let root = self.folder.path().join("run");
        let verdict = run(script, &root, &self.blank, &self.reader, &self.hands);
        std::fs::remove_dir_all(&root).expect("the folder is emptied");
        verdict
    }
}

/// A thread for what blocks, which must not be done in the middle of a runtime; and it is waited for.
fn hands() -> Hands {
    let (work, works) = mpsc::channel::<Work>();
    let (done, dones) = mpsc::channel();
    thread::spawn(move || {
        for work in works {
            work();
            if done.send(()).is_err() {
                return;
            }
        }
    });
    let both = Mutex::new((work, dones));
    Arc::new(move |work| {
        let both = both.lock().expect("nobody panicked");
        both.0.send(work).expect("the thread waits for work");
        both.1.recv().expect("the work is done");
    })
}

/// Numbers in the environment, with commas between them.
pub fn numbers<T: std::str::FromStr>(name: &str) -> Option<Vec<T>> {
    let read = |number: &str| number.parse().unwrap_or_else(|_| panic!("{name} has numbers, not {number}"));
    std::env::var(name).ok().map(|text| text.split(',').map(read).collect())
}

/// Runs these seeds, until so many of them have failed.
pub fn campaign(seeds: Range<u64>, at_most: usize, life: Life) -> (Failed, Counts) {
    let (next, enough) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (failed, counts) = (Mutex::new(Failed::new()), Mutex::new(Counts::default()));
    scope(|threads| {
        for number in 0..available_parallelism().map_or(1, usize::from) {
            let (next, enough, failed, counts) = (&next, &enough, &failed, &counts);
            threads.spawn(move || {
                stay_on(number);
                let desk = Desk::new();
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let verdict = desk.run(&life(seed));
                    counts.lock().expect("nobody panicked").add(&verdict.counts);
                    if !verdict.broken.is_empty() {
                        let mut failed = failed.lock().expect("nobody panicked");
                        failed.push((seed, verdict.broken));
                        enough.store(failed.len() >= at_most, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("nobody panicked");
    failed.sort();
    (failed, counts.into_inner().expect("nobody panicked"))
}

/// Keeps this thread, and those that it will make, on one processor: each life goes from its thread to that of its hands and
/// back some hundred times, and to wake another processor each time would take half of the whole. Where the machine refuses,
/// it is only slower.
fn stay_on(number: usize) {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let mine = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu)).nth(number);
    if let Some(mine) = mine {
        let mut only = CpuSet::new();
        only.set(mine);
        let _ = sched_setaffinity(None, &only);
    }
}

/// Leaves out what a failing seed does not need to fail: knobs, then halves of its steps, single steps at last. Gives the
/// steps that stay.
pub fn shrink(mut whole: Script) -> (Vec<usize>, Knobs, Script) {
    let desk = Desk::new();
    let fails = |script: &Script| !desk.run(script).broken.is_empty();
    for knob in whole.manners.knobs.drawn() {
        let without = whole.with(whole.manners.knobs.without(knob));
        if fails(&without) {
            whole = without;
        }
    }
    let mut kept: Vec<usize> = (0..whole.steps.len()).collect();
    let mut piece = kept.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < kept.len() {
            let mut fewer = kept.clone();
            fewer.drain(at..(at + piece).min(kept.len()));
            if fails(&whole.only(&fewer)) {
                kept = fewer;
            } else {
                at += piece;
            }
        }
        if piece == 1 {
            let script = whole.only(&kept);
            return (kept, script.manners.knobs, script);
        }
        piece = piece.div_ceil(2);
    }
}
