//! Approvals: each is for what was withheld when it was given.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::plan::Deletion;

/// Deletions of these documents with these contents, all beyond the limit.
pub(super) fn held(documents: &[(&str, u8)]) -> (BTreeSet<Deletion>, u64) {
    (documents.iter().map(|(name, content)| (path(name), short(*content))).collect(), documents.len() as u64)
}

#[test]
fn an_approval_is_for_what_is_held_and_spent_deletion_by_deletion() {
    let (_folder, mut db) = new_db();
    assert_eq!(db.approve(&docs()).unwrap().deletions, 0, "nothing is held");
    let both = held(&[("a.md", 1), ("b.md", 2)]);
    db.note_guard(&docs(), Some(&both), Some(&footing(&["a/disk", "b"]))).unwrap();
    assert_eq!(db.approve(&docs()).unwrap().deletions, 2);
    db.note_guard(&docs(), Some(&held(&[])), None).unwrap();
    let approvals = Approvals { deletions: both.0, ..Approvals::default() };
    let (footing, approved) = (Some(footing(&["a/disk", "b"])), 2);
    let state = CollectionState { footing, approved, approvals: approvals.clone(), ..CollectionState::default() };
    assert_eq!(db.collection(&docs()).unwrap(), state);
    ready(&mut db, "a.md", 1, "s1");
    db.gone(&docs(), &path("a.md"), NOW).unwrap();
    assert_eq!(db.collection(&docs()).unwrap().approved, 1);
    // What was approved since is for the next pass.
    db.note_guard(&docs(), Some(&held(&[("c.md", 3)])), None).unwrap();
    db.approve(&docs()).unwrap();
    db.spend_approval("docs", &approvals).unwrap();
    assert_eq!(db.approvals().unwrap()["docs"].deletions, held(&[("c.md", 3)]).0);
}

#[test]
fn approval__of_another_content_of_the_same_name__is_not_spent_on_a_deletion() {
    let (_folder, mut db) = new_db();
    db.note_guard(&docs(), Some(&held(&[("a.md", 1)])), None).unwrap();
    db.approve(&docs()).unwrap();
    ready(&mut db, "a.md", 2, "s2");
    db.gone(&docs(), &path("a.md"), NOW).unwrap();
    assert_eq!((db.collection(&docs()).unwrap().approved, db.recent_deletions(&docs(), NOW).unwrap()), (1, 1));
    ready(&mut db, "a.md", 1, "s1");
    db.gone(&docs(), &path("a.md"), NOW).unwrap();
    assert_eq!((db.collection(&docs()).unwrap().approved, db.recent_deletions(&docs(), NOW).unwrap()), (0, 1));
}

#[test]
fn approval__of_an_older_version__is_for_what_the_next_pass_withholds_unless_it_is_more() {
    for (more, approved) in [(false, 2), (true, 0)] {
        let (_folder, mut db) = new_db();
        // As an older version leaves it: how many are held, and not which.
        let sql = "INSERT INTO collections (name, held, held_by_limit) VALUES ('docs', 2, 2)";
        db.connection.execute_batch(sql).unwrap();
        assert_eq!(db.approve(&docs()).unwrap().deletions, 2);
        let mut seen = held(&[("a.md", 1), ("b.md", 2)]);
        seen.0.extend(more.then(|| (path("c.md"), short(3))));
        db.note_guard(&docs(), Some(&seen), None).unwrap();
        let state = db.collection(&docs()).unwrap();
        assert_eq!((state.approved, state.approvals.deletions.len()), (approved, approved as usize));
    }
}

#[test]
fn approval__of_a_replacement__is_spent_when_that_is_made() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    see(&mut db, "a.md", 2);
    let replacements = BTreeSet::from([path("a.md")]);
    db.note_held_replacements(&docs(), &replacements).unwrap();
    assert_eq!(db.approve(&docs()).unwrap().replacements, 1);
    let approvals = Approvals { replacements, ..Approvals::default() };
    db.spend_approval("docs", &approvals).unwrap();
    assert_eq!(db.approvals().unwrap()["docs"], approvals, "the platform has refused it");
    ready(&mut db, "a.md", 2, "s2");
    db.spend_approval("docs", &approvals).unwrap();
    assert_eq!(db.approvals().unwrap(), BTreeMap::new());
}
