//! Guards under the daemon: deletions wait for a person, whose word is heard at once.

use std::fs;

use kbsync::local::Fault;
use rustix::process::Signal;

use crate::{
    bench::Bench,
    daemon::{Daemon, bench},
};

fn remove(bench: &Bench, numbers: std::ops::Range<usize>) {
    numbers.for_each(|n| bench.remove(&format!("{n:03}.md")));
}

#[tokio::test]
async fn a_wipe_is_held_until_it_is_approved() {
    let bench = bench().await;
    bench.write_many(40);
    let daemon = Daemon::ready(&bench).await;
    bench.running.requests().reset();
    remove(&bench, 1..40);
    daemon.shows("39 held", |status| status["collections"][0]["held"] == 39).await;
    bench.run(&["status"]).await.ended(0, &["39 deletions held", "kbsync approve docs"]);
    // The rest goes on.
    bench.write("new.md", "# New\n");
    daemon.until("the new one is there", async || bench.ours().await.contains_key("docs/new.md")).await;
    assert_eq!(bench.running.requests().count("DELETE", "/sources/{id}"), 0);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 39"]);
    daemon.in_step(&bench).await;
    daemon.shows("nothing is held", |status| status["collections"][0]["held"] == 0).await;
    assert_eq!(bench.running.requests().count("GET", "/sources"), 0, "an approval needs no list");
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn documents_that_go_one_by_one_are_counted_together() {
    let bench = bench().await;
    bench.write_many(40);
    let daemon = Daemon::ready(&bench).await;
    for n in 0..10 {
        remove(&bench, n..n + 1);
        daemon.in_step(&bench).await;
    }
    remove(&bench, 10..11);
    daemon.shows("the eleventh is held", |status| status["collections"][0]["held"] == 1).await;
    remove(&bench, 11..13);
    daemon.shows("and what follows", |status| status["collections"][0]["held"] == 3).await;
    // No other pass takes them for granted, nor does another start.
    daemon.signal(Signal::USR1);
    daemon.until("a full pass and the first", async || daemon.passes("full").await == 2).await;
    bench.write("new.md", "# New\n");
    daemon.until("the new one is there", async || bench.ours().await.contains_key("docs/new.md")).await;
    daemon.stop().await;
    let daemon = Daemon::start(&bench);
    daemon.shows("it is ready", |status| status["daemon"]["ready"] == true).await;
    assert_eq!(bench.ours().await.len(), 31);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 3"]);
    daemon.in_step(&bench).await;
    // What was allowed does not count against what comes after it.
    remove(&bench, 13..23);
    daemon.in_step(&bench).await;
    remove(&bench, 23..24);
    daemon.shows("and that counts", |status| status["collections"][0]["held"] == 1).await;
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 1"]);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn what_the_platform_will_not_delete_is_counted_all_the_same() {
    let bench = bench().await;
    bench.write_many(40);
    let daemon = Daemon::ready(&bench).await;
    bench.faults.always("DELETE", "/sources", Fault::Status(409));
    for n in 0..10 {
        remove(&bench, n..n + 1);
        let path = format!("{n:03}.md");
        daemon.says(&["failed", "could not be deleted", &path]).await;
    }
    remove(&bench, 10..11);
    daemon.shows("the eleventh is held", |status| status["collections"][0]["held"] == 1).await;
    bench.faults.clear();
    bench.run(&["retry"]).await.ended(0, &["10 documents will be tried again"]);
    daemon.until("the ten are gone", async || bench.ours().await.len() == 30).await;
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 1"]);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_document_that_failed_is_tried_again_when_somebody_asks() {
    let bench = bench().await;
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    bench.faults.once("POST", "/ingest/upload", Fault::JobFails("no text in it".to_owned()));
    bench.write("new.md", "# New\n");
    daemon.shows("it is quarantined", |status| status["quarantined"][0]["path"] == "new.md").await;
    bench.run(&["retry", "docs/new.md"]).await.ended(0, &["1 document will be tried again"]);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_collection_that_leaves_the_config_is_held_until_it_is_approved() {
    let bench = bench().await;
    bench.write_many(4);
    fs::create_dir(bench.path("wiki")).unwrap();
    fs::write(bench.path("wiki/w.md"), "# Wiki\n").unwrap();
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    let daemon = Daemon::ready(&bench).await;
    bench.reconfigure("name: docs\n    folder: ./docs", "name: wiki\n    folder: ./wiki");
    daemon.signal(Signal::HUP);
    daemon.until("the new one is there", async || bench.ours().await.contains_key("wiki/w.md")).await;
    daemon
        .shows("the old one is held", |status| {
            let collections = status["collections"].as_array().unwrap_or(const { &Vec::new() }).iter();
            collections.into_iter().any(|one| one["name"] == "docs" && one["held"] == 4)
        })
        .await;
    assert_eq!(bench.ours().await.len(), 5);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 4"]);
    daemon.until("it is gone", async || bench.ours().await.into_keys().eq(["wiki/w.md"])).await;
    // It comes back as if it were new.
    bench.configure(&format!("{config}  - name: wiki\n    folder: ./wiki\n    settle: 0s\n"));
    daemon.signal(Signal::HUP);
    daemon.done("both are there", async || bench.ours().await.len() == 5).await;
    daemon.stop().await;
    bench.quiet().await;
}
