//! What notify's thread notes and the walk takes: the changes, and which folders are watched.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    mem,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use notify::{
    Event, EventHandler, EventKind,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind},
};

use super::{NotWatchable, Wake};
use crate::scan::{
    ScanOptions,
    filter::{Filter, is_reserved},
    ignore_file,
    litter::is_version,
};

/// How long the opening of a watched folder may take to be told of.
const PATIENCE: Duration = Duration::from_secs(2);

/// What notify's thread and the walk share.
pub(super) struct Noted {
    root: PathBuf,
    filter: Filter,
    gitignore: bool,
    follow_symlinks: bool,
    state: Mutex<State>,
    heard: Condvar,
    woken: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    wake: Wake,
    /// The folders that are watched, or about to be.
    watched: BTreeSet<Vec<u8>>,
    /// Those that were. notify may still hold a watch under the name.
    forgotten: Vec<Vec<u8>>,
    /// The folder whose opening is waited for.
    awaited: Option<Vec<u8>>,
    /// The number of the handler that is listened to. Those before it are about to end.
    listener: u64,
    trouble: Option<NotWatchable>,
}

/// What the walk is told about a folder that it enters.
pub(super) enum Admission {
    /// It is watched.
    Known,
    /// It is to be watched, and under these names nothing is any more.
    New(Vec<Vec<u8>>),
    /// Nothing is watched any more.
    Trouble,
}

/// What an event may be about.
struct Change {
    /// A name came or went.
    naming: bool,
    /// It is surely not about a folder.
    of_file: bool,
}

impl Change {
    fn of(kind: EventKind) -> Option<Self> {
        let (naming, of_file) = match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(ModifyKind::Data(_)) => {
                (false, true)
            }
            // A look, as our own walks take.
            EventKind::Access(_) => return None,
            EventKind::Modify(ModifyKind::Metadata(_)) => (false, false),
            EventKind::Create(CreateKind::File) | EventKind::Remove(RemoveKind::File) => (true, true),
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
                (true, false)
            }
        };
        Some(Self { naming, of_file })
    }
}

