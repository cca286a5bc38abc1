//! The store against files that are not as they should be.

mod approvals;
mod contents;
mod deletions;
mod lists;
mod names;
mod requests;
mod unready;

use std::{path::Path, time::Duration};

use super::*;
use crate::{
    model::{
        CollectionName, ContentHash, DocPath, Fingerprint, Footing, LastLook, Moment, Phase, Replica, ReplicaId,
        ShortHash, SkippedFile, SourceId,
    },
    pace::{Stamp, Ticket},
    plan::{Besides, FailureCause, RewrittenName},
};

const NOW: Moment = Moment(1_000_000_000);
const GRACE: Duration = Duration::from_secs(30);
const JOB_TIMEOUT: Duration = Duration::from_secs(270);

fn identity() -> Identity {
    Identity { platform: "https://example.com".to_owned(), instance: "default".to_owned() }
}

fn new_db() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&folder.path().join("state.db"), Some(&identity())).unwrap();
    (folder, db)
}

fn docs() -> CollectionName {
    CollectionName::new("docs").unwrap()
}

fn path(path: &str) -> DocPath {
    DocPath::new(path).unwrap()
}

fn hash(content: u8) -> ContentHash {
    ContentHash([content; 32])
}

fn short(content: u8) -> ShortHash {
    hash(content).short()
}

fn see(db: &mut Db, document: &str, content: u8) {
    let fingerprint = Fingerprint { size: 1, mtime_ns: 2, ctime_ns: -3, inode: u64::MAX, born_ns: Some(4) };
    let look = LastLook { fingerprint, at: NOW, hash: hash(content), min_hash: None };
    db.note_looks(&docs(), &[(path(document), look)]).unwrap();
}

/// A replica that has come as far as `ready`.
/// A document with a source in this phase.
fn begun(db: &mut Db, document: &str, content: u8, source: &str, phase: Phase) -> ReplicaId {
    see(db, document, content);
    let id = db.intend(&docs(), &path(document), short(content), NOW).unwrap();
    db.created(id, &SourceId(source.to_owned()), None, phase, NOW).unwrap();
    id
}

fn ready(db: &mut Db, document: &str, content: u8, source: &str) -> ReplicaId {
    let id = begun(db, document, content, source, Phase::Created);
    db.ready(id, NOW).unwrap();
    id
}

fn live(db: &Db, document: &str) -> Option<ShortHash> {
    db.record(&docs(), &path(document)).unwrap().and_then(|record| record.live)
}

fn phases(db: &Db, document: &str) -> Vec<Phase> {
    db.replicas_of(&docs(), &path(document)).unwrap().iter().map(|replica| replica.phase).collect()
}

/// Opens a store whose lock was just given up. A process that another test is starting holds it too, until its own
/// program is loaded.
fn reopen(state: &Path) -> Store {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        match Store::open(state, &identity()) {
            Err(StoreError::Locked { .. }) if std::time::Instant::now() < deadline => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn the_second_kbsync_hears_who_has_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("sub/state.db");
    let first = Store::open(&state, &identity()).unwrap();
    let second = Store::open(&state, &identity()).err().unwrap().to_string();
    assert!(second.contains(&format!("process {}", std::process::id())), "{second}");
    drop(first);
    reopen(&state);
}

#[test]
fn a_store_of_another_platform_or_instance_is_refused() {
    let (folder, db) = new_db();
    drop(db);
    let open = |identity: Identity| Db::open(&folder.path().join("state.db"), Some(&identity));
    assert!(open(identity()).is_ok());
    let other = Identity { platform: "https://other.example".to_owned(), ..identity() };
    assert!(matches!(open(other), Err(StoreError::Foreign { .. })));
    let other = Identity { instance: "staging".to_owned(), ..identity() };
    let error = open(other).unwrap_err().to_string();
    assert!(error.contains("the instance default, and the config says staging"), "{error}");
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let (folder, db) = new_db();
    db.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let state = folder.path().join("state.db");
    for error in [Db::open(&state, None).unwrap_err(), Db::open_to_read(&state).unwrap_err()] {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    }
    assert!(matches!(Store::open(&state, &identity()), Err(StoreError::Newer { .. })));
}

#[test]
fn an_older_store_is_migrated_by_the_next_pass_and_keeps_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    let connection = rusqlite::Connection::open(&state).unwrap();
    connection.execute_batch(include_str!("../schema-1.sql")).unwrap();
    let sql = "INSERT INTO passes VALUES (1, 2, 3, 'held', '{}'); INSERT INTO collections VALUES ('docs', 7, 2, 0)";
    connection.execute_batch(sql).unwrap();
    connection.pragma_update(None, "user_version", 1).unwrap();
    drop(connection);
    let error = Db::open_to_read(&state).unwrap_err();
    assert!(matches!(error, StoreError::Older(_)) && error.to_string().contains("`kbsync sync`"), "{error}");
    drop(Store::open(&state, &identity()).unwrap());
    let db = Db::open_to_read(&state).unwrap();
    assert_eq!(db.last_pass().unwrap().unwrap().outcome, "held");
    assert_eq!(
        db.collection(&docs()).unwrap(),
        CollectionState { footing: Some(footing(&[])), held: 2, held_by_limit: 2, ..CollectionState::default() }
    );
}

