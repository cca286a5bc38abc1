//! Uploads and jobs.

use std::time::Duration;

use kbsync::local::{Fault, Faults};
use reqwest::{Method, multipart};
use serde_json::json;

use crate::harness::{Platform, read};

/// SHA-256 of `hello`.
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

#[tokio::test]
async fn an_upload_becomes_a_document() {
    let p = Platform::new().await;
    let source = p.source("greetings").await;
    let (status, begun) = read(p.upload_request(&source, "hello.TXT", "hello").send().await.unwrap()).await;
    assert_eq!(status, 202);
    assert_eq!((&begun["status"], &begun["file_name"]), (&json!("processing"), &json!("hello.TXT")));
    assert_eq!(begun["source_id"], json!(source));
    let job = p.ended(begun["job_id"].as_str().unwrap()).await;
    assert_eq!((job.status.as_str(), job.documents_processed), ("completed", Some(1)));
    assert!(job.started_at <= job.completed_at);
    let (_, shown) = p.get(&format!("/sources/{source}")).await;
    assert_eq!((&shown["status"], &shown["document_count"]), (&json!("synced"), &json!(1)));
    assert!(shown["last_synced_at"].is_string());
    let held = p.running.snapshot().await;
    assert_eq!((held[0].documents[0].file_name.as_str(), held[0].documents[0].sha256.as_str()), ("hello.TXT", HELLO));
    // The text is in the database; the file has served.
    let left = || std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count();
    p.comes_to(|_| left() == 0).await;
}

#[tokio::test]
async fn the_same_name_twice_is_two_documents() {
    let p = Platform::new().await;
    let source = p.document("a/x.md", "one").await;
    let again = p.upload(&source, "x.md", "two").await;
    p.ended(&again).await;
    let (_, shown) = p.get(&format!("/sources/{source}")).await;
    assert_eq!(shown["document_count"], 2);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_and_leaves_nothing() {
    let p = Platform::new().await;
    let source = p.source("s").await;
    let refused = |source: &str, name: &str| {
        let request = p.upload_request(source, name, "text");
        async { read(request.send().await.unwrap()).await.0 }
    };
    assert_eq!(refused(&source, "a.exe").await, 415);
    assert_eq!(refused(&source, "md").await, 415);
    assert_eq!(refused("src_unknown", "a.md").await, 404);
    let form = multipart::Form::new().text("source_id", source.clone());
    let answer = p.request(Method::POST, "/ingest/upload").multipart(form).send().await.unwrap();
    assert_eq!(read(answer).await.0, 400);
    let file = multipart::Part::text("x").file_name("a.md");
    let form = multipart::Form::new().part("file", file);
    let answer = p.request(Method::POST, "/ingest/upload").multipart(form).send().await.unwrap();
    assert_eq!(read(answer).await.0, 400);
    assert_eq!(p.send(Method::POST, "/ingest/upload", json!({})).await.0, 400);
    assert_eq!(p.get("/ingest/status/job_unknown").await.0, 404);
    assert_eq!(std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count(), 0);
    assert!(p.running.snapshot().await[0].documents.is_empty());
}

#[tokio::test]
async fn a_file_over_the_limit_is_answered_413() {
    let p = Platform::new().await;
    let source = p.source("s").await;
    let piece = bytes_of(1 << 20);
    let stream = futures_util::stream::iter((0..101).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    let file = multipart::Part::stream(reqwest::Body::wrap_stream(stream)).file_name("big.txt");
    let form = multipart::Form::new().text("source_id", source).part("file", file);
    let answer = p.request(Method::POST, "/ingest/upload").multipart(form).send().await.unwrap();
    assert_eq!(read(answer).await.0, 413);
    assert_eq!(std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count(), 0);
}

fn bytes_of(size: usize) -> Vec<u8> {
    vec![b'x'; size]
}

#[tokio::test]
async fn a_file_without_text_fails_and_so_does_its_source() {
    let p = Platform::new().await;
    let source = p.source("s").await;
    let job = p.upload(&source, "blank.txt", " \n\t\n").await;
    let job = p.ended(&job).await;
    assert_eq!((job.status.as_str(), job.documents_processed), ("failed", Some(0)));
    assert_eq!(job.error, Some(json!("it is empty")));
    let (_, shown) = p.get(&format!("/sources/{source}")).await;
    assert_eq!((&shown["status"], &shown["document_count"]), (&json!("failed"), &json!(0)));
}

#[tokio::test]
async fn a_source_deleted_during_its_job_stays_deleted() {
    let p = Platform::with(|options| options.job_delay = Duration::from_millis(50)).await;
    let gone = p.source("gone").await;
    p.upload(&gone, "a.md", "text").await;
    assert_eq!(p.delete(&format!("/sources/{gone}")).await.0, 200);
    // A later job's end shows that the earlier one had its turn.
    let kept = p.source("kept").await;
    let later = p.upload(&kept, "b.md", "text").await;
    p.ended(&later).await;
    let left = || std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count();
    p.comes_to(|held| held.len() == 1 && held[0].status == "synced" && left() == 0).await;
}

#[tokio::test]
async fn unfinished_jobs_run_again_after_a_restart() {
    let faults = Faults::default();
    faults.once("POST", "/ingest/upload", Fault::JobStalls);
    let p = Platform::with(|options| options.faults = faults).await;
    let source = p.source("s").await;
    let job = p.upload(&source, "a.md", "hello").await;
    let (_, shown) = p.get(&format!("/ingest/status/{job}")).await;
    assert_eq!(shown["status"], "processing");
    let Platform { running, folder, client } = p;
    running.stop().await;
    std::fs::write(folder.path().join("uploads/job_stray"), "left over").unwrap();
    let running = crate::harness::start(crate::harness::options(folder.path())).await.unwrap();
    let p = Platform { running, folder, client };
    assert_eq!(p.ended(&job).await.status, "completed");
    assert_eq!(p.running.snapshot().await[0].documents[0].sha256, HELLO);
    p.comes_to(|_| std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count() == 0).await;
}
