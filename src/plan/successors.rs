//! Likely successors of documents that are gone: a document that was moved and edited at once is deleted at its old place only
//! when the platform holds it at its new one.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    gathered::Gathered,
    guard::Gone,
    moves::{MOST_PAIRS, NewMove},
};
use crate::model::{CollectionName, DocPath, Fingerprint, MinHash, ShortHash};

/// Names this similar, from 0 to 1, are likely to be of one document.
const SIMILAR_NAMES: f64 = 0.7;
/// Sizes that differ by no more than one part in this many are likely to be of one document.
const SIMILAR_SIZE: u64 = 20;

/// A document, by its collection and its path.
type Key<'a> = (&'a CollectionName, &'a DocPath);

/// Pages that are listed, and that could not be read yet: each is a likely successor of those of its name that have left
/// the list.
pub struct UnreadPages(HashMap<String, DocPath>);

impl UnreadPages {
    /// Notes these pages.
    pub fn new<'p>(pages: impl Iterator<Item = &'p DocPath>) -> Self {
        Self(pages.filter_map(|page| Some((last_part(page)?, page.clone()))).collect())
    }

    /// What is likely to take the place of a page that has left its list.
    pub fn successor(&self, gone: &DocPath) -> Option<&DocPath> {
        self.0.get(&last_part(gone)?)
    }
}

/// The last part of a page's address that has a name, with the query.
fn last_part(page: &DocPath) -> Option<String> {
    let url = page.address()?;
    let part = url.path_segments()?.rfind(|part| !part.is_empty())?;
    Some(format!("{}?{}", part.to_lowercase(), url.query().unwrap_or_default()))
}

/// What becomes of a document that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Succession {
    /// Nothing has come that may be its successor: it is deleted.
    None,
    /// What may be its successor goes up in this pass, or is still being written: what has become of that is seen first. A
    /// likely successor is named.
    Pending(Option<(CollectionName, DocPath)>),
    /// Files are still being written that it may have become: it waits for those that are read soon, and once for others.
    Unread,
    /// Its likely successor failed.
    Failed(DocPath),
}

/// A document that has newly come.
struct Coming<'a> {
    key: Key<'a>,
    size: u64,
    min_hash: Option<&'a MinHash>,
}

/// The documents that have newly come in all collections of a pass.
pub(super) struct Successors<'a> {
    /// All that is put, or comes by a rename.
    wanted: HashSet<Key<'a>>,
    /// Those on their way that were not there before.
    coming: Vec<Coming<'a>>,
    by_file_name: HashMap<String, Vec<usize>>,
    /// Those that others seem to have become, by their file names.
    taken: HashMap<String, Vec<Coming<'a>>>,
    /// Those that are quarantined, and that the platform has no version of.
    failed: HashSet<Key<'a>>,
    /// New files that are still being written, or could not be read yet.
    unread: HashSet<Key<'a>>,
    /// Documents whose files are being written.
    rewriting: HashSet<Key<'a>>,
    /// The collections of those of them that will be read soon.
    soon: HashSet<&'a CollectionName>,
    /// Documents that are replaced, by their new content.
    replaced: HashMap<ShortHash, Key<'a>>,
    /// The same, each with its new words.
    new_words: Vec<(Key<'a>, Option<&'a MinHash>)>,
}

