//! Files around the config: where the state is kept by default, and files that hold a key.

use std::{
    fs::Metadata,
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use super::{StatePlace, read::Reading};
use crate::regular_file;

/// `$STATE_DIRECTORY/state.db`, as systemd sets it, else `.kbsync/state.db` beside the config.
pub(super) fn default_state(reading: &Reading) -> (PathBuf, StatePlace) {
    let absolute = |name: &str| (reading.env)(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd joins several folders with colons; the first is ours.
    let given = (reading.env)("STATE_DIRECTORY").and_then(|list| list.split(':').next().map(PathBuf::from));
    if let Some(folder) = given.filter(|path| path.is_absolute()) {
        return (folder.join("state.db"), StatePlace::Given);
    }
    let xdg = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    let place = StatePlace::Beside { user_folder: xdg.map(|folder| folder.join("kbsync")) };
    (reading.folder.join(".kbsync/state.db"), place)
}

/// A key read from a file, and what others than its owner may do to the file.
pub(super) struct KeyFile {
    /// The file's text without a line end at its end.
    pub(super) key: String,
    /// Whether its permissions let the group or others read it.
    pub(super) read_by_others: bool,
    /// Whether they let them write to it.
    pub(super) written_by_others: bool,
}

/// The most that is read of a key file, in bytes.
const MAX_KEY_FILE: u64 = 16 * 1024;

/// Reads a key file.
///
/// # Errors
/// A sentence that never shows what the file holds, nor a path that may be a key put in the place of one.
pub(super) fn read_key(path: &Path) -> Result<KeyFile, String> {
    let shown = shown(path);
    let cannot = |error| why_unread(&shown, error, "16 KiB, so it is hardly a key");
    let file = regular_file::open(path).map_err(cannot)?;
    let meta = file.metadata().map_err(cannot)?;
    let bytes = regular_file::read(&file, MAX_KEY_FILE).map_err(cannot)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} does not hold text"))?;
    let key = text.trim_end_matches(['\n', '\r']).to_owned();
    let mode = meta.permissions().mode();
    Ok(KeyFile { key, read_by_others: mode & 0o044 != 0, written_by_others: mode & 0o022 != 0 })
}

/// Why a named file was not read by [`regular_file`]; `limit` ends the sentence on one that is too large.
pub(super) fn why_unread(shown: &str, error: io::Error, limit: &str) -> String {
    match error.kind() {
        ErrorKind::IsADirectory | ErrorKind::InvalidInput => format!("{shown} is not a file"),
        ErrorKind::FileTooLarge => format!("{shown} is larger than {limit}"),
        _ => format!("{shown} cannot be read: {error}"),
    }
}

/// A warning of a config that others may write to: who does decides where the key is sent.
pub(super) fn config_warning(path: &Path, meta: &Metadata) -> Option<String> {
    let (shown, owner) = (path.display(), meta.uid());
    if !meta.is_file() {
        return None;
    }
    if meta.permissions().mode() & 0o002 != 0 {
        return Some(format!("every user can write to the config {shown}; run `chmod o-w {shown}`"));
    }
    let is_others = geteuid().is_root() && owner != 0;
    is_others
        .then(|| format!("the config {shown} belongs to user #{owner}, and root uses it; run `chown root {shown}`"))
}

/// A key file for a sentence: by its path where there is such a file, else by the folder that was looked in.
fn shown(path: &Path) -> String {
    match path.parent() {
        _ if path.exists() => format!("the key file {}", path.display()),
        Some(folder) if folder.is_dir() => format!("the key file named here, looked for in {},", folder.display()),
        _ => "the key file named here".to_owned(),
    }
}
