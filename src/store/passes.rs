//! Collections, past passes and the daemon's note in the store, and what `status` counts.

use rusqlite::{OptionalExtension, Row, params};

use super::{Approvals, Db, StoreError, cached::Cached};
use crate::model::{CollectionName, Footing, Moment, RuleFile};

/// What is remembered of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionState {
    /// What its folder stood on when it was last seen whole.
    pub footing: Option<Footing>,
    /// The ignore files that were in force at the last look.
    pub rules: Vec<RuleFile>,
    /// Deletions that a guard withheld in the last pass.
    pub held: u64,
    /// How many of them were too many at once: these stay held until they are approved or back.
    pub held_by_limit: u64,
    /// Deletions that a person allowed, once.
    pub approved: u64,
    /// Replacements that a guard withheld in the last pass.
    pub held_replacements: u64,
    /// Replacements that a person allowed, once.
    pub approved_replacements: u64,
    /// Which ones these are, except where a state of an older version knows only how many.
    pub approvals: Approvals,
    /// Deletions that the last look at all of it did not make: how many, and why.
    pub withheld: Vec<(u64, String)>,
}

/// A pass that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRecord {
    /// When it began.
    pub started: Moment,
    /// When it ended.
    pub ended: Moment,
    /// How: one word.
    pub outcome: String,
    /// What it did, as JSON.
    pub summary: String,
}

/// A collection's documents by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// The platform holds what was last seen.
    pub in_step: u64,
    /// The platform does not hold what was last seen.
    pub pending: u64,
    /// They failed, and are left alone until they change.
    pub quarantined: u64,
    /// The platform holds what was last seen, and has not had it ready for long.
    pub unready: u64,
    /// Their files cannot be synced as they are now; an older version that the platform holds stays.
    pub skipped: u64,
    /// Bytes of those in step.
    pub bytes: u64,
}

