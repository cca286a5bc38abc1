//! The disk of documents: real files, in memory where the machine has room for that, written at simulated times.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use kbsync::model::Moment;
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use sha2::{Digest, Sha256};

use crate::knobs::{Knob, Knobs};

/// What people do to a folder.
#[derive(Clone, Debug)]
pub enum DiskOp {
    Write(&'static str, u8),
    /// The given number of documents, each with distinct words.
    Many(usize),
    Touch(&'static str),
    Remove(&'static str),
    Rename(&'static str, &'static str),
    /// A file has another name and other words: only its number on the disk tells what it was.
    Becomes(&'static str, &'static str, u8),
    Swap(&'static str, &'static str),
    Ignore(Option<&'static str>),
    RemoveAll,
    RootGoes(&'static str),
    RootIsBack(&'static str),
}

/// This document is edited and never moved or deleted.
pub const STEADY: &str = "a/steady.md";
/// Its words, so that a platform can refuse them.
pub const REFUSED: u8 = 13;

/// The date of all documents where they keep an old one, in microseconds: the eleventh of September 2020.
const LONG_AGO: u64 = 1_599_782_400_000_000;

/// What files become when something goes wrong: nothing, zeros, a pointer to elsewhere, another kind.
const UNSOUND: [&str; 4] = [
    "",
    "\0\0\0\0\0\0\0\0",
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n",
    "words\0\0and more\0\0",
];

/// Two folders, each a collection.
pub const FOLDERS: [&str; 2] = ["a", "b"];
/// A name without an extension is a folder's.
pub const NAMES: [&str; 18] = [
    "a/one.md",
    "a/two.md",
    "a/three.txt",
    "a/sub/one.md",
    "a/sub/deep/four.md",
    "a/sub",
    "a/odd #1 [x:0123456789ab].md",
    "a/f.md/in.md",
    "a/f.md",
    // In Unicode's decomposed form.
    "a/cafe\u{301}.md",
    "a/two  blanks.md",
    "a/Q&A <1>.md",
    "a/README.md",
    "a/a name that is long enough to be cut.md",
    "b/R&D  Cafe\u{301}.txt",
    "b/one.md",
    "b/sub/two.md",
    "b/sub",
];

impl DiskOp {
    /// Something that people do.
    pub fn any(rng: &mut StdRng) -> Self {
        let mut name = || *NAMES.choose(rng).expect("not empty");
        let (one, other) = (name(), name());
        let folder = *FOLDERS.choose(rng).expect("not empty");
        let words = rng.random_range(0..REFUSED + 1);
        match rng.random_range(0..20) {
            0..7 => Self::Write(one, words),
            7 => Self::Write(STEADY, words),
            8 => Self::Touch(one),
            9 | 10 => Self::Remove(one),
            11..14 => Self::Rename(one, other),
            14 | 15 => Self::Swap(one, other),
            16 => Self::Ignore(rng.random_bool(0.5).then_some("one.md")),
            17 => Self::RemoveAll,
            18 => Self::RootGoes(folder),
            _ => Self::RootIsBack(folder),
        }
    }
}

/// The disk of one instance.
pub struct Disk {
    pub root: PathBuf,
    knobs: Knobs,
}

impl Disk {
    pub fn new(root: PathBuf, knobs: Knobs) -> Self {
        for folder in FOLDERS {
            fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        Self { root, knobs }
    }

    fn away(&self, folder: &str) -> PathBuf {
        self.root.join(format!("{folder} is not mounted"))
    }

    /// Whether the folder of a collection is not there for a while.
    pub fn is_away(&self, folder: &str) -> bool {
        self.away(folder).exists()
    }

    /// The document of this name, or the next one that is there.
    fn existing(&self, name: &'static str) -> &'static str {
        let at = NAMES.iter().position(|other| *other == name).unwrap_or(0);
        let names = NAMES[at..].iter().chain(&NAMES[..at]);
        names.copied().find(|name| self.root.join(name).exists()).unwrap_or(name)
    }

    /// Does something at a time; where it cannot be done, it is not.
    ///
    /// Gives where a document was that was moved and edited, and where it is.
    pub fn apply(&self, op: &DiskOp, now: Moment) -> Option<(String, String)> {
        // What is below the folder that is away stays as it is.
        let path = |name: &str| self.root.join(name);
        let closed = |name: &str| self.is_away(name.split('/').next().expect("a folder"));
        match op {
            DiskOp::Write(name, words) if !closed(name) => {
                self.write(&path(name), &self.text(name, *words), now);
                self.litter(&path(name), now);
            }
            DiskOp::Many(count) if !closed("a/") => {
                (0..*count)
                    .for_each(|n| self.write(&path(&format!("a/{n:04}.md")), &format!("page {n} of many\n"), now));
            }
            // What is touched seems to have changed on its way up, and where names are unique its source must go before
            // another is made.
            DiskOp::Touch(name) if !closed(name) && !self.knobs.has(Knob::NamesUnique) => date(&path(name), now),
            DiskOp::Remove(name) if !closed(name) && self.knobs.has(Knob::FilesReturn) => {
                // Within its own folder, and as it was.
                let away = self.root.join(format!("{}.away", name.replace('/', " ")));
                let _ = if away.exists() { fs::rename(&away, path(name)) } else { fs::rename(path(name), &away) };
            }
            DiskOp::Remove(name) if !closed(name) => remove(&path(name)),
            DiskOp::Rename(from, to) if !closed(from) && !closed(to) => {
                let from = self.existing(from);
                let date = if self.knobs.has(Knob::MovesFresh) { now } else { now - Duration::from_secs(86_400) };
                let is_renamed = self.knobs.has(Knob::MovesRenamed);
                if !self.knobs.has(Knob::MovesEdited) && !is_renamed {
                    rename(&path(from), &path(to), date);
                    return None;
                }
                // Under its old name, so that it can be known again.
                let (folder, name) = (from.split('/').next()?, from.rsplit('/').next()?);
                let extension = name.rsplit_once('.').map_or(String::new(), |(_, extension)| format!(".{extension}"));
                let other = format!("{}{extension}", short_hash(from.as_bytes()));
                let to = format!("{folder}/moved/{}", if is_renamed { &other } else { name });
                if rename(&path(from), &path(&to), date) {
                    self.edit(&path(&to), now);
                    return Some((from.to_owned(), to));
                }
            }
            DiskOp::Becomes(from, to, words) if rename(&path(from), &path(to), now) => {
                self.write(&path(to), &self.text(to, *words), now);
                return Some(((*from).to_owned(), (*to).to_owned()));
            }
            DiskOp::Swap(one, other)
                if !self.knobs.has(Knob::MovesRenamed)
                    && !closed(one)
                    && !closed(other)
                    && one != other
                    && path(one).is_file()
                    && path(other).is_file() =>
            {
                let aside = self.root.join("aside.md");
                let old = now - Duration::from_secs(86_400);
                rename(&path(one), &aside, old);
                rename(&path(other), &path(one), old);
                rename(&aside, &path(other), old);
            }
            DiskOp::Ignore(name) if !closed("a/") => {
                let rules = name.map_or(String::new(), |name| format!("{name}\n"));
                self.write(&path("a/.gitignore"), &rules, now);
            }
            DiskOp::RemoveAll if !closed("a/") => {
                for entry in fs::read_dir(path("a")).expect("the folder") {
                    let entry = entry.expect("an entry").path();
                    if entry != path(STEADY) {
                        remove(&entry);
                    }
                }
            }
            DiskOp::RootGoes(folder) if !closed(folder) => {
                fs::rename(path(folder), self.away(folder)).expect("it is there");
            }
            DiskOp::RootIsBack(folder) if closed(folder) => {
                fs::rename(self.away(folder), path(folder)).expect("it is there");
            }
            _ => {}
        }
        None
    }

    /// Some documents have the same words; the steady one has its own.
    fn text(&self, name: &str, words: u8) -> String {
        match name {
            STEADY => format!("steady words {words}\n"),
            _ if self.knobs.has(Knob::FilesUnsound) && words % 4 == 1 => {
                UNSOUND[usize::from(words) / 4 % UNSOUND.len()].to_owned()
            }
            // Long enough to be known again by its words, whatever is written into it.
            _ if self.knobs.has(Knob::MovesRenamed) => {
                let own: String = (0..40).map(|n| format!("{}x{n} ", short_hash(name.as_bytes()))).collect();
                format!("words {words}\n{own}\n")
            }
            _ => format!("words {words}\n"),
        }
    }

    /// What programs leave beside a document.
    fn litter(&self, path: &Path, now: Moment) {
        let Some((folder, name)) = path.parent().zip(path.file_name().and_then(|name| name.to_str())) else { return };
        if !self.knobs.has(Knob::FilesLittered) || !folder.is_dir() {
            return;
        }
        let names =
            [format!("~${name}"), format!("._{name}"), format!(".Trash-1000/{name}"), format!(".stversions/{name}")];
        self.write(&folder.join(&names[self.knobs.detail(Knob::FilesLittered, &[0, 1, 2, 3])]), "litter\n", now);
    }

    /// Somebody adds words to a document, where it is one.
    fn edit(&self, path: &Path, now: Moment) {
        if let Some(text) = fs::read_to_string(path).ok().filter(|text| !UNSOUND.contains(&&**text)) {
            self.write(path, &format!("{text}and more\n"), now);
        }
    }

    fn write(&self, path: &Path, text: &str, now: Moment) {
        // A name without an extension is a folder's.
        if path.is_dir() || path.extension().is_none() && !path.ends_with(".gitignore") {
            return;
        }
        let Some(folder) = path.parent() else { return };
        let when = if self.knobs.has(Knob::FilesDated) { Moment(LONG_AGO) } else { now };
        let fresh = self.root.join("being saved");
        let place = if self.knobs.has(Knob::FilesReplaced) { &fresh } else { path };
        if fs::create_dir_all(folder).is_ok() && fs::write(place, text).is_ok() {
            date(place, when);
            if place != path {
                let _ = fs::rename(place, path);
            }
        }
    }

    /// The documents of a folder that can be synced, by path, each with the beginning of its SHA-256. A folder that is
    /// away has what it had.
    pub fn documents(&self, folder: &str, only_markdown: bool) -> BTreeMap<String, String> {
        let root = if self.is_away(folder) { self.away(folder) } else { self.root.join(folder) };
        let rules = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let ignored: BTreeSet<&str> = rules.lines().collect();
        let mut documents = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(below) = folders.pop() {
            for entry in fs::read_dir(below).expect("a folder") {
                let path = entry.expect("an entry").path();
                let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
                if ignored.contains(name) || is_litter(name) {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else if name.ends_with(".md") || !only_markdown && name.ends_with(".txt") {
                    let key = path.strip_prefix(&root).expect("it is below").to_str().expect("UTF-8").to_owned();
                    documents.insert(key, short_hash(&fs::read(&path).expect("a file")));
                }
            }
        }
        documents
    }
}

/// The beginning of a SHA-256, as names of sources have it.
pub fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a platform refuses these bytes.
pub fn is_refused(bytes: &[u8]) -> bool {
    refused_hashes().contains(&short_hash(bytes))
}

fn date(path: &Path, now: Moment) {
    if let Ok(file) = fs::File::options().append(true).open(path) {
        file.set_modified(UNIX_EPOCH + Duration::from_micros(now.0)).expect("the time is set");
    }
}

fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// What is in the way goes, but a folder takes no file's name, nor a file a folder's. Says whether it was done.
fn rename(from: &Path, to: &Path, when: Moment) -> bool {
    let inside = from.starts_with(to) || to.starts_with(from);
    if !from.exists() || inside || from.is_dir() != to.extension().is_none() {
        return false;
    }
    remove(to);
    let is_done = to.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok()) && fs::rename(from, to).is_ok();
    if is_done {
        date(to, when);
    }
    is_done
}

/// The beginnings of the SHA-256 of what a platform refuses.
pub fn refused_hashes() -> [String; 2] {
    ["steady words", "words"].map(|text| short_hash(format!("{text} {REFUSED}\n").as_bytes()))
}

/// Whether this is the beginning of the SHA-256 of something that is no document.
pub fn is_unsound(hash: &str) -> bool {
    UNSOUND.iter().any(|text| short_hash(text.as_bytes()) == hash)
}

/// Whether no person would call this a document.
fn is_litter(name: &str) -> bool {
    ["~$", "._", ".Trash-", ".stversions"].iter().any(|litter| name.starts_with(litter))
}
