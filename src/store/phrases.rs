//! Phrases in the store, by which documents are asked for, and how the last verification went.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Db, StoreError, cached::Cached};
use crate::model::{CollectionName, DocPath, Moment, ShortHash};

/// Phrases of deleted documents that are kept; the oldest go.
/// And for so long.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
const DELETED_AT_MOST: i64 = 1_000;

/// What is remembered of a document, so that it can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The document's collection.
    pub collection: CollectionName,
    /// Its path or address.
    pub path: DocPath,
    /// The content.
    pub hash: ShortHash,
    /// A few sentences of it, best first; none where they are not known, or none would do.
    pub phrases: Vec<String>,
}

/// How a verification went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationRecord {
    /// When it ended.
    pub at: Moment,
    /// Checks that passed or failed.
    pub checks: u64,
    /// Checks that failed.
    pub failed: u64,
}

impl Db {
    /// Remembers a document's phrase in place of the one before; forgets that one where there is none now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn remember_phrase(&mut self, phrase: &Phrase) -> Result<(), StoreError> {
        Ok(remember(&self.connection, phrase)?)
    }

    /// So many documents of these collections that the platform holds as they were last seen, in random order; first
    /// those whose last check failed. Their phrases are those of what the platform holds.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn draw_documents(&self, collections: &[&str], most: u64) -> Result<Vec<Phrase>, StoreError> {
        let sql = "SELECT d.collection, d.path, d.live, p.phrase FROM documents d
                   LEFT JOIN phrases p ON p.collection = d.collection AND p.path = d.path AND p.hash = d.live
                   WHERE d.live = substr(d.hash, 1, 6) AND d.collection IN (SELECT value FROM json_each(?1))
                   ORDER BY coalesce(p.failed, 0) DESC, random() LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows =
            statement.query_map(params![serde_json::json!(collections).to_string(), most.cast_signed()], drawn)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// So many deleted documents that are not back, in random order; first those whose last check failed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn draw_deleted(&self, most: u64) -> Result<Vec<Phrase>, StoreError> {
        let sql = "SELECT collection, path, hash, phrase FROM phrases p WHERE deleted IS NOT NULL AND NOT EXISTS (
                       SELECT * FROM documents d WHERE d.collection = p.collection AND d.path = p.path)
                   ORDER BY failed DESC, random() LIMIT ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([most.cast_signed()], drawn)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Another document that has this one of a document's phrases too, and that the platform holds: `COLLECTION/PATH`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn twin(&self, document: &Phrase, phrase: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT p.collection || '/' || p.path FROM phrases p
                   JOIN documents d ON d.collection = p.collection AND d.path = p.path AND d.live = p.hash
                   WHERE instr(char(10) || p.phrase || char(10), char(10) || ?1 || char(10)) > 0
                       AND (p.collection, p.path) IS NOT (?2, ?3) LIMIT 1";
        let key = params![phrase, document.collection.as_str(), document.path.as_str()];
        Ok(self.connection.row(sql, key, |row| row.get(0)).optional()?)
    }

    /// How many documents of this address, path or file name the platform holds, in whatever collection.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn count_named(&self, name: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM documents WHERE live IS NOT NULL AND ?1 <> ''
                       AND (path = ?1 OR substr(path, -length(?1) - 1) = '/' || ?1)";
        Ok(self.connection.row(sql, [name], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Notes a verification: how it went, the phrases that it came to know, and which documents' checks failed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_verification<'a>(
        &mut self,
        record: &VerificationRecord,
        learnt: &[Phrase],
        checked: impl Iterator<Item = (&'a Phrase, bool)>,
    ) -> Result<(), StoreError> {
        self.together(|connection| {
            learnt.iter().try_for_each(|phrase| remember(connection, phrase))?;
            let mut mark = connection.prepare_cached(
                "UPDATE phrases SET failed = ?3 WHERE collection = ?1 AND path = ?2 AND failed <> ?3",
            )?;
            for (phrase, failed) in checked {
                mark.execute(params![phrase.collection.as_str(), phrase.path.as_str(), failed])?;
            }
            let VerificationRecord { at, checks, failed } = record;
            let sql = "INSERT OR REPLACE INTO verification (id, at, checks, failed) VALUES (1, ?1, ?2, ?3)";
            connection.run(sql, [at.0, *checks, *failed].map(u64::cast_signed)).map(drop)
        })
    }

    /// The last verification.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn verification(&self) -> Result<Option<VerificationRecord>, StoreError> {
        let record = self.connection.row("SELECT at, checks, failed FROM verification", [], |row| {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(VerificationRecord { at: Moment(number(0)?), checks: number(1)?, failed: number(2)? })
        });
        Ok(record.optional()?)
    }
}

fn remember(connection: &Connection, phrase: &Phrase) -> Result<(), rusqlite::Error> {
    let (collection, path) = (phrase.collection.as_str(), phrase.path.as_str());
    if phrase.phrases.is_empty() {
        let sql = "DELETE FROM phrases WHERE collection = ?1 AND path = ?2";
        return connection.run(sql, [collection, path]).map(drop);
    }
    // A document that was deleted and is on its way back counts as deleted until it is there.
    let sql = "INSERT INTO phrases (collection, path, hash, phrase) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET hash = ?3, phrase = ?4";
    connection.run(sql, params![collection, path, phrase.hash.0, phrase.phrases.join("\n")]).map(drop)
}

/// The document is gone: its phrase is for seeing that it is.
pub(super) fn phrase_of_gone(
    connection: &Connection,
    collection: &str,
    path: &str,
    now: Moment,
) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE phrases SET deleted = ?3, failed = 0 WHERE collection = ?1 AND path = ?2";
    connection.run(sql, params![collection, path, now.0.cast_signed()])?;
    let before = (now - KEPT).0.cast_signed();
    connection.run("DELETE FROM phrases WHERE deleted < ?1", [before])?;
    let sql = "DELETE FROM phrases WHERE (collection, path) IN (
                   SELECT collection, path FROM phrases WHERE deleted IS NOT NULL ORDER BY deleted DESC
                   LIMIT -1 OFFSET ?1)";
    connection.run(sql, [DELETED_AT_MOST]).map(drop)
}

