//! What follows from a list, written down: requests that were answered after all, sources that are lost, taken over or
//! retired, and what is remembered of those that are gone.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Db, StoreError,
    approvals::{approved_deletions, use_approval},
    cached::Cached,
    documents::set_live,
    failed_requests::{DELETED, LOST, count_ending},
    list_markers::document_of,
    list_report::{ListReport, Unconfirmed},
    listing::{Terms, is_only_version},
    replicas::{COLUMNS, drop_row, quarantine, replica, set_made, set_phase},
};
use crate::{
    model::{CollectionName, DocPath, Making, Moment, Phase, Replica, ReplicaId, SourceId, SourceName},
    plan::{Drift, FailureCause, Listed, Origin},
};

/// Retiring what nothing refers to is limited in one pass to this, or a tenth of ours.
const RETIRE_AT_MOST: u64 = 20;
/// Requests for one content that are not answered before the document is left alone for a while.
const CREATES_IN_A_ROW: u32 = 2;
/// Documents whose sources are missing again at once, and losses of a single one, after which a list is not believed to show
/// everything. People, too, delete a source more than once.
const LOST_AGAIN_AT_ONCE: usize = 3;
const LOST_AGAIN_ALONE: u32 = 3;
/// For so long it is remembered what was ours.
const REMEMBERED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl Db {
    /// Sources that the platform, asked for each, does not have any more. Gives how many of them are gone by themselves, and
    /// the documents that were gone before and are deleted by that.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn lost(
        &mut self,
        lost: &[ReplicaId],
        now: Moment,
    ) -> Result<(u64, Vec<(CollectionName, DocPath)>), StoreError> {
        self.together(|connection| {
            let mut report = ListReport::default();
            for id in lost {
                if let Some((replica, before)) = lose(connection, *id, now, &mut report)?
                    && before >= LOST_AGAIN_ALONE
                {
                    let reason = format!(
                        "the platform had it ready and has it no more, after {} uploads: see what deletes it there, such as \
                         a limit on sources; `kbsync retry` uploads it once more",
                        before + 1
                    );
                    quarantine(connection, &replica, &reason, FailureCause::Document, now)?;
                }
            }
            Ok((report.lost, report.deleted))
        })
    }

    /// Whether a replica whose row went was the last of its document, which is neither here any more nor held elsewhere.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn was_last(&self, replica: &Replica) -> Result<bool, StoreError> {
        Ok(is_last(&self.connection, replica)?)
    }

    /// Sources that the list does not show, and that the platform has all the same.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn found(&mut self, found: &[ReplicaId]) -> Result<(), StoreError> {
        self.together(|connection| {
            let mut statement = connection.prepare_cached("UPDATE replicas SET missing = 0 WHERE id = ?1")?;
            found.iter().try_for_each(|id| statement.execute([id.0]).map(drop))
        })
    }
}

/// Remembers a replica whose row goes.
fn remember(connection: &Connection, id: ReplicaId, ending: &str, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO former
               SELECT collection, path, hash, coalesce(source_id, ''), ?2, ?3, unanswered FROM replicas WHERE id = ?1
               ON CONFLICT DO UPDATE SET ending = ?2, ended = ?3, times = times + excluded.times";
    connection.run(sql, params![id.0, ending, now.0.cast_signed()]).map(drop)
}

/// A request that was not answered has made nothing: the plan makes another one, but not for ever. One that was cut off by
/// our own end is nothing that the platform could be blamed for.
fn never_made(connection: &Connection, id: ReplicaId, now: Moment) -> Result<(), rusqlite::Error> {
    remember(connection, id, "never made", now)?;
    let sql = format!("SELECT {COLUMNS} FROM replicas WHERE id = ?1");
    let replica = connection.row(&sql, [id.0], replica)?;
    let sql = "SELECT failure FROM replicas WHERE id = ?1";
    let failure: Option<String> = connection.row(sql, [id.0], |row| row.get(0))?;
    let failure = failure.unwrap_or_else(|| "no answer came".to_owned());
    drop_row(connection, id)?;
    let key = params![replica.collection.as_str(), replica.path.as_str(), replica.hash.0];
    let sql = "SELECT times FROM former WHERE collection = ?1 AND path = ?2 AND hash = ?3 AND source_id = ''";
    let times: u32 = connection.row(sql, key, |row| row.get(0))?;
    // Where no source of the list has a name, what an unanswered request has made cannot be found.
    let sql = "SELECT EXISTS (SELECT * FROM listed) AND NOT EXISTS (SELECT * FROM listed WHERE text <> '')";
    if connection.row(sql, [], |row| row.get(0))? {
        let reason = format!(
            "its upload may have been done or not ({failure}), and the platform lists its sources without names. Look for it \
             there; `kbsync retry` uploads it again"
        );
        return quarantine(connection, &replica, &reason, FailureCause::Document, now);
    }
    if times < CREATES_IN_A_ROW {
        return Ok(());
    }
    let reason =
        format!("{times} requests to create its source failed, and it was not created; the last one: {failure}");
    quarantine(connection, &replica, &reason, FailureCause::Circumstances, now)
}

