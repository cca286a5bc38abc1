//! The guards: which deletions are withheld, and why.

use std::collections::BTreeSet;

use super::{
    successors::{Succession, Successors},
    withheld::{Why, Withheld},
};
use crate::model::{CollectionName, DocPath, MinHash, ShortHash};

/// A document that the platform holds and the folder does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which document it was.
    pub path: DocPath,
    /// The content that the platform holds.
    pub live: ShortHash,
    /// Its size in bytes, where it is remembered.
    pub size: u64,
    /// The signature of its words, where it is remembered.
    pub min_hash: Option<Box<MinHash>>,
    /// Whether this state made its source, or has seen its content here.
    pub made_here: bool,
    /// The new document that seemed to be its successor when it went.
    pub successor: Option<(CollectionName, DocPath)>,
    /// Whether it has waited long enough for files to be read that it may have become: others keep coming.
    pub overdue: bool,
}

impl Gone {
    /// What an approval of its deletion names.
    pub fn deletion(&self) -> Deletion {
        (self.path.clone(), self.live)
    }
}

/// A deletion as it is shown and approved: of which document, and with which content on the platform.
pub type Deletion = (DocPath, ShortHash);

/// Whether what a scan did not see is really gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The whole folder was seen.
    Whole,
    /// The whole folder was seen, on another device than before, or with a folder in it that is: it may be the empty
    /// place where a disk was mounted. The text names the folder.
    Moved(String),
    /// Something could not be seen: nothing is deleted. The text says what.
    Unsure(String),
    /// Nothing could be seen: that is said also where there is nothing to delete. The text says why.
    Unseen(String),
}

/// What the config says of deletions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// So many deletions are always allowed.
    pub max_deletes: u64,
    /// So many in a hundred documents are always allowed.
    pub max_delete_percent: u64,
    /// Whether anything is deleted at all.
    pub never: bool,
}

/// What a guard remembers of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Deletions that were made already and count as if they were of the same moment.
    pub deleted: u64,
    /// Deletions that were withheld the last time: what is held stays so until it is approved, or nothing is gone.
    pub held: u64,
    /// Deletions that a person has approved: those that were withheld then, and no others.
    pub approved: BTreeSet<Deletion>,
    /// Whether the collection has left the config.
    pub left_config: bool,
}

/// What the platform holds and this machine does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidates {
    /// Documents that are gone, in key order.
    pub(super) gone: Vec<Gone>,
    /// Sources with this instance's marker that this state does not know.
    pub(super) strays: Vec<Gone>,
    /// How many documents the platform holds.
    pub(super) of: u64,
}

/// What is done about the deletions of a collection, each in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Guarded {
    /// They are made.
    pub(super) deletions: Vec<Gone>,
    /// What may be their successors is under way: they are planned again after that.
    pub(super) waiting: Vec<Gone>,
    /// They are not made.
    pub(super) withheld: Option<Withheld>,
}

/// Sorts the deletions of a collection into those that are made, those that wait for a successor, and those that are
/// withheld.
pub(super) fn guard(
    collection: &CollectionName,
    Candidates { gone, strays, of }: Candidates,
    standing: &Standing,
    authority: &Authority,
    policy: &Policy,
    successors: &Successors<'_>,
) -> Guarded {
    let is_approved = |gone: &Gone| standing.approved.contains(&gone.deletion());
    let (known, mut unknown): (Vec<_>, Vec<_>) = gone.into_iter().partition(|gone| gone.made_here || is_approved(gone));
    unknown.extend(strays);
    let successions = successors.judge(collection, &known);
    let (mut going, judged): (Vec<_>, Vec<_>) =
        known.into_iter().zip(successions).partition(|(gone, _)| is_approved(gone));
    // Of those that wait for files to be read, each file may turn out to be one.
    let unread = judged.iter().filter(|(_, one)| *one == Succession::Unread).count().min(successors.unread());
    let counts = Counts { approved: going.len() as u64, judged: judged.len() as u64, unread: unread as u64, of };
    let mut why = withhold(counts, standing, authority, policy);
    let mut held = Vec::new();
    match &why {
        Some(why) if !why.can_be_approved() => held.extend(std::mem::take(&mut going).into_iter().chain(judged)),
        Some(_) => held.extend(judged),
        None => going.extend(judged),
    }
    let mut held: Vec<_> = held.into_iter().map(|(gone, _)| gone).collect();
    if !unknown.is_empty() {
        why = why.or_else(|| {
            Some(match authority {
                _ if policy.never => Why::Never,
                Authority::Unsure(reason) | Authority::Unseen(reason) => Why::Unsure(reason.clone()),
                Authority::Whole | Authority::Moved(_) => Why::NotMadeHere,
            })
        });
        held.append(&mut unknown);
    }
    let mut guarded = Guarded::default();
    going.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
    for (gone, succession) in going {
        match succession {
            Succession::Failed(successor) if !is_approved(&gone) => {
                why = Some(Why::SuccessorFailed(successor));
                held.push(gone);
            }
            Succession::Pending(successor) => {
                guarded.waiting.push(Gone { successor: successor.or(gone.successor), ..gone });
            }
            Succession::Unread => guarded.waiting.push(gone),
            Succession::None | Succession::Failed(_) => guarded.deletions.push(gone),
        }
    }
    held.sort_by(|a, b| a.path.cmp(&b.path));
    guarded.withheld = why.map(|why| Withheld { collection: collection.clone(), gone: held, of, why });
    guarded
}

