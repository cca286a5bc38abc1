//! A complete list of sources, held against the replicas in a temporary table: memory follows the differences only.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{
    Db, StoreError,
    documents::set_live,
    replicas::{COLUMNS, drop_row, make_ready, move_replica, replica, set_made, set_phase},
};
use crate::{
    model::{CollectionName, DocPath, Instance, Making, Moment, Phase, ReplicaId, ShortHash, SourceId, SourceName},
    plan::{Claim, Drift, Listed, drift},
};

/// What a list is held against.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Whose sources are ours.
    pub instance: Instance,
    /// The collections that are kept in step.
    pub configured: BTreeSet<CollectionName>,
    /// How the platform makes a source.
    pub making: Making,
    /// How long an unanswered request may still take effect.
    pub grace: Duration,
    /// How long the platform may be at work on an upload.
    pub job_timeout: Duration,
    /// Whether a list was not believed in this pass: only another one believes what is missing.
    pub doubted: bool,
}

/// One source of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSource {
    /// Its id.
    pub id: SourceId,
    /// Its name, where it is one that this instance gives; `None` for everybody else's.
    pub name: Option<SourceName>,
    /// Whether its name tells nothing for sure: then its id alone says whether we made it.
    pub nameless: bool,
    /// Whether it holds its document.
    pub holds: bool,
    /// Whether the platform is at work on it: something was put into it.
    pub at_work: bool,
    /// When it was made, where the platform says so.
    pub created: Option<Moment>,
}

/// What a complete list showed and changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReport {
    /// Sources in the list.
    pub sources: u64,
    /// Those with our instance's marker.
    pub ours: u64,
    /// New documents whose upload turned out to have been done.
    pub added: u64,
    /// Changed documents whose upload turned out to have been done.
    pub replaced: u64,
    /// Sources that became the record of a document: a lost store is rebuilt from them.
    pub adopted: u64,
    /// Sources that the platform lost.
    pub lost: u64,
    /// Sources that no document needs, and that are now to be deleted.
    pub retired: u64,
    /// The same, left to another pass.
    pub spare: u64,
    /// Since when the youngest unanswered request may take effect.
    pub wait_since: Option<Moment>,
    /// Sources that were there before and are not in this list: the next one will tell.
    pub missing: u64,
    /// Sources with our instance's marker for collections that neither config nor store know: left alone.
    pub strangers: BTreeMap<String, u64>,
}

/// Retiring what nothing refers to is limited in one pass to this, or a tenth of ours.
const RETIRE_AT_MOST: u64 = 20;

impl Db {
    /// Begins a new list.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begin_list(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch(
            "CREATE TEMP TABLE IF NOT EXISTS listed (
                 source_id TEXT PRIMARY KEY, collection TEXT, path TEXT, hash BLOB, nameless INTEGER, holds INTEGER,
                 at_work INTEGER, created INTEGER
             ) WITHOUT ROWID;
             DELETE FROM listed;",
        )?;
        Ok(())
    }

    /// Adds a page, and says how many different sources the list has now. A list may shift while it is paged.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn add_page(&mut self, page: &[ListedSource]) -> Result<u64, StoreError> {
        self.together(|connection| {
            let sql = "INSERT OR REPLACE INTO listed VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let mut statement = connection.prepare_cached(sql)?;
            for source in page {
                let name = source.name.as_ref();
                statement.execute(params![
                    source.id.0,
                    name.map(|name| name.collection.as_str()),
                    name.map(|name| name.path.as_str()),
                    name.map(|name| name.hash.0),
                    source.nameless,
                    source.holds,
                    source.at_work,
                    source.created.map(|at| at.0.cast_signed()),
                ])?;
            }
            count(connection, "SELECT count(*) FROM listed")
        })
    }

    /// Holds the complete list against the replicas, and settles what differs (`plan::drift`). `retired` is how many
    /// sources that nothing refers to this pass has retired already.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn compare_list(&mut self, terms: &Terms, now: Moment, retired: u64) -> Result<ListReport, StoreError> {
        let Terms { instance, configured, grace, .. } = terms;
        let grace = *grace;
        let known: BTreeSet<String> = self.known_collections()?.into_iter().collect();
        self.together(|connection| {
            connection.execute(
                "UPDATE replicas SET missing = 0 WHERE missing > 0 AND source_id IN
                     (SELECT source_id FROM listed WHERE collection IS NOT NULL OR nameless)",
                [],
            )?;
            // What was begun under a clock that was ahead would else be waited for until that time comes.
            connection.execute("UPDATE replicas SET since = ?1 WHERE since > ?1", [now.0.cast_signed()])?;
            finish_renames(connection, now)?;
            let (added, replaced) = finish_uploads(connection, now)?;
            // A request may take effect until its grace is over, and then the work on it begins.
            retire_empty(connection, now, grace + terms.job_timeout)?;
            let mut report = ListReport {
                added,
                replaced,
                sources: count(connection, "SELECT count(*) FROM listed")?,
                ours: count(connection, "SELECT count(*) FROM listed WHERE collection IS NOT NULL")?,
                ..ListReport::default()
            };
            let mut unclaimed = unclaimed(connection, instance)?;
            unclaimed.retain(|name, sources| {
                let ours = configured.contains(&name.collection) || known.contains(name.collection.as_str());
                if !ours {
                    *report.strangers.entry(name.collection.to_string()).or_default() += sources.len() as u64;
                }
                ours
            });
            for (name, claim) in contradicted(connection, instance)? {
                // Only a lost answer can explain a source that nothing refers to.
                let open = matches!(claim.phase, Phase::Intent | Phase::Unknown);
                let sources = if open { unclaimed.remove(&name).unwrap_or_default() } else { Vec::new() };
                let live = has_live(connection, &name)?;
                let steps = drift(Some(&claim), sources, live, now, grace);
                apply(connection, steps, terms, now, retired, &mut report)?;
            }
            // Of several versions of a document the newest is the likeliest to be wanted.
            let mut unclaimed: Vec<_> = unclaimed.into_iter().collect();
            let newest = |sources: &[Listed]| sources.iter().filter_map(|source| source.created).max();
            unclaimed.sort_by_cached_key(|(_, sources)| std::cmp::Reverse(newest(sources)));
            for (name, sources) in unclaimed {
                let live = has_live(connection, &name)?;
                let steps = drift(None, sources, live, now, grace);
                apply(connection, steps, terms, now, retired, &mut report)?;
            }
            let (added, replaced) = finish_uploads(connection, now)?;
            report.added += added;
            report.replaced += replaced;
            Ok(report)
        })
    }
}

