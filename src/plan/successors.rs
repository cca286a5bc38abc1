//! Likely successors of documents that are gone: a document that was moved and edited at once is deleted at its old place only
//! when the platform holds it at its new one.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    gathered::Gathered,
    guard::Gone,
    moves::{MOST_PAIRS, NewMove},
};
use crate::model::{CollectionName, DocPath, MinHash, ShortHash};

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
    /// Those on their way.
    coming: Vec<Coming<'a>>,
    by_file_name: HashMap<String, Vec<usize>>,
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
}

impl<'a> Successors<'a> {
    /// Finds what has newly come, but for what is known to have moved.
    pub(super) fn of(gathered: &'a [Gathered], moved: &[NewMove]) -> Self {
        let moved: HashSet<Key<'_>> = moved.iter().map(|NewMove { to: (of, path), .. }| (of, path)).collect();
        let (mut coming, mut failed, mut unread, mut soon) =
            (Vec::new(), HashSet::new(), HashSet::new(), HashSet::new());
        let (mut replaced, mut rewriting) = (HashMap::new(), HashSet::new());
        for one in gathered {
            rewriting.extend(one.rewriting.iter().map(|path| (&one.collection, path)));
            let over = one.wanted.iter().filter(|wanted| wanted.replaces);
            replaced.extend(over.map(|wanted| (wanted.hash.short(), (&one.collection, &wanted.path))));
            let new = one.wanted.iter().filter(|wanted| !wanted.replaces && !one.known.contains(&wanted.path));
            let new = new.filter(|wanted| !moved.contains(&(&one.collection, &wanted.path)));
            coming.extend(new.map(|wanted| Coming {
                key: (&one.collection, &wanted.path),
                size: wanted.fingerprint.size,
                min_hash: wanted.min_hash.as_deref(),
            }));
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
        Self { coming, by_file_name, failed, unread, rewriting, soon, replaced }
    }

    /// How many new files are still being written, whose words are not known.
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    /// Judges each document of a collection that is gone.
    pub(super) fn judge(&self, collection: &CollectionName, gone: &[Gone]) -> Vec<Succession> {
        let compare_names = gone.len() * self.coming.len() <= MOST_PAIRS;
        gone.iter().map(|gone| self.judge_one(collection, gone, compare_names)).collect()
    }

    fn judge_one(&self, collection: &CollectionName, gone: &Gone, compare_names: bool) -> Succession {
        let is_coming = |(of, path): &(CollectionName, DocPath)| {
            self.unread.contains(&(of, path)) || self.rewriting.contains(&(of, path))
        };
        if let Some(known) = gone.successor.as_ref().filter(|known| is_coming(known)) {
            return Succession::Pending(Some(known.clone()));
        }
        // Its content is held nowhere else before that is up.
        if let Some((of, path)) = self.replaced.get(&gone.live) {
            return Succession::Pending(Some(((*of).clone(), (*path).clone())));
        }
        let known = gone.successor.as_ref().filter(|(of, path)| self.failed.contains(&(of, path)));
        if let Some((_, failed)) = known {
            return Succession::Failed(failed.clone());
        }
        // Where new files keep coming, one that is only being written now is not waited for any more, and of the others that
        // one alone which was taken for its successor before.
        let is_itself = |known: &&(CollectionName, DocPath)| (&known.0, &known.1) == (collection, &gone.path);
        if let Some(known) = gone.successor.as_ref().filter(|known| gone.overdue && !is_itself(known)) {
            let comes = self.coming.iter().any(|new| new.key == (&known.0, &known.1));
            return if comes { Succession::Pending(Some(known.clone())) } else { Succession::None };
        }
        let counts = |new: &&Coming<'_>| !gone.overdue || !self.unread.contains(&new.key);
        let namesakes = self.by_file_name.get(&gone.path.file_name().to_lowercase()).map_or(&[][..], Vec::as_slice);
        let namesake = namesakes.iter().map(|number| &self.coming[*number]).find(counts);
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
            compare_names.then(found).flatten()
        });
        match likely.map(|new| new.key) {
            Some((of, path)) => Succession::Pending(Some((of.clone(), path.clone()))),
            None if !compare_names && of_collection().next().is_some() => Succession::Pending(None),
            None if gone.overdue => Succession::None,
            None if self.soon.contains(collection) => Succession::Unread,
            None if !self.unread.is_empty() && gone.min_hash.is_some() && gone.successor.is_none() => {
                Succession::Unread
            }
            None => Succession::None,
        }
    }
}