/// How many documents of a collection are gone.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Those that were approved.
    approved: u64,
    /// The others that this state made.
    judged: u64,
    /// How many of the others may turn out to have only moved.
    unread: u64,
    /// Those that the platform holds.
    of: u64,
}

/// Why deletions are withheld: all of them, or where that can be approved, those that were not.
fn withhold(
    Counts { approved, judged, unread, of }: Counts,
    standing: &Standing,
    authority: &Authority,
    policy: &Policy,
) -> Option<Why> {
    if let Authority::Unseen(reason) = authority {
        return Some(Why::Unsure(reason.clone()));
    }
    if approved + judged == 0 {
        return None;
    }
    if policy.never {
        return Some(Why::Never);
    }
    if let Authority::Unsure(reason) = authority {
        return Some(Why::Unsure(reason.clone()));
    }
    if judged == 0 {
        return None;
    }
    if standing.left_config {
        return Some(Why::LeftConfig);
    }
    if let Authority::Moved(folder) = authority {
        return Some(Why::Moved(folder.clone()));
    }
    if judged == unread {
        return None;
    }
    let (deletes, of) = (approved + judged - unread + standing.deleted, of + standing.deleted);
    let many = deletes > policy.max_deletes && deletes * 100 > policy.max_delete_percent * of;
    let all = deletes >= of && of >= 3;
    (many || all || standing.held > 0).then_some(Why::Held)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };

    /// Why `judged` deletions beside `approved` ones are withheld.
    fn why((judged, approved): (u64, u64), of: u64, standing: Standing, authority: &Authority) -> Option<Why> {
        withhold(Counts { approved, judged, unread: 0, of }, &standing, authority, &POLICY)
    }

    #[test]
    fn what_is_held() {
        for (deletes, of, held) in [
            (0, 0, false),
            (1, 1, false),
            (2, 2, false),
            (3, 3, true),
            (2, 3, false),
            (10, 20, false),
            (11, 20, true),
            (11, 110, false),
            (11, 109, true),
            (19, 20, true),
            (20, 20, true),
            (1_000, 100_000, false),
        ] {
            let why = why((deletes, 0), of, Standing::default(), &Authority::Whole);
            assert_eq!(why, held.then_some(Why::Held), "{deletes} of {of}");
        }
    }

    #[test]
    fn approval__others_are_gone_as_well__these_are_judged_beside_it() {
        for (judged, approved, of, held) in [(0, 20, 20, false), (1, 19, 20, true), (1, 9, 20, false)] {
            let why = why((judged, approved), of, Standing::default(), &Authority::Whole);
            assert_eq!(why, held.then_some(Why::Held), "{judged} beside {approved} of {of}");
        }
    }

    #[test]
    fn on_another_device_every_deletion_is_held() {
        let moved = Authority::Moved("its folder".to_owned());
        for (judged, approved, held) in [(0, 0, false), (1, 0, true), (1, 1, true), (0, 2, false)] {
            let why = why((judged, approved), 100, Standing::default(), &moved);
            assert_eq!(why, held.then(|| Why::Moved("its folder".to_owned())));
        }
    }

    #[test]
    fn what_a_pass_has_deleted_before_counts() {
        let judge = |deletes, of, before| {
            why((deletes, 0), of, Standing { deleted: before, ..Standing::default() }, &Authority::Whole)
        };
        assert_eq!(judge(10, 90, 0), None);
        assert_eq!(judge(1, 80, 10), Some(Why::Held), "eleven of ninety");
        assert_eq!(judge(1, 1, 2), Some(Why::Held), "all of three, one after the other");
        assert_eq!(judge(0, 1, 99), None);
    }

    #[test]
    fn unsure_and_never_come_before_any_approval() {
        let unsure = Authority::Unsure("it is missing".to_owned());
        let standing = Standing::default;
        assert_eq!(why((0, 1), 9, standing(), &unsure), Some(Why::Unsure("it is missing".to_owned())));
        assert_eq!(why((0, 0), 9, standing(), &unsure), None);
        let never = Policy { never: true, ..POLICY };
        let counts = Counts { approved: 1, of: 9, ..Counts::default() };
        assert_eq!(withhold(counts, &standing(), &Authority::Whole, &never), Some(Why::Never));
        let unseen = Authority::Unseen("it is missing".to_owned());
        for (approved, policy) in [(0, POLICY), (9, never)] {
            let why = withhold(Counts { approved, of: 9, ..Counts::default() }, &standing(), &unseen, &policy);
            assert_eq!(why, Some(Why::Unsure("it is missing".to_owned())));
        }
    }

    #[test]
    fn what_is_held_stays_held_until_it_is_approved_or_back() {
        for (judged, approved, held, expected) in [
            (5, 0, 0, None),
            (5, 0, 15, Some(Why::Held)),
            (0, 5, 15, None),
            (0, 0, 15, None),
            (1, 15, 15, Some(Why::Held)),
        ] {
            let standing = Standing { held, ..Standing::default() };
            let why = why((judged, approved), 100, standing, &Authority::Whole);
            assert_eq!(why, expected, "{judged} beside {approved}, {held} held");
        }
    }

    fn gone(path: &str, made_here: bool) -> Gone {
        let live = crate::model::ContentHash([1; 32]).short();
        Gone {
            path: DocPath::new(path).unwrap(),
            live,
            size: 1,
            min_hash: None,
            made_here,
            successor: None,
            overdue: false,
        }
    }

    /// What the guard does about these of 20 documents: the paths of those that go and of those that are held, and why.
    fn judged(gone: &[Gone], strays: &[Gone], standing: &Standing) -> (Vec<String>, Vec<String>, Option<Why>) {
        let candidates = Candidates { gone: gone.to_vec(), strays: strays.to_vec(), of: 20 };
        let (name, successors) = (CollectionName::new("c").unwrap(), Successors::of(&[], &[]));
        let guarded = guard(&name, candidates, standing, &Authority::Whole, &POLICY, &successors);
        let paths = |gone: &[Gone]| gone.iter().map(|gone| gone.path.as_str().to_owned()).collect();
        let held = guarded.withheld.as_ref().map_or_else(Vec::new, |withheld| paths(&withheld.gone));
        (paths(&guarded.deletions), held, guarded.withheld.map(|withheld| withheld.why))
    }

    fn approved(gone: &[&Gone]) -> Standing {
        Standing { approved: gone.iter().map(|gone| gone.deletion()).collect(), ..Standing::default() }
    }

    #[test]
    fn guard__not_uploaded_by_this_state__is_held_and_the_rest_goes() {
        let (ours, theirs) = (gone("a", true), gone("b", false));
        let judge = |gone: &[&Gone], strays: &[&Gone], standing: &Standing| {
            let owned = |all: &[&Gone]| all.iter().map(|gone| (*gone).clone()).collect::<Vec<_>>();
            let (deleted, held, why) = judged(&owned(gone), &owned(strays), standing);
            (deleted.len(), held.len(), why)
        };
        let (none, both, held) = (Standing::default(), approved(&[&ours, &theirs]), Some(Why::NotMadeHere));
        assert_eq!(judge(&[&ours], &[], &none), (1, 0, None));
        assert_eq!(judge(&[&ours, &theirs], &[], &none), (1, 1, held.clone()));
        assert_eq!(judge(&[&ours, &theirs], &[], &both), (2, 0, None));
        assert_eq!(judge(&[], &[&theirs], &none), (0, 1, held.clone()));
        assert_eq!(judge(&[&ours], &[&theirs], &none), (1, 1, held));
    }

    #[test]
    fn guard__others_than_those_that_were_approved__are_held_and_these_go() {
        let all: Vec<_> = ["a", "b", "c", "d"].map(|path| gone(path, true)).to_vec();
        let standing = Standing { held: 2, ..approved(&[&all[1], &all[3]]) };
        let (deleted, held, why) = judged(&all, &[], &standing);
        assert_eq!((deleted, held, why), (vec!["b".into(), "d".into()], vec!["a".into(), "c".into()], Some(Why::Held)));
        // What the platform holds of it now is not what was shown.
        let other = Gone { live: crate::model::ContentHash([2; 32]).short(), ..all[1].clone() };
        assert_eq!(judged(&[other], &[], &standing).0.len(), 0);
    }

    #[test]
    fn guard__collection_that_left_the_config__is_held_until_approved() {
        let all = [gone("a", true)];
        let left = |standing| judged(&all, &[], &Standing { left_config: true, ..standing });
        assert_eq!(left(Standing::default()).2, Some(Why::LeftConfig));
        assert_eq!(left(approved(&[&all[0]])).0.len(), 1);
    }
}
