//! The life of one process: every step that it takes is counted, and it may die at any of them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use kbsync::store::{Db, Desk, Work};
use tokio::sync::Notify;

/// What happens at a step.
pub type Happening = Box<dyn FnOnce() + Send>;

/// One process, from its beginning to its end or death. Its steps are the requests that it sends, the answers that it
/// gets, and what it writes into its store, before and after.
#[derive(Default)]
pub struct Life {
    steps: AtomicU64,
    /// The step at which it dies.
    dies_at: Option<u64>,
    /// The step at which its store cannot be written.
    store_fails_at: Option<u64>,
    meanwhile: Mutex<BTreeMap<u64, Happening>>,
    dead: AtomicBool,
    store_failed: AtomicBool,
    /// Told of its death.
    pub death: Notify,
    /// Work that a dead process leaves undone: whoever waits for it waits for ever.
    limbo: Mutex<Vec<Work>>,
}

impl Life {
    pub fn new(dies_at: Option<u64>, store_fails_at: Option<u64>, meanwhile: BTreeMap<u64, Happening>) -> Arc<Self> {
        Arc::new(Self { dies_at, store_fails_at, meanwhile: Mutex::new(meanwhile), ..Self::default() })
    }

    /// Takes a step; `None` when the process is dead.
    pub fn step(&self) -> Option<u64> {
        if self.dead.load(Ordering::Relaxed) {
            return None;
        }
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        let happening = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).remove(&step);
        if let Some(happening) = happening {
            happening();
        }
        if self.dies_at == Some(step) {
            self.end();
            return None;
        }
        Some(step)
    }

    /// Ends it.
    pub fn end(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.death.notify_one();
    }

    /// Whether it has died.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Whether its store has refused a write.
    pub fn store_failed(&self) -> bool {
        self.store_failed.load(Ordering::Relaxed)
    }

    /// How many steps it has taken.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }
}

/// Works on the database at once, in the middle of whoever asks.
pub struct SimulatedDesk {
    life: Arc<Life>,
    db: Mutex<Db>,
    path: PathBuf,
}

impl SimulatedDesk {
    pub fn new(life: &Arc<Life>, db: Db, path: &Path) -> Self {
        Self { life: Arc::clone(life), db: Mutex::new(db), path: path.to_owned() }
    }
}

impl Desk for SimulatedDesk {
    fn put(&self, work: Work) {
        let Some(step) = self.life.step() else {
            self.life.limbo.lock().unwrap_or_else(PoisonError::into_inner).push(work);
            return;
        };
        if self.life.store_fails_at == Some(step) {
            self.life.store_failed.store(true, Ordering::Relaxed);
            // What can only be read refuses every write.
            work(&mut Db::open_to_read(&self.path).expect("the store is there"));
        } else {
            work(&mut self.db.lock().unwrap_or_else(PoisonError::into_inner));
        }
        self.life.step();
    }
}
