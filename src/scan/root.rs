//! A collection's folder, held open, and a way to its files that never leaves it.

use std::{
    fs::{self, File},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Dir, DirEntry, FileType, Mode, OFlags, ResolveFlags, fstat, open, openat, openat2, readlinkat},
    io::{self, Errno},
};

use super::{
    HashError, ScanError,
    litter::{leads_into_version, plain},
    walk::FOLDER,
};
use crate::model::DocPath;

/// An open root. What is opened through it is below it, whatever is renamed or linked meanwhile.
#[derive(Debug)]
pub struct Root {
    folder: OwnedFd,
    device: u64,
    follow_symlinks: bool,
    /// Its absolute paths, as the config names it and as it is: a link in it may say either.
    places: [PathBuf; 2],
}

/// How often a lookup is repeated that the kernel gave up because of a rename beside it, or that found a version gone.
const RETRIES: usize = 16;
/// Links to versions that one path may pass.
const MAX_LINKS: usize = 16;

impl Root {
    /// Opens a folder. `follow_symlinks` lets lookups below it pass symlinks that stay below it.
    ///
    /// # Errors
    /// When it is missing, is no folder, or cannot be read.
    pub fn open(path: &Path, follow_symlinks: bool) -> Result<Self, ScanError> {
        let unreadable = |error: Errno| ScanError::Unreadable { path: path.to_owned(), reason: error.to_string() };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(path, flags, Mode::empty()).map_err(|error| match error {
            Errno::NOENT => ScanError::Missing(path.to_owned()),
            Errno::NOTDIR => ScanError::NotAFolder(path.to_owned()),
            error => unreadable(error),
        })?;
        let device = fstat(&folder).map_err(unreadable)?.st_dev;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let places = [path.canonicalize().unwrap_or_else(|_| absolute.clone()), absolute];
        Ok(Self { folder, device, follow_symlinks, places })
    }

    /// Whether the path that the root was opened by still leads to it.
    pub fn is_at(&self, path: &Path) -> bool {
        let identity = |folder: &OwnedFd| fstat(folder).map(|stat| (stat.st_dev, stat.st_ino));
        let now = open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        now.and_then(|now| identity(&now)).is_ok_and(|now| identity(&self.folder) == Ok(now))
    }

    /// The number of the device that the root is on. Another one than before is another file system, or none.
    pub fn device(&self) -> u64 {
        self.device
    }

    /// Whether a folder below the root, by its path, is on another device than the folder above it.
    pub fn is_mount(&self, folder: &str) -> bool {
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        let device = |path: &str| Some(fstat(self.open_below(path.as_bytes(), FOLDER).ok()?).ok()?.st_dev);
        device(folder).is_some_and(|device_of_folder| device(above) != Some(device_of_folder))
    }

    /// Whether a folder below the root is on another device than the folder above it, and holds nothing: what a file system
    /// puts there by itself does not count. One that cannot be read is not known to be empty.
    pub fn is_bare_mount(&self, folder: &str) -> bool {
        let is_own = |entry: io::Result<DirEntry>| {
            entry.is_ok_and(|entry| matches!(entry.file_name().to_bytes(), b"." | b".." | b"lost+found"))
        };
        let names = || Dir::read_from(self.open_below(folder.as_bytes(), FOLDER)?);
        self.is_mount(folder) && names().is_ok_and(|mut names| names.all(is_own))
    }

    /// The path below the root of an open folder, without symlinks; `None` where it is not known or not below.
    pub(super) fn path_of(&self, folder: impl AsFd) -> Option<String> {
        let path = |fd: BorrowedFd<'_>| fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).ok();
        let (root, folder) = (path(self.folder.as_fd())?, path(folder.as_fd())?);
        folder.strip_prefix(root).ok()?.to_str().map(str::to_owned)
    }

