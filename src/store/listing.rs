//! A complete list of sources, held against the replicas in a temporary table: memory follows the differences only.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{
    Db, StoreError,
    ambiguous_ids::{ShownBefore, note_ambiguous, set_ambiguous, shown_before},
    cached::Cached,
    failed_requests::{Deleted, deleted, end_corrections},
    list_drift::{
        apply, exists, first_sources, forget_exchanged, former_origin, has_live, note_strays, repeated_request,
        stop_uploads,
    },
    list_markers::recognize_marked,
    list_names::{
        finish_renames, misplaced, note_misnamed, note_names, recognize_decorated, recognize_known, recognize_requested,
    },
    list_ready::{Unready, finish_uploads, note_emptied, note_filled, note_unready, retire_empty, shows_content},
    list_report::ListReport,
    ownership::note_list,
    replicas::{COLUMNS, replica},
};
use crate::{
    model::{CollectionName, DocPath, Instance, Making, Moment, Phase, ShortHash, SourceId, SourceName, has_marker},
    plan::{Claim, ListTrust, Listed, Origin, drift},
};

/// What a list is held against.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Whose sources are ours.
    pub instance: Instance,
    /// The collections that are kept in step.
    pub configured: BTreeSet<CollectionName>,
    /// Those of them whose sources are websites: the platform fills and empties these by itself.
    pub crawled: BTreeSet<CollectionName>,
    /// How the platform makes a source.
    pub making: Making,
    /// Whether the platform can be asked for a single source.
    pub lookup: bool,
    /// How long an unanswered request may still take effect.
    pub grace: Duration,
    /// How long the platform may be at work on an upload.
    pub job_timeout: Duration,
    /// Whether a list was not believed in this pass: only another one believes what is missing.
    pub doubted: bool,
    /// Whether the list was read whole: what it does not show is not there.
    pub complete: bool,
}

impl Terms {
    /// What was begun before this has had its time: a request may take effect until its grace is over, and then the work on
    /// it begins.
    pub(super) fn given_up(&self, now: Moment) -> i64 {
        (now - (self.grace + self.job_timeout)).0.cast_signed()
    }
}

/// One source of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSource {
    /// Its id.
    pub id: SourceId,
    /// Its name as the platform has it.
    pub text: String,
    /// Its name, where it is one that this instance gives; `None` for everybody else's.
    pub name: Option<SourceName>,
    /// Whether its name tells nothing for sure: then its id alone says whether we made it.
    pub nameless: bool,
    /// Whether it holds its document.
    pub holds: bool,
    /// Whether something was put into it: the platform is at work on it, or has failed at it.
    pub filled: bool,
    /// Whether the platform says that it is done, and not whether it holds anything.
    pub done: bool,
    /// Whether the platform says outright that it holds nothing.
    pub empty: bool,
    /// Why it may not answer, where the platform says that it is not ready.
    pub unready: Option<Unready>,
    /// When it was made, where the platform says so.
    pub created: Option<Moment>,
}

/// More sources than this, and more than a tenth of ours, do not vanish at once: a list that says so is doubted.
pub const MISSING_AT_MOST: u64 = 20;
/// Lists in a row that must miss a source, where many are missing and the platform cannot be asked for each.
const LISTS_TO_LOSE_MANY: u32 = 3;
const LISTS_TO_LOSE: u32 = 2;
/// What the present list has shown so far. It is made with the connection: a table that comes later has every statement
/// prepared again.
pub(super) const LISTED: &str = "CREATE TEMP TABLE listed (
     source_id TEXT PRIMARY KEY, text TEXT NOT NULL, collection TEXT, path TEXT, hash BLOB,
     nameless INTEGER, holds INTEGER, filled INTEGER, done INTEGER, empty INTEGER, unready TEXT,
     lasting INTEGER, known INTEGER, created INTEGER, reading INTEGER, ambiguous INTEGER,
     elsewhere INTEGER
 ) WITHOUT ROWID";
