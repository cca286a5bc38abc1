//! The pacer's stamps in the store.

use rusqlite::{Connection, params};

use super::{Db, StoreError, cached::Cached};
use crate::{
    model::Moment,
    pace::{Stamp, Ticket},
};

/// No run comes to this many requests, and the numbers after it can be counted on.
const LAST_TICKET: i64 = i64::MAX / 2;

impl Db {
    /// The stamps of a run that has ended, the last `limit` of them. Those without an answer are closed: as far as
    /// anybody knows, the platform counted them just now. What no run can have written is forgotten.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stamps(&mut self, limit: u32, now: Moment) -> Result<Vec<Stamp>, StoreError> {
        self.together(|connection| {
            connection.run("DELETE FROM stamps WHERE ticket NOT BETWEEN 0 AND ?1", [LAST_TICKET])?;
            connection.run("UPDATE stamps SET answered = ?1 WHERE answered IS NULL", [now.0.cast_signed()])?;
            connection
                .run("DELETE FROM stamps WHERE ticket <= (SELECT max(ticket) FROM stamps) - ?1", [i64::from(limit)])
        })?;
        self.read_stamps()
    }

    /// The stamps as they are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn read_stamps(&self) -> Result<Vec<Stamp>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT ticket, sent, answered FROM stamps ORDER BY ticket")?;
        let rows = statement.query_map([], |row| {
            Ok(Stamp {
                ticket: Ticket(row.get::<_, i64>(0)?.cast_unsigned()),
                sent: Moment(row.get::<_, i64>(1)?.cast_unsigned()),
                answered: row.get::<_, Option<i64>>(2)?.map(|at| Moment(at.cast_unsigned())),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A request is about to be sent; the one whose slot it takes is forgotten.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stamp_sent(&mut self, ticket: Ticket, at: Moment, limit: u32) -> Result<(), StoreError> {
        self.lightly(|connection| {
            let number = ticket.0.cast_signed();
            let mut insert =
                connection.prepare_cached("INSERT OR REPLACE INTO stamps (ticket, sent) VALUES (?1, ?2)")?;
            insert.execute(params![number, at.0.cast_signed()])?;
            connection.run("DELETE FROM stamps WHERE ticket <= ?1", [number - i64::from(limit)])
        })?;
        Ok(())
    }

    /// Its answer came.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn stamp_answered(&mut self, ticket: Ticket, at: Moment) -> Result<(), StoreError> {
        self.lightly(|connection| {
            let sql = "UPDATE stamps SET answered = ?2 WHERE ticket = ?1";
            connection.run(sql, params![ticket.0.cast_signed(), at.0.cast_signed()])
        })?;
        Ok(())
    }

    /// A transaction that a killed process keeps and a power cut may lose: no stamp matters after a restart of the
    /// machine, and two of them a request are not worth two waits for the disk.
    fn lightly<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, StoreError> {
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        let done = self.together(work);
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        done
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        model::RateLimit,
        pace::{Pacer, Turn},
    };

    #[test]
    fn stamps_that_no_run_wrote_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = Db::open(&folder.path().join("state.db"), None).unwrap();
        let insert = "INSERT INTO stamps VALUES (7, 1, 2), (-1, 1, 2), (?1, 1, 2), (?2, 1, NULL)";
        db.connection.run(insert, [i64::MAX, i64::MIN]).unwrap();
        let now = Moment(1_000_000);
        let stamps = db.stamps(100, now).unwrap();
        assert_eq!(stamps.iter().map(|stamp| stamp.ticket).collect::<Vec<_>>(), [Ticket(7)]);
        let mut pacer = Pacer::new(RateLimit::new(100, Duration::from_millis(1)), stamps, now);
        let Turn::Go(ticket) = pacer.turn(now) else { panic!("the last run ended long ago") };
        db.stamp_sent(ticket, now, 100).unwrap();
        assert_eq!(db.read_stamps().unwrap().len(), 2);
    }
}
