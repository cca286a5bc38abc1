//! Replicas in the store: every step of the protocol is one transaction, committed before what follows from it.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    Db, StoreError,
    cached::Cached,
    documents::{set_live, set_trouble},
    moves::forget_move,
    phrases::{move_phrase, phrase_of_gone},
};
use crate::{
    model::{CollectionName, DocPath, JobId, Making, Moment, Phase, Replica, ReplicaId, ShortHash, SourceId, Trouble},
    plan::{Besides, FailureCause, Listed, TRIED_AGAIN, UnderWay, retry_at},
};

pub(super) const COLUMNS: &str = "id, collection, path, hash, phase, since, source_id, job_id";

impl Db {
    /// Replicas that are not ready, in the order in which they were begun.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn under_way(&self) -> Result<Vec<UnderWay>, StoreError> {
        // The content is looked for among all documents, so only where it is asked for.
        let sql = format!(
            "SELECT {COLUMNS}, (SELECT CASE WHEN live IS NOT NULL THEN 'held'
                         WHEN skip_reason IS NOT NULL AND NOT uploaded_here THEN 'unwanted' ELSE 'not held' END
                 FROM documents d WHERE d.collection = r.collection AND d.path = r.path), unanswered, missing > 0,
                 was_ready, CASE WHEN phase = 'retiring' AND NOT EXISTS (SELECT * FROM documents d
                     WHERE d.collection = r.collection AND d.path = r.path)
                 THEN EXISTS (SELECT * FROM documents d WHERE d.live = r.hash) ELSE 0 END, retry_at
             FROM replicas r WHERE phase <> 'ready' ORDER BY id"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| {
            let besides = match (row.get::<_, Option<String>>(8)?.as_deref(), row.get(12)?) {
                (Some("held"), _) => Besides::Held,
                (Some("unwanted"), _) => Besides::Unwanted,
                (Some(_), _) => Besides::NotHeld,
                (None, true) => Besides::Elsewhere,
                (None, false) => Besides::Nothing,
            };
            let (unanswered, missing, was_ready) = (row.get(9)?, row.get(10)?, row.get(11)?);
            let retry_at = row.get::<_, Option<i64>>(13)?.map(|at| Moment(at.cast_unsigned()));
            Ok(UnderWay { replica: replica(row)?, besides, unanswered, missing, was_ready, retry_at })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Every replica of one document.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replicas_of(&self, collection: &CollectionName, path: &DocPath) -> Result<Vec<Replica>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM replicas WHERE collection = ?1 AND path = ?2 ORDER BY id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([collection.as_str(), path.as_str()], replica)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The ready replica of one document. One whose source was not in the last list is not ours to change any more, as far
    /// as is known.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn ready_replica(&self, collection: &CollectionName, path: &DocPath) -> Result<Option<Replica>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM replicas WHERE collection = ?1 AND path = ?2 AND phase = 'ready' AND missing = 0"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        Ok(statement.query_row([collection.as_str(), path.as_str()], replica).optional()?)
    }

    /// Written before the request that creates a source.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing may be sent then.
    pub fn intend(
        &mut self,
        collection: &CollectionName,
        path: &DocPath,
        hash: ShortHash,
        now: Moment,
    ) -> Result<ReplicaId, StoreError> {
        let sql = "INSERT INTO replicas (collection, path, hash, phase, since) VALUES (?1, ?2, ?3, 'intent', ?4)";
        let mut statement = self.connection.prepare_cached(sql)?;
        let id = statement.insert(params![collection.as_str(), path.as_str(), hash.0, now.0.cast_signed()])?;
        Ok(ReplicaId(id))
    }

    /// The source exists, empty or with its document (`phase`): its id is known, and the job where the platform tells of
    /// one. `false`, and nothing is noted, when the id is another document's.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn created(
        &mut self,
        id: ReplicaId,
        source: &SourceId,
        job: Option<&JobId>,
        phase: Phase,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE OR IGNORE replicas SET source_id = ?2, job_id = ?3, phase = ?4, since = ?5 WHERE id = ?1";
        let values = params![id.0, source.0, job.map(|job| &job.0), phase.as_str(), now.0.cast_signed()];
        Ok(self.connection.run(sql, values)? > 0)
    }

    /// The upload was accepted: its job is known, but for a website, which the platform crawls without one.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn ingesting(&mut self, id: ReplicaId, job: Option<&JobId>, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE replicas SET job_id = ?2, phase = 'ingesting', since = ?3 WHERE id = ?1";
        self.connection.run(sql, params![id.0, job.map(|job| &job.0), now.0.cast_signed()])?;
        Ok(())
    }

    /// The replica is in another phase now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn enter(&mut self, id: ReplicaId, phase: Phase, now: Moment) -> Result<(), StoreError> {
        set_phase(&self.connection, id, phase, now)?;
        Ok(())
    }

    /// Nothing was made, or it is deleted: the row goes.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn drop_replica(&mut self, id: ReplicaId) -> Result<(), StoreError> {
        drop_row(&self.connection, id)?;
        Ok(())
    }

    /// The new source is ready, and in the same transaction every other one of its document retires. Gives those;
    /// `None` for a replica that retires already, or is gone: it stays so, for its document went meanwhile; for one whose
    /// source was not in the last list, whatever its job says: another list must tell what has become of it; and for one of
    /// another content while the present one is held: that retires.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn ready(&mut self, id: ReplicaId, now: Moment) -> Result<Option<Vec<Replica>>, StoreError> {
        self.together(|connection| make_ready(connection, id, now))
    }

    /// The document failed: it is quarantined until it changes or is due again, and what was made for it retires (or, where
    /// nothing was made, is forgotten). An older version stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn fail(&mut self, failed: &Replica, reason: &str, cause: FailureCause, now: Moment) -> Result<(), StoreError> {
        self.together(|connection| {
            quarantine(connection, failed, reason, cause, now)?;
            if failed.source.is_some() {
                set_phase(connection, failed.id, Phase::Retiring, now)
            } else {
                drop_row(connection, failed.id)
            }
        })
    }

    /// Several uploads of the document were not answered: it is quarantined. What was made for it stays under way, for the
    /// platform may be at work on it; where the document is tried again it does not count.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn give_up(&mut self, replica: &Replica, reason: &str, now: Moment) -> Result<(), StoreError> {
        self.together(|connection| {
            quarantine(connection, replica, reason, FailureCause::Document, now)?;
            let sql = "UPDATE replicas SET unanswered = 0 WHERE collection = ?1 AND path = ?2";
            connection.run(sql, [replica.collection.as_str(), replica.path.as_str()]).map(drop)
        })
    }

    /// The document is gone: its record goes, its phrase is kept for a while, every source of it retires, and the
    /// approval of that is used up, or a deletion that nobody has approved is noted: an approval of another content that had
    /// the same name is none. Gives the replicas that retire.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn gone(
        &mut self,
        collection: &CollectionName,
        path: &DocPath,
        now: Moment,
    ) -> Result<Vec<Replica>, StoreError> {
        self.together(|connection| {
            let (collection, path) = (collection.as_str(), path.as_str());
            phrase_of_gone(connection, collection, path, now)?;
            let spend = "DELETE FROM approvals WHERE collection = ?1 AND path = ?2
                             AND hash = (SELECT live FROM documents WHERE collection = ?1 AND path = ?2)";
            if connection.run(spend, [collection, path])? == 0 {
                super::approvals::note_deletion(connection, collection, now)?;
            }
            drop_document(connection, collection, path, now)
        })
    }

    /// The document has moved, and its content is held at its new place: its record goes and every source of it retires.
    /// Gives the replicas that retire.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn left(
        &mut self,
        collection: &CollectionName,
        path: &DocPath,
        now: Moment,
    ) -> Result<Vec<Replica>, StoreError> {
        self.together(|connection| {
            let (collection, path) = (collection.as_str(), path.as_str());
            connection.run("DELETE FROM phrases WHERE collection = ?1 AND path = ?2", [collection, path])?;
            drop_document(connection, collection, path, now)
        })
    }

    /// A ready source has another document's name now: its replica and what the platform holds move along, the record
    /// of the old document goes, and every other source of the two retires. Gives those.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn moved(
        &mut self,
        replica: &Replica,
        collection: &CollectionName,
        to: &DocPath,
        now: Moment,
    ) -> Result<Vec<Replica>, StoreError> {
        self.together(|connection| {
            let (away, from) = (replica.collection.as_str(), replica.path.as_str());
            let mut retiring = move_replica(connection, replica, collection.as_str(), to.as_str(), now)?;
            connection.run("DELETE FROM documents WHERE collection = ?1 AND path = ?2", [away, from])?;
            retiring.extend(retire_all(connection, away, from, None, now)?);
            Ok(retiring)
        })
    }
}

