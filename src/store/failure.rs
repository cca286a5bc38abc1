//! Why the last pass could not write the state, in a file beside it: the state itself cannot say so.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::StoreError;
use crate::model::Moment;

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
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(beside(state));
        // A full disk has room for the name alone, which says enough.
        let _ = opened.and_then(|mut file| file.write_all(error.to_string().as_bytes()));
    }

    /// Takes it away: a pass was noted in the state.
    pub fn clear(state: &Path) {
        // It is hardly ever there.
        let _ = fs::remove_file(beside(state));
    }

    /// What was left beside a state.
    pub fn read(state: &Path) -> Option<Self> {
        let path = beside(state);
        let modified = fs::metadata(&path).and_then(|found| found.modified()).ok()?;
        let reason = fs::read_to_string(&path).ok().filter(|reason| !reason.is_empty());
        let reason = reason.unwrap_or_else(|| StoreError::Full.to_string());
        Some(Self { at: modified.into(), reason })
    }
}

fn beside(state: &Path) -> PathBuf {
    let mut path = state.as_os_str().to_owned();
    path.push(".failed");
    path.into()
}
