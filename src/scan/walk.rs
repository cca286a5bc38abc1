//! The walk: every document of a collection, in the order of the keys.

use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    fs::{FileType, Mode, OFlags, fstat, openat},
    io::Errno,
};

use super::{
    Found, Reach, ScanError, ScanOptions, Skip, Watch,
    explain::is_entered,
    listing::{Entry, Kind, Listing, look},
    reach::{Descended, descend},
    site::{Place, Site},
};
use crate::model::{DocPath, Moment};

/// A walk through a collection's folder. It yields what it finds in the order of [`DocPath`]s.
#[derive(Debug)]
pub struct Walk {
    site: Site,
    /// The place of the root.
    top: Place,
    place: Place,
    /// Who is told of every folder before it is read.
    watch: Option<Arc<Watch>>,
    reach: Reach,
    mounts: Vec<String>,
    /// The ignore files that it has honoured, by their paths, with when they were written.
    rules: Vec<(String, Moment)>,
    /// Device and inode of each folder above the one that the walk began with.
    above: Vec<(u64, u64)>,
    /// The folders on the way to where the walk is; the one that it began with first.
    frames: Vec<Frame>,
    buffer: Vec<MaybeUninit<u8>>,
}

/// A folder that the walk is in.
#[derive(Debug)]
struct Frame {
    /// `None` while the walk is so far below that the folder was closed.
    folder: Option<OwnedFd>,
    /// Device and inode.
    identity: (u64, u64),
    listing: Listing,
    /// The next of the listing's entries.
    next: usize,
    /// How long the path of this folder is, with the slash at its end.
    path_len: usize,
    /// How many ignore files are in force above this folder.
    ignores_above: usize,
    /// Whether `include` takes what no pattern speaks of in this folder.
    included: bool,
    /// Whether a symlink led here, which may lead elsewhere before the folder is done.
    is_linked: bool,
}

/// The folders that are held open at most; those above are opened again on the way back.
const MAX_OPEN: usize = 64;

/// The longest path of a folder that is entered, in bytes: the system takes 4,096 with a file's name and a NUL.
const MAX_PATH: usize = 3_800;

/// What the system writes the names of a folder to, in bytes.
const NAMES_BUFFER: usize = 64 * 1024;

/// How a folder is opened to be read.
pub(super) const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// With these nothing but the folder itself is opened: no link to one, and no FIFO that took its place.
pub(super) const ITSELF: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

/// The device and inode of an open folder.
pub(super) fn identity(folder: impl AsFd) -> rustix::io::Result<(u64, u64)> {
    fstat(folder).map(|stat| (stat.st_dev, stat.st_ino))
}

impl Walk {
    /// Opens the root and reads its names.
    ///
    /// # Errors
    /// When the root is missing, is no folder, or cannot be read, or a file with rules for it cannot.
    pub fn new(options: &ScanOptions) -> Result<Self, ScanError> {
        Self::part(options, None, b"", true)
    }

    /// The same for a part: `folder`, given by its path below the root, and with `deep` all that is below it. Without
    /// `deep` the folders in it that `watch` knows are passed over, for what changes in them is told by their own
    /// watches. Where there is no such folder any more, the part is the nearest folder above it.
    ///
    /// # Errors
    /// As [`Walk::new`], also where a folder on the way cannot be read.
    pub fn part(
        options: &ScanOptions,
        watch: Option<Arc<Watch>>,
        folder: &[u8],
        deep: bool,
    ) -> Result<Self, ScanError> {
        let unreadable = |reason| ScanError::Unreadable { path: options.root.clone(), reason };
        let (site, mut place) = Site::open(options)?;
        let top = place.clone();
        let opened = descend(&site, &mut place, folder).map_err(unreadable)?;
        let buffer = vec![MaybeUninit::uninit(); NAMES_BUFFER];
        let (mounts, above, frames) = (Vec::new(), Vec::new(), Vec::new());
        let (reach, rules) = (Reach::default(), Vec::new());
        let mut walk = Self { site, top, place, watch, reach, mounts, rules, above, frames, buffer };
        let Some(Descended { folder, included, is_linked, above }) = opened else { return Ok(walk) };
        walk.above = above;
        walk.reach = Reach::of(&walk.place.path[walk.site.base..]);
        let new = walk.tell();
        walk.enter(folder, included, is_linked).map_err(unreadable)?;
        match (deep, new) {
            (true, _) => {}
            (false, true) => walk.reach.freshen(&walk.place.path[walk.site.base..]),
            (false, false) => walk.pass_over(),
        }
        Ok(walk)
    }