/// For this many grace periods after its deletion was confirmed, a list may still show a source.
const LIST_LAG: u32 = 20;

impl Db {
    /// Begins a new list.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn begin_list(&mut self) -> Result<(), StoreError> {
        self.connection.run("DELETE FROM listed", [])?;
        Ok(())
    }

    /// Adds a page, and gives how many sources of it this reading of the list has not shown before. A list may shift while it
    /// is paged, so it is read several times; what an earlier reading has shown stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn add_page(&mut self, reading: u32, page: &[ListedSource]) -> Result<u64, StoreError> {
        self.together(|connection| {
            let sql = "INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)";
            let mut statement = connection.prepare_cached(sql)?;
            let mut new = 0;
            for source in page {
                match shown_before(connection, source, reading)? {
                    ShownBefore::Not => new += 1,
                    ShownBefore::Alike => {}
                    ShownBefore::Otherwise => {
                        set_ambiguous(connection, source)?;
                        continue;
                    }
                }
                let name = source.name.as_ref();
                statement.execute(params![
                    source.id.0,
                    source.text,
                    name.map(|name| name.collection.as_str()),
                    name.map(|name| name.path.as_str()),
                    name.map(|name| name.hash.0),
                    source.nameless,
                    source.holds,
                    source.filled,
                    source.done,
                    source.empty,
                    source.unready.as_ref().map(|unready| &unready.reason),
                    source.unready.as_ref().is_some_and(|unready| unready.lasting),
                    source.unready.as_ref().is_some_and(|unready| unready.known),
                    source.created.map(|at| at.0.cast_signed()),
                    reading,
                    source.holds && name.is_none() && has_marker(&source.text),
                ])?;
            }
            Ok(new)
        })
    }

    /// Whether the list may go on although it has shown as many sources as its total says: this state has never seen a list,
    /// or misses one of its sources, or the one that a lost answer may have left.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn doubts_total(&self) -> Result<bool, StoreError> {
        let sql = "SELECT NOT EXISTS (SELECT * FROM meta WHERE key = 'listed')
                       OR EXISTS (SELECT * FROM replicas WHERE source_id IS NULL OR source_id NOT IN (SELECT source_id FROM listed))";
        Ok(self.connection.row(sql, [], |row| row.get(0))?)
    }

    /// Whether this state has made a source, or seen a list with any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn knows_sources(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM meta WHERE key = 'listed')
                       OR EXISTS (SELECT * FROM replicas WHERE source_id IS NOT NULL)";
        Ok(self.connection.row(sql, [], |row| row.get(0))?)
    }

    /// Whether a reading of the list has shown all that the one before it has, or all readings so far together as many as the
    /// `total`. One that is `mixed_up` has shown some twice in the place of others, unless several have the same id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn repeats_list(&self, reading: u32, mixed_up: bool, total: Option<u64>) -> Result<bool, StoreError> {
        let sql = "SELECT (NOT ?2 OR EXISTS (SELECT * FROM listed WHERE ambiguous))
                           AND NOT EXISTS (SELECT * FROM listed WHERE reading = ?1 - 1)
                       OR (SELECT count(*) FROM listed) IS ?3";
        let values = params![reading, mixed_up, total.map(u64::cast_signed)];
        Ok(self.connection.row(sql, values, |row| row.get(0))?)
    }

    /// Holds the list against the replicas, and settles what differs (`plan::drift`). `retired` is how many sources that
    /// nothing refers to this pass has retired already.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn compare_list(&mut self, terms: &Terms, now: Moment, retired: u64) -> Result<ListReport, StoreError> {
        let Terms { instance, configured, grace, .. } = terms;
        let grace = *grace;
        let known: BTreeSet<String> = self.known_collections()?.into_iter().collect();
        self.together(|connection| {
            note_names(connection)?;
            recognize_known(connection, instance)?;
            let decorates = recognize_decorated(connection, instance, configured)?;
            recognize_requested(connection, instance, decorates)?;
            recognize_marked(connection, instance, configured)?;
            connection.run(
                "UPDATE replicas SET missing = 0 WHERE missing > 0 AND source_id IN
                     (SELECT source_id FROM listed WHERE collection IS NOT NULL OR nameless)",
                [],
            )?;
            note_ambiguous(connection, now)?;
            // What was begun under a clock that was ahead would else be waited for until that time comes.
            connection.run("UPDATE replicas SET since = ?1 WHERE since > ?1", [now.0.cast_signed()])?;
            connection.run("UPDATE former SET ended = ?1 WHERE ended > ?1", [now.0.cast_signed()])?;
            forget_exchanged(connection, now)?;
            finish_renames(connection, now)?;
            note_filled(connection)?;
            let (added, replaced) = finish_uploads(connection, terms, now)?;
            retire_empty(connection, terms, now)?;
            let mut report = ListReport {
                added,
                replaced,
                sources: count(connection, "SELECT count(*) FROM listed")?,
                ours: count(connection, "SELECT count(*) FROM listed WHERE collection IS NOT NULL")?,
                ..ListReport::default()
            };
            note_emptied(connection, terms, now, &mut report)?;
            report.unready = note_unready(connection, terms, now)?;
            let mut unclaimed = unclaimed(connection, terms, &known, now, &mut report)?;
            let mut strays = Vec::new();
            let misnamed = note_misnamed(connection)?;
            let mut contradicted = contradicted(connection, instance)?;
            contradicted.retain(|(_, claim)| !misnamed.contains(&claim.replica.0));
            let trust = trust(connection, terms, &contradicted, report.ours)?;
            for (name, claim) in contradicted {
                // Only a lost answer can explain a source that nothing refers to.
                let open = matches!(claim.phase, Phase::Intent | Phase::Unknown);
                let sources = if open { unclaimed.remove(&name).unwrap_or_default() } else { Vec::new() };
                let live = has_live(connection, &name)?;
                let steps = drift(Some(&claim), sources, live, trust, (now, grace));
                strays.extend(apply(connection, steps, terms, now, retired, &mut report)?);
            }
            // Of several versions of a document the newest is the likeliest to be wanted.
            let mut unclaimed: Vec<_> = unclaimed.into_iter().collect();
            let newest = |sources: &[Listed]| sources.iter().filter_map(|source| source.created).max();
            unclaimed.sort_by_cached_key(|(_, sources)| std::cmp::Reverse(newest(sources)));
            for (name, sources) in unclaimed {
                let live = has_live(connection, &name)?;
                let steps = drift(None, sources, live, trust, (now, grace));
                strays.extend(apply(connection, steps, terms, now, retired, &mut report)?);
            }
            report.wait_since = report.wait_since.max(repeated_request(connection, now, grace)?);
            stop_uploads(connection, now, &mut report)?;
            note_strays(connection, strays, now, &mut report)?;
            report.misplaced = misplaced(connection, instance)?;
            end_corrections(connection, &report.misplaced)?;
            let (added, replaced) = finish_uploads(connection, terms, now)?;
            report.added += added;
            report.replaced += replaced;
            if trust.complete {
                note_list(connection, now)?;
            }
            // A list that shows nothing is no list to begin with: the platform may only have said nothing.
            if trust.complete && report.sources > 0 {
                connection.run("INSERT OR IGNORE INTO meta VALUES ('listed', '1')", [])?;
            }
            Ok(report)
        })
    }
}

