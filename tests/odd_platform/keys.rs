//! Keys: repeated by the platform in its errors, and replaced while a client runs.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use kbsync::{
    model::{JobId, SourceId},
    platform::{
        ApiError, JobState, Platform, SourceKind,
        cevvo::{self, Cevvo},
    },
};
use secrecy::SecretString;
use serde_json::json;

use crate::server::{KEY, Server, json as answers, reply};

/// Whether words show eight characters of the key in a row.
fn shows_key(words: &str) -> bool {
    let (words, key) = (words.to_ascii_lowercase(), KEY.to_ascii_lowercase());
    (0..=key.len() - 8).any(|at| words.contains(&key[at..at + 8]))
}

#[tokio::test]
async fn error__the_key_at_any_place__is_not_shown() {
    // The client passes on 300 characters; a key lies across that cut, the platform's own, or is in another case.
    for pad in (200..301).step_by(3) {
        let said = format!("{} {KEY} and {} are refused", ".".repeat(pad), KEY.to_uppercase());
        let said = said[..said.len().min(pad + 60)].to_owned();
        let server = Server::new(move |asked, _| match asked.method.as_str() {
            "POST" => reply(400, json!({"message": said}).to_string()),
            _ => answers(&json!({"status": "failed", "error": {"message": said}})),
        })
        .await;
        let cevvo = server.cevvo();
        let error = cevvo.create("docs/a.md", &SourceKind::File, None).await.expect_err("it is refused").to_string();
        assert!(!shows_key(&error), "{pad}: {error}");
        let JobState::Failed(reason) =
            cevvo.job(&JobId("j".to_owned()), &SourceId("s".to_owned())).await.expect("a state")
        else {
            panic!()
        };
        assert!(!shows_key(&reason), "{pad}: {reason}");
    }
}

#[tokio::test]
async fn key__refused_and_replaced__is_read_again_once() {
    const NEW: &str = "another_key_of_ours_0123";
    let server = Server::new(|asked, _| match asked.key.as_str() {
        NEW => answers(&json!([])),
        key => reply(401, json!({"message": format!("{key} has expired")}).to_string()),
    })
    .await;
    let read = Arc::new(AtomicUsize::new(0));
    let client = |key: Option<&'static str>| {
        let (http, read) = (server.http(cevvo::PROBE), Arc::clone(&read));
        http.set_key_source(Arc::new(move || {
            read.fetch_add(1, Ordering::Relaxed);
            key.map(SecretString::from)
        }));
        Cevvo::new(http)
    };
    let cevvo = client(Some(NEW));
    for _ in 0..3 {
        cevvo.sources(None).await.expect("the new key is accepted");
    }
    assert_eq!((read.load(Ordering::Relaxed), server.total()), (1, 4));
    for same in [Some(KEY), Some(""), Some("not\nusable"), None] {
        let error = client(same).sources(None).await.expect_err("it is refused");
        assert!(matches!(error, ApiError::Denied { status: 401, .. }), "{error}");
        assert!(!shows_key(&error.to_string()), "{error}");
    }
    assert_eq!((read.load(Ordering::Relaxed), server.total()), (5, 12), "once for each, and a probe");
}
