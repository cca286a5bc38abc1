//! What is remembered of a document between passes.

use super::{CollectionName, ContentHash, DocPath, Fingerprint, MinHash, Moment, ShortHash};

/// What the last look at a document found, and what the platform holds of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which document of the collection.
    pub path: DocPath,
    /// The last look, and when it was; `None` for a record that was rebuilt from the platform.
    pub seen: Option<LastLook>,
    /// The content that the platform holds and answers from; `None` while it holds none.
    pub live: Option<ShortHash>,
    /// The size of that in bytes, where it is known.
    pub live_size: Option<u64>,
    /// Whether this state has uploaded that: what was taken over from a list may be another machine's.
    pub uploaded_here: bool,
    /// Why it is quarantined, if it is.
    pub trouble: Option<Trouble>,
    /// Why its file is skipped as it is now, if it is.
    pub skipped: Option<SkippedFile>,
    /// Since when its file is being written, where the last look left it to a later one for that.
    pub written_since: Option<Moment>,
    /// The new document that seemed to be its successor when it went.
    pub successor: Option<(CollectionName, DocPath)>,
    /// Since when it is gone, and waits for files to be read that it may have become.
    pub gone_since: Option<Moment>,
}

impl Record {
    /// What the file looked like when its content was last read, and when that was.
    pub fn last_read(&self) -> Option<(Fingerprint, Moment)> {
        let skipped = self.skipped.as_ref().and_then(|skipped| skipped.read);
        skipped.or(self.seen.map(|last| (last.fingerprint, last.at)))
    }
}

/// A file that is there and cannot be synced as it is now: what the platform holds of it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedFile {
    /// Why.
    pub reason: String,
    /// The look at it and when that was, where its content was read; `None` where each look finds the reason again.
    pub read: Option<(Fingerprint, Moment)>,
}

/// The last look at a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastLook {
    /// What it looked like.
    pub fingerprint: Fingerprint,
    /// When that was.
    pub at: Moment,
    /// What it contained.
    pub hash: ContentHash,
    /// The signature of its words, where it is text.
    pub min_hash: Option<MinHash>,
}

/// What a collection's folder stands on. On another device than before, or without what was mounted in it, it may be the
/// empty place of a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footing {
    /// The folder's device.
    pub device: u64,
    /// The folders below it that are on another device than the folder above them, by their paths, sorted.
    pub mounts: Vec<String>,
}

/// An ignore file that was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFile {
    /// Its path: below the folder, or from the system's root.
    pub path: String,
    /// Since when it is being written, or away.
    pub unsettled_since: Option<Moment>,
}

/// Why a document is quarantined: it is left alone until its content changes, or until it is due again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The content that failed.
    pub hash: ShortHash,
    /// Why, in the platform's words.
    pub reason: String,
    /// When it is tried again; `None` where the document itself is at fault.
    pub retry_at: Option<Moment>,
}

impl Trouble {
    /// A failure that lies in the document itself.
    pub fn of_document(hash: ShortHash, reason: String) -> Self {
        Self { hash, reason, retry_at: None }
    }
}
