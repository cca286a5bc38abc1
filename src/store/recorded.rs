//! What a state file records about itself, read whatever version wrote it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, params};

use super::{Db, StoreError};

/// The key of the platform that a state is about.
pub const PLATFORM: &str = "platform";
/// The key of the config that a state belongs to: its absolute path.
pub const CONFIG: &str = "config";
/// The key of the same path, relative to the state's folder. It survives when both are moved or copied together.
pub const CONFIG_FROM_STATE: &str = "config_from_state";

/// Reading waits this long for a writer.
const BUSY: Duration = Duration::from_secs(2);

/// What a state file records about itself.
#[derive(Debug, Default)]
pub struct Recorded {
    /// What it is about, by key.
    pub meta: BTreeMap<String, String>,
    /// Some of its documents, chosen at random.
    pub documents: Vec<RecordedDocument>,
}

/// A document as a state records it.
#[derive(Debug)]
pub struct RecordedDocument {
    /// Its collection.
    pub collection: String,
    /// Its path or address.
    pub path: String,
    /// Size, modification time in nanoseconds and inode; `None` for what is no file.
    pub file: Option<(u64, i64, u64)>,
}

impl Recorded {
    /// Reads a state, with at most this many of its documents. `None` where there is none or it cannot be read.
    pub fn read(path: &Path, documents: u32) -> Option<Self> {
        // SQLite would create a missing file, and block on a FIFO.
        super::place::check(path, false).is_ok_and(|()| path.exists()).then(|| read(path, documents).ok()).flatten()
    }
}

fn read(path: &Path, documents: u32) -> Result<Recorded, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    let mut select = connection.prepare_cached("SELECT key, value FROM meta")?;
    let meta = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    if documents == 0 {
        return Ok(Recorded { meta, documents: Vec::new() });
    }
    let mut select = connection.prepare_cached(
        "SELECT * FROM (SELECT collection, path, size, mtime_ns, inode FROM documents UNION ALL \
         SELECT collection, path, NULL, NULL, NULL FROM replicas \
         WHERE NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.collection = replicas.collection AND d.path = replicas.path)) \
         ORDER BY random() LIMIT ?1",
    )?;
    let rows = select.query_map([documents], |row| {
        let number = |at| row.get::<_, Option<i64>>(at);
        let file = number(2)?.zip(number(3)?).zip(number(4)?);
        let file = file.map(|((size, mtime), inode)| (size.cast_unsigned(), mtime, inode.cast_unsigned()));
        Ok(RecordedDocument { collection: row.get(0)?, path: row.get(1)?, file })
    })?;
    Ok(Recorded { meta, documents: rows.collect::<Result<_, _>>()? })
}

impl Db {
    /// Records what the state is about, in place of what it said before.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn record_meta(&mut self, meta: &[(&str, String)]) -> Result<(), StoreError> {
        self.together(|connection| {
            let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?;
            meta.iter().try_for_each(|(key, value)| insert.execute(params![key, value]).map(drop))
        })
    }
}
