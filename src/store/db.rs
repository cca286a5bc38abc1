//! The database itself: opening, migrating, checking, setting aside.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use super::StoreError;
use crate::private_files;

/// Migrations, in order; number *n* leads to version *n + 1*. They only ever grow.
const MIGRATIONS: [&str; 22] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
    include_str!("schema-8.sql"),
    include_str!("schema-9.sql"),
    include_str!("schema-10.sql"),
    include_str!("schema-11.sql"),
    include_str!("schema-12.sql"),
    include_str!("schema-13.sql"),
    include_str!("schema-14.sql"),
    include_str!("schema-15.sql"),
    include_str!("schema-16.sql"),
    include_str!("schema-17.sql"),
    include_str!("schema-18.sql"),
    include_str!("schema-19.sql"),
    include_str!("schema-20.sql"),
    include_str!("schema-21.sql"),
    include_str!("schema-22.sql"),
];
const VERSION: i64 = MIGRATIONS.len() as i64;
/// How long a write waits for another process's write.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// Statements kept prepared: more than a pass has.
const STATEMENTS: usize = 512;

/// What a store is about: records for one platform mean nothing to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The platform's address, or the local platform's folder.
    pub platform: String,
    /// The instance.
    pub instance: String,
}

impl Identity {
    /// Each part: its key in the store, what it is for people, and its value.
    fn parts(&self) -> [(&'static str, &'static str, &str); 2] {
        [("platform", "the platform", &self.platform), ("instance", "the instance", &self.instance)]
    }
}

/// One connection to the store.
#[derive(Debug)]
pub struct Db {
    pub(super) connection: Connection,
}

impl Db {
    /// Opens the store for writing, making and migrating it where needed. With an identity, a new store is given it
    /// and an old one must have it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(path: &Path, identity: Option<&Identity>) -> Result<Self, StoreError> {
        // It holds sentences of documents, so it is its user's alone; what SQLite puts beside it has the same rights. Why
        // it cannot be made, SQLite says.
        let _ = private_files::open(path, OpenOptions::new().append(true).create_new(true));
        free_journals(path);
        let connection = Connection::open(path).map_err(|error| sorted(path, error))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let mut db = Self { connection };
        db.prepare(path).map_err(|error| match error {
            StoreError::Sqlite(error) => sorted(path, error),
            other => other,
        })?;
        if let Some(identity) = identity {
            for (key, what, wanted) in identity.parts() {
                if !db.is_about(path, key, what, wanted)? {
                    let insert = "INSERT INTO meta (key, value) VALUES (?1, ?2)";
                    db.connection.execute(insert, params![key, wanted])?;
                }
            }
        }
        Ok(db)
    }

    /// Opens an existing store to look at it, also while another process works with it. Nothing is made or migrated.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, [`StoreError::Older`] where nobody has migrated it yet; otherwise as
    /// [`Db::open`].
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        super::place::check(path, false)?;
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| sorted(path, error))?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // A temporary table would be another one than that of the connection that writes.
        connection.pragma_update(None, "query_only", true)?;
        let db = Self { connection };
        let version = db.version().map_err(|error| sorted(path, error))?;
        db.refuse_other_program(path, version)?;
        match version {
            0 => Err(StoreError::Missing(path.to_owned())),
            VERSION => Ok(db),
            found if found > VERSION => Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION }),
            _ => Err(StoreError::Older(path.to_owned())),
        }
    }

    /// The same, of a store that must be about this; one that nothing was noted in yet is about anything.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] where it is about something else; otherwise as [`Db::open_to_read`].
    pub fn open_ours_to_read(path: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let db = Self::open_to_read(path)?;
        for (key, what, wanted) in identity.parts() {
            db.is_about(path, key, what, wanted)?;
        }
        Ok(db)
    }

    /// Fails where another program has made the database.
    fn refuse_other_program(&self, path: &Path, version: i64) -> Result<(), StoreError> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE name IN ('documents', 'replicas')) FROM sqlite_master";
        let (all, ours): (i64, i64) = self
            .connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|error| sorted(path, error))?;
        let is_ours = if version == 0 { all == 0 } else { ours == 2 };
        if is_ours {
            return Ok(());
        }
        let reason = "there is the database of another program".to_owned();
        Err(StoreError::Place { path: path.to_owned(), reason })
    }

    fn version(&self) -> Result<i64, rusqlite::Error> {
        self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))
    }

    fn prepare(&mut self, path: &Path) -> Result<(), StoreError> {
        self.connection.busy_timeout(BUSY)?;
        let found = self.version()?;
        if found > VERSION {
            return Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION });
        }
        self.refuse_other_program(path, found)?;
        self.connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = FILE;")?;
        let verdict: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged { path: path.to_owned(), cause: verdict });
        }
        for (number, migration) in (1_i64..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
            let transaction = self.connection.transaction()?;
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()?;
        }
        self.connection.execute_batch(super::listing::LISTED)?;
        Ok(())
    }

    /// Whether the store says that it is about this; `false` where it does not say yet.
    fn is_about(&self, path: &Path, key: &str, what: &'static str, wanted: &str) -> Result<bool, StoreError> {
        let select = "SELECT value FROM meta WHERE key = ?1";
        let found: Option<String> = self.connection.query_row(select, [key], |row| row.get(0)).optional()?;
        match found {
            None => Ok(false),
            Some(found) if found == wanted => Ok(true),
            Some(found) => Err(StoreError::Foreign { path: path.to_owned(), what, found, wanted: wanted.to_owned() }),
        }
    }

    /// Sets how long a write waits for another process's write.
    pub(super) fn set_busy_timeout(&self, wait: Duration) -> Result<(), rusqlite::Error> {
        self.connection.busy_timeout(wait)
    }

    /// Runs several statements as one.
    pub(super) fn together<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

