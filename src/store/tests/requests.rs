//! The store against lists that tell of requests without an answer, by names that the platform may have rewritten.

use super::{
    lists::{compare, compare_at, listed, rewritten},
    *,
};

#[test]
fn rename_without_answer__listed_under_new_name__is_done() {
    let (_folder, mut db) = new_db();
    let id = ready(&mut db, "old.md", 1, "s1");
    let new = listed("s1", "Neu\u{308}.md", 1, true);
    db.begin_rename(id, new.name.as_ref().unwrap()).unwrap();
    // The platform stores names in NFC.
    let stored = new.text.replace("u\u{308}", "\u{fc}");
    compare(&mut db, &[rewritten(new, &stored)]);
    assert_eq!((live(&db, "old.md"), live(&db, "Neu\u{308}.md")), (None, Some(short(1))));
    assert_eq!(phases(&db, "Neu\u{308}.md"), [Phase::Ready]);
    assert!(!db.has_unanswered_renames().unwrap());
}

#[test]
fn rename_without_answer__the_platform_drops_endings__is_done_by_the_name_that_is_nearer() {
    for (stored, expected) in
        [("docs/new [default:010101010101]", "new.md"), ("docs/old [default:010101010101]", "old.md")]
    {
        let (_folder, mut db) = new_db();
        let id = ready(&mut db, "old.md", 1, "s1");
        db.begin_rename(id, listed("s1", "new.md", 1, true).name.as_ref().unwrap()).unwrap();
        compare(&mut db, &[rewritten(listed("s1", expected, 1, true), stored)]);
        assert_eq!(live(&db, expected), Some(short(1)), "{stored}");
        assert!(!db.has_unanswered_renames().unwrap());
    }
}

#[test]
fn rename_without_answer__listed_under_old_name__is_not_done() {
    let (_folder, mut db) = new_db();
    let id = ready(&mut db, "U\u{308}ber.md", 1, "s1");
    db.begin_rename(id, listed("s1", "new.md", 1, true).name.as_ref().unwrap()).unwrap();
    let old = listed("s1", "U\u{308}ber.md", 1, true);
    let stored = old.text.replace("U\u{308}", "\u{dc}");
    compare(&mut db, &[rewritten(old, &stored)]);
    assert_eq!((live(&db, "U\u{308}ber.md"), live(&db, "new.md")), (Some(short(1)), None));
    assert!(!db.has_unanswered_renames().unwrap());
}

#[test]
fn rename_without_answer__its_document_went_meanwhile__is_the_new_documents_older_version() {
    let (_folder, mut db) = new_db();
    let id = ready(&mut db, "old.md", 1, "s1");
    let renamed = listed("s1", "new.md", 1, true);
    db.begin_rename(id, renamed.name.as_ref().unwrap()).unwrap();
    db.gone(&docs(), &path("old.md"), NOW).unwrap();
    ready(&mut db, "new.md", 2, "s2");
    compare(&mut db, &[renamed, listed("s2", "new.md", 2, true)]);
    assert_eq!((phases(&db, "old.md"), phases(&db, "new.md")), (vec![], vec![Phase::Retiring, Phase::Ready]));
    assert_eq!(live(&db, "new.md"), Some(short(2)));
}

#[test]
fn list__name_rewritten_by_the_platform__changes_nothing() {
    for text in [
        "docs/\u{dc}ber uns & mehr.md [default:010101010101]",
        "docs/\u{dc}ber  uns & mehr.md [default:010101010101]",
        "docs/\u{dc}ber uns &amp; mehr.md [default:010101010101]",
        "DOCS/\u{dc}BER UNS & MEHR.MD [DEFAULT:010101010101]",
        "docs/\u{dc}ber uns & mehr.md [default:0101…",
        "docs/\u{dc}ber uns & m",
        "Team A / docs/\u{dc}ber uns & mehr.md [default:010101010101] (copy)",
    ] {
        let (_folder, mut db) = new_db();
        ready(&mut db, "U\u{308}ber uns & mehr.md", 1, "s1");
        for _ in 0..3 {
            let page = [rewritten(listed("s1", "U\u{308}ber uns & mehr.md", 1, true), text)];
            let ListReport { adopted, lost, retired, missing, .. } = compare(&mut db, &page);
            assert_eq!((adopted, lost, retired, missing), (0, 0, 0, 0), "{text}");
        }
        assert_eq!(live(&db, "U\u{308}ber uns & mehr.md"), Some(short(1)), "{text}");
        assert!(db.strays(&docs()).unwrap().is_empty(), "{text}");
    }
}

