//! Moves that need an upload: the document is uploaded at its new place, and its old source is deleted after that, in the
//! same pass or a later one. They are those on a platform that cannot rename, those of documents that were edited too, and
//! those over another document.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
};

use super::{
    gathered::{Gathered, Wanted},
    guard::{Authority, Gone},
};
use crate::model::{CollectionName, DocPath, ShortHash};

/// More pairs of documents than this are not compared by their words.
pub(super) const MOST_PAIRS: usize = 1_000_000;

/// A document by its collection and its path.
type Key = (CollectionName, DocPath);

/// A document that has moved, and whose new source was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it was.
    pub away: CollectionName,
    /// Where it was.
    pub from: DocPath,
    /// Its content there.
    pub hash: ShortHash,
    /// Where it is now.
    pub to: (CollectionName, DocPath),
    /// How far it has come.
    pub state: MoveState,
}

/// How far a move has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveState {
    /// The platform holds the content at the new place.
    Arrived,
    /// Not yet, though it is there on this machine: on its way, or quarantined.
    Waits,
    /// It is not there any more: there is no move.
    Off,
}

/// A move to note before anything is sent for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMove {
    /// Where the document was.
    pub away: CollectionName,
    /// What it was there.
    pub from: Gone,
    /// Where it is now.
    pub to: (CollectionName, DocPath),
    /// Whether it was edited as well.
    pub edited: bool,
}

/// The moves, with those off whose new place was scanned and is gone as well.
pub(super) fn as_seen(moves: &[Move], gathered: &[Gathered]) -> Vec<Move> {
    if moves.is_empty() {
        return Vec::new();
    }
    let whole = gathered.iter().filter(|one| one.authority == Authority::Whole);
    let gone: HashSet<(&CollectionName, &DocPath)> =
        whole.flat_map(|one| one.gone.iter().map(|gone| (&one.collection, &gone.path))).collect();
    let is_off = |one: &Move| one.state == MoveState::Waits && gone.contains(&(&one.to.0, &one.to.1));
    let seen = |one: &Move| Move { state: if is_off(one) { MoveState::Off } else { one.state }, ..one.clone() };
    moves.iter().map(seen).collect()
}

/// Takes what has moved out of what is gone of a collection: it waits for its new place. Gives what has arrived there,
/// whose old sources go. Neither is a deletion, so no guard counts it.
pub(super) fn settle(collection: &CollectionName, gone: &mut Vec<Gone>, moves: &[Move]) -> Vec<Gone> {
    let state = |gone: &Gone| {
        let same = |of: &&Move| of.away == *collection && of.from == gone.path && of.hash == gone.live;
        moves.iter().find(same).map_or(MoveState::Off, |found| found.state)
    };
    let arrived = gone.extract_if(.., |gone| state(gone) == MoveState::Arrived).collect();
    gone.retain(|gone| state(gone) == MoveState::Off);
    arrived
}

/// Takes documents that were moved over others out of what is gone: each with one that has its content now. What else has
/// had that content is no move. `begun` are the moves that take no other document.
pub(super) fn over(gathered: &mut [Gathered], begun: &[Move]) -> Vec<NewMove> {
    let taken: HashSet<&Key> = begun.iter().filter(|one| one.state != MoveState::Off).map(|one| &one.to).collect();
    let replaced = gathered.iter().flat_map(|one| one.wanted.iter().map(|wanted| (&one.collection, wanted)));
    let replaced = replaced.filter(|(_, wanted)| wanted.replaces);
    let mut places: HashMap<ShortHash, Vec<Key>> = HashMap::new();
    for (collection, wanted) in replaced {
        let to = (collection.clone(), wanted.path.clone());
        if !taken.contains(&to) {
            places.entry(wanted.hash.short()).or_default().push(to);
        }
    }
    let mut found = Vec::new();
    // What was not seen for sure may still be there.
    for one in gathered.iter_mut().filter(|one| one.authority == Authority::Whole) {
        one.gone.retain(|gone| {
            let to = places.get_mut(&gone.live).filter(|_| gone.made_here).and_then(Vec::pop);
            let is_left = to.is_none();
            found.extend(to.map(|to| NewMove { away: one.collection.clone(), from: gone.clone(), to, edited: false }));
            is_left
        });
    }
    found
}

