//! Looking at a collection's folder: which files are documents, what a cheap look at each shows, and their hashes.
//!
//! Memory does not grow with the number of files: a walk holds the names of the folders on its way down, and no more.

mod conflict;
mod content;
mod explain;
mod filter;
mod glob;
mod hash;
mod ignore_file;
mod listing;
mod litter;
mod placeholder;
mod reach;
mod replaced;
mod repository;
mod root;
mod rule;
mod site;
#[cfg(test)]
mod tests;
mod walk;
mod watch;

use std::{fmt, path::PathBuf};

use bytesize::ByteSize;

use crate::model::{DocPath, Fingerprint};

pub use content::Defect;
pub use explain::{Explanation, explain};
pub use hash::{HashError, Hashed, fingerprint, hash, hash_many};
pub use reach::Reach;
pub use replaced::replaced_folders;
pub use root::Root;
pub use walk::Walk;
pub use watch::{NotWatchable, Wake, Watch};

/// Which files of which folder are documents.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The collection's folder.
    pub root: PathBuf,
    /// Patterns in gitignore's syntax, of which a document, or a folder above it, matches one.
    pub include: Vec<String>,
    /// Patterns in gitignore's syntax, of which a document and the folders above it match none.
    pub exclude: Vec<String>,
    /// Whether `.gitignore` and `.kbsyncignore` files are honoured.
    pub gitignore: bool,
    /// The size in bytes above which a file is skipped.
    pub max_file_size: u64,
    /// Whether symlinks that stay under the root are followed.
    pub follow_symlinks: bool,
    /// The extensions that the platform takes, in lower case and without a dot.
    pub accepted: &'static [&'static str],
}

/// What a walk finds, in the order of the documents' keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file to keep in step.
    Document {
        /// Its key.
        path: DocPath,
        /// What it looks like now.
        fingerprint: Fingerprint,
    },
    /// A file that the filter takes and that cannot be synced.
    Skipped {
        /// Its path as it can be shown; bytes that are no UTF-8 are replaced.
        path: String,
        /// The document, where it is there all the same: it became empty, too large or a link, and is not gone.
        document: Option<DocPath>,
        /// Why it cannot be synced.
        reason: Skip,
    },
    /// A file or folder that could not be looked at. What is not found by such a walk is not known to be gone.
    Unreadable {
        /// Its path as it can be shown.
        path: String,
        /// What the system said.
        error: String,
    },
}

/// Why a file that the filter takes cannot be synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// It is larger than the limit; both in bytes.
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// It holds nothing.
    Empty,
    /// Its name is not UTF-8, so no source could be named after it.
    NotUtf8,
    /// It is a FIFO, a socket or a device.
    Special,
    /// It is a symlink, and symlinks are not followed.
    Symlink,
    /// It is a symlink that leaves the collection's folder, or an absolute one.
    SymlinkOutside,
    /// It is a symlink that leads to itself or to a folder it is in.
    SymlinkLoop,
    /// It is a symlink to nothing.
    SymlinkBroken,
    /// It is a symlink in a folder that a symlink led to, and leads to a folder that is synced by its own path.
    SymlinkTwice,
    /// Another program has put a small file in its place, under another name.
    Placeholder,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge { size, limit } => {
                let shown = |bytes| ByteSize::b(bytes).display().iec();
                return write!(f, "it has {}, which is more than max_file_size ({})", shown(*size), shown(*limit));
            }
            Self::Empty => "it is empty",
            Self::NotUtf8 => "its name is not UTF-8; rename it",
            Self::Special => "it is not a regular file",
            Self::Symlink => "it is a symlink; set follow_symlinks to follow those that stay in the folder",
            Self::SymlinkOutside => "it is a symlink out of the collection's folder, or an absolute one",
            Self::SymlinkLoop => "it is a symlink that leads back to itself",
            Self::SymlinkBroken => "it is a symlink to nothing",
            Self::SymlinkTwice => "it is a symlink behind another one, to a folder that is synced by its own path",
            Self::Placeholder => "a placeholder is in its place, and its content is elsewhere; have it downloaded",
        })
    }
}

/// Why a collection's folder cannot be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// There is no such folder.
    #[error("the folder {} is missing; create it, mount it, or correct `folder` in the config", .0.display())]
    Missing(PathBuf),
    /// There is something else in its place.
    #[error("{} is not a folder; correct `folder` in the config", .0.display())]
    NotAFolder(PathBuf),
    /// It cannot be opened.
    #[error("the folder {} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}
