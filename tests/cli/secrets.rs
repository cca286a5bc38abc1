//! The key goes to the configured origin, and nowhere else.

use std::fs;

use axum::{
    Json, Router,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use serde_json::json;

use crate::bench::{Bench, Said, said};

fn keeps(said: &Said, key: &str) {
    assert!(!said.out.contains(key) && !said.err.contains(key), "the key is said: {said}");
}

#[tokio::test]
async fn the_key_is_in_no_output_and_in_no_file() {
    let bench = Bench::new().await;
    let key = bench.running.api_key().expose_secret().to_owned();
    bench.write_many(2);
    for args in [&["sync", "-vv"][..], &["status", "--json"], &["plan", "--json", "-vv"], &["check", "--online", "-vv"]]
    {
        let mut command = bench.command(args);
        command.env("KBSYNC_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
        keeps(&said(command).await, &key);
    }
    bench.reconfigure("  rate_limit: 1000/s", "  rate_limt: 1000/s");
    let wrong = bench.sync().await;
    wrong.ended(2, &["did you mean `rate_limit`"]);
    keeps(&wrong, &key);
    bench.reconfigure(&format!("api_key: {key}"), &format!("api_key: [{key}"));
    let wrong = bench.sync().await;
    wrong.ended(2, &["kbsync.yaml:"]);
    keeps(&wrong, &key);
    for entry in fs::read_dir(bench.path("state")).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        assert!(!content.windows(key.len()).any(|piece| piece == key.as_bytes()), "{}", path.display());
    }
}

#[tokio::test]
async fn the_key_may_come_from_the_environment_or_a_file() {
    let bench = Bench::new().await;
    let key = bench.running.api_key().expose_secret().to_owned();
    bench.write("a.md", "# A\n");
    bench.reconfigure(&format!("api_key: {key}"), "api_key: ${CEVVO_API_KEY}");
    bench.sync().await.ended(2, &["CEVVO_API_KEY"]);
    let mut command = bench.command(&["sync"]);
    command.env("CEVVO_API_KEY", &key);
    said(command).await.ended(0, &["1 added"]);
    fs::write(bench.path("key"), format!("{key}\n")).unwrap();
    bench.reconfigure("api_key: ${CEVVO_API_KEY}", "api_key_file: key");
    bench.sync().await.ended(0, &["warning: other users can read the key file", "chmod 600"]);
    bench.run(&["sync", "--quiet"]).await.ended(0, &[]).without(&["warning"]);
}

/// Answers the first request with this, and closes; gives what it was asked.
async fn answering(listener: TcpListener, head: String, body: String) -> String {
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut asked = vec![0; 16 << 10];
    let read = connection.read(&mut asked).await.unwrap();
    let length = body.len();
    let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    connection.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8_lossy(&asked[..read]).into_owned()
}

#[tokio::test]
async fn a_platform_that_repeats_the_key_is_not_repeated() {
    let bench = Bench::new().await;
    let key = bench.running.api_key().expose_secret().to_owned();
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = bench.running.base_url().to_owned();
    bench.reconfigure(&there, &format!("http://{}/api/v1", echo.local_addr().unwrap()));
    let body = format!(r#"{{"message": "invalid key {key}"}}"#);
    let answering = tokio::spawn(answering(echo, "401 Unauthorized".to_owned(), body));
    let said = bench.run(&["sync", "-vv"]).await;
    said.ended(7, &["invalid key [the key]", "`platform.api_key`"]);
    keeps(&said, &key);
    keeps(&bench.run(&["status", "--json"]).await, &key);
    answering.await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let bench = Bench::new().await;
    let key = bench.running.api_key().expose_secret().to_owned();
    bench.write_many(2);
    let from = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let there = bench.running.base_url().to_owned();
    bench.reconfigure(&there, &format!("http://{}/api/v1", from.local_addr().unwrap()));
    let to = format!("http://{}/api/v1/sources", elsewhere.local_addr().unwrap());
    let redirecting = tokio::spawn(answering(from, format!("302 Found\r\nLocation: {to}"), String::new()));
    let said = bench.run(&["sync", "-vv"]).await;
    said.ended(1, &["answered 302", "which is not followed", "`platform.base_url`"]);
    assert_eq!(said.out, "", "nothing is said of documents that were not looked at");
    keeps(&said, &key);
    assert!(redirecting.await.unwrap().contains(&key), "the configured origin has it");
    // The program has ended: a connection that it made would wait here.
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "the redirect was followed");
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let bench = Bench::new().await;
    let there = bench.running.base_url().to_owned();
    bench.reconfigure(&there, "http://192.0.2.1/api/v1");
    bench.sync().await.ended(2, &["the key would travel in clear; use `https://`"]);
}

/// Configs whose key or headers are not here, each with a word for what is missing.
fn without_secrets(bench: &Bench) -> Vec<(String, &'static str)> {
    let key = format!("api_key: {}", bench.running.api_key().expose_secret());
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    fs::create_dir_all(bench.path("a-folder")).unwrap();
    let with = |line: &str| config.replace(&key, line);
    let pages = "  - name: wiki\n    urls: [https://example.invalid/a]\n    headers:\n      https://example.invalid:\n        \
                 Authorization: Bearer ${WIKI_TOKEN}\n";
    vec![
        (with("api_key: ${CEVVO_API_KEY}"), "`CEVVO_API_KEY` is not set"),
        (with("api_key_file: ./no-such-key"), "cannot be read"),
        (with("api_key_file: ./a-folder"), "is not a file"),
        (with("api_key_file: ${CREDENTIALS_DIRECTORY}/key"), "`CREDENTIALS_DIRECTORY` is not set"),
        (with("#"), "needs a key"),
        (format!("{config}{pages}"), "`WIKI_TOKEN` is not set"),
    ]
}

#[tokio::test]
async fn secret__missing__stops_only_commands_that_use_it() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.synced().await;
    let key = bench.running.api_key().expose_secret().to_owned();
    for (config, what) in without_secrets(&bench) {
        bench.configure(&config);
        for args in [
            &["status"][..],
            &["status", "--json"],
            &["explain", "docs/000.md"],
            &["cat", "docs/000.md"],
            &["diff", "docs/000.md"],
            &["retry"],
            &["completions", "bash"],
        ] {
            bench.run(args).await.ended(0, &[]).without(&[what, "Error"]);
        }
        bench.run(&["approve", "docs"]).await.ended(2, &["nothing of docs is held"]).without(&[what]);
        // It only says what it misses.
        bench.run(&["check"]).await.ended(0, &["docs", "ok", "warning: kbsync.yaml:", what]);
        bench.run(&["health", "--at", "127.0.0.1:1"]).await.ended(1, &["is `kbsync run` running?"]);
        let is_key = !config.contains("wiki");
        if is_key {
            bench.run(&["plan"]).await.ended(0, &["nothing to change"]).without(&[what]);
        } else {
            bench.run(&["plan"]).await.ended(2, &[what]);
        }
        let mut needs = vec![&["sync"][..], &["run"]];
        if is_key {
            needs.extend([&["check", "--online"][..], &["ask", "Why?"], &["sources"]]);
        }
        for args in needs {
            let said = bench.run(args).await;
            said.ended(2, &[what, "kbsync.yaml:"]);
            keeps(&said, &key);
        }
    }
}