/// Takes documents that were moved and edited at once out of what is gone, each with a new one of its own: the most similar
/// text, or the same file name where a text is not known; of several that are alike, one of its own collection. `begun` are
/// the moves that take no other document.
pub(super) fn edited(gathered: &mut [Gathered], begun: &[Move]) -> Vec<NewMove> {
    let taken: HashSet<&Key> = begun.iter().filter(|one| one.state != MoveState::Off).map(|one| &one.to).collect();
    let is_free = |one: &Gathered, wanted: &Wanted| {
        !wanted.replaces && !taken.contains(&(one.collection.clone(), wanted.path.clone()))
    };
    // What was not seen for sure may still be there.
    let gone: Vec<(usize, usize)> = indexes(gathered, |one| match one.authority {
        Authority::Whole => one.gone.iter().map(|gone| gone.made_here).collect(),
        Authority::Moved(_) | Authority::Unsure(_) | Authority::Unseen(_) => Vec::new(),
    });
    let new = indexes(gathered, |one| one.wanted.iter().map(|wanted| is_free(one, wanted)).collect());
    let mut pairs = Vec::new();
    let compare_words = gone.len() * new.len() <= MOST_PAIRS;
    let names: Vec<_> = new.iter().map(|(of, at)| gathered[*of].wanted[*at].path.file_name().to_lowercase()).collect();
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (number, name) in names.iter().enumerate() {
        by_name.entry(name).or_default().push(number);
    }
    for (old, (of, at)) in gone.iter().enumerate() {
        let gone = &gathered[*of].gone[*at];
        let name = gone.path.file_name().to_lowercase();
        let namesakes = by_name.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let candidates: &mut dyn Iterator<Item = usize> =
            if compare_words { &mut (0..new.len()) } else { &mut namesakes.iter().copied() };
        for number in candidates {
            let (place, wanted) = new[number];
            let (place, wanted) = (&gathered[place], &gathered[place].wanted[wanted]);
            let is_namesake = names[number] == name;
            let likeness = match (&gone.min_hash, &wanted.min_hash) {
                (Some(one), Some(other)) => one.is_similar(other).then(|| one.similarity(other)),
                // One that was there beside it is another document.
                _ => (is_namesake && !place.known.contains(&wanted.path)).then_some(0),
            };
            let is_far = gathered[*of].collection != place.collection;
            pairs.extend(likeness.map(|likeness| (Reverse(likeness), !is_namesake, is_far, old, number)));
        }
    }
    pairs.sort_unstable();
    let (mut left, mut come, mut found) = (BTreeSet::new(), HashSet::new(), Vec::new());
    for (_, _, _, old, number) in pairs {
        if !left.contains(&old) && come.insert(number) {
            left.insert(old);
            let ((of, at), (place, wanted)) = (gone[old], new[number]);
            let to = (gathered[place].collection.clone(), gathered[place].wanted[wanted].path.clone());
            let (away, from) = (gathered[of].collection.clone(), gathered[of].gone[at].clone());
            found.push(NewMove { away, from, to, edited: true });
        }
    }
    // From behind, so that the indexes stay true.
    for old in left.into_iter().rev() {
        let (of, at) = gone[old];
        gathered[of].gone.remove(at);
    }
    found.sort_by(|a, b| (&a.away, &a.from.path).cmp(&(&b.away, &b.from.path)));
    found
}

