//! Nexvio's API: the figures of a chatbot.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Platform, options, start};

/// A platform whose first chatbot had these conversations: when each began, and how many seconds after that each of its
/// messages came. Gives the path of the chatbot as well.
async fn with_conversations(conversations: &[(&str, &[i64])]) -> (Platform, String) {
    let p = Platform::new().await;
    let bots = p.nexvio_get("/bots").await.1;
    let path = format!("/chatbots/{}", bots["data"]["chatbots"][0]["id"].as_str().unwrap());
    let Platform { running, folder, client } = p;
    running.stop().await;
    let db = rusqlite::Connection::open(folder.path().join("platform.db")).unwrap();
    for (begun, messages) in conversations {
        let begun = begun.parse::<Timestamp>().unwrap().as_millisecond();
        let last = begun + messages.last().unwrap() * 1000;
        let insert = "INSERT INTO conversations (id, title, bot, created_at, updated_at) \
            VALUES ('thr_' || hex(randomblob(8)), 'x', (SELECT min(seq) FROM bots), ?1, ?2)";
        db.execute(insert, (begun, last)).unwrap();
        let conversation = db.last_insert_rowid();
        for seconds in *messages {
            let insert = "INSERT INTO messages (conversation, role, content, created_at) VALUES (?1, 'user', 'x', ?2)";
            db.execute(insert, (conversation, begun + seconds * 1000)).unwrap();
        }
    }
    drop(db);
    (Platform { running: start(options(folder.path())).await.unwrap(), folder, client }, path)
}

/// The points of an answer: `date:conversations/messages`.
fn points(body: &Value) -> String {
    let points = body["data"]["time_series"].as_array().unwrap().iter().map(|point| {
        assert_eq!(point["contacts_collected"], 0);
        format!("{}:{}/{}", point["date"].as_str().unwrap(), point["conversations"], point["messages"])
    });
    points.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn figures_are_counted_by_day_week_and_month() {
    let conversations: [(&str, &[i64]); 4] = [
        ("2023-06-30T10:00:00Z", &[0, 10]),
        ("2023-07-02T23:59:00Z", &[0, 120]),
        ("2023-07-03T00:00:00Z", &[0, 60, 120, 180]),
        ("2023-07-05T12:00:00Z", &[0, 1]),
    ];
    let (p, path) = with_conversations(&conversations).await;
    let stats = async |query: &str| {
        let (status, body) = p.nexvio_get(&format!("{path}/stats?{query}")).await;
        assert_eq!((status, &body["status"]), (200, &json!("success")), "{body}");
        body
    };
    let all = stats("start_date=2023-06-30&end_date=2023-07-05").await;
    assert_eq!(
        points(&all),
        "2023-06-30:1/2 2023-07-01:0/0 2023-07-02:1/1 2023-07-03:1/5 2023-07-04:0/0 2023-07-05:1/2"
    );
    let summary = json!({
        "total_conversations": 4,
        "total_messages": 10,
        "avg_messages_per_conversation": 2.5,
        "avg_conversation_duration_seconds": 77.75,
        "contacts_collected": 0,
    });
    assert_eq!(all["data"]["summary"], summary);
    let weeks = stats("start_date=2023-06-30&end_date=2023-07-05&granularity=week").await;
    assert_eq!(points(&weeks), "2023-06-26:2/3 2023-07-03:2/7");
    let months = stats("granularity=month&start_date=2023-05-31&end_date=2023-08-01").await;
    assert_eq!(points(&months), "2023-05-01:0/0 2023-06-01:1/2 2023-07-01:3/8 2023-08-01:0/0");
    let times = stats("start_date=2023-07-03T00:02:00Z&end_date=2023-07-05T12:00:00Z").await;
    assert_eq!(points(&times), "2023-07-03:0/2 2023-07-04:0/0 2023-07-05:1/1", "both ends are in it");
    // Without a start it is the first conversation; nothing came before that.
    assert_eq!(points(&stats("end_date=2023-07-01").await), "2023-06-30:1/2 2023-07-01:0/0");
    assert_eq!(points(&stats("end_date=2023-01-01").await), "2023-01-01:0/0");
}

#[tokio::test]
async fn a_bot_that_nobody_has_asked_has_one_point() {
    let (p, path) = with_conversations(&[]).await;
    let (status, body) = p.nexvio_get(&format!("{path}/stats")).await;
    assert_eq!((status, body["data"]["time_series"].as_array().unwrap().len()), (200, 1));
    let summary = json!({
        "total_conversations": 0,
        "total_messages": 0,
        "avg_messages_per_conversation": 0.0,
        "avg_conversation_duration_seconds": 0.0,
        "contacts_collected": 0,
    });
    assert_eq!(body["data"]["summary"], summary);
    p.send(Method::POST, "/chat", json!({"message": "hello"})).await;
    let (_, body) = p.nexvio_get(&format!("{path}/stats")).await;
    assert_eq!(body["data"]["summary"]["total_messages"], 2);
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let (p, path) = with_conversations(&[]).await;
    for (wrong, field) in [
        ("granularity=year", "granularity"),
        ("start_date=x", "start_date"),
        ("start_date=2023-07-16&end_date=2023-07-15", "end_date"),
        ("start_date=2020-01-01&end_date=2047-05-19", "granularity"),
        ("start_date=0001-01-01&end_date=2022-09-27&granularity=month", "granularity"),
        ("start_date=9000-01-01", "start_date"),
    ] {
        let (status, body) = p.nexvio_get(&format!("{path}/stats?{wrong}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")), "{wrong}");
        assert!(body["error"]["details"][field].is_string(), "{body}");
    }
    let (_, body) = p.nexvio_get(&format!("{path}/stats?start_date=2020-01-01&end_date=2047-05-18")).await;
    assert_eq!(body["data"]["time_series"].as_array().unwrap().len(), 10_000);
}
