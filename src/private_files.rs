//! Safe opening of kbsync's own files in its state and data folders: no symlinks, no other user's files.
//!
//! A user who may write to a folder controls what its names lead to. A folder is trusted if this user or root owns it. A file in
//! it is trusted if it is regular, and this user or root owns it.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::{fs::OFlags, process::geteuid};

const IS_LINK: &str = "it is a link, which kbsync does not follow";

/// Maximum size of a one-line file, in bytes.
const LONGEST_LINE: u64 = 16 << 10;

/// The name of the user who owns a folder, or its nearest existing ancestor, if that is neither this user nor root. For root
/// also the owner of a symlink on the way.
pub fn untrusted_owner(folder: &Path) -> Option<String> {
    let parts = || folder.ancestors().map(|part| if part.as_os_str().is_empty() { Path::new(".") } else { part });
    let owner = parts().find_map(|part| fs::metadata(part).ok())?.uid();
    let links = parts().filter_map(|part| fs::symlink_metadata(part).ok()).filter(Metadata::is_symlink);
    let links = links.map(|link| link.uid()).filter(|_| geteuid().is_root());
    [owner].into_iter().chain(links).find(|owner| !is_trusted(*owner)).map(user_name)
}

/// The name of a user, or `#` and the number where the system has no name for it.
pub fn user_name(id: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut users = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let user = users.find(|user| user.get(2) == Some(&id.to_string().as_str()));
    user.map_or_else(|| format!("#{id}"), |user| user[0].to_owned())
}

/// Why an existing file is not trusted: it is not regular, another user owns it, or, for root, it has further hard links.
pub fn distrust_reason(path: &Path) -> Option<&'static str> {
    reason(&fs::symlink_metadata(path).ok()?)
}

fn reason(found: &Metadata) -> Option<&'static str> {
    if found.is_symlink() {
        Some(IS_LINK)
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

/// Opens a file with these options, and creates it with mode 0600. The options must not truncate: that happens before the check.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] if the file is not trusted (see [`distrust_reason`]).
pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    // Opening a FIFO without a writer would block.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    let refused = |what: &str| io::Error::new(ErrorKind::PermissionDenied, what);
    let opened = options.clone().custom_flags(flags).mode(0o600).open(path);
    let file = opened.map_err(|error| match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => refused(IS_LINK),
        _ => error,
    })?;
    if let Some(reason) = reason(&file.metadata()?) {
        return Err(refused(reason));
    }
    Ok(file)
}

/// Reads a one-line file.
///
/// # Errors
/// See [`open`]; [`ErrorKind::InvalidData`] if the file is larger than 16 KiB or not UTF-8.
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
    fn untrusted_owner__folder_of_another_user__is_that_user() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(untrusted_owner(folder.path()), None);
        assert_eq!(untrusted_owner(&folder.path().join("none")), None);
        // Only root can give a folder away.
        if geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(4711), None).unwrap();
            assert_eq!(untrusted_owner(folder.path()).as_deref(), Some("#4711"));
            assert_eq!(untrusted_owner(&folder.path().join("none")).as_deref(), Some("#4711"));
        }
    }
}
