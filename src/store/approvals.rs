//! Guards in the store: which deletions and replacements they withhold, and which of these a person has approved.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{CollectionState, Db, StoreError, cached::Cached};
use crate::{
    model::{CollectionName, DocPath, Footing, Moment, RuleFile, ShortHash},
    plan::Deletion,
};

/// Deletions that are no further apart count together.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

/// What a guard withholds of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// That it is deleted.
    Deletion,
    /// That its new version replaces the one that the platform holds.
    Replacement,
}

/// How much a person has allowed, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Approved {
    /// Deletions.
    pub deletions: u64,
    /// Replacements.
    pub replacements: u64,
}

/// What a person has allowed, once: what was withheld then, and nothing else. A deletion that is begun is made in the end; a
/// replacement stays allowed until it is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// Deletions.
    pub deletions: BTreeSet<Deletion>,
    /// Replacements, by their documents.
    pub replacements: BTreeSet<DocPath>,
}

/// Notes a deletion that nobody has approved.
pub(super) fn note_deletion(connection: &Connection, collection: &str, now: Moment) -> Result<(), rusqlite::Error> {
    let old = (now - RECENT).0.cast_signed();
    connection.run("DELETE FROM recent_deletions WHERE at <= ?1", [old])?;
    let sql = "INSERT INTO recent_deletions VALUES (?1, ?2)";
    connection.run(sql, params![collection, now.0.cast_signed()]).map(drop)
}

/// The deletions of a collection that a person has allowed.
pub(super) fn approved_deletions(
    connection: &Connection,
    collection: &str,
) -> Result<BTreeSet<Deletion>, rusqlite::Error> {
    rows(connection, "approvals", collection)?.into_iter().filter_map(|(path, hash)| Some(Ok((path, hash?)))).collect()
}

/// Uses up an approval, where there is one. Gives whether there was.
pub(super) fn use_approval(
    connection: &Connection,
    collection: &str,
    path: &str,
    hash: Option<ShortHash>,
) -> Result<bool, rusqlite::Error> {
    let sql = "DELETE FROM approvals WHERE collection = ?1 AND path = ?2 AND hash = ?3";
    Ok(connection.run(sql, params![collection, path, column(hash)])? > 0)
}

/// Whether the platform holds another version of a document than the one that was read last.
fn is_older_version_held(connection: &Connection, collection: &str, path: &str) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT EXISTS (SELECT * FROM documents
                   WHERE collection = ?1 AND path = ?2 AND live <> substr(hash, 1, 6) AND skip_reason IS NULL)";
    connection.row(sql, [collection, path], |row| row.get(0))
}

/// A deletion with the content that the platform holds, or a replacement.
type Row = (DocPath, Option<ShortHash>);

/// The hash of a row as its column has it.
fn column(hash: Option<ShortHash>) -> Vec<u8> {
    hash.map_or_else(Vec::new, |hash| hash.0.to_vec())
}

/// What a table names of a collection: deletions with their contents, and replacements without.
fn rows(connection: &Connection, table: &str, collection: &str) -> Result<BTreeSet<Row>, rusqlite::Error> {
    let sql = format!("SELECT path, hash FROM {table} WHERE collection = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([collection], |row| {
        let path = DocPath::new(row.get::<_, String>(0)?).map_err(|_| rusqlite::Error::InvalidQuery)?;
        let hash: Vec<u8> = row.get(1)?;
        Ok((path, hash.try_into().ok().map(ShortHash)))
    })?;
    rows.collect()
}

/// Notes which deletions, or which replacements, a guard withholds, in place of those of before. Where a state of an older
/// version knows only how many a person has approved, it is these, unless they are more.
fn note_rows(
    connection: &Connection,
    collection: &str,
    held: &BTreeSet<Row>,
    of_deletions: bool,
) -> Result<(), rusqlite::Error> {
    let (before, approved) = noted(connection, collection, of_deletions)?;
    let mut remove =
        connection.prepare_cached("DELETE FROM withheld WHERE collection = ?1 AND path = ?2 AND hash = ?3")?;
    for (path, hash) in before.difference(held) {
        remove.execute(params![collection, path.as_str(), column(*hash)])?;
    }
    let mut insert = connection.prepare_cached("INSERT INTO withheld VALUES (?1, ?2, ?3)")?;
    for (path, hash) in held.difference(&before) {
        insert.execute(params![collection, path.as_str(), column(*hash)])?;
    }
    if approved > 0 {
        if held.len() as u64 <= approved {
            approve(connection, collection, of_deletions)?;
        }
        let sql = "UPDATE collections SET approved = CASE WHEN ?2 THEN 0 ELSE approved END,
                       approved_replacements = CASE WHEN ?2 THEN approved_replacements ELSE 0 END
                   WHERE name = ?1";
        connection.run(sql, params![collection, of_deletions])?;
    }
    Ok(())
}