impl<'a> Successors<'a> {
    /// Finds what has newly come, but for what is known to have moved.
    pub(super) fn of(gathered: &'a [Gathered], moved: &[NewMove]) -> Self {
        let wanted = gathered.iter().flat_map(|one| one.wanted.iter().map(|wanted| (&one.collection, &wanted.path)));
        let wanted = wanted.collect();
        let moved: HashSet<Key<'_>> = moved.iter().map(|NewMove { to: (of, path), .. }| (of, path)).collect();
        let (mut coming, mut failed, mut unread, mut soon) =
            (Vec::new(), HashSet::new(), HashSet::new(), HashSet::new());
        let (mut replaced, mut new_words, mut rewriting) = (HashMap::new(), Vec::new(), HashSet::new());
        let mut taken: HashMap<String, Vec<Coming<'a>>> = HashMap::new();
        for one in gathered {
            rewriting.extend(one.rewriting.iter().map(|path| (&one.collection, path)));
            for wanted in one.wanted.iter().filter(|wanted| wanted.replaces) {
                let key = (&one.collection, &wanted.path);
                replaced.insert(wanted.hash.short(), key);
                new_words.push((key, wanted.min_hash.as_deref()));
            }
            let new = one.wanted.iter().filter(|wanted| !wanted.replaces && !one.known.contains(&wanted.path));
            for wanted in new {
                let key = (&one.collection, &wanted.path);
                let new = Coming { key, size: wanted.fingerprint.size, min_hash: wanted.min_hash.as_deref() };
                if moved.contains(&key) {
                    taken.entry(wanted.path.file_name().to_lowercase()).or_default().push(new);
                } else {
                    coming.push(new);
                }
            }
            let settling = one.settling.iter();
            unread.extend(one.settling.iter().map(|settling| (&one.collection, &settling.path)));
            soon.extend(one.settling.iter().any(|settling| settling.soon).then_some(&one.collection));
            coming.extend(settling.map(|settling| Coming {
                key: (&one.collection, &settling.path),
                size: settling.size,
                min_hash: None,
            }));
            failed.extend(one.failed.iter().map(|path| (&one.collection, path)));
        }
        let mut by_file_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, Coming { key: (_, path), .. }) in coming.iter().enumerate() {
            by_file_name.entry(path.file_name().to_lowercase()).or_default().push(number);
        }
        Self { wanted, coming, by_file_name, taken, failed, unread, rewriting, soon, replaced, new_words }
    }

    /// The same with documents that come by renames, which may fail.
    pub(super) fn with_renamed(mut self, renamed: impl Iterator<Item = Key<'a>>) -> Self {
        self.wanted.extend(renamed);
        self
    }

    /// How many new files are still being written, whose words are not known.
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Judges each document of a collection that is gone.
    pub(super) fn judge(&self, collection: &CollectionName, gone: &[Gone]) -> Vec<Succession> {
        let compare = gone.len() * self.coming.len().max(self.new_words.len()) <= MOST_PAIRS;
        gone.iter().map(|gone| self.judge_one(collection, gone, compare)).collect()
    }

    /// The document that is replaced by one that is gone: as it was, or edited.
    fn replaced_by(&self, gone: &Gone, compare_words: bool) -> Option<Key<'a>> {
        let has_its_words = |new: Option<&MinHash>| {
            let old = gone.min_hash.as_ref().filter(|_| compare_words);
            old.zip(new).is_some_and(|(old, new)| old.is_similar(new))
        };
        let found = || self.new_words.iter().find(|(_, words)| has_its_words(*words)).map(|(key, _)| key);
        self.replaced.get(&gone.live).or_else(found).copied()
    }

    fn judge_one(&self, collection: &CollectionName, gone: &Gone, compare: bool) -> Succession {
        let is_coming = |(of, path): &(CollectionName, DocPath)| {
            [&self.unread, &self.rewriting, &self.wanted].iter().any(|all| all.contains(&(of, path)))
        };
        if let Some(known) = gone.successor.as_ref().filter(|known| is_coming(known)) {
            return Succession::Pending(Some(known.clone()));
        }
        // Its content is held nowhere else before that is up.
        if let Some((of, path)) = self.replaced_by(gone, compare) {
            return Succession::Pending(Some((of.clone(), path.clone())));
        }
        let known = gone.successor.as_ref().filter(|(of, path)| self.failed.contains(&(of, path)));
        if let Some((_, failed)) = known {
            return Succession::Failed(failed.clone());
        }
        // Where new files keep coming, one that is only being written now is not waited for any more, and of the others that
        // one alone which was taken for its successor before.
        let is_another = |known: &(CollectionName, DocPath)| (&known.0, &known.1) != (collection, &gone.path);
        if gone.overdue && gone.successor.as_ref().is_some_and(is_another) {
            return Succession::None;
        }
        let counts = |new: &&Coming<'_>| !gone.overdue || !self.unread.contains(&new.key);
        let name = gone.path.file_name().to_lowercase();
        let namesakes = self.by_file_name.get(&name).map_or(&[][..], Vec::as_slice);
        let namesake = namesakes.iter().map(|number| &self.coming[*number]).find(counts);
        // Of several documents of one name, only their words tell which one has moved: each of the others may be it.
        let may_be_it = |new: &&Coming<'_>| {
            let both = gone.min_hash.as_ref().zip(new.min_hash);
            both.is_none_or(|(old, new)| old.is_similar(new))
        };
        let namesake = namesake.or_else(|| self.taken.get(&name)?.iter().find(may_be_it));
        let of_collection = || self.coming.iter().filter(|new| new.key.0 == collection).filter(counts);
        let likely = namesake.or_else(|| {
            let by_name = |new: &&Coming<'_>| has_similar_name(&gone.path, new.key.1);
            // Where the words are known, the size says nothing more.
            let by_size = |new: &&Coming<'_>| {
                (gone.min_hash.is_none() || new.min_hash.is_none()) && has_similar_size(gone.size, new.size)
            };
            // A file of another collection that is not read yet may be the same one, moved as it was.
            let as_it_was =
                |new: &&Coming<'_>| new.size == gone.size && gone.size > 0 && self.unread.contains(&new.key);
            let of_others = || self.coming.iter().filter(counts).find(as_it_was);
            let found = || of_collection().find(by_name).or_else(|| of_collection().find(by_size)).or_else(of_others);
            compare.then(found).flatten()
        });
        match likely.map(|new| new.key) {
            Some((of, path)) => Succession::Pending(Some((of.clone(), path.clone()))),
            None if !compare && of_collection().next().is_some() => Succession::Pending(None),
            None if gone.overdue => Succession::None,
            None if self.soon.contains(collection) => Succession::Unread,
            None if !self.unread.is_empty() && gone.min_hash.is_some() && gone.successor.is_none() => {
                Succession::Unread
            }
            None => Succession::None,
        }
    }
}

