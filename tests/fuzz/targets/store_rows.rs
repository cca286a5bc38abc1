//! The store's rows: each line is a table and the values of its columns, written behind kbsync's back.
//!
//! A value is `i` and a number, `t` and a text, `x` and hex digits, or `n` for NULL; what is left out is as in a sound row.

use std::{cell::LazyCell, collections::BTreeSet, path::Path, time::Duration};

use kbsync::{
    model::{CollectionName, DocPath, Instance, Making, Moment, RateLimit, SourceId, SourceName},
    pace::{Pacer, Turn},
    plan::FailureCause,
    store::{Db, Identity, ListedSource, StoreError, Terms, Unready},
};
use rusqlite::{Connection, types::Value};

const HASH: &str = "x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SHORT: &str = "x000102030405";

/// Every table with a sound row.
const TABLES: [(&str, &[&str]); 14] = [
    ("former", &["tdocs", "ta.md", SHORT, "ts9", "tlost", "i5", "i1"]),
    ("strays", &["ts8", "tdocs", "tb.md", SHORT, "i1"]),
    ("meta", &["tother", "tvalue"]),
    ("collections", &["tdocs", "i1", "i0", "i0", "t[\"a\"]"]),
    ("documents", &["tdocs", "ta.md", "i1", "i2", "i3", "i4", "i5", HASH, SHORT, "n", "n"]),
    ("replicas", &["i1", "tdocs", "ta.md", SHORT, "tready", "i5", "ts1", "n", "i0", "i0"]),
    ("stamps", &["i1", "i1000", "i2000"]),
    ("passes", &["i1", "i1", "i2", "tok", "t{}"]),
    ("daemon", &["i1", "t{}"]),
    ("pages", &["tdocs", "ta.md", "tp", "i1", "i1", "n", "n", "n", "thtml", "i0", "n", "n", "n", "n"]),
    ("phrases", &["tdocs", "ta.md", SHORT, "ta phrase", "i0", "n"]),
    ("verification", &["i1", "i1", "i2", "i0"]),
    ("bot_fields", &["tbot", "tname", HASH, "n"]),
    ("moves", &["tdocs", "ta.md", SHORT, "tdocs", "tb.md"]),
];

const NOW: Moment = Moment(1_770_000_000_000_000);

/// A folder in memory where there is one, and a store in which nothing is.
struct Ground {
    folder: tempfile::TempDir,
    empty: Vec<u8>,
}

thread_local! {
    static GROUND: LazyCell<Ground> = LazyCell::new(|| {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder");
        let path = folder.path().join("empty.db");
        drop(Db::open(&path, Some(&identity())).expect("the store"));
        let empty = std::fs::read(&path).expect("the store");
        Ground { folder, empty }
    });
}

fn identity() -> Identity {
    Identity { platform: "p".to_owned(), instance: "default".to_owned() }
}

pub fn store_rows(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    GROUND.with(|ground| {
        let path = ground.folder.path().join("state.db");
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(ground.folder.path().join(format!("state.db{suffix}")));
        }
        std::fs::write(&path, &ground.empty).expect("the store");
        write(&path, &text);
        let mut db = Db::open(&path, Some(&identity())).expect("a store with odd rows is opened");
        look(&db, &text).unwrap_or_else(sound);
        pass(&mut db, &text).unwrap_or_else(sound);
        pace(&mut db).unwrap_or_else(sound);
    });
}

/// A row that cannot be read is said; anything else is not the row's fault.
fn sound(error: StoreError) {
    assert!(matches!(error, StoreError::Sqlite(_)), "{error}");
}

fn write(path: &Path, text: &str) {
    let connection = Connection::open(path).expect("the store");
    connection.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN").expect("the store");
    for line in text.lines().take(32) {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let Some((table, row)) = TABLES.iter().find(|(table, _)| *table == name) else { continue };
        let given = fields.map(Some).chain(std::iter::repeat(None));
        let values =
            row.iter().zip(given).map(|(sound, given)| value(given.filter(|text| !text.is_empty()).unwrap_or(sound)));
        let places = vec!["?"; row.len()].join(", ");
        let sql = format!("INSERT OR REPLACE INTO {table} VALUES ({places})");
        // What a table refuses by itself is not in it.
        let _ = connection.execute(&sql, rusqlite::params_from_iter(values));
    }
    connection.execute_batch("COMMIT").expect("the rows");
}

