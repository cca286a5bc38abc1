//! The files below the collections' folders that the platform does not have in their present version.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{Place, Why};
use crate::{
    model::{ContentHash, DocPath, Fingerprint, Moment, Record},
    plan::{self, Judgement},
    scan::{self, Explanation, Found, Root, ScanError, ScanOptions, Walk},
    store::{Db, StoreError},
};

/// The files whose text can be read.
const READABLE: &[&str] = &["md", "txt", "pdf", "docx"];
/// Folders of tools, which are looked into only where the collection takes something in them.
const OF_TOOLS: [&str; 4] = [".*/", "node_modules/", "__pycache__/", "venv/"];

/// A file that the platform does not have.
#[derive(Debug)]
pub(super) struct Candidate {
    /// The number of its place.
    pub(super) place: usize,
    pub(super) path: DocPath,
    pub(super) why: Known,
}

/// What is known of why. By what a file is left out takes a look of its own, which only the few get that are named.
#[derive(Debug)]
pub(super) enum Known {
    LeftOut { held: bool },
    Judged(Why),
}

impl Known {
    /// Why; `None` where it has become a document meanwhile, or has gone.
    pub(super) fn find(&self, options: &ScanOptions, path: &DocPath) -> Option<Why> {
        let held = match self {
            Self::Judged(why) => return Some(why.clone()),
            Self::LeftOut { held } => *held,
        };
        match scan::explain(options, path).ok()? {
            Explanation::Document { .. }
            | Explanation::Folder
            | Explanation::Missing
            | Explanation::Unreadable(_)
            | Explanation::Reserved { .. }
            | Explanation::Litter { .. }
            | Explanation::Release { .. } => None,
            by => Some(Why::Filtered { by, held }),
        }
    }
}

/// What was gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) candidates: Vec<Candidate>,
    /// Whether there are more.
    pub(super) cut_off: bool,
    pub(super) troubles: Vec<String>,
}

/// How far the gathering goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// Files that are gathered.
    pub(super) files: usize,
    /// Bytes of a file that is read to learn whether the platform has it.
    pub(super) size: u64,
    /// When it ends.
    pub(super) end: Instant,
}

impl Scope {
    fn is_over(self) -> bool {
        Instant::now() >= self.end
    }
}

/// Gathers files, those first that are documents already.
pub(super) fn gather(places: &[Place], db: Option<&Db>, scope: Scope, now: Moment) -> Result<Gathered, StoreError> {
    let mut gathered = Gathered::default();
    let mut left_out = Vec::new();
    let roots: Vec<Option<PathBuf>> = places.iter().map(|place| fs::canonicalize(&place.options.root).ok()).collect();
    for (number, place) in places.iter().enumerate() {
        let candidate = |path, why| Candidate { place: number, path, why };
        let waiting = documents(&place.options, scope)
            .and_then(|found| Ok((found, Root::open(&place.options.root, place.options.follow_symlinks)?)));
        let (waiting, root) = match waiting {
            Ok(waiting) => waiting,
            Err(error) => {
                gathered.troubles.push(error.to_string());
                continue;
            }
        };
        let look = Look { db, place, root: &root, size: scope.size, now };
        for (path, fingerprint) in waiting {
            if gathered.candidates.len() > scope.files || scope.is_over() {
                break;
            }
            if let Some(why) = look.judge(&path, &fingerprint)? {
                gathered.candidates.push(candidate(path, Known::Judged(why)));
            }
        }
        let Ok(beside) = beside(&place.options, scope) else { continue };
        let others = roots.iter().zip(places).enumerate().filter(|(other, _)| *other != number);
        let others: Vec<_> = others.filter_map(|(_, (root, other))| Some((root.as_deref()?, other))).collect();
        for (path, fingerprint) in beside {
            if left_out.len() > scope.files || scope.is_over() {
                break;
            }
            let file = roots[number].as_ref().map(|root| root.join(path.as_str()));
            if file.is_some_and(|file| others.iter().any(|(root, other)| takes(root, other, &file))) {
                continue;
            }
            if let Some(held) = look.is_unknown(&path, &fingerprint)? {
                left_out.push(candidate(path, Known::LeftOut { held }));
            }
        }
    }
    gathered.candidates.append(&mut left_out);
    gathered.cut_off = gathered.candidates.len() > scope.files || scope.is_over();
    gathered.candidates.truncate(scope.files);
    Ok(gathered)
}

