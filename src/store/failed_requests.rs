//! Requests that fail or are not answered: uploads, renames, and deletions, also those that do nothing although they are
//! answered.
//!
//! A ready source that cannot be made what it should be counts its requests (`failures`), and the next one waits (`retry_at`).
//! Meanwhile its document is not in step (`unready`, of which no list says since when).

use rusqlite::{Connection, OptionalExtension, params};

use super::{Db, Misplaced, StoreError, cached::Cached, replicas::drop_row};
use crate::{
    model::{Moment, Phase, Replica, ReplicaId, SourceId, SourceName},
    plan::{FailureCause, retry_at},
};

/// What is known of the deletion of a source that no replica refers to.
pub(super) enum Deleted {
    /// It was not deleted.
    No,
    /// Its deletion was answered so lately that a list may still show it.
    Lately,
    /// Its deletion was answered before that.
    LongAgo,
}

/// Renames without effect of one source after which its document is uploaded again.
const RENAMES_AT_MOST: u32 = 3;

/// How a source ends whose deletion was answered, and one that is gone by itself.
pub(super) const DELETED: &str = "deleted";
pub(super) const LOST: &str = "lost";

impl Db {
    /// A request got no usable response: the source may exist (`unknown`), or may still come to hold its document
    /// (`uploading`). `cause` is what came instead of a response, where that is known.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn unanswered(
        &mut self,
        id: ReplicaId,
        phase: Phase,
        cause: Option<&str>,
        now: Moment,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE replicas SET phase = ?2, since = ?3, unanswered = 1, failure = coalesce(?4, failure) WHERE id = ?1";
        self.connection.run(sql, params![id.0, phase.as_str(), now.0.cast_signed(), cause])?;
        Ok(())
    }

    /// The platform has lost the job of an upload, or has had its time: its source may still come to hold its document. Its
    /// time counts from the upload, and is not granted a second time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn job_lost(&mut self, id: ReplicaId) -> Result<(), StoreError> {
        self.connection.run("UPDATE replicas SET phase = 'uploading', unanswered = 1 WHERE id = ?1", [id.0])?;
        Ok(())
    }

    /// What a platform answered a creation with is no source's id, and a list shows another source under the replica's name:
    /// unless that is another replica's, the request counts as one without an answer, which the next list resolves.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn mistake_source(&mut self, id: ReplicaId, namesake: &SourceId, now: Moment) -> Result<(), StoreError> {
        let sql = "UPDATE replicas SET source_id = NULL, job_id = NULL, phase = 'unknown', since = ?3
                   WHERE id = ?1 AND NOT EXISTS (SELECT * FROM replicas WHERE source_id = ?2)";
        self.connection.run(sql, params![id.0, namesake.0, now.0.cast_signed()])?;
        Ok(())
    }

    /// Why the last upload of a replica's document has no answer that tells, where that is known.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last_failure(&self, replica: &Replica) -> Result<Option<String>, StoreError> {
        let sql =
            "SELECT failure FROM replicas WHERE collection = ?1 AND path = ?2 AND hash = ?3 AND phase = 'uploading'
                       AND failure IS NOT NULL ORDER BY id DESC LIMIT 1";
        let values = params![replica.collection.as_str(), replica.path.as_str(), replica.hash.0];
        Ok(self.connection.row(sql, values, |row| row.get(0)).optional()?)
    }

    /// The deletion of a replica's source was answered: the row goes, and a list that shows the source is not believed for
    /// a while. Gives how many deletions of it were answered by now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn deleted(&mut self, id: ReplicaId, now: Moment) -> Result<u32, StoreError> {
        self.together(|connection| {
            let times = count_ending(connection, id, DELETED, now)?;
            drop_row(connection, id)?;
            Ok(times)
        })
    }

    /// The platform gives this id to a new source. Where it was that of one whose deletion was requested, that one is gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn take_id(&mut self, source: &SourceId, now: Moment) -> Result<(), StoreError> {
        let sql = "SELECT id FROM replicas WHERE source_id = ?1 AND phase = 'retiring' AND missing > 0";
        let id: Option<i64> = self.connection.row(sql, [&source.0], |row| row.get(0)).optional()?;
        id.map_or(Ok(()), |id| self.deleted(ReplicaId(id), now).map(drop))
    }

    /// The source of a replica that retires could not be deleted.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn deletion_failed(&mut self, id: ReplicaId, reason: &str, now: Moment) -> Result<(), StoreError> {
        self.together(|connection| {
            let sql = "SELECT failures FROM replicas WHERE id = ?1";
            let failures = connection.row(sql, [id.0], |row| row.get(0)).optional()?;
            set_failure(connection, id.0, failures.unwrap_or(0), reason, now)
        })
    }

    /// A ready source could not be renamed; gives how often that has failed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn rename_failed(&mut self, id: ReplicaId) -> Result<u32, StoreError> {
        let sql = "UPDATE replicas SET failures = failures + 1 WHERE id = ?1 RETURNING failures";
        let failures = self.connection.row(sql, [id.0], |row| row.get(0)).optional()?;
        Ok(failures.unwrap_or(1))
    }

    /// A request is to put a ready source right: counts it, where it is due. Gives how many there were before and whether this
    /// one is due.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begin_correction(&mut self, source: &SourceId, now: Moment) -> Result<(u32, bool), StoreError> {
        self.together(|connection| begin_correction(connection, source, now))
    }

    /// Why a ready source is not what it should be, or that it is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_correction(&mut self, source: &SourceId, defect: Option<&str>) -> Result<(), StoreError> {
        let sql =
            "UPDATE replicas SET unready = ?2, lasting = 1, failures = CASE WHEN ?2 IS NULL THEN 0 ELSE failures END,
                       retry_at = CASE WHEN ?2 IS NOT NULL THEN retry_at END
                   WHERE source_id = ?1 AND phase = 'ready' AND unready_since IS NULL AND failures > 0";
        self.connection.run(sql, params![source.0, defect])?;
        Ok(())
    }

    /// Of the sources that a list shows under the names of other documents, those that are to be renamed now, `most` at most.
    /// One that no list has shown under its own name has the name that the platform makes of it. Where renames have had no
    /// effect, the document is uploaded again, and this source goes when that is ready: gives whether there is one, too.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begin_restoring(
        &mut self,
        misplaced: Vec<Misplaced>,
        most: usize,
        now: Moment,
    ) -> Result<(Vec<Misplaced>, bool), StoreError> {
        self.together(|connection| {
            let (mut due, mut replaces) = (Vec::new(), false);
            for one in misplaced {
                let sql = "SELECT EXISTS (SELECT * FROM replicas WHERE source_id = ?1 AND phase = 'ready' AND named
                               AND NOT unanswered AND collection = ?2 AND path = ?3 AND hash = ?4)";
                let SourceName { collection, path, hash, .. } = &one.name;
                let values = params![one.source.0, collection.as_str(), path.as_str(), hash.0];
                if !connection.row(sql, values, |row| row.get(0))? {
                    continue;
                }
                if due.len() == most {
                    break;
                }
                let (before, is_due) = begin_correction(connection, &one.source, now)?;
                if is_due && before >= RENAMES_AT_MOST {
                    replace(connection, &one.source, now)?;
                    replaces = true;
                    continue;
                }
                if before > 0 {
                    let reason = format!(
                        "its source {} was renamed to `{}` and still has another document's name (attempts: {before})",
                        one.source, one.name
                    );
                    let sql = "UPDATE replicas SET unready = ?2, lasting = 1, asked_name = ?3 WHERE source_id = ?1";
                    connection.run(sql, params![one.source.0, reason, one.name.to_string()])?;
                }
                if is_due {
                    due.push(one);
                }
            }
            Ok((due, replaces))
        })
    }

    /// Sources whose deletion was answered, and that the platform still has: they are to be deleted again. One that was
    /// deleted more than once cannot be deleted so: that is a failure.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn retire_again(&mut self, sources: &[SourceId], now: Moment) -> Result<(), StoreError> {
        self.together(|connection| {
            for source in sources {
                let sql =
                    "SELECT times FROM former WHERE source_id = ?1 AND ending = 'deleted' ORDER BY ended DESC LIMIT 1";
                let times: Option<u32> = connection.row(sql, [&source.0], |row| row.get(0)).optional()?;
                // What has become of it meanwhile is another thing.
                let Some(times) = times else { continue };
                let sql = "INSERT INTO replicas (collection, path, hash, phase, since, source_id)
                           SELECT collection, path, hash, 'retiring', ?2, source_id FROM former
                           WHERE source_id = ?1 AND ending = 'deleted' ORDER BY ended DESC LIMIT 1";
                let id = connection.prepare_cached(sql)?.insert(params![source.0, now.0.cast_signed()])?;
                if times > 1 {
                    let reason = format!(
                        "the platform answered {times} times that its source {source} was deleted, but its list still \
                         shows it; delete it there"
                    );
                    set_failure(connection, id, times - 2, &reason, now)?;
                }
            }
            Ok(())
        })
    }

    /// Documents with a source that could not be deleted: (collection, path, reason).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn undeleted(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT collection, path, failure FROM replicas
             WHERE phase = 'retiring' AND failure IS NOT NULL ORDER BY collection, path, id",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// See [`Db::begin_correction`].
