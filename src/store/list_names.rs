//! Names of the list against the names that were given: what the platform has rewritten, and renames without an answer.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::{Connection, Row, params};

use super::{
    Db, StoreError,
    approvals::use_approval,
    cached::Cached,
    listing::MISSING_AT_MOST,
    replicas::{COLUMNS, move_replica, replica},
};
use crate::model::{
    CollectionName, DocPath, Instance, Moment, Replica, ReplicaId, ShortHash, SourceId, SourceName, fold_name,
    is_rewritten, is_same_path, keeps_marker, name_likeness,
};

/// Up to this many sources may have been renamed by a person, even where they are the majority.
const FEW_MISNAMED: u64 = 2;

/// Documents whose sources have names that are not ours, by collection, each with how many documents of it the platform holds.
pub(super) type Misnamed = BTreeMap<CollectionName, (Vec<(DocPath, ShortHash)>, u64)>;

/// A source that has the name of another document, and the name that it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// The source.
    pub source: SourceId,
    /// The name of its document.
    pub name: SourceName,
}

impl Db {
    /// A list has shown a source under the name that it was given.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn named(&mut self, id: ReplicaId) -> Result<(), StoreError> {
        self.connection.run("UPDATE replicas SET named = 1 WHERE id = ?1", [id.0])?;
        Ok(())
    }

    /// Documents whose ready sources have, like many others, names that are not ours, by collection, each with how many
    /// documents of the collection the platform holds.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn misnamed(&self) -> Result<Misnamed, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT collection, path, hash FROM replicas WHERE misnamed ORDER BY collection, path, id",
        )?;
        let mut rows = statement.query([])?;
        let mut found = Misnamed::new();
        while let Some(row) = rows.next()? {
            let collection =
                CollectionName::new(&row.get::<_, String>(0)?).map_err(|_| rusqlite::Error::InvalidQuery)?;
            let path = DocPath::new(row.get::<_, String>(1)?).map_err(|_| rusqlite::Error::InvalidQuery)?;
            found.entry(collection).or_default().0.push((path, ShortHash(row.get(2)?)));
        }
        for (collection, (_, of)) in &mut found {
            let sql = "SELECT count(*) FROM documents WHERE collection = ?1 AND live IS NOT NULL";
            *of = self.connection.row(sql, [collection.as_str()], |row| row.get::<_, i64>(0))?.cast_unsigned();
        }
        Ok(found)
    }
}

/// Sources that lists have shown under their names: where one has another name now, somebody else's source may have its id,
/// also where nothing can be renamed.
pub(super) fn note_names(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.run(
        "UPDATE listed SET nameless = 0 WHERE nameless AND text <> '' AND collection IS NULL
             AND source_id IN (SELECT source_id FROM replicas WHERE named)",
        [],
    )?;
    let sql = "UPDATE replicas SET named = 1 WHERE NOT named AND source_id IN
                   (SELECT l.source_id FROM listed l
                    WHERE l.collection = replicas.collection AND l.path = replicas.path AND l.hash = replicas.hash)";
    connection.run(sql, []).map(drop)
}

/// Sources that we know by their id, and that have names that are not ours: where they are most, or too many at once, or a
/// document's source has lost its name before, it is no person who has given them these. They are left alone as they are until
/// somebody approves that they are not ours any more. Gives their replicas.
pub(super) fn note_misnamed(connection: &Connection) -> Result<HashSet<i64>, rusqlite::Error> {
    let sql = "SELECT r.id, r.collection, r.misnamed, r.path, r.hash, EXISTS (
                   SELECT * FROM former f JOIN listed o USING (source_id)
                   WHERE f.collection = r.collection AND f.path = r.path AND f.ending = 'lost'
                       AND o.collection IS NULL AND o.text <> '')
               FROM replicas r JOIN listed l USING (source_id) WHERE l.collection IS NULL AND NOT l.nameless";
    let mut misnamed: Vec<Misname> = connection
        .prepare_cached(sql)?
        .query_map([], |row| {
            let (collection, path, hash) = (row.get(1)?, row.get(3)?, ShortHash(row.get(4)?));
            Ok(Misname { id: row.get(0)?, document: (collection, path, hash), before: row.get(2)?, again: row.get(5)? })
        })?
        .collect::<Result<_, _>>()?;
    connection.run("UPDATE replicas SET misnamed = 0 WHERE misnamed", [])?;
    let sql = "SELECT count(*) FROM replicas r JOIN listed l USING (source_id) WHERE l.collection IS NOT NULL";
    let named = connection.row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned();
    let count = misnamed.len() as u64;
    // What is left alone stays so, however few are left of it.
    if count <= MISSING_AT_MOST.max(named / 10) && count <= FEW_MISNAMED.max(named) {
        misnamed.retain(|one| one.before || one.again);
    }
    let mut held = HashSet::new();
    for Misname { id, document: (collection, path, hash), .. } in misnamed {
        if use_approval(connection, &collection, &path, Some(hash))? {
            continue;
        }
        // What is not ours for sure is neither deleted nor renamed.
        connection.run("UPDATE replicas SET misnamed = 1, missing = max(missing, 1) WHERE id = ?1", [id])?;
        held.insert(id);
    }
    Ok(held)
}

