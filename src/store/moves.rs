//! Moves that take an upload, kept until what they leave is deleted.

use rusqlite::{Connection, Row, params};

use super::{
    Db, StoreError,
    cached::Cached,
    replicas::{COLUMNS, move_replica, replica},
};
use crate::{
    model::{CollectionName, DocPath, Moment, ReplicaId, ShortHash, SourceName},
    plan::{Gone, Move, MoveState, NewMove, RewrittenName},
};

impl Db {
    /// Records moves that need an upload, before their old sources are deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begin_moves(&mut self, moves: &[NewMove]) -> Result<(), StoreError> {
        self.together(|connection| {
            let sql = "INSERT OR REPLACE INTO moves (collection, path, hash, to_collection, to_path, edited)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let mut statement = connection.prepare_cached(sql)?;
            for NewMove { away, from, to: (collection, to), edited } in moves {
                let (away, path) = (away.as_str(), from.path.as_str());
                statement.execute(params![away, path, from.live.0, collection.as_str(), to.as_str(), edited])?;
            }
            Ok(())
        })
    }

    /// Sources that something was put into, of documents that are not known, and that no list has shown as they were named.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begun_for_missing(&self, collection: &CollectionName) -> Result<Vec<Gone>, StoreError> {
        // The first condition is that of the index.
        let sql = "SELECT path, hash FROM replicas r
                   WHERE phase <> 'ready' AND phase IN ('uploading', 'ingesting') AND collection = ?1
                       AND source_id IS NOT NULL AND NOT named
                       AND NOT EXISTS (SELECT * FROM documents d WHERE d.collection = r.collection AND d.path = r.path)
                   ORDER BY id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([collection.as_str()], |row| {
            let path = DocPath::new(row.get::<_, String>(0)?).map_err(|_| rusqlite::Error::InvalidQuery)?;
            let live = ShortHash(row.get(1)?);
            Ok(Gone { path, live, size: 0, min_hash: None, made_here: false, successor: None, overdue: false })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sources that were taken for those of documents that are gone are versions of others, held or under way.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn reassign_sources(&mut self, rewritten: &[RewrittenName], now: Moment) -> Result<(), StoreError> {
        self.together(|connection| {
            for RewrittenName { found: (away, found), of: (collection, path) } in rewritten {
                let (away, from) = (away.as_str(), found.path.as_str());
                let sql = format!(
                    "SELECT {COLUMNS} FROM replicas WHERE collection = ?1 AND path = ?2 AND hash = ?3
                         AND phase IN ('ready', 'uploading', 'ingesting')"
                );
                let key = params![away, from, found.live.0];
                let replicas: Vec<_> =
                    connection.prepare_cached(&sql)?.query_map(key, replica)?.collect::<Result<_, _>>()?;
                for replica in replicas {
                    move_replica(connection, &replica, collection.as_str(), path.as_str(), now)?;
                    connection.run("DELETE FROM documents WHERE collection = ?1 AND path = ?2", [away, from])?;
                }
            }
            Ok(())
        })
    }

    /// A document is there again that had moved.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn end_move(&mut self, collection: &CollectionName, path: &DocPath) -> Result<(), StoreError> {
        Ok(forget_move(&self.connection, collection.as_str(), path.as_str())?)
    }

    /// Written before the request that gives a source another name: only a list can tell what became of it, unless it is
    /// answered.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing may be sent then.
    pub fn begin_rename(&mut self, id: ReplicaId, name: &SourceName) -> Result<(), StoreError> {
        let sql = "UPDATE replicas SET unanswered = 1, asked_name = ?2 WHERE id = ?1";
        self.connection.run(sql, params![id.0, name.to_string()])?;
        Ok(())
    }

    /// Whether a source may have another name than is known.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn has_unanswered_renames(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM replicas WHERE phase = 'ready' AND unanswered)";
        Ok(self.connection.row(sql, [], |row| row.get(0))?)
    }

    /// Whether a document has moved, and its old source at this place waits for deletion.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn has_move(&self, collection: &CollectionName, path: &DocPath) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM moves WHERE collection = ?1 AND path = ?2)";
        Ok(self.connection.row(sql, [collection.as_str(), path.as_str()], |row| row.get(0))?)
    }

    /// Every move whose old document is still on the platform.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn moves(&self) -> Result<Vec<Move>, StoreError> {
        let sql = "SELECT m.collection, m.path, m.to_collection, m.to_path, m.hash,
                       CASE WHEN m.edited THEN d.live = substr(d.hash, 1, 6) ELSE d.live = m.hash END,
                       CASE WHEN m.edited THEN d.hash IS NOT NULL ELSE substr(d.hash, 1, 6) = m.hash END
                   FROM moves m LEFT JOIN documents d ON d.collection = m.to_collection AND d.path = m.to_path";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            let ((away, from), to) = (key(row, 0)?, key(row, 2)?);
            let state = match (row.get(5)?, row.get(6)?) {
                (Some(true), _) => MoveState::Arrived,
                (_, Some(true)) => MoveState::Waits,
                _ => MoveState::Off,
            };
            Ok(Move { away, from, hash: ShortHash(row.get(4)?), to, state })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What has moved to this document, which the platform holds now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn moved_to(
        &self,
        collection: &CollectionName,
        path: &DocPath,
    ) -> Result<Vec<(CollectionName, Gone)>, StoreError> {
        let sql = "SELECT m.collection, m.path, m.hash, coalesce(d.size, 0) FROM moves m
                   JOIN documents d ON d.collection = m.collection AND d.path = m.path AND d.live = m.hash
                   WHERE m.to_collection = ?1 AND m.to_path = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([collection.as_str(), path.as_str()], |row| {
            let (away, from) = key(row, 0)?;
            let size = row.get::<_, i64>(3)?.cast_unsigned();
            let live = ShortHash(row.get(2)?);
            Ok((
                away,
                Gone { path: from, live, size, min_hash: None, made_here: true, successor: None, overdue: false },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// There is no move of this document any more.
pub(super) fn forget_move(connection: &Connection, collection: &str, path: &str) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM moves WHERE collection = ?1 AND path = ?2";
    connection.run(sql, [collection, path]).map(drop)
}

fn key(row: &Row<'_>, first: usize) -> Result<(CollectionName, DocPath), rusqlite::Error> {
    let text = |column: usize| row.get::<_, String>(column);
    let unsound = |column| rusqlite::Error::InvalidColumnType(column, "move".to_owned(), rusqlite::types::Type::Text);
    let collection = CollectionName::new(&text(first)?).map_err(|_| unsound(first))?;
    Ok((collection, DocPath::new(text(first + 1)?).map_err(|_| unsound(first + 1))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ContentHash, Fingerprint, LastLook, Moment, Phase, SourceId},
        store::Identity,
    };

    const NOW: Moment = Moment(1_000_000);

    fn docs() -> CollectionName {
        CollectionName::new("docs").unwrap()
    }

    fn path(path: &str) -> DocPath {
        DocPath::new(path).unwrap()
    }

    fn see(db: &mut Db, document: &str, content: u8) {
        let fingerprint = Fingerprint { size: 7, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
        let seen = LastLook { fingerprint, at: NOW, hash: ContentHash([content; 32]), min_hash: None };
        db.note_looks(&docs(), &[(path(document), seen)]).unwrap();
    }

    fn ready(db: &mut Db, document: &str, content: u8) {
        see(db, document, content);
        let id = db.intend(&docs(), &path(document), ContentHash([content; 32]).short(), NOW).unwrap();
        let source = SourceId(format!("{document} {content}"));
        assert!(db.created(id, &source, None, Phase::Ingesting, NOW).unwrap());
        db.ready(id, NOW).unwrap();
    }

    fn to_new(from: Gone, edited: bool) -> NewMove {
        NewMove { away: docs(), from, to: (docs(), path("new.md")), edited }
    }

    #[test]
    fn a_move_waits_arrives_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity { platform: "p".to_owned(), instance: "default".to_owned() };
        let mut db = Db::open(&folder.path().join("state.db"), Some(&identity)).unwrap();
        let states = |db: &Db| db.moves().unwrap().into_iter().map(|found| found.state).collect::<Vec<_>>();
        let from = Gone {
            path: path("old.md"),
            live: ContentHash([1; 32]).short(),
            size: 7,
            min_hash: None,
            made_here: true,
            successor: None,
            overdue: false,
        };
        ready(&mut db, "old.md", 1);
        db.begin_moves(&[to_new(from.clone(), false)]).unwrap();
        assert_eq!(states(&db), [MoveState::Off], "nothing is known of the new place");
        see(&mut db, "new.md", 1);
        assert_eq!(states(&db), [MoveState::Waits]);
        see(&mut db, "new.md", 2);
        assert_eq!(states(&db), [MoveState::Off], "other words are no move");
        ready(&mut db, "new.md", 1);
        assert_eq!(states(&db), [MoveState::Arrived]);
        assert_eq!(db.moved_to(&docs(), &path("new.md")).unwrap(), [(docs(), from.clone())]);
        assert_eq!(db.left(&docs(), &path("old.md"), NOW).unwrap().len(), 1);
        assert_eq!((states(&db), db.moved_to(&docs(), &path("new.md")).unwrap()), (vec![], vec![]));
        // What is there again has not moved away.
        ready(&mut db, "other.md", 1);
        db.begin_moves(&[to_new(Gone { path: path("other.md"), ..from }, false)]).unwrap();
        ready(&mut db, "other.md", 3);
        assert_eq!(states(&db), []);
    }
}
