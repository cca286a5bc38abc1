//! The data folder: its lock, the API key in it, and the address at which it is served.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{error::LocalError, ids};

const KEY_PREFIX: &str = "kb_local_";

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
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(broken(root))?;
        let lock_path = root.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
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
        let key = open_key(&root.join("api_key"))?;
        ensure_id(root, None)?;
        let left_in_haste = root.join("address").exists();
        Ok(Self { root: root.to_owned(), lock, key, left_in_haste })
    }
}

/// The folder's id, if it has one: it stays the same when the folder is moved, linked or copied.
pub fn folder_id(root: &Path) -> Option<String> {
    let id = fs::read_to_string(root.join("id")).ok()?;
    let id = id.trim();
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// Gives the folder an id where it has none: `known`, or a random one.
///
/// # Errors
/// [`LocalError::Folder`] where the folder cannot be written.
pub fn ensure_id(root: &Path, known: Option<&str>) -> Result<String, LocalError> {
    if let Some(id) = folder_id(root) {
        return Ok(id);
    }
    let broken = |source| LocalError::Folder { path: root.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(broken)?;
    let id = known.map_or_else(|| format!("{}{}", ids::random_hex(), ids::random_hex()), str::to_owned);
    write_whole(&root.join("id"), &id)?;
    Ok(folder_id(root).unwrap_or(id))
}

/// Where another process serves the folder, if one does and has said so.
pub fn served_at(root: &Path) -> Option<String> {
    let lock = File::open(root.join("lock")).ok()?;
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
    let address = fs::read_to_string(root.join("address")).ok()?;
    Some(address.trim().to_owned()).filter(|address| !address.is_empty())
}

fn open_key(path: &Path) -> Result<SecretString, LocalError> {
    match File::open(path) {
        Ok(mut file) => {
            let mut key = String::new();
            let sound = file.read_to_string(&mut key).is_ok() && key.trim().starts_with(KEY_PREFIX);
            if sound { Ok(key.trim().into()) } else { Err(LocalError::Key { path: path.to_owned() }) }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = format!("{KEY_PREFIX}{}{}", ids::random_hex(), ids::random_hex());
            write_whole(path, &key)?;
            Ok(key.into())
        }
        Err(source) => Err(LocalError::Folder { path: path.to_owned(), source }),
    }
}

/// Writes a file of one line (mode 0600), so that a reader finds the whole of it or none.
fn write_whole(path: &Path, line: &str) -> Result<(), LocalError> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
        writeln!(file, "{line}")?;
        fs::rename(&fresh, path)
    };
    write().map_err(|source| LocalError::Folder { path: path.to_owned(), source })
}
