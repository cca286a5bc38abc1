//! Sources of a list that this state did not make: left alone, taken over, or deleted once somebody has approved that.

use rusqlite::{OptionalExtension, params};

use super::{Db, StoreError, cached::Cached, replicas::make_ready};
use crate::{
    model::{CollectionName, DocPath, Moment, Replica, ReplicaId, ShortHash},
    plan::Gone,
};

/// What was taken over from a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// The documents that are ready by it.
    pub documents: Vec<(CollectionName, DocPath)>,
    /// Other sources of these documents, which retire.
    pub retiring: Vec<Replica>,
}

impl Db {
    /// Takes over the strays of the last list that hold just what is wanted: (collection, path, content).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn adopt_strays(
        &mut self,
        wanted: &[(CollectionName, DocPath, ShortHash)],
        now: Moment,
    ) -> Result<Adopted, StoreError> {
        self.together(|connection| {
            let mut adopted = Adopted::default();
            for (collection, path, hash) in wanted {
                let key = params![collection.as_str(), path.as_str(), hash.0];
                let sql = "DELETE FROM strays WHERE source_id = (SELECT min(source_id) FROM strays
                               WHERE collection = ?1 AND path = ?2 AND hash = ?3 AND holds) RETURNING source_id";
                let found: Option<String> = connection.row(sql, key, |row| row.get(0)).optional()?;
                let Some(source) = found else { continue };
                let sql = "INSERT INTO replicas (collection, path, hash, phase, since, source_id)
                           VALUES (?1, ?2, ?3, 'uploading', ?4, ?5)";
                let values = params![collection.as_str(), path.as_str(), hash.0, now.0.cast_signed(), source];
                let id = connection.prepare_cached(sql)?.insert(values)?;
                if let Some(old) = make_ready(connection, ReplicaId(id), now)? {
                    adopted.documents.push((collection.clone(), path.clone()));
                    adopted.retiring.extend(old);
                }
            }
            Ok(adopted)
        })
    }

    /// Sources of the last list in a collection that hold something, and that this state did not make. One that holds just
    /// what a source does that is missing is likely to be that one, under another id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn strays(&self, collection: &CollectionName) -> Result<Vec<Gone>, StoreError> {
        let sql = "SELECT path, hash FROM strays s WHERE collection = ?1 AND holds AND NOT EXISTS
                       (SELECT * FROM replicas r WHERE r.collection = s.collection AND r.path = s.path AND r.hash = s.hash
                            AND r.missing > 0)
                   ORDER BY path, source_id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([collection.as_str()], |row| {
            let path = DocPath::new(row.get::<_, String>(0)?).map_err(|_| rusqlite::Error::InvalidQuery)?;
            Ok(Gone {
                path,
                live: ShortHash(row.get(1)?),
                size: 0,
                min_hash: None,
                made_here: false,
                successor: None,
                overdue: false,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the last list has shown a source that this state did not make, and that holds what one of these replicas is to
    /// hold.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn have_strays(&self, replicas: &[ReplicaId]) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT * FROM replicas r JOIN strays s USING (collection, path, hash)
                       WHERE r.id = ?1 AND s.holds)";
        let mut statement = self.connection.prepare_cached(sql)?;
        for replica in replicas {
            if statement.query_row([replica.0], |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
