//! Websites that the platform crawls.

use std::{fs, path::Path, time::Duration};

use kbsync::local::{Change, Options, SnapshotSource};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use crate::{
    harness::{PATIENCE, Platform},
    origin::{Gate, Origin, Reply},
};

/// A page with a title, a sentence, and links.
fn page(title: &str, sentence: &str, links: &[&str]) -> Reply {
    let links: String = links.iter().map(|link| format!("<li><a href='{link}'>more</a></li>")).collect();
    Reply::page(&format!(
        "<html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{sentence}</p>\
         <ul>{links}</ul></main></body></html>"
    ))
}

async fn create(p: &Platform, url: &Url, auto_sync: bool) -> String {
    let wanted = json!({"name": "site", "type": "website", "url": url.as_str(), "auto_sync": auto_sync});
    let (status, created) = p.send(Method::POST, "/sources", wanted).await;
    assert_eq!((status, &created["status"]), (201, &json!("pending")));
    created["id"].as_str().unwrap().to_owned()
}

async fn show(p: &Platform, id: &str) -> Value {
    let (status, shown) = p.get(&format!("/sources/{id}")).await;
    assert_eq!(status, 200);
    shown
}

/// Waits until a crawl has ended.
async fn crawled(p: &Platform, id: &str) -> Value {
    let wait = async {
        loop {
            let shown = show(p, id).await;
            if shown["status"] != "pending" {
                return shown;
            }
        }
    };
    timeout(PATIENCE, wait).await.expect("the crawl ends")
}

