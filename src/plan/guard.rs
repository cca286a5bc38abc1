//! The guards: which deletions are withheld, and why.

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
}

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Deletions that were made already and count as if they were of the same moment.
    pub deleted: u64,
    /// Deletions that were withheld the last time: what is held stays so until it is approved, or nothing is gone.
    pub held: u64,
    /// Deletions that a person has approved.
    pub approved: u64,
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
    standing: Standing,
    authority: &Authority,
    policy: &Policy,
    successors: &Successors<'_>,
) -> Guarded {
    let all = gone.len() as u64;
    // An approval is for all of them together.
    let approved = all <= standing.approved;
    let (made_here, mut unknown): (Vec<_>, Vec<_>) =
        gone.into_iter().partition(|gone| gone.made_here || approved && strays.is_empty());
    let successions = successors.judge(collection, &made_here);
    // Of those that wait for files to be read, each file may turn out to be one.
    let unread = successions.iter().filter(|one| **one == Succession::Unread).count().min(successors.unread());
    let why = withhold((made_here.len() as u64, unread as u64), of, standing, authority, policy);
    unknown.extend(strays);
    let withheld = |mut gone: Vec<Gone>, why| {
        gone.sort_by(|a, b| a.path.cmp(&b.path));
        Some(Withheld { collection: collection.clone(), gone, of, why })
    };
    if let Some(why) = why {
        let withheld = withheld([made_here, unknown].concat(), why);
        return Guarded { withheld, ..Guarded::default() };
    }
    let mut guarded = Guarded::default();
    let mut why = (!unknown.is_empty()).then(|| match authority {
        _ if policy.never => Why::Never,
        Authority::Unsure(reason) | Authority::Unseen(reason) => Why::Unsure(reason.clone()),
        Authority::Whole | Authority::Moved(_) => Why::NotMadeHere,
    });
    for (gone, succession) in made_here.into_iter().zip(successions) {
        match succession {
            Succession::Failed(successor) if !approved => {
                why = Some(Why::SuccessorFailed(successor));
                unknown.push(gone);
            }
            Succession::Pending(successor) => {
                guarded.waiting.push(Gone { successor: successor.or(gone.successor), ..gone });
            }
            Succession::Unread => guarded.waiting.push(gone),
            Succession::None | Succession::Failed(_) => guarded.deletions.push(gone),
        }
    }
    guarded.withheld = why.and_then(|why| withheld(unknown, why));
    guarded
}

