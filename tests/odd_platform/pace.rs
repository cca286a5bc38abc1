//! Rate headers that mislead: the client neither falls silent nor goes on asking.

use std::time::{Duration, Instant};

use kbsync::{
    model::SourceId,
    platform::{ApiError, FailureScope, Platform},
};
use serde_json::json;

use crate::server::{Server, json as answers, reply};

#[tokio::test]
async fn answer__retry_after_in_the_past__backs_off_ever_longer() {
    let server = Server::new(|_, before| {
        if before < 6 {
            return reply(429, "").header("Retry-After", "Sat, 14 Mar 2026 10:00:00 GMT");
        }
        answers(&json!([]))
    })
    .await;
    let began = Instant::now();
    server.cevvo().sources(None).await.expect("it is accepted in the end");
    // Half of 1, 2, 4, 8, 16 and 20 ms at least.
    assert!(began.elapsed() >= Duration::from_millis(25), "{:?}", began.elapsed());
    assert_eq!(server.total(), 7);
}

#[tokio::test]
async fn answer__retry_after_on_a_failure__is_waited_for() {
    for status in [503, 500, 408] {
        let server =
            Server::new(
                move |_, before| {
                    if before == 0 { reply(status, "").header("Retry-After", "1") } else { answers(&json!([])) }
                },
            )
            .await;
        let began = Instant::now();
        let cevvo = server.cevvo();
        cevvo.sources(None).await.expect("it is accepted then");
        assert!(began.elapsed() >= Duration::from_secs(1), "{status}: {:?}", began.elapsed());
    }
    // One document in trouble holds nobody else back.
    let server = Server::new(move |asked, _| {
        let broken = asked.path.ends_with("broken");
        if broken { reply(503, "").header("Retry-After", "3600") } else { answers(&json!([])) }
    })
    .await;
    let (cevvo, began) = (server.cevvo(), Instant::now());
    cevvo.delete(&SourceId("broken".to_owned())).await.expect_err("it is broken");
    cevvo.delete(&SourceId("fine".to_owned())).await.expect("it is deleted");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn list__retry_after_of_an_hour__ends_at_once_and_says_so() {
    for status in [503, 500, 429] {
        let server = Server::new(move |_, _| reply(status, "").header("Retry-After", "3600")).await;
        let began = Instant::now();
        let error = server.cevvo().sources(None).await.expect_err("it is down").to_string();
        assert!(began.elapsed() < Duration::from_secs(5), "{status}: {:?}", began.elapsed());
        assert!(error.contains("asks to wait 60 min") && error.contains(&status.to_string()), "{error}");
        assert_eq!(server.total(), 1, "{status}");
    }
}

#[tokio::test]
async fn answer__429_to_one_document_while_others_pass__is_that_documents() {
    let server = Server::new(|asked, _| {
        let broken = asked.path.ends_with("broken");
        if broken { reply(429, "tokens per minute exceeded") } else { answers(&json!([])) }
    })
    .await;
    let cevvo = server.cevvo();
    let (broken, fine) = (SourceId("broken".to_owned()), SourceId("fine".to_owned()));
    let others = async {
        loop {
            cevvo.delete(&fine).await.expect("the others pass");
        }
    };
    let error = tokio::select! {
        refused = cevvo.delete(&broken) => refused.expect_err("it is refused each time"),
        () = others => unreachable!("it has no end"),
    };
    assert!(matches!(&error, ApiError::Refused { status: 429, .. }), "{error}");
    assert_eq!((error.failure().scope, error.failure().transient), (FailureScope::Document, true), "{error}");
    assert_eq!(server.count("DELETE", "/sources/broken"), 3);
    assert!(server.count("DELETE", "/sources/fine") >= 2, "they pass between its attempts");
}
