//! Deletions of sources that are answered and do nothing, and those that fail.

use std::collections::BTreeSet;

use super::{
    approvals::held,
    lists::{compare, listed},
    *,
};

/// A document that is gone, and whose source was deleted so often, as the platform says.
fn deleted(times: u32) -> (tempfile::TempDir, Db) {
    let (folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    ready(&mut db, "a.md", 1, "s1");
    let mut retiring = db.gone(&docs(), &path("a.md"), NOW - GRACE * 20).unwrap();
    for answered in 1..=times {
        let replica = retiring.pop().unwrap();
        assert_eq!(db.deleted(replica.id, NOW - GRACE * 20).unwrap(), answered);
        if answered < times {
            db.retire_again(&[SourceId("s1".to_owned())], NOW).unwrap();
            retiring = db.replicas_of(&docs(), &path("a.md")).unwrap();
        }
    }
    (folder, db)
}

#[test]
fn deletion__answered_and_still_listed_long_after__is_made_again() {
    let (_folder, mut db) = deleted(1);
    let report = compare(&mut db, &[listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true)]);
    assert_eq!((report.undeleted.len(), report.adopted, report.retired), (1, 0, 0));
    db.retire_again(&report.undeleted, NOW).unwrap();
    assert_eq!((phases(&db, "a.md"), db.undeleted().unwrap().len()), (vec![Phase::Retiring], 0), "once more");
    assert!(db.next_retries().unwrap().is_empty());
}

#[test]
fn deletion__answered_twice_and_still_listed__has_failed_and_waits_ever_longer() {
    let mut waits = Vec::new();
    for times in [2, 3, 4] {
        let (_folder, mut db) = deleted(times);
        let report = compare(&mut db, &[listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true)]);
        db.retire_again(&report.undeleted, NOW).unwrap();
        let undeleted = db.undeleted().unwrap();
        assert!(undeleted[0].2.contains(&format!("answered {times} times")), "{undeleted:?}");
        assert!(undeleted[0].2.contains("source s1"), "{undeleted:?}");
        waits.push(db.next_retries().unwrap()[&docs()].since(NOW).as_secs());
        assert!(db.under_way().unwrap()[0].retry_at.is_some());
        assert_eq!(db.release(|document| document == "docs/a.md").unwrap(), 1);
        assert_eq!(db.under_way().unwrap()[0].retry_at, None, "a person has a word");
    }
    assert_eq!(waits, [60, 120, 240]);
}

#[test]
fn deletion__refused__is_named_until_its_source_is_gone() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    ready(&mut db, "a.md", 1, "s1");
    let replica = db.gone(&docs(), &path("a.md"), NOW).unwrap().pop().unwrap();
    db.deletion_failed(replica.id, "no", NOW).unwrap();
    db.deletion_failed(replica.id, "405", NOW).unwrap();
    assert_eq!(db.undeleted().unwrap(), [("docs".to_owned(), "a.md".to_owned(), "405".to_owned())]);
    assert_eq!(db.next_retries().unwrap()[&docs()].since(NOW), Duration::from_secs(120));
    db.release_due(None, NOW).unwrap();
    assert!(db.under_way().unwrap()[0].retry_at.is_some(), "not due yet");
    for _ in 0..2 {
        compare(&mut db, &[listed("s2", "b.md", 2, true)]);
    }
    assert!(db.undeleted().unwrap().is_empty());
}

#[test]
fn deletions__that_nobody_has_approved__count_for_a_day() {
    let (_folder, mut db) = new_db();
    let hours = |n: u64| NOW + Duration::from_secs(n * 60 * 60);
    let gone = |db: &mut Db, name: &str, at| {
        ready(db, name, 1, name);
        db.gone(&docs(), &path(name), at).unwrap();
    };
    gone(&mut db, "a.md", hours(0));
    gone(&mut db, "b.md", hours(20));
    ready(&mut db, "moved.md", 1, "m");
    db.left(&docs(), &path("moved.md"), hours(20)).unwrap();
    let count = |db: &Db, at| db.recent_deletions(&docs(), at).unwrap();
    assert_eq!((count(&db, hours(20)), count(&db, hours(24)), count(&db, hours(44))), (2, 1, 0));
    assert_eq!(count(&db, hours(10)), 1, "the clock was set back");
    // What is approved does not count, and ends the count of what came before; an approval of replacements does not.
    db.note_guard(&docs(), Some(&held(&[("c.md", 1)])), None).unwrap();
    db.approve(&docs()).unwrap();
    gone(&mut db, "c.md", hours(21));
    assert_eq!(count(&db, hours(21)), 2);
    let replacements = Approvals { replacements: BTreeSet::from([path("c.md")]), ..Approvals::default() };
    db.spend_approval("docs", &replacements).unwrap();
    assert_eq!(count(&db, hours(21)), 2);
    let deletions = Approvals { deletions: held(&[("c.md", 1)]).0, ..Approvals::default() };
    db.spend_approval("docs", &deletions).unwrap();
    assert_eq!(count(&db, hours(21)), 0);
}