/// How far this list is believed.
fn trust(
    connection: &Connection,
    terms: &Terms,
    contradicted: &[(SourceName, Claim)],
    ours: u64,
) -> Result<ListTrust, rusqlite::Error> {
    let missing = contradicted.iter().filter(|(_, claim)| !matches!(claim.phase, Phase::Intent | Phase::Unknown));
    let missing = missing.count() as u64;
    let shown = "SELECT EXISTS (SELECT * FROM replicas JOIN listed USING (source_id))";
    let many = missing > MISSING_AT_MOST.max(ours / 10) || !exists(connection, shown)?;
    let lists_to_lose = if many && !terms.lookup { LISTS_TO_LOSE_MANY } else { LISTS_TO_LOSE };
    Ok(ListTrust { complete: terms.complete, lists_to_lose })
}

/// Our sources in the list that no replica refers to, by name. Those of collections that are neither configured nor `known` are
/// counted alone.
fn unclaimed(
    connection: &Connection,
    terms: &Terms,
    known: &BTreeSet<String>,
    now: Moment,
    report: &mut ListReport,
) -> Result<BTreeMap<SourceName, Vec<Listed>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT l.source_id, l.collection, l.path, l.hash, l.holds OR l.done AND ?1, l.filled, l.created, l.text FROM listed l
         WHERE l.collection IS NOT NULL AND l.source_id NOT IN (SELECT source_id FROM replicas WHERE source_id IS NOT NULL)",
    )?;
    let is_new = !exists(connection, "SELECT EXISTS (SELECT * FROM meta WHERE key = 'listed')")?;
    let mut first = None;
    // Where no source says what it holds, one that is done holds what it was made for.
    let mut rows = statement.query([!shows_content(connection)?])?;
    let mut by_name: BTreeMap<SourceName, Vec<Listed>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let name = name(&terms.instance, &row.get::<_, String>(1)?, row.get(2)?, row.get(3)?)?;
        let id = SourceId(row.get(0)?);
        let created = row.get::<_, Option<i64>>(6)?.map(|at| Moment(at.cast_unsigned()));
        let text: String = row.get(7)?;
        match deleted(connection, &id, (&name, &text, created), now - terms.grace * LIST_LAG)? {
            Deleted::No => {}
            Deleted::Lately if !terms.lookup => continue,
            // A platform that was restored shows an older version again, and not the one that took its place: it stays until
            // that is put again.
            Deleted::Lately if is_only_version(connection, &name)? => {
                report.older_stays = true;
                continue;
            }
            Deleted::LongAgo if is_only_version(connection, &name)? => {
                if has_live(connection, &name)? {
                    report.older_stays = true;
                    continue;
                }
            }
            Deleted::Lately => {
                report.reappeared.push(id);
                continue;
            }
            Deleted::LongAgo => {
                report.undeleted.push(id);
                continue;
            }
        }
        if !terms.configured.contains(&name.collection) && !known.contains(name.collection.as_str()) {
            *report.strangers.entry(name.collection.to_string()).or_default() += 1;
            continue;
        }
        let mut origin = former_origin(connection, &id, &name)?;
        if origin == Origin::Elsewhere {
            let first = match &first {
                Some(first) => first,
                None => first.insert(first_sources(connection)?),
            };
            // What an earlier state made, or this one before a collection left the config, is known again.
            let is_before = match first.get(name.collection.as_str()) {
                None => true,
                Some(first) => is_new && created.zip(*first).is_none_or(|(created, first)| created < first),
            };
            if is_before {
                origin = Origin::BeforeThisState;
            }
        }
        let listed = Listed { id, origin, name: name.clone(), holds: row.get(4)?, filled: row.get(5)?, created };
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
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| {
        let replica = replica(row)?;
        Ok((
            replica.name(instance),
            Claim { replica: replica.id, phase: replica.phase, since: replica.since, missing: row.get(8)? },
        ))
    })?;
    rows.collect()
}

/// Whether a document is here, and this list shows no ready source of it.
pub(super) fn is_only_version(connection: &Connection, name: &SourceName) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT * FROM documents WHERE collection = ?1 AND path = ?2)
                   AND NOT EXISTS (SELECT * FROM replicas r JOIN listed USING (source_id)
                                   WHERE r.collection = ?1 AND r.path = ?2 AND r.phase = 'ready')";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([name.collection.as_str(), name.path.as_str()], |row| row.get(0))
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
    connection.row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}
