//! The bodies of Cevvo's API, as its page shows them (`cevvo-api`, all sections). Of what is read only the id is
//! required; what is odd in one field costs that field alone.

#![allow(missing_docs, reason = "the fields are those of the API's page, which says what they mean")]

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{flags::Flags, lenient};

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items of this page.
    pub data: Vec<T>,
    /// Where in the list this page lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

/// Where in a list a page lies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Meta {
    /// This page's number, from 1.
    pub page: u64,
    /// Items a page holds at most.
    pub per_page: u64,
    /// Items in the whole list.
    pub total: u64,
}

/// A source as `/sources` and `/sources/:id` show it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Source {
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `pending` and `synced` are documented; others come.
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub document_count: Option<u64>,
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub auto_sync: Option<bool>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub last_synced_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Whether it is deleted, archived or switched off: some platforms go on showing such sources.
    #[serde(flatten)]
    pub flags: Flags,
}

/// Body of `POST /sources`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateSource {
    pub name: String,
    /// `website`, `file` or `text`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_sync: Option<bool>,
}

/// Body of `PUT /sources/:id`: only what is sent changes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UpdateSource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_sync: Option<bool>,
}

/// Answer to every DELETE.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Deleted {
    #[serde(default)]
    pub deleted: bool,
}

/// Body of `POST /ingest/url`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IngestUrl {
    pub url: String,
    pub source_id: String,
}

/// A job, as `/ingest/upload`, `/ingest/url` and `/ingest/status/:id` show it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Job {
    /// Its id, in others' words.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing)]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub job_id: String,
    /// `processing` and `completed` are documented; others come.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_count", skip_serializing_if = "Option::is_none")]
    pub documents_processed: Option<u64>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// Why it failed: text, or an object with a message.
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub error: Option<serde_json::Value>,
    /// Why it failed, in other platforms' words.
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub message: Option<serde_json::Value>,
}

/// Body of `POST /chat` and `POST /chat/stream`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ChatRequest {
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Answer to `POST /chat`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChatAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    pub answer: String,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub thread_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::items")]
    pub sources: Vec<Citation>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// A document that an answer rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_number", skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// Tokens that an answer cost.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    #[serde(default, deserialize_with = "lenient::count")]
    pub prompt_tokens: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub completion_tokens: u64,
}

/// One `data:` line of `POST /chat/stream`. The last one is not JSON but `[DONE]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum StreamEvent {
    /// A piece of the answer.
    Text { text: String },
    /// What the answer rests on.
    Sources { sources: Vec<Citation> },
    /// A kind that this version does not know; skipped.
    #[serde(other)]
    Unknown,
}

/// A conversation as `/conversations` lists it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub message_count: u64,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// A conversation with its messages, as `/conversations/:id` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Thread {
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient::items")]
    pub messages: Vec<Message>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// One message of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// `user` or `assistant`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub role: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub content: String,
    #[serde(default, deserialize_with = "lenient::maybe_items", skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<Citation>>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// Answer to `/analytics/overview`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Overview {
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_conversations: u64,
    /// Share of questions that were answered, 0 to 1.
    #[serde(default, deserialize_with = "lenient::number")]
    pub resolution_rate: f64,
    #[serde(default, deserialize_with = "lenient::number")]
    pub avg_response_time_ms: f64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_messages: u64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub period: String,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// Change against the period before; 0.12 is 12 % more.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Trend {
    #[serde(default, deserialize_with = "lenient::number")]
    pub conversations: f64,
    #[serde(default, deserialize_with = "lenient::number")]
    pub resolution_rate: f64,
}

/// An item of `/analytics/top-questions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TopQuestion {
    #[serde(default, deserialize_with = "lenient::text")]
    pub question: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub count: u64,
    /// Share of the times it was asked in which it was answered, 0 to 1.
    #[serde(default, deserialize_with = "lenient::number")]
    pub resolved_rate: f64,
}

/// An item of `/analytics/coverage-gaps`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CoverageGap {
    #[serde(default, deserialize_with = "lenient::text")]
    pub question: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub count: u64,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub first_asked: Option<Timestamp>,
}
