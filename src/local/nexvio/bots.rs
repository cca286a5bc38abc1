//! `/bots` and `/chatbots`, two names of one resource: list, create, show, update, delete.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    change,
    envelope::{Answer, Created, Listed, Named, deleted, missing, named, success},
    knowledge,
    request::{JsonBody, SliceParams, Wrong},
};
use crate::{
    local::{
        App,
        error::ApiError,
        ids,
        request::{Id, Params},
        sources::{self, Only},
    },
    platform::wire::{
        cevvo::Deleted,
        nexvio::{Appearance, Chatbot, ChatbotChange, ChatbotSource, ChatbotStats, Knowledge},
    },
};

/// What is not there is called so.
const KIND: &str = "Chatbot";
/// The most sources that a chatbot shows; `/knowledge` lists them all.
const MOST_SOURCES: i64 = 1_000;

#[derive(Deserialize)]
pub(super) struct ListParams {
    #[serde(flatten)]
    slice: SliceParams,
    team_id: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
}

/// `GET /chatbots`: the newest first unless said otherwise, without what only one of them shows.
pub(super) async fn list(State(app): State<Arc<App>>, Params(params): Params<ListParams>) -> Answer<Listed<Chatbot>> {
    let mut wrong = Wrong::default();
    let slice = params.slice.read(&mut wrong);
    let column = wrong.one_of("sort_by", params.sort_by.as_deref(), &["created_at", "name"]);
    let order = wrong.one_of("sort_order", params.sort_order.as_deref(), &["desc", "asc"]);
    wrong.check()?;
    let listed = app.db.call(move |tx| {
        let total = tx
            .prepare_cached("SELECT count(*) FROM bots WHERE ?1 IS NULL OR team_id = ?1")?
            .query_row([&params.team_id], |row| row.get(0))?;
        let mut find = tx.prepare_cached(&format!(
            "SELECT id, team_id, name, model, created_at, updated_at FROM bots WHERE ?1 IS NULL OR team_id = ?1 \
             ORDER BY {column} {order}, seq {order} LIMIT ?2 OFFSET ?3"
        ))?;
        let rows = find.query_map(params![params.team_id, slice.limit, slice.offset], read_short)?;
        Ok(Listed { name: "chatbots", items: rows.collect::<Result<_, _>>()?, total, slice })
    });
    listed.await.map(success)
}

/// `POST /bots`: what is not said is as the schema has it.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Created<Named<Chatbot>> {
    let change = check(&app, &fields, true)?;
    let made = app.db.call(move |tx| {
        let name = change.name.as_deref().unwrap_or_default();
        tx.prepare_cached(
            "INSERT INTO bots (id, name, chatbox_header_text, created_at, updated_at) VALUES (?1, ?2, ?2, ?3, ?3)",
        )?
        .execute(params![ids::fresh("chatbot"), name, ids::now_ms()])?;
        apply(tx, tx.last_insert_rowid(), &change)
    });
    Ok((StatusCode::CREATED, named("chatbot", made.await?)))
}

/// `GET /chatbots/{id}`: with what it answers from, newest first, and its figures.
pub(super) async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Answer<Named<Chatbot>> {
    let shown = app.db.call(move |tx| {
        let seq = seq_of(tx, &id)?;
        // Every chatbot answers from everything, and what a client reads is bounded.
        let (sources, _) = sources::some(tx, Only::default(), MOST_SOURCES, 0)?;
        let sources = Some(sources.into_iter().map(|source| attached(knowledge::shown(source))).collect());
        Ok(Chatbot { sources, stats: Some(stats(tx, seq)?), ..find(tx, seq)? })
    });
    Ok(named("chatbot", shown.await?))
}

/// `PATCH /chatbots/{id}`: what is not sent stays.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Id(id): Id,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Answer<Named<Chatbot>> {
    let change = check(&app, &fields, false);
    let updated = app.db.call(move |tx| {
        let seq = seq_of(tx, &id)?;
        apply(tx, seq, &change?)
    });
    Ok(named("chatbot", updated.await?))
}

/// `DELETE /bots/{id}`: with its conversations, and what the analytics know of them.
pub(super) async fn delete(State(app): State<Arc<App>>, Id(id): Id) -> Answer<Deleted> {
    let gone = app.db.call(move |tx| Ok(tx.prepare_cached("DELETE FROM bots WHERE id = ?1")?.execute([id])? > 0));
    deleted(gone.await?, KIND)
}