/// Since when the youngest request after an earlier one for the same may take effect, for which a source was found that may be
/// the earlier one's: another list must show what has become of it.
pub(super) fn repeated_request(
    connection: &Connection,
    now: Moment,
    grace: Duration,
) -> Result<Option<Moment>, rusqlite::Error> {
    let sql = "SELECT max(ended) FROM former WHERE source_id = '' AND ending = 'found again' AND ended > ?1";
    let since: Option<i64> = connection.row(sql, [(now - grace).0.cast_signed()], |row| row.get(0))?;
    Ok(since.map(|since| Moment(since.cast_unsigned())))
}

/// Who made a source that no replica refers to, as far as this state remembers.
pub(super) fn former_origin(
    connection: &Connection,
    source: &SourceId,
    name: &SourceName,
) -> Result<Origin, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT * FROM former
               WHERE source_id = ?1 OR source_id = '' AND collection = ?2 AND path = ?3 AND hash = ?4)";
    let values = params![source.0, name.collection.as_str(), name.path.as_str(), name.hash.0];
    let is_ours = connection.row(sql, values, |row| row.get(0))?;
    Ok(if is_ours { Origin::ThisState } else { Origin::Elsewhere })
}

/// When the first source of each collection was created, where this state knows any: what was made there later is not from
/// before this state.
pub(super) fn first_sources(connection: &Connection) -> Result<BTreeMap<String, Option<Moment>>, rusqlite::Error> {
    let sql = "SELECT r.collection, min(l.created) FROM replicas r LEFT JOIN listed l USING (source_id) GROUP BY 1";
    let first = |row: &rusqlite::Row<'_>| {
        let created = row.get::<_, Option<i64>>(1)?.map(|at| Moment(at.cast_unsigned()));
        Ok((row.get(0)?, created))
    };
    connection.prepare_cached(sql)?.query_map([], first)?.collect()
}

/// Remembers the strays of a list. Those whose deletion somebody has approved retire.
pub(super) fn note_strays(
    connection: &Connection,
    strays: Vec<Listed>,
    now: Moment,
    report: &mut ListReport,
) -> Result<(), rusqlite::Error> {
    let mut by_collection: BTreeMap<CollectionName, Vec<Listed>> = BTreeMap::new();
    for stray in strays {
        by_collection.entry(stray.name.collection.clone()).or_default().push(stray);
    }
    connection.run("DELETE FROM strays", [])?;
    connection.run("DELETE FROM former WHERE ended < ?1", [(now - REMEMBERED).0.cast_signed()])?;
    for (collection, strays) in by_collection {
        let approved = approved_deletions(connection, collection.as_str())?;
        for mut stray in strays {
            let SourceName { path, hash, .. } = &stray.name;
            if stray.holds && approved.contains(&(path.clone(), *hash)) {
                use_approval(connection, collection.as_str(), path.as_str(), Some(*hash))?;
                if let Some(document) = document_of(connection, &stray)? {
                    (stray.name.collection, stray.name.path) = document;
                }
                // The only version of a document that is here goes when the present one is ready.
                if is_only_version(connection, &stray.name)? {
                    adopt(connection, &stray, now, report)?;
                } else {
                    report.retired += 1;
                    insert(connection, &stray, Phase::Retiring, now)?;
                }
                continue;
            }
            let sql = "INSERT INTO strays VALUES (?1, ?2, ?3, ?4, ?5)";
            let values = params![stray.id.0, collection.as_str(), path.as_str(), hash.0, stray.holds];
            connection.run(sql, values)?;
        }
    }
    Ok(())
}

/// Whether a replica whose row went was the last of its document, which is neither here any more nor held at another place.
fn is_last(connection: &Connection, replica: &Replica) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT NOT EXISTS (SELECT * FROM replicas WHERE collection = ?1 AND path = ?2)
                   AND NOT EXISTS (SELECT * FROM documents WHERE collection = ?1 AND path = ?2 OR live = ?3)";
    let values = params![replica.collection.as_str(), replica.path.as_str(), replica.hash.0];
    connection.row(sql, values, |row| row.get(0))
}