/// A source of ours under a name that is not.
struct Misname {
    id: i64,
    document: (String, String, ShortHash),
    /// Whether it was left alone so far.
    before: bool,
    /// Whether an earlier source of its document has lost its name, and is there still.
    again: bool,
}

/// Sources that we know by their id, and whose name has lost its marker: where that is the platform's doing, the id says
/// whose they are. A name that somebody has given by hand takes the source from us.
pub(super) fn recognize_known(connection: &Connection, instance: &Instance) -> Result<(), rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, text, asked_name FROM replicas
         JOIN (SELECT source_id AS listed_id, text FROM listed WHERE collection IS NULL AND NOT nameless)
             ON source_id = listed_id"
    );
    let unmarked: Vec<_> = connection.prepare_cached(&sql)?.query_map([], with_text)?.collect::<Result<_, _>>()?;
    for (replica, text, asked) in unmarked {
        let name = replica.name(instance);
        let expected = [Some(name.to_string()), asked];
        if keeps_marker(&name, &text) || expected.iter().flatten().any(|expected| is_rewritten(expected, &text)) {
            connection.run("UPDATE listed SET nameless = 1 WHERE source_id = ?1", [replica.source.map(|id| id.0)])?;
        }
    }
    Ok(())
}

/// Sources that nothing refers to, and whose name is what the platform made of one that an unanswered request asked for; it
/// may put text around names where it `decorates`.
pub(super) fn recognize_requested(
    connection: &Connection,
    instance: &Instance,
    decorates: bool,
) -> Result<(), rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM replicas WHERE source_id IS NULL");
    let open: Vec<Replica> = connection.prepare_cached(&sql)?.query_map([], replica)?.collect::<Result<_, _>>()?;
    if open.is_empty() {
        return Ok(());
    }
    let requested: HashMap<String, SourceName> =
        open.iter().map(|replica| replica.name(instance)).map(|name| (fold_name(&name.to_string()), name)).collect();
    let named = |text: &str| {
        let folded = fold_name(text);
        let around = || requested.iter().find(|(name, _)| decorates && folded.contains(*name)).map(|(_, name)| name);
        requested.get(&folded).or_else(around).cloned()
    };
    let sql = "SELECT source_id, text FROM listed
               WHERE text <> '' AND source_id NOT IN (SELECT source_id FROM replicas WHERE source_id IS NOT NULL)";
    let found = named_by(connection, sql, named)?;
    found.into_iter().try_for_each(|(id, name)| set_name(connection, &id, &name))
}

/// Sources that have their names with text around them, where the platform may put it there: it shows none of ours as it was
/// given. Elsewhere such a name is a person's copy. Gives whether there are any.
pub(super) fn recognize_decorated(
    connection: &Connection,
    instance: &Instance,
    collections: &BTreeSet<CollectionName>,
) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT source_id, text FROM listed
               WHERE text <> '' AND NOT EXISTS (SELECT * FROM listed WHERE collection IS NOT NULL)";
    let found = named_by(connection, sql, |text| SourceName::find(text, instance, collections))?;
    found.iter().try_for_each(|(id, name)| set_name(connection, id, name))?;
    Ok(!found.is_empty())
}