    /// Opens a document for reading. Neither a FIFO nor a device that took its place can hold this up.
    ///
    /// # Errors
    /// When it is gone, is no regular file below the root, or cannot be read.
    pub fn open_document(&self, path: &DocPath) -> Result<File, HashError> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = self.open_below(path.as_str().as_bytes(), flags).map_err(HashError::from)?;
        let stat = fstat(&fd).map_err(HashError::from)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(File::from(fd)),
            _ => Err(HashError::NotAFile),
        }
    }

    /// Opens what is at a path below the root; the empty path is the root. Where symlinks are not followed, those into a
    /// version beside them are: the path is the stable name of what is there.
    pub(super) fn open_below(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        let mut opened = self.open_directly(path, flags);
        // An absolute link is followed only where it leads to a version.
        let passes = if self.follow_symlinks { Errno::XDEV } else { Errno::LOOP };
        for _ in 0..RETRIES {
            if !opened.as_ref().is_err_and(|error| *error == passes) {
                return opened;
            }
            let behind = match self.behind_links(path, flags.contains(OFlags::NOFOLLOW)) {
                Err(Errno::LOOP) => return opened,
                behind => behind?,
            };
            match self.open_directly(&behind, flags) {
                // The version was replaced, and the link leads to another one now.
                Err(Errno::NOENT) => {}
                opened => return opened,
            }
            opened = self.open_directly(path, flags);
        }
        if opened.as_ref().is_err_and(|error| *error == passes) { Err(Errno::NOENT) } else { opened }
    }

    /// The path behind the links to versions on the way, which has none. With `keep_last` the last part is not followed.
    ///
    /// # Errors
    /// `LOOP` where another link is on the way; otherwise as the system says.
    fn behind_links(&self, path: &[u8], keep_last: bool) -> io::Result<Vec<u8>> {
        let parts = |path: &[u8]| path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (mut rest, mut behind, mut links) = (parts(path), Vec::new(), 0);
        let mut folder = self.open_directly(b"", OFlags::PATH | OFlags::DIRECTORY)?;
        while let Some(part) = rest.pop() {
            let is_last = rest.is_empty();
            let target = if is_last && keep_last { Err(Errno::INVAL) } else { readlinkat(&folder, &*part, Vec::new()) };
            match target {
                Ok(target) => {
                    let target = self.version_target(&behind, target.as_bytes()).filter(|_| links < MAX_LINKS);
                    links += 1;
                    rest.append(&mut parts(&target.ok_or(Errno::LOOP)?));
                }
                // It is no link.
                Err(Errno::INVAL) => {
                    if !is_last {
                        let through = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                        folder = openat(&folder, &*part, through, Mode::empty())?;
                    }
                    behind.push(part);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(behind.join(&b'/'))
    }

    /// Where the symlink at a path below the root leads to, by its path from the folder that it is in; `None` where that is
    /// no version beside it.
    pub(super) fn version_of_link(&self, path: &[u8]) -> Option<Vec<u8>> {
        let above = path.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |at| &path[..at]);
        let link = self.open_below(path, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
        let target = readlinkat(&link, c"", Vec::new()).ok()?;
        let above = if above.is_empty() { Vec::new() } else { vec![self.behind_links(above, false).ok()?] };
        self.version_target(&above, target.as_bytes())
    }

    /// The target of a symlink in a folder, by its path from there; `None` where that is no version beside the link.
    fn version_target(&self, folder: &[Vec<u8>], target: &[u8]) -> Option<Vec<u8>> {
        let relative = self.places.iter().find_map(|place| {
            let place = [&[place.as_os_str().as_bytes().to_vec()], folder].concat().join(&b'/');
            target.strip_prefix(&*place)?.strip_prefix(b"/")
        });
        let target = plain(relative.unwrap_or(target));
        leads_into_version(target).then(|| target.to_vec())
    }

    fn open_directly(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        let path = if path.is_empty() { b"." } else { path };
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        resolve.set(ResolveFlags::NO_SYMLINKS, !self.follow_symlinks);
        for _ in 0..RETRIES {
            match openat2(&self.folder, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
                Err(Errno::AGAIN) => {}
                // Kernels before 5.6 do not have it, and some sandboxes refuse what they do not know.
                Err(Errno::NOSYS | Errno::PERM) => return self.open_stepwise(path, flags),
                opened => return opened,
            }
        }
        Err(Errno::AGAIN)
    }

    /// The same with older means: one part at a time and never through a symlink, even where they are followed.
    pub(super) fn open_stepwise(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        let mut folder: Option<OwnedFd> = None;
        while let Some(part) = parts.next() {
            if part == b".." {
                return Err(Errno::XDEV);
            }
            let at = folder.as_ref().map_or(self.folder.as_fd(), AsFd::as_fd);
            if parts.peek().is_none() {
                return openat(at, part, flags, Mode::empty());
            }
            let through = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            folder = Some(openat(at, part, through, Mode::empty())?);
        }
        Err(Errno::NOENT)
    }
}