#[test]
fn create_without_answer__name_rewritten_by_the_platform__is_found() {
    let (_folder, mut db) = new_db();
    compare(&mut db, &[]);
    see(&mut db, "U\u{308}ber uns.md", 1);
    db.intend(&docs(), &path("U\u{308}ber uns.md"), short(1), NOW).unwrap();
    let page =
        [rewritten(listed("s1", "U\u{308}ber uns.md", 1, false), "DOCS/\u{dc}ber Uns.md [default:010101010101] ")];
    compare(&mut db, &page);
    assert_eq!(phases(&db, "U\u{308}ber uns.md"), [Phase::Created]);
}

#[test]
fn names__text_around_each__are_found_again_and_a_copy_is_not() {
    let around = |source: ListedSource| {
        let text = format!("Team A / {} (copy)", source.text);
        rewritten(source, &text)
    };
    // A request without an answer.
    let (_folder, mut db) = new_db();
    compare(&mut db, &[]);
    see(&mut db, "a.md", 1);
    db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    compare(&mut db, &[around(listed("s1", "a.md", 1, false))]);
    assert_eq!(phases(&db, "a.md"), [Phase::Created]);
    // A state that is lost.
    let (_folder, mut db) = new_db();
    let page = [around(listed("s1", "a.md", 1, true)), around(listed("s2", "b.md", 2, true))];
    assert_eq!(compare(&mut db, &page).adopted, 2);
    assert_eq!((live(&db, "a.md"), compare(&mut db, &page).lost), (Some(short(1)), 0));
    // Somebody has made a copy where names are kept as they are.
    let (_folder, mut db) = new_db();
    let page = [listed("s1", "a.md", 1, true), around(listed("s2", "a.md", 1, true))];
    let report = compare(&mut db, &page);
    assert_eq!((report.ours, report.adopted, report.retired), (1, 1, 0));
}

#[test]
fn create__takes_effect_after_its_document_went__is_deleted_as_our_own() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    let other = listed("s2", "b.md", 2, true);
    compare(&mut db, std::slice::from_ref(&other));
    see(&mut db, "a.md", 1);
    let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    db.enter(id, Phase::Unknown, NOW - GRACE).unwrap();
    db.forget(&docs(), &[path("a.md")]).unwrap();
    compare(&mut db, std::slice::from_ref(&other));
    assert_eq!(phases(&db, "a.md"), []);
    compare(&mut db, &[other, listed("s1", "a.md", 1, true)]);
    let record = db.record(&docs(), &path("a.md")).unwrap().unwrap();
    assert_eq!((record.live, record.uploaded_here), (Some(short(1)), true));
}

#[test]
fn create__answered_without_telling_whether__says_what_was_answered() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    see(&mut db, "a.md", 1);
    for _ in 0..2 {
        let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
        db.unanswered(id, Phase::Unknown, Some("POST /sources: 500: the index is full"), NOW - GRACE).unwrap();
        compare(&mut db, &[listed("s2", "b.md", 2, true)]);
    }
    let reason = &db.quarantined().unwrap()[0].2;
    assert!(reason.contains("500: the index is full") && !reason.contains("did not answer"), "{reason}");
}

