//! Watching a collection's folders through the kernel.
//!
//! A watch is a hint that lowers latency; the scheduled full pass is the truth. notify adds one watch a folder, when our
//! own walk asks for it. Its recursive mode would look at every file, and lose what is made in new folders.
//!
//! notify keeps its watches by path and the kernel by inode, and after a rename the two can part: the walk may have
//! watched the new name before notify hears that the old one went, and then notify ends the watch that both share. So
//! whatever says that a name came or went makes us forget the folder of that name and all below it. The next walk finds
//! them new, clears away what notify has under the forgotten names, watches them, and lists all of them.

mod ground;
mod noted;
mod wake;

use std::{
    ffi::OsStr,
    fmt, iter, mem,
    os::unix::ffi::OsStrExt,
    path::{self, Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use rustix::{
    fs::{Mode, OFlags, open},
    io::Errno,
};

use self::{
    ground::{Ground, untold},
    noted::{Admission, Handler, Noted},
};
use super::ScanOptions;

pub use wake::Wake;

/// With more forgotten folders than these notify is begun anew. It takes a deleted folder's watch away by looking at all
/// of its watches, and nothing else can be asked of it meanwhile.
const MANY: usize = 500;

/// Why a collection's folder cannot be watched and must be polled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWatchable {
    /// It is on a network, or on layers that can change below it.
    #[error("{} is on {kind}, which does not tell of changes made elsewhere", path.display())]
    FileSystem {
        /// The folder.
        path: PathBuf,
        /// The file system's name.
        kind: &'static str,
    },
    /// The folder cannot be opened.
    #[error("{} cannot be opened: {reason}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// No more inotify instances, or open files, are to be had.
    #[error(
        "the limit of inotify instances or of open files is reached: raise fs.inotify.max_user_instances, or the limit \
         of open files"
    )]
    Instances,
    /// No more inotify watches are to be had.
    #[error(
        "the system's limit of inotify watches is reached with {watched} folders of this collection watched: raise \
         fs.inotify.max_user_watches"
    )]
    Watches {
        /// How many folders are watched.
        watched: usize,
    },
    /// The system takes watches and does not tell.
    #[error("the system does not tell what happens in {}", .0.display())]
    Silent(PathBuf),
    /// The thread that listens is gone.
    #[error("the thread that listens to the system has ended; restart kbsync to watch again")]
    Ended,
    /// Something else.
    #[error("watching failed: {0}")]
    Other(String),
}

impl NotWatchable {
    /// notify's errors without their paths, which it prints for programmers.
    fn other(error: &notify::Error) -> Self {
        Self::Other(match &error.kind {
            ErrorKind::Io(error) => error.to_string(),
            ErrorKind::Generic(text) => text.clone(),
            ErrorKind::PathNotFound => "there is no such folder".to_owned(),
            ErrorKind::WatchNotFound => "there is no such watch".to_owned(),
            ErrorKind::MaxFilesWatch => "the limit of inotify watches is reached".to_owned(),
            ErrorKind::InvalidConfig(_) => "the watcher refuses its settings".to_owned(),
        })
    }
}

/// One collection's folders, watched. The walk says which folders there are.
pub struct Watch {
    root: PathBuf,
    /// Whether ignore files of the repository above the root count.
    gitignore: bool,
    noted: Arc<Noted>,
    /// Never locked by notify's thread, which must answer while it is held. `None` from the drop on.
    watcher: Mutex<Option<RecommendedWatcher>>,
    checked: Mutex<Checked>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("root", &self.root).finish_non_exhaustive()
    }
}

/// What the last check saw.
struct Checked {
    ground: Option<Ground>,
    /// A watched folder that the system did not tell of.
    silent: Option<Vec<u8>>,
}

impl Watch {
    /// Begins. `woken` is called, from a thread that must not be held up and cannot use this watch, whenever something
    /// was noted.
    ///
    /// # Errors
    /// Why the root must be polled instead.
    pub fn new(options: &ScanOptions, woken: impl Fn() + Send + Sync + 'static) -> Result<Self, NotWatchable> {
        let unreadable = |path: &Path, reason: String| NotWatchable::Unreadable { path: path.to_owned(), reason };
        let root = path::absolute(&options.root).map_err(|error| unreadable(&options.root, error.to_string()))?;
        if let Some(kind) = untold(&root).map_err(|error| unreadable(&root, error.to_string()))? {
            return Err(NotWatchable::FileSystem { path: root, kind });
        }
        let noted = Arc::new(Noted::new(root.clone(), options, Box::new(woken)));
        let watcher = listener(&noted, 0).map_err(|error| match &error.kind {
            ErrorKind::Io(io) if Errno::from_io_error(io) == Some(Errno::MFILE) => NotWatchable::Instances,
            _ => NotWatchable::other(&error),
        })?;
        let watch = Self {
            checked: Mutex::new(Checked { ground: Ground::look(&root, options.gitignore), silent: None }),
            gitignore: options.gitignore,
            watcher: Mutex::new(Some(watcher)),
            noted,
            root,
        };
        watch.enter(b"");
        if let Some(trouble) = watch.noted.trouble() {
            return Err(trouble);
        }
        // Some sandboxes take watches and never tell of anything.
        match watch.hears(b"") {
            Ok(true) => {}
            Ok(false) => return Err(NotWatchable::Silent(watch.root.clone())),
            Err(error) => return Err(unreadable(&watch.root, error.to_string())),
        }
        // The first walk is to find it new.
        watch.noted.forget_all();
        Ok(watch)
    }

