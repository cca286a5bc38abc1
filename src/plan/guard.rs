//! The guards: which deletions are withheld, and why.

use std::fmt;

use crate::model::{CollectionName, DocPath, ShortHash};

/// A document that the platform holds and the folder does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which document it was.
    pub path: DocPath,
    /// The content that the platform holds.
    pub live: ShortHash,
    /// Its size in bytes, where it is remembered.
    pub size: u64,
}

/// Whether what a scan did not see is really gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The whole folder was seen.
    Whole,
    /// The whole folder was seen, on another device than before: it may be the empty place where a disk was mounted.
    Moved,
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
}

/// Deletions that a pass does not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Of which collection.
    pub collection: CollectionName,
    /// Which documents, in key order.
    pub gone: Vec<Gone>,
    /// Of how many documents.
    pub of: u64,
    /// Why.
    pub why: Why,
}

impl Withheld {
    /// How many deletions.
    pub fn deletes(&self) -> u64 {
        self.gone.len() as u64
    }
}

/// What is withheld, why, and what to do.
impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, gone, of, why } = self;
        let what = format!("{} of {of} {}", gone.len(), if *of == 1 { "document" } else { "documents" });
        match why {
            Why::Held => write!(
                f,
                "held: {what} of {collection} would be deleted. If that is right: kbsync approve {collection}"
            ),
            Why::Moved => write!(
                f,
                "held: {what} of {collection} are not seen, and its folder is on another device than before: is a \
                 disk not mounted? If they are gone: kbsync approve {collection}"
            ),
            Why::Unsure(reason) if gone.is_empty() => write!(f, "not seen: {collection}: {reason}"),
            Why::Unsure(reason) => write!(f, "kept: {what} of {collection} are not seen, and not deleted: {reason}"),
            Why::Never => write!(f, "kept: {what} of {collection} are gone here, and `delete: never` keeps them there"),
        }
    }
}

/// Why deletions are withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A guard holds them until they are approved.
    Held,
    /// The folder is on another device than before; that is held until it is approved, too.
    Moved,
    /// The scan is not sure.
    Unsure(String),
    /// The config says `delete: never`.
    Never,
}

impl Why {
    /// Whether a person's word lets the deletions be made.
    pub fn can_be_approved(&self) -> bool {
        matches!(self, Self::Held | Self::Moved)
    }
}

/// Judges `deletes` of the `of` documents that the platform holds.
pub(super) fn withhold(
    deletes: u64,
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
    if *authority == Authority::Moved {
        return Some(Why::Moved);
    }
    let (deletes, of) = (deletes + standing.deleted, of + standing.deleted);
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
            let why = withhold(deletes, of, Standing { approved, ..Standing::default() }, &whole, &policy);
            assert_eq!(why, held.then_some(Why::Held), "{deletes} of {of}, {approved} approved");
        }
    }

    #[test]
    fn on_another_device_every_deletion_is_held() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        for (deletes, approved, why) in [(0, 0, None), (1, 0, Some(Why::Moved)), (2, 1, Some(Why::Moved)), (2, 2, None)]
        {
            let standing = Standing { approved, ..Standing::default() };
            assert_eq!(withhold(deletes, 100, standing, &Authority::Moved, &policy), why);
        }
    }

    #[test]
    fn what_a_pass_has_deleted_before_counts() {
        let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
        let judge = |deletes, of, before| {
            withhold(deletes, of, Standing { deleted: before, ..Standing::default() }, &Authority::Whole, &policy)
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
        assert_eq!(withhold(1, 9, nine, &unsure, &policy), Some(Why::Unsure("it is missing".to_owned())));
        assert_eq!(withhold(1, 9, nine, &Authority::Whole, &Policy { never: true, ..policy }), Some(Why::Never));
        assert_eq!(withhold(0, 9, Standing::default(), &unsure, &policy), None);
        let unseen = Authority::Unseen("it is missing".to_owned());
        for (deletes, never) in [(0, false), (9, true)] {
            let why = withhold(deletes, 9, nine, &unseen, &Policy { never, ..policy });
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
            let standing = Standing { held, approved, deleted: 0 };
            assert_eq!(withhold(deletes, 100, standing, &Authority::Whole, &policy), why, "{deletes} {standing:?}");
        }
    }
}
