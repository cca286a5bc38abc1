//! What a list says of the content of sources: uploads that turn out to be done, and ready sources that turn out to be empty.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Db, StoreError,
    cached::Cached,
    documents::set_trouble,
    list_report::ListReport,
    listing::{MISSING_AT_MOST, Terms},
    replicas::make_ready,
};
use crate::model::{CollectionName, DocPath, Moment, Phase, Replica, ReplicaId, ShortHash, Trouble};

/// Lists in a row that must show a ready source without its document, each of another pass where many are so at once.
const LISTS_TO_BELIEVE: u32 = 2;
const LISTS_TO_BELIEVE_MANY: u32 = 3;

/// What a list says of a source that may not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// Why not.
    pub reason: String,
    /// Whether the platform says that this does not change by itself.
    pub lasting: bool,
    /// Whether the platform says it in words that are known, so that they count where its lists never show content.
    pub known: bool,
}

impl Db {
    /// Whether a list has ever shown a source of a kbsync with its content: then the platform tells what its sources hold.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn has_shown_content(&self) -> Result<bool, StoreError> {
        Ok(tells_content(&self.connection)?)
    }

    /// Notes that a list has shown a source of a kbsync with its content.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn content_shown(&mut self) -> Result<(), StoreError> {
        Ok(note_content(&self.connection)?)
    }

    /// Uploads without an answer that may be done: the last list shows their sources as done, and no source with its content.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn perhaps_done(&self) -> Result<HashSet<ReplicaId>, StoreError> {
        let sql = "SELECT r.id FROM replicas r JOIN listed l USING (source_id)
                   WHERE r.phase = 'uploading' AND l.done AND NOT EXISTS (SELECT * FROM meta WHERE key = 'content')";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_map([], |row| row.get(0).map(ReplicaId))?.collect::<Result<_, _>>()?)
    }

    /// How many ready sources the last lists have shown without content.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn emptied(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM replicas WHERE phase = 'ready' AND emptied > 0";
        Ok(self.connection.row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    }

    /// Documents whose source was ready, and that the lists have shown as not ready for too long: (collection, path, why).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn unready(&self) -> Result<Vec<(String, String, String)>, StoreError> {
        let sql = "SELECT collection, path, unready FROM replicas WHERE phase = 'ready' AND unready IS NOT NULL ORDER BY collection, path";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same of one document: why it is not ready.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn unready_reason(&self, collection: &CollectionName, path: &DocPath) -> Result<Option<String>, StoreError> {
        let sql = "SELECT unready FROM replicas WHERE collection = ?1 AND path = ?2 AND phase = 'ready' AND unready IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([collection.as_str(), path.as_str()], |row| row.get(0)).optional()?)
    }

    /// Whether the platform says of any of them that it does not become ready by itself.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn is_any_unready_lasting(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM replicas WHERE phase = 'ready' AND unready IS NOT NULL AND lasting)";
        Ok(self.connection.row(sql, [], |row| row.get(0))?)
    }

    /// Whether the platform may hold what goes when this replica is ready: another version of its document, also an upload
    /// without an answer, or the document at another place.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn replaces(&self, replica: &Replica) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM replicas WHERE collection = ?1 AND path = ?2 AND id <> ?3
                           AND source_id IS NOT NULL)
                       OR EXISTS (SELECT * FROM moves WHERE to_collection = ?1 AND to_path = ?2)";
        let values = params![replica.collection.as_str(), replica.path.as_str(), replica.id.0];
        Ok(self.connection.row(sql, values, |row| row.get(0))?)
    }
}

fn note_content(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.run("INSERT OR IGNORE INTO meta VALUES ('content', '1')", []).map(drop)
}

fn tells_content(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT * FROM meta WHERE key = 'content')";
    connection.row(sql, [], |row| row.get(0))
}

/// Whether the platform tells what its sources hold, by this list or one before it. What another instance has uploaded tells
/// as well: its requests are the same.
pub(super) fn shows_content(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT * FROM listed WHERE holds
                   AND (collection IS NOT NULL OR elsewhere OR source_id IN (SELECT source_id FROM replicas)))";
    Ok(tells_content(connection)? || connection.row(sql, [], |row| row.get(0))?)
}

/// Sources that were made and not filled, as far as this state knows, and that hold something all the same: the state is an
/// older copy, and nothing is uploaded into them again.
pub(super) fn note_filled(connection: &Connection) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE replicas SET phase = 'uploading' WHERE phase = 'created' AND source_id IN
                   (SELECT source_id FROM listed WHERE holds OR filled OR done)";
    connection.run(sql, []).map(drop)
}

