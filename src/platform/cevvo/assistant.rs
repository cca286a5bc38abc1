//! Cevvo's API: chat, conversations and analytics (`cevvo-api`, sections Chat, Conversations and Analytics).

use std::{fmt, sync::Arc};

use reqwest::{Method, Response};
use serde_json::Value;

use super::Cevvo;
use crate::platform::{
    ApiError, List,
    call::Call,
    gate::Class,
    keys::Keys,
    wire::cevvo::{
        ChatAnswer, ChatRequest, Citation, Conversation, CoverageGap, Overview, StreamEvent, Thread, TopQuestion,
    },
};

/// The longest line of a stream; the sources of an answer come as one.
const LONGEST_LINE: usize = 1 << 20;
/// The most citations of a stream that are kept: answers rest on a few.
const MOST_CITATIONS: usize = 1_000;

/// The period that analytics cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The last day.
    Day,
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
    /// The last ninety days.
    Quarter,
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        })
    }
}

/// A piece of a streamed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// More of the text.
    Text(String),
    /// What the answer rests on.
    Sources(Vec<Citation>),
}

/// An answer as it comes.
pub struct ChatStream {
    response: Response,
    buffer: Vec<u8>,
    keys: Arc<Keys>,
    /// Text that may end within the key.
    held: String,
    /// How many citations may still come.
    citations: usize,
    ended: bool,
}

impl ChatStream {
    /// The next piece; `None` after `[DONE]`. Comments, blank lines and unknown kinds are passed over.
    ///
    /// # Errors
    /// When the stream breaks off before its end.
    pub async fn next(&mut self) -> Result<Option<ChatEvent>, ApiError> {
        let broken = |cause: &str| ApiError::Unknown { call: "POST /chat/stream".to_owned(), cause: cause.to_owned() };
        loop {
            if self.ended {
                return Ok(None);
            }
            match next_event(&mut self.buffer, &|event| self.keys.mask(event)) {
                Line::Event(ChatEvent::Text(text)) => {
                    self.held += &text;
                    let ready = self.keys.take_masked(&mut self.held);
                    if !ready.is_empty() {
                        return Ok(Some(ChatEvent::Text(ready)));
                    }
                    continue;
                }
                Line::Event(ChatEvent::Sources(mut sources)) => {
                    sources.truncate(self.citations);
                    self.citations -= sources.len();
                    return Ok(Some(ChatEvent::Sources(sources)));
                }
                Line::Done => {
                    self.ended = true;
                    let rest = std::mem::take(&mut self.held);
                    return Ok((!rest.is_empty()).then_some(ChatEvent::Text(rest)));
                }
                Line::Nothing => {}
            }
            if self.buffer.len() > LONGEST_LINE {
                return Err(broken("a line of the answer is too long"));
            }
            match self.response.chunk().await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                // What came before it broke off is shown first.
                _ if !self.held.is_empty() => return Ok(Some(ChatEvent::Text(std::mem::take(&mut self.held)))),
                Ok(None) => return Err(broken("the answer broke off")),
                Err(_) => return Err(broken("the connection broke off")),
            }
        }
    }
}

/// What a line, or all whole lines, say.
#[derive(Debug, PartialEq)]
pub(in crate::platform) enum Line {
    Event(ChatEvent),
    Done,
    Nothing,
}

/// Takes whole lines away up to one that says something. `mask` takes the key out of each.
pub(in crate::platform) fn next_event(buffer: &mut Vec<u8>, mask: &dyn Fn(&mut Value)) -> Line {
    while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
        let line: Vec<u8> = buffer.drain(..=end).collect();
        let said = read_line(&String::from_utf8_lossy(&line), mask);
        if said != Line::Nothing {
            return said;
        }
    }
    Line::Nothing
}

fn read_line(line: &str, mask: &dyn Fn(&mut Value)) -> Line {
    let Some(data) = line.trim_end().strip_prefix("data:").map(str::trim_start) else { return Line::Nothing };
    if data == "[DONE]" {
        return Line::Done;
    }
    let Ok(mut event) = serde_json::from_str(data) else { return Line::Nothing };
    mask(&mut event);
    match serde_json::from_value(event) {
        Ok(StreamEvent::Text { text }) => Line::Event(ChatEvent::Text(text)),
        Ok(StreamEvent::Sources { sources }) => Line::Event(ChatEvent::Sources(sources)),
        Ok(StreamEvent::Unknown) | Err(_) => Line::Nothing,
    }
}

impl Cevvo {
    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn chat(&self, request: &ChatRequest) -> Result<ChatAnswer, ApiError> {
        self.http.one(Call::new(Method::POST, "/chat", Class::Begin).json(request), &[]).await
    }

    /// Asks, and hands the answer out as it comes.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn chat_stream(&self, request: &ChatRequest) -> Result<ChatStream, ApiError> {
        let call = Call::new(Method::POST, "/chat/stream", Class::Begin).json(request);
        Ok(ChatStream {
            response: self.http.open(call).await?,
            buffer: Vec::new(),
            keys: self.http.keys(),
            held: String::new(),
            citations: MOST_CITATIONS,
            ended: false,
        })
    }

    /// One page of conversations; at most 100 a page.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn conversations(&self, page: u64, per_page: u64) -> Result<List<Conversation>, ApiError> {
        let query = [("page", page.to_string()), ("per_page", per_page.to_string())];
        self.http.list(Call::new(Method::GET, "/conversations", Class::Begin).query(&query), "conversations").await
    }

    /// A conversation with its messages.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn conversation(&self, id: &str) -> Result<Thread, ApiError> {
        self.http.one(Call::new(Method::GET, "/conversations/{id}", Class::Begin).id(id), &["conversation"]).await
    }

    /// Deletes a conversation with its messages.
    ///
    /// # Errors
    /// See [`ApiError`]; here a conversation that does not exist is one.
    pub async fn delete_conversation(&self, id: &str) -> Result<(), ApiError> {
        let call = Call::new(Method::DELETE, "/conversations/{id}", Class::Begin).id(id);
        self.http.change(call).await.map(drop)
    }

    /// The dashboard's figures.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn overview(&self, period: Period) -> Result<Overview, ApiError> {
        let query = [("period", period.to_string())];
        self.http.one(Call::new(Method::GET, "/analytics/overview", Class::Begin).query(&query), &[]).await
    }

    /// The questions asked most; at most 50.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn top_questions(&self, limit: u32, period: Period) -> Result<Vec<TopQuestion>, ApiError> {
        self.ranking("/analytics/top-questions", limit, period).await
    }

    /// The questions that the knowledge base could not answer.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn coverage_gaps(&self, limit: u32, period: Period) -> Result<Vec<CoverageGap>, ApiError> {
        self.ranking("/analytics/coverage-gaps", limit, period).await
    }

    async fn ranking<T: serde::de::DeserializeOwned>(
        &self,
        path: &'static str,
        limit: u32,
        period: Period,
    ) -> Result<Vec<T>, ApiError> {
        let query = [("limit", limit.to_string()), ("period", period.to_string())];
        Ok(self.http.list(Call::new(Method::GET, path, Class::Begin).query(&query), "questions").await?.items)
    }
}
