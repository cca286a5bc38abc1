//! The database: one connection on a thread of its own, to which work is sent as closures.

use std::{
    fs::OpenOptions,
    io,
    path::Path,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, ErrorCode, Transaction};
use tokio::sync::oneshot;

use super::{
    error::{ApiError, LocalError},
    folder::Folder,
};
use crate::private_files;

/// The schema's steps: the n-th brings a database from version n to n + 1.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema-1.sql"), include_str!("schema-2.sql"), include_str!("schema-3.sql")];

/// Statements kept prepared: more than all routes have together.
const STATEMENTS: usize = 128;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle to the database's thread.
#[derive(Clone, Debug)]
pub(super) struct Db {
    // `None` tells the thread to end.
    work: mpsc::Sender<Option<Work>>,
}

impl Db {
    /// Opens the folder's database and starts its thread, which holds the folder's lock until it ends.
    pub(super) fn start(folder: Folder) -> Result<(Self, JoinHandle<()>), LocalError> {
        let mut connection = open(&folder.root.join("platform.db"), folder.left_in_haste)?;
        let (work, inbox) = mpsc::channel::<Option<Work>>();
        let serve = move || {
            while let Ok(Some(work)) = inbox.recv() {
                work(&mut connection);
            }
            drop(connection);
            // Closing it is not enough while a child that was just begun has it open as well.
            let _ = folder.lock.unlock();
        };
        let thread = thread::Builder::new().name("local-db".to_owned()).spawn(serve);
        let thread = thread.map_err(|source| LocalError::Folder { path: folder.root, source })?;
        Ok((Self { work }, thread))
    }

    /// Runs `work` in a transaction that is committed when it gives `Ok`, and undone when it gives an error.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (answer, answered) = oneshot::channel();
        let job = move |connection: &mut Connection| {
            // A caller that has gone away does not want the answer, but its work counts.
            let _ = answer.send(transact(connection, work));
        };
        self.work.send(Some(Box::new(job))).map_err(|_| ApiError::stopping())?;
        answered.await.map_err(|_| ApiError::stopping())?
    }

    /// Ends the thread once the work sent before is done.
    pub(super) fn stop(&self) {
        // The thread has ended already when nobody listens.
        let _ = self.work.send(None);
    }
}

fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let transaction = connection.transaction()?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Opens the database and brings it to the present schema. With `check`, reads all of it first.
fn open(path: &Path, check: bool) -> Result<Connection, LocalError> {
    let damaged = |error: rusqlite::Error| judge(path, &error);
    // It holds documents, so it is its user's alone; what SQLite puts beside it has the same rights. SQLite follows links.
    let own = private_files::open(path, OpenOptions::new().append(true).create(true));
    own.map_err(|source| LocalError::Folder { path: path.to_owned(), source })?;
    let mut connection = Connection::open(path).map_err(damaged)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // With NORMAL a power cut may lose the last moments, never the database: enough for a platform that is
    // filled again by the next sync.
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        .map_err(damaged)?;
    if check {
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(damaged)?;
        if verdict != "ok" {
            return Err(LocalError::Damaged { path: path.to_owned(), reason: verdict });
        }
    }
    let known = MIGRATIONS.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(damaged)?;
    if found > known {
        return Err(LocalError::Newer { path: path.to_owned(), found, known });
    }
    migrate(&mut connection, found).map_err(damaged)?;
    Ok(connection)
}

/// A file that cannot be used is not damaged.
fn judge(path: &Path, error: &rusqlite::Error) -> LocalError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure,
        ) => LocalError::Folder { path, source: io::Error::other(error.to_string()) },
        _ => LocalError::Damaged { path, reason: error.to_string() },
    }
}

fn migrate(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    for (version, step) in (1_i64..).zip(MIGRATIONS).skip_while(|(version, _)| *version <= from) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}