/// Whether a query finds anything.
pub(super) fn exists(connection: &Connection, sql: &str) -> Result<bool, rusqlite::Error> {
    connection.row(sql, [], |row| row.get(0))
}

/// Whether a document has a ready source that was not missing.
pub(super) fn has_live(connection: &Connection, name: &SourceName) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT count(*) FROM replicas WHERE collection = ?1 AND path = ?2 AND phase = 'ready' AND missing = 0";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([name.collection.as_str(), name.path.as_str()], |row| row.get::<_, i64>(0)).map(|n| n > 0)
}

/// Forgets sources that the list shows under names of ours for other contents: a platform that was restored or moved has given
/// their ids to others. The names say what these hold.
pub(super) fn forget_exchanged(connection: &Connection, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "SELECT r.id FROM replicas r JOIN listed l USING (source_id)
               WHERE l.collection IS NOT NULL AND l.hash <> r.hash";
    let exchanged: Vec<i64> =
        connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut report = ListReport::default();
    exchanged.into_iter().try_for_each(|id| lose(connection, ReplicaId(id), now, &mut report).map(drop))
}

/// Notes that a source is gone: by itself, or by a deletion that was requested. Returns its replica where it
/// was ready, and how often one of its document was lost before with this content. Nothing where another source has taken
/// its place since the list missed it.
fn lose(
    connection: &Connection,
    id: ReplicaId,
    now: Moment,
    report: &mut ListReport,
) -> Result<Option<(Replica, u32)>, rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM replicas WHERE id = ?1");
    let Some(replica) = connection.row(&sql, [id.0], replica).optional()? else { return Ok(None) };
    let sql = "SELECT coalesce(sum(max(times, 1)), 0) FROM former
               WHERE collection = ?1 AND path = ?2 AND hash = ?3 AND ending = 'lost'";
    let key = params![replica.collection.as_str(), replica.path.as_str(), replica.hash.0];
    let before: u32 = connection.row(sql, key, |row| row.get(0))?;
    connection.run(
        "UPDATE documents SET live = NULL WHERE (collection, path, live) IN
             (SELECT collection, path, hash FROM replicas WHERE id = ?1 AND phase = 'ready')",
        [id.0],
    )?;
    let is_deleted = replica.phase == Phase::Retiring;
    count_ending(connection, id, if is_deleted { DELETED } else { LOST }, now)?;
    drop_row(connection, id)?;
    report.lost += u64::from(!is_deleted);
    if is_deleted && is_last(connection, &replica)? {
        report.deleted.push((replica.collection.clone(), replica.path.clone()));
    }
    Ok((replica.phase == Phase::Ready).then_some((replica, before)))
}

/// Documents that are missing again after another upload, several at once or one for the fourth time: the list does not show
/// everything, so that they are not uploaded without end.
pub(super) fn stop_uploads(
    connection: &Connection,
    now: Moment,
    report: &mut ListReport,
) -> Result<(), rusqlite::Error> {
    let many = report.lost_again.len() >= LOST_AGAIN_AT_ONCE;
    for (replica, before) in std::mem::take(&mut report.lost_again) {
        if many || before >= LOST_AGAIN_ALONE {
            let reason = "the platform had it ready, and its list does not show it, again after another upload: see whether \
                          it is there, and whether the list shows all sources; `kbsync retry` uploads it once more";
            quarantine(connection, &replica, reason, FailureCause::Document, now)?;
        }
    }
    Ok(())
}