/// Notes what each document that is gone has become by the file that it was: one that is not read yet, and that is the same
/// file. `left` are the files of what is gone, and `came` those of what is not read, by their numbers on the disk.
pub fn pair_by_file(collection: &CollectionName, gone: &mut [Gone], left: &[(u64, DocPath)], came: &[(u64, DocPath)]) {
    let came: HashMap<u64, &DocPath> = came.iter().map(|(file, path)| (*file, path)).collect();
    let left: HashMap<&DocPath, u64> = left.iter().map(|(file, path)| (path, *file)).collect();
    for gone in gone.iter_mut().filter(|gone| gone.successor.is_none()) {
        let to = left.get(&gone.path).and_then(|file| came.get(file));
        gone.successor = to.map(|to| (collection.clone(), (*to).clone()));
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
mod tests {
    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint},
        plan::{Settling, Standing, Wanted},
    };

    fn name(name: &str) -> CollectionName {
        CollectionName::new(name).unwrap()
    }

    fn path(path: &str) -> DocPath {
        DocPath::new(path).unwrap()
    }

    fn gone(document: &str, size: u64) -> Gone {
        Gone {
            path: path(document),
            live: ContentHash([1; 32]).short(),
            size,
            min_hash: None,
            made_here: true,
            successor: None,
            overdue: false,
        }
    }

    fn wanted(document: &str, size: u64) -> Wanted {
        let fingerprint = Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0 };
        Wanted { path: path(document), fingerprint, hash: ContentHash([2; 32]), min_hash: None, replaces: false }
    }

    fn gathered(collection: &str) -> Gathered {
        Gathered { held_by_platform: 9, ..Gathered::new(&name(collection), Standing::default()) }
    }

    fn pending(collection: &str, document: &str) -> Succession {
        Succession::Pending(Some((name(collection), path(document))))
    }

    #[test]
    fn judge__new_document__is_waited_for_where_it_may_be_the_successor() {
        for (old, new, likely) in [
            (gone("guide/t0.md", 500), wanted("handbook/t0.md", 9_000), true),
            (gone("guide/T0.md", 500), wanted("handbook/t0.md", 9_000), true),
            (gone("a.md", 500), wanted("new-a.md", 9_000), true),
            (gone("install_guide_v1.md", 500), wanted("docs/install-guide-v2.md", 9_000), true),
            (gone("alpha.md", 1_000), wanted("zebra.md", 1_040), true),
            (gone("alpha.md", 1_000), wanted("zebra.md", 9_000), false),
            (gone("secret.md", 1_000), wanted("menu-of-the-week.md", 30), false),
        ] {
            let input = [Gathered { wanted: vec![new.clone()], ..gathered("c") }];
            let fate = Successors::of(&input, &[]).judge(&name("c"), std::slice::from_ref(&old));
            let expected = if likely { pending("c", new.path.as_str()) } else { Succession::None };
            assert_eq!(fate, [expected], "{} and {}", old.path, new.path);
        }
    }

    #[test]
    fn successor__unread_page__has_the_last_part_of_the_address() {
        for (gone, unread, likely) in [
            ("https://a.com/v1/install.html", "https://a.com/v2/install.html", true),
            ("https://a.com/v1/install/", "https://b.com/v2/Install", true),
            ("https://a.com/v1/install.html", "https://a.com/v1/configure.html", false),
            ("https://a.com/v1/?page=1", "https://a.com/v1?page=2", false),
            ("https://a.com/", "https://b.com/", false),
            ("v1/install.html", "https://a.com/v1/install.html", false),
        ] {
            let unread = path(unread);
            let pages = UnreadPages::new([&unread].into_iter());
            assert_eq!(pages.successor(&path(gone)), Some(&unread).filter(|_| likely), "{gone} and {unread}");
        }
    }

    #[test]
    fn judge__replaced_documents__are_no_successors() {
        let edited = Wanted { replaces: true, ..wanted("b/a.md", 500) };
        let input = [Gathered { wanted: vec![edited], ..gathered("c") }];
        assert_eq!(Successors::of(&input, &[]).judge(&name("c"), &[gone("a.md", 500)]), [Succession::None]);
    }

    #[test]
    fn judge__settling_file__is_waited_for() {
        let settling = vec![Settling { path: path("new/a0.md"), size: 7, soon: false }];
        let input = [Gathered { settling, ..gathered("c") }];
        assert_eq!(
            Successors::of(&input, &[]).judge(&name("c"), &[gone("old/a0.md", 500)]),
            [pending("c", "new/a0.md")]
        );
        assert_eq!(Successors::of(&input, &[]).judge(&name("c"), &[gone("old/zebra.md", 500)]), [Succession::None]);
    }

    #[test]
    fn judge__known_successor_is_written_all_the_time__is_waited_for_whatever_its_name() {
        let settling = vec![Settling { path: path("retrospective.md"), size: 7, soon: false }];
        let input = [Gathered { settling, ..gathered("c") }];
        let judge =
            |successor| Successors::of(&input, &[]).judge(&name("c"), &[Gone { successor, ..gone("meeting.md", 500) }]);
        assert_eq!(judge(None), [Succession::None]);
        let known = |document| Some((name("c"), path(document)));
        assert_eq!(judge(known("retrospective.md")), [pending("c", "retrospective.md")]);
        assert_eq!(judge(known("other.md")), [Succession::None]);
    }

    #[test]
    fn judge__files_keep_coming__is_waited_for_those_that_were_there_alone() {
        let new = [wanted("alpine.md", 500), wanted("zebra.md", 505)];
        let settling = vec![Settling { path: path("alpha-2.md"), size: 500, soon: true }];
        let input = [Gathered { wanted: new.to_vec(), settling: settling.clone(), ..gathered("c") }];
        let known = |document| Some((name("c"), path(document)));
        let one = |successor, overdue| Gone { successor, overdue, ..gone("alpha.md", 500) };
        let all = Successors::of(&input, &[]);
        let judge = |gone| all.judge(&name("c"), &[gone]);
        assert_eq!(judge(one(None, false)), [pending("c", "alpha-2.md")]);
        assert_eq!(judge(one(None, true)), [pending("c", "alpine.md")]);
        assert_eq!(judge(one(known("alpha.md"), true)), [pending("c", "alpine.md")], "it has waited for any");
        assert_eq!(judge(one(known("zebra.md"), true)), [pending("c", "zebra.md")]);
        assert_eq!(judge(one(known("ready.md"), true)), [Succession::None]);
        let input = [Gathered { settling, ..gathered("c") }];
        let all = Successors::of(&input, &[]);
        let judge = |overdue| all.judge(&name("c"), &[Gone { overdue, ..gone("secret.md", 9) }]);
        assert_eq!((judge(false), judge(true)), (vec![Succession::Unread], vec![Succession::None]));
    }

    #[test]
    fn pair_by_file__new_file_is_the_same_on_the_disk__is_the_successor() {
        let mut all = [gone("a.md", 5), gone("b.md", 5), gone("c.md", 5)];
        all[2].successor = Some((name("d"), path("x.md")));
        let (left, came) =
            ([(1, path("a.md")), (2, path("b.md")), (3, path("c.md"))], [(1, path("y.md")), (3, path("z.md"))]);
        pair_by_file(&name("c"), &mut all, &left, &came);
        let successors = all.map(|gone| gone.successor.map(|(_, path)| path.to_string()));
        assert_eq!(successors, [Some("y.md".to_owned()), None, Some("x.md".to_owned())]);
    }

    #[test]
    fn judge__file_was_moved_over_another__is_waited_for_until_that_is_read() {
        let mut all = [gone("a.md", 500)];
        pair_by_file(&name("c"), &mut all, &[(1, path("a.md"))], &[(1, path("b.md"))]);
        let input = Gathered { rewriting: vec![path("b.md")], ..gathered("c") };
        assert_eq!(Successors::of(&[input], &[]).judge(&name("c"), &all), [pending("c", "b.md")]);
        assert_eq!(
            Successors::of(&[gathered("c")], &[]).judge(&name("c"), &all),
            [Succession::None],
            "it is as it was"
        );
    }

    #[test]
    fn judge__successor_failed__only_where_it_came_when_the_document_went() {
        let input = [Gathered { failed: vec![path("report-2.pdf")], ..gathered("c") }];
        let judge = |old| Successors::of(&input, &[]).judge(&name("c"), &[old]);
        assert_eq!(judge(gone("report-1.pdf", 500)), [Succession::None], "it had failed before");
        let successor = Some((name("c"), path("report-2.pdf")));
        let waited = Gone { successor, ..gone("report-1.pdf", 500) };
        assert_eq!(judge(waited), [Succession::Failed(path("report-2.pdf"))]);
    }

    #[test]
    fn judge__moved_to_another_collection__is_found_by_its_file_name() {
        let input = [gathered("old"), Gathered { wanted: vec![wanted("x/a.md", 9_000)], ..gathered("new") }];
        let successors = Successors::of(&input, &[]);
        assert_eq!(successors.judge(&name("old"), &[gone("a.md", 500)]), [pending("new", "x/a.md")]);
        assert_eq!(successors.judge(&name("old"), &[gone("new-a.md", 9_000)]), [Succession::None]);
    }

    #[test]
    fn judge__moved_to_another_collection_and_not_read_yet__is_found_by_its_size() {
        for (size, verdict) in [(500, pending("new", "x/b.md")), (501, Succession::None)] {
            let settling = vec![Settling { path: path("x/b.md"), size, soon: false }];
            let input = [gathered("old"), Gathered { settling, ..gathered("new") }];
            assert_eq!(Successors::of(&input, &[]).judge(&name("old"), &[gone("a.md", 500)]), [verdict]);
        }
    }

    #[test]
    fn succession__documents_that_were_seen_beside_it__are_no_successors() {
        let mut input = [gathered("c")];
        input[0].wanted = vec![Wanted { path: path("new/a0.md"), ..wanted("x", 7) }];
        let judge = |input: &[Gathered]| Successors::of(input, &[]).judge(&name("c"), &[gone("old/a0.md", 7)]);
        assert!(matches!(judge(&input)[..], [Succession::Pending(_)]));
        input[0].known.insert(path("new/a0.md"));
        assert_eq!(judge(&input), [Succession::None]);
    }
}
