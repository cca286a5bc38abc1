//! Why the last pass could not write the state, in a file beside it: the state itself cannot say so.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use super::{StoreError, db};
use crate::{model::Moment, private_files};

/// Why the last pass could not write the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFailure {
    /// When that was.
    pub at: Moment,
    /// Why.
    pub reason: String,
}

impl StateFailure {
    /// Leaves the reason beside a state, where it is one for which the state could not be written.
    pub fn note(state: &Path, error: &StoreError) {
        if !matches!(error, StoreError::Full | StoreError::Busy | StoreError::Sqlite(_)) {
            return;
        }
        let opened = private_files::open(&path(state), OpenOptions::new().write(true).create(true).truncate(false));
        // A full disk has room for the name alone, which says enough.
        let _ = opened.and_then(|mut file| {
            file.set_len(0)?;
            file.write_all(error.to_string().as_bytes())
        });
    }

    /// Takes it away: a pass was noted in the state.
    pub fn clear(state: &Path) {
        // It is hardly ever there.
        let _ = fs::remove_file(path(state));
    }

    /// What was left beside a state.
    pub fn read(state: &Path) -> Option<Self> {
        let path = path(state);
        let modified = fs::symlink_metadata(&path).and_then(|found| found.modified()).ok()?;
        let reason = private_files::read_line(&path).ok().filter(|reason| !reason.is_empty());
        let reason = reason.unwrap_or_else(|| StoreError::Full.to_string());
        Some(Self { at: modified.into(), reason })
    }
}

fn path(state: &Path) -> PathBuf {
    db::beside(state, ".failed")
}