impl Noted {
    pub(super) fn new(root: PathBuf, options: &ScanOptions, woken: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            root,
            filter: Filter::new(options, 0),
            gitignore: options.gitignore,
            follow_symlinks: options.follow_symlinks,
            state: Mutex::default(),
            heard: Condvar::new(),
            woken,
        }
    }

    /// Asks for a folder to be watched. It counts as watched from here on, so that what is heard of its name while
    /// notify adds the watch makes it be forgotten.
    pub(super) fn admit(&self, folder: &[u8]) -> Admission {
        let mut state = self.lock();
        if state.trouble.is_some() {
            return Admission::Trouble;
        }
        if !state.watched.insert(folder.to_vec()) {
            return Admission::Known;
        }
        Admission::New(mem::take(&mut state.forgotten))
    }

    /// Takes back what [`Noted::admit`] did, for the folder could not be watched, and keeps why where that matters.
    pub(super) fn refuse(&self, folder: &[u8], why: impl FnOnce(usize) -> Option<NotWatchable>) {
        let mut state = self.lock();
        state.watched.remove(folder);
        let why = why(state.watched.len());
        state.trouble = state.trouble.take().or(why);
    }

    pub(super) fn watches(&self, folder: &[u8]) -> bool {
        self.lock().watched.contains(folder)
    }

    pub(super) fn take(&self) -> Wake {
        mem::take(&mut self.lock().wake)
    }

    pub(super) fn trouble(&self) -> Option<NotWatchable> {
        self.lock().trouble.clone()
    }

    /// Keeps why the collection must be polled. The end of notify's thread outweighs what was kept before.
    pub(super) fn fail(&self, why: NotWatchable) {
        self.lock().trouble = Some(why);
    }

    pub(super) fn listener(&self) -> u64 {
        self.lock().listener
    }

    /// Listens to another handler, whose watcher watches nothing yet and is about to watch a folder. What was told to the
    /// one before, and not yet heard, may have been anything.
    pub(super) fn listen_to(&self, number: u64, folder: &[u8]) {
        let mut state = self.lock();
        state.listener = number;
        state.watched = BTreeSet::from([folder.to_vec()]);
        state.forgotten.clear();
        state.wake.note_whole();
        drop(state);
        (self.woken)();
    }

    /// Forgets every watch; the next walk sets them anew.
    pub(super) fn forget_all(&self) {
        self.lock().forget_all();
    }

    /// Forgets every watch and notes that anything may have changed.
    pub(super) fn start_over(&self) {
        let mut state = self.lock();
        state.forget_all();
        state.wake.note_whole();
        drop(state);
        (self.woken)();
    }

    /// Whether what `open` opens, which is a watched folder, is told of.
    ///
    /// # Errors
    /// What `open` says.
    pub(super) fn hears<T, E>(&self, folder: &[u8], open: impl FnOnce() -> Result<T, E>) -> Result<bool, E> {
        self.lock().awaited = Some(folder.to_vec());
        open()?;
        let waited = self.heard.wait_timeout_while(self.lock(), PATIENCE, |state| state.awaited.is_some());
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Ok(state.awaited.take().is_none())
    }

    /// Notes what an event says of a path.
    fn note(&self, kind: EventKind, path: &Path) {
        let Ok(path) = path.strip_prefix(&self.root) else { return };
        let path = path.as_os_str().as_bytes();
        if let EventKind::Access(AccessKind::Open(_)) = kind {
            self.note_opening(path);
        }
        let slash = path.iter().rposition(|byte| *byte == b'/');
        let (folder, name) = slash.map_or((&b""[..], path), |at| (&path[..at], &path[at + 1..]));
        let Some(change) = Change::of(kind).filter(|change| self.matters(change, name, path)) else { return };
        let mut state = self.lock();
        // The links beside a version lead elsewhere now, and the watches stay with the folders that they led to.
        let is_replaced = change.naming && is_version(name);
        if is_replaced {
            state.forget(folder);
        }
        if change.naming {
            let forgotten = state.forget(path);
            if forgotten && self.follow_symlinks {
                // Another path may have led to the same folder, and with it to the watch that is gone.
                state.forget_all();
            }
        }
        // Where symlinks are followed several paths may lead to the folder, and inotify tells of one of them.
        if self.follow_symlinks || (change.naming && path.is_empty()) {
            state.wake.note_whole();
        } else {
            state.wake.note(folder, is_replaced || self.is_ignore_file(name));
            if !change.naming && state.watched.contains(path) {
                // What is in it may be reached now, or no longer.
                state.wake.note(path, false);
            }
        }
        drop(state);
        (self.woken)();
    }

    fn note_opening(&self, folder: &[u8]) {
        let mut state = self.lock();
        if state.awaited.as_deref() == Some(folder) {
            state.awaited = None;
            self.heard.notify_all();
        }
    }

    /// Whether a change can be one of the documents.
    fn matters(&self, change: &Change, name: &[u8], path: &[u8]) -> bool {
        // A followed symlink is a file by its event and a folder by its target, whose name can be any.
        let any_name = self.follow_symlinks || !change.of_file;
        if is_reserved(name) || self.filter.leaves_out(name, !change.of_file) && !is_version(name) {
            return false;
        }
        any_name || self.filter.accepts(name) || self.is_ignore_file(name) || (change.naming && self.is_link(path))
    }

    /// Whether a symlink is or was at a path: it may lead to a folder of documents.
    fn is_link(&self, path: &[u8]) -> bool {
        let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        self.watches(path) || is_link(&self.root.join(OsStr::from_bytes(path)))
    }

    fn is_ignore_file(&self, name: &[u8]) -> bool {
        self.gitignore && ignore_file::NAMES.iter().any(|ignore_file| name == ignore_file.as_bytes())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets the watch of a path and those of all below it. Gives whether there was one.
    fn forget(&mut self, path: &[u8]) -> bool {
        if path.is_empty() {
            self.forget_all();
            return true;
        }
        let before = self.forgotten.len();
        // All that begins with the path and a slash, and nothing else.
        let below = [path, b"/"].concat()..[path, b"0"].concat();
        self.forgotten.extend(self.watched.take(path));
        self.forgotten.extend(self.watched.extract_if(below, |_| true));
        self.forgotten.len() > before
    }

    fn forget_all(&mut self) {
        self.forgotten.extend(mem::take(&mut self.watched));
    }
}

/// The end of [`Noted`] that notify's thread holds. That thread does nothing slow: its queue is finite.
pub(super) struct Handler {
    pub(super) noted: Arc<Noted>,
    pub(super) number: u64,
}

impl EventHandler for Handler {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        if self.number != self.noted.listener() {
            return;
        }
        match event {
            // The queue was full. What was lost may have been the end of a watch.
            Ok(event) if event.need_rescan() => self.noted.start_over(),
            Ok(event) => event.paths.iter().for_each(|path| self.noted.note(event.kind, path)),
            Err(error) => {
                self.noted.fail(NotWatchable::other(&error));
                self.noted.start_over();
            }
        }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        if self.number == self.noted.listener() {
            self.noted.fail(NotWatchable::Ended);
        }
    }
}
