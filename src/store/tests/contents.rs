//! What lists say of the content of ready sources, and the files that hold the store.

use std::os::unix::fs::PermissionsExt;

use super::{
    lists::{compare, compare_at, compare_doubting, listed, rewritten},
    *,
};

fn two() -> (tempfile::TempDir, Db, impl Fn(bool, bool) -> [ListedSource; 2]) {
    let (folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    (folder, db, |one, other| [listed("s1", "a.md", 1, one), listed("s2", "b.md", 2, other)])
}

#[test]
fn content__shown_of_an_upload_that_is_still_under_way__tells_of_all() {
    let (_folder, mut db) = new_db();
    begun(&mut db, "a.md", 1, "s1", Phase::Ingesting);
    // Also under a name that the platform has made of its own.
    compare(&mut db, &[rewritten(listed("s1", "a.md", 1, true), "docs/a.md%20[default:010101010101]")]);
    assert!(db.has_shown_content().unwrap());
}

#[test]
fn ready_sources__all_empty_that_were_shown_with_content__are_put_again_after_three_passes() {
    let (_folder, mut db, page) = two();
    assert!(!db.has_shown_content().unwrap());
    compare(&mut db, &page(true, true));
    assert!(db.has_shown_content().unwrap());
    for _ in 0..2 {
        let report = compare(&mut db, &page(false, false));
        assert_eq!((report.emptied, report.emptied_many, live(&db, "a.md")), (0, 2, Some(short(1))));
        // Another list of the same pass does not count.
        compare_doubting(&mut db, &page(false, false), true);
    }
    assert_eq!(db.emptied().unwrap(), 2);
    compare(&mut db, &page(false, false));
    assert_eq!((live(&db, "a.md"), live(&db, "b.md"), db.emptied().unwrap()), (None, None, 0));
}

#[test]
fn ready_sources__all_empty_beside_content_of_another_instance__are_put_again_after_three_passes() {
    let somebodys = |text: &str| ListedSource { text: text.to_owned(), name: None, ..listed("s3", "c.md", 3, true) };
    for (text, tells) in [
        ("docs/c.md [other:030303030303]", true),
        // Also under a name that the platform has made of its own.
        ("docs_c[other:030303030303]", true),
        ("Product Documentation", false),
    ] {
        let (_folder, mut db, page) = two();
        for _ in 0..3 {
            let list: Vec<_> = page(false, false).into_iter().chain([somebodys(text)]).collect();
            compare(&mut db, &list);
        }
        assert_eq!(live(&db, "a.md").is_none(), tells, "{text}");
    }
}

#[test]
fn ready_sources__all_empty_in_between_only__are_kept() {
    let (_folder, mut db, page) = two();
    compare(&mut db, &page(true, true));
    for _ in 0..4 {
        compare(&mut db, &page(false, false));
        compare(&mut db, &page(false, false));
        compare(&mut db, &page(true, true));
    }
    assert_eq!((live(&db, "a.md"), db.emptied().unwrap()), (Some(short(1)), 0));
}

#[test]
fn quarantined_document__its_source_shows_content_again__is_ready_again() {
    let (_folder, mut db, page) = two();
    let trouble = |db: &Db| db.quarantined().unwrap().len();
    for round in 0..2 {
        for _ in 0..2 {
            compare(&mut db, &page(false, true));
        }
        assert_eq!((live(&db, "a.md"), trouble(&db)), (None, round));
        compare(&mut db, &page(true, true));
        assert_eq!((live(&db, "a.md"), phases(&db, "a.md"), trouble(&db)), (Some(short(1)), vec![Phase::Ready], 0));
    }
}

#[test]
fn upload_without_answer__newer_content_cannot_go_up__what_may_hold_the_older_one_stays() {
    let at = NOW + GRACE + JOB_TIMEOUT;
    let page = |done, holds| {
        let source = |id| ListedSource { done, empty: false, ..listed(id, "a.md", 1, holds) };
        [source("s1"), source("s2")]
    };
    for (source, expected) in [
        (page(true, false), [Phase::Ready, Phase::Retiring]),
        (page(false, true), [Phase::Ready, Phase::Retiring]),
        (page(false, false), [Phase::Retiring, Phase::Retiring]),
    ] {
        let (_folder, mut db) = new_db();
        for id in ["s1", "s2"] {
            begun(&mut db, "a.md", 1, id, Phase::Uploading);
        }
        see(&mut db, "a.md", 2);
        compare_at(&mut db, &source, at);
        assert_eq!(phases(&db, "a.md"), [Phase::Uploading, Phase::Uploading], "the newer one may be on its way");
        let id = db.intend(&docs(), &path("a.md"), short(2), NOW).unwrap();
        let refused = db.replicas_of(&docs(), &path("a.md")).unwrap().into_iter().find(|one| one.id == id).unwrap();
        db.fail(&refused, "these words", FailureCause::Document, NOW).unwrap();
        compare_at(&mut db, &source, at);
        assert_eq!(phases(&db, "a.md"), expected, "{source:?}");
    }
}

#[test]
fn upload_without_answer__file_cannot_be_synced_any_more__what_may_hold_the_older_one_stays() {
    for (done, besides, expected) in
        [(true, Besides::MayBeHeld, Phase::Ready), (false, Besides::Unwanted, Phase::Uploading)]
    {
        let (_folder, mut db) = new_db();
        begun(&mut db, "a.md", 1, "s1", Phase::Uploading);
        let page = [ListedSource { done, empty: false, ..listed("s1", "a.md", 1, false) }];
        compare(&mut db, &page);
        let empty = SkippedFile { reason: "it is empty".to_owned(), read: None };
        db.note_skips(&docs(), &[(path("a.md"), Some(empty))]).unwrap();
        let mut one = db.under_way().unwrap().remove(0);
        one.note_done(&db.perhaps_done().unwrap());
        assert_eq!(one.besides, besides);
        compare(&mut db, &page);
        assert_eq!(phases(&db, "a.md"), [expected], "done: {done}");
    }
}

#[test]
fn replaces__what_goes_when_it_is_ready__is_told() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    let begin = |db: &mut Db, content, source: &str| {
        let id = db.intend(&docs(), &path("a.md"), short(content), NOW).unwrap();
        db.created(id, &SourceId(source.to_owned()), None, Phase::Created, NOW).unwrap();
        let all = db.replicas_of(&docs(), &path("a.md")).unwrap();
        all.into_iter().find(|replica| replica.id == id).unwrap()
    };
    let first = begin(&mut db, 1, "s1");
    assert!(!db.replaces(&first).unwrap());
    db.ready(first.id, NOW).unwrap();
    let second = begin(&mut db, 2, "s2");
    assert!(db.replaces(&second).unwrap());
}