fn begin_correction(connection: &Connection, source: &SourceId, now: Moment) -> Result<(u32, bool), rusqlite::Error> {
    let sql = "SELECT failures, coalesce(retry_at <= ?2, 1) FROM replicas WHERE source_id = ?1 AND phase = 'ready'";
    let values = params![source.0, now.0.cast_signed()];
    let found = connection.row(sql, values, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (before, is_due) = found.unwrap_or_default();
    if is_due {
        let at = retry_at(FailureCause::Circumstances, before, now).map(|at| at.0.cast_signed());
        let sql = "UPDATE replicas SET failures = failures + 1, retry_at = ?2 WHERE source_id = ?1";
        connection.run(sql, params![source.0, at])?;
    }
    Ok((before, is_due))
}

/// A ready source cannot be made what it should be: its document is uploaded again, and it goes when that is ready.
fn replace(connection: &Connection, source: &SourceId, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE documents SET live = NULL WHERE (collection, path, live) IN
                   (SELECT collection, path, hash FROM replicas WHERE source_id = ?1)";
    connection.run(sql, [&source.0])?;
    let sql =
        "UPDATE replicas SET phase = 'spoilt', since = ?2, was_ready = 1, failures = 0, retry_at = NULL, unready = NULL
               WHERE source_id = ?1";
    connection.run(sql, params![source.0, now.0.cast_signed()]).map(drop)
}

/// Records a failure after `failures` earlier ones in a row.
fn set_failure(
    connection: &Connection,
    id: i64,
    failures: u32,
    reason: &str,
    now: Moment,
) -> Result<(), rusqlite::Error> {
    let due = retry_at(FailureCause::Circumstances, failures, now).map(|at| at.0.cast_signed());
    let sql = "UPDATE replicas SET failures = ?2, failure = ?3, retry_at = ?4 WHERE id = ?1";
    connection.run(sql, params![id, failures + 1, reason, due]).map(drop)
}

/// Whether a source of this name, which is listed as this `text` and created then, was deleted, and whether before a time. One
/// that had other content is another source with its id, and so is one that an open request asked for: under another name, or
/// created since.
pub(super) fn deleted(
    connection: &Connection,
    source: &SourceId,
    (name, text, created): (&SourceName, &str, Option<Moment>),
    before: Moment,
) -> Result<Deleted, rusqlite::Error> {
    let sql =
        "SELECT ended <= ?2 FROM former f WHERE source_id = ?1 AND source_id <> '' AND ending = 'deleted' AND hash = ?5
                   AND NOT EXISTS (SELECT * FROM replicas r
                       WHERE r.source_id IS NULL AND (r.collection, r.path, r.hash) = (?3, ?4, ?5)
                           AND ((f.collection, f.path) <> (?3, ?4) AND f.path <> ?7 OR coalesce(?6 > f.ended, 0)))
               ORDER BY ended DESC LIMIT 1";
    let SourceName { collection, path, hash, .. } = name;
    let created = created.map(|at| at.0.cast_signed());
    let values = params![source.0, before.0.cast_signed(), collection.as_str(), path.as_str(), hash.0, created, text];
    let is_old = connection.row(sql, values, |row| row.get(0)).optional()?;
    Ok(match is_old {
        None => Deleted::No,
        Some(false) => Deleted::Lately,
        Some(true) => Deleted::LongAgo,
    })
}

/// Deletions that are due again, in these collections (a JSON list) or in all, are made by the next round.
pub(super) fn release_deletions(connection: &Connection, of: Option<&str>, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE replicas SET retry_at = NULL WHERE phase = 'retiring' AND retry_at <= ?1
                   AND (?2 IS NULL OR collection IN (SELECT value FROM json_each(?2)))";
    connection.run(sql, params![now.0.cast_signed(), of]).map(drop)
}

/// Deletions of a document's sources that failed are made again as if they had not; gives whether there are any.
pub(super) fn retry_deletions(connection: &Connection, collection: &str, path: &str) -> Result<usize, rusqlite::Error> {
    let sql = "UPDATE replicas SET retry_at = NULL, failures = 0
               WHERE collection = ?1 AND path = ?2 AND phase = 'retiring' AND failure IS NOT NULL";
    connection.run(sql, [collection, path]).map(|changed| changed.min(1))
}

/// The same for ready sources that could not be put right.
pub(super) fn retry_corrections(
    connection: &Connection,
    collection: &str,
    path: &str,
) -> Result<usize, rusqlite::Error> {
    let sql = "UPDATE replicas SET retry_at = NULL
               WHERE collection = ?1 AND path = ?2 AND phase = 'ready' AND retry_at IS NOT NULL";
    connection.run(sql, [collection, path]).map(|changed| changed.min(1))
}

/// Remembers how a source ended whose row goes, and gives how many times in a row it has ended so. Of deletions that were
/// answered the time is that of the first.
pub(super) fn count_ending(
    connection: &Connection,
    id: ReplicaId,
    ending: &str,
    now: Moment,
) -> Result<u32, rusqlite::Error> {
    let sql = "INSERT INTO former
               SELECT collection, path, hash, coalesce(source_id, ''), ?2, ?3, 1 FROM replicas WHERE id = ?1
               ON CONFLICT DO UPDATE SET times = CASE WHEN ending = ?2 THEN times + 1 ELSE 1 END,
                   ended = CASE WHEN ending = ?2 AND ?2 = 'deleted' THEN ended ELSE ?3 END, ending = ?2
               RETURNING times";
    let values = params![id.0, ending, now.0.cast_signed()];
    Ok(connection.row(sql, values, |row| row.get(0)).optional()?.unwrap_or(1))
}

/// Forgets what was noted of sources that had wrong names, and that the list shows under others than these by now.
pub(super) fn end_corrections(connection: &Connection, misplaced: &[Misplaced]) -> Result<(), rusqlite::Error> {
    let sources: Vec<_> = misplaced.iter().map(|one| one.source.0.as_str()).collect();
    let sql = "UPDATE replicas SET unready = NULL, failures = 0, retry_at = NULL
               WHERE phase = 'ready' AND asked_name IS NOT NULL AND unready_since IS NULL
                   AND (failures > 0 OR unready IS NOT NULL)
                   AND source_id IN (SELECT source_id FROM listed) AND source_id NOT IN (SELECT value FROM json_each(?1))";
    connection.run(sql, [serde_json::json!(sources).to_string()]).map(drop)
}
