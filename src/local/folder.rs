//! The data folder: its lock, the API key in it, and the address at which it is served.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{error::LocalError, ids};
use crate::private_files;

const KEY_PREFIX: &str = "kb_local_";
/// Characters behind the prefix.
const SHORTEST_KEY: usize = 16;

/// A data folder that this process alone serves, for as long as `lock` is open.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    /// The open lock file. The database's thread keeps it, so that the folder is free only when the database is closed.
    pub(super) lock: File,
    pub(super) key: SecretString,
    /// The process before did not stop in order, so its files deserve a closer look.
    pub(super) left_in_haste: bool,
}

impl Folder {
    /// Creates the folder (mode 0700) where it is missing, locks it, and reads or makes the API key.
    pub(super) fn open(root: &Path) -> Result<Self, LocalError> {
        let broken = |path: &Path| {
            let path = path.to_owned();
            move |source| LocalError::Folder { path, source }
        };
        refuse_untrusted(root)?;
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(broken(root))?;
        let lock_path = root.join("lock");
        let lock = private_files::open(&lock_path, OpenOptions::new().create(true).truncate(false).write(true));
        let lock = lock.map_err(broken(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LocalError::Busy { path: root.to_owned(), address: read_address(root) });
            }
            Err(TryLockError::Error(source)) => return Err(LocalError::Folder { path: lock_path, source }),
        }
        let uploads = root.join("uploads");
        DirBuilder::new().recursive(true).mode(0o700).create(&uploads).map_err(broken(&uploads))?;
        let key = read_or_create_key(&root.join("api_key"))?;
        ensure_id(root, None)?;
        let left_in_haste = root.join("address").exists();
        Ok(Self { root: root.to_owned(), lock, key, left_in_haste })
    }
}

/// The folder's id, if it has one: it stays the same when the folder is moved, linked or copied.
pub fn folder_id(root: &Path) -> Option<String> {
    let id = private_files::read_line(&root.join("id")).ok()?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

/// Gives the folder an id where it has none: `known`, or a random one.
///
/// # Errors
/// [`LocalError::Folder`] where the folder cannot be written.
pub fn ensure_id(root: &Path, known: Option<&str>) -> Result<String, LocalError> {
    if let Some(id) = folder_id(root) {
        return Ok(id);
    }
    refuse_untrusted(root)?;
    let broken = |source| LocalError::Folder { path: root.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(broken)?;
    let id = known.map_or_else(|| format!("{}{}", ids::random_hex(), ids::random_hex()), str::to_owned);
    write_whole(&root.join("id"), &id)?;
    Ok(folder_id(root).unwrap_or(id))
}

/// Where another process serves the folder, if one does and has said so.
pub fn served_at(root: &Path) -> Option<String> {
    let lock = private_files::open(&root.join("lock"), OpenOptions::new().read(true)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => read_address(root),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// Says where the folder is served, for the next process that finds it locked.
pub(super) fn write_address(root: &Path, address: &str) -> Result<(), LocalError> {
    write_whole(&root.join("address"), address)
}

/// Takes the address back; a folder without one was left in order.
pub(super) fn remove_address(root: &Path) {
    if let Err(error) = fs::remove_file(root.join("address")) {
        tracing::warn!("cannot remove {}: {error}", root.join("address").display());
    }
}

fn read_address(root: &Path) -> Option<String> {
    private_files::read_line(&root.join("address")).ok().filter(|address| !address.is_empty())
}

/// Reads the key of a folder that another process serves.
///
/// # Errors
/// [`LocalError::Key`] if the file holds no key of a local platform, [`LocalError::Folder`] if it cannot be read.
pub fn key_of(root: &Path) -> Result<SecretString, LocalError> {
    refuse_untrusted(root)?;
    read_key(&root.join("api_key"))
}

fn read_key(path: &Path) -> Result<SecretString, LocalError> {
    match private_files::read_line(path) {
        Ok(key) if is_key(&key) => Ok(key.into()),
        Err(source) if source.kind() != io::ErrorKind::InvalidData => {
            Err(LocalError::Folder { path: path.to_owned(), source })
        }
        _ => Err(LocalError::Key { path: path.to_owned() }),
    }
}

/// Whether a text has the form of a local platform's key. Nothing else may be sent to the address in the folder.
fn is_key(text: &str) -> bool {
    text.strip_prefix(KEY_PREFIX)
        .is_some_and(|rest| rest.len() >= SHORTEST_KEY && rest.bytes().all(|byte| byte.is_ascii_graphic()))
}

/// Fails if the folder's owner is not trusted.
fn refuse_untrusted(root: &Path) -> Result<(), LocalError> {
    let Some(owner) = private_files::untrusted_owner(root) else { return Ok(()) };
    let reason = format!("it is the folder of user {owner}; run kbsync as that user");
    let source = io::Error::new(io::ErrorKind::PermissionDenied, reason);
    Err(LocalError::Folder { path: root.to_owned(), source })
}

fn read_or_create_key(path: &Path) -> Result<SecretString, LocalError> {
    match read_key(path) {
        Err(LocalError::Folder { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let key = format!("{KEY_PREFIX}{}{}", ids::random_hex(), ids::random_hex());
            write_whole(path, &key)?;
            Ok(key.into())
        }
        key => key,
    }
}

/// Writes a file of one line (mode 0600), so that a reader finds the whole of it or none.
fn write_whole(path: &Path, line: &str) -> Result<(), LocalError> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        // A crashed process may have left it; a symlink is removed, not followed.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private_files::open(&fresh, OpenOptions::new().create_new(true).write(true))?;
        writeln!(file, "{line}")?;
        fs::rename(&fresh, path)
    };
    write().map_err(|source| LocalError::Folder { path: path.to_owned(), source })
}
