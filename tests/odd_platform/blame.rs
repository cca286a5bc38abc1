//! Whose fault it is: single requests that are refused or fail for good, among others that work.

use kbsync::{
    model::{JobId, SourceId},
    platform::{ApiError, FailureScope, Platform, SourceKind},
};
use serde_json::json;

use crate::server::{Server, json as answers, reply, upload};

fn id(id: &str) -> SourceId {
    SourceId(id.to_owned())
}

/// A server on which one source answers this to everything, and all else works.
async fn one_is_broken(status: u16, body: &'static str) -> Server {
    Server::new(move |asked, _| {
        let about = format!("{} {}", asked.path, String::from_utf8_lossy(&asked.body));
        if about.contains("broken") {
            reply(status, body)
        } else {
            answers(&json!({"data": [], "id": "s", "total": 0}))
        }
    })
    .await
}

#[tokio::test]
async fn request__one_document_is_refused__concerns_that_document() {
    for (status, body) in [
        (401, r#"{"message": "not for you"}"#),
        (403, "<html>blocked</html>"),
        (500, r#"{"message": "boom"}"#),
        (502, "<html>"),
        (408, ""),
        (503, ""),
        (200, "<html>no JSON</html>"),
        (302, ""),
        (409, ""),
        (451, ""),
    ] {
        let server = one_is_broken(status, body).await;
        let cevvo = server.cevvo();
        let job = cevvo.job(&JobId("broken".to_owned()), &id("s")).await.expect_err("it is broken");
        assert_eq!(job.failure().scope, FailureScope::Document, "{status}: {job}");
        if status != 200 {
            let deleted = cevvo.delete(&id("broken")).await.expect_err("it is broken");
            assert_eq!(deleted.failure().scope, FailureScope::Document, "{status}: {deleted}");
            assert!(!matches!(deleted, ApiError::Denied { .. }), "{status}: {deleted}");
        }
        for _ in 0..5 {
            cevvo.delete(&id("fine")).await.unwrap_or_else(|error| panic!("{status}: {error}"));
        }
    }
}

#[tokio::test]
async fn request__forbidden_to_a_probe_too__concerns_the_key() {
    let server = Server::new(|_, _| reply(403, r#"{"message": "no"}"#)).await;
    let error = server.cevvo().delete(&id("s")).await.expect_err("it is refused");
    assert!(matches!(error, ApiError::Denied { status: 403, .. }), "{error}");
    assert_eq!((server.count("GET", "/sources"), server.total()), (1, 2), "one probe");
    let server = Server::new(|_, _| reply(401, "")).await;
    let error = server.nexvio().delete(&id("s")).await.expect_err("it is refused");
    assert!(matches!(error, ApiError::Denied { status: 401, .. }), "{error}");
    assert_eq!(server.total(), 2, "one probe");
}

#[tokio::test]
async fn create__refused_while_the_probe_works__concerns_that_document_alone() {
    // Whether it concerns everything, a row of documents tells; only of a full account the client knows.
    for (status, third) in [
        (401, FailureScope::Document),
        (402, FailureScope::Account),
        (403, FailureScope::Document),
        (404, FailureScope::Document),
        (405, FailureScope::Document),
        (501, FailureScope::Document),
    ] {
        let server = Server::new(move |asked, _| match asked.method.as_str() {
            "POST" => reply(status, "no"),
            _ => answers(&json!([])),
        })
        .await;
        let cevvo = server.cevvo();
        let mut scopes = Vec::new();
        for n in 0..3 {
            let error = cevvo.create(&format!("docs/{n}.md"), &SourceKind::File, None).await.expect_err("refused");
            let failure = error.failure();
            assert!(failure.transient, "{status}: nothing is for good: {error}");
            scopes.push(failure.scope);
        }
        assert_eq!(scopes, [FailureScope::Document, FailureScope::Document, third], "{status}");
    }
    // What fails by itself does so however many there are.
    for status in [400, 413, 415, 422] {
        let server = Server::new(move |_, _| reply(status, "no")).await;
        let nexvio = server.nexvio();
        for _ in 0..5 {
            let error = nexvio.create("docs/a.md", &SourceKind::File, Some(upload())).await.expect_err("refused");
            assert_eq!((error.failure().scope, error.failure().transient), (FailureScope::Document, false), "{status}");
        }
    }
}

#[tokio::test]
async fn list__one_page_is_broken__concerns_the_list() {
    let server = Server::new(|asked, _| {
        let broken = asked.query.contains("page=2&") || asked.query.contains("offset=1");
        if broken { reply(500, "boom") } else { answers(&json!({"data": [{"id": "a"}], "total": 3})) }
    })
    .await;
    let cevvo = server.cevvo();
    let next = cevvo.sources(None).await.expect("the first page").next;
    let error = cevvo.sources(next).await.expect_err("it is broken");
    assert_eq!((error.failure().scope, error.failure().transient), (FailureScope::List, true), "{error}");
}

#[tokio::test]
async fn request__everything_fails__concerns_the_platform() {
    for status in [500, 503, 408] {
        let server = Server::new(move |_, _| reply(status, "")).await;
        let error = server.cevvo().rename(&id("s"), "a").await.expect_err("it fails");
        assert!(matches!(error, ApiError::Unavailable(_)), "{status}: {error}");
        assert!(server.total() <= 16, "{status}: {} requests", server.total());
    }
}

#[tokio::test]
async fn deletion__no_clear_answer__is_not_sent_again_unasked() {
    for status in [408, 500, 502, 503] {
        let server = Server::new(move |_, _| reply(status, "")).await;
        for error in [server.cevvo().delete(&id("s")).await, server.nexvio().delete(&id("s")).await] {
            let error = error.expect_err("it fails");
            assert!(matches!(error, ApiError::Unknown { .. }), "{status}: {error}");
        }
        assert_eq!(server.total(), 2, "{status}");
    }
}
