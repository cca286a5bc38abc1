//! What is remembered of a page besides its content: how the origin answered, and what to ask it with.

use super::Moment;

/// What the looks at one page gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageState {
    /// The pass that looked last, by its id.
    pub pass: String,
    /// When it was last asked for.
    pub looked: Moment,
    /// When its content was last had, or last said to be unchanged.
    pub read: Option<Moment>,
    /// The `ETag` that came with its content.
    pub etag: Option<String>,
    /// The `Last-Modified` that came with its content.
    pub last_modified: Option<String>,
    /// What the list said of its last change, when its content was last had.
    pub lastmod: Option<String>,
    /// What kind of file its content is, as an extension.
    pub kind: Option<String>,
    /// How often in a row the origin said that it is gone, with some time between.
    pub missing: u64,
    /// When that was counted last.
    pub missed: Option<Moment>,
    /// Why what is known of it may be old.
    pub stale: Option<Stale>,
    /// Where it has moved to for good.
    pub moved: Option<String>,
}

/// Why what is known of a page may be old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// Since when.
    pub since: Moment,
    /// What the origin, or the network, said.
    pub reason: String,
}
