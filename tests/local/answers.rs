//! Chat, conversations and analytics.

use kbsync::local::UNKNOWN_ROUTE;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Platform;

const CRON: &str = "# Scheduling with cron\n\nSome machines have no daemon.\n\n## Add a line\n\nRun one full pass each \
    night with `crontab -e`:\n\n```\n0 3 * * * kbsync --sync-once\n```\n\nThe exit code says how it went.\n";
const SYSTEMD: &str = "# Running under systemd\n\nInstall the unit and run it at boot:\n\n```\nsystemctl enable --now \
    kbsync\n```\n\nUnlike cron, it runs all the time. Logs go to the journal.\n";
const DOCKER: &str = "# Docker\n\nRun it as a sidecar that mounts the folder read-only:\n\n```\ndocker run -v \
    ./docs:/docs:ro kbsync\n```\n\nRun it from cron on the host where a sidecar is too much. The image is small.\n";

async fn guide() -> Platform {
    let p = Platform::new().await;
    p.document("handbook/cron.md", CRON).await;
    p.document("handbook/systemd.md", SYSTEMD).await;
    p.document("handbook/docker.md", DOCKER).await;
    p
}

async fn ask(p: &Platform, message: &str) -> Value {
    let (status, answer) = p.send(Method::POST, "/chat", json!({"message": message, "thread_id": null})).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn questions_are_answered_from_the_right_page() {
    let p = guide().await;
    for (question, title, text) in [
        ("How do I run it from cron?", "handbook/cron.md", "0 3 * * * kbsync --sync-once"),
        ("how can I run this under systemd", "handbook/systemd.md", "systemctl enable --now kbsync"),
        ("Running with Docker", "handbook/docker.md", "docker run -v ./docs:/docs:ro kbsync"),
        ("where do the logs go?", "handbook/systemd.md", "journal"),
        ("cron's \"exit code\" OR NEAR( *", "handbook/cron.md", "The exit code says how it went."),
    ] {
        let answer = ask(&p, question).await;
        assert_eq!(answer["sources"][0]["title"], title, "{question}: {answer}");
        assert!(answer["answer"].as_str().unwrap().contains(text), "{question}: {answer}");
        let score = answer["sources"][0]["score"].as_f64().unwrap();
        assert!((0.5..=1.0).contains(&score), "{answer}");
        assert!(answer["sources"][0].get("url").is_none());
        assert_eq!(answer["model"], "local-bm25");
    }
}

#[tokio::test]
async fn text__however_a_document_is_written__is_found() {
    let p = Platform::new().await;
    let cases = [
        ("rule.md", "---\n\nMarmots paragraph after a rule.\n\n---\n\nMore.\n", "marmots paragraph"),
        ("tight.md", "---\nWombats right after a rule.\n---\nMore.\n", "wombats right"),
        ("stars.md", "***\nKoalas below stars.\n***\nMore.\n", "koalas stars"),
        ("yaml.md", "---\ntitle: \"Quarterly Zebra Plan\"\n---\n\nBody of it.\n", "Quarterly Zebra Plan"),
        ("crlf.md", "\u{feff}---\r\ntitle: Yearly Lemur Review\r\n---\r\n\r\nBody.\r\n", "yearly lemur review"),
        ("toml.md", "+++\ntitle = 'Monthly Gecko Report'\n+++\nBody.\n", "monthly gecko report"),
        ("tags.md", "---\ntags:\n  - armadillo\n  - pangolin\n---\nBody.\n", "armadillo pangolin"),
        ("open.md", "---\ntitle: Weekly Ocelot Digest\n\nNo end.\n", "weekly ocelot digest"),
        ("heads.md", "# Book\n\n## Okapi hotline 4711\n\n## Giraffe hotline\n\nopen at nine\n", "okapi hotline"),
        ("last.md", "# Book\n\nWords.\n\nTapir hotline\n-------------\n", "tapir hotline"),
        ("under.md", "Dingo hotline\n===\nopen at ten\n", "dingo hotline open"),
        ("shy.md", "# K\n\nDie Ver\u{ad}sicherungs\u{ad}nummer steht hier.\n", "Versicherungsnummer"),
        ("asked-shy.md", "Die Kontonummer steht dort.\n", "Konto\u{ad}nummer"),
        ("zero.md", "Der Melde\u{200b}schein liegt aus.\n", "Meldeschein"),
        ("nfd.md", "Das Cafe\u{301}geba\u{308}ck ist fertig.\n", "Cafégebäck"),
        ("asked-nfd.md", "Der Prüfbericht ist da.\n", "Pru\u{308}fbericht"),
        ("hyphen.md", "Die Giro\u{2011}Karte ist gesperrt.\n", "Giro-Karte"),
        ("ligature.md", "Die Pro\u{fb01}kasse ist offen.\n", "Profikasse"),
    ];
    for (name, text, _) in cases {
        p.document(name, text).await;
    }
    for (name, _, question) in cases {
        let answer = ask(&p, question).await;
        assert_eq!(answer["sources"][0]["title"], name, "{question}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_answered() {
    let p = guide().await;
    for question in ["Do you support SSO?", "What is the capital of France?", "How do I do it?", "???", "*"] {
        let answer = ask(&p, question).await;
        assert_eq!(answer["answer"], "I don't know: nothing in the knowledge base answers this.", "{question}");
        assert_eq!(answer["sources"], json!([]), "{question}");
    }
    let long = (0..1000).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
    assert_eq!(ask(&p, &long).await["sources"], json!([]));
    let another_model = json!({"message": "What is cron?", "model": "gpt-1"});
    for wrong in [json!({"message": " "}), json!({}), json!({"message": "x".repeat(9000)}), another_model] {
        assert_eq!(p.send(Method::POST, "/chat", wrong).await.0, 400);
    }
    for model in ["auto", "gpt-4o", "claude-sonnet-4-20250514"] {
        let wanted = json!({"message": "What is cron?", "model": model});
        assert_eq!(p.send(Method::POST, "/chat", wanted).await.0, 200);
    }
}

#[tokio::test]
async fn a_rename_moves_the_citation_and_a_deletion_ends_it() {
    let p = Platform::new().await;
    let source = p.document("handbook/old.md", "Penguins march in winter.").await;
    let path = format!("/sources/{source}");
    p.send(Method::PUT, &path, json!({"name": "handbook/birds/emperor.md [default:0123456789ab]"})).await;
    assert_eq!(ask(&p, "emperor").await["sources"][0]["title"], "handbook/birds/emperor.md");
    assert_eq!(ask(&p, "when do penguins march?").await["answer"], "Penguins march in winter.");
    p.delete(&path).await;
    assert_eq!(ask(&p, "when do penguins march?").await["sources"], json!([]));
}

#[tokio::test]
async fn the_stream_says_what_the_answer_says() {
    let p = guide().await;
    let whole = ask(&p, "How do I run it from cron?").await;
    let body = json!({"message": "How do I run it from cron?"});
    let answer = p.request(Method::POST, "/chat/stream").json(&body).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = answer.text().await.unwrap();
    let mut events: Vec<&str> =
        text.split_terminator("\n\n").map(|line| line.strip_prefix("data: ").unwrap()).collect();
    assert_eq!(events.pop(), Some("[DONE]"));
    let mut events: Vec<Value> = events.into_iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(events.pop(), Some(json!({"type": "sources", "sources": whole["sources"]})));
    let said: String = events.iter().map(|event| event["text"].as_str().unwrap()).collect();
    assert!(events.len() > 1 && events.iter().all(|event| event["type"] == "text"));
    assert_eq!(said, whole["answer"].as_str().unwrap());
}

#[tokio::test]
async fn conversations_go_on_are_listed_shown_and_deleted() {
    let p = guide().await;
    let first = ask(&p, "How do I run it from cron?").await;
    let thread = first["thread_id"].as_str().unwrap();
    let follow_up = json!({"message": "and exactly how?", "thread_id": thread});
    let (_, second) = p.send(Method::POST, "/chat", follow_up).await;
    assert_eq!(second["thread_id"], thread);
    assert_eq!(second["sources"][0]["title"], "handbook/cron.md", "it goes on from the question before");
    ask(&p, "where do the logs go?").await;

    let (_, list) = p.get("/conversations?per_page=1&page=2").await;
    assert_eq!(list["meta"], json!({"page": 2, "per_page": 1, "total": 2}));
    assert_eq!(list["data"][0]["title"], "How do I run it from cron?");
    assert_eq!(list["data"][0]["message_count"], 4);

    let path = format!("/conversations/{thread}");
    let (_, shown) = p.get(&path).await;
    let roles: Vec<_> = shown["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
    assert_eq!(shown["messages"][1]["sources"], first["sources"]);
    assert!(shown["messages"][0].get("sources").is_none());

    assert_eq!(p.delete(&path).await, (200, json!({"deleted": true})));
    assert_eq!(p.get(&path).await.0, 404);
    assert_eq!(p.delete(&path).await.0, 404);
    let lost = json!({"message": "logs?", "thread_id": thread});
    assert_eq!(p.send(Method::POST, "/chat", lost).await.0, 404);
    assert_eq!(p.get("/conversations?per_page=101").await.0, 400);
    assert_eq!(p.running.requests().count("GET", UNKNOWN_ROUTE), 0);
}

#[tokio::test]
async fn the_analytics_count_what_was_asked() {
    let p = guide().await;
    for question in
        ["How do I run it from cron?", "how do i run it from CRON", "Do you support SSO?", "Where do the logs go?"]
    {
        ask(&p, question).await;
    }
    let (_, overview) = p.get("/analytics/overview").await;
    assert_eq!((&overview["total_conversations"], &overview["total_messages"]), (&json!(4), &json!(8)));
    assert_eq!((&overview["resolution_rate"], &overview["period"]), (&json!(0.75), &json!("7d")));
    assert_eq!(overview["trend"], json!({"conversations": 0.0, "resolution_rate": 0.0}));
    assert!(overview["avg_response_time_ms"].as_f64().unwrap() > 0.0);

    let (_, top) = p.get("/analytics/top-questions?limit=2&period=24h").await;
    assert_eq!(top["data"].as_array().unwrap().len(), 2);
    assert_eq!(top["data"][0], json!({"question": "How do I run it from cron?", "count": 2, "resolved_rate": 1.0}));
    assert_eq!(top["data"][1], json!({"question": "Do you support SSO?", "count": 1, "resolved_rate": 0.0}));

    let (_, gaps) = p.get("/analytics/coverage-gaps").await;
    assert_eq!(gaps["data"].as_array().unwrap().len(), 1);
    assert_eq!((&gaps["data"][0]["question"], &gaps["data"][0]["count"]), (&json!("Do you support SSO?"), &json!(1)));
    assert!(gaps["data"][0]["first_asked"].is_string());
    for wrong in ["overview?period=1d", "top-questions?limit=51", "top-questions?limit=0", "coverage-gaps?period=x"] {
        assert_eq!(p.get(&format!("/analytics/{wrong}")).await.0, 400, "{wrong}");
    }
}
