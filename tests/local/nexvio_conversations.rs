//! Nexvio's API: conversations, which are those of Cevvo's `/chat`.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Platform;

/// Asks through Cevvo's API; gives the conversation's id.
async fn ask(p: &Platform, body: Value) -> String {
    let (status, answer) = p.send(Method::POST, "/chat", body).await;
    assert_eq!(status, 200, "{answer}");
    answer["thread_id"].as_str().unwrap().to_owned()
}

async fn ids(p: &Platform, path: &str) -> Vec<String> {
    let (status, body) = p.nexvio_get(path).await;
    assert_eq!(status, 200, "{body}");
    let conversations = body["data"]["conversations"].as_array().unwrap();
    conversations.iter().map(|conversation| conversation["id"].as_str().unwrap().to_owned()).collect()
}

async fn first_bot(p: &Platform) -> String {
    p.nexvio_get("/bots?sort_order=asc").await.1["data"]["chatbots"][0]["id"].as_str().unwrap().to_owned()
}

async fn another_bot(p: &Platform) -> String {
    let (_, body) = p.nexvio_send(Method::POST, "/bots", json!({"name": "Sales"})).await;
    body["data"]["chatbot"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_conversation_is_shown_as_the_page_says() {
    let p = Platform::new().await;
    p.document("owls.md", "Owls hunt at night.").await;
    let bot = first_bot(&p).await;
    let thread = ask(&p, json!({"message": "When do owls hunt?"})).await;
    ask(&p, json!({"message": "And where?", "thread_id": thread})).await;
    let (status, body) = p.nexvio_get(&format!("/chatbots/{bot}/conversations")).await;
    assert_eq!((status, &body["status"], &body["data"]["total"]), (200, &json!("success"), &json!(1)));
    let conversation = &body["data"]["conversations"][0];
    let expected = json!({
        "id": thread,
        "chatbot_id": bot,
        "contact_id": null,
        "contact_name": null,
        "contact_email": null,
        "started_at": conversation["started_at"],
        "last_message_at": conversation["last_message_at"],
        "message_count": 4,
        "summary": "When do owls hunt?",
    });
    assert_eq!(conversation, &expected);
    // As text a time without a fraction would come after one with it.
    let at = |key: &str| conversation[key].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(at("started_at") <= at("last_message_at"));
    let (_, shown) = p.nexvio_get(&format!("/conversations/{thread}")).await;
    assert_eq!(shown, json!({"status": "success", "data": {"conversation": expected}}));
    assert_eq!(p.nexvio_get("/conversations").await.1, body);

    let messages = format!("/conversations/{thread}/messages");
    let (_, all) = p.nexvio_get(&messages).await;
    let data = &all["data"];
    assert_eq!((&data["total"], &data["limit"], &data["offset"]), (&json!(4), &json!(4), &json!(0)));
    let first = &data["messages"][0];
    let expected = json!({"role": "user", "content": "When do owls hunt?", "created_at": first["created_at"]});
    assert_eq!((first, &data["messages"][1]["role"]), (&expected, &json!("assistant")));
    assert!(data["messages"][1].get("sources").is_none());
    let (_, some) = p.nexvio_get(&format!("{messages}?limit=1&offset=2")).await;
    assert_eq!(some["data"]["messages"], json!([data["messages"][2]]));
    assert_eq!((&some["data"]["total"], &some["data"]["limit"]), (&json!(4), &json!(1)));
    assert_eq!(p.nexvio_get(&format!("{messages}?limit=0")).await.0, 400);

    let (_, bot) = p.nexvio_get(&format!("/bots/{bot}")).await;
    let stats = &bot["data"]["chatbot"]["stats"];
    assert_eq!((&stats["total_conversations"], &stats["total_messages"]), (&json!(1), &json!(4)));
    assert_eq!(stats["last_conversation_at"], conversation["last_message_at"]);
    let error = json!({"code": "not_found", "message": "Conversation not found"});
    let missing = json!({"status": "error", "message": "Conversation not found", "error": error});
    for path in ["/conversations/thr_x", "/conversations/thr_x/messages"] {
        assert_eq!(p.nexvio_get(path).await, (404, missing.clone()));
    }
}

#[tokio::test]
async fn all_messages_of_a_long_conversation_are_given() {
    let p = Platform::new().await;
    let thread = ask(&p, json!({"message": "one"})).await;
    for _ in 0..55 {
        ask(&p, json!({"message": "more", "thread_id": thread})).await;
    }
    let (_, all) = p.nexvio_get(&format!("/conversations/{thread}/messages")).await;
    assert_eq!(all["data"]["messages"].as_array().unwrap().len(), 112);
}

#[tokio::test]
async fn a_conversation_belongs_to_the_bot_that_was_asked() {
    let p = Platform::new().await;
    let (first, sales) = (first_bot(&p).await, another_bot(&p).await);
    let plain = ask(&p, json!({"message": "hello"})).await;
    let asked = ask(&p, json!({"message": "prices?", "chatbot_id": sales, "model": "auto"})).await;
    let body = json!({"message": "stream?", "chatbot_id": sales});
    assert_eq!(p.request(Method::POST, "/chat/stream").json(&body).send().await.unwrap().status(), 200);
    // It goes on where it was.
    ask(&p, json!({"message": "more", "thread_id": plain, "chatbot_id": sales})).await;
    assert_eq!(ids(&p, &format!("/chatbots/{first}/conversations")).await, [plain.as_str()]);
    let of_sales = ids(&p, &format!("/chatbots/{sales}/conversations")).await;
    assert_eq!((of_sales.len(), &of_sales[1]), (2, &asked));
    assert_eq!(ids(&p, "/conversations").await.len(), 3);
    assert_eq!(ids(&p, "/conversations?limit=1&offset=2").await, [plain.as_str()]);
    let unknown = json!({"message": "hello", "chatbot_id": "chatbot_x"});
    let (status, body) = p.send(Method::POST, "/chat", unknown).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")));
    assert_eq!(p.send(Method::POST, "/chat", json!({"message": "hello", "chatbot_id": 7})).await.0, 400);

    // What a bot was asked goes with it, under both APIs.
    assert_eq!(p.nexvio_delete(&format!("/bots/{sales}")).await.0, 200);
    assert_eq!(ids(&p, "/conversations").await, [plain.as_str()]);
    assert_eq!(p.get(&format!("/conversations/{asked}")).await.0, 404);
    assert_eq!(p.nexvio_delete(&format!("/bots/{first}")).await.0, 200);
    assert_eq!(ids(&p, "/conversations").await.len(), 0);
    let alone = ask(&p, json!({"message": "anybody there?"})).await;
    let (_, shown) = p.nexvio_get(&format!("/conversations/{alone}")).await;
    assert_eq!(shown["data"]["conversation"]["chatbot_id"], Value::Null);
}

#[tokio::test]
async fn conversations_are_found_by_when_they_began() {
    let p = Platform::new().await;
    let bot = first_bot(&p).await;
    let mut threads = Vec::new();
    for number in 0..3 {
        threads.push(ask(&p, json!({"message": format!("hello {number}")})).await);
    }
    let Platform { running, folder, client } = p;
    running.stop().await;
    let db = rusqlite::Connection::open(folder.path().join("platform.db")).unwrap();
    for (thread, time) in
        threads.iter().zip(["2023-07-15T00:00:00Z", "2023-07-15T23:59:59.999Z", "2023-07-16T12:00:00Z"])
    {
        let time: Timestamp = time.parse().unwrap();
        db.execute("UPDATE conversations SET created_at = ?1 WHERE id = ?2", (time.as_millisecond(), thread)).unwrap();
    }
    drop(db);
    let running = crate::harness::start(crate::harness::options(folder.path())).await.unwrap();
    let p = Platform { running, folder, client };
    let path = format!("/chatbots/{bot}/conversations");
    for (query, expected) in [
        ("start_date=2023-07-15&end_date=2023-07-15", "1 0"),
        ("start_date=2023-07-16", "2"),
        ("end_date=2023-07-15T00:00:00Z", "0"),
        ("start_date=2023-07-15T14:00:00%2B02:00&end_date=2023-07-16", "2 1"),
        ("start_date=2023-07-15T00:00:01", "2 1"),
        ("start_date=2023-07-17", ""),
    ] {
        for path in [&path, "/conversations"] {
            let found = ids(&p, &format!("{path}?{query}")).await;
            let numbers = found.iter().map(|id| threads.iter().position(|thread| thread == id).unwrap().to_string());
            assert_eq!(numbers.collect::<Vec<_>>().join(" "), expected, "{query}");
        }
    }
    for (wrong, field) in [
        ("start_date=yesterday", "start_date"),
        ("end_date=2023-02-30", "end_date"),
        ("start_date=2023-07-16&end_date=2023-07-15", "end_date"),
        ("limit=101", "limit"),
    ] {
        let (status, body) = p.nexvio_get(&format!("{path}?{wrong}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")), "{wrong}");
        assert!(body["error"]["details"][field].is_string(), "{body}");
    }
}