    /// What this walk speaks for.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Tells the watch of the folder that the place is. Gives whether it is new to it.
    fn tell(&self) -> bool {
        let folder = &self.place.path[self.site.base..];
        let folder = folder.strip_suffix(b"/").unwrap_or(folder);
        self.watch.as_ref().is_none_or(|watch| watch.enter(folder))
    }

    /// Leaves out the folders of the first one that the watch knows.
    fn pass_over(&mut self) {
        let Some(mut frame) = self.frames.pop() else { return };
        let mut entries = std::mem::take(&mut frame.listing.entries);
        entries.retain(|entry| {
            if !entry.kind.is_folder() {
                return true;
            }
            self.place.path.truncate(frame.path_len);
            self.place.path.extend_from_slice(frame.listing.name(*entry));
            self.place.path.push(b'/');
            let (new, folder) = (self.tell(), &self.place.path[self.site.base..]);
            match new {
                true => self.reach.freshen(folder),
                false => self.reach.pass_over(folder.to_vec()),
            }
            new
        });
        frame.listing.entries = entries;
        self.frames.push(frame);
    }

    /// The folders that it has gone into and that are on another device than the folder above them, by their paths; and the
    /// ignore files that it has honoured, by their paths below the root or from the system's, with when they were written.
    pub fn end(self) -> (Vec<String>, Vec<(String, Moment)>) {
        (self.mounts, self.rules)
    }

    /// Reads the folder whose path, with a slash at its end, is the place, and goes into it. What it gives is why the
    /// folder is skipped, if it is.
    fn enter(&mut self, folder: OwnedFd, included: bool, is_linked: bool) -> Result<Option<Skip>, String> {
        let identity = identity(&folder).map_err(|error| error.to_string())?;
        if self.site.follow_symlinks && self.is_above(identity) {
            return Ok(Some(Skip::SymlinkLoop));
        }
        if self.frames.last().is_some_and(|above| above.identity.0 != identity.0) {
            let path = self.site.shown(&self.place.path);
            self.mounts.push(path.strip_suffix('/').unwrap_or(&path).to_owned());
        }
        let ignores_above = self.place.ignores.len();
        let path_len = self.place.path.len();
        let listing = self.site.read(&folder, included, &mut self.place, &mut self.buffer);
        let listing = listing.inspect_err(|_| self.place.ignores.truncate(ignores_above))?;
        // The first folder brings those above it as well.
        let noted = if self.frames.is_empty() { 0 } else { ignores_above };
        self.rules.extend(self.place.ignores[noted..].iter().map(|file| (file.shown.clone(), file.written)));
        let folder = Some(folder);
        self.frames.push(Frame { folder, identity, listing, next: 0, path_len, ignores_above, included, is_linked });
        if let Some(far) = self.frames.len().checked_sub(MAX_OPEN + 1) {
            self.frames[far].folder = None;
        }
        Ok(None)
    }

    /// Whether the walk is in this folder, wherever that is.
    fn is_above(&self, identity: (u64, u64)) -> bool {
        self.above.contains(&identity) || self.frames.iter().any(|frame| frame.identity == identity)
    }

    /// Whether a symlink leads from a folder that a symlink led to, to one that the walk enters by its own path. Folders that
    /// link to each other would be entered by every way through them.
    fn is_entered_otherwise(&self, folder: &OwnedFd) -> bool {
        self.site.follow_symlinks
            && self.frames.iter().any(|frame| frame.is_linked)
            && identity(folder).is_ok_and(|identity| !self.is_above(identity))
            && is_entered(&self.site, &self.top, folder)
    }

    /// Leaves the folder that is done, for the one above it.
    fn leave(&mut self) -> Option<Found> {
        let done = self.frames.pop()?;
        self.place.ignores.truncate(done.ignores_above);
        if done.is_linked && self.was_replaced(&done) {
            self.place.path.truncate(done.path_len);
            return Some(self.unreadable("it was replaced while it was read; the next pass reads it again".to_owned()));
        }
        let above = self.frames.last_mut().filter(|frame| frame.folder.is_none())?;
        self.place.path.truncate(above.path_len);
        let path = &self.place.path[self.site.base..];
        match self.site.root.open_below(path.strip_suffix(b"/").unwrap_or(path), FOLDER) {
            Ok(folder) => {
                above.folder = Some(folder);
                None
            }
            Err(error) => {
                above.next = above.listing.entries.len();
                Some(self.unreadable(error.to_string()))
            }
        }
    }

    /// Whether another folder is at the path of one that is done. What went with it is not known to be gone.
    fn was_replaced(&self, done: &Frame) -> bool {
        let path = &self.place.path[self.site.base..done.path_len];
        let now = self.site.root.open_below(path.strip_suffix(b"/").unwrap_or(path), FOLDER).and_then(identity);
        now != Ok(done.identity)
    }

