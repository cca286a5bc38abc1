//! Sources of a list that have our marker and no name that we would give: a platform has rewritten it.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{cached::Cached, list_names::set_name};
use crate::{
    model::{
        CollectionName, DocPath, Instance, NameLikeness, ShortHash, SourceName, fold_name, is_same_path,
        marked_content, name_likeness,
    },
    plan::Listed,
};

/// What each content may be of.
type Contents = HashMap<ShortHash, Vec<(CollectionName, DocPath)>>;

/// Gives sources that no replica refers to, and whose names have our marker, the names that they were made with: those of
/// open requests and known documents with that content. One of a content that nobody knows is a document of its own, under
/// the name that it has.
pub(super) fn recognize_marked(
    connection: &Connection,
    instance: &Instance,
    collections: &BTreeSet<CollectionName>,
) -> Result<(), rusqlite::Error> {
    let sql = "SELECT source_id, text, collection, path FROM listed l
               WHERE text <> '' AND NOT EXISTS (SELECT * FROM replicas r WHERE r.source_id = l.source_id)
                   AND NOT EXISTS (SELECT * FROM documents d WHERE d.collection = l.collection AND d.path = l.path)
                   AND NOT EXISTS (SELECT * FROM replicas r WHERE r.collection = l.collection AND r.path = l.path)";
    // Memory follows what has a marker, and not all that others have made.
    let marked = |row: &Row<'_>| {
        let text: String = row.get(1)?;
        let Some(hash) = marked_content(&text, instance) else { return Ok(None) };
        let (collection, path): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        Ok(Some((row.get::<_, String>(0)?, text, hash, collection.zip(path))))
    };
    let found: Vec<_> = connection
        .prepare_cached(sql)?
        .query_map([], marked)?
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    let mut known = None;
    for (id, text, hash, named) in found {
        let named = named.and_then(|(collection, path)| Some((collection, DocPath::new(path).ok()?)));
        // A whole name is another instance's, and one with text around it is a person's copy.
        let is_anothers =
            SourceName::parse(&text).is_some() || SourceName::find(&text, instance, collections).is_some();
        if is_anothers && named.is_none() {
            continue;
        }
        let known = match &known {
            Some(known) => known,
            None => known.insert(contents(connection, instance)?),
        };
        let may_be = known.get(&hash).map_or(&[][..], Vec::as_slice);
        // A name that is whole is that of another document, but for its ending.
        let likeness = |(of, path): &(CollectionName, DocPath)| match &named {
            Some((collection, shown)) => {
                (of.as_str() == collection && is_same_path(path, shown)).then_some(NameLikeness::Path)
            }
            None => name_likeness(of, path, &text),
        };
        let closest = may_be.iter().filter_map(likeness).min();
        let mut alike = may_be.iter().filter(|document| closest.is_some() && likeness(document) == closest);
        let only = || match may_be {
            [only] if named.is_none() => Some(only),
            _ => None,
        };
        let document = match (alike.next(), alike.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => only().cloned(),
        };
        if let Some((collection, path)) =
            document.or_else(|| of_its_own(&text, collections).filter(|_| named.is_none()))
        {
            set_name(connection, &id, &SourceName { collection, path, instance: instance.clone(), hash })?;
        }
    }
    Ok(())
}

/// A document of this name: in the collection that it speaks of, or else in the first.
fn of_its_own(text: &str, collections: &BTreeSet<CollectionName>) -> Option<(CollectionName, DocPath)> {
    let folded = fold_name(text);
    let speaks_of = |collection: &&CollectionName| folded.starts_with(&fold_name(collection.as_str()));
    let collection = collections.iter().find(speaks_of).or_else(|| collections.first())?;
    Some((collection.clone(), DocPath::new(text).ok()?))
}

/// The document that a source may be a version of whose name was taken for that of another one, which is not here: the
/// platform has rewritten it.
pub(super) fn document_of(
    connection: &Connection,
    Listed { id, name, .. }: &Listed,
) -> Result<Option<(CollectionName, DocPath)>, rusqlite::Error> {
    let sql = "SELECT text FROM listed WHERE source_id = ?1
                   AND NOT EXISTS (SELECT * FROM documents WHERE collection = ?2 AND path = ?3)";
    let values = params![id.0, name.collection.as_str(), name.path.as_str()];
    let Some(text): Option<String> = connection.row(sql, values, |row| row.get(0)).optional()? else { return Ok(None) };
    let mut statement = connection.prepare_cached("SELECT collection, path FROM documents WHERE live IS NULL")?;
    let mut rows = statement.query([])?;
    let mut alike: Vec<(NameLikeness, (CollectionName, DocPath))> = Vec::new();
    while let Some(row) = rows.next()? {
        let (collection, path): (String, String) = (row.get(0)?, row.get(1)?);
        let (Ok(collection), Ok(path)) = (CollectionName::new(&collection), DocPath::new(path)) else { continue };
        let likeness = name_likeness(&collection, &path, &text).filter(|likeness| *likeness < NameLikeness::Part);
        alike.extend(likeness.map(|likeness| (likeness, (collection, path))));
    }
    let closest = alike.iter().map(|(likeness, _)| *likeness).min();
    alike.retain(|(likeness, _)| Some(*likeness) == closest);
    Ok(alike.pop().filter(|_| alike.is_empty()).map(|(_, document)| document))
}

/// What open requests and documents are known to hold, or to have held. One that a name with its marker was taken for, as
/// nobody knew its content, is not what a platform makes such names of.
fn contents(connection: &Connection, instance: &Instance) -> Result<Contents, rusqlite::Error> {
    let sql = "SELECT collection, path, hash FROM replicas WHERE source_id IS NULL
               UNION SELECT collection, path, substr(hash, 1, 6) FROM documents WHERE hash IS NOT NULL
               UNION SELECT collection, path, live FROM documents WHERE live IS NOT NULL
               UNION SELECT collection, path, hash FROM former";
    let mut contents = Contents::new();
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        let (collection, path): (String, String) = (row.get(0)?, row.get(1)?);
        let hash = ShortHash(row.get(2)?);
        if marked_content(&path, instance) != Some(hash)
            && let (Ok(collection), Ok(path)) = (CollectionName::new(&collection), DocPath::new(path))
        {
            contents.entry(hash).or_default().push((collection, path));
        }
    }
    Ok(contents)
}
