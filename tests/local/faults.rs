//! Each fault, as a client meets it.

use std::time::{Duration, Instant};

use kbsync::local::{Fault, Faults, Odd, Rewriting};
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::json;

use crate::harness::{Platform, read};

async fn faulty() -> (Platform, Faults) {
    let faults = Faults::default();
    let handle = faults.clone();
    (Platform::with(|options| options.faults = handle).await, faults)
}

fn create(p: &Platform) -> RequestBuilder {
    p.request(Method::POST, "/sources").json(&json!({"name": "s", "type": "text"}))
}

async fn held(p: &Platform) -> usize {
    p.running.snapshot().await.len()
}

#[tokio::test]
async fn a_lost_request_ends_without_an_answer() {
    let (p, faults) = faulty().await;
    for (fault, done) in [(Fault::LostBefore, 0), (Fault::LostAfter, 1)] {
        faults.once("POST", "/sources", fault);
        let error = create(&p).send().await.unwrap_err();
        assert!(error.is_request() && error.status().is_none() && !error.is_timeout(), "{error:?}");
        assert_eq!(held(&p).await, done);
    }
    assert_eq!(p.running.requests().lost(), 2);
    assert_eq!(create(&p).send().await.unwrap().status(), 201, "the next connection is whole");
}

#[tokio::test]
async fn a_lost_upload_is_lost_whatever_its_size() {
    let (p, faults) = faulty().await;
    let source = p.source("s").await;
    let large = "large ".repeat(1 << 19);
    for content in ["small", large.as_str()] {
        faults.once("POST", "/ingest/upload", Fault::LostBefore);
        let error = p.upload_request(&source, "a.txt", content).send().await.unwrap_err();
        assert!(error.status().is_none() && !error.is_timeout(), "{error:?}");
    }
    faults.once("POST", "/ingest/upload", Fault::LostAfter);
    p.upload_request(&source, "a.txt", &large).send().await.unwrap_err();
    p.comes_to(|held| held[0].documents.len() == 1).await;
}

#[tokio::test]
async fn statuses_come_with_or_without_the_work() {
    let (p, faults) = faulty().await;
    faults.once("POST", "/sources", Fault::Status(503));
    let (status, body) = read(create(&p).send().await.unwrap()).await;
    assert_eq!((status, &body["error"]["code"], held(&p).await), (503, &json!("fault"), 0));
    faults.once("POST", "/sources", Fault::StatusAfter(500));
    assert_eq!((create(&p).send().await.unwrap().status().as_u16(), held(&p).await), (500, 1));
    faults.once("POST", "/sources", Fault::TooMany { retry_after: Some(7) });
    let refused = create(&p).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    faults.once("POST", "/sources", Fault::TooMany { retry_after: None });
    let refused = create(&p).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().get("retry-after")), (429, None));
    assert_eq!(held(&p).await, 1);
}

#[tokio::test]
async fn bodies_are_cut_or_garbage_after_the_work() {
    let (p, faults) = faulty().await;
    faults.once("POST", "/sources", Fault::CutBody);
    let answer = create(&p).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert!(answer.bytes().await.is_err());
    faults.once("POST", "/sources", Fault::GarbageBody);
    let answer = create(&p).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert!(answer.json::<serde_json::Value>().await.unwrap_err().is_decode());
    assert_eq!(held(&p).await, 2);
}

#[tokio::test]
async fn a_new_source_is_given_an_old_ones_id() {
    let (p, faults) = faulty().await;
    faults.always("POST", "", Fault::OldId);
    let (status, alone) = read(create(&p).send().await.unwrap()).await;
    let oldest = p.running.snapshot().await[0].id.clone();
    assert_eq!((status, &alone["id"]), (201, &json!(oldest)), "there is no other one");
    for number in 2..4 {
        let (status, told) = read(create(&p).send().await.unwrap()).await;
        assert_eq!((status, &told["id"], &told["name"]), (201, &json!(oldest), &json!("s")));
        assert_eq!(held(&p).await, number, "the work is done");
    }
    let form = multipart::Form::new().part("file", multipart::Part::text("text").file_name("a.md"));
    let (status, told) = read(p.nexvio(Method::POST, "/knowledge").multipart(form).send().await.unwrap()).await;
    let told = &told["data"]["knowledge"];
    assert_eq!((status, &told["id"], &told["name"]), (201, &json!(oldest), &json!("a.md")));
    p.comes_to(|held| held.len() == 4 && held[3].name == "a.md" && held[3].documents.len() == 1).await;
    assert!(p.running.snapshot().await[0].documents.is_empty(), "the old one is as it was");
    let (status, bot) = p.nexvio_send(Method::POST, "/bots", json!({"name": "Sales"})).await;
    assert!(status == 201 && bot["data"]["chatbot"]["id"] != json!(oldest), "{bot}");
}