#[test]
fn the_last_pass_of_each_outcome_is_kept() {
    let (_folder, mut db) = new_db();
    let pass = |at, outcome: &str| PassRecord {
        started: Moment(at),
        ended: Moment(at),
        outcome: outcome.to_owned(),
        summary: "{}".to_owned(),
    };
    // The clock was set back before the third one.
    for (at, outcome) in [(5, "ok"), (6, "ok"), (3, "temporary"), (4, "temporary")] {
        db.note_pass(&pass(at, outcome)).unwrap();
        assert_eq!(db.last_pass().unwrap(), Some(pass(at, outcome)));
    }
    assert_eq!(db.last_pass_of("ok").unwrap(), Some(pass(6, "ok")));
    assert_eq!(db.last_pass_of("denied").unwrap(), None);
}

#[test]
fn what_a_daemon_said_of_itself_ends_with_its_lock() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    assert_eq!(Lock::holder(&state), None);
    let mut store = Store::open(&state, &identity()).unwrap();
    store.send(|db| db.note_daemon("{}").unwrap());
    assert_eq!(Lock::holder(&state), Some(std::process::id()));
    // It ends without a word, as if it was killed.
    drop(store);
    assert_eq!(Db::open_to_read(&state).unwrap().daemon_note().unwrap().as_deref(), Some("{}"));
    store = reopen(&state);
    drop(store);
    assert_eq!(Db::open_to_read(&state).unwrap().daemon_note().unwrap(), None);
}

#[test]
fn a_damaged_store_is_set_aside_and_a_new_one_begun() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    drop(reopen(&state));
    for number in 1..=2 {
        std::fs::write(&state, vec![b'x'; 10_000]).unwrap();
        let store = reopen(&state);
        let aside = folder.path().join(format!("state.db.damaged-{number}"));
        assert_eq!(store.set_aside(), Some(aside.as_path()));
        assert_eq!(std::fs::read(&aside).unwrap(), vec![b'x'; 10_000], "nothing is deleted");
    }
}

#[test]
fn looking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.db");
    assert!(matches!(Db::open_to_read(&state), Err(StoreError::Missing(_))));
    std::fs::write(&state, b"").unwrap();
    assert!(matches!(Db::open_to_read(&state), Err(StoreError::Missing(_))));
    assert!(matches!(Db::open_to_read(Path::new("/dev/null/state.db")), Err(StoreError::Place { .. })));
}

#[test]
fn open__database_of_another_program__is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("shop.db");
    for version in [0, 3] {
        let theirs = rusqlite::Connection::open(&state).unwrap();
        theirs.execute_batch("CREATE TABLE IF NOT EXISTS orders (id INTEGER)").unwrap();
        theirs.pragma_update(None, "user_version", version).unwrap();
        drop(theirs);
        let before = std::fs::read(&state).unwrap();
        for error in [Store::open(&state, &identity()).err(), Db::open_to_read(&state).err()] {
            assert!(matches!(error, Some(StoreError::Place { .. })), "{version}: {error:?}");
        }
        assert_eq!(std::fs::read(&state).unwrap(), before, "{version}");
    }
}

