//! `/sources`: list, create, show, update, delete.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Deserialize;
use url::Url;

use crate::platform::wire::cevvo::{CreateSource, Deleted, Page, Source, UpdateSource};

use super::{
    App,
    changes::{Change, Changes},
    error::ApiError,
    ids, index,
    request::{Body, Id, PageParams, Params},
};

const KINDS: [&str; 3] = ["website", "file", "text"];
/// The longest name, in bytes: a path of Linux's longest, and its marker.
const MAX_NAME: usize = 4600;

#[derive(Deserialize)]
pub(super) struct ListParams {
    page: Option<u32>,
    per_page: Option<u32>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// `GET /sources`: newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<Source>>, ApiError> {
    let page = PageParams { page: params.page, per_page: params.per_page }.check()?;
    if let Some(kind) = &params.kind {
        check_kind(kind)?;
    }
    let list = app.db.call(move |tx| {
        let (sources, total) =
            some(tx, Only { kind: params.kind.as_deref(), status: None }, page.limit(), page.offset())?;
        // The list shows no settings, as on the API's page.
        let bare = |source| Source { auto_sync: None, updated_at: None, ..source };
        Ok(Page { data: sources.into_iter().map(bare).collect(), meta: Some(page.meta(total)) })
    });
    list.await.map(Json)
}

/// Which sources are listed: those of a type, and those in a state, where one is given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Only<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) status: Option<&'a str>,
}

/// Some of these sources, newest first; and how many there are in all.
pub(super) fn some(tx: &Transaction, only: Only, limit: i64, offset: i64) -> Result<(Vec<Source>, i64), ApiError> {
    const WHERE: &str = "WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR status = ?2)";
    let Only { kind, status } = only;
    let total = tx
        .prepare_cached(&format!("SELECT count(*) FROM sources {WHERE}"))?
        .query_row([kind, status], |row| row.get(0))?;
    let mut find = tx.prepare_cached(&format!("{SELECT} {WHERE} ORDER BY seq DESC LIMIT ?3 OFFSET ?4"))?;
    let sources = find.query_map(params![kind, status, limit, offset], read)?.collect::<Result<_, _>>()?;
    Ok((sources, total))
}

/// The id of the oldest source but this one.
pub(super) fn oldest_other(tx: &Transaction, id: &str) -> Result<Option<String>, ApiError> {
    let mut find = tx.prepare_cached("SELECT id FROM sources WHERE id <> ?1 ORDER BY seq LIMIT 1")?;
    Ok(find.query_row([id], |row| row.get(0)).optional()?)
}

/// `POST /sources`.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Body(wanted): Body<CreateSource>,
) -> Result<(StatusCode, Json<Source>), ApiError> {
    let name = check_name(wanted.name)?;
    check_kind(&wanted.kind)?;
    let url = check_url(&wanted.kind, wanted.url)?;
    let new_website = (wanted.kind == "website").then(|| Arc::clone(&app.new_website));
    let created = app.db.call(move |tx| {
        let (_, source) = make(tx, &name, &wanted.kind, url.as_deref(), wanted.auto_sync.unwrap_or(false))?;
        if let Some(new_website) = new_website {
            // Who is woken asks this same thread for the row, and so finds it committed.
            new_website.notify_one();
        }
        Ok(Source { document_count: None, updated_at: None, ..source })
    });
    Ok((StatusCode::CREATED, Json(created.await?)))
}

/// Makes an empty source; gives its row's number as well.
pub(super) fn make(
    tx: &Transaction,
    name: &str,
    kind: &str,
    url: Option<&str>,
    auto_sync: bool,
) -> Result<(i64, Source), ApiError> {
    let id = ids::fresh("src");
    tx.prepare_cached(
        "INSERT INTO sources (id, name, kind, url, status, auto_sync, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6, ?6)",
    )?
    .execute(params![id, name, kind, url, auto_sync, ids::now_ms()])?;
    Ok((tx.last_insert_rowid(), find(tx, &id)?))
}

/// `GET /sources/{id}`.
pub(super) async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Source>, ApiError> {
    let source = app.db.call(move |tx| find(tx, &id)).await?;
    Ok(Json(Source { updated_at: None, ..source }))
}

