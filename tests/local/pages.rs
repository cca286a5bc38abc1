//! Pages that are ingested by their addresses.

use std::{fs, path::Path};

use kbsync::platform::wire::cevvo::Job;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{
    harness::Platform,
    origin::{Origin, Reply},
};

const GARAGE: &str = "<html><head><title>Where to park</title></head><body><main><h1>Where to park</h1>\
    <p>The garage opens at dawn, and <a href='/prices'>it costs nothing</a>.</p></main></body></html>";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

/// Ingests a page into a source of its own.
async fn ingest(p: &Platform, url: &Url) -> Job {
    let source = p.source("pages").await;
    let (status, begun) = p.send(Method::POST, "/ingest/url", json!({"url": url.as_str(), "source_id": source})).await;
    assert_eq!((status, &begun["url"]), (202, &json!(url.as_str())));
    p.ended(begun["job_id"].as_str().unwrap()).await
}

async fn reason(p: &Platform, url: &Url) -> String {
    let job = ingest(p, url).await;
    assert_eq!((job.status.as_str(), job.documents_processed), ("failed", Some(0)), "{url}");
    job.error.unwrap().as_str().unwrap().to_owned()
}

async fn ask(p: &Platform, message: &str) -> Value {
    p.send(Method::POST, "/chat", json!({"message": message})).await.1
}

fn corpus(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(path)).unwrap()
}

#[tokio::test]
async fn a_page_answers_under_its_title_and_address() {
    let (p, origin) = (Platform::that_fetches(|_| {}).await, Origin::start());
    origin.serve("/garage", Reply::page(GARAGE));
    let job = ingest(&p, &origin.url("/garage")).await;
    assert_eq!((job.status.as_str(), job.documents_processed), ("completed", Some(1)), "{:?}", job.error);
    let answer = ask(&p, "When does the garage open?").await;
    assert!(answer["answer"].as_str().unwrap().contains("The garage opens at dawn"), "{answer}");
    assert_eq!(answer["sources"][0]["title"], "Where to park");
    assert_eq!(answer["sources"][0]["url"], json!(origin.url("/garage").as_str()));
    let asked = origin.requests();
    let agent = format!("kbsync-local/{}", env!("CARGO_PKG_VERSION"));
    assert!(asked.iter().all(|request| request.header("user-agent") == Some(&agent)), "{asked:?}");
    assert_eq!((origin.count("/robots.txt"), origin.count("/prices")), (1, 0));
}

#[tokio::test]
async fn files_behind_addresses_are_read_as_uploads_are() {
    let (p, origin) = (Platform::that_fetches(|_| {}).await, Origin::start());
    let latin1 = b"Die Schr\xe4nke werden montags gegossen.".to_vec();
    let markdown = "---\ntitle: x\n---\n# Lamps\n\nLamps are wound up on Fridays.";
    origin.serve("/a", Reply::new("text/plain; charset=iso-8859-1", latin1));
    origin.serve("/b", Reply::new("text/markdown", markdown));
    origin.serve("/c", Reply::new("application/pdf", corpus("pdf/pdftex.pdf")));
    origin.serve("/d.docx", Reply::new(DOCX, corpus("docx/libreoffice.docx")));
    for (path, question, says) in [
        ("/a", "Schränke gegossen", "Die Schränke werden montags gegossen."),
        ("/b", "lamps wound up", "Lamps are wound up on Fridays."),
        ("/c", "a queue whose every step is written down", "We describe a queue"),
        ("/d.docx", "how many days of leave", "Everyone has thirty days of leave."),
    ] {
        let job = ingest(&p, &origin.url(path)).await;
        assert_eq!(job.status, "completed", "{path}: {:?}", job.error);
        let answer = ask(&p, question).await;
        assert!(answer["answer"].as_str().unwrap().contains(says), "{path}: {answer}");
        let address = json!(origin.url(path).as_str());
        assert_eq!((&answer["sources"][0]["title"], &answer["sources"][0]["url"]), (&address, &address));
    }
    p.comes_to(|_| fs::read_dir(p.folder.path().join("uploads")).unwrap().count() == 0).await;
}

#[tokio::test]
async fn a_job_fails_with_what_the_fetcher_says() {
    let (p, origin) = (Platform::that_fetches(|_| {}).await, Origin::start());
    origin.serve("/robots.txt", Reply::new("text/plain", "User-agent: kbsync-local\nDisallow: /private/"));
    origin.serve("/private/x", Reply::page(GARAGE));
    origin.serve("/image", Reply::new("image/png", "x"));
    origin.serve("/down", Reply::status(500));
    origin.serve("/members", Reply::redirect(302, "/login"));
    origin.serve(
        "/login",
        Reply::page("<h1>Sign in</h1><p>Members sign in here to read on.</p><form><input type=password></form>"),
    );
    origin.serve("/bare", Reply::page("<html><body><img src=x></body></html>"));
    origin.serve("/blank", Reply::new("text/plain", " \n"));
    for (path, words) in [
        ("/private/x", "the site's robots.txt does not allow it, by the line `Disallow: /private/`"),
        ("/nothing", "it is gone: the site answers 404 Not Found"),
        ("/image", "it is image/png; HTML, PDF, DOCX, Markdown and plain text are read"),
        ("/down", "the site answers 500 Internal Server Error"),
        ("/blank", "the page is empty"),
        ("/bare", "no text could be read from it"),
        ("/login", "it asks for a password"),
    ] {
        let reason = reason(&p, &origin.url(path)).await;
        assert!(reason.starts_with(words), "{path}: {reason}");
    }
    let login = reason(&p, &origin.url("/members")).await;
    assert!(login.starts_with("it asks for a password"), "{login}");
    assert_eq!(origin.count("/private/x"), 0);
    let closed = origin.url("/");
    drop(origin);
    let refused = async {
        // The listener takes a moment to go.
        while !reason(&p, &closed).await.contains("cannot be reached") {}
    };
    tokio::time::timeout(crate::harness::PATIENCE, refused).await.expect("nobody listens any more");
}

#[tokio::test]
async fn private_addresses_are_for_those_who_ask_for_them() {
    let (p, origin) = (Platform::new().await, Origin::start());
    origin.serve("/", Reply::page(GARAGE));
    for host in ["127.0.0.1", "localhost", "::ffff:127.0.0.1"] {
        let reason = reason(&p, &origin.url_as(host, "/")).await;
        assert!(reason.contains("a private address; set `platform.allow_private: true`"), "{host}: {reason}");
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn what_is_no_page_to_ingest_is_refused() {
    let p = Platform::new().await;
    let source = p.source("pages").await;
    for wrong in [json!({"url": "file:///etc/passwd", "source_id": source}), json!({"url": "x"})] {
        assert_eq!(p.send(Method::POST, "/ingest/url", wrong).await.0, 400);
    }
    let unknown = json!({"url": "http://127.0.0.1/", "source_id": "src_unknown"});
    assert_eq!(p.send(Method::POST, "/ingest/url", unknown).await.0, 404);
}