/// The document of a replica is quarantined as long as it has that content, or until it is due again.
pub(super) fn quarantine(
    connection: &Connection,
    replica: &Replica,
    reason: &str,
    cause: FailureCause,
    now: Moment,
) -> Result<(), rusqlite::Error> {
    let (collection, path) = (replica.collection.as_str(), replica.path.as_str());
    let sql = "SELECT trouble_failures FROM documents WHERE collection = ?1 AND path = ?2";
    let failures = connection.row(sql, [collection, path], |row| row.get(0)).optional()?;
    let retry_at = retry_at(cause, failures.unwrap_or(0), now);
    let again = if retry_at.is_some() { TRIED_AGAIN } else { "" };
    let trouble = Trouble { hash: replica.hash, reason: format!("{reason}{again}"), retry_at };
    set_trouble(connection, collection, path, Some(&trouble))
}

/// See [`Db::ready`].
pub(super) fn make_ready(
    connection: &Connection,
    id: ReplicaId,
    now: Moment,
) -> Result<Option<Vec<Replica>>, rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM replicas WHERE id = ?1 AND phase <> 'retiring' AND missing = 0");
    let Some(new) = connection.row(&sql, [id.0], replica).optional()? else { return Ok(None) };
    let (collection, path) = (new.collection.as_str(), new.path.as_str());
    // A request of long ago may take effect when the present version is held: what it made is of no use.
    if is_superseded(connection, &new)? {
        set_phase(connection, id, Phase::Retiring, now)?;
        return Ok(None);
    }
    set_phase(connection, id, Phase::Ready, now)?;
    set_live(connection, collection, path, Some(new.hash))?;
    set_trouble(connection, collection, path, None)?;
    let sql = "UPDATE documents SET uploaded_here = 1 WHERE collection = ?1 AND path = ?2";
    connection.run(sql, [collection, path])?;
    // Requests that were not answered before count no more.
    let sql = "UPDATE former SET times = 0 WHERE collection = ?1 AND path = ?2 AND source_id = ''";
    connection.run(sql, [collection, path])?;
    // What is there again has not moved away.
    forget_move(connection, collection, path)?;
    retire_all(connection, collection, path, Some(id), now).map(Some)
}