#[tokio::test]
async fn slow_is_late_and_a_late_effect_comes_after_the_cut() {
    let (p, faults) = faulty().await;
    let delay = Duration::from_millis(60);
    faults.once("GET", "/sources", Fault::Slow(delay));
    let began = Instant::now();
    assert_eq!(p.get("/sources").await.0, 200);
    assert!(began.elapsed() >= delay);

    faults.once("POST", "/sources", Fault::LateEffect(delay));
    let began = Instant::now();
    create(&p).send().await.unwrap_err();
    p.comes_to(|held| held.len() == 1).await;
    assert!(began.elapsed() >= delay);
    let source = p.running.snapshot().await[0].id.clone();
    faults.once("POST", "/ingest/upload", Fault::LateEffect(delay));
    p.upload_request(&source, "a.md", "late").send().await.unwrap_err();
    p.comes_to(|held| held[0].status == "synced").await;
}

#[tokio::test]
async fn jobs_fail_are_forgotten_or_stall() {
    let (p, faults) = faulty().await;
    let source = p.source("s").await;
    faults.once("POST", "/ingest/upload", Fault::JobFails("the model is on strike".to_owned()));
    let job = p.upload(&source, "a.md", "text").await;
    let job = p.ended(&job).await;
    assert_eq!((job.status.as_str(), job.error), ("failed", Some(json!("the model is on strike"))));
    p.comes_to(|held| held[0].status == "failed" && held[0].documents.is_empty()).await;

    faults.once("POST", "/ingest/upload", Fault::JobForgotten);
    let job = p.upload(&source, "a.md", "text").await;
    assert_eq!(p.get(&format!("/ingest/status/{job}")).await.0, 404);
    p.comes_to(|held| held[0].status == "synced" && held[0].documents.len() == 1).await;

    faults.once("POST", "/ingest/upload", Fault::JobStalls);
    let stalled = p.upload(&source, "a.md", "text").await;
    let other = p.document("a/b.md", "text").await;
    assert_ne!(other, source, "another job ends while that one does not");
    assert_eq!(p.get(&format!("/ingest/status/{stalled}")).await.1["status"], "processing");
}

#[tokio::test]
async fn whatever_goes_wrong_the_database_stays_whole() {
    let short = Duration::from_millis(2);
    let menu = vec![
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::StatusAfter(502),
        Fault::Slow(short),
        Fault::CutBody,
        Fault::GarbageBody,
        Fault::JobFails("no".to_owned()),
        Fault::JobForgotten,
        Fault::LateEffect(short),
    ];
    for seed in 0..4 {
        let (p, faults) = faulty().await;
        let sources = [p.source("a").await, p.source("b").await, p.source("c").await];
        faults.random(seed, 0.5, menu.clone());
        for round in 0..30 {
            let source = &sources[round % 3];
            // Every outcome is possible, and none of them matters here.
            let uploads = (0..3).map(|_| p.upload_request(source, "x.md", "# One\n\ntwo").send());
            futures_util::future::join_all(uploads).await;
            if round == 20 {
                let _ = p.request(Method::DELETE, &format!("/sources/{source}")).send().await;
            }
        }
        faults.clear();
        let left = || std::fs::read_dir(p.folder.path().join("uploads")).unwrap().count();
        p.comes_to(|held| left() == 0 && held.iter().all(|source| source.status != "pending")).await;
        let Platform { running, folder, .. } = p;
        running.stop().await;
        let db = rusqlite::Connection::open(folder.path().join("platform.db")).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let documents = count("SELECT count(*) FROM documents");
        assert!(documents > 0);
        assert_eq!(count("SELECT count(*) FROM jobs WHERE status = 'completed'"), documents);
        assert_eq!(count("SELECT count(*) FROM chunks"), documents);
        assert_eq!(count("SELECT count(*) FROM chunk_index WHERE chunk_index MATCH 'two'"), documents);
        assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }
}

