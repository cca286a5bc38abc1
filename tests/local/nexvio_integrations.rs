//! Nexvio's API: integrations.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::Platform;

#[tokio::test]
async fn an_integration_is_enabled_listed_and_disabled() {
    let p = Platform::new().await;
    let slack = json!({"type": "slack", "config": {"channel": "#help", "deep": {"list": [1, null]}}});
    let (status, body) = p.nexvio_send(Method::POST, "/integrations", slack.clone()).await;
    assert_eq!((status, &body["status"]), (201, &json!("success")));
    let made = &body["data"]["integration"];
    assert_eq!((&made["type"], &made["config"]), (&slack["type"], &slack["config"]));
    assert!(made["created_at"].as_str().unwrap().ends_with('Z'));
    let (_, body) = p.nexvio_send(Method::POST, "/integrations", json!({"type": "zapier"})).await;
    assert_eq!(body["data"]["integration"]["config"], json!({}));

    let p = p.restarted(|_| {}).await;
    let (_, list) = p.nexvio_get("/integrations?limit=1&offset=1").await;
    let expected = json!({"integrations": [made], "total": 2, "limit": 1, "offset": 1});
    assert_eq!(list, json!({"status": "success", "data": expected}));
    let path = format!("/integrations/{}", made["id"].as_str().unwrap());
    assert_eq!(p.nexvio_delete(&path).await, (200, json!({"status": "success", "data": {"deleted": true}})));
    let error = json!({"code": "not_found", "message": "Integration not found"});
    let missing = json!({"status": "error", "message": "Integration not found", "error": error});
    assert_eq!(p.nexvio_delete(&path).await, (404, missing));
    assert_eq!(p.nexvio_get("/integrations").await.1["data"]["total"], 1);
}

#[tokio::test]
async fn what_is_no_integration_is_refused() {
    let p = Platform::new().await;
    for (wrong, field) in [
        (json!({}), "type"),
        (json!({"type": null}), "type"),
        (json!({"type": " "}), "type"),
        (json!({"type": "slack", "config": null}), "config"),
        (json!({"type": "slack", "config": []}), "config"),
    ] {
        let (status, body) = p.nexvio_send(Method::POST, "/integrations", wrong.clone()).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("validation_error")), "{wrong}");
        assert!(body["error"]["details"][field].is_string(), "{body}");
    }
    let (_, list) = p.nexvio_get("/integrations").await;
    assert_eq!(list["data"]["integrations"], Value::Array(Vec::new()));
}
