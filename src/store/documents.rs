//! Documents in the store: the cursor of a pass, what it notes, and what failed.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use super::{
    Db, StoreError,
    cached::Cached,
    failed_requests::{release_deletions, retry_corrections, retry_deletions},
    phrases::{forget_phrase, phrase_of_live},
};
use crate::{
    model::{
        CollectionName, ContentHash, DocPath, Fingerprint, LastLook, MinHash, Moment, Record, ShortHash, SkippedFile,
        Trouble,
    },
    plan::Gone,
};

const COLUMNS: &str = "path, size, mtime_ns, ctime_ns, inode, seen_at, hash, live, trouble_hash, trouble_reason, \
                       skip_size, skip_mtime_ns, skip_ctime_ns, skip_inode, skip_at, skip_reason, \
                       trouble_retry_at, successor_collection, successor_path, live_size, uploaded_here, min_hash, \
                       written_since, gone_since, born_ns";

impl Db {
    /// Runs `work` over a collection's records in key order, one at a time: those whose path begins with `prefix`, which
    /// is empty or ends in a slash.
    ///
    /// # Errors
    /// Where the cursor breaks off; what `work` made of it is then thrown away.
    pub fn with_records<T>(
        &self,
        collection: &CollectionName,
        prefix: &str,
        work: impl FnOnce(&mut dyn Iterator<Item = Record>) -> T,
    ) -> Result<T, StoreError> {
        // The byte after a slash ends the range; no text is greater than a blob.
        let end = prefix.strip_suffix('/').map(|folder| format!("{folder}0"));
        let sql = format!(
            "SELECT {COLUMNS} FROM documents
             WHERE collection = ?1 AND path >= ?2 AND path < coalesce(?3, x'') ORDER BY path"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![collection.as_str(), prefix, end])?;
        let mut broken = None;
        let mut records = std::iter::from_fn(|| {
            let next = rows.next().and_then(|row| row.map(record).transpose());
            next.unwrap_or_else(|error| {
                broken = Some(error);
                None
            })
        });
        let done = work(&mut records);
        broken.map_or(Ok(done), |error| Err(error.into()))
    }

    /// How many documents of a collection the platform holds.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn held_by_platform(&self, collection: &CollectionName) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM documents WHERE collection = ?1 AND live IS NOT NULL";
        Ok(self.connection.row(sql, [collection.as_str()], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// One document's record.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn record(&self, collection: &CollectionName, path: &DocPath) -> Result<Option<Record>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM documents WHERE collection = ?1 AND path = ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query_and_then(params![collection.as_str(), path.as_str()], record)?;
        Ok(rows.next().transpose()?)
    }

    /// Notes what a pass saw, many documents at once.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_looks(&mut self, collection: &CollectionName, looks: &[(DocPath, LastLook)]) -> Result<(), StoreError> {
        self.together(|connection| {
            looks.iter().try_for_each(|(path, look)| note_look(connection, collection, path, look))
        })
    }

    /// Notes why the files of documents are skipped as they are now, or that they no longer are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_skips(
        &mut self,
        collection: &CollectionName,
        skips: &[(DocPath, Option<SkippedFile>)],
    ) -> Result<(), StoreError> {
        self.together(|connection| {
            skips.iter().try_for_each(|(path, skip)| note_skip(connection, collection, path, skip))
        })
    }

