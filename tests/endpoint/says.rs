//! What it says, and to whom.

use kbsync::daemon::{MEDIA_TYPE, Note};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::served::{Daemon, note};

const PATHS: [&str; 6] = ["/", "/healthz", "/readyz", "/metrics", "/api/status", "/nothing"];

#[tokio::test]
async fn everybody_is_told_what_they_ask_and_nobody_the_key() {
    let daemon = Daemon::new().await;
    let key = daemon.bench.running.api_key().expose_secret();
    let types = ["text/html", "text/plain", "text/plain", MEDIA_TYPE, "application/json", "text/plain"];
    for (path, media_type) in PATHS.into_iter().zip(types) {
        let answer = daemon.endpoint.get(path).await;
        assert_eq!(answer.status, if path == "/nothing" { 404 } else { 200 }, "{path} {answer:?}");
        assert!(answer.header("content-type").starts_with(media_type), "{path} {answer:?}");
        assert!(!answer.body.contains(key) && !answer.head.contains(key), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        let head = daemon.endpoint.ask("HEAD", path, "localhost").await;
        assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "{path}");
        assert_eq!(head.header("content-type"), answer.header("content-type"));
    }
}

#[tokio::test]
async fn the_status_is_the_one_of_the_command() {
    let daemon = Daemon::new().await;
    let mut served: Value = serde_json::from_str(&daemon.endpoint.get("/api/status").await.body).unwrap();
    let mut said = daemon.bench.run(&["status", "--json"]).await.ended(0, &[]).json();
    assert_eq!(served["daemon"]["pid"], std::process::id());
    assert_eq!(served["collections"][0]["in_step"], 2);
    // The program was started in the folder, and this test knows it by its whole name; and time passes.
    for status in [&mut served, &mut said] {
        status["collections"][0]["folder"].take();
        status["budget"].take();
    }
    assert_eq!(served, said);
}

#[tokio::test]
async fn the_page_is_for_people_and_runs_nothing() {
    let daemon = Daemon::new().await;
    let note = Note { config_error: Some("line 3: <x> is not a key".to_owned()), ..note() };
    daemon.notes(note).await;
    let page = daemon.endpoint.get("/").await.body;
    for words in [
        "&lt;script&gt;alert(&#39;a&amp;b&#39;)&lt;-script&gt;.md",
        "2 deletions of docs not made: &lt;i&gt; is not mounted",
        "it has &lt;b&gt;no&lt;/b&gt; text",
        "polled, because inotify does not see &lt;network&gt; filesystems",
        "is refused: line 3: &lt;x&gt; is not a key",
        "2 checks failed in the last verification",
        "<dd>5 of 7 passed, <time",
        "<td class=\"n\">2",
        "2026-11-22T03:00:00Z",
    ] {
        assert!(page.contains(words), "{words} is missing in {page}");
    }
    for word in ["<script", "<b>no", "http:", "https:", "src="] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

#[tokio::test]
async fn ready_is_what_the_daemon_says_of_itself() {
    let daemon = Daemon::new().await;
    assert_eq!(daemon.endpoint.get("/readyz").await.status, 200);
    for (doing, trouble, words) in [
        ("the first pass", None, "not ready: the first pass"),
        ("waiting", Some("the key is refused"), "the key is refused"),
    ] {
        let trouble = trouble.map(str::to_owned);
        daemon.notes(Note { ready: false, doing: doing.to_owned(), trouble, ..note() }).await;
        let answer = daemon.endpoint.get("/readyz").await;
        assert_eq!(answer.status, 503);
        assert!(answer.body.contains(words), "{answer:?}");
    }
    daemon.store.call(|db| db.forget_daemon()).await.unwrap();
    assert_eq!(daemon.endpoint.get("/readyz").await.body, "not ready: starting\n");
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let shared = crate::served::idle(folder.path());
    let endpoint = crate::served::Endpoint::at(&crate::served::anywhere(), shared).await;
    for path in ["/", "/readyz", "/metrics", "/api/status"] {
        let answer = endpoint.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.body.contains("there is no state"), "{answer:?}");
    }
    assert_eq!(endpoint.get("/healthz").await.body, "ok\n");
}
