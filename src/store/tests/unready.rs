//! Ready sources that lists show as not ready.

use super::{
    lists::{compare_at, listed},
    *,
};

fn unready(source: ListedSource) -> ListedSource {
    ListedSource { holds: false, empty: false, unready: Some("pending".to_owned()), ..source }
}

/// Of the document, how many are in step and how many are not ready.
fn counts(db: &Db) -> (u64, u64) {
    let counts = db.counts(&docs()).unwrap();
    (counts.in_step, counts.unready)
}

#[test]
fn list__ready_source_that_is_not_ready_any_more__is_a_failure_after_the_time_of_a_job() {
    let (_folder, mut db) = new_db();
    for (name, content) in [("a.md", 1), ("b.md", 2)] {
        ready(&mut db, name, content, name);
    }
    let (a, b) = (listed("a.md", "a.md", 1, true), listed("b.md", "b.md", 2, true));
    compare_at(&mut db, &[a.clone(), b.clone()], NOW);
    // A platform that indexes everything again for a while is nothing to speak of.
    let report = compare_at(&mut db, &[unready(a.clone()), b.clone()], NOW);
    assert_eq!((report.unready, db.unready().unwrap(), counts(&db)), (1, vec![], (2, 0)));
    let report = compare_at(&mut db, &[unready(a.clone()), b.clone()], NOW + JOB_TIMEOUT);
    assert_eq!((report.unready, db.unready().unwrap().len()), (1, 0));
    let late = NOW + JOB_TIMEOUT + GRACE;
    let report = compare_at(&mut db, &[unready(a.clone()), b.clone()], late);
    assert_eq!((report.unready, report.missing, report.emptied, report.emptied_many), (1, 0, 0, 0));
    assert_eq!(db.unready().unwrap(), [("docs".to_owned(), "a.md".to_owned(), "pending".to_owned())]);
    assert_eq!(counts(&db), (1, 1));
    // All of them, too.
    compare_at(&mut db, &[unready(a.clone()), unready(b.clone())], late);
    compare_at(&mut db, &[unready(a.clone()), unready(b.clone())], late + JOB_TIMEOUT + GRACE);
    assert_eq!(counts(&db), (0, 2));
    // What a list does not show is another matter, and what is ready again is in step.
    compare_at(&mut db, &[a, b], late);
    assert_eq!((db.unready().unwrap(), counts(&db)), (vec![], (2, 0)));
}

#[test]
fn list__platform_that_never_shows_what_its_sources_hold__tells_nothing_of_it() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    for at in [NOW, NOW + JOB_TIMEOUT * 2] {
        let report = compare_at(&mut db, &[unready(listed("s1", "a.md", 1, true))], at);
        assert_eq!((report.unready, db.unready().unwrap()), (0, vec![]));
    }
}

#[test]
fn list__source_that_was_not_ready__is_deleted_without_a_wait_when_its_document_is_replaced() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "z.md", 9, "s9");
    let other = listed("s9", "z.md", 9, true);
    compare_at(&mut db, &[unready(listed("s1", "a.md", 1, true)), other], NOW);
    ready(&mut db, "a.md", 2, "s2");
    let retiring = db.under_way().unwrap();
    assert_eq!(retiring.len(), 1, "{retiring:?}");
    assert_eq!(retiring[0].retry_at, None);
}