/// Uploads whose answer was lost, and that the platform holds all the same, and sources that were ready and are so again:
/// those of the content that was seen last, or of an older one where that cannot go up and nothing else is held. Where no
/// source says what it holds, one that is done holds what it was made for: when the platform has had its time, or where
/// nothing else is to come. Says how many documents are new by that, and how many are replaced.
pub(super) fn finish_uploads(
    connection: &Connection,
    terms: &Terms,
    now: Moment,
) -> Result<(u64, u64), rusqlite::Error> {
    let sql = "SELECT r.id FROM replicas r JOIN listed l USING (source_id) JOIN documents d
                   ON d.collection = r.collection AND d.path = r.path
                       AND (substr(d.hash, 1, 6) = r.hash
                           OR d.live IS NULL AND (d.trouble_hash = substr(d.hash, 1, 6) OR d.skip_reason IS NOT NULL))
               WHERE (r.phase = 'uploading' OR r.phase = 'spoilt' AND r.was_ready)
                   AND (l.holds OR l.done AND NOT ?2 AND (r.since <= ?1 OR d.live IS NULL AND d.skip_reason IS NOT NULL))
                   AND (l.collection IS NOT NULL OR l.nameless)
               ORDER BY substr(d.hash, 1, 6) <> r.hash, r.id";
    let given_up = params![terms.given_up(now), shows_content(connection)?];
    let held: Vec<i64> =
        connection.prepare_cached(sql)?.query_map(given_up, |row| row.get(0))?.collect::<Result<_, _>>()?;
    let (mut added, mut replaced) = (0, 0);
    for id in held {
        // Of several the first becomes the document's, and the others retire with it.
        if let Some(retiring) = make_ready(connection, ReplicaId(id), now)? {
            let older = retiring.iter().any(|old| old.phase == Phase::Ready);
            *(if older { &mut replaced } else { &mut added }) += 1;
        }
    }
    Ok((added, replaced))
}

/// Uploads without an answer of documents that are quarantined or skipped: nobody tries them again, and what holds nothing
/// when the platform has had its time is of no use. Left under way, they would make every pass a full one.
pub(super) fn retire_empty(connection: &Connection, terms: &Terms, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE replicas SET phase = 'retiring', since = ?1 WHERE id IN (
                   SELECT r.id FROM replicas r JOIN listed l USING (source_id) JOIN documents d
                       ON d.collection = r.collection AND d.path = r.path
                           AND (d.trouble_hash = substr(d.hash, 1, 6) OR d.skip_reason IS NOT NULL)
                   WHERE r.phase IN ('uploading', 'spoilt') AND NOT r.was_ready AND r.since <= ?2
                       AND (l.collection IS NOT NULL OR l.nameless) AND NOT l.holds)";
    connection.run(sql, params![now.0.cast_signed(), terms.given_up(now)]).map(drop)
}

