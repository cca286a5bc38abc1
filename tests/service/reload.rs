//! A config that is read again while the daemon runs.

use std::{fs, time::Duration};

use kbsync::{local::Fault, model::RateLimit};
use rustix::process::Signal;

use crate::{
    bench::Bench,
    daemon::{Daemon, bench, prepared},
};

#[tokio::test]
async fn collections_come_and_change() {
    let bench = bench().await;
    bench.write_many(6);
    fs::create_dir(bench.path("wiki")).unwrap();
    fs::write(bench.path("wiki/w.md"), "# Wiki\n").unwrap();
    let daemon = Daemon::ready(&bench).await;
    bench.reconfigure("collections:\n", "collections:\n  - name: wiki\n    folder: ./wiki\n    settle: 0s\n");
    daemon.signal(Signal::HUP);
    daemon.until("the new one is there", async || bench.ours().await.contains_key("wiki/w.md")).await;
    fs::write(bench.path("wiki/x.md"), "# Another\n").unwrap();
    daemon.until("the new one is watched", async || bench.ours().await.contains_key("wiki/x.md")).await;
    bench.write("000.md", "# Changed\n");
    daemon
        .until("the old one is watched still", async || {
            bench.ours().await["docs/000.md"]
                .iter()
                .any(|source| source.documents.iter().any(|held| held.sha256 == crate::bench::sha256(b"# Changed\n")))
        })
        .await;
    bench.reconfigure("folder: ./docs\n", "folder: ./docs\n    exclude: [\"000.md\"]\n");
    daemon.signal(Signal::HUP);
    daemon.done("one is left out", async || bench.ours().await.len() == 7).await;
    bench.reconfigure("    exclude: [\"000.md\"]\n", "");
    daemon.signal(Signal::HUP);
    daemon.done("and comes back", async || bench.ours().await.len() == 8).await;
    daemon.until("each is told", async || daemon.lines(&["the config was read again"]) == 3).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_config_that_cannot_be_used_changes_nothing() {
    let bench = bench().await;
    bench.write_many(3);
    let good = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    let daemon = Daemon::ready(&bench).await;
    let refused = [
        (good.replace("settle: 0s", "setle: 0s"), "setle"),
        ("collections: [".to_owned(), "not valid YAML"),
        (format!("instance: other\n{good}"), "`instance` was changed, and only a restart can use that"),
        (good.replace("state.db", "other.db"), "`state` was changed"),
        (good.replace("status.sock", "other.sock"), "`status` was changed"),
    ];
    for (n, (config, words)) in refused.into_iter().enumerate() {
        bench.configure(&config);
        daemon.signal(Signal::HUP);
        let refused = |status: &serde_json::Value| {
            status["daemon"]["config_error"].as_str().is_some_and(|error| error.contains(words))
        };
        daemon.shows(words, refused).await;
        bench.write("more.md", format!("# More {n}\n"));
        daemon.in_step(&bench).await;
    }
    let refusal = ["is refused; the one before stays in use"];
    daemon.until("each refusal is told", async || daemon.lines(&refusal) == 5).await;
    bench.run(&["status"]).await.ended(0, &["is refused: `status` was changed"]);
    bench.configure(&good);
    daemon.signal(Signal::HUP);
    daemon.shows("all is well", |status| status["daemon"]["config_error"].is_null()).await;
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

/// Waits until so many uploads were asked for.
async fn uploads(daemon: &Daemon, bench: &Bench, count: u64) {
    daemon.until("uploads", async || bench.running.requests().count("POST", "/ingest/upload") >= count).await;
}

#[tokio::test]
async fn a_long_pass_gives_way_to_a_new_config() {
    let bench = bench().await;
    bench.write_many(60);
    bench.faults.always("POST", "/ingest/upload", Fault::Slow(Duration::from_millis(700)));
    let daemon = Daemon::start(&bench);
    uploads(&daemon, &bench, 4).await;
    bench.reconfigure("settle: 0s", "settle: 0s\n    exclude: [\"05*.md\"]");
    daemon.signal(Signal::HUP);
    daemon.says(&["the config was read again"]).await;
    assert!(bench.running.requests().count("POST", "/ingest/upload") < 40, "it did not wait for the pass's end");
    bench.faults.clear();
    daemon
        .done("in step with the new config", async || {
            let ours = bench.ours().await;
            ours.len() == 50 && ours.values().all(|sources| sources.len() == 1)
        })
        .await;
    // One that is refused in the middle of a pass stops nothing.
    bench.faults.always("POST", "/ingest/upload", Fault::Slow(Duration::from_millis(300)));
    let good = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    bench.running.requests().reset();
    (0..10).for_each(|n| bench.write(&format!("new{n}.md"), format!("# New {n}\n")));
    uploads(&daemon, &bench, 1).await;
    bench.configure("collections: [");
    daemon.signal(Signal::HUP);
    daemon.shows("it is refused", |status| status["daemon"]["config_error"].is_string()).await;
    daemon.done("all are there", async || bench.ours().await.len() == 60).await;
    assert_eq!(bench.running.requests().count("POST", "/ingest/upload"), 10);
    bench.configure(&good);
    bench.faults.clear();
    daemon.signal(Signal::HUP);
    daemon.shows("all is well", |status| status["daemon"]["config_error"].is_null()).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_new_rate_is_kept_from_then_on_and_the_budget_is_shared() {
    let limit = RateLimit::new(30, Duration::from_secs(1));
    let bench = prepared(Bench::with(|options| options.rate_limit = Some(limit)).await);
    bench.reconfigure("1000/s", "10/s");
    bench.write_many(60);
    let daemon = Daemon::start(&bench);
    let budget = async |limit: u32| daemon.shows("the limit", move |status| status["budget"]["limit"] == limit).await;
    budget(10).await;
    for (from, to, limit) in [("10/s", "30/s", 30), ("30/s", "29/s", 29), ("29/s", "30/s", 30)] {
        bench.running.requests().reset();
        uploads(&daemon, &bench, 2).await;
        bench.reconfigure(from, to);
        daemon.signal(Signal::HUP);
        budget(limit).await;
    }
    daemon.in_step(&bench).await;
    assert_eq!(bench.running.requests().status(429), 0, "{}", daemon.log());
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn what_was_sent_before_counts_against_the_budget_after() {
    let bench = bench().await;
    bench.reconfigure("1000/s", "3000/min");
    bench.write_many(40);
    bench.faults.always("POST", "/ingest/upload", Fault::Slow(Duration::from_millis(200)));
    let daemon = Daemon::start(&bench);
    for (times, count) in [(1, 5), (2, 15)] {
        uploads(&daemon, &bench, count).await;
        daemon.signal(Signal::HUP);
        daemon.until("it is read", async || daemon.lines(&["the config was read again"]) == times).await;
    }
    daemon.in_step(&bench).await;
    assert_eq!(daemon.status().await["budget"]["used"], bench.running.requests().total(), "{}", daemon.log());
    daemon.stop().await;
}

#[tokio::test]
async fn a_key_that_is_refused_is_said_until_another_one_is_given() {
    let bench = bench().await;
    bench.write_many(3);
    let good = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    let key = good.lines().find_map(|line| line.trim().strip_prefix("api_key: ")).unwrap();
    bench.configure(&good.replace(key, "kb_local_wrong"));
    let daemon = Daemon::start(&bench);
    daemon
        .until("it is said", async || {
            daemon.get("/readyz").await.is_some_and(|(code, words)| code == 503 && words.contains("refuses the key"))
        })
        .await;
    assert_eq!(daemon.get("/healthz").await, Some((200, "ok\n".to_owned())));
    bench.configure(&good);
    daemon.signal(Signal::HUP);
    daemon.in_step(&bench).await;
    daemon.shows("no trouble any more", |status| status["daemon"]["trouble"].is_null()).await;
    assert!(!daemon.stop().await.contains("kb_local_wrong"));
    bench.quiet().await;
}
