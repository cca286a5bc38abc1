//! Whether a source is still ours: what the last complete list has shown may be long ago.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Db, StoreError, cached::Cached};
use crate::model::{Moment, ReplicaId};

impl Db {
    /// Whether a replica's source has had its name on the platform, and no list has been read whole since `before`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn may_be_anothers(&self, id: ReplicaId, before: Moment) -> Result<bool, StoreError> {
        let sql = "SELECT named AND NOT EXISTS
                       (SELECT * FROM meta WHERE key = 'listed_at' AND CAST(value AS INTEGER) >= ?2)
                   FROM replicas WHERE id = ?1";
        let values = params![id.0, before.0.cast_signed()];
        Ok(self.connection.row(sql, values, |row| row.get(0)).optional()?.unwrap_or(false))
    }

    /// Nothing is done with a replica's source before another list has shown whose it is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn require_list(&mut self, id: ReplicaId) -> Result<(), StoreError> {
        let sql = "UPDATE replicas SET missing = max(missing, 1) WHERE id = ?1";
        self.connection.run(sql, [id.0])?;
        Ok(())
    }
}

/// A list was read whole.
pub(super) fn note_list(connection: &Connection, now: Moment) -> Result<(), rusqlite::Error> {
    let sql = "INSERT OR REPLACE INTO meta VALUES ('listed_at', ?1)";
    connection.run(sql, [now.0.to_string()]).map(drop)
}
