//! Who is let in, how often, and what is said to others.

use kbsync::model::RateLimit;
use reqwest::{Method, header};
use serde_json::json;

use crate::harness::{Platform, read};

#[tokio::test]
async fn only_the_key_opens() {
    let p = Platform::new().await;
    let url = format!("{}/sources", p.running.base_url());
    for key in ["", "kb_local_", "kb_local_00000000000000000000000000000000"] {
        let answer = p.client.get(&url).bearer_auth(key).send().await.unwrap();
        let (status, body) = read(answer).await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("unauthorized")));
    }
    assert_eq!(p.client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(p.client.get(format!("{url}/unknown/route")).send().await.unwrap().status(), 401);
    assert_eq!(p.get("/sources").await.0, 200);
}

#[tokio::test]
async fn only_this_machines_names_are_served() {
    let p = Platform::new().await;
    let asked = |host: &str| p.request(Method::GET, "/sources").header(header::HOST, host).send();
    assert_eq!(asked("rebound.example").await.unwrap().status(), 403);
    assert_eq!(asked("localhost:1").await.unwrap().status(), 200);
}

#[tokio::test]
async fn unknown_routes_methods_and_bodies_are_answered_in_json() {
    let p = Platform::new().await;
    assert_eq!(p.get("/nothing").await.0, 404);
    let (status, body) = p.send(Method::PUT, "/sources", json!({})).await;
    assert_eq!((status, &body["error"]["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(p.delete("/chat").await.0, 405);
    let broken = p.request(Method::POST, "/sources").body("{\"name\":").send().await.unwrap();
    assert_eq!(read(broken).await.0, 400);
    let huge = p.request(Method::POST, "/sources").body(vec![b' '; 2 << 20]).send().await.unwrap();
    assert_eq!(read(huge).await.0, 413);
}

#[tokio::test]
async fn the_limit_is_told_and_kept() {
    let p = Platform::with(|options| options.rate_limit = Some("3/h".parse::<RateLimit>().unwrap())).await;
    for remaining in ["2", "1", "0"] {
        let answer = p.request(Method::GET, "/sources").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-ratelimit-limit"], "3");
        assert_eq!(answer.headers()["x-ratelimit-remaining"], remaining);
        let reset: i64 = answer.headers()["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
        let ahead = reset - jiff::Timestamp::now().as_second();
        assert!((3500..=3602).contains(&ahead), "{ahead}");
    }
    let refused = p.request(Method::GET, "/sources").send().await.unwrap();
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    let (status, body) = read(refused).await;
    assert_eq!((status, &body["error"]["code"]), (429, &json!("rate_limited")));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let p = Platform::new().await;
    let source = p.source("s").await;
    p.get(&format!("/sources/{source}")).await;
    p.get("/sources/src_unknown").await;
    p.get("/nothing").await;
    let log = p.running.requests();
    assert_eq!(log.count("POST", "/sources"), 1);
    assert_eq!(log.count("GET", "/sources/{id}"), 2);
    assert_eq!(log.count("GET", kbsync::local::UNKNOWN_ROUTE), 1);
    assert_eq!((log.total(), log.mutating(), log.status(404), log.status(201)), (4, 1, 2, 1));
    log.reset();
    assert_eq!(log.total(), 0);
}
