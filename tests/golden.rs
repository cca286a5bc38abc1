//! The platforms' pages, held against the local platform: every request that a page shows is sent as it shows it, and the
//! answer has the shape that the page shows. The quotes are in `tests/golden`.

#[path = "golden/curl.rs"]
mod curl;
#[path = "golden/desk.rs"]
mod desk;
#[allow(dead_code, reason = "these tests need a part of it only")]
#[path = "support/origin.rs"]
mod origin;
#[path = "golden/quote.rs"]
mod quote;
#[path = "golden/shape.rs"]
mod shape;

use reqwest::Method;
use serde_json::{Value, json};

use desk::{Answered, Desk};
use quote::{Expected, Quote};
use shape::differences;

/// Fails unless the answer is the one that the page shows.
fn assert_shown(quote: &Quote, answered: &Answered) {
    let what = format!("{}: {} {}", quote.title, answered.status, answered.body);
    match quote.status {
        Some(status) => assert_eq!(answered.status, status, "{what}"),
        None => assert!((200..300).contains(&answered.status), "{what}"),
    }
    match &quote.expected {
        Expected::Nothing => {}
        // Who is refused reads what is said, and so it is compared word for word.
        Expected::Json(shown) if quote.status.is_some() => assert_eq!(answered.json(), *shown, "{what}"),
        Expected::Json(shown) => {
            assert_eq!(answered.header("content-type").as_deref(), Some("application/json"), "{what}");
            let differences = differences(shown, &answered.json(), &quote.null);
            assert!(differences.is_empty(), "{differences:#?} in {what}");
        }
        Expected::Events(shown) => assert_events(shown, answered, &what),
    }
}

/// A stream's events are each like one that is shown, each that is shown occurs, and it ends as is shown.
fn assert_events(shown: &[Value], answered: &Answered, what: &str) {
    assert_eq!(answered.header("content-type").as_deref(), Some("text/event-stream"), "{what}");
    let events = quote::events(&answered.body);
    let (Some((end, shown)), Some((last, events))) = (shown.split_last(), events.split_last()) else {
        panic!("{what}");
    };
    assert_eq!(end, last, "{what}");
    for one in shown {
        assert!(events.iter().any(|event| event["type"] == one["type"]), "no {} in {what}", one["type"]);
    }
    for event in events {
        let alike = |one: &&Value| one["type"] == event["type"] && differences(one, event, &[]).is_empty();
        assert!(shown.iter().any(|one| alike(&one)), "{event} in {what}");
    }
}