fn check(app: &App, fields: &Map<String, Value>, name_is_needed: bool) -> Result<ChatbotChange, ApiError> {
    let change = change::read(fields, name_is_needed)?;
    let hides = change.appearance.as_ref().is_some_and(|appearance| appearance.hide_branding == Some(true));
    if hides && !app.enterprise {
        let message = "Hiding the branding requires the enterprise plan";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message));
    }
    Ok(change)
}

/// The row's number of the chatbot with this id.
pub(super) fn seq_of(tx: &Transaction, id: &str) -> Result<i64, ApiError> {
    let mut find = tx.prepare_cached("SELECT seq FROM bots WHERE id = ?1")?;
    find.query_row([id], |row| row.get(0)).optional()?.ok_or_else(|| missing(KIND))
}

/// The chatbot that a new conversation belongs to: the one that is asked, or else the oldest one, if there is any.
pub(in crate::local) fn asked(tx: &Transaction, id: Option<&str>) -> Result<Option<i64>, ApiError> {
    match id {
        Some(id) => seq_of(tx, id).map(Some),
        None => Ok(tx.prepare_cached("SELECT min(seq) FROM bots")?.query_row([], |row| row.get(0))?),
    }
}

/// Changes a chatbot and gives it as it is then.
fn apply(tx: &Transaction, seq: i64, change: &ChatbotChange) -> Result<Chatbot, ApiError> {
    let ChatbotChange { name, welcome_message, model, instructions, team_id, appearance } = change;
    let look = appearance.clone().unwrap_or_default();
    tx.prepare_cached(
        "UPDATE bots SET name = ifnull(?2, name), welcome_message = ifnull(?3, welcome_message), \
         model = ifnull(?4, model), instructions = ifnull(?5, instructions), team_id = ifnull(?6, team_id), \
         primary_color = ifnull(?7, primary_color), \
         chat_bubble_button_style = ifnull(?8, chat_bubble_button_style), position = ifnull(?9, position), \
         chatbox_header_text = ifnull(?10, chatbox_header_text), hide_branding = ifnull(?11, hide_branding), \
         updated_at = ?12 WHERE seq = ?1",
    )?
    .execute(params![
        seq,
        name,
        welcome_message,
        model,
        instructions,
        team_id,
        look.primary_color,
        look.chat_bubble_button_style,
        look.position,
        look.chatbox_header_text,
        look.hide_branding,
        ids::now_ms()
    ])?;
    find(tx, seq)
}

fn find(tx: &Transaction, seq: i64) -> Result<Chatbot, ApiError> {
    Ok(tx.prepare_cached("SELECT * FROM bots WHERE seq = ?1")?.query_row([seq], read)?)
}

fn read(row: &Row) -> rusqlite::Result<Chatbot> {
    let appearance = Appearance {
        primary_color: row.get("primary_color")?,
        chat_bubble_button_style: row.get("chat_bubble_button_style")?,
        position: row.get("position")?,
        chatbox_header_text: row.get("chatbox_header_text")?,
        hide_branding: row.get("hide_branding")?,
    };
    Ok(Chatbot {
        welcome_message: row.get("welcome_message")?,
        instructions: row.get("instructions")?,
        appearance: Some(appearance),
        ..read_short(row)?
    })
}

/// A chatbot as the list shows it.
fn read_short(row: &Row) -> rusqlite::Result<Chatbot> {
    Ok(Chatbot {
        id: row.get("id")?,
        team_id: row.get("team_id")?,
        name: row.get("name")?,
        model: row.get("model")?,
        created_at: ids::timestamp(row.get("created_at")?),
        updated_at: ids::timestamp(row.get("updated_at")?),
        ..Chatbot::default()
    })
}

fn attached(Knowledge { id, kind, url, added_at, .. }: Knowledge) -> ChatbotSource {
    ChatbotSource { id, kind, url, added_at }
}

fn stats(tx: &Transaction, bot: i64) -> Result<ChatbotStats, ApiError> {
    let mut find = tx.prepare_cached(
        "SELECT count(*), max(updated_at), \
         (SELECT count(*) FROM messages JOIN conversations ON conversations.seq = conversation WHERE bot = ?1) \
         FROM conversations WHERE bot = ?1",
    )?;
    Ok(find.query_row([bot], |row| {
        Ok(ChatbotStats {
            total_conversations: row.get::<_, i64>(0)?.unsigned_abs(),
            last_conversation_at: row.get::<_, Option<i64>>(1)?.and_then(ids::timestamp),
            total_messages: row.get::<_, i64>(2)?.unsigned_abs(),
        })
    })?)
}