fn value(text: &str) -> Value {
    let (kind, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    match kind {
        "i" => rest.parse().map_or(Value::Null, Value::Integer),
        "x" => Value::Blob(rest.as_bytes().chunks(2).filter_map(hex).collect()),
        "t" => Value::Text(rest.replace("\\n", "\n")),
        _ => Value::Null,
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn docs() -> CollectionName {
    CollectionName::new("docs").expect("a name")
}

/// Reads all that there is, each of it by itself.
fn look(db: &Db, text: &str) -> Result<(), StoreError> {
    let (docs, path) = (docs(), DocPath::new("a.md").expect("a path"));
    let outcomes = [
        db.collection(&docs).map(drop),
        db.approvals().map(drop),
        db.guarded_collections().map(drop),
        db.counts(&docs).map(drop),
        db.known_collections().map(drop),
        db.last_pass().map(drop),
        db.last_pass_of("ok").map(drop),
        db.daemon_note().map(drop),
        db.pages(&docs).map(drop),
        db.page(&docs, &path).map(drop),
        db.stale_pages().map(drop),
        db.record(&docs, &path).map(drop),
        db.quarantined().map(drop),
        db.held_by_platform(&docs).map(drop),
        db.replicas_of(&docs, &path).map(drop),
        db.under_way().map(drop),
        db.moves().map(drop),
        db.moved_to(&docs, &path).map(drop),
        db.draw_documents(&["docs"], 9).map(drop),
        db.draw_deleted(9).map(drop),
        db.verification().map(drop),
        db.bot_fields("bot").map(drop),
        db.count_named(text.get(..8).unwrap_or_default()).map(drop),
    ];
    outcomes.into_iter().filter_map(Result::err).for_each(sound);
    Ok(())
}

/// What a pass does to them: a list in which the sources are that the rows name, and a document that is gone.
fn pass(db: &mut Db, text: &str) -> Result<(), StoreError> {
    db.begin_list()?;
    let named = text.lines().filter_map(|line| line.split("\tts").nth(1)?.split('\t').next());
    let names =
        ["docs/a.md [default:000102030405]", "docs/c.md [default:000102030405]", "wiki/a [default:0a0b0c0d0e0f]"];
    let listed: Vec<_> = named
        .chain(["1", "2"])
        .enumerate()
        .map(|(number, id)| ListedSource {
            id: SourceId(format!("s{id}")),
            text: names[number % names.len()].to_owned(),
            name: SourceName::parse(names[number % names.len()]),
            nameless: number % 5 == 4,
            holds: number % 2 == 0,
            filled: number % 3 == 1,
            done: number % 7 == 2,
            empty: number % 4 == 1,
            unready: (number % 6 == 3).then(|| Unready {
                reason: "it is suspended".to_owned(),
                lasting: number % 12 == 3,
                known: number % 24 < 12,
            }),
            created: Some(NOW),
        })
        .collect();
    let shown = db.add_page(1, &listed)?;
    assert!(shown <= listed.len() as u64);
    let making = if text.len().is_multiple_of(2) { Making::Empty } else { Making::Filled };
    let instance = Instance::new("default").expect("a name");
    let (grace, job_timeout) = (Duration::from_secs(30), Duration::from_secs(900));
    let terms = Terms {
        instance,
        configured: BTreeSet::from([docs()]),
        crawled: BTreeSet::new(),
        making,
        lookup: making == Making::Empty,
        grace,
        job_timeout,
        doubted: making == Making::Filled,
        complete: !text.len().is_multiple_of(3),
    };
    let report = db.compare_list(&terms, NOW, 0)?;
    assert_eq!(report.sources, shown);
    for under_way in db.under_way()? {
        db.fail(&under_way.replica, "a reason", FailureCause::Job, NOW)?;
    }
    db.gone(&docs(), &DocPath::new("a.md").expect("a path"), NOW)?;
    db.forget_pages(&docs(), "another")?;
    db.release(|_| true).map(drop)
}

/// The requests of the last run hold back none of this one's for ever.
fn pace(db: &mut Db) -> Result<(), StoreError> {
    let stamps = db.stamps(100, NOW)?;
    let mut pacer = Pacer::new(RateLimit::new(100, Duration::from_secs(60)), stamps, NOW);
    let mut now = NOW;
    let ticket = loop {
        match pacer.turn(now) {
            Turn::Go(ticket) => break ticket,
            Turn::At(at) => {
                assert!(at > now && at.since(NOW) <= Duration::from_secs(120), "{at:?}");
                now = at;
            }
            Turn::AfterAnswer => panic!("nobody is left who would be answered"),
        }
    };
    db.stamp_sent(ticket, now, 100)?;
    db.stamp_answered(ticket, now)
}