#[test]
fn a_full_disk_is_said_and_what_was_noted_stays() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    let pages: i64 = db.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    db.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let looks = db.record(&docs(), &path("a.md")).unwrap().unwrap().seen.unwrap();
    let many: Vec<_> = (0..10_000).map(|i| (path(&format!("{i}.md")), looks)).collect();
    let error = db.note_looks(&docs(), &many).unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error}");
    assert_eq!(db.counts(&docs()).unwrap().pending, 1, "all of it, or nothing");
}

#[test]
fn records_come_back_as_they_were_noted_in_key_order() {
    let (_folder, mut db) = new_db();
    for (number, document) in (1..).zip(["b.md", "a/z.md", "a.md", "ü.md", "a b.md"]) {
        see(&mut db, document, number);
    }
    let records: Vec<_> = db.with_records(&docs(), "", |records| records.collect()).unwrap();
    let paths: Vec<_> = records.iter().map(|record| record.path.as_str()).collect();
    assert_eq!(paths, ["a b.md", "a.md", "a/z.md", "b.md", "ü.md"]);
    let below = |prefix: &str| -> Vec<String> {
        db.with_records(&docs(), prefix, |records| records.map(|record| record.path.to_string()).collect()).unwrap()
    };
    assert_eq!(below("a/"), ["a/z.md"]);
    assert_eq!(below("b/"), [""; 0]);
    let seen = records[3].seen.unwrap();
    assert_eq!((seen.hash, seen.at, seen.fingerprint.inode, seen.fingerprint.ctime_ns), (hash(1), NOW, u64::MAX, -3));
    assert_eq!(seen.fingerprint.born_ns, Some(4));
}

#[test]
fn ready_and_retiring_are_one_step() {
    let (_folder, mut db) = new_db();
    let old = ready(&mut db, "a.md", 1, "s1");
    let new = begun(&mut db, "a.md", 2, "s2", Phase::Created);
    assert_eq!(live(&db, "a.md"), Some(short(1)), "the old one is held until the new one is ready");
    let retiring: Vec<Replica> = db.ready(new, NOW).unwrap().unwrap();
    assert_eq!(retiring.iter().map(|replica| replica.id).collect::<Vec<_>>(), [old]);
    assert_eq!(live(&db, "a.md"), Some(short(2)));
    assert_eq!(phases(&db, "a.md"), [Phase::Retiring, Phase::Ready]);
}

#[test]
fn an_id_that_is_another_documents_is_not_noted() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    let new = db.intend(&docs(), &path("b.md"), short(2), NOW).unwrap();
    assert!(!db.created(new, &SourceId("s1".to_owned()), None, Phase::Ingesting, NOW).unwrap());
    assert_eq!((phases(&db, "a.md"), phases(&db, "b.md")), (vec![Phase::Ready], vec![Phase::Intent]));
}

#[test]
fn a_failed_document_keeps_its_older_version() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    begun(&mut db, "a.md", 2, "s2", Phase::Created);
    let failed = db.replicas_of(&docs(), &path("a.md")).unwrap().pop().unwrap();
    db.fail(&failed, "no text in it", FailureCause::Document, NOW).unwrap();
    assert_eq!(live(&db, "a.md"), Some(short(1)));
    assert_eq!(phases(&db, "a.md"), [Phase::Ready, Phase::Retiring]);
    assert_eq!(db.quarantined().unwrap(), [("docs".to_owned(), "a.md".to_owned(), "no text in it".to_owned())]);
    assert_eq!(db.release(|document| document == "docs/b.md").unwrap(), 0);
    assert_eq!(db.release(|document| document == "docs/a.md").unwrap(), 1);
}

#[test]
fn stamps_of_a_killed_run_are_closed() {
    let (_folder, mut db) = new_db();
    for number in 0..5 {
        db.stamp_sent(Ticket(number), NOW, 3).unwrap();
    }
    db.stamp_answered(Ticket(3), NOW).unwrap();
    let later = NOW + GRACE;
    let stamp = |number, answered| Stamp { ticket: Ticket(number), sent: NOW, answered: Some(answered) };
    assert_eq!(db.stamps(3, later).unwrap(), [stamp(2, later), stamp(3, NOW), stamp(4, later)]);
}