/// Sources whose name says another document than their replica: a rename whose answer was lost, and done all the same.
fn finish_renames(connection: &Connection, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "SELECT r.id, l.collection, l.path FROM replicas r JOIN listed l USING (source_id)
               WHERE l.hash = r.hash AND (l.collection, l.path) IS NOT (r.collection, r.path)";
    let moved: Vec<(i64, String, String)> = connection
        .prepare(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    connection.execute("UPDATE replicas SET unanswered = 0 WHERE phase = 'ready' AND unanswered", [])?;
    for (id, collection, path) in moved {
        let sql = format!("SELECT {COLUMNS} FROM replicas WHERE id = ?1");
        let before = connection.query_row(&sql, [id], replica)?;
        // What retires by it is deleted in the round that follows.
        move_replica(connection, &before, &collection, &path, now)?;
    }
    Ok(())
}

/// Uploads whose answer was lost, and that the platform holds all the same: those of the content that was seen last.
/// Says how many documents are new by that, and how many are replaced.
fn finish_uploads(connection: &Connection, now: Moment) -> Result<(u64, u64), rusqlite::Error> {
    let sql = "SELECT r.id FROM replicas r JOIN listed l USING (source_id) JOIN documents d
                   ON d.collection = r.collection AND d.path = r.path AND substr(d.hash, 1, 6) = r.hash
               WHERE r.phase = 'uploading' AND l.holds ORDER BY r.id";
    let held: Vec<i64> = connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
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

/// Uploads without an answer of documents that are quarantined: nobody tries them again, and what holds nothing when the
/// platform has had its time is of no use. Left under way, they would make every pass a full one.
fn retire_empty(connection: &Connection, now: Moment, after: Duration) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE replicas SET phase = 'retiring', since = ?1 WHERE id IN (
                   SELECT r.id FROM replicas r JOIN listed l USING (source_id) JOIN documents d
                       ON d.collection = r.collection AND d.path = r.path AND d.trouble_hash = substr(d.hash, 1, 6)
                   WHERE r.phase IN ('uploading', 'spoilt') AND r.since <= ?2 AND l.collection IS NOT NULL
                       AND NOT l.holds)";
    let (at, before) = (now.0.cast_signed(), (now - after).0.cast_signed());
    connection.execute(sql, params![at, before]).map(drop)
}

/// Our sources in the list that no replica refers to, by name.
fn unclaimed(
    connection: &Connection,
    instance: &Instance,
) -> Result<BTreeMap<SourceName, Vec<Listed>>, rusqlite::Error> {
    let mut statement = connection.prepare(
        "SELECT l.source_id, l.collection, l.path, l.hash, l.holds, l.at_work, l.created FROM listed l
         WHERE l.collection IS NOT NULL AND l.source_id NOT IN (SELECT source_id FROM replicas WHERE source_id IS NOT NULL)",
    )?;
    let mut rows = statement.query([])?;
    let mut by_name: BTreeMap<SourceName, Vec<Listed>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let name = name(instance, &row.get::<_, String>(1)?, row.get(2)?, row.get(3)?)?;
        let listed = Listed {
            id: SourceId(row.get(0)?),
            name: name.clone(),
            holds: row.get(4)?,
            at_work: row.get(5)?,
            created: row.get::<_, Option<i64>>(6)?.map(|at| Moment(at.cast_unsigned())),
        };
        by_name.entry(name).or_default().push(listed);
    }
    Ok(by_name)
}