#[test]
fn deletion__of_an_older_version_that_alone_is_listed_again__waits_for_the_new_one() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    ready(&mut db, "a.md", 1, "old");
    ready(&mut db, "a.md", 3, "new");
    let old = db.replicas_of(&docs(), &path("a.md")).unwrap();
    let old = old.into_iter().find(|replica| replica.phase == Phase::Retiring).unwrap();
    db.deleted(old.id, NOW - GRACE * 20).unwrap();
    // The platform is as it was before the edit.
    let restored = [listed("old", "a.md", 1, true), listed("s2", "b.md", 2, true)];
    for _ in 0..2 {
        assert_eq!(compare(&mut db, &restored).undeleted, []);
    }
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(1)), vec![Phase::Ready]));
}

#[test]
fn deletion__requested_and_its_id_given_again__counts_as_made() {
    for (requested, taken) in [(true, true), (false, false)] {
        let (_folder, mut db) = new_db();
        ready(&mut db, "a.md", 1, "s1");
        let old = db.gone(&docs(), &path("a.md"), NOW).unwrap().pop().unwrap();
        if requested {
            db.require_list(old.id).unwrap();
        }
        see(&mut db, "b.md", 2);
        let new = db.intend(&docs(), &path("b.md"), short(2), NOW).unwrap();
        db.take_id(&SourceId("s1".to_owned()), NOW).unwrap();
        assert_eq!(db.created(new, &SourceId("s1".to_owned()), None, Phase::Ingesting, NOW).unwrap(), taken);
        assert_eq!(phases(&db, "a.md").is_empty(), taken, "what retires and was not requested has its id still");
    }
}

#[test]
fn deletion__requested_without_an_answer__is_made_or_not_by_what_lists_show() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "b.md", 2, "s2");
    ready(&mut db, "a.md", 1, "s1");
    let retiring = db.gone(&docs(), &path("a.md"), NOW).unwrap();
    db.require_list(retiring[0].id).unwrap();
    let other = listed("s2", "b.md", 2, true);
    compare(&mut db, &[other.clone(), listed("s1", "a.md", 1, true)]);
    assert!(!db.under_way().unwrap()[0].missing, "it is there, and is deleted again");
    db.require_list(retiring[0].id).unwrap();
    let report = compare(&mut db, &[other]);
    assert_eq!((report.lost, phases(&db, "a.md")), (0, vec![]), "by our own request");
}

#[test]
fn source__gone_after_the_fourth_upload__is_not_uploaded_again() {
    // Whether its ids are given again makes no difference.
    for ids in [["s1", "s2", "s3", "s4"], ["s1"; 4]] {
        let (_folder, mut db) = new_db();
        for (upload, id) in (1..).zip(ids) {
            let replica = ready(&mut db, "a.md", 1, id);
            db.lost(&[replica], NOW).unwrap();
            let trouble = db.record(&docs(), &path("a.md")).unwrap().unwrap().trouble;
            assert_eq!(trouble.is_some(), upload == 4, "{ids:?}, upload {upload}: {trouble:?}");
        }
    }
}

#[test]
fn replica__its_row_went__its_id_is_given_to_no_other() {
    let (_folder, mut db) = new_db();
    let former = ready(&mut db, "a.md", 1, "s1");
    db.drop_replica(former).unwrap();
    let next = ready(&mut db, "a.md", 1, "s2");
    // What was found out of the first one meanwhile is nothing of the second.
    assert_eq!(db.lost(&[former], NOW).unwrap(), (0, vec![]));
    assert_eq!((next == former, live(&db, "a.md")), (false, Some(short(1))));
}
