//! The lock: one pass per state at a time, and the second says who has it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use super::StoreError;

/// How often a lock that is taken is tried again, and how long after.
const TRIES: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(10);

/// Held while a process works with a store. The kernel releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock beside the store.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with the holder's process id when it is taken.
    pub fn take(store: &Path) -> Result<Self, StoreError> {
        let path = beside(store);
        let cannot = |cause| StoreError::Folder { path: path.clone(), cause };
        if let Some(folder) = store.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(cannot)?;
        match patiently(&file) {
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
        Ok(Self { _file: file })
    }

    /// The process that holds the lock of a store now. The lock is tried, and not kept.
    pub fn holder(store: &Path) -> Option<u32> {
        let file = File::open(beside(store)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => written_in(&file),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }
}

/// Tries more than once: who only asks for the holder has the lock for a moment, too.
fn patiently(file: &File) -> Result<(), TryLockError> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(BETWEEN),
            tried => return tried,
        }
    }
    file.try_lock()
}

/// The lock's file.
fn beside(store: &Path) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// The process that wrote its number into the lock's file.
fn written_in(mut file: &File) -> Option<u32> {
    let mut holder = String::new();
    file.read_to_string(&mut holder).ok()?;
    holder.trim().parse().ok()
}
