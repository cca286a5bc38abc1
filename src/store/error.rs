//! What can go wrong with the store.

use std::{io, path::PathBuf};

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// Why the store does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another kbsync works with it.
    #[error("{path} is in use by {holder}; wait for it to end, or give this one a `state:` of its own")]
    Locked {
        /// The store.
        path: PathBuf,
        /// Who holds it, as far as it is known.
        holder: String,
    },
    /// A later version wrote it.
    #[error("{path} was written by a newer kbsync (its format is {found}, this one knows {known}); update kbsync")]
    Newer {
        /// The store.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The version known.
        known: i64,
    },
    /// An earlier version wrote it, and this command may not write.
    #[error(
        "{0} was written by an older kbsync; `kbsync sync` brings it up to date, and uploads nothing again for that"
    )]
    Older(PathBuf),
    /// It belongs to another platform or instance.
    #[error(
        "{path} keeps the state of {what} {found}, and the config says {wanted}; give each a `state:` file of its own"
    )]
    Foreign {
        /// The store.
        path: PathBuf,
        /// What differs: the platform or the instance.
        what: &'static str,
        /// What the store was made for.
        found: String,
        /// What the config says.
        wanted: String,
    },
    /// It belongs to another config.
    #[error(
        "{path} is the state of {owner}; give {config} a `state:` of its own, or remove {owner} if {config} takes its place",
        path = path.display(), owner = owner.display(), config = config.display()
    )]
    OtherConfig {
        /// The store.
        path: PathBuf,
        /// The config that it belongs to.
        owner: PathBuf,
        /// The config that wanted to use it.
        config: PathBuf,
    },
    /// It is not a sound SQLite file.
    #[error("{path} is damaged ({cause}); `kbsync sync` sets it aside and rebuilds it from the platform")]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// There is none yet.
    #[error("there is no state at {0} yet: run `kbsync sync` first")]
    Missing(PathBuf),
    /// It was there, and is not any more.
    #[error(
        "the state {0} was removed while kbsync worked with it. What the platform holds stays; start kbsync again, and it \
         rebuilds the state from there"
    )]
    Removed(PathBuf),
    /// The disk is full.
    #[error("the disk is full: the state could not be written. Nothing was lost; make room and run again")]
    Full,
    /// Another program keeps it locked.
    #[error(
        "the state is locked by another program, such as a backup. Nothing was lost; run again when that has ended"
    )]
    Busy,
    /// It is another user's.
    #[error(
        "{path} is the state of user {owner}, and this user may not use it; run kbsync as {owner}, such as \
         `sudo -u '{owner}' kbsync status`"
    )]
    OtherUser {
        /// The store.
        path: PathBuf,
        /// The user's name, or `#` and the number.
        owner: String,
    },
    /// There can be no state at this place.
    #[error("cannot keep the state at {path}: {reason}. Give `state:` in the config another path, or clear this one")]
    Place {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Its folder or lock file cannot be used.
    #[error("cannot use {path}: {cause}")]
    Folder {
        /// What cannot be used.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Anything else that SQLite says.
    #[error("the state store failed: {0}")]
    Sqlite(rusqlite::Error),
    /// The store's thread is gone.
    #[error("the state store has stopped")]
    Stopped,
}

impl StoreError {
    /// The same, for a process that has the store open: what is missing was removed.
    #[must_use]
    pub fn while_open(self) -> Self {
        match self {
            Self::Missing(path) => Self::Removed(path),
            error => error,
        }
    }

    /// Whether the same may succeed later, with nothing mended here.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Full | Self::Busy)
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full,
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            // The file by which SQLite's connections share their view could not grow.
            Some(_) if error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) => {
                Self::Full
            }
            _ => Self::Sqlite(error),
        }
    }
}
