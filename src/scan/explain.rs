//! Why a path is a document of a collection, or is not.

use std::{fmt, os::fd::OwnedFd};

use rustix::{
    fs::{FileType, OFlags, fstat},
    io::Errno,
};

use super::{
    ScanError, ScanOptions, Skip,
    filter::Refusal,
    ignore_file,
    listing::Kind,
    litter::is_release,
    site::{Place, Site},
};
use crate::model::{DocPath, Fingerprint};

/// Why a path is a document, or is not. `at` is the path that the rule matched: the file's own or a folder's above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// It is a document.
    Document {
        /// The pattern of `include` that takes it.
        pattern: String,
        /// What it looks like.
        fingerprint: Fingerprint,
    },
    /// It is, or is in, a folder that kbsync never enters.
    Reserved {
        /// What is reserved.
        at: String,
    },
    /// It is, or is in, what is left out by default: it is temporary, trash, an older version or a conflict copy.
    Litter {
        /// What is left out.
        at: String,
    },
    /// It is in a folder of releases, and a symlink beside that is the stable name of what is in one.
    Release {
        /// The folder.
        at: String,
    },
    /// A pattern of `exclude` leaves it out.
    Excluded {
        /// The pattern.
        pattern: String,
        /// What it matched.
        at: String,
    },
    /// A rule of an ignore file leaves it out.
    Ignored {
        /// The ignore file: below the root, or with its full path where it is above.
        file: String,
        /// The rule's line, from 1.
        line: usize,
        /// The rule.
        pattern: String,
        /// What it matched.
        at: String,
    },
    /// No pattern of `include` takes it.
    NotIncluded {
        /// The pattern that takes it back, if one does.
        pattern: Option<String>,
    },
    /// The platform does not take files of this extension.
    Unaccepted {
        /// The extension; empty where there is none.
        extension: String,
    },
    /// The filter takes it, and it cannot be synced.
    Skipped(Skip),
    /// It is a folder, and what is in it is looked at.
    Folder,
    /// There is no such file.
    Missing,
    /// It cannot be looked at.
    Unreadable(String),
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document { pattern, .. } => write!(f, "it is a document: `include` takes it by `{pattern}`"),
            Self::Reserved { at } => write!(f, "it is left out: `{at}` belongs to git or to kbsync"),
            Self::Litter { at } => write!(
                f,
                "it is left out: `{at}` is a temporary file, trash, an older version or a conflict copy by its name; to \
                 take it, name it in `include`"
            ),
            Self::Release { at } => write!(
                f,
                "it is left out: a symlink beside `{at}` leads into it, and what is there is synced by the link's name; to \
                 take all of `{at}`, name it in `include`"
            ),
            Self::Excluded { pattern, at } => write!(f, "it is left out: `exclude` has `{pattern}`, matched by `{at}`"),
            Self::Ignored { file, line, pattern, at } => {
                write!(f, "it is left out: {file}:{line} has `{pattern}`, matched by `{at}`")
            }
            Self::NotIncluded { pattern: None } => f.write_str("it is left out: no pattern of `include` matches it"),
            Self::NotIncluded { pattern: Some(pattern) } => {
                write!(f, "it is left out: `include` takes it back by `{pattern}`")
            }
            Self::Unaccepted { extension } if extension.is_empty() => {
                f.write_str("it is left out: the platform takes no files without an extension")
            }
            Self::Unaccepted { extension } => write!(f, "it is left out: the platform takes no `.{extension}` files"),
            Self::Skipped(reason) => write!(f, "it is skipped: {reason}"),
            Self::Folder => f.write_str("it is a folder; what is in it is looked at"),
            Self::Missing => f.write_str("there is no such file"),
            Self::Unreadable(error) => write!(f, "it cannot be looked at: {error}"),
        }
    }
}

/// Explains a path as a walk with the same options would see it.
///
/// # Errors
/// When the root cannot be looked at.
pub fn explain(options: &ScanOptions, path: &DocPath) -> Result<Explanation, ScanError> {
    let (site, top) = Site::open(options)?;
    let mut look =
        Look { site: &site, top: &top, place: top.clone(), pattern: None, is_linked: false, above: Vec::new() };
    Ok(match look.descend(path) {
        Ok(start) => look.judge(path, start),
        Err(explanation) => explanation,
    })
}

/// Whether a walk enters an open folder by its own path, without a symlink. `top` is the place of the root.
pub(super) fn is_entered(site: &Site, top: &Place, folder: &OwnedFd) -> bool {
    let path = site.root.path_of(folder).and_then(|path| DocPath::new(format!("{path}/x")).ok());
    let mut look = Look { site, top, place: top.clone(), pattern: None, is_linked: false, above: Vec::new() };
    path.is_some_and(|path| look.descend(&path).is_ok())
}

/// An explanation on its way down to the file.
struct Look<'s> {
    site: &'s Site,
    /// The place of the root.
    top: &'s Place,
    place: Place,
    /// The pattern of `include` that decides so far: its text, and whether it takes back.
    pattern: Option<(String, bool)>,
    /// Whether a symlink was on the way.
    is_linked: bool,
    /// Device and inode of each folder on the way, which a loop of symlinks would meet again.
    above: Vec<(u64, u64)>,
}

