//! The lock: one pass per state at a time, and the second says who has it.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::{StoreError, db};
use crate::private_files;

/// How long to retry while only `holder` queries have the lock. On a busy machine such a query may be preempted while it has it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Held while a process works with a store. The kernel releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock beside the store.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with the holder's process id when it is taken.
    pub fn take(store: &Path) -> Result<Self, StoreError> {
        let path = path(store);
        let cannot = |cause| StoreError::Folder { path: path.clone(), cause };
        if let Some(folder) = store.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            // Of what is in it every file is its user's alone; a folder that is there already is its owner's business.
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = private_files::open(&path, options).map_err(cannot)?;
        match alone(&file) {
            Ok(()) => {}
            Err(TryLockError::Error(cause)) => return Err(cannot(cause)),
            Err(TryLockError::WouldBlock) => {
                // Without its number the message is only less precise.
                let holder = match written_in(&file) {
                    Some(process) => format!("another kbsync, process {process}"),
                    None => "another kbsync".to_owned(),
                };
                return Err(StoreError::Locked { path: store.to_owned(), holder });
            }
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(cannot)?;
        // A full disk must not keep a pass from saying so in better words.
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self { file })
    }

    /// The process that holds the lock of a store now. The lock is tried, and not kept.
    pub fn holder(store: &Path) -> Option<u32> {
        let file = private_files::open(&path(store), OpenOptions::new().read(true)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return written_in(&file),
            Ok(()) => drop(Self { file }),
            Err(TryLockError::Error(_)) => {}
        }
        None
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file does not do it while a child that was just begun has it open as well, until it becomes another
        // program. What cannot be unlocked ends with the process.
        let _ = self.file.unlock();
    }
}

/// Locks the file. Those who only ask for the holder have it for a moment, together, and are waited for.
fn alone(file: &File) -> Result<(), TryLockError> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => file.try_lock_shared()?,
            locked => return locked,
        }
        file.unlock().map_err(TryLockError::Error)?;
        thread::yield_now();
    }
    file.try_lock()
}

/// The lock file of a store.
pub(super) fn path(store: &Path) -> PathBuf {
    db::beside(store, ".lock")
}

/// The process that wrote its number into the lock's file.
fn written_in(mut file: &File) -> Option<u32> {
    let mut holder = String::new();
    file.read_to_string(&mut holder).ok()?;
    holder.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_free_at_once_though_a_child_has_it_open_for_a_moment() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("state.db");
        let lock = Lock::take(&store).unwrap();
        // As a child has it between its beginning and its program.
        let of_a_child = lock.file.try_clone().unwrap();
        drop(lock);
        assert_eq!(Lock::holder(&store), None);
        drop(Lock::take(&store).unwrap());
        drop(of_a_child);
    }
}
