//! The part of a collection that could not be read. What was seen beside it counts as seen.

use super::{
    guard::Gone,
    withheld::{Why, Withheld},
};
use crate::model::{CollectionName, DocPath};

/// Files and folders that could not be read, and the documents that may be there all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutOfSight {
    /// Their paths; empty for the whole folder.
    pub paths: Vec<String>,
    /// Why the first could not be read.
    pub reason: String,
    /// Documents at or below them that were not seen, in key order.
    pub documents: Vec<Gone>,
}

impl OutOfSight {
    /// Whether a document is at or below what could not be read.
    pub fn hides(&self, path: &DocPath) -> bool {
        let is_below = |hidden: &str| path.as_str().strip_prefix(hidden).is_some_and(|rest| rest.starts_with('/'));
        self.paths.iter().any(|hidden| hidden.is_empty() || path.as_str() == hidden || is_below(hidden))
    }

    /// Takes out of what is gone what may be there.
    pub fn take(&mut self, gone: &mut Vec<Gone>) {
        self.documents.extend(gone.extract_if(.., |gone| self.hides(&gone.path)).collect::<Vec<_>>());
        self.documents.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// The deletions that are withheld for it, if there are any.
    pub(super) fn withheld(self, collection: &CollectionName, of: u64) -> Option<Withheld> {
        let Self { paths, reason, documents: gone } = self;
        let part = paths.first().filter(|path| !path.is_empty()).map_or("the folder", String::as_str);
        let why = Why::Unsure(format!("{part} could not be read ({reason}), so what is in it may still be there"));
        (!gone.is_empty()).then(|| Withheld { collection: collection.clone(), gone, of, why })
    }
}
