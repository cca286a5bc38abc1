//! The full-text index: what is searched of a chunk is its document's title, its headings and its body.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::model::{SourceName, words::searchable};

use super::{chunk::Chunk, error::ApiError};

/// A document's title: a page's own, else the collection and path in its source's name, where a kbsync gave that name,
/// else its file name.
pub(super) fn title(own: Option<String>, source_name: &str, file_name: &str) -> String {
    own.unwrap_or_else(|| match SourceName::parse(source_name) {
        Some(name) => format!("{}/{}", name.collection, name.path),
        None => file_name.to_owned(),
    })
}

/// Stores and indexes a document's chunks.
pub(super) fn add(tx: &Transaction, document: i64, chunks: &[Chunk]) -> Result<(), ApiError> {
    let title = title_of(tx, document)?;
    let mut store = tx.prepare_cached("INSERT INTO chunks (document, heading, body) VALUES (?1, ?2, ?3)")?;
    for chunk in chunks {
        store.execute(params![document, chunk.heading, chunk.body])?;
        post(tx, tx.last_insert_rowid(), &title, &chunk.heading, &chunk.body)?;
    }
    Ok(())
}

/// Indexes a source's chunks anew, after it was renamed.
pub(super) fn retitle(tx: &Transaction, source: i64) -> Result<(), ApiError> {
    let mut find = tx.prepare_cached(
        "SELECT chunks.seq, document, heading, body FROM chunks JOIN documents ON documents.seq = document \
         WHERE documents.source = ?1",
    )?;
    let mut rows = find.query([source])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        tx.prepare_cached("DELETE FROM chunk_index WHERE rowid = ?1")?.execute([seq])?;
        let title = title_of(tx, row.get(1)?)?;
        post(tx, seq, &title, &row.get::<_, String>(2)?, &row.get::<_, String>(3)?)?;
    }
    Ok(())
}

fn post(tx: &Transaction, chunk: i64, title: &str, heading: &str, body: &str) -> Result<(), ApiError> {
    let [title, heading, body] = [title, heading, body].map(searchable);
    tx.prepare_cached("INSERT INTO chunk_index (rowid, title, heading, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![chunk, title, heading, body])?;
    Ok(())
}

fn title_of(tx: &Transaction, document: i64) -> Result<String, ApiError> {
    let mut find = tx.prepare_cached(
        "SELECT title, sources.name, file_name FROM documents JOIN sources ON sources.seq = documents.source \
         WHERE documents.seq = ?1",
    )?;
    let found =
        find.query_row([document], |row| Ok(title(row.get(0)?, &row.get::<_, String>(1)?, &row.get::<_, String>(2)?)));
    Ok(found.optional()?.unwrap_or_default())
}