/// The ids of those sources whose text has a name, each with it: memory does not follow what others have made.
fn named_by(
    connection: &Connection,
    sql: &str,
    mut name: impl FnMut(&str) -> Option<SourceName>,
) -> Result<Vec<(String, SourceName)>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(name) = name(row.get_ref(1)?.as_str()?) {
            found.push((row.get(0)?, name));
        }
    }
    Ok(found)
}

pub(super) fn set_name(connection: &Connection, id: &str, name: &SourceName) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE listed SET collection = ?2, path = ?3, hash = ?4 WHERE source_id = ?1";
    connection.run(sql, params![id, name.collection.as_str(), name.path.as_str(), name.hash.0]).map(drop)
}

/// Renames whose answer was lost, and that were done all the same. A differing name alone says nothing: platforms rewrite
/// names.
pub(super) fn finish_renames(connection: &Connection, now: Moment) -> Result<(), rusqlite::Error> {
    // One condition for each of two indexes: with both in one, every replica would be read.
    let mut unanswered = Vec::new();
    for which in ["phase = 'ready'", "phase <> 'ready' AND phase = 'retiring' AND asked_name IS NOT NULL"] {
        let sql = format!(
            "SELECT {COLUMNS}, text, asked_name FROM replicas
             JOIN (SELECT source_id AS listed_id, text FROM listed) ON source_id = listed_id
             WHERE unanswered AND {which}"
        );
        unanswered.extend(connection.prepare_cached(&sql)?.query_map([], with_text)?.collect::<Result<Vec<_>, _>>()?);
    }
    for (replica, text, asked) in unanswered {
        // A state of an older version does not know what was asked for: the name tells.
        let target = asked.as_deref().map_or_else(|| SourceName::parse(&text), SourceName::parse);
        let moved = target.filter(|target| {
            (asked.is_none() || is_nearer(target, &replica, &text))
                && target.hash == replica.hash
                && (&target.collection, &target.path) != (&replica.collection, &replica.path)
        });
        if let Some(target) = moved {
            // What retires by it is deleted in the round that follows.
            move_replica(connection, &replica, target.collection.as_str(), target.path.as_str(), now)?;
        }
    }
    let sql = "UPDATE replicas SET unanswered = 0, asked_name = NULL WHERE phase = 'ready' AND unanswered
                   AND EXISTS (SELECT * FROM listed l WHERE l.source_id = replicas.source_id)";
    connection.run(sql, []).map(drop)
}

/// Whether the name in the list, as it may have been rewritten, is rather the one that a rename asked for than the one that the
/// source had before.
fn is_nearer(asked: &SourceName, before: &Replica, text: &str) -> bool {
    let likeness = |collection, path| name_likeness(collection, path, text);
    let of_asked = likeness(&asked.collection, &asked.path);
    let of_before = likeness(&before.collection, &before.path);
    fold_name(&asked.to_string()) == fold_name(text)
        || keeps_marker(asked, text) && of_asked.is_some_and(|asked| of_before.is_none_or(|before| asked < before))
}

/// Ready sources that the list shows under another name of ours than their document's: a rename that was given up has taken
/// effect late, or one that was answered has not.
pub(super) fn misplaced(connection: &Connection, instance: &Instance) -> Result<Vec<Misplaced>, rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, text, asked_name FROM replicas
         JOIN (SELECT source_id AS listed_id, text, collection AS of, path AS at, hash AS holds_hash FROM listed)
             ON source_id = listed_id AND hash = holds_hash AND (collection, path) <> (of, at)
         WHERE phase = 'ready' AND NOT unanswered"
    );
    let differing: Vec<_> = connection.prepare_cached(&sql)?.query_map([], with_text)?.collect::<Result<_, _>>()?;
    let misplaced = differing.into_iter().filter_map(|(replica, text, _)| {
        let name = replica.name(instance);
        let shown = SourceName::parse(&text);
        let is_another = shown
            .is_some_and(|shown| shown.collection != name.collection || !is_same_path(&shown.path, &name.path))
            && !is_rewritten(&name.to_string(), &text);
        replica.source.filter(|_| is_another).map(|source| Misplaced { source, name })
    });
    Ok(misplaced.collect())
}

fn with_text(row: &Row<'_>) -> Result<(Replica, String, Option<String>), rusqlite::Error> {
    Ok((replica(row)?, row.get(8)?, row.get(9)?))
}
