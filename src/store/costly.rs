//! Content that costs more than it may to read, so that it is not read again in each pass.

use std::{collections::HashMap, time::Duration};

use rusqlite::params;

use super::{Db, StoreError, cached::Cached};
use crate::model::{ContentHash, Moment};

/// Then it is tried again: a machine that was busy or short of memory may have been to blame.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The newest stay.
const MOST: u32 = 10_000;

impl Db {
    /// Such content, with why it could not be read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn costly(&self, now: Moment) -> Result<HashMap<ContentHash, String>, StoreError> {
        let sql = "SELECT hash, reason FROM costly WHERE at > ?1 AND at <= ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let kept = params![(now - KEPT).0.cast_signed(), now.0.cast_signed()];
        let rows = statement.query_map(kept, |row| Ok((ContentHash(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers such content, and forgets what is old.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn note_costly(&mut self, costly: &[(ContentHash, String)], now: Moment) -> Result<(), StoreError> {
        if costly.is_empty() {
            return Ok(());
        }
        self.together(|connection| {
            for (hash, reason) in costly {
                let sql = "INSERT OR REPLACE INTO costly (hash, reason, at) VALUES (?1, ?2, ?3)";
                connection.run(sql, params![hash.0, reason, now.0.cast_signed()])?;
            }
            let old = params![(now - KEPT).0.cast_signed(), now.0.cast_signed()];
            connection.run("DELETE FROM costly WHERE at <= ?1 OR at > ?2", old)?;
            let sql = "DELETE FROM costly WHERE hash NOT IN (SELECT hash FROM costly ORDER BY at DESC, hash LIMIT ?1)";
            connection.run(sql, [MOST]).map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costly_content__that_was_noted__is_known_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let mut db = Db::open(&path, None).unwrap();
        let (day, hash) = (Duration::from_secs(24 * 60 * 60), ContentHash([1; 32]));
        let noted = Moment(0) + 100 * day;
        db.note_costly(&[(hash, "took longer than 10 s".to_owned())], noted).unwrap();
        drop(db);
        let mut db = Db::open(&path, None).unwrap();
        for (now, is_known) in [(noted, true), (noted + 6 * day, true), (noted + 7 * day, false), (noted - day, false)]
        {
            let known = db.costly(now).unwrap();
            assert_eq!(known.get(&hash).is_some_and(|reason| reason == "took longer than 10 s"), is_known, "{now:?}");
        }
        db.note_costly(&[(ContentHash([2; 32]), String::new())], noted + 7 * day).unwrap();
        assert_eq!(db.costly(noted).unwrap().len(), 0, "what is old is forgotten");
    }

    #[test]
    fn costly_content__of_which_there_is_much__is_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = Db::open(&folder.path().join("state.db"), None).unwrap();
        let hash = |n: u32| {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&n.to_be_bytes());
            ContentHash(hash)
        };
        let all: Vec<_> = (0..MOST).map(|n| (hash(n), String::new())).collect();
        db.note_costly(&all, Moment(1)).unwrap();
        db.note_costly(&[(hash(MOST), "new".to_owned())], Moment(2)).unwrap();
        let known = db.costly(Moment(2)).unwrap();
        assert_eq!((known.len(), known.contains_key(&hash(MOST))), (MOST as usize, true));
    }
}
