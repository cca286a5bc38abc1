//! Progress of a pass, for those who watch it.

use std::{fmt, time::Duration};

use crate::{
    fetch::SlowHost,
    model::{CollectionName, DocPath},
    plan::Estimate,
};

/// Something that a person may want to see while a pass runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A page of the platform's list is being read.
    Listing {
        /// Its number, from 1.
        page: u64,
    },
    /// A folder is being looked at.
    Looking(CollectionName),
    /// The round is planned.
    Planned {
        /// How many actions.
        actions: usize,
        /// Documents whose jobs an earlier pass has begun.
        followed: usize,
        /// What the actions cost.
        estimate: Estimate,
    },
    /// All requests of the plan are made, and only jobs are waited for.
    Following {
        /// How many.
        jobs: usize,
    },
    /// A document went up; its job is under way.
    Uploaded {
        /// Which.
        document: Document,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A job ended.
    JobEnded {
        /// The time since its upload began.
        took: Duration,
        /// Whether the platform holds its document now.
        ok: bool,
    },
    /// One of the planned actions is done, well or badly.
    Done {
        /// What was done.
        deed: Deed,
        /// Which document.
        document: Document,
    },
    /// Nothing can be done for so long.
    Waiting(Duration),
    /// A host takes longer than is expected. Once for each collection and host.
    Slow(SlowHost),
}

/// What was done for a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The platform holds it for the first time.
    Added(Option<Sent>),
    /// The platform holds its new version.
    Replaced(Option<Sent>),
    /// Its source has a new name.
    Renamed {
        /// What it was before.
        from: Document,
    },
    /// Its source is gone, as it is.
    Deleted,
    /// It could not be done.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
}

impl Deed {
    /// The word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Replaced(_) => "replaced",
            Self::Renamed { .. } => "renamed",
            Self::Deleted => "deleted",
            Self::Failed { .. } => "failed",
        }
    }
}

/// An upload of this pass; of one that an earlier pass began, it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How much went up.
    pub bytes: u64,
    /// How long it took until the platform held it.
    pub took: Duration,
}

/// A document by its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Document {
    /// Its collection.
    pub collection: CollectionName,
    /// Its path.
    pub path: String,
}

impl Document {
    pub(super) fn new(collection: &CollectionName, path: &DocPath) -> Self {
        Self { collection: collection.clone(), path: path.to_string() }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection, self.path)
    }
}