#[tokio::test]
async fn random_faults_repeat_with_their_seed() {
    let menu = [Fault::LostBefore, Fault::LostAfter, Fault::Status(500), Fault::TooMany { retry_after: None }];
    let run = async |seed: u64| {
        let (p, faults) = faulty().await;
        faults.random(seed, 0.4, menu.to_vec());
        let mut seen = Vec::new();
        for _ in 0..40 {
            seen.push(create(&p).send().await.ok().map(|answer| answer.status().as_u16()));
        }
        faults.clear();
        assert_eq!(p.get("/sources").await.0, 200);
        seen
    };
    let first = run(1).await;
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
    assert!(first.contains(&None) && first.contains(&Some(201)) && first.contains(&Some(500)));
}

#[tokio::test]
async fn odd_answer__each_kind__is_told_as_it_says_and_the_work_is_done() {
    let (p, faults) = faulty().await;
    for name in ["R&D  Cafe\u{301}", "b", "c"] {
        p.source(name).await;
    }
    let ask = async |odd: Odd, path: &str| {
        faults.once("GET", "/sources", Fault::Odd(odd));
        p.get(path).await.1
    };
    let first = "/sources?page=1&per_page=2";
    for (odd, path, pointer, expected) in [
        (Odd::Names(Rewriting::Composed), "/sources", "/data/2/name", json!("R&D  Caf\u{e9}")),
        (Odd::Names(Rewriting::Blanks), "/sources", "/data/2/name", json!("R&D Cafe\u{301}")),
        (Odd::Names(Rewriting::Lower), "/sources", "/data/2/name", json!("r&d  cafe\u{301}")),
        (Odd::Names(Rewriting::Entities), "/sources", "/data/2/name", json!("R&amp;D  Cafe\u{301}")),
        (Odd::Names(Rewriting::Cut(3)), "/sources", "/data/2/name", json!("R&D")),
        (Odd::Null("name"), "/sources", "/data/0/name", json!(null)),
        (Odd::OtherType("total"), "/sources", "/meta/total", json!("3")),
        (Odd::OtherType("name"), "/sources", "/data/0/name", json!(["c"])),
        (Odd::Total(2), "/sources", "/meta/total", json!(5)),
        (Odd::Total(-9), "/sources", "/meta/total", json!(0)),
        (Odd::Empty, "/sources", "/data", json!([])),
        (Odd::Lags(2), "/sources", "/data/0/name", json!("R&D  Cafe\u{301}")),
        (Odd::Lags(2), "/sources?page=2&per_page=2", "/data/0/name", json!("R&D  Cafe\u{301}")),
        (Odd::Pages(1), first, "/data/0/name", json!("c")),
        (Odd::Pages(1), "/sources?page=2&per_page=2", "/data/0/name", json!("b")),
        (Odd::Repeats, "/sources?page=2&per_page=2", "/data/0/name", json!("c")),
    ] {
        let told = ask(odd.clone(), path).await;
        assert_eq!(told.pointer(pointer), Some(&expected), "{odd:?}: {told}");
    }
    assert_eq!(ask(Odd::Without("name"), "/sources").await.pointer("/data/0/name"), None);
    faults.once("POST", "/sources", Fault::Odd(Odd::NoBody));
    let status = create(&p).send().await.unwrap().status().as_u16();
    assert_eq!((status, held(&p).await), (204, 4));
    faults.once("GET", "/sources", Fault::Odd(Odd::Body("OK")));
    assert_eq!(p.request(Method::GET, "/sources").send().await.unwrap().text().await.unwrap(), "OK");
    faults.once("GET", "/sources", Fault::Odd(Odd::Headers(&[("x-ratelimit-reset", "soon")])));
    assert_eq!(p.request(Method::GET, "/sources").send().await.unwrap().headers()["x-ratelimit-reset"], "soon");
    // A refusal stays what it is.
    faults.once("GET", "/sources", Fault::Odd(Odd::NoBody));
    assert_eq!(p.get("/sources/nobody").await.0, 404);
}
