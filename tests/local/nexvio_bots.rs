//! Nexvio's API: chatbots, under both of their names.

use kbsync::local::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Platform, options, start};

/// The bots of a list, by name.
async fn names(p: &Platform, path: &str) -> String {
    let (status, body) = p.nexvio_get(path).await;
    assert_eq!(status, 200, "{body}");
    let bots = body["data"]["chatbots"].as_array().unwrap();
    bots.iter().map(|bot| bot["name"].as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

async fn create(p: &Platform, fields: Value) -> Value {
    let (status, body) = p.nexvio_send(Method::POST, "/bots", fields).await;
    assert_eq!((status, &body["status"]), (201, &json!("success")), "{body}");
    body["data"]["chatbot"].clone()
}

fn path(bot: &Value) -> String {
    format!("/chatbots/{}", bot["id"].as_str().unwrap())
}

#[tokio::test]
async fn there_is_one_from_the_start() {
    let p = Platform::new().await;
    let (status, bots) = p.nexvio_get("/bots").await;
    assert_eq!((status, &bots), (200, &p.nexvio_get("/chatbots").await.1));
    let data = &bots["data"];
    assert_eq!((&data["total"], &data["limit"], &data["offset"]), (&json!(1), &json!(50), &json!(0)));
    let bot = data["chatbots"][0].as_object().unwrap();
    let mut fields: Vec<_> = bot.keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["created_at", "id", "model", "name", "team_id", "updated_at"]);
    assert_eq!((&bot["name"], &bot["model"]), (&json!("Assistant"), &json!("gpt-3.5-turbo")));
    assert!(bot["created_at"].as_str().unwrap().starts_with(&jiff::Timestamp::now().to_string()[..4]));
    let id = bot["id"].clone();
    let p = p.restarted(|_| {}).await;
    assert_eq!(p.nexvio_get("/bots").await.1["data"]["chatbots"][0]["id"], id);
}

#[tokio::test]
async fn a_bot_lives_as_the_pages_say() {
    let p = Platform::new().await;
    let made = create(&p, json!({"name": "Sales", "model": "gpt-4", "appearance": {"position": "top-left"}})).await;
    let look = json!({
        "primary_color": "#4A90E2",
        "chat_bubble_button_style": "round",
        "position": "top-left",
        "chatbox_header_text": "Sales",
        "hide_branding": false,
    });
    assert_eq!((&made["model"], &made["instructions"], &made["appearance"]), (&json!("gpt-4"), &json!(""), &look));
    assert!(made["team_id"].is_string() && made["welcome_message"].is_string() && made.get("stats").is_none());

    let (_, shown) = p.nexvio_get(&path(&made)).await;
    let shown = &shown["data"]["chatbot"];
    let stats = json!({"total_conversations": 0, "total_messages": 0, "last_conversation_at": null});
    assert_eq!((&shown["sources"], &shown["stats"], &shown["appearance"]), (&json!([]), &stats, &look));

    let change = json!({
        "welcome_message": "Welcome back!",
        "appearance": {"primary_color": "#fff", "chat_bubble_button_style": "square"},
        "mood": "sunny",
    });
    let (status, changed) = p.nexvio_send(Method::PATCH, &path(&made), change).await;
    let changed = &changed["data"]["chatbot"];
    assert_eq!((status, &changed["welcome_message"], &changed["name"]), (200, &json!("Welcome back!"), &made["name"]));
    let look = json!({
        "primary_color": "#fff",
        "chat_bubble_button_style": "square",
        "position": "top-left",
        "chatbox_header_text": "Sales",
        "hide_branding": false,
    });
    assert_eq!((&changed["appearance"], &changed["created_at"]), (&look, &made["created_at"]));
    // As texts, a time without a fraction of its second comes after one that has it.
    let at = |bot: &Value| bot["updated_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(at(changed) >= at(&made));
    assert!(changed.get("sources").is_none() && changed.get("stats").is_none());

    let p = p.restarted(|_| {}).await;
    let other_name = path(&made).replace("/chatbots", "/bots");
    let (_, shown) = p.nexvio_get(&other_name).await;
    assert_eq!((&shown["data"]["chatbot"]["appearance"], &shown), (&look, &p.nexvio_get(&path(&made)).await.1));
    let (_, again) = p.nexvio_send(Method::PATCH, &other_name, json!({"team_id": "team_b"})).await;
    assert_eq!(again["data"]["chatbot"]["team_id"], "team_b");

    assert_eq!(p.nexvio_delete(&path(&made)).await.0, 405);
    let gone = p.nexvio_delete(&other_name).await;
    assert_eq!(gone, (200, json!({"status": "success", "data": {"deleted": true}})));
    let error = json!({"code": "not_found", "message": "Chatbot not found"});
    let missing = json!({"status": "error", "message": "Chatbot not found", "error": error});
    for answer in [p.nexvio_get(&other_name).await, p.nexvio_delete(&other_name).await] {
        assert_eq!(answer, (404, missing.clone()));
    }
    let missing = json!({"status": "error", "error": error});
    for answer in [
        p.nexvio_get(&path(&made)).await,
        p.nexvio_send(Method::PATCH, &path(&made), json!({})).await,
        p.nexvio_get(&format!("{}/stats", path(&made))).await,
        p.nexvio_get(&format!("{}/conversations", path(&made))).await,
    ] {
        assert_eq!(answer, (404, missing.clone()));
    }
    assert_eq!(p.nexvio_send(Method::POST, "/chatbots", json!({"name": "x"})).await.0, 405);
}

#[tokio::test]
async fn lists_are_sorted_sliced_and_of_one_team() {
    let p = Platform::new().await;
    for (name, team) in [("beta", "team_a"), ("Alpha", "team_b"), ("gamma", "team_a")] {
        create(&p, json!({"name": name, "team_id": team})).await;
    }
    assert_eq!(names(&p, "/chatbots").await, "gamma, Alpha, beta, Assistant");
    assert_eq!(names(&p, "/bots?sort_order=asc&limit=2&offset=1").await, "beta, Alpha");
    assert_eq!(names(&p, "/bots?sort_by=name&sort_order=asc").await, "Alpha, Assistant, beta, gamma");
    assert_eq!(names(&p, "/bots?sort_by=name").await, "gamma, beta, Assistant, Alpha");
    assert_eq!(names(&p, "/bots?team_id=team_a&sort_by=created_at").await, "gamma, beta");
    assert_eq!(p.nexvio_get("/bots?team_id=team_a&limit=1").await.1["data"]["total"], 2);
    assert_eq!(names(&p, "/bots?team_id=nobody").await, "");
    let (status, body) = p.nexvio_get("/chatbots?limit=0&offset=-1&sort_by=mood&sort_order=up").await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")));
    let details = json!({
        "limit": "Must be an integer from 1 to 100",
        "offset": "Must be an integer from 0 to 4294967295",
        "sort_by": "Invalid sort_by specified. Allowed values: created_at, name",
        "sort_order": "Invalid sort_order specified. Allowed values: desc, asc",
    });
    assert_eq!(body["error"]["details"], details);
}

#[tokio::test]
async fn every_wrong_field_is_told_and_nothing_changes() {
    let p = Platform::new().await;
    let made = create(&p, json!({"name": "Sales"})).await;
    let wrong = json!({
        "name": "Renamed",
        "model": "gpt-5",
        "instructions": "x".repeat(32_001),
        "appearance": {"primary_color": "blue", "hide_branding": 1},
    });
    let (status, body) = p.nexvio_send(Method::PATCH, &path(&made), wrong).await;
    let details = json!({
        "model": "Invalid model specified. Allowed values: gpt-3.5-turbo, gpt-4",
        "instructions": "Must have at most 32,000 characters",
        "appearance.primary_color": "Invalid colour specified. Must be a hex code such as #4A90E2",
        "appearance.hide_branding": "Must be a boolean",
    });
    let error = json!({"code": "validation_error", "message": "Invalid request data", "details": details});
    assert_eq!((status, body), (400, json!({"status": "error", "error": error})));
    for wrong in [json!({}), json!({"name": null}), json!({"name": " "}), json!([]), json!("x")] {
        let (status, body) = p.nexvio_send(Method::POST, "/bots", wrong.clone()).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")), "{wrong}");
    }
    assert_eq!(names(&p, "/bots").await, "Sales, Assistant");
    let long = json!({"instructions": "ü".repeat(32_000)});
    assert_eq!(p.nexvio_send(Method::PATCH, &path(&made), long).await.0, 200);
}

#[tokio::test]
async fn hiding_the_branding_needs_the_enterprise_plan() {
    let p = Platform::new().await;
    let made = create(&p, json!({"name": "Sales"})).await;
    let hide = json!({"name": "Hidden", "appearance": {"hide_branding": true}});
    for (method, path) in [(Method::PATCH, path(&made)), (Method::POST, "/bots".to_owned())] {
        let (status, body) = p.nexvio_send(method, &path, hide.clone()).await;
        assert_eq!((status, &body["status"], &body["error"]["code"]), (403, &json!("error"), &json!("forbidden")));
    }
    assert_eq!(names(&p, "/bots").await, "Sales, Assistant");
    let show = json!({"appearance": {"hide_branding": false}});
    assert_eq!(p.nexvio_send(Method::PATCH, &path(&made), show).await.0, 200);
    let p = p.restarted(|options: &mut Options| options.enterprise = true).await;
    let (status, body) = p.nexvio_send(Method::PATCH, &path(&made), hide).await;
    assert_eq!((status, &body["data"]["chatbot"]["appearance"]["hide_branding"]), (200, &json!(true)));
}

#[tokio::test]
async fn a_bot_shows_all_knowledge() {
    let p = Platform::new().await;
    let document = p.document("a/b.md", "text").await;
    let site = json!({"name": "site", "type": "website", "url": "http://127.0.0.1/"});
    p.send(Method::POST, "/sources", site).await;
    let made = create(&p, json!({"name": "Sales"})).await;
    let (_, shown) = p.nexvio_get(&path(&made)).await;
    let sources = shown["data"]["chatbot"]["sources"].as_array().unwrap();
    assert_eq!((&sources[0]["type"], &sources[0]["url"]), (&json!("website"), &json!("http://127.0.0.1/")));
    assert_eq!((&sources[1]["id"], &sources[1]["type"]), (&json!(document), &json!("file")));
    assert!(sources[1]["added_at"].is_string() && sources[1].get("url").is_none() && sources.len() == 2);
}

#[tokio::test]
async fn a_bot_shows_at_most_a_thousand_sources() {
    let p = Platform::new().await;
    let made = create(&p, json!({"name": "Sales"})).await;
    let Platform { running, folder, client } = p;
    running.stop().await;
    let mut db = rusqlite::Connection::open(folder.path().join("platform.db")).unwrap();
    let tx = db.transaction().unwrap();
    for number in 1..=1001 {
        let insert = "INSERT INTO sources (id, name, kind, status, auto_sync, created_at, updated_at) \
            VALUES ('src_' || ?1, 'x', 'text', 'synced', 0, 0, 0)";
        tx.execute(insert, [number]).unwrap();
    }
    tx.commit().unwrap();
    drop(db);
    let p = Platform { running: start(options(folder.path())).await.unwrap(), folder, client };
    let (_, shown) = p.nexvio_get(&path(&made)).await;
    let sources = shown["data"]["chatbot"]["sources"].as_array().unwrap();
    assert_eq!((sources.len(), &sources[0]["id"], &sources[999]["id"]), (1000, &json!("src_1001"), &json!("src_2")));
    assert_eq!(p.nexvio_get("/knowledge").await.1["data"]["total"], 1001);
}
