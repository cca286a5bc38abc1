//! Sources: create, list, show, update, delete.

use kbsync::local::Change;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Platform;

#[tokio::test]
async fn a_source_lives_as_the_page_says() {
    let p = Platform::new().await;
    let wanted = json!({"name": "Docs", "type": "website", "url": "http://127.0.0.1/docs", "auto_sync": true});
    let (status, created) = p.send(Method::POST, "/sources", wanted).await;
    assert_eq!(status, 201);
    assert_eq!(created["status"], "pending");
    assert_eq!(created["auto_sync"], true);
    let path = format!("/sources/{}", created["id"].as_str().unwrap());

    let (_, shown) = p.get(&path).await;
    assert_eq!(shown["url"], "http://127.0.0.1/docs");
    assert_eq!(shown["document_count"], 0);
    assert!(shown["created_at"].as_str().unwrap().ends_with('Z'));

    let (status, updated) = p.send(Method::PUT, &path, json!({"auto_sync": false})).await;
    assert_eq!((status, &updated["name"], &updated["auto_sync"]), (200, &json!("Docs"), &json!(false)));
    let (_, updated) = p.send(Method::PUT, &path, json!({"name": "Handbook", "type": "file"})).await;
    assert_eq!((&updated["name"], &updated["type"]), (&json!("Handbook"), &json!("website")));
    assert!(updated["updated_at"].is_string());

    assert_eq!(p.delete(&path).await, (200, json!({"deleted": true})));
    for answer in [p.get(&path).await, p.delete(&path).await, p.send(Method::PUT, &path, json!({})).await] {
        assert_eq!((answer.0, &answer.1["error"]["code"]), (404, &json!("not_found")));
    }
}

#[tokio::test]
async fn wrong_sources_are_refused_with_a_reason() {
    let p = Platform::new().await;
    for wrong in [
        json!({}),
        json!({"name": "", "type": "text"}),
        json!({"name": "  ", "type": "text"}),
        json!({"name": "x", "type": "folder"}),
        json!({"name": "x", "type": "website"}),
        json!({"name": "x", "type": "website", "url": "ftp://x"}),
        json!({"name": "x".repeat(5000), "type": "text"}),
        json!([]),
        // The fields in their order, without their names.
        json!(["x", "text"]),
    ] {
        let (status, body) = p.send(Method::POST, "/sources", wrong.clone()).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(!body["error"]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(p.running.snapshot().await, []);
}

#[tokio::test]
async fn lists_are_newest_first_in_pages_and_by_type() {
    let p = Platform::new().await;
    for number in 0..5 {
        p.source(&format!("text {number}")).await;
    }
    p.send(Method::POST, "/sources", json!({"name": "file", "type": "file"})).await;
    let names = |body: &Value| -> Vec<String> {
        body["data"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect()
    };
    let (_, all) = p.get("/sources").await;
    assert_eq!(all["meta"], json!({"page": 1, "per_page": 20, "total": 6}));
    assert_eq!(names(&all)[..2], ["file", "text 4"]);
    let (_, page) = p.get("/sources?type=text&page=2&per_page=2").await;
    assert_eq!(page["meta"], json!({"page": 2, "per_page": 2, "total": 5}));
    assert_eq!(names(&page), ["text 2", "text 1"]);
    let (_, beyond) = p.get("/sources?page=9").await;
    assert_eq!((names(&beyond).len(), &beyond["meta"]["total"]), (0, &json!(6)));
    for wrong in ["page=0", "per_page=0", "per_page=101", "page=x", "type=folder"] {
        let (status, body) = p.get(&format!("/sources?{wrong}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_request")), "{wrong}");
    }
}

#[tokio::test]
async fn a_source_goes_with_its_documents_and_jobs() {
    let p = Platform::new().await;
    let kept = p.document("a/kept.md", "Whales sing.").await;
    let gone = p.document("a/gone.md", "Lions roar.").await;
    let job = p.upload(&gone, "more.md", "Lions sleep.").await;
    p.delete(&format!("/sources/{gone}")).await;
    assert_eq!(p.get(&format!("/ingest/status/{job}")).await.0, 404);
    let held = p.running.snapshot().await;
    assert_eq!(held.iter().map(|source| source.id.clone()).collect::<Vec<_>>(), [kept]);
    let (_, answer) = p.send(Method::POST, "/chat", json!({"message": "Do lions roar?"})).await;
    assert_eq!(answer["sources"], json!([]));
}

#[tokio::test]
async fn changes_are_told_as_they_take_effect() {
    let p = Platform::new().await;
    let mut changes = p.running.watch();
    let source_id = p.document("a/x.md", "text").await;
    let name = "renamed".to_owned();
    p.send(Method::PUT, &format!("/sources/{source_id}"), json!({"name": name})).await;
    p.delete(&format!("/sources/{source_id}")).await;
    let held = Change::Held { source_id: source_id.clone(), name: "a/x.md [default:0123456789ab]".to_owned() };
    for expected in [held, Change::Renamed { source_id: source_id.clone(), name }, Change::Gone { source_id }] {
        assert_eq!(changes.recv().await, Some(expected));
    }
}
