//! A collection's root with the rules that hold in it: what walking and explaining have in common.

use std::{mem::MaybeUninit, os::fd::OwnedFd};

use rustix::{
    fs::{FileType, OFlags},
    io::Errno,
};

use super::{
    Root, ScanError, ScanOptions, Skip,
    filter::{Candidate, Filter},
    ignore_file::{self, IgnoreFile, MAX_SIZE},
    listing::{Kind, Listing, look_at},
    litter::releases,
    repository::Repository,
    walk::FOLDER,
};
use crate::model::Fingerprint;

/// A root, its filter, and its limits.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) root: Root,
    pub(super) filter: Filter,
    /// How many bytes of a path lead from the top of the repository to the root.
    pub(super) base: usize,
    pub(super) follow_symlinks: bool,
    gitignore: bool,
    max_file_size: u64,
}

/// Where a walk or an explanation stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The path from the top of the repository; a folder's ends in a slash.
    pub(super) path: Vec<u8>,
    /// The ignore files in force, the weightiest last.
    pub(super) ignores: Vec<IgnoreFile>,
}

impl Place {
    /// The last part of the path, which begins at `start`, as something to be judged.
    pub(super) fn candidate(&self, start: usize, is_folder: bool) -> Candidate<'_> {
        Candidate { full: &self.path, name: &self.path[start..], is_folder }
    }
}

impl Site {
    /// Opens a collection's root. The place is the root's, with the rules from above it.
    ///
    /// # Errors
    /// When the root is missing, is no folder, or cannot be read, or a file with rules above it cannot.
    pub(super) fn open(options: &ScanOptions) -> Result<(Self, Place), ScanError> {
        let root = Root::open(&options.root, options.follow_symlinks)?;
        let unreadable = |reason| ScanError::Unreadable { path: options.root.clone(), reason };
        let repository =
            if options.gitignore { Repository::of(&options.root).map_err(unreadable)? } else { Repository::default() };
        let base = repository.prefix.len();
        let site = Self {
            root,
            filter: Filter::new(options, base),
            base,
            follow_symlinks: options.follow_symlinks,
            gitignore: options.gitignore,
            max_file_size: options.max_file_size,
        };
        Ok((site, Place { path: repository.prefix, ignores: repository.ignores }))
    }

    /// The part of a path that begins at the root, as it can be shown.
    pub(super) fn shown(&self, path: &[u8]) -> String {
        String::from_utf8_lossy(&path[self.base..]).into_owned()
    }

    /// Puts the ignore files of the folder at `place` in force. `present` says which of them there may be.
    ///
    /// # Errors
    /// When one cannot be read: then nobody knows what it would keep from being uploaded.
    pub(super) fn honour(
        &self,
        folder: &OwnedFd,
        present: [bool; ignore_file::NAMES.len()],
        place: &mut Place,
    ) -> Result<(), String> {
        for (name, _) in ignore_file::NAMES.iter().zip(present).filter(|(_, present)| self.gitignore && *present) {
            let shown = format!("{}{name}", self.shown(&place.path));
            let file = IgnoreFile::read(folder, name, shown.clone(), place.path.len());
            place.ignores.extend(file.map_err(|error| format!("{shown} cannot be read: {error}"))?);
            if place.ignores.iter().map(|file| file.size).sum::<u64>() > MAX_SIZE {
                return Err(format!("{shown} and the ignore files of the folders above have more than 4 MiB of rules"));
            }
        }
        Ok(())
    }

