//! Whether a state file can be kept at a path: refuses folders, files of other programs and places that cannot be written.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::{
    fs::{Access, access},
    io::Errno,
    process::geteuid,
};

use super::{StoreError, db, lock};
use crate::private_files;

/// What an SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Checks a state file's place before anything is made there.
///
/// # Errors
/// [`StoreError::Place`] where there can be no state, [`StoreError::Folder`] where this user may not write it,
/// [`StoreError::OtherUser`] where it belongs to another one.
pub fn check(path: &Path, to_write: bool) -> Result<(), StoreError> {
    let owner = other_owner(path, to_write).or_else(|| private_files::untrusted_owner(path.parent()?));
    if let Some(owner) = owner {
        return Err(StoreError::OtherUser { path: path.to_owned(), owner });
    }
    // SQLite follows symlinks beside the state, and blocks on FIFOs.
    for suffix in ["-wal", "-shm", "-journal", ".lock", ".failed"] {
        let beside = db::beside(path, suffix);
        if let Some(distrust) = private_files::distrust_reason(&beside) {
            let reason = format!("of {} beside it, {distrust}", beside.display());
            return Err(StoreError::Place { path: path.to_owned(), reason });
        }
    }
    let (found, place) = match fs::symlink_metadata(path) {
        Ok(found) => (at_file(path, &found), path),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => above(path),
        Err(error) => (Some(error.to_string()), path),
    };
    if let Some(reason) = found {
        return Err(StoreError::Place { path: path.to_owned(), reason });
    }
    let rights = if place == path { Access::WRITE_OK } else { Access::WRITE_OK | Access::EXEC_OK };
    match access(place, rights) {
        Err(error) if to_write => {
            let place = place.display();
            let cause =
                format!("{place}: {error}; let this user write there, or give `state:` in the config another path");
            Err(StoreError::Folder { path: path.to_owned(), cause: io::Error::other(cause) })
        }
        _ => Ok(()),
    }
}

/// Whose a state is that this user may not use: the owner of the file, or of the folder that hides it.
fn other_owner(path: &Path, to_write: bool) -> Option<String> {
    let rights = if to_write { Access::READ_OK | Access::WRITE_OK } else { Access::READ_OK };
    let found = match fs::metadata(path) {
        Ok(found) if found.is_file() && access(path, rights) == Err(Errno::ACCESS) => found,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            path.ancestors().skip(1).find_map(|folder| fs::metadata(folder).ok())?
        }
        _ => return None,
    };
    (found.uid() != geteuid().as_raw()).then(|| private_files::user_name(found.uid()))
}

/// What is wrong with what is there.
fn at_file(path: &Path, found: &Metadata) -> Option<String> {
    if found.is_dir() {
        return Some(format!("it is a folder; name a file in it, such as {}", path.join("state.db").display()));
    }
    if found.is_symlink() {
        return Some(format!("it is a link; name the file itself in `state:`, or move it to {}", path.display()));
    }
    if !found.is_file() {
        return Some("it is not a regular file".to_owned());
    }
    if let Some(distrust) = private_files::distrust_reason(path).filter(|_| geteuid().is_root()) {
        return Some(distrust.to_owned());
    }
    if let Err(error) = access(path, Access::READ_OK) {
        return Some(format!("this user may not read it ({error})"));
    }
    // A damaged state has been used before, and then there is a lock beside it.
    let is_other = found.len() > 0 && !begins_with_magic(path) && !lock::path(path).exists();
    is_other.then(|| "there is another file, which is no kbsync state".to_owned())
}

fn begins_with_magic(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| start == MAGIC)
}

/// What is wrong with the first folder above a missing file that is there, and which that is.
fn above(path: &Path) -> (Option<String>, &Path) {
    let folders = path.ancestors().skip(1);
    let mut folders = folders.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let folder = folders.find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(Path::new("/"));
    let trouble = match fs::metadata(folder) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(format!("{} is a file, not a folder", folder.display())),
        Err(error) => Some(format!("{}: {error}", folder.display())),
    };
    (trouble, folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn check__places__are_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("notes.md"), "# Notes\n").unwrap();
        fs::write(at("empty.db"), "").unwrap();
        fs::write(at("used.db"), "rubbish").unwrap();
        fs::write(at("used.db.lock"), "").unwrap();
        fs::write(at("sound.db"), [MAGIC, &[0; 84]].concat()).unwrap();
        symlink("nowhere", at("link")).unwrap();
        for (name, expected) in [
            ("new.db", None),
            ("new/folder/state.db", None),
            ("empty.db", None),
            ("used.db", None),
            ("sound.db", None),
            ("folder", Some("it is a folder; name a file in it, such as ")),
            ("notes.md", Some("there is another file, which is no kbsync state")),
            ("notes.md/state.db", Some("notes.md is a file, not a folder")),
            ("notes.md/deep/state.db", Some("notes.md is a file, not a folder")),
            ("link/state.db", Some("link: No such file")),
        ] {
            for to_write in [false, true] {
                let found = check(&at(name), to_write).err().map(|error| error.to_string());
                assert_eq!(found.is_some(), expected.is_some(), "{name}: {found:?}");
                assert!(
                    expected.is_none_or(|part| found.as_ref().is_some_and(|found| found.contains(part))),
                    "{found:?}"
                );
            }
        }
        let error = check(Path::new("/dev/null"), true).unwrap_err().to_string();
        assert!(error.contains("/dev/null") && error.contains("`state:`"), "{error}");
    }
}
