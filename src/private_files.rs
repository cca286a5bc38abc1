//! Files of kbsync's own, in its state and data folders: never reached through a link that somebody has put there, and never
//! another user's.
//!
//! Whoever may write to a folder decides what its names lead to. So a folder is trusted where it is this user's or root's, and a
//! file in it where it is a regular one, this user's or root's, and no link.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::{fs::OFlags, process::geteuid};

/// The largest file of one line that is read, in bytes.
const LONGEST_LINE: u64 = 16 << 10;

/// The number of the user who owns the folder, where that is neither this user nor root, who may do as they please anyway; for
/// root also of the user whose link leads there. Nobody where it is not there.
pub fn stranger_of(folder: &Path) -> Option<u32> {
    let owner = fs::metadata(folder).ok()?.uid();
    let links = folder.ancestors().filter_map(|part| fs::symlink_metadata(part).ok()).filter(Metadata::is_symlink);
    let links = links.map(|link| link.uid()).filter(|_| geteuid().is_root());
    [owner].into_iter().chain(links).find(|owner| !is_trusted(*owner))
}

/// What is wrong with a file that is there: it is no regular one, another user's, or, for root, has another name as well. Nothing
/// of one that is not there.
pub fn defect_of(path: &Path) -> Option<&'static str> {
    defect(&fs::symlink_metadata(path).ok()?)
}

fn defect(found: &Metadata) -> Option<&'static str> {
    if found.is_symlink() {
        Some("it is a link, which kbsync does not follow")
    } else if !found.is_file() {
        Some("it is not a regular file")
    } else if !is_trusted(found.uid()) {
        Some("it is another user's")
    } else if found.nlink() > 1 && geteuid().is_root() {
        Some("it has another name elsewhere")
    } else {
        None
    }
}

fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == geteuid().as_raw()
}

/// Opens a file as `options` say, mode 0600 where it is made. They do not ask for it to be cut: that would come before it is
/// looked at.
///
/// # Errors
/// As the system says it; [`ErrorKind::PermissionDenied`] where something is wrong with it, as [`defect_of`] has it.
pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    // A FIFO that nobody writes to would be waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let refused = |what: &str| io::Error::new(ErrorKind::PermissionDenied, what);
    let opened = options.clone().custom_flags(flags).mode(0o600).open(path);
    let file = opened.map_err(|error| match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => refused("it is a link, which kbsync does not follow"),
        _ => error,
    })?;
    if let Some(defect) = defect(&file.metadata()?) {
        return Err(refused(defect));
    }
    Ok(file)
}

/// Reads a file of one line.
///
/// # Errors
/// As [`open`]; [`ErrorKind::InvalidData`] where it is longer than a line of ours is.
pub fn read_line(path: &Path) -> io::Result<String> {
    let file = open(path, OpenOptions::new().read(true))?;
    let mut text = String::new();
    file.take(LONGEST_LINE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_LINE {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is longer than 16 KiB"));
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn open__what_is_no_file_of_this_users__is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "a line\n").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("new"), at("dangling")).unwrap();
        let fifo = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, fifo, 0).unwrap();
        assert_eq!(read_line(&at("file")).unwrap(), "a line");
        for (name, expected) in
            [("link", "it is a link"), ("fifo", "it is not a regular file"), (".", "it is not a regular")]
        {
            let error = read_line(&at(name)).unwrap_err();
            assert!(error.to_string().starts_with(expected), "{name}: {error}");
        }
        if geteuid().is_root() {
            fs::hard_link(at("file"), at("another")).unwrap();
            assert!(read_line(&at("another")).unwrap_err().to_string().starts_with("it has another name"));
        }
        let made = open(&at("dangling"), OpenOptions::new().write(true).create(true)).unwrap_err();
        assert!(made.to_string().starts_with("it is a link") && !at("new").exists(), "{made}");
        let made = open(&at("new"), OpenOptions::new().write(true).create_new(true)).unwrap();
        assert_eq!(made.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(at("long"), "x".repeat(20_000)).unwrap();
        assert_eq!(read_line(&at("long")).unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn stranger_of__folder_of_another_user__is_that_user() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(stranger_of(folder.path()), None);
        assert_eq!(stranger_of(&folder.path().join("none")), None);
        // Only root can give a folder away.
        if geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(4711), None).unwrap();
            assert_eq!(stranger_of(folder.path()), Some(4711));
        }
    }
}
