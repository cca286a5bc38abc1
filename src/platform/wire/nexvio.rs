//! The bodies of Nexvio's API, as its pages show them (`nexvio-api`, `nexvio-get-chatbots`, `nexvio-update-chatbot`).
//! Of what is read only the id is required; what is odd in one field costs that field alone.

#![allow(missing_docs, reason = "the fields are those of the API's pages, which say what they mean")]

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{flags::Flags, lenient};

pub use crate::model::{BUTTON_STYLES, LONGEST_INSTRUCTIONS, MODELS, POSITIONS, is_colour};

/// A chatbot as `/bots` and `/chatbots` show it; a list shows the first few fields alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chatbot {
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub welcome_message: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub appearance: Option<Appearance>,
    #[serde(default, deserialize_with = "lenient::maybe_items", skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<ChatbotSource>>,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub stats: Option<ChatbotStats>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
}

/// How a chatbot looks. In a change, what is not there stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appearance {
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub primary_color: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub chat_bubble_button_style: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub chatbox_header_text: Option<String>,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub hide_branding: Option<bool>,
}

/// A source as a chatbot shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatbotSource {
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
}

/// The figures that a chatbot shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatbotStats {
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_conversations: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_messages: u64,
    #[serde(default, deserialize_with = "lenient::time")]
    pub last_conversation_at: Option<Timestamp>,
}

/// Body of `PATCH /chatbots/:id` and `POST /bots`: only what is sent changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatbotChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome_message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appearance: Option<Appearance>,
}

/// A conversation as `/chatbots/:id/conversations` and `/conversations` list it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub chatbot_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub contact_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub contact_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub contact_email: Option<String>,
    #[serde(default, deserialize_with = "lenient::time")]
    pub started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::time")]
    pub last_message_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient::count")]
    pub message_count: u64,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub summary: Option<String>,
}

/// An item of `/conversations/:id/messages` (reading of `/conversations`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Message {
    #[serde(default, deserialize_with = "lenient::text")]
    pub role: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub content: String,
    #[serde(default, deserialize_with = "lenient::time")]
    pub created_at: Option<Timestamp>,
}

/// Answer to `/chatbots/:id/stats`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    #[serde(default, deserialize_with = "lenient::value")]
    pub summary: StatsSummary,
    #[serde(default, deserialize_with = "lenient::items")]
    pub time_series: Vec<StatsPoint>,
}

/// The figures of a whole span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatsSummary {
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_conversations: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_messages: u64,
    #[serde(default, deserialize_with = "lenient::value")]
    pub avg_messages_per_conversation: f64,
    #[serde(default, deserialize_with = "lenient::value")]
    pub avg_conversation_duration_seconds: f64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub contacts_collected: u64,
}

/// The figures of one day, week or month.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatsPoint {
    /// The first day, as `2023-07-15`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub date: String,
    #[serde(default, deserialize_with = "lenient::count")]
    pub conversations: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub messages: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub contacts_collected: u64,
}

/// A knowledge source as `/knowledge` lists it (reading of `GET /knowledge`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Knowledge {
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub added_at: Option<Timestamp>,
    /// Why it failed, where the platform says so, here or in the message: text, or an object with a message.
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub error: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub message: Option<serde_json::Value>,
    /// Whether it is deleted, archived or switched off: some platforms go on showing such sources.
    #[serde(flatten)]
    pub flags: Flags,
}

/// Body of `POST /knowledge` for a page; a document goes up as a form of `file` and `name`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddPage {
    /// `website`.
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An integration as `/integrations` lists it (reading of `/integrations`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: String,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    #[serde(default, deserialize_with = "lenient::value", skip_serializing_if = "Option::is_none")]
    pub config: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "lenient::time", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// Body of `POST /integrations`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnableIntegration {
    #[serde(rename = "type")]
    pub kind: String,
    pub config: serde_json::Value,
}
