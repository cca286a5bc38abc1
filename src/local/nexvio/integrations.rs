//! `/integrations`: list, enable, disable. Nothing is connected; they are kept and shown.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use rusqlite::{Row, params};
use serde_json::{Map, Value};

use super::{
    envelope::{Answer, Created, Listed, Named, deleted, named, success},
    request::{JsonBody, SliceParams, Wrong},
};
use crate::{
    local::{
        App,
        error::ApiError,
        ids,
        request::{Id, Params},
    },
    platform::wire::{
        cevvo::Deleted,
        nexvio::{EnableIntegration, Integration},
    },
};

/// `GET /integrations`: newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<SliceParams>,
) -> Answer<Listed<Integration>> {
    let slice = params.check()?;
    let listed = app.db.call(move |tx| {
        let total = tx.prepare_cached("SELECT count(*) FROM integrations")?.query_row([], |row| row.get(0))?;
        let mut find = tx.prepare_cached("SELECT * FROM integrations ORDER BY seq DESC LIMIT ?1 OFFSET ?2")?;
        let rows = find.query_map([slice.limit, slice.offset], read)?;
        Ok(Listed { name: "integrations", items: rows.collect::<Result<_, _>>()?, total, slice })
    });
    listed.await.map(success)
}

/// `POST /integrations`.
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Created<Named<Integration>> {
    let EnableIntegration { kind, config } = check(fields)?;
    let made = app.db.call(move |tx| {
        tx.prepare_cached("INSERT INTO integrations (id, type, config, created_at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![ids::fresh("integration"), kind, config.to_string(), ids::now_ms()])?;
        let mut find = tx.prepare_cached("SELECT * FROM integrations WHERE seq = ?1")?;
        Ok(find.query_row([tx.last_insert_rowid()], read)?)
    });
    Ok((StatusCode::CREATED, named("integration", made.await?)))
}

/// `DELETE /integrations/{id}`.
pub(super) async fn disable(State(app): State<Arc<App>>, Id(id): Id) -> Answer<Deleted> {
    let gone =
        app.db.call(move |tx| Ok(tx.prepare_cached("DELETE FROM integrations WHERE id = ?1")?.execute([id])? > 0));
    deleted(gone.await?, "Integration")
}

/// A `type` that says something, and an object as `config`, or none.
fn check(mut fields: Map<String, Value>) -> Result<EnableIntegration, ApiError> {
    let mut wrong = Wrong::default();
    let kind = fields.get("type").and_then(Value::as_str).filter(|kind| !kind.trim().is_empty());
    let kind = kind.map(str::to_owned);
    if kind.is_none() {
        wrong.add("type", "Must be the name of an integration");
    }
    let config = fields.remove("config").unwrap_or_else(|| Map::new().into());
    if !config.is_object() {
        wrong.add("config", "Must be an object");
    }
    wrong.check()?;
    Ok(EnableIntegration { kind: kind.unwrap_or_default(), config })
}

fn read(row: &Row) -> rusqlite::Result<Integration> {
    let config: String = row.get("config")?;
    Ok(Integration {
        id: row.get("id")?,
        kind: row.get("type")?,
        config: serde_json::from_str(&config).ok(),
        created_at: ids::timestamp(row.get("created_at")?),
    })
}
