//! Statements that are prepared once: to prepare one takes longer than to run it.

use rusqlite::{Connection, Params, Row};

/// Runs statements of which each is kept, prepared, with the connection.
pub(super) trait Cached {
    /// Runs one that gives no rows; gives how many it has changed.
    ///
    /// # Errors
    /// What SQLite says.
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, rusqlite::Error>;

    /// Runs one for its first row.
    ///
    /// # Errors
    /// What SQLite says; [`rusqlite::Error::QueryReturnedNoRows`] where there is none.
    fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error>;
}

impl Cached for Connection {
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, rusqlite::Error> {
        self.prepare_cached(sql)?.execute(params)
    }

    fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        self.prepare_cached(sql)?.query_row(params, read)
    }
}
