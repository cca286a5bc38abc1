//! What changes in the platform's holdings, told as it happens, so that a test can see what was true at every moment.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

/// A change of what the platform holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The source has one more document, or a page of a website anew, and answers from it.
    Held {
        /// The source's id.
        source_id: String,
        /// Its name at this moment.
        name: String,
    },
    /// The source has another name.
    Renamed {
        /// The source's id.
        source_id: String,
        /// Its new name.
        name: String,
    },
    /// The source is gone, with all of its documents.
    Gone {
        /// The source's id.
        source_id: String,
    },
}

/// Those who are told of changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes(Arc<Mutex<Vec<mpsc::UnboundedSender<Change>>>>);

impl Changes {
    pub(super) fn watch(&self) -> mpsc::UnboundedReceiver<Change> {
        let (watcher, changes) = mpsc::unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(watcher);
        changes
    }

    /// Tells a change. Called on the database's thread as the change's last step, so that the order told is the order
    /// in which changes took effect.
    pub(super) fn tell(&self, change: &Change) {
        let mut watchers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| watcher.send(change.clone()).is_ok());
    }
}