/// Ready sources that complete lists in a row show without their documents: they are put again. Where that has been tried
/// before with the same content, the document is quarantined instead. Where all are so, or many at once, it may be the list
/// that is wrong, so that it takes more of them; one that has never shown any content tells nothing.
pub(super) fn note_emptied(
    connection: &Connection,
    terms: &Terms,
    now: Moment,
    report: &mut ListReport,
) -> Result<(), rusqlite::Error> {
    let crawled: Vec<_> = terms.crawled.iter().map(|name| name.as_str()).collect();
    let crawled = serde_json::to_string(&crawled).unwrap_or_default();
    connection.run(
        "UPDATE replicas SET emptied = 0 WHERE emptied > 0
             AND source_id NOT IN (SELECT source_id FROM listed WHERE empty)",
        [],
    )?;
    let sql = "SELECT r.id, r.collection, r.path, r.hash, r.emptied FROM replicas r JOIN listed l USING (source_id)
               WHERE r.phase = 'ready' AND r.missing = 0 AND l.empty
                   AND r.collection NOT IN (SELECT value FROM json_each(?1)) ORDER BY r.id";
    let empty: Vec<(i64, String, String, [u8; 6], u32)> = connection
        .prepare_cached(sql)?
        .query_map([crawled], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
        .collect::<Result<_, _>>()?;
    // Each source of a kbsync tells, also one whose own upload is still under way.
    if shows_content(connection)? {
        note_content(connection)?;
    }
    let sql = "SELECT count(*) FROM replicas r JOIN listed l USING (source_id) WHERE r.phase = 'ready' AND l.holds";
    let holding = connection.row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned();
    let (few, count) = (MISSING_AT_MOST.max(holding / 10), empty.len() as u64);
    let many = count > few || holding == 0 && count > 1;
    if !terms.complete || many && !tells_content(connection)? {
        return Ok(());
    }
    let lists = if many { LISTS_TO_BELIEVE_MANY } else { LISTS_TO_BELIEVE };
    let reported = if many { &mut report.emptied_many } else { &mut report.emptied };
    for (id, collection, path, hash, before) in empty {
        if before + 1 < lists || terms.doubted {
            // Lists of one pass are too close together to count twice where one of them was doubted.
            let more = i64::from(!terms.doubted);
            connection.run("UPDATE replicas SET emptied = max(emptied + ?2, 1) WHERE id = ?1", params![id, more])?;
            *reported += 1;
            continue;
        }
        let key = params![collection, path, hash];
        let sql = "SELECT EXISTS (SELECT * FROM former WHERE collection = ?1 AND path = ?2 AND hash = ?3
                       AND ending = 'emptied')";
        let again = connection.row(sql, key, |row| row.get(0))?;
        connection.run("UPDATE documents SET live = NULL WHERE collection = ?1 AND path = ?2 AND live = ?3", key)?;
        // It goes when another source of the document is ready.
        connection.run(
            "UPDATE replicas SET phase = 'spoilt', since = ?2, emptied = 0, was_ready = 1 WHERE id = ?1",
            [id, now.0.cast_signed()],
        )?;
        if again {
            let reason = "the platform had it ready, and now lists it without content, again after a second upload; \
                          `kbsync retry` uploads it once more";
            let trouble = Trouble::of_document(ShortHash(hash), reason.to_owned());
            set_trouble(connection, &collection, &path, Some(&trouble))?;
        }
        let sql = "INSERT OR REPLACE INTO former VALUES (?1, ?2, ?3, '', 'emptied', ?4, 1)";
        connection.run(sql, params![collection, path, hash, now.0.cast_signed()])?;
    }
    Ok(())
}

/// Notes since when the list has shown ready sources as not ready, and why once that lasts longer than a job may take. A
/// platform that indexes everything again does so for a while, and nothing is uploaded again. Returns how many of them
/// another list may show as ready: not those that stay so. Of a platform whose lists never show content only words that are
/// known count; of another one, sources without content are judged by [`note_emptied`].
pub(super) fn note_unready(connection: &Connection, terms: &Terms, now: Moment) -> Result<u64, rusqlite::Error> {
    let counts = if tells_content(connection)? { "NOT empty" } else { "known" };
    let listed = format!("(SELECT source_id FROM listed WHERE unready IS NOT NULL AND {counts})");
    let sql = format!(
        "UPDATE replicas SET unready_since = NULL, unready = NULL WHERE phase = 'ready' AND unready_since IS NOT NULL
             AND source_id IN (SELECT source_id FROM listed) AND source_id NOT IN {listed}"
    );
    connection.run(&sql, [])?;
    let crawled: Vec<_> = terms.crawled.iter().map(|name| name.as_str()).collect();
    let crawled = serde_json::to_string(&crawled).unwrap_or_default();
    let sql = format!(
        "UPDATE replicas SET unready_since = coalesce(min(unready_since, ?1), ?1)
         WHERE phase = 'ready' AND source_id IN {listed} AND collection NOT IN (SELECT value FROM json_each(?2))"
    );
    let unready = connection.run(&sql, params![now.0.cast_signed(), crawled])?;
    let sql = format!(
        "UPDATE replicas SET (unready, lasting) =
             (SELECT l.unready, l.lasting FROM listed l WHERE l.source_id = replicas.source_id)
         WHERE phase = 'ready' AND unready_since < ?1 AND source_id IN {listed}"
    );
    connection.run(&sql, [(now - terms.job_timeout).0.cast_signed()])?;
    let sql = format!(
        "SELECT count(*) FROM replicas WHERE phase = 'ready' AND unready IS NOT NULL AND lasting AND source_id IN {listed}"
    );
    let lasting: i64 = connection.row(&sql, [], |row| row.get(0))?;
    Ok((unready as u64).saturating_sub(lasting.cast_unsigned()))
}