/// The documents of a folder, in the order of the keys.
fn documents(
    options: &ScanOptions,
    scope: Scope,
) -> Result<impl Iterator<Item = (DocPath, Fingerprint)> + use<>, ScanError> {
    let walk = Walk::new(options)?.take_while(move |_| !scope.is_over());
    Ok(walk.filter_map(|found| match found {
        Found::Document { path, fingerprint } => Some((path, fingerprint)),
        Found::Skipped { .. } | Found::Unreadable { .. } => None,
    }))
}

/// The files of a folder that could be read and are no documents.
fn beside(
    options: &ScanOptions,
    scope: Scope,
) -> Result<impl Iterator<Item = (DocPath, Fingerprint)> + use<>, ScanError> {
    let everything = ScanOptions {
        include: vec!["*".to_owned()],
        exclude: OF_TOOLS.map(str::to_owned).to_vec(),
        gitignore: false,
        max_file_size: u64::MAX,
        accepted: READABLE,
        ..options.clone()
    };
    let mut taken = documents(options, scope)?.map(|(path, _)| path).peekable();
    Ok(documents(&everything, scope)?.filter(move |(path, _)| {
        while taken.next_if(|taken| taken < path).is_some() {}
        taken.peek() != Some(path)
    }))
}

/// What a file contains.
enum Content {
    /// What has this hash.
    Is(ContentHash),
    /// Something else than at the last look, as far as it can be seen without reading it.
    Changed,
    Unknown,
}

/// The looks at the files of one folder.
struct Look<'a> {
    db: Option<&'a Db>,
    place: &'a Place,
    root: &'a Root,
    /// Bytes of a file that is read.
    size: u64,
    now: Moment,
}

impl Look<'_> {
    fn record(&self, path: &DocPath) -> Result<Option<Record>, StoreError> {
        Ok(self.db.map(|db| db.record(&self.place.collection, path)).transpose()?.flatten())
    }

    fn content(&self, record: &Record, path: &DocPath, seen: &Fingerprint) -> Content {
        let last = record.seen.as_ref();
        if plan::look(seen, record.last_read(), self.now, self.place.settle) == plan::Look::Same {
            return match (&record.skipped, last) {
                (None, Some(last)) => Content::Is(last.hash),
                _ => Content::Unknown,
            };
        }
        if seen.size > self.size {
            return match last {
                Some(last) if last.fingerprint == *seen => Content::Is(last.hash),
                Some(_) => Content::Changed,
                None => Content::Unknown,
            };
        }
        // It is being written, or cannot be read: neither can its text.
        scan::hash(self.root, path).map_or(Content::Unknown, |hashed| Content::Is(hashed.hash))
    }

    /// Why the platform does not have a document as it is now; `None` where it has, or nobody can tell.
    fn judge(&self, path: &DocPath, seen: &Fingerprint) -> Result<Option<Why>, StoreError> {
        let Some(record) = self.record(path)? else {
            return Ok(Some(if self.db.is_some() { Why::New } else { Why::NothingSynced }));
        };
        let judgement = match self.content(&record, path, seen) {
            Content::Is(hash) => plan::judge(Some(&record), hash),
            Content::Changed => Judgement::Put { replaces: record.live.is_some() },
            Content::Unknown => return Ok(None),
        };
        Ok(match judgement {
            Judgement::InStep => None,
            Judgement::Quarantined => record.trouble.map(|trouble| Why::Quarantined(trouble.reason)),
            Judgement::Put { replaces: true } => Some(Why::Changed),
            Judgement::Put { replaces: false } => Some(Why::New),
        })
    }

    /// Of a file that is left out: `None` where the platform has it all the same or nobody can tell, else whether it
    /// has an older version whose deletion a guard holds.
    fn is_unknown(&self, path: &DocPath, seen: &Fingerprint) -> Result<Option<bool>, StoreError> {
        let (Some(db), Some(record)) = (self.db, self.record(path)?) else { return Ok(Some(false)) };
        let Some(live) = record.live else { return Ok(Some(false)) };
        match self.content(&record, path, seen) {
            Content::Is(hash) if hash.short() == live => Ok(None),
            Content::Is(_) | Content::Changed => Ok(Some(db.collection(&self.place.collection)?.held > 0)),
            Content::Unknown => Ok(None),
        }
    }
}

/// Whether a file is a document of another collection, which judges it itself.
fn takes(root: &Path, other: &Place, file: &Path) -> bool {
    let below = file.strip_prefix(root).ok().and_then(Path::to_str).and_then(|below| DocPath::new(below).ok());
    below.is_some_and(|path| matches!(scan::explain(&other.options, &path), Ok(Explanation::Document { .. })))
}
