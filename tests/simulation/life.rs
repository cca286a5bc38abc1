//! The life of one process: every step that it takes is counted, and it may die at any of them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use kbsync::store::{Db, Desk, Identity, Store, Work};
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

/// A store that is open, and whose life the steps are that it takes. A process that lives on keeps it from pass to pass: to
/// open one and prepare its statements takes longer than a pass.
pub struct OpenStore {
    pub store: Arc<Store>,
    life: Arc<Mutex<Arc<Life>>>,
}

impl OpenStore {
    pub fn new(path: &Path, identity: &Identity) -> Self {
        let life: Arc<Mutex<Arc<Life>>> = Arc::default();
        let desk = |db| SimulatedDesk { life: Arc::clone(&life), db: Mutex::new(db), path: path.to_owned() };
        let store = Store::open_at(path, identity, |db| Ok(Box::new(desk(db))));
        Self { store: Arc::new(store.expect("the store opens")), life }
    }

    /// From now on it takes the steps of this life.
    pub fn begin(&self, life: &Arc<Life>) {
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(life);
    }
}

/// Works on the database at once, while the one who asks waits.
struct SimulatedDesk {
    life: Arc<Mutex<Arc<Life>>>,
    db: Mutex<Db>,
    path: PathBuf,
}

impl Desk for SimulatedDesk {
    fn put(&self, work: Work) {
        let life = Arc::clone(&self.life.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(step) = life.step() else {
            life.limbo.lock().unwrap_or_else(PoisonError::into_inner).push(work);
            return;
        };
        if life.store_fails_at == Some(step) {
            life.store_failed.store(true, Ordering::Relaxed);
            // What can only be read refuses every write.
            work(&mut Db::open_to_read(&self.path).expect("the store is there"));
        } else {
            work(&mut self.db.lock().unwrap_or_else(PoisonError::into_inner));
        }
        life.step();
    }
}
