//! `/chat` and `/chat/stream`: questions, answered from the index and kept as conversations.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{
    Json,
    body::Body as Stream,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use rusqlite::{OptionalExtension, Transaction, params};
use serde::Deserialize;

use crate::{
    model::words,
    platform::wire::cevvo::{ChatAnswer, ChatRequest, StreamEvent, Usage},
};

use super::{
    App,
    answer::{Answer, answer},
    error::ApiError,
    ids,
    nexvio::bots,
    request::Body,
    search,
};

/// The model that answers say they come from, whichever was asked for.
const MODEL: &str = "local-bm25";
/// The models that may be asked for, by the API's page.
const MODELS: [&str; 3] = ["auto", "gpt-4o", "claude-sonnet-4-20250514"];
/// The longest question, in bytes.
const MAX_MESSAGE: usize = 8_000;
/// Characters of a question that become its conversation's title.
const MAX_TITLE: usize = 80;

/// What the API's page shows, and a field of our own.
#[derive(Deserialize)]
pub(super) struct Question {
    #[serde(flatten)]
    request: ChatRequest,
    /// The chatbot of Nexvio's API that a new conversation belongs to. One that goes on keeps its own.
    chatbot_id: Option<String>,
}

/// `POST /chat`.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    Body(request): Body<Question>,
) -> Result<Json<ChatAnswer>, ApiError> {
    converse(&app, request).await.map(Json)
}

/// `POST /chat/stream`: the answer word by word, what it rests on, and `[DONE]`, as server-sent events.
pub(super) async fn ask_stream(
    State(app): State<Arc<App>>,
    Body(request): Body<Question>,
) -> Result<Response, ApiError> {
    let ChatAnswer { answer, sources, .. } = converse(&app, request).await?;
    let pieces = answer.split_inclusive(' ').map(|piece| StreamEvent::Text { text: piece.to_owned() });
    let events = pieces.chain([StreamEvent::Sources { sources }]);
    let lines = events.map(|event| serde_json::to_string(&event).map(|json| format!("data: {json}\n\n")));
    let mut lines = lines.collect::<Result<Vec<_>, _>>().map_err(|error| ApiError::own_files(&error))?;
    lines.push("data: [DONE]\n\n".to_owned());
    let body = Stream::from_stream(stream::iter(lines.into_iter().map(Ok::<_, Infallible>)));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, body).into_response())
}

async fn converse(app: &App, Question { request, chatbot_id }: Question) -> Result<ChatAnswer, ApiError> {
    let began = Instant::now();
    if request.message.trim().is_empty() {
        return Err(ApiError::invalid("`message` is empty"));
    }
    if request.message.len() > MAX_MESSAGE {
        return Err(ApiError::invalid(format!("`message` is longer than {MAX_MESSAGE} bytes")));
    }
    if request.model.as_deref().is_some_and(|model| !MODELS.contains(&model)) {
        return Err(ApiError::invalid(format!("`model` is one of {}", MODELS.join(", "))));
    }
    app.db.call(move |tx| reply(tx, &request, chatbot_id.as_deref(), began)).await
}

fn reply(
    tx: &Transaction,
    request: &ChatRequest,
    chatbot_id: Option<&str>,
    began: Instant,
) -> Result<ChatAnswer, ApiError> {
    let asked_at = ids::now_ms();
    let thread = match &request.thread_id {
        Some(id) => Thread::find(tx, id)?,
        None => Thread::begin(tx, bots::asked(tx, chatbot_id)?, &request.message, asked_at)?,
    };
    let answer = find_answer(tx, &thread, &request.message)?;
    let question = thread.say(tx, "user", &request.message, None, asked_at)?;
    tx.prepare_cached(
        "INSERT INTO questions (message, normal, answered, elapsed_us, asked_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        question,
        words::normal(&request.message),
        answer.is_known(),
        i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX),
        asked_at
    ])?;
    thread.say(tx, "assistant", &answer.text, Some(&answer), ids::now_ms())?;
    let count = |text: &str| words::words(text).count() as u64;
    Ok(ChatAnswer {
        id: ids::fresh("msg"),
        thread_id: Some(thread.id),
        model: Some(MODEL.to_owned()),
        usage: Some(Usage { prompt_tokens: count(&request.message), completion_tokens: count(&answer.text) }),
        answer: answer.text,
        sources: answer.sources,
    })
}

/// Answers a message. One that finds nothing by itself may go on from the question before it.
fn find_answer(tx: &Transaction, thread: &Thread, message: &str) -> Result<Answer, ApiError> {
    let terms = words::terms(message);
    let alone = answer(&search::search(tx, &terms)?);
    if alone.is_known() {
        return Ok(alone);
    }
    let Some(before) = thread.last_question(tx)? else { return Ok(alone) };
    let mut together = words::terms(&before);
    together.retain(|word| !terms.contains(word));
    // Only a short message leans on the one before it; else an unknown subject would be answered with the old one.
    if terms.len() > together.len() {
        return Ok(alone);
    }
    together.extend(terms);
    Ok(answer(&search::search(tx, &together)?))
}

/// A conversation that a message belongs to.
struct Thread {
    seq: i64,
    id: String,
}

impl Thread {
    fn find(tx: &Transaction, id: &str) -> Result<Self, ApiError> {
        let mut find = tx.prepare_cached("SELECT seq FROM conversations WHERE id = ?1")?;
        let seq = find.query_row([id], |row| row.get(0)).optional()?;
        let seq = seq.ok_or_else(|| ApiError::missing("conversation", id))?;
        Ok(Self { seq, id: id.to_owned() })
    }

    fn begin(tx: &Transaction, bot: Option<i64>, question: &str, now: i64) -> Result<Self, ApiError> {
        let id = ids::fresh("thr");
        let title: String = question.trim().chars().take(MAX_TITLE).collect();
        tx.prepare_cached(
            "INSERT INTO conversations (id, title, bot, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
        )?
        .execute(params![id, title, bot, now])?;
        Ok(Self { seq: tx.last_insert_rowid(), id })
    }

    fn last_question(&self, tx: &Transaction) -> Result<Option<String>, ApiError> {
        let mut find = tx.prepare_cached(
            "SELECT content FROM messages WHERE conversation = ?1 AND role = 'user' ORDER BY seq DESC LIMIT 1",
        )?;
        Ok(find.query_row([self.seq], |row| row.get(0)).optional()?)
    }

    /// Adds a message and gives its row's number.
    fn say(
        &self,
        tx: &Transaction,
        role: &str,
        content: &str,
        answer: Option<&Answer>,
        now: i64,
    ) -> Result<i64, ApiError> {
        let sources = answer.map(|answer| serde_json::to_string(&answer.sources)).transpose();
        let sources = sources.map_err(|error| ApiError::own_files(&error))?;
        tx.prepare_cached(
            "INSERT INTO messages (conversation, role, content, sources, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![self.seq, role, content, sources, now])?;
        let message = tx.last_insert_rowid();
        tx.prepare_cached("UPDATE conversations SET updated_at = ?2 WHERE seq = ?1")?.execute([self.seq, now])?;
        Ok(message)
    }
}
