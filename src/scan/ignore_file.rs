//! `.gitignore` and `.kbsyncignore` files: read safely, and held with the folder that they speak of.

use std::{fs::File, io::ErrorKind, os::fd::AsFd};

use encoding_rs::{Encoding, UTF_8};
use rustix::{
    fs::{FileType, Mode, OFlags, fstat, openat},
    io::Errno,
};

use super::rule::{Rule, Rules};
use crate::{model::Moment, regular_file};

/// The files that are honoured, in the order in which a later one outweighs an earlier one.
pub(super) const NAMES: [&str; 2] = [".gitignore", OWN];
/// kbsync's own, which is never a document.
pub(super) const OWN: &str = ".kbsyncignore";

/// The largest ignore file that is read, in bytes, and the most of all that are in force in one folder.
pub(super) const MAX_SIZE: u64 = 4 * 1024 * 1024;

const NO_FILE: &str = "it is not a file";

/// The rules of one ignore file.
#[derive(Clone, Debug)]
pub(super) struct IgnoreFile {
    /// Its path as it can be shown.
    pub(super) shown: String,
    /// How many bytes of a path lead to its folder; the rest is what the rules are matched with.
    base: usize,
    rules: Rules,
    /// Its length in bytes: its rules take about forty times as much memory.
    pub(super) size: u64,
    /// When it was written last.
    pub(super) written: Moment,
}

impl IgnoreFile {
    /// Reads a file in a folder. `None` when there is none, and where git would not read it: a `.gitignore` that is a link
    /// or no file. A `.kbsyncignore` may be a link, as all files of a mounted ConfigMap are.
    ///
    /// # Errors
    /// When it is there and cannot be read. What it would filter is then not known.
    pub(super) fn read(folder: impl AsFd, name: &str, shown: String, base: usize) -> Result<Option<Self>, String> {
        let is_own = name == OWN;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let opened = match openat(&folder, name, flags | OFlags::NOFOLLOW, Mode::empty()) {
            Err(Errno::LOOP) if is_own => openat(&folder, name, flags, Mode::empty()).map_err(|error| match error {
                Errno::NOENT => "it is a link that leads nowhere".to_owned(),
                error => error.to_string(),
            }),
            Err(Errno::NXIO) if is_own => Err(NO_FILE.to_owned()),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NXIO) => return Ok(None),
            opened => opened.map_err(|error| error.to_string()),
        };
        let fd = opened?;
        let stat = fstat(&fd).map_err(|error| error.to_string())?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return if is_own { Err(NO_FILE.to_owned()) } else { Ok(None) };
        }
        let file = File::from(fd);
        let written = file.metadata().and_then(|metadata| metadata.modified()).map_err(|error| error.to_string())?;
        let text = regular_file::read(&file, MAX_SIZE).map_err(|error| match error.kind() {
            ErrorKind::FileTooLarge => "it is larger than 4 MiB, so it is hardly an ignore file".to_owned(),
            _ => error.to_string(),
        })?;
        // Windows' shell writes UTF-16. Anything else is read byte by byte, as git does.
        let rules = match Encoding::for_bom(&text) {
            Some((encoding, _)) if encoding != UTF_8 => Rules::parse(encoding.decode(&text).0.as_bytes(), is_own),
            _ => Rules::parse(&text, is_own),
        };
        Ok(Some(Self { shown, base, rules, size: text.len() as u64, written: written.into() }))
    }

    /// The rule of this file that decides about a path.
    pub(super) fn decisive(&self, full: &[u8], name: &[u8], is_folder: bool) -> Option<&Rule> {
        self.rules.decisive(full.get(self.base..)?, name, is_folder)
    }
}