/// `PUT /sources/{id}`: what is not sent stays.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Body(change): Body<UpdateSource>,
) -> Result<Json<Source>, ApiError> {
    let name = change.name.map(check_name).transpose()?;
    let changes = app.changes.clone();
    let updated = app.db.call(move |tx| {
        let seq = seq_of(tx, &id)?;
        tx.prepare_cached(
            "UPDATE sources SET name = ifnull(?2, name), auto_sync = ifnull(?3, auto_sync), updated_at = ?4 \
             WHERE seq = ?1",
        )?
        .execute(params![seq, name, change.auto_sync, ids::now_ms()])?;
        if name.is_some() {
            index::retitle(tx, seq)?;
        }
        let source = find(tx, &id)?;
        if name.is_some() {
            changes.tell(&Change::Renamed { source_id: id, name: source.name.clone() });
        }
        Ok(Source { url: None, status: None, document_count: None, last_synced_at: None, created_at: None, ..source })
    });
    updated.await.map(Json)
}

/// `DELETE /sources/{id}`: with all its documents and jobs. A job or a crawl under way ends without a trace.
pub(super) async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Result<Json<Deleted>, ApiError> {
    let changes = app.changes.clone();
    let deleted = app.db.call(move |tx| {
        if !remove(tx, &changes, &id)? {
            return Err(ApiError::missing("source", &id));
        }
        Ok(Deleted { deleted: true })
    });
    deleted.await.map(Json)
}

/// Deletes a source and tells of it; whether there was one.
pub(super) fn remove(tx: &Transaction, changes: &Changes, id: &str) -> Result<bool, ApiError> {
    let gone = tx.prepare_cached("DELETE FROM sources WHERE id = ?1")?.execute([id])? > 0;
    if gone {
        changes.tell(&Change::Gone { source_id: id.to_owned() });
    }
    Ok(gone)
}

/// The row's number of the source with this id.
pub(super) fn seq_of(tx: &Transaction, id: &str) -> Result<i64, ApiError> {
    let mut find = tx.prepare_cached("SELECT seq FROM sources WHERE id = ?1")?;
    find.query_row([id], |row| row.get(0)).optional()?.ok_or_else(|| ApiError::missing("source", id))
}

/// The same, of a source that documents are ingested into one by one.
pub(super) fn open_to_documents(tx: &Transaction, id: &str) -> Result<i64, ApiError> {
    let mut find = tx.prepare_cached("SELECT seq, kind FROM sources WHERE id = ?1")?;
    let found = find.query_row([id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()?;
    match found {
        Some((_, kind)) if kind == "website" => {
            Err(ApiError::conflict("a website is crawled; ingest into a source of type file or text"))
        }
        Some((seq, _)) => Ok(seq),
        None => Err(ApiError::missing("source", id)),
    }
}

const SELECT: &str = "SELECT id, name, kind, url, status, auto_sync, created_at, updated_at, last_synced_at, \
     (SELECT count(*) FROM documents WHERE source = sources.seq) FROM sources";

fn find(tx: &Transaction, id: &str) -> Result<Source, ApiError> {
    let mut find = tx.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?;
    find.query_row([id], read).optional()?.ok_or_else(|| ApiError::missing("source", id))
}

fn read(row: &Row) -> rusqlite::Result<Source> {
    Ok(Source {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        url: row.get(3)?,
        status: row.get(4)?,
        auto_sync: row.get(5)?,
        created_at: ids::timestamp(row.get(6)?),
        updated_at: ids::timestamp(row.get(7)?),
        last_synced_at: row.get::<_, Option<i64>>(8)?.and_then(ids::timestamp),
        document_count: Some(row.get::<_, i64>(9)?.unsigned_abs()),
        ..Source::default()
    })
}

pub(super) fn check_name(name: String) -> Result<String, ApiError> {
    if name.trim().is_empty() {
        Err(ApiError::invalid("`name` is empty"))
    } else if name.len() > MAX_NAME {
        Err(ApiError::invalid(format!("`name` is longer than {MAX_NAME} bytes")))
    } else {
        Ok(name)
    }
}

fn check_kind(kind: &str) -> Result<(), ApiError> {
    if KINDS.contains(&kind) { Ok(()) } else { Err(ApiError::invalid("`type` is website, file or text")) }
}

fn check_url(kind: &str, url: Option<String>) -> Result<Option<String>, ApiError> {
    match url {
        None if kind == "website" => Err(ApiError::invalid("a website needs `url`")),
        None => Ok(None),
        Some(url) => web_url(&url).map(|_| Some(url)),
    }
}

/// Checks the address of a page: http or https.
pub(super) fn web_url(url: &str) -> Result<Url, ApiError> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    parsed.ok_or_else(|| ApiError::invalid("`url` is no http or https address"))
}
