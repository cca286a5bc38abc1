//! Nexvio's API, read by our own client: both were written from the same pages.

use std::{io::Write, time::Duration};

use kbsync::{
    local::NEXVIO_PATH,
    model::{Moment, RateLimit},
    pace::Ticket,
    platform::{
        ApiError, Connection, Holding, Http, Journal, Platform as _, SourceKind, Timing, Upload,
        nexvio::{self, Nexvio, Span},
        wire::nexvio::{Appearance, ChatbotChange},
    },
};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use crate::harness::{PATIENCE, Platform};

struct Unnoted;

impl Journal for Unnoted {
    fn sent(&self, _: Ticket, _: Moment) {}
    fn answered(&self, _: Ticket, _: Moment) {}
}

fn nexvio(p: &Platform) -> Nexvio {
    let mut base_url: Url = p.running.base_url().parse().unwrap();
    base_url.set_path(NEXVIO_PATH);
    client(base_url, p.running.api_key().clone())
}

fn client(base_url: Url, api_key: SecretString) -> Nexvio {
    let connection = Connection {
        base_url,
        probe: nexvio::PROBE,
        api_key,
        rate_limit: RateLimit::new(10_000, Duration::from_secs(1)),
        stamps: Vec::new(),
        journal: Box::new(Unnoted),
        timing: Timing::default(),
    };
    Nexvio::new(Http::new(connection).unwrap())
}

#[tokio::test]
async fn knowledge_is_added_listed_and_deleted() {
    let p = Platform::new().await;
    let client = nexvio(&p);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"Owls hunt at night.").unwrap();
    let upload = Upload { name: "owls.markdown".to_owned(), size: 19, file };
    let made = client.create("owls [default:0123456789ab]", &SourceKind::File, Some(upload)).await.unwrap();
    let ready = async {
        loop {
            let page = client.sources(None).await.unwrap();
            assert_eq!((page.total, &page.sources[0].id, page.sources.len()), (Some(1), &made.source, 1));
            if page.sources[0].holding == Holding::Document {
                return page.sources[0].clone();
            }
        }
    };
    let ready = tokio::time::timeout(PATIENCE, ready).await.expect("it becomes ready");
    assert_eq!(ready.name, "owls [default:0123456789ab]");
    assert!(ready.created_at.is_some());
    assert_eq!(p.running.snapshot().await[0].documents[0].file_name, "owls.md");
    for _ in 0..2 {
        client.delete(&made.source).await.unwrap();
    }
    assert_eq!(client.knowledge(100, 0).await.unwrap().items, []);
}

#[tokio::test]
async fn chatbots_conversations_and_integrations_are_read() {
    let p = Platform::new().await;
    let client = nexvio(&p);
    let wanted = ChatbotChange { name: Some("Sales".to_owned()), ..ChatbotChange::default() };
    let made = client.create_bot(&wanted).await.unwrap();
    let appearance = Appearance { position: Some("top-left".to_owned()), ..Appearance::default() };
    let change = ChatbotChange { appearance: Some(appearance), ..ChatbotChange::default() };
    let changed = client.update_chatbot(&made.id, &change).await.unwrap();
    assert_eq!(changed.appearance.unwrap().position.as_deref(), Some("top-left"));
    let wrong = ChatbotChange { model: Some("gpt-5".to_owned()), ..ChatbotChange::default() };
    let refusal = client.update_chatbot(&made.id, &wrong).await.unwrap_err().to_string();
    assert!(refusal.contains("Invalid request data"), "{refusal}");

    p.send(Method::POST, "/chat", json!({"message": "hello", "chatbot_id": made.id})).await;
    let listed = client.conversations(Some(&made.id), 100, 0, Span::default()).await.unwrap();
    assert_eq!((listed.total, listed.items.len()), (Some(1), 1));
    let conversation = client.conversation(&listed.items[0].id).await.unwrap();
    assert_eq!((&conversation, &conversation.chatbot_id), (&listed.items[0], &Some(made.id.clone())));
    let messages = client.messages(&conversation.id).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.role.as_str()).collect::<Vec<_>>(), ["user", "assistant"]);
    let stats = client.stats(&made.id, "week", Span::default()).await.unwrap();
    assert_eq!((stats.summary.total_messages, stats.time_series.len()), (2, 1));
    let shown = client.chatbot(&made.id).await.unwrap().unwrap();
    assert_eq!(shown.stats.unwrap().total_conversations, 1);

    let bots = client.chatbots(100, 0, None).await.unwrap();
    assert_eq!(bots.items.iter().map(|bot| bot.name.as_str()).collect::<Vec<_>>(), ["Sales", "Assistant"]);
    client.delete_bot(&made.id).await.unwrap();
    assert_eq!(client.chatbot(&made.id).await.unwrap(), None);
    let refusal = client.delete_bot(&made.id).await.unwrap_err().to_string();
    assert!(refusal.contains("Chatbot not found"), "{refusal}");

    let slack = client.enable_integration("slack", json!({"channel": "#help"})).await.unwrap();
    assert_eq!(client.integrations().await.unwrap().items, std::slice::from_ref(&slack));
    client.disable_integration(&slack.id).await.unwrap();
    assert_eq!(client.integrations().await.unwrap().total, Some(0));
}

#[tokio::test]
async fn what_answers_something_else_has_done_nothing_to_a_look() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url: Url = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    let other = axum::Router::new().fallback(async || axum::Json(json!({"hello": 1})));
    let serving = tokio::spawn(async { axum::serve(listener, other).await });
    let client = client(base_url, SecretString::from("key"));
    let error = client.knowledge(1, 0).await.unwrap_err();
    assert!(matches!(error, ApiError::Unavailable(_)), "{error}");
    let words = error.to_string();
    assert!(
        words.starts_with("GET /knowledge to http://127.0.0.1:") && words.contains("`platform.base_url`"),
        "{words}"
    );
    let error = client.create_bot(&ChatbotChange::default()).await.unwrap_err();
    assert!(matches!(error, ApiError::Unknown { .. }), "{error}");
    for id in ["", ".", "..", ".\t.", "a\nb"] {
        let error = client.chatbot(id).await.unwrap_err();
        assert!(matches!(error, ApiError::NoSuchCall(_)), "{error}");
    }
    serving.abort();
}
