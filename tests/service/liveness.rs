//! Whatever is stuck, a new change is taken up soon: the service hears while it works, and only what failed backs off.

use std::time::Duration;

use kbsync::{local::Fault, model::RateLimit};
use rustix::process::Signal;
use tokio::time::timeout;

use crate::{
    bench::{Bench, SOURCES, UPLOAD},
    daemon::{Daemon, bench, prepared},
};

/// Far more than a change needs on a busy machine, and far less than what is stuck takes.
const SOON: Duration = Duration::from_secs(15);

/// A new document, a deletion and a person's word each take effect although something is stuck.
async fn takes_up_changes(bench: &Bench, daemon: &Daemon, context: &str) {
    let holds = async |path: &str| bench.ours().await.contains_key(&format!("docs/{path}"));
    bench.write("new.md", format!("# New, {context}\n"));
    let new = daemon.until("the new document is there", async || holds("new.md").await);
    timeout(SOON, new).await.unwrap_or_else(|_| panic!("{context}: a new document waits\n{}", daemon.log()));
    bench.remove("000.md");
    let gone = daemon.until("the deleted one is gone", async || !holds("000.md").await);
    timeout(SOON, gone).await.unwrap_or_else(|_| panic!("{context}: a deletion waits\n{}", daemon.log()));
}

#[tokio::test]
async fn change__a_job_never_ends__is_taken_up() {
    let bench = bench().await;
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    bench.faults.once("POST", UPLOAD, Fault::JobStalls);
    bench.write("slow.md", "# Slow\n");
    daemon.shows("its job is under way", |status| status["under_way"] == 1).await;
    takes_up_changes(&bench, &daemon, "a job never ends").await;
    // A person's word as well.
    bench.faults.once("POST", UPLOAD, Fault::JobFails("no text in it".to_owned()));
    bench.write("bad.md", "# Bad\n");
    daemon.shows("it is quarantined", |status| status["quarantined"][0]["path"] == "bad.md").await;
    bench.run(&["retry"]).await.ended(0, &["1 document will be tried again"]);
    let again = daemon.until("it is there", async || bench.ours().await.contains_key("docs/bad.md"));
    timeout(SOON, again).await.expect("a retry waits");
    daemon.stop().await;
}

#[tokio::test]
async fn change__first_load_at_a_slow_rate__goes_before_the_rest() {
    let bench = Bench::with(|options| options.rate_limit = Some(RateLimit::new(20, Duration::from_secs(2)))).await;
    let bench = prepared(bench);
    bench.reconfigure("rate_limit: 1000/s", "rate_limit: 20/2s");
    bench.write_many(400);
    let daemon = Daemon::start(&bench);
    let holds = async |path: &str| bench.ours().await.contains_key(&format!("docs/{path}"));
    daemon.until("the first is there", async || holds("000.md").await).await;
    bench.write("zzz.md", "# New\n");
    let new = daemon.until("the new document is there", async || holds("zzz.md").await);
    timeout(SOON, new).await.unwrap_or_else(|_| panic!("a new document waits\n{}", daemon.log()));
    bench.remove("000.md");
    let gone = daemon.until("the deleted one is gone", async || !holds("000.md").await);
    timeout(SOON, gone).await.unwrap_or_else(|_| panic!("a deletion waits\n{}", daemon.log()));
    // And the load goes on, without another list.
    let before = bench.ours().await.len();
    assert!(before < 200, "{before} documents: the load was no load");
    daemon.until("more are there", async || bench.ours().await.len() > before + 5).await;
    daemon.stop().await;
}

#[tokio::test]
async fn change__an_answer_was_lost__is_taken_up_within_the_grace() {
    let bench = bench().await;
    bench.reconfigure("grace: 200ms", "grace: 60s");
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    bench.faults.once("POST", SOURCES, Fault::LostBefore);
    bench.write("lost.md", "# Lost\n");
    daemon.shows("it is under way", |status| status["under_way"] == 1).await;
    takes_up_changes(&bench, &daemon, "an answer was lost").await;
    assert!(!bench.ours().await.contains_key("docs/lost.md"), "it is not sent twice within the grace");
    daemon.stop().await;
}

#[tokio::test]
async fn change__a_source_cannot_be_deleted__is_taken_up() {
    let bench = bench().await;
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    let id = bench.ours().await["docs/001.md"][0].id.clone();
    bench.faults.always("DELETE", &format!("{SOURCES}/{id}"), Fault::Status(500));
    bench.write("001.md", "# Changed\n");
    daemon.until("its new version is there", async || bench.ours().await["docs/001.md"].len() == 2).await;
    takes_up_changes(&bench, &daemon, "a source cannot be deleted").await;
    bench.faults.clear();
    daemon.signal(Signal::USR1);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn change__the_list_fails__is_taken_up() {
    let bench = bench().await;
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    bench.faults.always("GET", SOURCES, Fault::Status(500));
    daemon.signal(Signal::USR1);
    daemon.shows("the full pass is at work", |status| status["daemon"]["doing"] == "a full pass").await;
    takes_up_changes(&bench, &daemon, "the list fails").await;
    bench.faults.clear();
    daemon.signal(Signal::USR1);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn held_deletions__the_files_come_back__are_held_no_more_and_cannot_be_approved() {
    let bench = bench().await;
    bench.write_many(40);
    bench.write("other/one.md", "# One\n");
    let daemon = Daemon::ready(&bench).await;
    (0..20).for_each(|n| bench.remove(&format!("{n:03}.md")));
    daemon.shows("20 held", |status| status["collections"][0]["held"] == 20).await;
    bench.write_many(40);
    daemon.shows("none held", |status| status["collections"][0]["held"] == 0).await;
    bench.run(&["approve", "docs"]).await.without(&["up to 20"]);
    assert_eq!(daemon.status().await["collections"][0]["approved"], 0);
    let (_, metrics) = daemon.get("/metrics").await.unwrap();
    assert!(metrics.contains("kbsync_held_deletions{collection=\"docs\"} 0"), "{metrics}");
    daemon.stop().await;
}