    /// Looks at an entry of the folder that the walk is in; the place is its path, whose last part begins at `start`.
    fn visit(&mut self, entry: Entry, start: usize) -> Option<Found> {
        match entry.kind {
            Kind::File | Kind::LinkedFile => self.file(entry),
            Kind::Folder | Kind::LinkedFolder => self.folder(entry, start),
            Kind::Symlink => Some(self.skipped(Skip::Symlink)),
            Kind::Skipped(reason) => Some(self.skipped(reason)),
        }
    }

    fn file(&self, entry: Entry) -> Option<Found> {
        let frame = self.frames.last()?;
        let look = match entry.kind {
            Kind::LinkedFile => self.site.look_below(&self.place.path, OFlags::empty()),
            _ => look(frame.folder.as_ref()?, frame.listing.c_name(entry)),
        };
        let (file_type, fingerprint) = match look {
            Ok(look) => look,
            // It went away since its folder was read, which is as if it had gone before.
            Err(Errno::NOENT) if entry.kind == Kind::LinkedFile && self.is_link() => {
                return Some(self.skipped(Skip::SymlinkBroken));
            }
            Err(Errno::NOENT) => return None,
            Err(error) => return Some(self.unreadable(error.to_string())),
        };
        let Some(path) = self.key() else { return Some(self.skipped(Skip::NotUtf8)) };
        Some(match self.site.checked(file_type, fingerprint) {
            Ok(fingerprint) => Found::Document { path, fingerprint },
            Err(reason) => self.skipped(reason),
        })
    }

    fn folder(&mut self, entry: Entry, start: usize) -> Option<Found> {
        if self.place.path.len() - self.site.base > MAX_PATH {
            return Some(self.unreadable(format!("its path is longer than {MAX_PATH} bytes; nest it less deeply")));
        }
        let frame = self.frames.last()?;
        let included = self.site.filter.includes(self.place.candidate(start, true), frame.included);
        let opened = match entry.kind {
            Kind::LinkedFolder => self.site.root.open_below(&self.place.path[self.site.base..], FOLDER),
            _ => openat(frame.folder.as_ref()?, frame.listing.c_name(entry), FOLDER | ITSELF, Mode::empty()),
        };
        let folder = match opened {
            Ok(folder) => folder,
            Err(Errno::NOENT) if entry.kind == Kind::LinkedFolder && self.is_link() => {
                return Some(self.unreadable("it is a symlink to nothing".to_owned()));
            }
            Err(Errno::NOENT) => return None,
            Err(error) => return Some(self.unreadable(error.to_string())),
        };
        if entry.kind == Kind::LinkedFolder && self.is_entered_otherwise(&folder) {
            let path = self.site.shown(&self.place.path);
            return Some(Found::Skipped { path, document: None, reason: Skip::SymlinkTwice });
        }
        let len = self.place.path.len();
        self.place.path.push(b'/');
        // Before it is read: what comes after that is told.
        self.tell();
        let entered = self.enter(folder, included, entry.kind == Kind::LinkedFolder);
        match entered {
            Ok(None) => None,
            Ok(Some(reason)) => {
                self.place.path.truncate(len);
                // It stands where the keys below it would, which is not where a key of its own would.
                Some(Found::Skipped { path: self.site.shown(&self.place.path), document: None, reason })
            }
            Err(error) => {
                self.place.path.truncate(len);
                Some(self.unreadable(error))
            }
        }
    }

    /// Whether a symlink is at the place, wherever it leads.
    fn is_link(&self) -> bool {
        let look = self.site.look_below(&self.place.path, OFlags::NOFOLLOW);
        matches!(look, Ok((FileType::Symlink, _)))
    }

    fn key(&self) -> Option<DocPath> {
        std::str::from_utf8(&self.place.path[self.site.base..]).ok().and_then(|key| DocPath::new(key).ok())
    }

    fn skipped(&self, reason: Skip) -> Found {
        Found::Skipped { path: self.site.shown(&self.place.path), document: self.key(), reason }
    }

    fn unreadable(&self, error: String) -> Found {
        let path = self.site.shown(&self.place.path);
        Found::Unreadable { path: path.strip_suffix('/').unwrap_or(&path).to_owned(), error }
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let frame = self.frames.last_mut()?;
            let found = match frame.listing.entries.get(frame.next).copied() {
                Some(entry) => {
                    frame.next += 1;
                    let start = frame.path_len;
                    self.place.path.truncate(start);
                    self.place.path.extend_from_slice(frame.listing.name(entry));
                    self.visit(entry, start)
                }
                None => self.leave(),
            };
            if found.is_some() {
                return found;
            }
        }
    }
}
