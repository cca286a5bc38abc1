//! A part of a collection's folder: the way down to it, and what a walk through it can speak for.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{Mode, openat},
    io::Errno,
};

use super::{
    ignore_file,
    litter::is_release,
    site::{Place, Site},
    walk::{FOLDER, ITSELF, identity},
};
use crate::model::DocPath;

/// What a walk speaks for: a document in its reach that it does not find is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The path of the folder, with a slash at its end unless it is the root; `None` where the filter leaves it out.
    folder: Option<Vec<u8>>,
    /// The folders in it that are not gone into, each with a slash at its end, sorted.
    passed_over: Vec<Vec<u8>>,
    /// The folders that the watch did not know before.
    fresh: Vec<Vec<u8>>,
}

impl Reach {
    pub(super) fn of(folder: &[u8]) -> Self {
        Self { folder: Some(folder.to_vec()), ..Self::default() }
    }

    pub(super) fn freshen(&mut self, folder: &[u8]) {
        self.fresh.push(folder.strip_suffix(b"/").unwrap_or(folder).to_vec());
    }

    /// The folders that this walk is the first to go into since they are watched. Another walk through the same part
    /// passes them over, so whoever has not done with them must name them.
    pub fn fresh(&self) -> &[Vec<u8>] {
        &self.fresh
    }

    pub(super) fn pass_over(&mut self, folder: Vec<u8>) {
        self.passed_over.push(folder);
    }

    /// What the keys of all documents in reach begin with; `None` where there can be none.
    pub fn prefix(&self) -> Option<&str> {
        std::str::from_utf8(self.folder.as_deref()?).ok()
    }

    /// Whether a document whose key begins with [`Reach::prefix`] is in reach.
    pub fn covers(&self, path: &DocPath) -> bool {
        let key = path.as_str().as_bytes();
        let after = self.passed_over.partition_point(|folder| folder.as_slice() <= key);
        after == 0 || !key.starts_with(&self.passed_over[after - 1])
    }
}

/// A folder that was gone down to.
pub(super) struct Descended {
    pub(super) folder: OwnedFd,
    /// Whether `include` takes what no pattern speaks of there.
    pub(super) included: bool,
    /// Whether a symlink was on the way.
    pub(super) is_linked: bool,
    /// Device and inode of each folder on the way, which a loop of symlinks would meet again.
    pub(super) above: Vec<(u64, u64)>,
}

/// Goes down to a folder below the root, or as far as there are folders on the way. The place is where it ended; `None`
/// where the filter leaves it out.
///
/// # Errors
/// When a folder on the way, or one of its ignore files, cannot be read.
pub(super) fn descend(site: &Site, place: &mut Place, folder: &[u8]) -> Result<Option<Descended>, String> {
    let mut at = site.root.open_below(b"", FOLDER).map_err(|error| error.to_string())?;
    let (mut included, mut is_linked, mut above) = (false, false, Vec::new());
    let mut parts = folder.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let below = match openat(&at, part, FOLDER | ITSELF, Mode::empty()) {
            Ok(below) => below,
            // It went, or is no folder any more: the one above it shows what has become of it.
            // A link that is followed, as one to a version is, is a folder too.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => match site.open_link(&place.path, part) {
                Some(below) => {
                    is_linked = true;
                    below
                }
                None => break,
            },
            Err(error) => {
                return Err(format!("{}{}: {error}", site.shown(&place.path), String::from_utf8_lossy(part)));
            }
        };
        site.honour(&at, [true; ignore_file::NAMES.len()], place)?;
        let start = place.path.len();
        place.path.extend_from_slice(part);
        let may_hold_releases = parts.peek().is_none_or(|below| is_release(below));
        if site.filter.refusal(&place.ignores, place.candidate(start, true)).is_some()
            || may_hold_releases && site.is_release_folder(place, start)
        {
            return Ok(None);
        }
        included = site.filter.includes(place.candidate(start, true), included);
        place.path.push(b'/');
        above.push(identity(&at).map_err(|error| error.to_string())?);
        at = below;
    }
    Ok(Some(Descended { folder: at, included, is_linked, above }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_over_is_out_of_reach() {
        let mut reach = Reach::of(b"a/");
        for folder in ["a/b/", "a/d/", "a/d0/"] {
            reach.pass_over(folder.into());
        }
        let covers = |path| reach.covers(&DocPath::new(path).unwrap());
        assert_eq!(reach.prefix(), Some("a/"));
        assert!(["a/a.md", "a/b.md", "a/c/x.md", "a/d.md", "a/e/f.md"].into_iter().all(covers));
        assert!(!["a/b/x.md", "a/b/c/x.md", "a/d/x.md", "a/d0/x.md"].into_iter().any(covers));
        assert_eq!(Reach::default().prefix(), None);
    }
}