/// Replicas that the list does not show.
fn contradicted(connection: &Connection, instance: &Instance) -> Result<Vec<(SourceName, Claim)>, rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, missing FROM replicas WHERE source_id IS NULL
         UNION ALL
         SELECT {COLUMNS}, missing FROM replicas WHERE source_id IS NOT NULL AND source_id NOT IN
             (SELECT source_id FROM listed WHERE collection IS NOT NULL OR nameless)"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let replica = replica(row)?;
        let name = SourceName {
            collection: replica.collection,
            path: replica.path,
            instance: instance.clone(),
            hash: replica.hash,
        };
        Ok((name, Claim { replica: replica.id, phase: replica.phase, since: replica.since, missing: row.get(8)? }))
    })?;
    rows.collect()
}

fn apply(
    connection: &Connection,
    steps: Vec<Drift>,
    terms: &Terms,
    now: Moment,
    retired: u64,
    report: &mut ListReport,
) -> Result<(), rusqlite::Error> {
    for step in steps {
        match step {
            Drift::Found(id, source) => set_made(connection, id, &source, terms.making, now)?,
            Drift::NeverMade(id) => drop_row(connection, id)?,
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
                connection.execute("UPDATE replicas SET missing = 1 WHERE id = ?1", [id.0])?;
            }
            Drift::Lost(_) if terms.doubted => report.missing += 1,
            Drift::Lost(id) => {
                report.lost += 1;
                connection.execute(
                    "UPDATE documents SET live = NULL WHERE (collection, path, live) IN
                         (SELECT collection, path, hash FROM replicas WHERE id = ?1 AND phase = 'ready')",
                    [id.0],
                )?;
                drop_row(connection, id)?;
            }
            Drift::Adopt(source) => {
                report.adopted += 1;
                let (collection, path) = (source.name.collection.as_str(), source.name.path.as_str());
                // What a store from yesterday believes in is not there any more.
                let sql = "DELETE FROM replicas WHERE collection = ?1 AND path = ?2 AND phase = 'ready'";
                connection.execute(sql, [collection, path])?;
                insert(connection, &source, Phase::Ready, now)?;
                set_live(connection, collection, path, Some(source.name.hash))?;
            }
            Drift::Retire(source) => {
                if retired + report.retired < RETIRE_AT_MOST.max(report.ours / 10) {
                    report.retired += 1;
                    insert(connection, &source, Phase::Retiring, now)?;
                } else {
                    report.spare += 1;
                }
            }
        }
    }
    Ok(())
}

fn insert(connection: &Connection, source: &Listed, phase: Phase, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO replicas (collection, path, hash, phase, since, source_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let SourceName { collection, path, hash, .. } = &source.name;
    let at = now.0.cast_signed();
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![collection.as_str(), path.as_str(), hash.0, phase.as_str(), at, source.id.0]).map(drop)
}

fn has_live(connection: &Connection, name: &SourceName) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT count(*) FROM replicas WHERE collection = ?1 AND path = ?2 AND phase = 'ready' AND missing = 0";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([name.collection.as_str(), name.path.as_str()], |row| row.get::<_, i64>(0)).map(|n| n > 0)
}

fn name(instance: &Instance, collection: &str, path: String, hash: [u8; 6]) -> Result<SourceName, rusqlite::Error> {
    let unsound = |column| rusqlite::Error::InvalidColumnType(column, "listed".to_owned(), rusqlite::types::Type::Text);
    Ok(SourceName {
        collection: CollectionName::new(collection).map_err(|_| unsound(1))?,
        path: DocPath::new(path).map_err(|_| unsound(2))?,
        instance: instance.clone(),
        hash: ShortHash(hash),
    })
}

fn count(connection: &Connection, sql: &str) -> Result<u64, rusqlite::Error> {
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}
