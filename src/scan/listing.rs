//! The names in one folder, in the order of the keys below it.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    ffi::{CStr, CString},
    mem::MaybeUninit,
    os::fd::AsFd,
};

use rustix::{
    fs::{AtFlags, FileType, RawDir, StatxFlags, statx},
    io,
};

use super::{Skip, ignore_file, placeholder};
use crate::model::Fingerprint;

/// One folder's names. They lie one after another in one piece of memory, for a folder can hold a million.
#[derive(Debug, Default)]
pub(super) struct Listing {
    names: Vec<u8>,
    /// The entries; sorted once [`Listing::sort`] was called.
    pub(super) entries: Vec<Entry>,
    /// Which of [`ignore_file::NAMES`] are among them.
    pub(super) ignore_files: [bool; ignore_file::NAMES.len()],
}

/// One name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    start: usize,
    len: u16,
    pub(super) kind: Kind,
}

/// What bears the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Symlink,
    /// A symlink that is followed to a file.
    LinkedFile,
    /// A symlink that is followed to a folder.
    LinkedFolder,
    /// What cannot be synced, whatever it is.
    Skipped(Skip),
}

impl Kind {
    pub(super) fn of(file_type: FileType) -> Self {
        match file_type {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Symlink,
            _ => Self::Skipped(Skip::Special),
        }
    }

    pub(super) fn is_folder(self) -> bool {
        matches!(self, Self::Folder | Self::LinkedFolder)
    }
}

impl Listing {
    /// Reads the names in an open folder, with `buffer` for the system's answers.
    ///
    /// # Errors
    /// When the folder cannot be read to its end.
    pub(super) fn read(folder: impl AsFd, buffer: &mut [MaybeUninit<u8>]) -> io::Result<Self> {
        let mut listing = Self::default();
        let mut names = RawDir::new(folder.as_fd(), buffer);
        while let Some(entry) = names.next() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let file_type = match entry.file_type() {
                // Some file systems do not tell.
                FileType::Unknown => match type_of(&folder, name) {
                    Err(io::Errno::NOENT) => continue,
                    looked_up => looked_up?,
                },
                told => told,
            };
            listing.push(name, Kind::of(file_type));
        }
        listing.add_placeholders();
        Ok(listing)
    }

    /// Adds the names of files that others stand for, and that are not there themselves.
    fn add_placeholders(&mut self) {
        let stand_for = |entry: &Entry| placeholder::stands_for(self.name(*entry)).map(<[u8]>::to_vec);
        let found = self.entries.iter().filter(|entry| entry.kind == Kind::File).filter_map(stand_for);
        let mut found: BTreeSet<Vec<u8>> = found.collect();
        if found.is_empty() {
            return;
        }
        for entry in &self.entries {
            found.remove(self.name(*entry));
        }
        for name in found.into_iter().filter_map(|name| CString::new(name).ok()) {
            self.push(&name, Kind::Skipped(Skip::Placeholder));
        }
    }

    fn push(&mut self, name: &CStr, kind: Kind) {
        for (present, ignore_file) in self.ignore_files.iter_mut().zip(ignore_file::NAMES) {
            *present |= name.to_bytes() == ignore_file.as_bytes();
        }
        let len = u16::try_from(name.to_bytes().len()).expect("a name has at most 255 bytes");
        self.entries.push(Entry { start: self.names.len(), len, kind });
        self.names.extend_from_slice(name.to_bytes_with_nul());
    }

    /// The bytes of a name.
    pub(super) fn name(&self, entry: Entry) -> &[u8] {
        name_in(&self.names, entry)
    }

    /// The name as the system wants it.
    pub(super) fn c_name(&self, entry: Entry) -> &CStr {
        let with_nul = &self.names[entry.start..=entry.start + usize::from(entry.len)];
        CStr::from_bytes_with_nul(with_nul).expect("names are stored with their NUL")
    }

    /// Keeps the entries for which `kind` gives what they are to be taken for, and sorts them.
    pub(super) fn keep(&mut self, mut kind: impl FnMut(&[u8], Kind) -> Option<Kind>) {
        let names = &self.names;
        self.entries.retain_mut(|entry| match kind(name_in(names, *entry), entry.kind) {
            Some(kind) => {
                entry.kind = kind;
                true
            }
            None => false,
        });
        self.entries.sort_unstable_by(|a, b| key_order(name_in(names, *a), a.kind, name_in(names, *b), b.kind));
    }
}

fn name_in(names: &[u8], entry: Entry) -> &[u8] {
    &names[entry.start..entry.start + usize::from(entry.len)]
}

/// The order of the keys below two names: a folder's name counts as if it ended in a slash.
fn key_order(a: &[u8], a_kind: Kind, b: &[u8], b_kind: Kind) -> Ordering {
    let common = a.len().min(b.len());
    let next = |name: &[u8], kind: Kind| match name.get(common) {
        Some(byte) => Some(*byte),
        None => kind.is_folder().then_some(b'/'),
    };
    a[..common].cmp(&b[..common]).then_with(|| next(a, a_kind).cmp(&next(b, b_kind)))
}

fn type_of(folder: impl AsFd, name: &CStr) -> io::Result<FileType> {
    let look = statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE)?;
    Ok(FileType::from_raw_mode(look.stx_mode.into()))
}

/// A cheap look at a name in a folder: what kind of file it is and its fingerprint. Symlinks are not followed.
pub(super) fn look(folder: impl AsFd, name: &CStr) -> io::Result<(FileType, Fingerprint)> {
    look_with(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// The same look at an open file.
pub(super) fn look_at(file: impl AsFd) -> io::Result<(FileType, Fingerprint)> {
    look_with(file, c"", AtFlags::EMPTY_PATH)
}

fn look_with(folder: impl AsFd, name: &CStr, flags: AtFlags) -> io::Result<(FileType, Fingerprint)> {
    let times = StatxFlags::MTIME | StatxFlags::CTIME | StatxFlags::BTIME;
    let wanted = StatxFlags::TYPE | StatxFlags::SIZE | times | StatxFlags::INO;
    let look = statx(folder, name, flags, wanted)?;
    let nanoseconds = |time: rustix::fs::StatxTimestamp| {
        time.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(time.tv_nsec))
    };
    let fingerprint = Fingerprint {
        size: look.stx_size,
        mtime_ns: nanoseconds(look.stx_mtime),
        ctime_ns: nanoseconds(look.stx_ctime),
        inode: look.stx_ino,
        born_ns: (look.stx_mask & StatxFlags::BTIME.bits() != 0).then(|| nanoseconds(look.stx_btime)),
    };
    Ok((FileType::from_raw_mode(look.stx_mode.into()), fingerprint))
}
