//! Nexvio's API: who is let in, what errors look like, and the limit in every answer.

use kbsync::{
    local::{Fault, Faults},
    model::RateLimit,
};
use reqwest::{Method, RequestBuilder, Response, header};
use serde_json::{Value, json};

use crate::harness::{Platform, read};

/// `X-RateLimit-Limit` and `-Remaining`, and the seconds until `-Reset`.
fn limit(answer: &Response) -> (u64, u64, i64) {
    let number = |name: &str| answer.headers()[name].to_str().unwrap().parse::<i64>().unwrap();
    let reset = number("x-ratelimit-reset") - jiff::Timestamp::now().as_second();
    (number("x-ratelimit-limit").unsigned_abs(), number("x-ratelimit-remaining").unsigned_abs(), reset)
}

/// The same request with another key.
fn stranger(request: RequestBuilder) -> RequestBuilder {
    request.headers([(header::AUTHORIZATION, "Bearer kb_local_0".parse().unwrap())].into_iter().collect())
}

/// The code in an error of Nexvio's shape. On the overview it has a message of its own as well.
fn code(body: &Value) -> &str {
    assert_eq!(body["status"], "error", "{body}");
    let message = &body["error"]["message"];
    assert!(!message.as_str().unwrap().is_empty(), "{body}");
    assert!(body.get("message").is_none_or(|said| said == message), "{body}");
    body["error"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn every_answer_tells_a_limit_where_there_is_none() {
    let faults = Faults::default();
    let handle = faults.clone();
    let p = Platform::with(|options| options.faults = handle).await;
    faults.once("DELETE", "/faulty", Fault::Status(503));
    let typed = |method, path, kind: &str| p.nexvio(method, path).header(header::CONTENT_TYPE, kind);
    for (request, status, expected) in [
        (p.nexvio(Method::GET, "/knowledge"), 200, None),
        (stranger(p.nexvio(Method::GET, "/knowledge")), 401, Some("unauthorized")),
        (p.nexvio(Method::GET, "/knowledge").header(header::HOST, "rebound.example"), 403, Some("host_refused")),
        (p.nexvio(Method::GET, "/nothing"), 404, Some("not_found")),
        (p.nexvio(Method::GET, ""), 404, Some("not_found")),
        (p.nexvio(Method::DELETE, "/faulty"), 503, Some("fault")),
        (p.nexvio(Method::GET, "/bots/%FF"), 400, Some("validation_error")),
        (p.nexvio(Method::PUT, "/knowledge"), 405, Some("method_not_allowed")),
        (typed(Method::POST, "/knowledge", "application/json").body("{"), 400, Some("validation_error")),
        (typed(Method::POST, "/knowledge", "application/json").body(vec![b' '; 2 << 20]), 413, Some("too_large")),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        let (limit, remaining, reset) = limit(&answer);
        assert_eq!((limit, remaining), (1000, 999), "{status}");
        assert!((59..=62).contains(&reset), "{reset}");
        assert!(answer.headers().get("retry-after").is_none());
        let (_, body) = read(answer).await;
        match expected {
            Some(expected) => assert_eq!((code(&body), &body["message"]), (expected, &body["error"]["message"])),
            None => assert_eq!(body["status"], "success"),
        }
    }
    faults.once("GET", "/knowledge", Fault::TooMany { retry_after: Some(7) });
    let refused = p.nexvio(Method::GET, "/knowledge").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    assert_eq!(code(&read(refused).await.1), "fault");
}

#[tokio::test]
async fn errors_have_the_shape_of_the_api_that_was_asked() {
    let p = Platform::new().await;
    let error = json!({"code": "unauthorized", "message": "Invalid API key"});
    let chatbots = json!({"status": "error", "error": error});
    let overview = json!({"status": "error", "message": "Invalid API key", "error": error});
    for (path, expected) in [
        ("/chatbots", &chatbots),
        ("/chatbots/x/stats", &chatbots),
        ("/bots", &overview),
        ("/knowledge/x", &overview),
        ("/conversations", &overview),
        ("/integrations", &overview),
        ("/nothing", &overview),
    ] {
        let (_, nexvio) = read(stranger(p.nexvio(Method::GET, path)).send().await.unwrap()).await;
        assert_eq!(nexvio, *expected, "{path}");
    }
    let (_, cevvo) = read(stranger(p.request(Method::GET, "/sources")).send().await.unwrap()).await;
    assert_eq!((cevvo.get("status"), &cevvo["error"]["code"]), (None, &json!("unauthorized")));
    let (_, cevvo) = p.get("/sources?page=0").await;
    assert_eq!((cevvo.get("status"), &cevvo["error"]["code"]), (None, &json!("invalid_request")));
    assert_eq!(p.get("/knowledge").await.0, 404);
    assert_eq!(p.nexvio_get("/sources").await.0, 404);
}

#[tokio::test]
async fn a_body_must_be_called_what_it_is() {
    let p = Platform::new().await;
    let bots = p.nexvio_get("/bots").await.1;
    let id = bots["data"]["chatbots"][0]["id"].as_str().unwrap();
    let (bot, chatbot) = (format!("/bots/{id}"), format!("/chatbots/{id}"));
    let page = r#"{"type": "website", "url": "http://127.0.0.1:9/"}"#;
    for (method, path, body, allowed) in [
        (Method::PATCH, chatbot.as_str(), r#"{"name": "Sales"}"#, "application/json"),
        (Method::PATCH, bot.as_str(), r#"{"name": "Sales"}"#, "application/json"),
        (Method::POST, "/bots", r#"{"name": "Sales"}"#, "application/json"),
        (Method::POST, "/integrations", r#"{"type": "slack"}"#, "application/json"),
        (Method::POST, "/knowledge", page, "application/json or multipart/form-data"),
    ] {
        let send = async |kind: Option<&str>| {
            let request = p.nexvio(method.clone(), path).body(body);
            let request = kind.into_iter().fold(request, |request, kind| request.header(header::CONTENT_TYPE, kind));
            read(request.send().await.unwrap()).await
        };
        for wrong in [None, Some("text/plain"), Some("application/jsonp"), Some("application/x-www-form-urlencoded")] {
            let (status, answer) = send(wrong).await;
            assert_eq!((status, code(&answer)), (400, "validation_error"), "{method} {path} {wrong:?}");
            let details = json!({"Content-Type": format!("Must be {allowed}")});
            assert_eq!(answer["error"]["details"], details, "{method} {path} {wrong:?}");
        }
        for right in ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=UTF-8"] {
            let (status, answer) = send(Some(right)).await;
            assert!((200..300).contains(&status), "{method} {path} {right}: {answer}");
        }
    }
    let (bots, integrations) = (p.nexvio_get("/bots").await.1, p.nexvio_get("/integrations").await.1);
    assert_eq!((&bots["data"]["total"], &integrations["data"]["total"]), (&json!(4), &json!(3)));
    assert_eq!(p.running.snapshot().await.len(), 3, "what is refused leaves nothing");
}

#[tokio::test]
async fn both_apis_share_one_limit_and_one_log() {
    let p = Platform::with(|options| options.rate_limit = Some("3/h".parse::<RateLimit>().unwrap())).await;
    let asked = p.nexvio(Method::GET, "/knowledge").send().await.unwrap();
    let (most, remaining, reset) = limit(&asked);
    assert_eq!((most, remaining), (3, 2));
    assert!((3500..=3602).contains(&reset), "{reset}");
    assert_eq!(p.get("/sources").await.0, 200);
    let unknown = stranger(p.nexvio(Method::GET, "/knowledge")).send().await.unwrap();
    assert_eq!((unknown.status().as_u16(), limit(&unknown).1), (401, 1), "a stranger uses nothing up");
    assert_eq!(limit(&p.nexvio(Method::GET, "/knowledge").send().await.unwrap()).1, 0);
    let refused = p.nexvio(Method::GET, "/knowledge").send().await.unwrap();
    assert_eq!((limit(&refused).0, limit(&refused).1), (3, 0));
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    let (status, body) = read(refused).await;
    assert_eq!((status, code(&body)), (429, "rate_limited"));
    let log = p.running.requests();
    assert_eq!((log.count("GET", "/knowledge"), log.count("GET", "/sources")), (4, 1));
}
