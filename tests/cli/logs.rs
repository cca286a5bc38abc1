//! Logs: a line an event, in the format that its reader wants.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
};

use kbsync::local::Fault;
use serde_json::Value;

use crate::bench::{Bench, UPLOAD, rest, said};

/// Every line of a log of JSON.
fn objects(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[tokio::test]
async fn every_line_of_a_pass_has_its_id() {
    let bench = Bench::new().await;
    bench.write_many(3);
    let said = bench.run(&["sync", "-vv", "--log-format", "json"]).await;
    let status = bench.run(&["status", "--json"]).await.json();
    let id = status["last_pass"]["id"].as_str().unwrap();
    assert_eq!(id.len(), 8);
    let lines = objects(&said.err);
    for line in &lines {
        assert!(line["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{line}");
        // What is said for people is said outside of the pass.
        assert!(line["pass"] == id || line["level"] == "info", "{line}");
    }
    for message in ["request", "listed the platform's sources", "the folder is looked at", "the round is planned"] {
        assert!(lines.iter().any(|line| line["message"] == message && line["pass"] == id), "{message} in {said}");
    }
    bench.synced().await;
    let status = bench.run(&["status", "--json"]).await.json();
    assert_ne!(status["last_pass"]["id"], id);
}

#[tokio::test]
async fn levels_say_more_by_and_by() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    bench.synced().await;
    assert_eq!(bench.sync().await.err, "");
    let once = bench.run(&["sync", "-v"]).await;
    once.ended(0, &["debug: listed the platform's sources sources=1 ours=1 complete=true pass="]).without(&["request"]);
    bench.run(&["sync", "-vv"]).await.ended(0, &["trace: request call=\"GET /sources\" status=200"]);
    let mut command = bench.command(&["sync"]);
    command.env("KBSYNC_LOG", "kbsync::reconcile=debug").env("KBSYNC_LOG_FORMAT", "json");
    let lines = objects(&said(command).await.ended(0, &[]).err);
    assert!(!lines.is_empty() && lines.iter().all(|line| line["level"] == "debug"), "{lines:?}");
}

/// Runs a pass whose standard error is a file that JOURNAL_STREAM names, or names wrongly.
async fn with_journal(bench: &Bench, shift: u64) -> String {
    let path = bench.path("journal");
    let file = File::create(&path).unwrap();
    let stat = file.metadata().unwrap();
    let mut command = bench.command(&["sync"]);
    command.env("JOURNAL_STREAM", format!("{}:{}", stat.dev(), stat.ino() + shift)).stderr(file);
    rest(command.spawn().unwrap()).await.ended(3, &[]);
    let mut text = String::new();
    File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn the_journal_gets_priorities_where_it_listens() {
    let bench = Bench::new().await;
    bench.faults.always("POST", UPLOAD, Fault::JobFails("the model is on strike".to_owned()));
    bench.write("a.md", "# A\n");
    assert_eq!(with_journal(&bench, 0).await, "<6>failed docs/a.md\n");
    bench.write("b.md", "# B\n");
    assert_eq!(with_journal(&bench, 1).await, "failed docs/b.md\n");
    bench.reconfigure("docs", "dcos");
    let said = bench.run(&["sync", "--log-format", "journald"]).await;
    said.ended(8, &[]);
    bench.reconfigure("platform:", "platfrom:");
    let said = bench.run(&["sync", "--log-format", "journald"]).await;
    said.ended(2, &["platfrom"]);
    assert!(said.err.lines().all(|line| line.starts_with("<3>")), "{said}");
}

#[tokio::test]
async fn names_do_not_break_lines() {
    let bench = Bench::new().await;
    bench.write("one\n<0>two\u{1b}[31m.md", "# A\n");
    let plain = bench.run(&["sync", "-vv"]).await;
    plain.ended(0, &["1 added"]).without(&["\u{1b}", "\n<0>"]);
    fs::remove_file(bench.path("docs/one\n<0>two\u{1b}[31m.md")).unwrap();
    bench.write("three\nfour.md", "# B\n");
    objects(&bench.run(&["sync", "-vv", "--log-format", "json"]).await.err);
}