#[test]
fn create__never_answered__is_left_alone_for_a_while() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    see(&mut db, "a.md", 1);
    let others = [listed("s2", "b.md", 2, true)];
    for quarantined in [0, 1] {
        let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
        db.unanswered(id, Phase::Unknown, None, NOW - GRACE).unwrap();
        compare(&mut db, &others);
        assert_eq!((phases(&db, "a.md"), db.quarantined().unwrap().len()), (vec![], quarantined));
    }
    let due = db.next_retries().unwrap()[&docs()];
    db.release_due(None, due - GRACE).unwrap();
    assert_eq!(db.quarantined().unwrap().len(), 1, "not due yet");
    db.release_due(Some(&[]), due).unwrap();
    assert_eq!(db.quarantined().unwrap().len(), 1, "a collection that this pass does not look at");
    db.release_due(None, due).unwrap();
    assert_eq!(db.quarantined().unwrap().len(), 0);
    // It failed before, so the next wait is longer.
    let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    db.unanswered(id, Phase::Unknown, None, NOW - GRACE).unwrap();
    compare(&mut db, &others);
    assert!(db.next_retries().unwrap()[&docs()] > due);
}

#[test]
fn create__never_answered__is_not_repeated_where_lists_have_no_names() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    db.enter(id, Phase::Unknown, NOW - GRACE).unwrap();
    compare(&mut db, &[ListedSource { nameless: true, ..rewritten(listed("x", "x.md", 9, true), "") }]);
    assert_eq!((phases(&db, "a.md"), db.quarantined().unwrap().len()), (vec![], 1));
    assert!(db.next_retries().unwrap().is_empty(), "only a person can tell");
}

#[test]
fn create__cut_off_by_our_own_end__is_repeated() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    see(&mut db, "a.md", 1);
    for _ in 0..5 {
        let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
        db.enter(id, Phase::Unknown, NOW - GRACE).unwrap();
        compare(&mut db, &[listed("s2", "b.md", 2, true)]);
        assert_eq!((phases(&db, "a.md"), db.quarantined().unwrap().len()), (vec![], 0));
    }
}

#[test]
fn upload__of_a_file_that_was_emptied_meanwhile__is_unwanted_unless_it_was_held_once() {
    for (was_held, expected) in [(false, Besides::Unwanted), (true, Besides::NotHeld)] {
        let (_folder, mut db) = new_db();
        if was_held {
            let old = ready(&mut db, "a.md", 1, "s1");
            db.lost(&[old], NOW).unwrap();
        }
        begun(&mut db, "a.md", 2, "s2", Phase::Spoilt);
        let empty = SkippedFile { reason: "it is empty".to_owned(), read: None };
        db.note_skips(&docs(), &[(path("a.md"), Some(empty))]).unwrap();
        assert_eq!(db.under_way().unwrap()[0].besides, expected, "{was_held}");
    }
}

#[test]
fn upload__its_job_is_lost__has_its_time_from_the_upload_on() {
    let (_folder, mut db) = new_db();
    let id = begun(&mut db, "a.md", 1, "s1", Phase::Created);
    db.ingesting(id, None, NOW).unwrap();
    db.job_lost(id).unwrap();
    let [one] = &db.under_way().unwrap()[..] else { panic!("one is under way") };
    assert_eq!((one.replica.phase, one.replica.since, one.unanswered), (Phase::Uploading, NOW, true));
}

#[test]
fn create_without_answer__a_source_of_an_earlier_request_is_listed__waits_for_another_list() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    let request = |db: &mut Db, at| {
        let id = db.intend(&docs(), &path("a.md"), short(1), at).unwrap();
        db.unanswered(id, Phase::Unknown, None, at).unwrap();
    };
    // A list forgets what the first request has made.
    request(&mut db, NOW - GRACE);
    compare(&mut db, &[]);
    assert_eq!(phases(&db, "a.md"), []);
    request(&mut db, NOW);
    let first = listed("s1", "a.md", 1, false);
    assert_eq!(compare(&mut db, std::slice::from_ref(&first)).wait_since, Some(NOW));
    assert_eq!(phases(&db, "a.md"), [Phase::Created]);
    assert_eq!(compare(&mut db, std::slice::from_ref(&first)).wait_since, Some(NOW), "the pass may have ended before");
    let both = [first, listed("s2", "a.md", 1, false)];
    assert_eq!(compare_at(&mut db, &both, NOW + GRACE).wait_since, None);
    assert_eq!(phases(&db, "a.md"), [Phase::Created, Phase::Uploading]);
    // The first request of all is the one that made what a list shows.
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    request(&mut db, NOW);
    assert_eq!(compare(&mut db, &both[..1]).wait_since, None);
}