    /// The documents whose files are skipped as they are now: (collection, path, why, whether the platform holds an older
    /// version); those with one first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn skipped(&self) -> Result<Vec<(String, String, String, bool)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT collection, path, skip_reason, live IS NOT NULL FROM documents
             WHERE skip_reason IS NOT NULL ORDER BY live IS NULL, collection, path",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes since when the files of documents are being written, or that a look has found them as they were.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_written(
        &mut self,
        collection: &CollectionName,
        written: &[(DocPath, Option<Moment>)],
    ) -> Result<(), StoreError> {
        self.together(|connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO documents (collection, path, written_since) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET written_since = ?3, gone_since = NULL",
            )?;
            written.iter().try_for_each(|(path, since)| {
                let since = since.map(|since| since.0.cast_signed());
                statement.execute(params![collection.as_str(), path.as_str(), since]).map(drop)
            })
        })
    }

    /// The documents that are being written, so that they were not read: (collection, path, since when, whether the platform
    /// holds an older version).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn being_written(&self) -> Result<Vec<(String, String, Moment, bool)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT collection, path, written_since, live IS NOT NULL FROM documents
             WHERE written_since IS NOT NULL ORDER BY collection, path",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, Moment(row.get::<_, i64>(2)?.cast_unsigned()), row.get(3)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers which new documents seem to be the successors of those that are gone, each its own where none does, and since
    /// when these wait.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_successors(&mut self, gone: &[(CollectionName, Gone)], now: Moment) -> Result<(), StoreError> {
        self.together(|connection| {
            let sql = "UPDATE documents
                       SET successor_collection = ?3, successor_path = ?4, gone_since = coalesce(gone_since, ?5)
                       WHERE collection = ?1 AND path = ?2
                           AND (gone_since IS NULL OR (successor_collection, successor_path) IS NOT (?3, ?4))";
            let mut statement = connection.prepare_cached(sql)?;
            for (collection, gone) in gone {
                let (of, successor) = gone.successor.as_ref().map_or((collection, &gone.path), |(of, path)| (of, path));
                let (path, now) = (gone.path.as_str(), now.0.cast_signed());
                statement.execute(params![collection.as_str(), path, of.as_str(), successor.as_str(), now])?;
            }
            Ok(())
        })
    }

    /// Forgets documents that are gone and that the platform does not hold.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget(&mut self, collection: &CollectionName, paths: &[DocPath]) -> Result<(), StoreError> {
        self.together(|connection| {
            let mut statement = connection
                .prepare_cached("DELETE FROM documents WHERE collection = ?1 AND path = ?2 AND live IS NULL")?;
            for path in paths {
                if statement.execute([collection.as_str(), path.as_str()])? > 0 {
                    forget_phrase(connection, collection.as_str(), path.as_str())?;
                }
            }
            Ok(())
        })
    }

    /// The documents that have failed since the platform last accepted them.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn failed_before(&self) -> Result<Vec<(CollectionName, DocPath)>, StoreError> {
        let sql = "SELECT collection, path FROM documents WHERE trouble_failures > 0";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok(rows.filter_map(|(of, path)| Some((CollectionName::new(&of).ok()?, DocPath::new(path).ok()?))).collect())
    }

    /// Takes documents out of quarantine that are due again: of these collections, or of all.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn release_due(&mut self, of: Option<&[CollectionName]>, now: Moment) -> Result<(), StoreError> {
        let names = of.map(|of| of.iter().map(CollectionName::as_str).collect::<Vec<_>>());
        let names = names.map(|names| serde_json::json!(names).to_string());
        let sql = "UPDATE documents SET trouble_hash = NULL, trouble_reason = NULL, trouble_retry_at = NULL
                   WHERE trouble_hash IS NOT NULL AND trouble_retry_at <= ?1
                       AND (?2 IS NULL OR collection IN (SELECT value FROM json_each(?2)))";
        self.connection.run(sql, params![now.0.cast_signed(), names])?;
        release_deletions(&self.connection, names.as_deref(), now)?;
        Ok(())
    }

    /// When documents are due again that are quarantined for a while, and deletions that failed, by collection.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn next_retries(&self) -> Result<BTreeMap<CollectionName, Moment>, StoreError> {
        let sql = "SELECT collection, min(at) FROM (
                       SELECT collection, trouble_retry_at AS at FROM documents WHERE trouble_hash IS NOT NULL
                       UNION ALL SELECT collection, retry_at FROM replicas WHERE phase = 'retiring')
                   WHERE at IS NOT NULL GROUP BY collection";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let mut retries = BTreeMap::new();
        for row in rows {
            let (collection, at) = row?;
            if let Ok(collection) = CollectionName::new(&collection) {
                retries.insert(collection, Moment(at.cast_unsigned()));
            }
        }
        Ok(retries)
    }

    /// Takes documents out of quarantine whose `collection/path` matches, has deletions made again that failed, and says how
    /// many. Those that lie in no document of their own stay behind the others.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn release(&mut self, matches: impl Fn(&str) -> bool) -> Result<u64, StoreError> {
        let (quarantined, undeleted, uncorrected) = (self.quarantined()?, self.undeleted()?, self.unready()?);
        self.together(|connection| {
            let mut released = 0;
            for (collection, path, _) in quarantined.iter().filter(|(c, p, _)| matches(&format!("{c}/{p}"))) {
                released += connection.run(
                    "UPDATE documents SET trouble_hash = NULL, trouble_reason = NULL,
                         trouble_retry_at = NULL, trouble_failures = trouble_retry_at IS NOT NULL
                         WHERE collection = ?1 AND path = ?2",
                    [collection, path],
                )?;
            }
            for (collection, path, _) in undeleted.iter().filter(|(c, p, _)| matches(&format!("{c}/{p}"))) {
                released += retry_deletions(connection, collection, path)?;
            }
            for (collection, path, _) in uncorrected.iter().filter(|(c, p, _)| matches(&format!("{c}/{p}"))) {
                released += retry_corrections(connection, collection, path)?;
            }
            Ok(released as u64)
        })
    }

    /// What is quarantined, with the reasons: (collection, path, reason).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn quarantined(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT collection, path, trouble_reason FROM documents
             WHERE trouble_hash IS NOT NULL AND trouble_hash = substr(hash, 1, 6) AND live IS NOT trouble_hash
                 AND skip_reason IS NULL
             ORDER BY collection, path",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Notes what was seen of one document.