/// Writes down what follows from one name or replica; gives the sources that this state did not make.
pub(super) fn apply(
    connection: &Connection,
    steps: Vec<Drift>,
    terms: &Terms,
    now: Moment,
    retired: u64,
    report: &mut ListReport,
) -> Result<Vec<Listed>, rusqlite::Error> {
    let mut strays = Vec::new();
    for step in steps {
        match step {
            Drift::Found(id, source, since) => {
                // It may be an older source, and what the request has made may still show: that is this state's, too.
                let sql = "INSERT INTO former
                           SELECT collection, path, hash, '', 'found', ?2, 0 FROM replicas WHERE id = ?1
                           ON CONFLICT DO UPDATE SET ending = 'found again', ended = ?2";
                connection.run(sql, params![id.0, since.0.cast_signed()])?;
                set_made(connection, id, &source, terms.making, now)?;
            }
            Drift::NeverMade(id) => never_made(connection, id, now)?,
            Drift::Stray(source) => strays.push(source),
            Drift::Wait(id, since) => {
                set_phase(connection, id, Phase::Unknown, since)?;
                report.wait_since = report.wait_since.max(Some(since));
            }
            // What was made with its document comes to hold it by itself.
            Drift::Claim(source) => match terms.making {
                Making::Empty => insert(connection, &source, Phase::Uploading, now)?,
                Making::Filled => insert(connection, &source, Phase::Ingesting, now)?,
            },
            Drift::Missing(id) => {
                report.missing += 1;
                // Lists of one pass are too close together to count twice where one of them was doubted.
                let more = i64::from(!terms.doubted);
                connection.run("UPDATE replicas SET missing = max(missing + ?2, 1) WHERE id = ?1", [id.0, more])?;
            }
            Drift::Lost(_) if terms.doubted => report.missing += 1,
            Drift::Lost(id) => {
                // One that is listed under a name that somebody gave it is not ours any more, whatever it holds.
                let sql = format!(
                    "SELECT {COLUMNS}, named FROM replicas WHERE id = ?1
                         AND source_id NOT IN (SELECT source_id FROM listed)"
                );
                let unlisted = connection.row(&sql, [id.0], |row| Ok((replica(row)?, row.get(8)?))).optional()?;
                match unlisted.filter(|_| terms.lookup) {
                    Some((replica, named)) => {
                        let name = replica.name(&terms.instance);
                        let unconfirmed = |source| Unconfirmed { replica: id, source, name, named };
                        let unconfirmed = replica.source.map(unconfirmed);
                        report.unconfirmed.extend(unconfirmed);
                    }
                    None => {
                        // The platform cannot be asked for single sources, and a list may hide what is there.
                        let again = lose(connection, id, now, report)?.filter(|(_, before)| *before > 0);
                        report.lost_again.extend(again);
                    }
                }
            }
            Drift::Adopt(source) => adopt(connection, &source, now, report)?,
            Drift::Retire(source) => {
                if retired + report.retired < RETIRE_AT_MOST.max(report.ours / 10) {
                    report.retired += 1;
                    insert(connection, &source, Phase::Retiring, now)?;
                } else {
                    report.spare += 1;
                    spare(connection, &source, now)?;
                }
            }
            Drift::Spare(source) => {
                report.wait_since = report.wait_since.max(Some(now));
                spare(connection, &source, now)?;
            }
        }
    }
    Ok(strays)
}

/// A source becomes its document's record.
fn adopt(
    connection: &Connection,
    source: &Listed,
    now: Moment,
    report: &mut ListReport,
) -> Result<(), rusqlite::Error> {
    report.adopted += 1;
    let (collection, path) = (source.name.collection.as_str(), source.name.path.as_str());
    // What a store from yesterday believes in is not there any more.
    let sql = "DELETE FROM replicas WHERE collection = ?1 AND path = ?2 AND phase = 'ready'";
    connection.run(sql, [collection, path])?;
    insert(connection, source, Phase::Ready, now)?;
    set_live(connection, collection, path, Some(source.name.hash))?;
    // By the id alone it may be another machine's, where ids are given again.
    let sql = "UPDATE documents SET uploaded_here = 1 WHERE collection = ?1 AND path = ?2
                   AND EXISTS (SELECT * FROM former f WHERE (f.collection, f.path, f.hash) = (?1, ?2, ?3))";
    connection.run(sql, params![collection, path, source.name.hash.0]).map(drop)
}

/// Leaves a source to another list, which still knows then that it is ours.
fn spare(connection: &Connection, source: &Listed, now: Moment) -> Result<(), rusqlite::Error> {
    let SourceName { collection, path, hash, .. } = &source.name;
    let sql = "INSERT OR REPLACE INTO former VALUES (?1, ?2, ?3, ?4, 'spare', ?5, 0)";
    let values = params![collection.as_str(), path.as_str(), hash.0, source.id.0, now.0.cast_signed()];
    connection.run(sql, values).map(drop)
}

fn insert(connection: &Connection, source: &Listed, phase: Phase, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO replicas (collection, path, hash, phase, since, source_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let SourceName { collection, path, hash, .. } = &source.name;
    let at = now.0.cast_signed();
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![collection.as_str(), path.as_str(), hash.0, phase.as_str(), at, source.id.0]).map(drop)
}