/// Where those are that a predicate marks, in each of what was gathered.
fn indexes(gathered: &[Gathered], marks: impl Fn(&Gathered) -> Vec<bool>) -> Vec<(usize, usize)> {
    let of = |(number, one)| marks(one).into_iter().enumerate().filter(|(_, is)| *is).map(move |(at, _)| (number, at));
    gathered.iter().enumerate().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint, MinHash},
        plan::{Settling, Standing, successors::Successors},
    };

    /// Words of a text; of one that is edited every tenth is another one.
    fn words(text: &str, edited: bool) -> Option<MinHash> {
        let word = |n| if edited && n % 10 == 0 { format!("edited{n} ") } else { format!("{text}{n} ") };
        MinHash::of((0..80).map(word).collect::<String>().as_bytes())
    }

    fn name(name: &str) -> CollectionName {
        CollectionName::new(name).unwrap()
    }

    fn path(path: &str) -> DocPath {
        DocPath::new(path).unwrap()
    }

    fn gone(document: &str, min_hash: Option<MinHash>) -> Gone {
        let live = ContentHash([1; 32]).short();
        Gone {
            path: path(document),
            live,
            size: 9,
            min_hash: min_hash.map(Box::new),
            made_here: true,
            successor: None,
            overdue: false,
        }
    }

    fn wanted(document: &str, min_hash: Option<MinHash>) -> Wanted {
        let fingerprint = Fingerprint { size: 9, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
        Wanted {
            path: path(document),
            fingerprint,
            hash: ContentHash([2; 32]),
            min_hash: min_hash.map(Box::new),
            replaces: false,
        }
    }

    fn gathered(collection: &str, gone: Vec<Gone>, wanted: Vec<Wanted>) -> Gathered {
        Gathered { wanted, gone, held_by_platform: 9, ..Gathered::new(&name(collection), Standing::default()) }
    }

    /// The moves that are found, each as one line.
    fn found(mut gathered: Vec<Gathered>, begun: &[Move]) -> Vec<String> {
        let all: usize = gathered.iter().map(|one| one.gone.len()).sum();
        let moves = edited(&mut gathered, begun);
        assert_eq!(gathered.iter().map(|one| one.gone.len()).sum::<usize>(), all - moves.len());
        let line = |one: NewMove| format!("{}/{} > {}/{}", one.away, one.from.path, one.to.0, one.to.1);
        moves.into_iter().map(line).collect()
    }

    #[test]
    fn edited__new_documents__each_takes_the_likeliest_that_is_gone() {
        let (a, b) = (|| words("a", false), || words("b", false));
        let (new_a, new_b) = (|| words("a", true), || words("b", true));
        for (case, old, new, expected) in [
            ("under a new name", gone("a.md", a()), wanted("x/zebra.md", new_a()), true),
            ("another text under a new name", gone("a.md", a()), wanted("x/zebra.md", new_b()), false),
            ("another text of the same name", gone("a.md", a()), wanted("x/a.md", new_b()), false),
            ("of the same name, and no text", gone("a.pdf", None), wanted("x/A.pdf", None), true),
            ("of the same name, of an old state", gone("a.md", None), wanted("x/a.md", new_a()), true),
            ("no text", gone("a.pdf", None), wanted("b.pdf", None), false),
            ("replaces another", gone("a.md", a()), Wanted { replaces: true, ..wanted("b.md", new_a()) }, false),
            ("of another machine", Gone { made_here: false, ..gone("a.md", a()) }, wanted("b.md", new_a()), false),
        ] {
            assert_eq!(!found(vec![gathered("c", vec![old], vec![new])], &[]).is_empty(), expected, "{case}");
        }
        let old = vec![gone("a.md", a()), gone("b.md", b())];
        let new = vec![wanted("x.md", new_b()), wanted("y.md", new_a())];
        let crossed = found(vec![gathered("c", old.clone(), new.clone())], &[]);
        assert_eq!(crossed, ["c/a.md > c/y.md", "c/b.md > c/x.md"]);
        let elsewhere = found(vec![gathered("c", old.clone(), vec![]), gathered("d", vec![], new.clone())], &[]);
        assert_eq!(elsewhere, ["c/a.md > d/y.md", "c/b.md > d/x.md"]);
        let twins = vec![gone("a.md", a()), gone("b.md", a())];
        assert_eq!(found(vec![gathered("c", twins, vec![wanted("x.md", new_a())])], &[]).len(), 1, "one takes one");
        let namesakes = [gathered("c", vec![gone("a.pdf", None)], vec![])];
        let near = gathered("d", vec![gone("x/a.pdf", None)], vec![wanted("y/a.pdf", None)]);
        assert_eq!(
            found(namesakes.into_iter().chain([near]).collect(), &[]),
            ["d/x/a.pdf > d/y/a.pdf"],
            "the near one"
        );
        let begun = Move {
            away: name("c"),
            from: path("old.md"),
            hash: ContentHash([1; 32]).short(),
            to: (name("c"), path("y.md")),
            state: MoveState::Waits,
        };
        let taken = found(vec![gathered("c", old.clone(), new.clone())], &[begun]);
        assert_eq!(taken, ["c/b.md > c/x.md"], "the other takes what was moved before");
        let unsure = Gathered { authority: Authority::Unsure(String::new()), ..gathered("c", old, new) };
        assert_eq!(found(vec![unsure], &[]), [""; 0]);
    }

    #[test]
    fn edited__seen_beside_it__is_a_move_only_by_its_words() {
        for (old, new, expected) in [
            (gone("a.md", words("a", false)), wanted("b.md", words("a", true)), 1),
            (gone("a.pdf", None), wanted("x/a.pdf", None), 0),
        ] {
            let known = BTreeSet::from([new.path.clone()]);
            let input = Gathered { known, ..gathered("c", vec![old], vec![new]) };
            assert_eq!(found(vec![input], &[]).len(), expected);
        }
    }

    #[test]
    fn guard__many_moved_and_edited__are_no_deletions() {
        let policy = crate::plan::Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let all = |extra: usize| -> (Vec<Gone>, Vec<Wanted>) {
            let old = (0..30 + extra).map(|n| gone(&format!("old/{n}.md"), words(&format!("t{n}x"), false)));
            let new = (0..30).map(|n| wanted(&format!("new/doc{n}.md"), words(&format!("t{n}x"), true)));
            (old.collect(), new.collect())
        };
        let plan = |extra, settling: usize| {
            let (old, mut new) = all(extra);
            let left = new.split_off(30 - settling);
            let settling = left.into_iter().map(|one| Settling { path: one.path, size: 1, soon: false }).collect();
            let input = Gathered { settling, held_by_platform: 40, ..gathered("c", old, new) };
            let plan = crate::plan::assemble(vec![input], &[], &policy);
            let held: u64 = plan.withheld.iter().map(crate::plan::Withheld::deletes).sum();
            (plan.begun_moves.len(), plan.waiting.len(), held)
        };
        assert_eq!(plan(0, 0), (30, 0, 0));
        assert_eq!(plan(11, 0), (30, 0, 11), "the others are deletions");
        assert_eq!(plan(0, 30), (0, 30, 0), "what is still being written may be what has moved");
        assert_eq!(plan(10, 5), (25, 15, 0));
        assert_eq!(plan(11, 1), (29, 0, 12), "one of twelve may be in the file that is being written");
    }

    #[test]
    fn judge__files_that_are_still_being_written__are_waited_for_once_and_in_the_collection_until_they_are_read() {
        let judge = |gone, soon, collection: &str| {
            let settling = vec![Settling { path: path("zebra.md"), size: 9_000, soon }];
            let input = [Gathered { settling, ..gathered(collection, vec![], vec![]) }];
            format!("{:?}", Successors::of(&input, &[]).judge(&name("c"), &[gone])[0])
        };
        let (old, bare) = (|| gone("a.md", words("a", false)), || gone("a.md", None));
        let waited = |gone| Gone { successor: Some((name("c"), path("a.md"))), ..gone };
        for (gone, soon, collection, expected) in [
            (old(), false, "c", "Unread"),
            (old(), false, "d", "Unread"),
            (waited(old()), false, "c", "None"),
            // Nothing could be told then, either.
            (bare(), false, "c", "None"),
            (waited(old()), true, "c", "Unread"),
            (waited(bare()), true, "c", "Unread"),
            (waited(old()), true, "d", "None"),
        ] {
            assert_eq!(judge(gone.clone(), soon, collection), expected, "{gone:?}, {soon}, {collection}");
        }
    }
}