impl Db {
    /// What is remembered of a collection.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn collection(&self, name: &CollectionName) -> Result<CollectionState, StoreError> {
        let sql = "SELECT device, mounts, held, approved, held_replacements, approved_replacements,
                       held_by_limit, withheld, rules FROM collections WHERE name = ?1";
        let state = self.connection.row(sql, [name.as_str()], |row| {
            // Nobody but kbsync writes them.
            let mounts: Option<String> = row.get(1)?;
            let (withheld, rules): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
            let mounts = mounts.and_then(|mounts| serde_json::from_str(&mounts).ok()).unwrap_or_default();
            let withheld = withheld.and_then(|withheld| serde_json::from_str(&withheld).ok()).unwrap_or_default();
            let rules: Vec<(String, Option<u64>)> =
                rules.and_then(|rules| serde_json::from_str(&rules).ok()).unwrap_or_default();
            let rule = |(path, since): (_, Option<_>)| RuleFile { path, unsettled_since: since.map(Moment) };
            let device = row.get::<_, Option<i64>>(0)?.map(i64::cast_unsigned);
            Ok(CollectionState {
                footing: device.map(|device| Footing { device, mounts }),
                held: row.get::<_, i64>(2)?.cast_unsigned(),
                approved: row.get::<_, i64>(3)?.cast_unsigned(),
                held_replacements: row.get::<_, i64>(4)?.cast_unsigned(),
                approved_replacements: row.get::<_, i64>(5)?.cast_unsigned(),
                held_by_limit: row.get::<_, i64>(6)?.cast_unsigned(),
                withheld,
                rules: rules.into_iter().map(rule).collect(),
                approvals: Approvals::default(),
            })
        });
        let mut state = state.optional()?.unwrap_or_default();
        state.approvals = self.approvals_of(name.as_str())?;
        state.approved = state.approved.max(state.approvals.deletions.len() as u64);
        state.approved_replacements = state.approved_replacements.max(state.approvals.replacements.len() as u64);
        Ok(state)
    }

    /// Notes which deletions are not made now, and why.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_withheld(&mut self, name: &CollectionName, withheld: &[(u64, String)]) -> Result<(), StoreError> {
        if self.collection(name)?.withheld != withheld {
            let json = (!withheld.is_empty()).then(|| serde_json::json!(withheld).to_string());
            let sql =
                "INSERT INTO collections (name, withheld) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET withheld = ?2";
            self.connection.run(sql, params![name.as_str(), json])?;
        }
        Ok(())
    }

    /// A collection's documents by state.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn counts(&self, name: &CollectionName) -> Result<DocumentCounts, StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE sound AND live = hash),
                          count(*) FILTER (WHERE sound AND trouble IS NOT hash AND live IS NOT hash),
                          count(*) FILTER (WHERE sound AND trouble = hash AND live IS NOT hash),
                          count(*) FILTER (WHERE NOT sound),
                          coalesce(sum(size) FILTER (WHERE sound AND live = hash), 0)
                   FROM (SELECT skip_reason IS NULL AS sound, live, substr(hash, 1, 6) AS hash, trouble_hash AS trouble, size
                         FROM documents WHERE collection = ?1)";
        let unready =
            "SELECT count(*), coalesce(sum(size), 0) FROM replicas r JOIN documents d USING (collection, path)
                       WHERE r.collection = ?1 AND r.phase = 'ready' AND r.unready IS NOT NULL AND d.skip_reason IS NULL
                           AND d.live = substr(d.hash, 1, 6) AND r.hash = d.live";
        let number = |row: &Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let (unready, unready_bytes) =
            self.connection.row(unready, [name.as_str()], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
        let counts = self.connection.row(sql, [name.as_str()], |row| {
            Ok(DocumentCounts {
                in_step: number(row, 0)?.saturating_sub(unready),
                unready,
                pending: number(row, 1)?,
                quarantined: number(row, 2)?,
                skipped: number(row, 3)?,
                bytes: number(row, 4)?.saturating_sub(unready_bytes),
            })
        })?;
        Ok(counts)
    }

    /// Whether the platform holds a document that this state has uploaded.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn holds_any(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM documents WHERE uploaded_here AND live IS NOT NULL)";
        Ok(self.connection.row(sql, [], |row| row.get(0))?)
    }

    /// The collections that the store knows documents or replicas of.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn known_collections(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT collection FROM documents UNION SELECT DISTINCT collection FROM replicas";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers a pass, in place of the one before with the same outcome.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_pass(&mut self, pass: &PassRecord) -> Result<(), StoreError> {
        self.connection.run(
            "INSERT OR REPLACE INTO passes (started, ended, outcome, summary) VALUES (?1, ?2, ?3, ?4)",
            params![pass.started.0.cast_signed(), pass.ended.0.cast_signed(), pass.outcome, pass.summary],
        )?;
        Ok(())
    }

    /// The last pass.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last_pass(&self) -> Result<Option<PassRecord>, StoreError> {
        let sql = "SELECT started, ended, outcome, summary FROM passes ORDER BY id DESC LIMIT 1";
        Ok(self.connection.row(sql, [], pass_record).optional()?)
    }

    /// The last pass with this outcome.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn last_pass_of(&self, outcome: &str) -> Result<Option<PassRecord>, StoreError> {
        let sql = "SELECT started, ended, outcome, summary FROM passes WHERE outcome = ?1";
        Ok(self.connection.row(sql, [outcome], pass_record).optional()?)
    }

    /// Notes what the running daemon says of itself, in place of what it said before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_daemon(&mut self, note: &str) -> Result<(), StoreError> {
        self.connection.run("INSERT OR REPLACE INTO daemon (id, note) VALUES (1, ?1)", [note])?;
        Ok(())
    }

    /// What a daemon said of itself last. Whether it still runs is for [`Lock::holder`](super::Lock::holder) to tell.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn daemon_note(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT note FROM daemon WHERE id = 1";
        Ok(self.connection.row(sql, [], |row| row.get(0)).optional()?)
    }

    /// A number that is another one whenever another process has written to the store since.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.connection.row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Forgets what a daemon said of itself: it runs no more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn forget_daemon(&mut self) -> Result<(), StoreError> {
        self.connection.run("DELETE FROM daemon", [])?;
        Ok(())
    }
}

fn pass_record(row: &Row<'_>) -> Result<PassRecord, rusqlite::Error> {
    Ok(PassRecord {
        started: Moment(row.get::<_, i64>(0)?.cast_unsigned()),
        ended: Moment(row.get::<_, i64>(1)?.cast_unsigned()),
        outcome: row.get(2)?,
        summary: row.get(3)?,
    })
}