/// The document is there: whatever was once deleted under its name.
pub(super) fn phrase_of_live(connection: &Connection, collection: &str, path: &str) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE phrases SET deleted = NULL WHERE collection = ?1 AND path = ?2 AND deleted IS NOT NULL";
    connection.run(sql, [collection, path]).map(drop)
}

/// A document that was never there needs no phrase.
pub(super) fn forget_phrase(connection: &Connection, collection: &str, path: &str) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM phrases WHERE collection = ?1 AND path = ?2 AND deleted IS NULL";
    connection.run(sql, [collection, path]).map(drop)
}

/// The document has another key now.
pub(super) fn move_phrase(
    connection: &Connection,
    from: (&str, &str),
    to: (&str, &str),
) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE OR REPLACE phrases SET collection = ?3, path = ?4, deleted = NULL
               WHERE collection = ?1 AND path = ?2 AND (?1, ?2) IS NOT (?3, ?4)";
    connection.run(sql, [from.0, from.1, to.0, to.1]).map(drop)
}

fn drawn(row: &Row<'_>) -> Result<Phrase, rusqlite::Error> {
    let unsound = |column| rusqlite::Error::InvalidColumnType(column, "phrase".to_owned(), rusqlite::types::Type::Text);
    Ok(Phrase {
        collection: CollectionName::new(&row.get::<_, String>(0)?).map_err(|_| unsound(0))?,
        path: DocPath::new(row.get::<_, String>(1)?).map_err(|_| unsound(1))?,
        hash: ShortHash(row.get(2)?),
        phrases: row.get::<_, Option<String>>(3)?.unwrap_or_default().lines().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint, LastLook, Phase, SourceId},
        store::Identity,
    };

    const NOW: Moment = Moment(1_000_000);

    fn new_db() -> (tempfile::TempDir, Db) {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity { platform: "p".to_owned(), instance: "default".to_owned() };
        let db = Db::open(&folder.path().join("state.db"), Some(&identity)).unwrap();
        (folder, db)
    }

    fn docs() -> CollectionName {
        CollectionName::new("docs").unwrap()
    }

    fn path(path: &str) -> DocPath {
        DocPath::new(path).unwrap()
    }

    fn phrase(document: &str, content: u8) -> Phrase {
        let hash = ContentHash([content; 32]).short();
        Phrase { collection: docs(), path: path(document), hash, phrases: vec![format!("phrase {content}")] }
    }

    /// A document that goes up and is ready.
    fn put(db: &mut Db, document: &str, content: u8) {
        let fingerprint = Fingerprint { size: 1, mtime_ns: 2, ctime_ns: 3, inode: 4, born_ns: None };
        let look = LastLook { fingerprint, at: NOW, hash: ContentHash([content; 32]), min_hash: None };
        db.note_looks(&docs(), &[(path(document), look)]).unwrap();
        let id = db.intend(&docs(), &path(document), look.hash.short(), NOW).unwrap();
        db.remember_phrase(&phrase(document, content)).unwrap();
        db.created(id, &SourceId(format!("{document} {content}")), None, Phase::Created, NOW).unwrap();
        db.ready(id, NOW).unwrap();
    }

    fn names(drawn: &[Phrase]) -> Vec<&str> {
        let mut names: Vec<_> = drawn.iter().map(|phrase| phrase.path.as_str()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_phrase_follows_its_document() {
        let (_folder, mut db) = new_db();
        put(&mut db, "a", 1);
        put(&mut db, "b", 2);
        let drawn = db.draw_documents(&["docs"], 9).unwrap();
        assert_eq!(names(&drawn), ["a", "b"]);
        assert!(drawn.contains(&phrase("a", 1)), "{drawn:?}");
        assert_eq!(
            (db.draw_documents(&["wiki"], 9).unwrap(), db.draw_documents(&["docs"], 1).unwrap().len()),
            (vec![], 1)
        );

        // What is on its way up is not what the platform holds.
        db.remember_phrase(&phrase("a", 3)).unwrap();
        let drawn = db.draw_documents(&["docs"], 9).unwrap();
        assert!(drawn.contains(&Phrase { phrases: vec![], ..phrase("a", 1) }), "{drawn:?}");
        put(&mut db, "a", 3);
        assert!(db.draw_documents(&["docs"], 9).unwrap().contains(&phrase("a", 3)));

        let ready = db.replicas_of(&docs(), &path("a")).unwrap().pop().unwrap();
        db.moved(&ready, &docs(), &path("c"), NOW).unwrap();
        db.gone(&docs(), &path("b"), NOW).unwrap();
        assert_eq!(db.draw_deleted(9).unwrap(), [phrase("b", 2)], "the moved one is not deleted");
        let held = |name| db.count_named(name).unwrap();
        assert_eq!((held("c"), held("a"), held("b"), held("")), (1, 0, 0, 0));

        put(&mut db, "b", 4);
        assert_eq!(db.draw_deleted(9).unwrap(), [], "it is back");
        db.gone(&docs(), &path("b"), NOW).unwrap();
        assert_eq!(db.draw_deleted(9).unwrap(), [phrase("b", 4)]);
        db.remember_phrase(&Phrase { phrases: vec![], ..phrase("b", 5) }).unwrap();
        assert_eq!(db.draw_deleted(9).unwrap(), []);
    }

    #[test]
    fn a_document_that_was_never_there_leaves_no_phrase() {
        let (_folder, mut db) = new_db();
        db.note_looks(&docs(), &[]).unwrap();
        let id = db.intend(&docs(), &path("a"), ContentHash([1; 32]).short(), NOW).unwrap();
        db.remember_phrase(&phrase("a", 1)).unwrap();
        db.drop_replica(id).unwrap();
        db.connection.run("INSERT INTO documents (collection, path) VALUES ('docs', 'a')", []).unwrap();
        db.forget(&docs(), &[path("a")]).unwrap();
        let left: i64 = db.connection.row("SELECT count(*) FROM phrases", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    #[test]
    fn the_oldest_of_many_deleted_documents_are_forgotten() {
        let (_folder, mut db) = new_db();
        for n in 0..DELETED_AT_MOST + 3 {
            let name = format!("{n:04}");
            db.remember_phrase(&phrase(&name, 1)).unwrap();
            db.gone(&docs(), &path(&name), Moment(n.cast_unsigned())).unwrap();
        }
        let kept = db.draw_deleted(9_999).unwrap();
        assert_eq!((kept.len(), names(&kept)[0]), (1_000, "0003"));
    }

    #[test]
    fn what_failed_is_drawn_first_and_twins_are_found() {
        let (_folder, mut db) = new_db();
        for document in ["a", "b", "c", "d", "e"] {
            put(&mut db, document, 1);
        }
        let record = VerificationRecord { at: NOW, checks: 2, failed: 1 };
        assert_eq!(db.verification().unwrap(), None);
        let checked = [(phrase("a", 1), false), (phrase("d", 1), true)];
        db.note_verification(&record, &[], checked.iter().map(|(phrase, failed)| (phrase, *failed))).unwrap();
        assert_eq!(db.verification().unwrap(), Some(record));
        for _ in 0..20 {
            assert_eq!(names(&db.draw_documents(&["docs"], 1).unwrap()), ["d"]);
        }
        assert!(db.twin(&phrase("a", 1), "phrase 1").unwrap().is_some());
        assert_eq!(db.twin(&phrase("a", 1), "phrase 2").unwrap(), None);
        assert_eq!(db.twin(&phrase("a", 1), "phrase").unwrap(), None, "a part of one");
        let more = Phrase { phrases: vec!["one".to_owned(), "phrase 2".to_owned()], ..phrase("b", 1) };
        db.remember_phrase(&more).unwrap();
        assert_eq!(db.twin(&phrase("a", 1), "phrase 2").unwrap().as_deref(), Some("docs/b"));
    }
}
