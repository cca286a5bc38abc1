//! Ready sources that lists show as not ready.

use super::{
    lists::{compare_at, listed},
    *,
};

fn unready(source: ListedSource) -> ListedSource {
    unready_for(source, "pending", false)
}

fn unready_for(source: ListedSource, reason: &str, lasting: bool) -> ListedSource {
    let unready = Some(Unready { reason: reason.to_owned(), lasting, known: true });
    ListedSource { holds: false, empty: false, unready, ..source }
}

/// One that has failed, and holds nothing.
fn unready_failed(source: ListedSource) -> ListedSource {
    ListedSource { empty: true, ..unready_for(source, "failed", true) }
}

/// How SQLite finds the rows of a query.
fn query_plan(db: &Db, sql: &str) -> String {
    let mut statement = db.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
    steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
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
fn list__platform_that_has_never_shown_content__known_words_count_and_others_do_not() {
    for (known, unready) in [(true, 2), (false, 0)] {
        let (_folder, mut db) = new_db();
        ready(&mut db, "a.md", 1, "s1");
        ready(&mut db, "b.md", 2, "s2");
        let mut page = [listed("s1", "a.md", 1, false), listed("s2", "b.md", 2, false)].map(unready_failed);
        page.iter_mut().for_each(|source| source.unready.as_mut().unwrap().known = known);
        for at in [NOW, NOW + JOB_TIMEOUT + GRACE] {
            compare_at(&mut db, &page, at);
        }
        assert_eq!((db.unready().unwrap().len(), counts(&db)), (unready, (2 - unready as u64, unready as u64)));
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

#[test]
fn list__source_that_does_not_become_ready_by_itself__asks_for_no_other_list_once_it_is_a_failure() {
    let (_folder, mut db) = new_db();
    for name in ["a.md", "b.md"] {
        ready(&mut db, name, 1, name);
    }
    let (a, b) = (listed("a.md", "a.md", 1, true), listed("b.md", "b.md", 1, true));
    let off = unready_for(a.clone(), "suspended", true);
    assert_eq!(compare_at(&mut db, &[off.clone(), b.clone()], NOW).unready, 1);
    assert!(!db.is_any_unready_lasting().unwrap());
    let late = NOW + JOB_TIMEOUT + GRACE;
    assert_eq!(compare_at(&mut db, &[off.clone(), b.clone()], late).unready, 0);
    assert!(db.is_any_unready_lasting().unwrap());
    assert_eq!(db.unready_reason(&docs(), &path("a.md")).unwrap().as_deref(), Some("suspended"));
    assert_eq!(db.unready_reason(&docs(), &path("b.md")).unwrap(), None);
    // Another one may still become ready.
    assert_eq!(compare_at(&mut db, &[off, unready(b.clone())], late).unready, 1);
    compare_at(&mut db, &[a, b], late);
    assert!(!db.is_any_unready_lasting().unwrap());
}

#[test]
fn migration__ready_row_of_an_older_version_with_a_failure_and_a_time__is_in_step() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let mut db = Db::open(&state, None).unwrap();
    ready(&mut db, "a.md", 1, "s1");
    let undo = "ALTER TABLE documents DROP COLUMN born_ns; DROP TABLE costly; ALTER TABLE pages DROP COLUMN costly; DROP INDEX replicas_unready; DROP INDEX documents_failed; ALTER TABLE replicas DROP COLUMN lasting;
                ALTER TABLE replicas DROP COLUMN unready; ALTER TABLE replicas DROP COLUMN unready_since;
                ALTER TABLE collections DROP COLUMN rules; ALTER TABLE documents DROP COLUMN gone_since;
                UPDATE replicas SET retry_at = 1, failure = 'POST /sources: 500';";
    db.connection.execute_batch(undo).unwrap();
    db.connection.pragma_update(None, "user_version", 16).unwrap();
    drop(db);
    let mut db = Db::open(&state, None).unwrap();
    assert_eq!((db.unready().unwrap(), counts(&db)), (vec![], (1, 0)));
    // Nor is the time that of a list.
    ready(&mut db, "z.md", 9, "s9");
    let page = [unready(listed("s1", "a.md", 1, true)), listed("s9", "z.md", 9, true)];
    assert_eq!(compare_at(&mut db, &page, NOW).unready, 1);
    assert_eq!((db.unready().unwrap(), counts(&db)), (vec![], (2, 0)));
}

#[test]
fn ready__replica_with_a_failure_of_its_upload__has_none_any_more() {
    let (_folder, mut db) = new_db();
    let id = ready(&mut db, "a.md", 1, "s1");
    for phase in ["uploading", "ready"] {
        let sql = "UPDATE replicas SET phase = ?1, retry_at = 1, failure = 'POST /sources: 500'";
        db.connection.execute(sql, [phase]).unwrap();
        db.ready(id, NOW).unwrap();
        assert_eq!((db.unready().unwrap(), counts(&db)), (vec![], (1, 0)), "{phase}");
    }
}

#[test]
fn queries__what_is_asked_after_every_pass__use_an_index() {
    let (_folder, db) = new_db();
    for (sql, index) in [
        (
            "SELECT collection, path, unready FROM replicas WHERE phase = 'ready' AND unready IS NOT NULL ORDER BY collection, path",
            "SCAN replicas USING INDEX replicas_unready",
        ),
        (
            "SELECT EXISTS (SELECT * FROM replicas WHERE phase = 'ready' AND unready IS NOT NULL AND lasting)",
            "SCAN replicas USING INDEX replicas_unready",
        ),
        (
            "SELECT count(*) FROM replicas r JOIN documents d USING (collection, path)
             WHERE r.collection = 'docs' AND r.phase = 'ready' AND r.unready IS NOT NULL",
            "SEARCH r USING INDEX replicas_unready",
        ),
        ("SELECT collection, path FROM documents WHERE trouble_failures > 0", "documents_failed"),
    ] {
        let plan = query_plan(&db, sql);
        assert!(plan.contains(index), "{sql}: {plan}");
    }
}
