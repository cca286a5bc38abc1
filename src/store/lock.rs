//! The lock: one pass per state at a time, and the second says who has it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use super::StoreError;

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
        let mut path = store.as_os_str().to_owned();
        path.push(".lock");
        let path = Path::new(&path);
        let cannot = |cause| StoreError::Folder { path: path.to_owned(), cause };
        if let Some(folder) = store.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|cause| StoreError::Folder { path: folder.to_owned(), cause })?;
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(cause)) => return Err(cannot(cause)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Without its number the message is only less precise.
                let _ = file.read_to_string(&mut holder);
                let holder = match holder.trim().parse::<u32>() {
                    Ok(process) => format!("another kbsync, process {process}"),
                    Err(_) => "another kbsync".to_owned(),
                };
                return Err(StoreError::Locked { path: store.to_owned(), holder });
            }
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(cannot)?;
        // A full disk must not keep a pass from saying so in better words.
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self { _file: file })
    }
}