pub(super) fn note_look(
    connection: &Connection,
    collection: &CollectionName,
    path: &DocPath,
    look: &LastLook,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO documents (collection, path, size, mtime_ns, ctime_ns, inode, seen_at, hash, min_hash, born_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT DO UPDATE SET size = ?3, mtime_ns = ?4, ctime_ns = ?5, inode = ?6, seen_at = ?7, hash = ?8,
             min_hash = ?9, born_ns = ?10, skip_reason = NULL, written_since = NULL, successor_collection = NULL,
             successor_path = NULL, gone_since = NULL, live_size = CASE WHEN live = substr(?8, 1, 6) THEN ?3 ELSE live_size END",
    )?;
    let Fingerprint { size, mtime_ns, ctime_ns, inode, born_ns } = look.fingerprint;
    let (size, inode, at) = (size.cast_signed(), inode.cast_signed(), look.at.0.cast_signed());
    let (collection, path) = (collection.as_str(), path.as_str());
    let min_hash = look.min_hash.as_ref().map(MinHash::as_bytes);
    let values = params![collection, path, size, mtime_ns, ctime_ns, inode, at, look.hash.0, min_hash, born_ns];
    statement.execute(values).map(drop)
}

fn note_skip(
    connection: &Connection,
    collection: &CollectionName,
    path: &DocPath,
    skip: &Option<SkippedFile>,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO documents (collection, path, skip_reason, skip_size, skip_mtime_ns, skip_ctime_ns, skip_inode, skip_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET skip_reason = ?3, skip_size = ?4, skip_mtime_ns = ?5, skip_ctime_ns = ?6,
             skip_inode = ?7, skip_at = ?8, written_since = NULL, gone_since = NULL",
    )?;
    let (collection, path, reason) = (collection.as_str(), path.as_str(), skip.as_ref().map(|skip| &skip.reason));
    let read = skip.as_ref().and_then(|skip| skip.read);
    let (seen, at) = (read.map(|(seen, _)| seen), read.map(|(_, at)| at.0.cast_signed()));
    let (size, inode) = (seen.map(|seen| seen.size.cast_signed()), seen.map(|seen| seen.inode.cast_signed()));
    let (mtime_ns, ctime_ns) = (seen.map(|seen| seen.mtime_ns), seen.map(|seen| seen.ctime_ns));
    statement.execute(params![collection, path, reason, size, mtime_ns, ctime_ns, inode, at]).map(drop)
}