/// A file that is new or has another content, and that may have been a document that is gone.
struct Came {
    to: (CollectionName, DocPath),
    born_ns: Option<i64>,
    is_read: bool,
}

/// Notes what each document that is gone has become by the file that it was: one that is new or has another content, in
/// whatever collection of the same disk, and that has the same number and was made at the same time. Where the file system does
/// not tell when, only files of the same collection that are not read yet are compared: the number may be another file's.
pub(super) fn pair_by_file(gathered: &mut [Gathered]) {
    let numbers = |one: &Gathered| {
        let device = one.files.device;
        one.files.left.iter().filter_map(move |(file, _)| Some((device?, file.inode))).collect::<Vec<_>>()
    };
    let left: HashSet<(u64, u64)> = gathered.iter().flat_map(numbers).collect();
    if left.is_empty() {
        return;
    }
    let mut came: HashMap<(u64, u64), Vec<Came>> = HashMap::new();
    for one in gathered.iter() {
        let Some(device) = one.files.device else { continue };
        let read = one.wanted.iter().map(|wanted| (&wanted.fingerprint, &wanted.path, true));
        let unread = one.files.came.iter().map(|(file, path)| (file, path, false));
        for (file, path, is_read) in read.chain(unread).filter(|(file, ..)| left.contains(&(device, file.inode))) {
            let to = (one.collection.clone(), path.clone());
            came.entry((device, file.inode)).or_default().push(Came { to, born_ns: file.born_ns, is_read });
        }
    }
    for Gathered { collection, gone, files, .. } in gathered {
        let Some(device) = files.device else { continue };
        let left: HashMap<&DocPath, &Fingerprint> = files.left.iter().map(|(file, path)| (path, file)).collect();
        for gone in gone.iter_mut().filter(|gone| gone.successor.is_none()) {
            let Some(old) = left.get(&gone.path) else { continue };
            let is_same = |new: &&Came| match old.born_ns.zip(new.born_ns) {
                Some((old, new)) => old == new,
                None => !new.is_read && new.to.0 == *collection,
            };
            let found = came.get(&(device, old.inode)).and_then(|all| all.iter().find(is_same));
            gone.successor = found.map(|new| new.to.clone());
        }
    }
}

/// Whether two paths are likely to be names of one document: similar stems, or all words of one in the other.
fn has_similar_name(gone: &DocPath, new: &DocPath) -> bool {
    let (gone, new) = (stem(gone), stem(new));
    let (gone_words, new_words) = (words(&gone), words(&new));
    let contained = !gone_words.is_empty()
        && !new_words.is_empty()
        && (gone_words.is_subset(&new_words) || new_words.is_subset(&gone_words));
    contained || strsim::normalized_damerau_levenshtein(&gone, &new) >= SIMILAR_NAMES
}

fn stem(path: &DocPath) -> String {
    let name = path.file_name();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

fn words(stem: &str) -> BTreeSet<&str> {
    stem.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect()
}

fn has_similar_size(gone: u64, new: u64) -> bool {
    gone > 0 && gone.abs_diff(new) <= gone.max(new) / SIMILAR_SIZE
}

#[cfg(test)]
mod tests;