impl Look<'_> {
    /// Goes into every folder on the way, and gives where the last part of the path begins. The error is what is
    /// already known on the way.
    fn descend(&mut self, path: &DocPath) -> Result<usize, Explanation> {
        let mut parts = path.as_str().split('/').peekable();
        loop {
            self.honour()?;
            let start = self.place.path.len();
            self.place.path.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
            if parts.peek().is_none() {
                return Ok(start);
            }
            self.refused(start, true)?;
            if parts.peek().is_some_and(|below| is_release(below.as_bytes()))
                && self.site.is_release_folder(&self.place, start)
            {
                return Err(Explanation::Release { at: self.site.shown(&self.place.path) });
            }
            self.note_inclusion(start, true);
            self.place.path.push(b'/');
        }
    }

    /// Puts the ignore files of the folder that the place is in force.
    fn honour(&mut self) -> Result<(), Explanation> {
        let folder = self.open_folder().map_err(|error| match error {
            Errno::NOENT | Errno::NOTDIR => Explanation::Missing,
            Errno::LOOP => Explanation::Skipped(Skip::Symlink),
            Errno::XDEV => Explanation::Skipped(Skip::SymlinkOutside),
            error => Explanation::Unreadable(error.to_string()),
        })?;
        let stat = fstat(&folder).map_err(|error| Explanation::Unreadable(error.to_string()))?;
        if self.above.contains(&(stat.st_dev, stat.st_ino)) {
            return Err(Explanation::Skipped(Skip::SymlinkLoop));
        }
        let below = &self.place.path[..self.place.path.len().saturating_sub(1).max(self.site.base)];
        if matches!(self.site.look_below(below, OFlags::NOFOLLOW), Ok((FileType::Symlink, _)))
            && std::mem::replace(&mut self.is_linked, true)
            && self.site.follow_symlinks
            && is_entered(self.site, self.top, &folder)
        {
            return Err(Explanation::Skipped(Skip::SymlinkTwice));
        }
        self.above.push((stat.st_dev, stat.st_ino));
        self.site.honour(&folder, [true; ignore_file::NAMES.len()], &mut self.place).map_err(Explanation::Unreadable)
    }

    fn open_folder(&self) -> rustix::io::Result<OwnedFd> {
        let below = &self.place.path[self.site.base..];
        self.site.root.open_below(below.strip_suffix(b"/").unwrap_or(below), OFlags::RDONLY | OFlags::DIRECTORY)
    }

    fn refused(&self, start: usize, is_folder: bool) -> Result<(), Explanation> {
        let refusal = self.site.filter.refusal(&self.place.ignores, self.place.candidate(start, is_folder));
        let at = self.site.shown(&self.place.path);
        Err(match refusal {
            None => return Ok(()),
            Some(Refusal::Reserved) => Explanation::Reserved { at },
            Some(Refusal::Litter) => Explanation::Litter { at },
            Some(Refusal::Excluded(rule)) => Explanation::Excluded { pattern: rule.text.clone(), at },
            Some(Refusal::Ignored(file, rule)) => {
                Explanation::Ignored { file: file.shown.clone(), line: rule.line, pattern: rule.text.clone(), at }
            }
        })
    }

    fn note_inclusion(&mut self, start: usize, is_folder: bool) {
        if let Some(rule) = self.site.filter.inclusion(self.place.candidate(start, is_folder)) {
            self.pattern = Some((rule.text.clone(), rule.negated));
        }
    }

    fn judge(mut self, path: &DocPath, start: usize) -> Explanation {
        let looked = self.site.look_below(&self.place.path, OFlags::NOFOLLOW);
        let followed = match &looked {
            Ok((FileType::Symlink, _)) => Some(self.site.followed(&self.place.path)),
            _ => None,
        };
        let is_folder = followed.is_some_and(Kind::is_folder) || matches!(looked, Ok((FileType::Directory, _)));
        if let Err(refusal) = self.refused(start, is_folder) {
            return refusal;
        }
        if is_folder {
            return Explanation::Folder;
        }
        self.note_inclusion(start, false);
        let pattern = match self.pattern {
            Some((pattern, false)) => pattern,
            taken_back => return Explanation::NotIncluded { pattern: taken_back.map(|(pattern, _)| pattern) },
        };
        if !self.site.filter.accepts(&self.place.path[start..]) {
            return Explanation::Unaccepted { extension: path.extension() };
        }
        let looked = match followed {
            Some(Kind::Skipped(reason)) => return Explanation::Skipped(reason),
            Some(_) => self.site.look_below(&self.place.path, OFlags::empty()),
            None => looked,
        };
        match looked.map(|(file_type, fingerprint)| self.site.checked(file_type, fingerprint)) {
            Ok(Ok(fingerprint)) => Explanation::Document { pattern, fingerprint },
            Ok(Err(reason)) => Explanation::Skipped(reason),
            Err(Errno::NOENT | Errno::NOTDIR) => Explanation::Missing,
            Err(error) => Explanation::Unreadable(error.to_string()),
        }
    }
}