#[tokio::test]
async fn secret__missing_before_the_first_pass__leaves_nothing_behind() {
    let bench = Bench::new().await;
    for (config, what) in without_secrets(&bench) {
        bench.configure(&config);
        bench.sync().await.ended(2, &[what]);
        bench.run(&["status"]).await.ended(0, &["Nothing was synced yet"]);
        assert!(!bench.path("state").exists(), "a state was made");
    }
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn key__replaced_in_its_file_while_a_command_runs__is_read_again_after_the_refusal() {
    const OLD: &str = "kb_local_old";
    let bench = Bench::new().await;
    let file = bench.path("key");
    fs::write(&file, OLD).unwrap();
    // Knows only the new key, which is there when the old one has been refused.
    let answer = move |request: Request| async move {
        let is_old = request.headers().values().any(|value| value.to_str().is_ok_and(|value| value.contains(OLD)));
        if is_old {
            fs::write(file, "kb_local_new\n").unwrap();
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let none: Response = Json(json!({"data": [], "total": 0})).into_response();
        none
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    let key = format!("api_key: {}", bench.running.api_key().expose_secret());
    bench.reconfigure(&key, "api_key_file: ./key");
    let there = bench.base_url();
    bench.reconfigure(&there, &format!("http://{address}"));
    bench.sync().await.ended(0, &["0 documents"]);
    assert_eq!(fs::read_to_string(bench.path("key")).unwrap(), "kb_local_new\n", "the old one was never refused");
}