    /// Reads the folder at `place` and keeps what may be or hold documents, in the order of the keys. Its ignore files
    /// are in force afterwards. `included` says whether `include` takes what no pattern speaks of.
    ///
    /// # Errors
    /// When the folder or one of its ignore files cannot be read.
    pub(super) fn read(
        &self,
        folder: &OwnedFd,
        included: bool,
        place: &mut Place,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Result<Listing, String> {
        let mut listing = Listing::read(folder, buffer).map_err(|error| error.to_string())?;
        self.honour(folder, listing.ignore_files, place)?;
        let start = place.path.len();
        let releases = self.release_folders(&listing, place);
        listing.keep(|name, kind| {
            if kind == Kind::Folder && releases.iter().any(|folder| folder == name) {
                return None;
            }
            place.path.truncate(start);
            place.path.extend_from_slice(name);
            let kind = self.kept(place, start, included, kind)?;
            Some(if std::str::from_utf8(name).is_ok() { kind } else { Kind::Skipped(Skip::NotUtf8) })
        });
        place.path.truncate(start);
        Ok(listing)
    }

    /// The folders of releases in the folder at `place`, whose names are in `listing`: a link beside each is the stable name of
    /// what is in it.
    fn release_folders(&self, listing: &Listing, place: &mut Place) -> Vec<Vec<u8>> {
        let start = place.path.len();
        let mut folders = Vec::new();
        for entry in listing.entries.iter().filter(|entry| entry.kind == Kind::Symlink) {
            place.path.extend_from_slice(listing.name(*entry));
            let target = self.root.version_of_link(&place.path[self.base..]);
            let folder = target.as_deref().and_then(releases).filter(|folder| !self.filter.names(folder));
            if let Some(folder) = folder
                && self.kept(place, start, false, Kind::Symlink) == Some(Kind::LinkedFolder)
            {
                folders.push(folder.to_vec());
            }
            place.path.truncate(start);
        }
        folders
    }

    /// Whether the last part of a place, which begins at `start`, is such a folder.
    pub(super) fn is_release_folder(&self, place: &Place, start: usize) -> bool {
        let (above, name) = place.path.split_at(start);
        let below = &above[self.base..];
        let listed = self
            .root
            .open_below(below.strip_suffix(b"/").unwrap_or(below), FOLDER)
            .and_then(|folder| Listing::read(&folder, &mut [MaybeUninit::uninit(); 4096]));
        let mut above = Place { path: above.to_vec(), ignores: place.ignores.clone() };
        listed.is_ok_and(|listing| self.release_folders(&listing, &mut above).iter().any(|folder| folder == name))
    }

    /// What the entry at `place` is to be taken for; `None` for one that is left out.
    fn kept(&self, place: &Place, start: usize, included: bool, kind: Kind) -> Option<Kind> {
        let takes_file = || self.filter.takes_file(&place.ignores, place.candidate(start, false), included);
        let enters = || self.filter.refusal(&place.ignores, place.candidate(start, true)).is_none();
        match kind {
            Kind::Folder => enters().then_some(kind),
            Kind::Symlink => match self.followed(&place.path) {
                Kind::LinkedFolder => enters().then_some(Kind::LinkedFolder),
                // It may have led to a folder before, and may again.
                Kind::Skipped(Skip::SymlinkBroken) if !takes_file() && self.leads_into_version(&place.path) => {
                    enters().then_some(Kind::LinkedFolder)
                }
                followed => takes_file().then_some(followed),
            },
            _ => takes_file().then_some(kind),
        }
    }

    /// Opens the folder that a link in the folder at `above` leads to: any that is followed, or one to a version.
    pub(super) fn open_link(&self, above: &[u8], name: &[u8]) -> Option<OwnedFd> {
        let path = [&above[self.base..], name].concat();
        self.root.open_below(&path, FOLDER).ok()
    }

    fn leads_into_version(&self, path: &[u8]) -> bool {
        self.root.version_of_link(&path[self.base..]).is_some()
    }

    /// What a symlink leads to.
    pub(super) fn followed(&self, path: &[u8]) -> Kind {
        match self.look_below(path, OFlags::empty()).map(|(file_type, _)| Kind::of(file_type)) {
            Ok(Kind::File) => Kind::LinkedFile,
            Ok(Kind::Folder) => Kind::LinkedFolder,
            // Where the system lacks the means to follow safely, the link itself is what was opened.
            Ok(Kind::Symlink) => Kind::Skipped(Skip::Symlink),
            Ok(other) => other,
            Err(Errno::XDEV) => Kind::Skipped(Skip::SymlinkOutside),
            Err(Errno::LOOP) if !self.follow_symlinks => Kind::Skipped(Skip::Symlink),
            Err(Errno::LOOP) => Kind::Skipped(Skip::SymlinkLoop),
            Err(_) => Kind::Skipped(Skip::SymlinkBroken),
        }
    }

    /// Whether what a look shows can be synced.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn checked(&self, file_type: FileType, fingerprint: Fingerprint) -> Result<Fingerprint, Skip> {
        match (file_type, fingerprint.size) {
            (FileType::RegularFile, 0) => Err(Skip::Empty),
            (FileType::RegularFile, size) if size > self.max_file_size => {
                Err(Skip::TooLarge { size, limit: self.max_file_size })
            }
            (FileType::RegularFile, _) => Ok(fingerprint),
            (FileType::Symlink, _) => Err(Skip::Symlink),
            _ => Err(Skip::Special),
        }
    }

    /// Looks at what is at a path, through the symlinks that lead to it, or with `NOFOLLOW` in `flags` not through
    /// the last one.
    pub(super) fn look_below(&self, path: &[u8], flags: OFlags) -> rustix::io::Result<(FileType, Fingerprint)> {
        look_at(self.root.open_below(&path[self.base..], OFlags::PATH | flags)?)
    }
}
