//! What was found of pages, for all looks of a pass.

use std::collections::{BTreeMap, HashSet};

use crate::{
    model::{ContentHash, Fingerprint, PageState},
    store::PageLook,
};

/// What the looks of a pass have found.
#[derive(Default)]
pub(super) struct Findings {
    /// The content that was had, by the addresses of the pages: the hash and the size.
    pub(super) contents: BTreeMap<String, (ContentHash, u64)>,
    /// What is behind the moves that are not believed yet, by the addresses that have moved.
    pub(super) behind: BTreeMap<String, PageLook>,
    /// The hosts that have shown a page much as it was before.
    pub(super) serving: HashSet<String>,
    /// Whether the last look has found something that is to go up.
    pub(super) goes_up: bool,
}

/// What a look at a page shows: its size.
pub(super) fn fingerprint(size: u64) -> Fingerprint {
    Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0 }
}

/// Whether an answer is told apart from nothing by a state: what is known of the page is its present content.
pub(super) fn is_present(state: &PageState) -> bool {
    state.read.is_some() && state.missing == 0 && state.stale.is_none()
}