/// Says what the platform holds of a document now; makes the record where there is none.
pub(super) fn set_live(
    connection: &Connection,
    collection: &str,
    path: &str,
    live: Option<ShortHash>,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO documents (collection, path, live) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET live = ?3, live_size = CASE WHEN substr(hash, 1, 6) = ?3 THEN size END";
    connection.run(sql, params![collection, path, live.map(|hash| hash.0)])?;
    live.map_or(Ok(()), |_| phrase_of_live(connection, collection, path))
}

/// Quarantines a document with this content, or clears it: it counts as never failed then.
pub(super) fn set_trouble(
    connection: &Connection,
    collection: &str,
    path: &str,
    trouble: Option<&Trouble>,
) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE documents SET trouble_hash = ?3, trouble_reason = ?4, trouble_retry_at = ?5,
                   trouble_failures = CASE WHEN ?3 IS NULL THEN 0 ELSE trouble_failures + 1 END
               WHERE collection = ?1 AND path = ?2";
    let (hash, reason) = (trouble.map(|t| t.hash.0), trouble.map(|t| t.reason.as_str()));
    let retry_at = trouble.and_then(|t| t.retry_at).map(|at| at.0.cast_signed());
    connection.run(sql, params![collection, path, hash, reason, retry_at]).map(drop)
}

fn record(row: &Row<'_>) -> Result<Record, rusqlite::Error> {
    let path = row.get_ref(0)?.as_str()?;
    let path = DocPath::new(path)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error)))?;
    let seen = match row.get::<_, Option<[u8; 32]>>(6)? {
        None => None,
        Some(hash) => {
            let (fingerprint, at) = look_in(row, 1)?;
            let fingerprint = Fingerprint { born_ns: row.get(24)?, ..fingerprint };
            let min_hash = row.get_ref(21)?.as_blob_or_null()?.and_then(MinHash::from_bytes);
            Some(LastLook { fingerprint, at, hash: ContentHash(hash), min_hash })
        }
    };
    let skipped = match row.get::<_, Option<String>>(15)? {
        None => None,
        Some(reason) => {
            let was_read = row.get::<_, Option<i64>>(14)?.is_some();
            Some(SkippedFile { reason, read: if was_read { Some(look_in(row, 10)?) } else { None } })
        }
    };
    let short = |column| row.get::<_, Option<[u8; 6]>>(column).map(|bytes| bytes.map(ShortHash));
    let trouble = match short(8)? {
        None => None,
        Some(hash) => Some(Trouble {
            hash,
            reason: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            retry_at: row.get::<_, Option<i64>>(16)?.map(|at| Moment(at.cast_unsigned())),
        }),
    };
    let successor = match (row.get::<_, Option<String>>(17)?, row.get::<_, Option<String>>(18)?) {
        (Some(collection), Some(path)) => CollectionName::new(&collection).ok().zip(DocPath::new(path).ok()),
        _ => None,
    };
    let (live_size, uploaded_here) = (row.get::<_, Option<i64>>(19)?.map(i64::cast_unsigned), row.get(20)?);
    let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(i64::cast_unsigned));
    let (written_since, gone_since, live) = (at(22)?.map(Moment), at(23)?.map(Moment), short(7)?);
    Ok(Record { path, seen, live, live_size, uploaded_here, trouble, skipped, written_since, successor, gone_since })
}

/// The fingerprint and the time of a look, from the five columns that begin with its size.
fn look_in(row: &Row<'_>, first: usize) -> Result<(Fingerprint, Moment), rusqlite::Error> {
    let fingerprint = Fingerprint {
        size: row.get::<_, i64>(first)?.cast_unsigned(),
        mtime_ns: row.get(first + 1)?,
        ctime_ns: row.get(first + 2)?,
        inode: row.get::<_, i64>(first + 3)?.cast_unsigned(),
        born_ns: None,
    };
    Ok((fingerprint, Moment(row.get::<_, i64>(first + 4)?.cast_unsigned())))
}