/// Gives what SQLite keeps beside the file the rights of the file: it made them when the file itself could not be written, and
/// leaves them so.
fn free_journals(path: &Path) {
    let Ok(rights) = fs::metadata(path).map(|found| found.permissions()) else { return };
    for journal in ["-wal", "-shm"].map(|suffix| beside(path, suffix)) {
        let is_locked = fs::metadata(&journal).is_ok_and(|found| found.permissions().readonly());
        if is_locked && !rights.readonly() {
            // Where they are another user's, SQLite says that they cannot be written.
            let _ = fs::set_permissions(&journal, rights.clone());
        }
    }
}

/// The path of a file beside the store's.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Reads the file from its beginning to its end, to see whether the disk lets it. With this file the locks of other
/// connections of this process go, so it is for a file that was found damaged alone: nobody writes to that any more.
pub(super) fn read_whole(path: &Path) -> Result<(), StoreError> {
    let read = || {
        let file = File::open(path)?;
        let mut buffer = vec![0; 64 * 1024];
        let mut at = 0;
        loop {
            match file.read_at(&mut buffer, at) {
                Ok(0) => return Ok(()),
                Ok(read) => at += read as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    };
    read().map_err(|cause| StoreError::Folder { path: path.to_owned(), cause })
}

/// Moves a damaged store out of the way, with its journal, and says where to.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let with = |suffix: &str| beside(path, suffix);
    let free = (1_u32..).map(|number| with(&format!(".damaged-{number}"))).find(|aside| !aside.exists());
    let aside = free.unwrap_or_else(|| with(".damaged"));
    fs::rename(path, &aside).map_err(|cause| StoreError::Folder { path: path.to_owned(), cause })?;
    for journal in ["-wal", "-shm"] {
        match fs::rename(with(journal), beside(&aside, journal)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::Folder { path: with(journal), cause });
            }
            _ => {}
        }
    }
    Ok(aside)
}

fn sorted(path: &Path, error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.to_owned(), cause: error.to_string() }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StoreError::Folder { path: path.to_owned(), cause: io::Error::other(error.to_string()) }
        }
        _ => error.into(),
    }
}
