//! Findings about pages, shared by all looks of a pass.

use std::collections::{BTreeMap, HashSet};

use crate::{model::ContentHash, store::PageLook};

/// What the looks of a pass have found.
#[derive(Default)]
pub(super) struct Findings {
    /// The content that was had, by the addresses of the pages: the hash and the size.
    pub(super) contents: BTreeMap<String, (ContentHash, u64)>,
    /// What is behind the moves that are not believed yet, by the addresses that have moved.
    pub(super) behind: BTreeMap<String, PageLook>,
    /// The hosts that have shown a page much as it was before.
    pub(super) serving: HashSet<String>,
}