    /// Watches a folder, given by its path from the root; the empty one is the root. The walk calls this before it lists
    /// the folder. Gives whether it is new: then nobody has looked into it since it is watched, and the walk lists it
    /// and all below it.
    pub fn enter(&self, folder: &[u8]) -> bool {
        let mut watcher = lock(&self.watcher);
        let Some(watcher) = watcher.as_mut() else { return true };
        let forgotten = match self.noted.admit(folder) {
            Admission::New(forgotten) => forgotten,
            Admission::Known => return false,
            Admission::Trouble => return true,
        };
        self.clear(watcher, folder, &forgotten);
        let path = self.path(folder);
        if let Ok(Some(kind)) = untold(&path) {
            self.noted.refuse(folder, |_| Some(NotWatchable::FileSystem { path, kind }));
        } else if let Err(error) = watcher.watch(&path, RecursiveMode::NonRecursive) {
            self.noted.refuse(folder, |watched| trouble_of(&error, watched));
        }
        true
    }

    /// Takes away what notify has under the names of forgotten folders, before `folder` is watched.
    fn clear(&self, watcher: &mut RecommendedWatcher, folder: &[u8], forgotten: &[Vec<u8>]) {
        let number = self.noted.listener() + 1;
        if forgotten.len() > MANY
            && let Ok(another) = listener(&self.noted, number)
        {
            self.noted.listen_to(number, folder);
            *watcher = another;
            return;
        }
        for name in forgotten {
            // Most are gone already, and notify says so.
            let _ = watcher.unwatch(&self.path(name));
        }
    }

    /// What has changed since the last call.
    pub fn take(&self) -> Wake {
        self.noted.take()
    }

    /// Notices what the system does not tell of: the root is another folder than before, something was mounted or
    /// unmounted, or an ignore file above the root has changed. Then all watches are forgotten and the wake is whole. To be called every two seconds, by a thread
    /// that can wait as long.
    pub fn check(&self) {
        if self.noted.trouble().is_some() {
            return;
        }
        let mut checked = lock(&self.checked);
        let ground = Ground::look(&self.root, self.gitignore);
        let changed = checked.ground != ground;
        checked.ground = ground;
        if changed {
            checked.silent = None;
            self.noted.start_over();
            return;
        }
        let Some(ground) = &checked.ground else { return };
        // A disk that was unmounted and mounted again since the last check looks as before, and its watches are gone.
        let Some(silent) = self.silent(ground) else {
            if checked.silent.as_deref().is_some_and(|folder| self.noted.watches(folder)) {
                checked.silent = None;
            }
            return;
        };
        if checked.silent.as_ref() == Some(&silent) {
            // It was watched anew and is silent still, as a folder is that is mounted at two places.
            self.noted.fail(NotWatchable::Silent(self.path(&silent)));
        }
        checked.silent = Some(silent);
        self.noted.start_over();
    }

    /// Why the folder cannot be watched any more and must be polled, if so.
    pub fn trouble(&self) -> Option<String> {
        self.noted.trouble().map(|trouble| trouble.to_string())
    }

    /// A watched folder whose watch is dead, among those that can lose it without a word: the root, and what is mounted
    /// below it.
    fn silent(&self, ground: &Ground) -> Option<Vec<u8>> {
        // No folder is about to be watched while this is held.
        let _watcher = lock(&self.watcher);
        let mut suspects = iter::once(&b""[..]).chain(ground.mounted_below());
        let dead = |folder: &&[u8]| self.noted.watches(folder) && !self.hears(folder).unwrap_or(false);
        suspects.find(dead).map(<[u8]>::to_vec)
    }

    /// Whether it is told that a watched folder is opened, which changes nothing in it.
    fn hears(&self, folder: &[u8]) -> rustix::io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        self.noted.hears(folder, || open(self.path(folder), flags, Mode::empty()))
    }

    fn path(&self, folder: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(folder))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // notify's own drop panics when its thread is gone.
        if self.noted.trouble() == Some(NotWatchable::Ended) {
            mem::forget(lock(&self.watcher).take());
        }
    }
}

/// Another watcher, whose events are noted from when it is listened to.
fn listener(noted: &Arc<Noted>, number: u64) -> notify::Result<RecommendedWatcher> {
    RecommendedWatcher::new(Handler { noted: Arc::clone(noted), number }, Config::default())
}

/// What is to be said of a folder that could not be watched; nothing where it went away, or the walk says it.
fn trouble_of(error: &notify::Error, watched: usize) -> Option<NotWatchable> {
    match &error.kind {
        ErrorKind::MaxFilesWatch => Some(NotWatchable::Watches { watched }),
        ErrorKind::PathNotFound => None,
        ErrorKind::Io(io) => match Errno::from_io_error(io) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => None,
            _ => Some(NotWatchable::other(error)),
        },
        _ => Some(NotWatchable::other(error)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