fn footing(mounts: &[&str]) -> Footing {
    Footing { device: 7, mounts: mounts.iter().map(|&mount| mount.to_owned()).collect() }
}

#[test]
fn what_is_known_of_a_document_besides() {
    let (_folder, mut db) = new_db();
    let besides = |db: &Db| db.under_way().unwrap().iter().map(|one| one.besides).collect::<Vec<_>>();
    see(&mut db, "a.md", 1);
    let id = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    assert_eq!(besides(&db), [Besides::NotHeld]);
    db.created(id, &SourceId("s1".to_owned()), None, Phase::Created, NOW).unwrap();
    db.ready(id, NOW).unwrap();
    let next = db.intend(&docs(), &path("a.md"), short(2), NOW).unwrap();
    assert_eq!(besides(&db), [Besides::Held]);
    db.drop_replica(next).unwrap();
    db.gone(&docs(), &path("a.md"), NOW).unwrap();
    assert_eq!(besides(&db), [Besides::Nothing]);
    ready(&mut db, "twin.md", 1, "s2");
    assert_eq!(besides(&db), [Besides::Elsewhere]);
    see(&mut db, "a.md", 1);
    assert_eq!(besides(&db), [Besides::NotHeld], "it is back");
}

#[test]
fn an_older_version_that_comes_late_displaces_nothing() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    let late = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    ready(&mut db, "a.md", 2, "s2");
    db.created(late, &SourceId("s1".to_owned()), None, Phase::Ingesting, NOW).unwrap();
    assert_eq!(db.ready(late, NOW).unwrap(), None);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(2)), vec![Phase::Retiring, Phase::Ready]));
}

#[test]
fn a_version_that_was_ready_is_known_while_it_retires() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    db.gone(&docs(), &path("a.md"), NOW).unwrap();
    see(&mut db, "a.md", 2);
    let begun = db.intend(&docs(), &path("a.md"), short(2), NOW).unwrap();
    db.enter(begun, Phase::Retiring, NOW).unwrap();
    let under_way: Vec<_> = db.under_way().unwrap().iter().map(|one| (one.was_ready, one.besides)).collect();
    assert_eq!(under_way, [(true, Besides::NotHeld), (false, Besides::NotHeld)]);
}

#[test]
fn skipped_file__look_is_remembered_and_document_is_counted_as_skipped() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    let looked = (Fingerprint { size: 130, mtime_ns: 5, ctime_ns: 6, inode: 7, born_ns: None }, Moment(NOW.0 + 1));
    let skip = |reason: &str, read| Some(SkippedFile { reason: reason.to_owned(), read });
    let skips = [
        (path("a.md"), skip("a pointer", Some(looked))),
        (path("b.md"), skip("empty", None)),
        (path("new.md"), skip("zeros", Some(looked))),
    ];
    db.note_skips(&docs(), &skips).unwrap();
    let record = |db: &Db, document: &str| db.record(&docs(), &path(document)).unwrap().unwrap();
    assert_eq!(record(&db, "a.md").last_read(), Some(looked));
    assert_eq!(record(&db, "a.md").seen.unwrap().hash, hash(1), "what was sound is remembered too");
    assert_eq!(record(&db, "b.md").last_read(), record(&db, "b.md").seen.map(|last| (last.fingerprint, last.at)));
    let of = |document: &str, reason: &str, kept| ("docs".to_owned(), document.to_owned(), reason.to_owned(), kept);
    let skipped = [of("a.md", "a pointer", true), of("b.md", "empty", true), of("new.md", "zeros", false)];
    assert_eq!(db.skipped().unwrap(), skipped);
    assert_eq!(db.counts(&docs()).unwrap(), DocumentCounts { skipped: 3, ..DocumentCounts::default() });
    // Sound again: as it was, and with other content.
    db.note_skips(&docs(), &[(path("a.md"), None)]).unwrap();
    see(&mut db, "b.md", 3);
    db.forget(&docs(), &[path("new.md")]).unwrap();
    assert_eq!(db.skipped().unwrap(), []);
    let counts = DocumentCounts { in_step: 1, pending: 1, bytes: 1, ..DocumentCounts::default() };
    assert_eq!(db.counts(&docs()).unwrap(), counts);
}
