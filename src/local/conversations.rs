//! `/conversations`: list, show, delete.

use std::sync::Arc;

use axum::{Json, extract::State};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::platform::wire::cevvo::{Conversation, Deleted, Message, Page, Thread};

use super::{
    App,
    error::ApiError,
    ids,
    request::{Id, PageParams, Params},
};

/// `GET /conversations`: the one that was spoken in last comes first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<PageParams>,
) -> Result<Json<Page<Conversation>>, ApiError> {
    let page = params.check()?;
    let list = app.db.call(move |tx| {
        let total = tx.prepare_cached("SELECT count(*) FROM conversations")?.query_row([], |row| row.get(0))?;
        let mut find = tx.prepare_cached(
            "SELECT id, title, created_at, updated_at, \
             (SELECT count(*) FROM messages WHERE conversation = conversations.seq) \
             FROM conversations ORDER BY updated_at DESC, seq DESC LIMIT ?1 OFFSET ?2",
        )?;
        let rows = find.query_map(params![page.limit(), page.offset()], |row| {
            Ok(Conversation {
                id: row.get(0)?,
                title: row.get(1)?,
                created_at: ids::timestamp(row.get(2)?),
                updated_at: ids::timestamp(row.get(3)?),
                message_count: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })?;
        Ok(Page { data: rows.collect::<Result<_, _>>()?, meta: Some(page.meta(total)) })
    });
    list.await.map(Json)
}

/// `GET /conversations/{id}`: with all messages, oldest first.
pub(super) async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Thread>, ApiError> {
    app.db.call(move |tx| read_thread(tx, id)).await.map(Json)
}

fn read_thread(tx: &Transaction, id: String) -> Result<Thread, ApiError> {
    let mut find = tx.prepare_cached("SELECT seq, title, created_at FROM conversations WHERE id = ?1")?;
    let found = find.query_row([&id], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((seq, title, created_at)) = found else { return Err(ApiError::missing("conversation", &id)) };
    let messages = messages(tx, seq, -1, 0)?;
    Ok(Thread { id, title, messages, created_at: ids::timestamp(created_at) })
}

/// Some messages of a conversation, oldest first. A negative limit is none.
pub(super) fn messages(tx: &Transaction, seq: i64, limit: i64, offset: i64) -> Result<Vec<Message>, ApiError> {
    let mut find = tx.prepare_cached(
        "SELECT role, content, sources, created_at FROM messages WHERE conversation = ?1 ORDER BY seq \
         LIMIT ?2 OFFSET ?3",
    )?;
    Ok(find.query_map([seq, limit, offset], read_message)?.collect::<Result<_, _>>()?)
}

fn read_message(row: &Row) -> rusqlite::Result<Message> {
    let sources: Option<String> = row.get(2)?;
    Ok(Message {
        role: row.get(0)?,
        content: row.get(1)?,
        sources: sources.and_then(|json| serde_json::from_str(&json).ok()),
        created_at: ids::timestamp(row.get(3)?),
    })
}

/// `DELETE /conversations/{id}`: with all its messages, and what the analytics know of them.
pub(super) async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Deleted>, ApiError> {
    let deleted = app.db.call(move |tx| {
        let gone = tx.prepare_cached("DELETE FROM conversations WHERE id = ?1")?.execute([&id])?;
        if gone == 0 { Err(ApiError::missing("conversation", &id)) } else { Ok(Deleted { deleted: true }) }
    });
    deleted.await.map(Json)
}