/// Judges `deletes` of the `of` documents that the platform holds; some may turn out to be none.
fn withhold(
    (deletes, unread): (u64, u64),
    of: u64,
    standing: Standing,
    authority: &Authority,
    policy: &Policy,
) -> Option<Why> {
    if let Authority::Unseen(reason) = authority {
        return Some(Why::Unsure(reason.clone()));
    }
    if deletes == 0 {
        return None;
    }
    if policy.never {
        return Some(Why::Never);
    }
    if let Authority::Unsure(reason) = authority {
        return Some(Why::Unsure(reason.clone()));
    }
    if deletes <= standing.approved {
        return None;
    }
    if standing.left_config {
        return Some(Why::LeftConfig);
    }
    if let Authority::Moved(folder) = authority {
        return Some(Why::Moved(folder.clone()));
    }
    if deletes == unread {
        return None;
    }
    let (deletes, of) = (deletes - unread + standing.deleted, of + standing.deleted);
    let many = deletes > policy.max_deletes && deletes * 100 > policy.max_delete_percent * of;
    let all = deletes >= of && of >= 3;
    (many || all || standing.held > 0).then_some(Why::Held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let whole = Authority::Whole;
        for (deletes, of, approved, held) in [
            (0, 0, 0, false),
            (1, 1, 0, false),
            (2, 2, 0, false),
            (3, 3, 0, true),
            (2, 3, 0, false),
            (10, 20, 0, false),
            (11, 20, 0, true),
            (11, 110, 0, false),
            (11, 109, 0, true),
            (19, 20, 0, true),
            (20, 20, 0, true),
            (20, 20, 20, false),
            (20, 20, 19, true),
            (1_000, 100_000, 0, false),
        ] {
            let why = withhold((deletes, 0), of, Standing { approved, ..Standing::default() }, &whole, &policy);
            assert_eq!(why, held.then_some(Why::Held), "{deletes} of {of}, {approved} approved");
        }
    }

    #[test]
    fn on_another_device_every_deletion_is_held() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let moved = Authority::Moved("its folder".to_owned());
        for (deletes, approved, held) in [(0, 0, false), (1, 0, true), (2, 1, true), (2, 2, false)] {
            let why = withhold((deletes, 0), 100, Standing { approved, ..Standing::default() }, &moved, &policy);
            assert_eq!(why, held.then(|| Why::Moved("its folder".to_owned())));
        }
    }

    #[test]
    fn what_a_pass_has_deleted_before_counts() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let judge = |deletes, of, before| {
            withhold((deletes, 0), of, Standing { deleted: before, ..Standing::default() }, &Authority::Whole, &policy)
        };
        assert_eq!(judge(10, 90, 0), None);
        assert_eq!(judge(1, 80, 10), Some(Why::Held), "eleven of ninety");
        assert_eq!(judge(1, 1, 2), Some(Why::Held), "all of three, one after the other");
        assert_eq!(judge(0, 1, 99), None);
    }

    #[test]
    fn unsure_and_never_come_before_any_approval() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let unsure = Authority::Unsure("it is missing".to_owned());
        let nine = Standing { approved: 9, ..Standing::default() };
        assert_eq!(withhold((1, 0), 9, nine, &unsure, &policy), Some(Why::Unsure("it is missing".to_owned())));
        assert_eq!(withhold((1, 0), 9, nine, &Authority::Whole, &Policy { never: true, ..policy }), Some(Why::Never));
        assert_eq!(withhold((0, 0), 9, Standing::default(), &unsure, &policy), None);
        let unseen = Authority::Unseen("it is missing".to_owned());
        for (deletes, never) in [(0, false), (9, true)] {
            let why = withhold((deletes, 0), 9, nine, &unseen, &Policy { never, ..policy });
            assert_eq!(why, Some(Why::Unsure("it is missing".to_owned())));
        }
    }

    #[test]
    fn what_is_held_stays_held_until_it_is_approved_or_back() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        for (deletes, held, approved, why) in [
            (5, 0, 0, None),
            (5, 15, 0, Some(Why::Held)),
            (5, 15, 15, None),
            (0, 15, 0, None),
            (16, 15, 15, Some(Why::Held)),
        ] {
            let standing = Standing { held, approved, ..Standing::default() };
            assert_eq!(
                withhold((deletes, 0), 100, standing, &Authority::Whole, &policy),
                why,
                "{deletes} {standing:?}"
            );
        }
    }

    fn gone(path: &str, made_here: bool) -> Gone {
        let live = crate::model::ContentHash([1; 32]).short();
        Gone { path: DocPath::new(path).unwrap(), live, size: 1, min_hash: None, made_here, successor: None }
    }

    #[test]
    fn guard__not_uploaded_by_this_state__is_held_and_the_rest_goes() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let name = CollectionName::new("c").unwrap();
        let judge = |gone: &[Gone], strays: &[Gone], approved| {
            let candidates = Candidates { gone: gone.to_vec(), strays: strays.to_vec(), of: 20 };
            let standing = Standing { approved, ..Standing::default() };
            let Guarded { deletions, withheld, .. } =
                guard(&name, candidates, standing, &Authority::Whole, &policy, &Successors::of(&[], &[]));
            (deletions.len(), withheld.map(|withheld| (withheld.deletes(), withheld.why)))
        };
        let (ours, theirs) = (gone("a", true), gone("b", false));
        assert_eq!(judge(std::slice::from_ref(&ours), &[], 0), (1, None));
        assert_eq!(judge(&[ours.clone(), theirs.clone()], &[], 0), (1, Some((1, Why::NotMadeHere))));
        assert_eq!(judge(&[ours.clone(), theirs.clone()], &[], 2), (2, None));
        assert_eq!(judge(&[], std::slice::from_ref(&theirs), 0), (0, Some((1, Why::NotMadeHere))));
        assert_eq!(judge(&[ours], &[theirs], 0), (1, Some((1, Why::NotMadeHere))));
    }

    #[test]
    fn guard__collection_that_left_the_config__is_held_until_approved() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let name = CollectionName::new("c").unwrap();
        let judge = |approved| {
            let candidates = Candidates { gone: vec![gone("a", true)], strays: vec![], of: 1 };
            let standing = Standing { approved, left_config: true, ..Standing::default() };
            guard(&name, candidates, standing, &Authority::Whole, &policy, &Successors::of(&[], &[]))
        };
        assert_eq!(judge(0).withheld.map(|withheld| withheld.why), Some(Why::LeftConfig));
        assert_eq!(judge(1).deletions.len(), 1);
    }
}
