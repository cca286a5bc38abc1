//! The guard of replacements: many documents that become one text, or shrink to a few words, are an accident of a site or
//! of a script as likely as a change.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use super::{gathered::Wanted, guard::Policy};
use crate::model::{CollectionName, ContentHash, DocPath, Record, distance};

/// This many pages that become one text are no coincidence.
const PAGES: usize = 3;
/// Likenesses that differ in no more bits than this are of much the same text: more than half of its pairs of words.
pub const ALIKE: u32 = 13;
/// Those of before may differ twice as much as the new ones, but in no more bits.
const WERE_ALIKE: u32 = 20;
/// A file of no more bytes, and of no more than a part (a tenth) of what it was, is as good as empty.
const TINY: u64 = 100;
const SHRUNK: u64 = 10;

impl TurnedText {
    /// Of a page that leads to another text.
    pub fn of_move(was: u64, likeness: u64) -> Self {
        Self { was, likeness, shrunk: false, unconfirmed: false }
    }

    /// Of a file, which is not read for its words.
    pub fn of_file(record: &Record, hash: ContentHash, size: u64) -> Option<Self> {
        let was = record.live?.as_number();
        let shrunk = size <= TINY && record.live_size.is_some_and(|live| size.saturating_mul(SHRUNK) <= live);
        Some(Self { was, likeness: hash.short().as_number(), shrunk, unconfirmed: false })
    }

    /// Whether it is doubtful by itself, whatever other documents have become.
    fn is_doubtful(&self) -> bool {
        self.shrunk || self.unconfirmed
    }
}

/// What is known of a document's new text, where it is another than the one that the platform holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnedText {
    /// What the one that the platform holds is like, in the same way.
    pub was: u64,
    /// What it is like: of a page its words but for tokens, of a file its bytes.
    pub likeness: u64,
    /// Whether only a few words are left.
    pub shrunk: bool,
    /// Whether another look must confirm it, before it replaces anything.
    pub unconfirmed: bool,
}

/// What the guard of a collection's replacements remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplacementStanding {
    /// Replacements that were withheld the last time.
    pub held: u64,
    /// The documents whose replacement a person has approved: those that were withheld then, and no others.
    pub approved: BTreeSet<DocPath>,
}

/// Replacements that a pass does not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReplacements {
    /// Of which collection.
    pub collection: CollectionName,
    /// Of which documents, in key order.
    pub documents: Vec<DocPath>,
    /// Of how many documents.
    pub of: u64,
    /// Whether they have become the same text, and not only shrunk to a few words.
    pub same_text: bool,
}

impl HeldReplacements {
    /// How many replacements.
    pub fn count(&self) -> u64 {
        self.documents.len() as u64
    }

    /// Why, in a few words.
    pub fn why(&self) -> &'static str {
        if self.same_text { "they have become the same text" } else { "only a few words of them are left" }
    }
}

impl fmt::Display for HeldReplacements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, documents, of, .. } = self;
        let (count, why) = (documents.len(), self.why());
        write!(
            f,
            "{count} replacements held of {of} documents of {collection}: {why}. The versions before stay. If that is \
             right: kbsync approve {collection}"
        )
    }
}

/// What the guard is asked about: a collection, how many of its documents are held, and its new texts.
pub(super) struct Asked<'a> {
    pub(super) collection: &'a CollectionName,
    pub(super) of: u64,
    pub(super) texts: &'a BTreeMap<DocPath, TurnedText>,
    pub(super) others: &'a BTreeMap<DocPath, u64>,
    pub(super) standing: &'a ReplacementStanding,
    pub(super) policy: &'a Policy,
}

