//! What the running daemon says of itself. It is kept in the store, so that `kbsync status`, the endpoint and a person
//! all see the same.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::systemd;
use crate::{
    model::CollectionName,
    reconcile::Standing,
    store::{Db, Lock, Store, StoreError},
};

/// What the running daemon says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its process.
    pub pid: u32,
    /// When it began.
    pub started: Timestamp,
    /// What it is at: `watching`, `a full pass`, `syncing: 240 of 1,000, about 13 min left`.
    pub doing: String,
    /// How far the pass that is under way is, where it has something to do.
    #[serde(default)]
    pub progress: Option<Standing>,
    /// Whether it has looked at everything once and keeps it in step.
    pub ready: bool,
    /// What keeps it from its work.
    pub trouble: Option<String>,
    /// Why the config, as it is in its file now, is not used.
    pub config_error: Option<String>,
    /// When the next full pass is due.
    pub next: Option<Timestamp>,
    /// How it learns of changes, by collection.
    pub collections: BTreeMap<String, Watching>,
}

/// How the daemon learns of a collection's changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watching {
    /// The way.
    pub how: How,
    /// Why it is not a better one.
    pub why: Option<String>,
}

/// The ways to learn of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The kernel tells.
    Watched,
    /// By looking often.
    Polled,
    /// By full passes alone.
    Scheduled,
}

impl How {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watched => "watched",
            Self::Polled => "polled",
            Self::Scheduled => "scheduled",
        }
    }
}

impl Note {
    /// Of this process, before it has done anything.
    pub fn begun(started: Timestamp) -> Self {
        Self {
            pid: std::process::id(),
            started,
            doing: "starting".to_owned(),
            progress: None,
            ready: false,
            trouble: None,
            config_error: None,
            next: None,
            collections: BTreeMap::new(),
        }
    }

    /// What matters most of it: what keeps the daemon from its work, else a refused config, else what it is at.
    pub fn headline(&self) -> &str {
        self.trouble.as_ref().or(self.config_error.as_ref()).unwrap_or(&self.doing)
    }

    /// Notes it in the store.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn keep(&self, db: &mut Db) -> Result<(), StoreError> {
        db.note_daemon(&serde_json::to_string(self).unwrap_or_default())
    }

    /// Gives it to systemd and to the store, where the one that was `kept` is another.
    ///
    /// # Errors
    /// See [`StoreError`]; a full or locked disk is none.
    pub(super) async fn publish(&self, store: &Store, kept: &mut Option<Self>) -> Result<(), StoreError> {
        if kept.as_ref() == Some(self) {
            return Ok(());
        }
        systemd::status(self.headline());
        let note = self.clone();
        *kept = match store.call(move |db| note.keep(db)).await {
            Ok(()) => Some(self.clone()),
            Err(error) if error.is_temporary() => None,
            Err(error) => return Err(error),
        };
        Ok(())
    }

    /// What the daemon says that runs now with the store at `state`; `None` where none runs. A killed one leaves its
    /// note behind, and not its lock.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn of_running(db: &Db, state: &Path) -> Result<Option<Self>, StoreError> {
        let note = db.daemon_note()?.and_then(|note| serde_json::from_str::<Self>(&note).ok());
        Ok(note.filter(|note| Lock::holder(state) == Some(note.pid)))
    }

    /// How it learns of a collection's changes.
    pub fn watching(&self, collection: &CollectionName) -> Option<&Watching> {
        self.collections.get(collection.as_str())
    }
}
