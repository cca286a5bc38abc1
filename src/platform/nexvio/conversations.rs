//! Nexvio's API: conversations and the figures of a chatbot (`nexvio-api`, section Conversations; `nexvio-get-chatbots`).

use reqwest::Method;

use super::{List, Nexvio};
use crate::platform::{
    ApiError,
    call::Call,
    gate::Class,
    wire::nexvio::{Conversation, Message, Stats},
};

/// A span of time, each end as an ISO 8601 date or time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span<'a> {
    /// Where it begins.
    pub start: Option<&'a str>,
    /// Where it ends.
    pub end: Option<&'a str>,
}

impl Span<'_> {
    fn query(self) -> Vec<(&'static str, String)> {
        let ends = [("start_date", self.start), ("end_date", self.end)];
        ends.into_iter().filter_map(|(name, date)| Some((name, date?.to_owned()))).collect()
    }
}

impl Nexvio {
    /// One page of conversations, after so many: of one chatbot, or of all. At most 100 a page.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn conversations(
        &self,
        chatbot: Option<&str>,
        limit: u64,
        offset: u64,
        span: Span<'_>,
    ) -> Result<List<Conversation>, ApiError> {
        let mut query = vec![("limit", limit.to_string()), ("offset", offset.to_string())];
        query.extend(span.query());
        let call = match chatbot {
            Some(id) => Call::new(Method::GET, "/chatbots/{id}/conversations", Class::Begin).id(id),
            None => Call::new(Method::GET, "/conversations", Class::Begin),
        };
        self.http.list(call.query(&query), "conversations").await
    }

    /// A conversation, without its messages.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn conversation(&self, id: &str) -> Result<Conversation, ApiError> {
        self.http.one(Call::new(Method::GET, "/conversations/{id}", Class::Begin).id(id), &["conversation"]).await
    }

    /// The messages of a conversation, oldest first.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn messages(&self, id: &str) -> Result<Vec<Message>, ApiError> {
        let call = Call::new(Method::GET, "/conversations/{id}/messages", Class::Begin).id(id);
        Ok(self.http.list(call, "messages").await?.items)
    }

    /// The figures of a chatbot; `granularity` is `day`, `week` or `month`.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn stats(&self, chatbot: &str, granularity: &str, span: Span<'_>) -> Result<Stats, ApiError> {
        let mut query = vec![("granularity", granularity.to_owned())];
        query.extend(span.query());
        let call = Call::new(Method::GET, "/chatbots/{id}/stats", Class::Begin).id(chatbot);
        self.http.one(call.query(&query), &[]).await
    }
}