/// Takes out of what is wanted what the guard withholds, and what is not confirmed yet.
pub(super) fn hold(wanted: &mut Vec<Wanted>, asked: &Asked<'_>) -> Option<HeldReplacements> {
    let Asked { collection, of, texts, others: unchanged, standing, policy } = *asked;
    let doubts = Doubts::of(wanted, texts, unchanged);
    let count = wanted.iter().filter(|one| doubts.is_doubted(one)).count() as u64;
    let many = count > policy.max_deletes && count * 100 > policy.max_delete_percent * of;
    let all = count >= of && of >= 3;
    let alike = wanted.iter().any(|one| one.replaces && one.path.address().is_some() && doubts.alike(one) >= PAGES);
    let is_approved = |one: &Wanted| standing.approved.contains(&one.path);
    let is_held = |one: &Wanted| doubts.is_doubted(one) && !is_approved(one);
    if wanted.iter().any(is_held) && (many || all || alike || standing.held > 0) {
        let held: Vec<_> = wanted.extract_if(.., |one| is_held(one)).collect();
        let same_text = held.iter().any(|one| doubts.alike(one) > 1);
        let documents = held.into_iter().map(|one| one.path).collect();
        return Some(HeldReplacements { collection: collection.clone(), documents, of, same_text });
    }
    wanted.retain(|one| is_approved(one) || !texts.get(&one.path).is_some_and(|turned| turned.unconfirmed));
    None
}

/// Drops the replacements that are doubtful by themselves or together.
pub(super) fn drop_doubted(
    wanted: &mut Vec<Wanted>,
    texts: &BTreeMap<DocPath, TurnedText>,
    others: &BTreeMap<DocPath, u64>,
) {
    let doubts = Doubts::of(wanted, texts, others);
    wanted.retain(|one| !doubts.is_doubted(one));
}

/// The new texts of replaced documents, each with how many documents have much the same one, itself included.
struct Doubts<'a>(HashMap<DocPath, (&'a TurnedText, usize)>);

impl<'a> Doubts<'a> {
    fn of(wanted: &[Wanted], texts: &'a BTreeMap<DocPath, TurnedText>, others: &BTreeMap<DocPath, u64>) -> Self {
        let replaced = wanted.iter().filter(|one| one.replaces);
        let turned = replaced.filter_map(|one| Some((&one.path, texts.get(&one.path)?)));
        let alike = |path, turned: &TurnedText| joined(turned.likeness, texts) + met(path, turned, others);
        Self(turned.map(|(path, turned)| (path.clone(), (turned, alike(path, turned)))).collect())
    }

    fn alike(&self, one: &Wanted) -> usize {
        self.0.get(&one.path).map_or(0, |(_, alike)| *alike)
    }

    fn is_doubted(&self, one: &Wanted) -> bool {
        self.0.get(&one.path).is_some_and(|(turned, alike)| *alike > 1 || turned.is_doubtful())
    }
}

/// How many documents, up to those that matter, have become a text like this one, in this pass or before. Documents that
/// were as alike before, as those of one template, do not become so.
pub fn joined(likeness: u64, texts: &BTreeMap<DocPath, TurnedText>) -> usize {
    let were_alike = |one: &TurnedText, other: &TurnedText| {
        distance(one.was, other.was) <= (2 * distance(one.likeness, other.likeness)).min(WERE_ALIKE)
    };
    let mut joined: Vec<&TurnedText> = Vec::new();
    for turned in texts.values().filter(|turned| distance(turned.likeness, likeness) <= ALIKE) {
        if !joined.iter().any(|one| were_alike(one, turned)) {
            joined.push(turned);
        }
        if joined.len() >= PAGES {
            break;
        }
    }
    joined.len()
}

/// How many pages of its site, up to those that matter, show already what a document has become: new pages, and those that
/// the platform holds so. Those that it was like before do not count.
fn met(path: &DocPath, turned: &TurnedText, others: &BTreeMap<DocPath, u64>) -> usize {
    let host = |path: &DocPath| path.address().and_then(|url| url.host_str().map(str::to_owned));
    let Some(own) = host(path) else { return 0 };
    let met = others
        .iter()
        .filter(|(_, likeness)| became(turned.was, turned.likeness, **likeness))
        .filter(|(path, _)| host(path).as_ref() == Some(&own));
    met.take(PAGES).count()
}

