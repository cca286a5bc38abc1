//! The state store: SQLite on a thread of its own, so that nothing async ever waits for a disk.

mod ambiguous_ids;
mod approvals;
mod bots;
mod cached;
mod costly;
mod db;
mod documents;
mod error;
mod failed_requests;
mod failure;
mod list_drift;
mod list_markers;
mod list_names;
mod list_ready;
mod list_report;
mod listing;
mod lock;
mod moves;
mod ownership;
mod pages;
mod passes;
mod phrases;
mod place;
mod recorded;
mod replicas;
mod stamps;
mod strays;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
};

use tracing::Span;

pub use approvals::{Approvals, Approved, Withheld};
pub use db::{Db, Identity};
pub use error::StoreError;
pub use failure::StateFailure;
pub use list_names::Misplaced;
pub use list_ready::Unready;
pub use list_report::{ListReport, Unconfirmed};
pub use listing::{ListedSource, MISSING_AT_MOST, Terms};
pub use lock::Lock;
pub use pages::PageLook;
pub use passes::{CollectionState, DocumentCounts, PassRecord};
pub use phrases::{Phrase, VerificationRecord};
pub use place::check as check_place;
pub use recorded::{CONFIG, CONFIG_FROM_STATE, PLATFORM, Recorded, RecordedDocument};
pub use strays::Adopted;

/// A piece of work on the database.
pub type Work = Box<dyn FnOnce(&mut Db) + Send>;

/// Who works on the database, one piece after another and in order. A simulation brings its own.
pub trait Desk: Send + Sync {
    /// Has a piece of work done, some time soon.
    fn put(&self, work: Work);
}

/// A thread for the database alone.
struct DeskThread {
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl DeskThread {
    fn new(mut db: Db) -> std::io::Result<Self> {
        let (work, queue) = mpsc::channel::<Work>();
        let run = move || queue.into_iter().for_each(|work| work(&mut db));
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(run)?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }
}

impl Desk for DeskThread {
    fn put(&self, work: Work) {
        if let Some(queue) = &self.work {
            // The thread only ends with the store itself.
            let _ = queue.send(work);
        }
    }
}

impl Drop for DeskThread {
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already, and there is nobody to hand it to.
            let _ = thread.join();
        }
    }
}

/// Read-only connection for other threads than the store's own, kept open from one read to the next: opening one and
/// preparing its statements takes longer than most reads.
#[derive(Clone)]
pub struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Option<Db>>>,
}

impl Readers {
    /// Reads something, on this thread.
    ///
    /// # Errors
    /// What [`Db::open_to_read`] and the work say.
    pub fn read<T>(&self, work: impl FnOnce(&Db) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take().filter(|_| self.path.exists());
        let db = idle.map_or_else(|| Db::open_to_read(&self.path).map_err(StoreError::while_open), Ok)?;
        let found = work(&db)?;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(db);
        Ok(found)
    }
}

/// The store, for async code: every call runs on the store's own thread, in order.
pub struct Store {
    // It goes first: SQLite tidies up behind the last connection, where that may write.
    readers: Readers,
    desk: Box<dyn Desk>,
    set_aside: Option<PathBuf>,
    _lock: Lock,
}

impl Store {
    /// Opens the store for a pass, alone. A damaged file is set aside, never deleted, and a new one begun: the pass
    /// rebuilds it from the platform.
    ///
    /// # Errors
    /// When another kbsync holds it, when a newer kbsync wrote it, when it belongs to another platform, or when the
    /// disk refuses.
    pub fn open(path: &Path, identity: &Identity) -> Result<Self, StoreError> {
        Self::open_at(path, identity, |db| Ok(Box::new(DeskThread::new(db)?)))
    }

    /// The same, with somebody else who works on the database.
    ///
    /// # Errors
    /// See [`Store::open`].
    pub fn open_at(
        path: &Path,
        identity: &Identity,
        desk: impl FnOnce(Db) -> std::io::Result<Box<dyn Desk>>,
    ) -> Result<Self, StoreError> {
        place::check(path, true)?;
        let lock = Lock::take(path)?;
        let mut opened = Db::open(path, Some(identity));
        if let Err(StoreError::Damaged { .. }) = opened {
            // Where the disk could not be read, SQLite says the same. Only what can be read, and is wrong still, is damaged.
            db::read_whole(path)?;
            opened = Db::open(path, Some(identity));
        }
        let (mut db, set_aside) = match opened {
            Err(StoreError::Damaged { .. }) => {
                let aside = db::set_aside(path)?;
                (Db::open(path, Some(identity))?, Some(aside))
            }
            opened => (opened?, None),
        };
        // Who holds the lock knows that no daemon does; what a killed one said of itself is true no more.
        match db.forget_daemon() {
            // A pass says in better words that the disk is full.
            Err(error) if !matches!(error, StoreError::Full) => return Err(error),
            _ => {}
        }
        let desk = desk(db).map_err(|cause| StoreError::Folder { path: path.to_owned(), cause })?;
        let readers = Readers { path: path.to_owned(), idle: Arc::default() };
        Ok(Self { readers, desk, set_aside, _lock: lock })
    }

    /// What reads it on other threads.
    pub fn readers(&self) -> Readers {
        self.readers.clone()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.readers.path
    }

    /// Fails where the file is no longer there: what is written to it then is lost with this process.
    ///
    /// # Errors
    /// [`StoreError::Removed`].
    pub fn refuse_removed(&self) -> Result<(), StoreError> {
        match self.path().try_exists() {
            Ok(false) => Err(StoreError::Removed(self.path().to_owned())),
            Ok(true) | Err(_) => Ok(()),
        }
    }

    /// Where the damaged file that was found here has gone.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Records what the state is about, in place of what it said before.
    pub fn record_meta(&self, meta: Vec<(&'static str, String)>) {
        self.send(move |db| {
            // Where it fails, the pass says so in better words; it is recorded by the next one.
            if let Err(error) = db.record_meta(&meta) {
                tracing::debug!("cannot record what the state is about: {error}");
            }
        });
    }

    /// Divides the wait for other programs that write to the state.
    pub fn at_speed(&self, speed: u32) {
        self.send(move |db| {
            if let Err(error) = db.set_busy_timeout(db::BUSY / speed.max(1)) {
                tracing::debug!("cannot set how long to wait for the state: {error}");
            }
        });
    }

    /// Runs work on the store's thread and gives what it gives.
    ///
    /// # Errors
    /// What the work itself says.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.send(move |db| {
            // Nobody waits any more when the pass was given up; the work is done all the same.
            let _ = answer.send(work(db));
        });
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Runs work on the store's thread some time soon, in order with everything else.
    pub fn send(&self, work: impl FnOnce(&mut Db) + Send + 'static) {
        // What it logs belongs to whoever asked.
        let span = Span::current();
        self.desk.put(Box::new(move |db| span.in_scope(|| work(db))));
    }
}