/// Whether the platform holds the present version of a replica's document, and the replica is of another one.
fn is_superseded(connection: &Connection, replica: &Replica) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT * FROM documents WHERE collection = ?1 AND path = ?2
                   AND live = substr(hash, 1, 6) AND live <> ?3)";
    let document = params![replica.collection.as_str(), replica.path.as_str(), replica.hash.0];
    connection.row(sql, document, |row| row.get(0))
}

fn drop_document(
    connection: &Connection,
    collection: &str,
    path: &str,
    now: Moment,
) -> Result<Vec<Replica>, rusqlite::Error> {
    connection.run("DELETE FROM documents WHERE collection = ?1 AND path = ?2", [collection, path])?;
    forget_move(connection, collection, path)?;
    retire_all(connection, collection, path, None, now)
}

/// Every replica of a document except one begins to retire; gives those. One whose source was not in the last list may not
/// be ours to delete any more: it waits for the next list, and is not given.
fn retire_all(
    connection: &Connection,
    collection: &str,
    path: &str,
    except: Option<ReplicaId>,
    now: Moment,
) -> Result<Vec<Replica>, rusqlite::Error> {
    let key = params![collection, path, except.map(|id| id.0)];
    let of_document = "collection = ?1 AND path = ?2 AND id IS NOT ?3";
    let sql = format!("SELECT {COLUMNS}, missing > 0 FROM replicas WHERE {of_document} AND source_id IS NOT NULL");
    let with_missing = |row: &Row<'_>| Ok((replica(row)?, row.get::<_, bool>(8)?));
    let all: Vec<_> = connection.prepare_cached(&sql)?.query_map(key, with_missing)?.collect::<Result<_, _>>()?;
    for (old, _) in &all {
        set_phase(connection, old.id, Phase::Retiring, now)?;
    }
    Ok(all.into_iter().filter(|(_, missing)| !missing).map(|(old, _)| old).collect())
}