/// Whether a text that was like `was` and is like `likeness` has become much the same as `other`, and was not so before.
pub fn became(was: u64, likeness: u64, other: u64) -> bool {
    let now = distance(likeness, other);
    now <= ALIKE && distance(was, other) > (2 * now).max(WERE_ALIKE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprint;

    fn wanted(path: &str, content: u8) -> Wanted {
        let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
        let path = DocPath::new(path).unwrap();
        Wanted { path, fingerprint, hash: ContentHash([content; 32]), min_hash: None, replaces: true }
    }

    /// A likeness like no other's.
    fn number(of: u8) -> u64 {
        ContentHash([of; 32]).short().as_number()
    }

    /// How many are held and how many are left of files with these contents, or of pages with these texts.
    fn judged(contents: &[u8], page: Option<TurnedText>, of: u64, (held, approved): (u64, usize)) -> (usize, usize) {
        let path = |n: usize| page.map_or(format!("{n}"), |_| format!("https://e.com/{n}"));
        let mut all: Vec<_> = contents.iter().enumerate().map(|(n, content)| wanted(&path(n), *content)).collect();
        let file = TurnedText { was: 0, likeness: 0, shrunk: false, unconfirmed: false };
        let texts = all.iter().enumerate().map(|(n, one)| {
            let (was, likeness) = (number(100 + n as u8), number(one.hash.0[0]));
            (one.path.clone(), TurnedText { was, likeness, ..page.unwrap_or(file) })
        });
        let (texts, collection) = (texts.collect(), CollectionName::new("c").unwrap());
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let approved = all.iter().take(approved).map(|one| one.path.clone()).collect();
        let (standing, others) = (&ReplacementStanding { held, approved }, &BTreeMap::new());
        let asked = Asked { collection: &collection, of, texts: &texts, others, standing, policy: &policy };
        let held = hold(&mut all, &asked);
        (held.map_or(0, |held| held.documents.len()), all.len())
    }

    #[test]
    fn files__that_become_one_content__are_held_where_they_are_many_or_all() {
        let different: Vec<u8> = (0..30).collect();
        for (contents, of, standing, expected) in [
            (different.as_slice(), 30, (0, 0), (0, 30)),
            (&[1; 30], 30, (0, 0), (30, 0)),
            (&[1; 30], 30, (0, 30), (0, 30)),
            (&[1; 30], 30, (30, 29), (1, 29)),
            (&[1; 3], 3, (0, 0), (3, 0)),
            (&[1; 2], 2, (0, 0), (0, 2)),
            (&[1; 3], 30, (0, 0), (0, 3)),
            (&[1; 11], 200, (0, 0), (0, 11)),
            (&[1, 1, 1, 2, 3], 30, (3, 0), (3, 2)),
        ] {
            assert_eq!(judged(contents, None, of, standing), expected, "{contents:?} of {of}");
        }
    }

    #[test]
    fn pages__that_become_one_text_or_shrink__are_held() {
        let text = TurnedText { was: 0, likeness: 0, shrunk: false, unconfirmed: false };
        let shrunk = TurnedText { shrunk: true, ..text };
        let unconfirmed = TurnedText { unconfirmed: true, ..shrunk };
        let different: Vec<u8> = (0..30).collect();
        for (contents, page, of, standing, expected) in [
            (different.as_slice(), text, 30, (0, 0), (0, 30)),
            (&[1; 3], text, 30, (0, 0), (3, 0)),
            (&[1; 2], text, 30, (0, 0), (0, 2)),
            (&[1, 1, 1, 2], text, 30, (0, 0), (3, 1)),
            (different.as_slice(), shrunk, 30, (0, 0), (30, 0)),
            (&[1], shrunk, 30, (0, 0), (0, 1)),
            (&[1], unconfirmed, 30, (0, 0), (0, 0)),
            (&[1], unconfirmed, 30, (0, 1), (0, 1)),
            (&[1, 1], unconfirmed, 30, (0, 1), (0, 1)),
            (different.as_slice(), unconfirmed, 30, (0, 30), (0, 30)),
        ] {
            assert_eq!(judged(contents, Some(page), of, standing), expected, "{contents:?} {page:?}");
        }
    }

    /// How many replacements are held of a collection of 30 documents, if any.
    fn held_of_30(wanted: &mut Vec<Wanted>, texts: &BTreeMap<DocPath, TurnedText>) -> Option<usize> {
        let collection = CollectionName::new("c").unwrap();
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let (others, standing) = (BTreeMap::new(), ReplacementStanding::default());
        let asked =
            Asked { collection: &collection, of: 30, texts, others: &others, standing: &standing, policy: &policy };
        hold(wanted, &asked).map(|held| held.documents.len())
    }

    #[test]
    fn documents__alike_before__do_not_become_so() {
        let mut all: Vec<_> = (0..30).map(|n| wanted(&format!("https://e.com/{n}"), 1)).collect();
        let turned = TurnedText { was: 7, likeness: 8, shrunk: false, unconfirmed: false };
        let texts = all.iter().map(|one| (one.path.clone(), turned)).collect();
        assert_eq!(held_of_30(&mut all, &texts), None);
        assert_eq!(all.len(), 30);
    }

    #[test]
    fn pages__that_become_much_the_same_text_one_by_one__are_held_from_the_third_on() {
        for (were, likeness, before, expected) in [
            ([1, 2, 3], [50, 50, 50], 2, 1),
            ([1, 2, 3], [50, 50, 50], 0, 3),
            ([1, 2, 3], [50, 50, 51], 2, 0),
            ([1, 1, 3], [50, 50, 50], 2, 0),
            ([1, 1, 1], [50, 50, 50], 0, 0),
        ] {
            let all: Vec<_> = (0..30).map(|n| wanted(&format!("https://e.com/{n:02}"), 1)).collect();
            let texts = (0..3_usize).map(|n| {
                // A few bits differ, as where each page keeps a sentence of its own.
                let (was, likeness) = (number(were[n]), number(likeness[n]) ^ (0b1001 << n));
                (all[n].path.clone(), TurnedText { was, likeness, shrunk: false, unconfirmed: false })
            });
            let texts = texts.collect();
            let mut new = all[before..3].to_vec();
            assert_eq!(held_of_30(&mut new, &texts).unwrap_or(0), expected, "{were:?} {likeness:?} {before}");
        }
    }

    #[test]
    fn pages__of_one_template__are_held_where_they_become_more_alike() {
        let template = number(1);
        let of = |bits: [u32; 3]| bits.map(|bit| template ^ (0b11_1111 << bit));
        for (were, are, expected) in [
            (of([0, 10, 20]), of([30, 40, 50]), 1),
            (of([0, 10, 20]), [number(2); 3], 3),
            ([template; 3], [number(2); 3], 1),
        ] {
            let texts = (0..3_usize).map(|n| {
                let turned = TurnedText { was: were[n], likeness: are[n], shrunk: false, unconfirmed: false };
                (DocPath::new(format!("https://e.com/{n}")).unwrap(), turned)
            });
            assert_eq!(joined(are[0], &texts.collect()), expected, "{were:?}");
        }
    }

    #[test]
    fn page__that_turns_into_what_other_pages_show__is_held() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let collection = CollectionName::new("c").unwrap();
        for (was, others, expected) in [
            (1, &["https://e.com/x", "https://e.com/y"][..], 1),
            (1, &["https://e.com/x"], 0),
            (1, &["https://other.com/x", "https://e.com/y"], 0),
            (7, &["https://e.com/x", "https://e.com/y"], 0),
        ] {
            let turned = TurnedText { was: number(was), likeness: number(7) ^ 1, shrunk: false, unconfirmed: false };
            let texts = BTreeMap::from([(DocPath::new("https://e.com/0").unwrap(), turned)]);
            let others = others.iter().map(|path| (DocPath::new(*path).unwrap(), number(7))).collect();
            let standing = &ReplacementStanding::default();
            let asked =
                Asked { collection: &collection, of: 30, texts: &texts, others: &others, standing, policy: &policy };
            let held = hold(&mut vec![wanted("https://e.com/0", 9)], &asked).map_or(0, |held| held.documents.len());
            assert_eq!(held, expected, "{was} {others:?}");
        }
    }

    #[test]
    fn held_replacements__for_people__say_what_to_do() {
        let collection = CollectionName::new("p").unwrap();
        let documents = vec![DocPath::new("a").unwrap(); 30];
        let held = HeldReplacements { collection, documents, of: 31, same_text: true };
        let words = "30 replacements held of 31 documents of p: they have become the same text. The versions before stay. \
                     If that is right: kbsync approve p";
        assert_eq!(held.to_string(), words);
    }
}