#[tokio::test]
async fn cevvos_page() {
    let mut desk = Desk::new().await;
    let source = desk.website().await;
    desk.name("src_abc123", &source);
    let asked = desk.cevvo(Method::POST, "/chat", json!({"message": "How do I get started?"})).await;
    desk.name("thr_xyz789", asked["thread_id"].as_str().unwrap());
    for question in ["How do I get started?", "Do you support SSO?"] {
        desk.cevvo(Method::POST, "/chat", json!({ "message": question })).await;
    }
    let quotes = quote::read(include_str!("golden/cevvo-api.txt"));
    assert_eq!(quotes.len(), 17);
    for quote in &quotes {
        let answered = desk.replay(quote).await;
        assert_shown(quote, &answered);
        match quote.title.as_str() {
            "DELETE /sources/src_abc123" => {
                // The examples go on with it, and with files.
                let file = desk.cevvo(Method::POST, "/sources", json!({"name": "Files", "type": "file"})).await;
                desk.name("src_abc123", file["id"].as_str().unwrap());
            }
            "POST /ingest/upload" => {
                let job = answered.json()["job_id"].as_str().unwrap().to_owned();
                desk.completed(&job).await;
                desk.name("job_ing_001", &job);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn nexvios_overview() {
    let mut desk = Desk::new().await;
    let asked = desk.cevvo(Method::POST, "/chat", json!({"message": "How do I get started?"})).await;
    desk.name("/conversations/:id", &format!("/conversations/{}", asked["thread_id"].as_str().unwrap()));
    let quotes = quote::read(include_str!("golden/nexvio-api.txt"));
    assert_eq!(quotes.len(), 15);
    for quote in &quotes {
        let answered = desk.replay(quote).await;
        assert_shown(quote, &answered);
        desk.assert_limited(&answered);
        let (kind, item) = match quote.title.as_str() {
            "POST /bots" => ("bots", "chatbot"),
            "POST /knowledge" => ("knowledge", "knowledge"),
            "POST /integrations" => ("integrations", "integration"),
            _ => continue,
        };
        let id = answered.json()["data"][item]["id"].as_str().unwrap().to_owned();
        desk.name(&format!("/{kind}/:id"), &format!("/{kind}/{id}"));
    }
}

#[tokio::test]
async fn nexvios_page_on_getting_chatbots() {
    let desk = Desk::with_chatbot().await;
    let quotes = quote::read(include_str!("golden/nexvio-get-chatbots.txt"));
    assert_eq!(quotes.len(), 8);
    for quote in &quotes {
        let answered = desk.replay(quote).await;
        assert_shown(quote, &answered);
        desk.assert_limited(&answered);
    }
}

#[tokio::test]
async fn nexvios_page_on_updating_a_chatbot() {
    let desk = Desk::with_chatbot().await;
    let get = Quote::of("GET https://platform/v1/chatbots/{chatbotId}");
    let full = "PATCH https://platform/v1/chatbots/{chatbotId}\n\
        {\"instructions\": \"Be kind.\", \"appearance\": {\"position\": \"top-left\", \"chatbox_header_text\": \"Ours\"}}";
    assert_eq!(desk.replay(&Quote::of(full)).await.status, 200);
    let quotes = quote::read(include_str!("golden/nexvio-update-chatbot.txt"));
    assert_eq!(quotes.len(), 5);
    for quote in &quotes {
        let before = desk.replay(&get).await.json()["data"]["chatbot"].clone();
        let answered = desk.replay(quote).await;
        assert_shown(quote, &answered);
        desk.assert_limited(&answered);
        // What was sent is what is there, and nothing else has changed; a refused one changes nothing.
        let mut expected = before;
        let after = desk.replay(&get).await.json()["data"]["chatbot"].clone();
        if let (Some(sent), None) = (quote.sent(), quote.status) {
            patch(&mut expected, &sent);
            expected["updated_at"] = after["updated_at"].clone();
        }
        assert_eq!(after, expected, "{}", quote.title);
    }
}

/// Puts into a chatbot what is sent, and nothing else.
fn patch(chatbot: &mut Value, sent: &Value) {
    for (name, value) in sent.as_object().unwrap() {
        if value.is_object() { patch(&mut chatbot[name], value) } else { chatbot[name] = value.clone() }
    }
}

#[tokio::test]
async fn the_parameters_that_the_pages_name() {
    let desk = Desk::with_chatbot().await;
    let get = async |path: &str| {
        let answered = desk.replay(&Quote::of(&format!("GET https://platform{path}"))).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.body);
        answered.json()
    };
    let name = async |method: &str, path: &str, name: &str| {
        let sent = Quote::of(&format!("{method} https://platform/v1/{path}\n{{\"name\": \"{name}\"}}"));
        assert!((200..300).contains(&desk.replay(&sent).await.status), "{name}");
    };
    name("PATCH", "chatbots/{chatbotId}", "Anne").await;
    name("POST", "bots", "Zoe").await;
    let all = get("/v1/chatbots").await;
    let team = all["data"]["chatbots"][0]["team_id"].as_str().unwrap();
    let sorted = format!("team_id={team}&sort_by=name");
    for (query, expected) in [
        (format!("{sorted}&sort_order=asc"), vec!["Anne", "Zoe"]),
        (format!("{sorted}&sort_order=desc"), vec!["Zoe", "Anne"]),
        (format!("{sorted}&sort_order=asc&limit=1"), vec!["Anne"]),
        (format!("{sorted}&sort_order=asc&limit=1&offset=1"), vec!["Zoe"]),
        ("sort_by=created_at&sort_order=asc".to_owned(), vec!["Anne", "Zoe"]),
        ("team_id=of_others".to_owned(), vec![]),
    ] {
        let listed = get(&format!("/v1/chatbots?{query}")).await;
        let names: Vec<&Value> =
            listed["data"]["chatbots"].as_array().unwrap().iter().map(|bot| &bot["name"]).collect();
        assert_eq!(names, expected, "{query}");
    }

    for path in ["/v1/conversations", "/v1/chatbots/{chatbotId}/conversations"] {
        for (query, expected) in [
            ("limit=1&offset=0", 1),
            ("offset=1", 0),
            ("start_date=2020-01-01", 1),
            ("start_date=2020-01-01&end_date=2020-12-31", 0),
            ("end_date=2020-12-31T23:59:59Z", 0),
        ] {
            let listed = get(&format!("{path}?{query}")).await;
            assert_eq!(listed["data"]["conversations"].as_array().unwrap().len(), expected, "{path}?{query}");
        }
    }

    for (granularity, expected) in [("day", 31 + 29), ("week", 9), ("month", 2)] {
        let query = format!("start_date=2020-01-01&end_date=2020-02-29&granularity={granularity}");
        let stats = get(&format!("/v1/chatbots/{{chatbotId}}/stats?{query}")).await;
        let points = stats["data"]["time_series"].as_array().unwrap_or_else(|| panic!("{stats}"));
        assert_eq!(points.len(), expected, "{granularity}");
    }

    for (kind, expected) in [("website", 1), ("file", 0), ("text", 0)] {
        let listed = get(&format!("/api/v1/sources?type={kind}")).await;
        assert_eq!(listed["meta"]["total"], expected, "{kind}: {listed}");
    }
}

#[tokio::test]
async fn the_descriptions_name_calls_that_there_are() {
    let desk = Desk::new().await;
    for (path, methods) in [(kbsync::local::CEVVO_PATH, 16), (kbsync::local::NEXVIO_PATH, 19)] {
        let quote = |method: &str, path: &str| Quote::of(&format!("{method} https://platform{path}"));
        let read = desk.replay(&quote("GET", &format!("{path}/openapi.json"))).await;
        let description = read.json();
        // Who reads it here has a key for here.
        assert_eq!(description["servers"][0]["url"], path, "{}", read.body);
        let mut described = 0;
        for (below, item) in description["paths"].as_object().unwrap() {
            for method in ["get", "post", "put", "patch", "delete"].iter().filter(|method| !item[**method].is_null()) {
                described += 1;
                let request = quote(&method.to_uppercase(), &format!("{path}{}", below.replace("{id}", "none")));
                let answered = desk.replay(&request).await;
                let unknown = answered.status == 405 || answered.body.contains("there is no ");
                assert!(!unknown, "{method} {path}{below}: {}", answered.body);
            }
        }
        assert_eq!(described, methods);
        let refused = desk.replay(&quote("GET", &format!("{path}/openapi.json WRONG_KEY"))).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
    }
}