/// A replica is another document's now. Where it is ready, every other one of that document retires; gives those.
pub(super) fn move_replica(
    connection: &Connection,
    replica: &Replica,
    collection: &str,
    path: &str,
    now: Moment,
) -> Result<Vec<Replica>, rusqlite::Error> {
    connection.run(
        "UPDATE replicas SET collection = ?2, path = ?3, unanswered = 0, failures = 0, retry_at = NULL,
             unready = CASE WHEN unready_since IS NOT NULL THEN unready END WHERE id = ?1",
        params![replica.id.0, collection, path],
    )?;
    if replica.phase != Phase::Ready {
        return Ok(Vec::new());
    }
    move_phrase(connection, (replica.collection.as_str(), replica.path.as_str()), (collection, path))?;
    let from = params![replica.collection.as_str(), replica.path.as_str(), replica.hash.0];
    let sql = "UPDATE documents SET live = NULL WHERE collection = ?1 AND path = ?2 AND live = ?3";
    connection.run(sql, from)?;
    set_live(connection, collection, path, Some(replica.hash))?;
    retire_all(connection, collection, path, Some(replica.id), now)
}

/// The source of a replica is known. One that was made with its document needs nothing more from us, and one that holds it,
/// or that something was put into, is not uploaded into.
pub(super) fn set_made(
    connection: &Connection,
    id: ReplicaId,
    source: &Listed,
    making: Making,
    now: Moment,
) -> Result<(), rusqlite::Error> {
    let phase = match making {
        Making::Empty if source.holds || source.filled => Phase::Uploading,
        Making::Empty => Phase::Created,
        Making::Filled => Phase::Ingesting,
    };
    let sql =
        "UPDATE replicas SET source_id = ?2, phase = ?3, since = ?4, unanswered = 0, failure = NULL WHERE id = ?1";
    connection.run(sql, params![id.0, source.id.0, phase.as_str(), now.0.cast_signed()]).map(drop)
}

pub(super) fn drop_row(connection: &Connection, id: ReplicaId) -> Result<(), rusqlite::Error> {
    connection.run("DELETE FROM replicas WHERE id = ?1", [id.0]).map(drop)
}

pub(super) fn set_phase(
    connection: &Connection,
    id: ReplicaId,
    phase: Phase,
    now: Moment,
) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE replicas SET phase = ?2, since = ?3, was_ready = was_ready OR phase = 'ready',
                   unanswered = unanswered AND ?2 <> 'ready', failure = CASE WHEN phase = ?2 THEN failure END,
                   failures = CASE WHEN phase = ?2 THEN failures ELSE 0 END, retry_at = CASE WHEN phase = ?2 THEN retry_at END,
                   unready_since = NULL, unready = NULL
               WHERE id = ?1";
    connection.run(sql, params![id.0, phase.as_str(), now.0.cast_signed()]).map(drop)
}

pub(super) fn replica(row: &Row<'_>) -> Result<Replica, rusqlite::Error> {
    let text = |column: usize| row.get::<_, String>(column);
    let unsound =
        |column: usize| rusqlite::Error::InvalidColumnType(column, "replica".to_owned(), rusqlite::types::Type::Text);
    Ok(Replica {
        id: ReplicaId(row.get(0)?),
        collection: CollectionName::new(&text(1)?).map_err(|_| unsound(1))?,
        path: DocPath::new(text(2)?).map_err(|_| unsound(2))?,
        hash: ShortHash(row.get(3)?),
        phase: Phase::parse(&text(4)?).ok_or_else(|| unsound(4))?,
        since: Moment(row.get::<_, i64>(5)?.cast_unsigned()),
        source: row.get::<_, Option<String>>(6)?.map(SourceId),
        job: row.get::<_, Option<String>>(7)?.map(JobId),
    })
}