/// Which deletions, or which replacements, are noted as withheld, and how many a person has approved where a state of an older
/// version knows only that.
fn noted(
    connection: &Connection,
    collection: &str,
    of_deletions: bool,
) -> Result<(BTreeSet<Row>, u64), rusqlite::Error> {
    let mut before = rows(connection, "withheld", collection)?;
    before.retain(|(_, hash)| hash.is_some() == of_deletions);
    let sql = "SELECT CASE WHEN ?2 THEN approved ELSE approved_replacements END FROM collections WHERE name = ?1";
    let values = params![collection, of_deletions];
    let approved: Option<i64> = connection.row(sql, values, |row| row.get(0)).optional()?;
    Ok((before, approved.unwrap_or(0).cast_unsigned()))
}

/// Approves what is withheld.
fn approve(connection: &Connection, collection: &str, of_deletions: bool) -> Result<(), rusqlite::Error> {
    let sql = "INSERT OR IGNORE INTO approvals SELECT * FROM withheld WHERE collection = ?1 AND (hash <> x'') = ?2";
    connection.run(sql, params![collection, of_deletions]).map(drop)
}

impl Db {
    /// Notes which deletions a guard withholds now, where it could tell, and how many of them are beyond the limit, and what
    /// the folder stands on where it was seen for sure.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_guard(
        &mut self,
        name: &CollectionName,
        held: Option<&(BTreeSet<Deletion>, u64)>,
        footing: Option<&Footing>,
    ) -> Result<(), StoreError> {
        let before = self.collection(name)?;
        let numbers = held.map(|(held, by_limit)| (held.len() as u64, *by_limit));
        let held: Option<BTreeSet<Row>> =
            held.map(|(held, _)| held.iter().map(|(path, hash)| (path.clone(), Some(*hash))).collect());
        let (noted, approved) = noted(&self.connection, name.as_str(), true)?;
        let held = held.filter(|held| *held != noted || approved > 0);
        let is_same = numbers.is_none_or(|numbers| numbers == (before.held, before.held_by_limit))
            && (footing.is_none() || footing == before.footing.as_ref());
        if is_same && held.is_none() {
            return Ok(());
        }
        let (count, by_limit) = numbers.unwrap_or((before.held, before.held_by_limit));
        let device = footing.map(|footing| footing.device.cast_signed());
        let mounts = footing.map(|footing| serde_json::json!(footing.mounts).to_string());
        self.together(|connection| {
            let sql = "INSERT INTO collections (name, held, device, mounts, held_by_limit) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO UPDATE SET
                       held = ?2, held_by_limit = ?5, device = coalesce(?3, device), mounts = coalesce(?4, mounts)";
            let (count, by_limit) = (count.cast_signed(), by_limit.cast_signed());
            connection.run(sql, params![name.as_str(), count, device, mounts, by_limit])?;
            held.map_or(Ok(()), |held| note_rows(connection, name.as_str(), &held, true))
        })
    }

    /// Notes the ignore files of a collection's folder.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_rules(&mut self, name: &CollectionName, rules: &[RuleFile]) -> Result<(), StoreError> {
        let rules: Vec<_> = rules.iter().map(|file| (&file.path, file.unsettled_since.map(|since| since.0))).collect();
        let sql = "INSERT INTO collections (name, held, rules) VALUES (?1, 0, ?2) ON CONFLICT DO UPDATE SET rules = ?2";
        self.connection.run(sql, params![name.as_str(), serde_json::json!(rules).to_string()])?;
        Ok(())
    }

    /// Notes of which documents a guard withholds the replacements now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_held_replacements(
        &mut self,
        name: &CollectionName,
        held: &BTreeSet<DocPath>,
    ) -> Result<(), StoreError> {
        let (name, count) = (name.as_str(), held.len() as i64);
        let held = held.iter().map(|path| (path.clone(), None)).collect();
        let (before, approved) = noted(&self.connection, name, false)?;
        let sql = "SELECT held_replacements FROM collections WHERE name = ?1";
        let counted: Option<i64> = self.connection.row(sql, [name], |row| row.get(0)).optional()?;
        if (&before, approved, counted.unwrap_or(0)) == (&held, 0, count) {
            return Ok(());
        }
        self.together(|connection| {
            let sql = "INSERT INTO collections (name, held_replacements) VALUES (?1, ?2)
                       ON CONFLICT DO UPDATE SET held_replacements = ?2";
            connection.run(sql, params![name, count])?;
            note_rows(connection, name, &held, false)
        })
    }

    /// Whether a guard has withheld this of a document in the last pass.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn is_withheld(&self, name: &CollectionName, path: &DocPath, what: Withheld) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM withheld WHERE collection = ?1 AND path = ?2 AND (hash = x'') = ?3)";
        let values = params![name.as_str(), path.as_str(), what == Withheld::Replacement];
        Ok(self.connection.row(sql, values, |row| row.get(0))?)
    }

    /// Allows, once, what the guards withhold, and says how much that is. Of what a pass of an older version has withheld only
    /// the number is known.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn approve(&mut self, name: &CollectionName) -> Result<Approved, StoreError> {
        self.together(|connection| {
            let name = name.as_str();
            approve(connection, name, true)?;
            approve(connection, name, false)?;
            let sql = "UPDATE collections SET approved = held WHERE name = ?1
                           AND NOT EXISTS (SELECT * FROM withheld WHERE collection = ?1 AND hash <> x'')";
            connection.run(sql, [name])?;
            let sql = "UPDATE collections SET approved_replacements = held_replacements WHERE name = ?1
                           AND NOT EXISTS (SELECT * FROM withheld WHERE collection = ?1 AND hash = x'')";
            connection.run(sql, [name]).map(drop)
        })?;
        let CollectionState { approved, approved_replacements, .. } = self.collection(name)?;
        Ok(Approved { deletions: approved, replacements: approved_replacements })
    }

    /// Whether sources are approved that this state does not know, or whose names it does not: a list must show them again
    /// before they are deleted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn has_approved_strays(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM approvals AS approved JOIN strays USING (collection, path)
                                  WHERE approved.hash = strays.hash)
                       OR EXISTS (SELECT * FROM approvals AS approved JOIN replicas USING (collection, path)
                                  WHERE approved.hash = replicas.hash AND replicas.misnamed)";
        Ok(self.connection.row(sql, [], |row| row.get(0))?)
    }

    /// The approvals that are there now, by collection: each holds for one pass.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn approvals(&self) -> Result<BTreeMap<String, Approvals>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT DISTINCT collection FROM approvals")?;
        let names = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        names.into_iter().map(|name| Ok((name.clone(), self.approvals_of(&name)?))).collect()
    }

    /// The same of one collection.
    pub(super) fn approvals_of(&self, name: &str) -> Result<Approvals, StoreError> {
        let mut approvals = Approvals::default();
        for (path, hash) in rows(&self.connection, "approvals", name)? {
            match hash {
                Some(hash) => drop(approvals.deletions.insert((path, hash))),
                None => drop(approvals.replacements.insert(path)),
            }
        }
        Ok(approvals)
    }

    /// Takes back what is left of an approval. What was approved since is for the next pass, and so is a replacement that was
    /// not made: the platform has refused it, or has not answered.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn spend_approval(&mut self, name: &str, began: &Approvals) -> Result<(), StoreError> {
        self.together(|connection| {
            for (path, hash) in &began.deletions {
                use_approval(connection, name, path.as_str(), Some(*hash))?;
            }
            for path in began.replacements.iter().map(DocPath::as_str) {
                if !is_older_version_held(connection, name, path)? {
                    use_approval(connection, name, path, None)?;
                }
            }
            if !began.deletions.is_empty() {
                // What a person has allowed does not count against what comes after it, nor does what came before.
                connection.run("DELETE FROM recent_deletions WHERE collection = ?1", [name])?;
            }
            Ok(())
        })
    }

    /// How many documents of a collection were deleted within a day that nobody has approved.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn recent_deletions(&self, name: &CollectionName, now: Moment) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM recent_deletions WHERE collection = ?1 AND at > ?2 AND at <= ?3";
        // A clock may have been set back since.
        let (since, now) = ((now - RECENT).0.cast_signed(), now.0.cast_signed());
        let count = self.connection.row(sql, params![name.as_str(), since, now], |row| row.get::<_, i64>(0))?;
        Ok(count.cast_unsigned())
    }

    /// The collections of which a guard withholds something.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn guarded_collections(&self) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT name FROM collections WHERE held > 0 OR held_replacements > 0")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
