//! `/conversations`, and those of one chatbot: list, show, messages. They are what was asked through Cevvo's `/chat`.

use std::sync::Arc;

use axum::extract::State;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Deserialize;

use super::{
    bots,
    envelope::{Answer, Listed, Named, missing, named, success},
    request::{Slice, SliceParams, Wrong},
    span::{Span, SpanParams},
};
use crate::{
    local::{
        App, conversations,
        error::ApiError,
        ids,
        request::{Id, Params},
    },
    platform::wire::{
        cevvo,
        nexvio::{Conversation, Message},
    },
};

/// What is not there is called so.
const KIND: &str = "Conversation";

/// Nobody leaves a name here, so contacts stay empty.
const SELECT: &str = "SELECT conversations.id, bots.id, conversations.created_at, conversations.updated_at, title, \
     (SELECT count(*) FROM messages WHERE conversation = conversations.seq) \
     FROM conversations LEFT JOIN bots ON bots.seq = bot";

#[derive(Deserialize)]
pub(super) struct ListParams {
    #[serde(flatten)]
    slice: SliceParams,
    #[serde(flatten)]
    span: SpanParams,
}

impl ListParams {
    fn check(&self) -> Result<(Slice, Span), ApiError> {
        let mut wrong = Wrong::default();
        let checked = (self.slice.read(&mut wrong), self.span.read(&mut wrong));
        wrong.check().map(|()| checked)
    }
}

/// `GET /conversations`: the one that was begun last comes first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Params(params): Params<ListParams>,
) -> Answer<Listed<Conversation>> {
    let (slice, span) = params.check()?;
    app.db.call(move |tx| some(tx, None, slice, span)).await.map(success)
}

/// `GET /chatbots/{id}/conversations`.
pub(super) async fn list_of_bot(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Params(params): Params<ListParams>,
) -> Answer<Listed<Conversation>> {
    let checked = params.check();
    let listed = app.db.call(move |tx| {
        let bot = bots::seq_of(tx, &id)?;
        let (slice, span) = checked?;
        some(tx, Some(bot), slice, span)
    });
    listed.await.map(success)
}

/// Conversations of one chatbot or of all that were begun in a span.
fn some(tx: &Transaction, bot: Option<i64>, slice: Slice, span: Span) -> Result<Listed<Conversation>, ApiError> {
    const BEGUN: &str = "WHERE (?1 IS NULL OR bot = ?1) AND conversations.created_at >= ?2 \
         AND conversations.created_at < ?3";
    let (start, end) = (span.start.unwrap_or(i64::MIN), span.end.unwrap_or(i64::MAX));
    let total = tx
        .prepare_cached(&format!("SELECT count(*) FROM conversations {BEGUN}"))?
        .query_row(params![bot, start, end], |row| row.get(0))?;
    let mut find = tx.prepare_cached(&format!(
        "{SELECT} {BEGUN} ORDER BY conversations.created_at DESC, conversations.seq DESC LIMIT ?4 OFFSET ?5"
    ))?;
    let rows = find.query_map(params![bot, start, end, slice.limit, slice.offset], read)?;
    Ok(Listed { name: "conversations", items: rows.collect::<Result<_, _>>()?, total, slice })
}

/// `GET /conversations/{id}`.
pub(super) async fn show(State(app): State<Arc<App>>, Id(id): Id) -> Answer<Named<Conversation>> {
    let shown = app.db.call(move |tx| {
        let mut find = tx.prepare_cached(&format!("{SELECT} WHERE conversations.id = ?1"))?;
        find.query_row([id], read).optional()?.ok_or_else(|| missing(KIND))
    });
    Ok(named("conversation", shown.await?))
}

/// `GET /conversations/{id}/messages`: oldest first, and all of them where no limit is given.
pub(super) async fn messages(
    State(app): State<Arc<App>>,
    Id(id): Id,
    Params(params): Params<SliceParams>,
) -> Answer<Listed<Message>> {
    let checked = params.check();
    let listed = app.db.call(move |tx| {
        let mut find = tx.prepare_cached("SELECT seq FROM conversations WHERE id = ?1")?;
        let seq: Option<i64> = find.query_row([id], |row| row.get(0)).optional()?;
        let seq = seq.ok_or_else(|| missing(KIND))?;
        let mut slice = checked?;
        let total = tx
            .prepare_cached("SELECT count(*) FROM messages WHERE conversation = ?1")?
            .query_row([seq], |row| row.get(0))?;
        if !params.has_limit() {
            slice.limit = u32::try_from(total).unwrap_or(u32::MAX);
        }
        let messages = conversations::messages(tx, seq, slice.limit.into(), slice.offset.into())?;
        let shown = |cevvo::Message { role, content, created_at, .. }| Message { role, content, created_at };
        Ok(Listed { name: "messages", items: messages.into_iter().map(shown).collect(), total, slice })
    });
    listed.await.map(success)
}

fn read(row: &Row) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: row.get(0)?,
        chatbot_id: row.get(1)?,
        started_at: ids::timestamp(row.get(2)?),
        last_message_at: ids::timestamp(row.get(3)?),
        summary: row.get(4)?,
        message_count: row.get::<_, i64>(5)?.unsigned_abs(),
        ..Conversation::default()
    })
}
