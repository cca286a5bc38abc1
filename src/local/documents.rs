//! Documents: what a source holds, and answers are taken from.

use rusqlite::{Row, Transaction, params};

use super::{
    changes::Change,
    chunk::{self, Chunk},
    error::ApiError,
    index,
};

/// A document that was read.
pub(super) struct Document {
    /// The name that it was uploaded under, or its address.
    pub(super) file_name: String,
    /// A page's address.
    pub(super) url: Option<String>,
    /// What a page calls itself.
    pub(super) title: Option<String>,
    /// The SHA-256 of its bytes, in hex.
    pub(super) sha256: String,
    pub(super) chunks: Vec<Chunk>,
}

/// Cuts a document's text; an error is the reason for people.
pub(super) async fn cut(text: String) -> Result<Vec<Chunk>, String> {
    if text.trim().is_empty() {
        return Err("no text could be read from it".to_owned());
    }
    // A large file takes a while to cut.
    tokio::task::spawn_blocking(move || chunk::chunks(&text)).await.map_err(|error| error.to_string())
}

/// Stores and indexes a document.
pub(super) fn hold(tx: &Transaction, source: i64, document: &Document) -> Result<Change, ApiError> {
    let Document { file_name, url, title, sha256, chunks } = document;
    tx.prepare_cached("INSERT INTO documents (source, file_name, sha256, url, title) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![source, file_name, sha256, url, title])?;
    index::add(tx, tx.last_insert_rowid(), chunks)?;
    let held = |row: &Row| Ok(Change::Held { source_id: row.get(0)?, name: row.get(1)? });
    Ok(tx.prepare_cached("SELECT id, name FROM sources WHERE seq = ?1")?.query_row([source], held)?)
}
