//! What is to be looked at again, kept small however much it is.

use std::collections::BTreeMap;

/// More folders than these are not named one by one.
const MAX_FOLDERS: usize = 1_000;

/// What has changed since the last time somebody asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wake {
    /// Everything below the root is to be looked at again.
    pub whole: bool,
    /// Folders to look at again: the path from the root without a slash at its end, empty for the root itself. `true`
    /// where all below it is to be looked at as well, for an ignore file changed there.
    pub folders: BTreeMap<Vec<u8>, bool>,
}

impl Wake {
    /// All that is below the root.
    pub fn everything() -> Self {
        Self { whole: true, folders: BTreeMap::new() }
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.folders.is_empty()
    }

    /// Adds what another one names.
    pub fn merge(&mut self, other: Self) {
        if other.whole {
            self.note_whole();
        }
        for (folder, deep) in other.folders {
            self.note(&folder, deep);
        }
    }

    /// Adds everything below the root.
    pub(super) fn note_whole(&mut self) {
        self.whole = true;
        self.folders.clear();
    }

    /// Adds a folder, and with `deep` all below it.
    pub(super) fn note(&mut self, folder: &[u8], deep: bool) {
        if self.whole {
            return;
        }
        if let Some(noted) = self.folders.get_mut(folder) {
            *noted |= deep;
        } else if self.folders.len() < MAX_FOLDERS {
            self.folders.insert(folder.to_vec(), deep);
        } else {
            self.note_whole();
        }
    }
}