#[test]
fn journals__made_while_the_state_could_not_be_written__get_its_rights_back() {
    let (folder, db) = new_db();
    drop(db);
    let state = folder.path().join("state.db");
    let rights = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |mode| std::fs::set_permissions(&state, std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o400);
    drop(Db::open_to_read(&state).unwrap());
    set(0o600);
    let shared = folder.path().join("state.db-shm");
    assert_eq!(rights(&shared), 0o400, "SQLite has made it like the state");
    let _db = Db::open(&state, None).unwrap();
    assert_eq!(rights(&shared), 0o600);
}

#[test]
fn upload_without_answer__no_source_tells_its_content__is_found_done_when_the_platform_has_had_its_time() {
    let done = ListedSource { done: true, empty: false, ..listed("s1", "a.md", 1, false) };
    let had_its_time = NOW + GRACE + JOB_TIMEOUT;
    let other = listed("s2", "b.md", 2, true);
    for (page, at, added) in
        [(vec![done.clone()], NOW, 0), (vec![done.clone(), other], had_its_time, 0), (vec![done], had_its_time, 1)]
    {
        let (_folder, mut db) = new_db();
        let new = begun(&mut db, "a.md", 1, "s1", Phase::Created);
        db.enter(new, Phase::Uploading, NOW).unwrap();
        assert_eq!(compare_at(&mut db, &page, at).added, added, "{page:?} at {at:?}");
    }
}