/// Waits until a site is asked for a page so many times.
async fn asked(origin: &Origin, path: &str, times: usize) {
    let wait = async {
        while origin.count(path) < times {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the page is asked for");
}

fn pages(source: &SnapshotSource) -> Vec<String> {
    let mut pages: Vec<String> = source.documents.iter().map(|document| document.file_name.clone()).collect();
    pages.sort();
    pages
}

fn addresses(origin: &Origin, paths: &[&str]) -> Vec<String> {
    let mut addresses: Vec<String> = paths.iter().map(|path| origin.url(path).to_string()).collect();
    addresses.sort();
    addresses
}

#[tokio::test]
async fn a_website_is_crawled_along_its_own_links() {
    let (p, origin, other) = (Platform::that_fetches(|_| {}).await, Origin::start(), Origin::start());
    other.serve("/", page("Elsewhere", "This is another site.", &[]));
    let elsewhere = other.url("/");
    let links = ["/docs/a", "b#part", "/b", elsewhere.as_str(), "mailto:x@example.com", "/logo.png", "/gone"];
    origin.serve("/", page("Home", "Otters live in rivers.", &links));
    origin.serve("/docs/a", page("Badgers", "Badgers dig setts at night.", &["/", "../manual.pdf", "/old", "/away"]));
    origin.serve("/b", page("Home", "Herons stand still.", &["/docs/a", "/"]));
    origin.serve("/old", Reply::redirect(301, "/b"));
    origin.serve("/away", Reply::redirect(302, elsewhere.as_str()));
    let pdf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pdf/pdftex.pdf");
    origin.serve("/manual.pdf", Reply::new("application/pdf", fs::read(pdf).unwrap()));
    let id = create(&p, &origin.url("/"), false).await;
    let shown = crawled(&p, &id).await;
    assert_eq!((&shown["status"], &shown["document_count"]), (&json!("synced"), &json!(4)));
    assert!(shown["last_synced_at"].is_string());
    let held = p.running.snapshot().await;
    assert_eq!(pages(&held[0]), addresses(&origin, &["/", "/b", "/docs/a", "/manual.pdf"]));
    for path in ["/", "/docs/a", "/manual.pdf", "/gone", "/robots.txt"] {
        assert_eq!(origin.count(path), 1, "{path}");
    }
    assert_eq!(origin.count("/logo.png"), 0);
    for (question, title, path) in [
        ("Where do otters live?", "Home", "/"),
        ("When do badgers dig?", "Badgers", "/docs/a"),
        ("Do herons stand still?", "Home", "/b"),
    ] {
        let (_, answer) = p.send(Method::POST, "/chat", json!({"message": question})).await;
        let source = &answer["sources"][0];
        assert_eq!((&source["title"], &source["url"]), (&json!(title), &json!(origin.url(path).as_str())), "{answer}");
    }
    let ingested = p.send(Method::POST, "/ingest/url", json!({"url": elsewhere.as_str(), "source_id": id})).await;
    assert_eq!(ingested.0, 409, "a website is what is on it");
}

#[tokio::test]
async fn robots_are_obeyed() {
    let (p, origin) = (Platform::that_fetches(|_| {}).await, Origin::start());
    origin.serve("/robots.txt", Reply::new("text/plain", "User-agent: kbsync-local\nDisallow: /private/"));
    origin.serve("/", page("Home", "Otters live in rivers.", &["/private/a", "/b"]));
    origin.serve("/b", page("B", "Herons stand still.", &[]));
    origin.serve("/private/a", page("A", "Nobody reads this.", &[]));
    let id = create(&p, &origin.url("/"), false).await;
    assert_eq!(crawled(&p, &id).await["document_count"], 2);
    let id = create(&p, &origin.url("/private/a"), false).await;
    assert_eq!(crawled(&p, &id).await["status"], "failed");
    assert_eq!(origin.count("/private/a"), 0);
}

#[tokio::test]
async fn a_crawl_has_an_end() {
    let (p, origin) = (Platform::that_fetches(|options| options.crawl.depth = 2).await, Origin::start());
    for (number, next) in (0..9).zip(1..) {
        origin.serve(&format!("/{number}"), page("Chain", "It goes on.", &[&format!("/{next}")]));
    }
    let id = create(&p, &origin.url("/0"), false).await;
    crawled(&p, &id).await;
    assert_eq!(pages(&p.running.snapshot().await[0]), addresses(&origin, &["/0", "/1", "/2"]));
    assert_eq!(origin.count("/3"), 0);

    // A calendar, each of whose pages has links that nobody has seen before.
    let p = Platform::that_fetches(|options| options.crawl.pages = 7).await;
    let next: Vec<String> = (0..50).map(|day| format!("?day={day}")).collect();
    origin.serve("/calendar", page("Calendar", "A day.", &next.iter().map(String::as_str).collect::<Vec<_>>()));
    origin.forget();
    let id = create(&p, &origin.url("/calendar"), false).await;
    assert_eq!(crawled(&p, &id).await["document_count"], 7);
    assert_eq!(origin.requests().iter().filter(|request| request.path.starts_with("/calendar")).count(), 7);
}

#[tokio::test]
async fn a_website_without_its_first_page_fails() {
    let (p, origin, other) = (Platform::that_fetches(|_| {}).await, Origin::start(), Origin::start());
    origin.serve("/down", Reply::status(503));
    for path in ["/nothing", "/down"] {
        let id = create(&p, &origin.url(path), false).await;
        let shown = crawled(&p, &id).await;
        assert_eq!((&shown["status"], &shown["document_count"]), (&json!("failed"), &json!(0)), "{path}");
        assert!(shown.get("last_synced_at").is_none());
    }
    // Whatever its address looks like, it is the first page.
    origin.serve("/site.xml", page("Home", "Otters live in rivers.", &["/site.xml"]));
    let id = create(&p, &origin.url("/site.xml#top"), false).await;
    assert_eq!(crawled(&p, &id).await["document_count"], 1);
    assert_eq!(origin.count("/site.xml"), 1);
    // Where the first page leads to is where the website is.
    origin.serve("/moved", Reply::redirect(302, origin.url("/new/")));
    origin.serve("/new/", page("Home", "Otters live in rivers.", &["a", other.url("/b").as_str()]));
    origin.serve("/new/a", page("A", "Herons stand still.", &[]));
    let id = create(&p, &origin.url("/moved"), false).await;
    assert_eq!(crawled(&p, &id).await["document_count"], 2);
    // Another port of this machine is another service.
    origin.serve("/moved", Reply::redirect(302, other.url("/")));
    let id = create(&p, &origin.url("/moved"), false).await;
    assert_eq!(crawled(&p, &id).await["status"], "failed");
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn this_machine_is_crawled_only_where_that_is_allowed() {
    let (p, origin) = (Platform::new().await, Origin::start());
    origin.serve("/", page("Home", "Otters live in rivers.", &[]));
    for host in ["127.0.0.1", "localhost"] {
        let id = create(&p, &origin.url_as(host, "/"), false).await;
        assert_eq!(crawled(&p, &id).await["status"], "failed", "{host}");
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn an_unfinished_crawl_begins_again_after_a_restart() {
    let fast = |options: &mut Options| {
        options.allow_private = true;
        options.crawl.delay = Duration::ZERO;
    };
    let (p, origin, gate) = (Platform::with(fast).await, Origin::start(), Gate::default());
    origin.serve("/", page("Home", "Otters live in rivers.", &["/b"]));
    origin.serve("/b", page("B", "Herons stand still.", &["/c"]).behind(&gate));
    origin.serve("/c", page("C", "Badgers dig.", &[]));
    let id = create(&p, &origin.url("/"), false).await;
    asked(&origin, "/b", 1).await;
    let shown = show(&p, &id).await;
    assert_eq!((&shown["status"], &shown["document_count"]), (&json!("pending"), &json!(1)));
    let p = p.restarted(fast).await;
    asked(&origin, "/b", 2).await;
    gate.open();
    assert_eq!(crawled(&p, &id).await["document_count"], 3);
    assert_eq!(origin.count("/"), 2);
    // What is finished is not begun again.
    let p = p.restarted(fast).await;
    let other = create(&p, &origin.url("/c"), false).await;
    crawled(&p, &other).await;
    assert_eq!(origin.count("/"), 2);
}

#[tokio::test]
async fn a_website_deleted_during_its_crawl_stays_deleted() {
    let (p, origin, gate) = (Platform::that_fetches(|_| {}).await, Origin::start(), Gate::default());
    let (busy, never) = (Origin::start(), Gate::default());
    busy.serve("/", page("Busy", "It takes for ever.", &[]).behind(&never));
    origin.serve("/", page("Home", "Otters live in rivers.", &["/b"]));
    origin.serve("/b", page("B", "Herons stand still.", &["/c"]).behind(&gate));
    origin.serve("/later", page("Later", "Badgers dig.", &[]));
    // Two are crawled at the same time, and this one does not end.
    let kept = create(&p, &busy.url("/"), false).await;
    asked(&busy, "/", 1).await;
    let gone = create(&p, &origin.url("/"), false).await;
    asked(&origin, "/b", 1).await;
    let mut changes = p.running.watch();
    assert_eq!(p.delete(&format!("/sources/{gone}")).await.0, 200);
    let later = create(&p, &origin.url("/later"), false).await;
    gate.open();
    assert_eq!(crawled(&p, &later).await["status"], "synced");
    assert_eq!(origin.count("/c"), 0);
    let held = p.running.snapshot().await;
    assert_eq!(held.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(), [kept.as_str(), later.as_str()]);
    assert_eq!(changes.recv().await, Some(Change::Gone { source_id: gone }));
    assert!(matches!(changes.recv().await, Some(Change::Held { source_id, .. }) if source_id == later));
    never.open();
}

#[tokio::test]
async fn a_website_is_crawled_anew_and_answers_meanwhile() {
    let (origin, once) = (Origin::start(), Origin::start());
    let p = Platform::that_fetches(|options| options.crawl.again = Duration::from_millis(50)).await;
    once.serve("/", page("Once", "Otters live in rivers.", &[]));
    let not_synced = create(&p, &once.url("/"), false).await;
    crawled(&p, &not_synced).await;
    origin.serve("/", page("Home", "Otters live in rivers.", &["/a", "/b"]));
    origin.serve("/a", page("A", "Herons stand still.", &[]));
    origin.serve("/b", page("B", "Badgers dig.", &[]));
    let id = create(&p, &origin.url("/"), true).await;
    crawled(&p, &id).await;
    let three = addresses(&origin, &["/", "/a", "/b"]);
    let site = |held: &[SnapshotSource]| held.iter().find(|source| source.id == id).cloned().unwrap();
    let before = site(&p.running.snapshot().await);
    assert_eq!(pages(&before), three);

    // One page has changed, one is gone, one is new. All the while the others are there.
    origin.serve("/c", page("C", "Newts are new here.", &[]));
    origin.serve("/a", page("A", "Herons fly.", &[]));
    origin.withdraw("/b");
    origin.serve("/", page("Home", "Otters live in rivers.", &["/a", "/c"]));
    p.comes_to(|held| {
        let now = site(held);
        assert_eq!(now.status, "synced");
        assert!(pages(&now).starts_with(&addresses(&origin, &["/", "/a"])), "{now:?}");
        pages(&now) == addresses(&origin, &["/", "/a", "/c"])
    })
    .await;
    let (_, answer) = p.send(Method::POST, "/chat", json!({"message": "Do herons fly?"})).await;
    assert!(answer["answer"].as_str().unwrap().contains("Herons fly."), "{answer}");

    // A site that has a bad hour loses nothing, neither by one page nor by all.
    let after = site(&p.running.snapshot().await);
    for path in ["/a", "/"] {
        origin.serve(path, Reply::status(503));
        origin.forget();
        // The third look comes after the second one's end.
        asked(&origin, path, 3).await;
        let now = site(&p.running.snapshot().await);
        assert_eq!((now.status.as_str(), pages(&now)), ("synced", pages(&after)), "{path}");
    }
    assert_eq!(once.count("/"), 1, "it does not want to be synced");
    let (status, _) = p.send(Method::PUT, &format!("/sources/{not_synced}"), json!({"auto_sync": true})).await;
    assert_eq!(status, 200);
    asked(&once, "/", 2).await;
}
