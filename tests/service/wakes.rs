//! Changes that the daemon is told of: each reaches the platform soon, for no more requests than it needs.

use std::{fs, os::unix::fs::symlink, path::Path};

use kbsync::local::{Change, Fault};
use rustix::process::Signal;

use crate::{
    bench::Bench,
    daemon::{Daemon, bench},
};

fn rename(bench: &Bench, from: &str, to: &str) {
    fs::rename(bench.path(from), bench.path(to)).unwrap();
}

/// Fails unless just these changes were asked for since the last time, and no list.
#[track_caller]
fn asked(bench: &Bench, puts: u64, renames: u64, deletes: u64) {
    let log = bench.running.requests();
    let asked =
        [("POST", "/sources"), ("POST", "/ingest/upload"), ("PUT", "/sources/{id}"), ("DELETE", "/sources/{id}")]
            .map(|(method, route)| log.count(method, route));
    assert_eq!(asked, [puts, puts, renames, deletes], "sources, uploads, renames, deletions");
    assert_eq!(log.count("GET", "/sources"), 0, "a wake needs no list");
    assert!(log.total() <= 6 * puts + renames + deletes, "{} requests", log.total());
    log.reset();
}

#[tokio::test]
async fn every_kind_of_change_arrives_for_the_requests_that_it_needs() {
    let bench = bench().await;
    bench.write_many(12);
    bench.write("sub/one.md", "# One\n");
    let daemon = Daemon::ready(&bench).await;
    assert_eq!(daemon.get("/readyz").await, Some((200, "ready\n".to_owned())));
    assert!(daemon.status().await["daemon"]["next"].is_string(), "the next full pass is known");
    bench.running.requests().reset();

    bench.write("000.md", "# Changed\n");
    daemon.in_step(&bench).await;
    asked(&bench, 1, 0, 1);

    bench.write("new.md", "# New\n");
    daemon.in_step(&bench).await;
    asked(&bench, 1, 0, 0);

    // As an editor saves that writes beside and renames over.
    bench.write(".001.md.tmp", "# Saved by another name\n");
    rename(&bench, "docs/.001.md.tmp", "docs/001.md");
    daemon.in_step(&bench).await;
    asked(&bench, 1, 0, 1);

    // As vim saves: the old one aside, a new one in its place, the old one away.
    bench.write(".002.md.swp", "swap");
    bench.write("4913", "");
    bench.remove("4913");
    rename(&bench, "docs/002.md", "docs/002.md~");
    bench.write("002.md", "# Saved as vim does\n");
    bench.remove("002.md~");
    bench.remove(".002.md.swp");
    daemon.in_step(&bench).await;
    asked(&bench, 1, 0, 1);

    bench.remove("003.md");
    daemon.in_step(&bench).await;
    asked(&bench, 0, 0, 1);

    rename(&bench, "docs/004.md", "docs/sub/renamed.md");
    daemon.in_step(&bench).await;
    asked(&bench, 0, 1, 0);

    bench.write("a/b/c/deep.md", "# Deep\n");
    bench.write("a/high.md", "# High\n");
    daemon.in_step(&bench).await;
    asked(&bench, 2, 0, 0);
    bench.write("a/b/c/later.md", "# Later\n");
    daemon.in_step(&bench).await;
    asked(&bench, 1, 0, 0);

    fs::create_dir_all(bench.path("outside/tree/low")).unwrap();
    fs::write(bench.path("outside/tree/x.md"), "# X\n").unwrap();
    fs::write(bench.path("outside/tree/low/y.md"), "# Y\n").unwrap();
    rename(&bench, "outside/tree", "docs/tree");
    daemon.in_step(&bench).await;
    asked(&bench, 2, 0, 0);

    rename(&bench, "docs/tree", "docs/wood");
    daemon.in_step(&bench).await;
    asked(&bench, 0, 2, 0);
    bench.write("wood/low/y.md", "# Y, under its new name\n");
    daemon.in_step(&bench).await;
    asked(&bench, 1, 0, 1);
    rename(&bench, "docs/wood", "outside/wood");
    daemon.in_step(&bench).await;
    asked(&bench, 0, 0, 2);

    let log = daemon.stop().await;
    assert!(!log.contains("\"ERROR\"") && !log.contains("\"WARN\""), "{log}");
    bench.quiet().await;
}

#[tokio::test]
async fn what_is_ignored_goes_and_comes_back() {
    let bench = bench().await;
    bench.write_many(6);
    bench.write("drafts/one.md", "# One\n");
    bench.write("drafts/low/two.md", "# Two\n");
    let daemon = Daemon::ready(&bench).await;
    bench.running.requests().reset();
    let holds = async |count| {
        let what = format!("{count} documents");
        daemon.until(&what, async || bench.ours().await.len() == count).await;
    };
    bench.write(".gitignore", "drafts/\n");
    holds(6).await;
    bench.write("drafts/three.md", "# Three\n");
    bench.write(".gitignore", "drafts/low\n");
    holds(8).await;
    bench.remove(".gitignore");
    daemon.in_step(&bench).await;
    assert_eq!(bench.running.requests().count("GET", "/sources"), 0);
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_file_that_is_never_still_holds_up_nobody() {
    let bench = bench().await;
    bench.reconfigure("settle: 0s", "settle: 1s");
    bench.write_many(3);
    let daemon = Daemon::ready(&bench).await;
    let mut written = 0;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(200));
    let mut write = async || {
        ticks.tick().await;
        written += 1;
        bench.write("busy.md", format!("# Line {written}\n"));
    };
    // Longer than a pass has patience for it.
    for _ in 0..50 {
        write().await;
    }
    for name in ["first.md", "second.md"] {
        bench.write(name, format!("# {name}\n"));
        let document = format!("docs/{name}");
        let mut waited = 0;
        while !bench.ours().await.contains_key(&document) {
            write().await;
            waited += 1;
            assert!(waited < 60, "{name} waits for another document\n{}", daemon.log());
        }
    }
    // It is looked at again when it is still.
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_burst_of_files_takes_few_passes() {
    let bench = bench().await;
    bench.write_many(2);
    let daemon = Daemon::ready(&bench).await;
    bench.running.requests().reset();
    let many = 300;
    (0..many).for_each(|n| bench.write(&format!("{}/{}/{n}.md", n % 40, n % 7), format!("# Page {n}\n")));
    daemon.in_step(&bench).await;
    let log = bench.running.requests();
    assert_eq!((log.count("POST", "/sources"), log.count("POST", "/ingest/upload")), (many, many));
    assert!(log.total() <= many * 3, "{} requests", log.total());
    assert!(daemon.lines(&["the pass has ended"]) <= 8, "{}", daemon.log());
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_rename_without_an_answer_is_looked_for_in_a_list() {
    let bench = bench().await;
    bench.write_many(5);
    let daemon = Daemon::ready(&bench).await;
    let mut seen = bench.running.watch();
    bench.faults.always("PUT", "/sources", Fault::StatusAfter(503));
    for method in ["POST", "GET"] {
        bench.faults.always(method, "/sources", Fault::Status(401));
    }
    // Another document ends the pass before the rename is heard of.
    bench.write("new.md", "# New\n");
    rename(&bench, "docs/002.md", "docs/moved.md");
    daemon.until("it has that name", async || bench.ours().await.contains_key("docs/moved.md")).await;
    daemon.says(&["error", "401"]).await;
    bench.write("moved.md", "# It was changed as well\n");
    bench.faults.clear();
    daemon.in_step(&bench).await;
    let mut held = false;
    while let Ok(change) = seen.try_recv() {
        match change {
            Change::Held { .. } => held = true,
            Change::Gone { .. } => assert!(held, "the old version went before the new one was ready"),
            Change::Renamed { .. } => {}
        }
    }
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn what_happened_on_the_platform_is_found_by_the_next_full_pass() {
    let bench = bench().await;
    bench.write_many(5);
    let daemon = Daemon::ready(&bench).await;
    let id = bench.ours().await["docs/002.md"][0].id.clone();
    bench.api(reqwest::Method::DELETE, &format!("/sources/{id}"), serde_json::Value::Null).await;
    daemon.signal(Signal::USR1);
    daemon.in_step(&bench).await;
    // The first one's, the one that missed it, and the one that was sure of it when the grace was over.
    daemon.until("two passes did it", async || daemon.lines(&["the pass has ended"]) == 3).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn the_local_platform_is_served_and_kept_in_step() {
    let bench = bench().await;
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    let (before, after) = (config.find("platform:").unwrap(), config.find("status:").unwrap());
    let local = "platform:\n  kind: local\n  listen: 127.0.0.1:0\n  rate_limit: 1000/s\n";
    bench.configure(&format!("{}{local}{}", &config[..before], &config[after..]));
    bench.write_many(3);
    let daemon = Daemon::start(&bench);
    daemon.shows("three documents", |status| status["collections"][0]["in_step"] == 3).await;
    bench.write("opening.md", "The office opens at nine.\n");
    daemon.shows("four documents", |status| status["collections"][0]["in_step"] == 4).await;
    bench.run(&["ask", "When does the office open?"]).await.ended(0, &["nine", "docs/opening.md"]);
    daemon.stop().await;
    assert!(!Path::new(&bench.path("status.sock")).exists());
    bench.sync().await.ended(0, &["4 documents, nothing to change"]);
}

#[tokio::test]
async fn followed_links__one_up_and_one_beside__a_new_file_comes_by_each_name_once() {
    let bench = bench().await;
    bench.reconfigure("settle: 0s", "settle: 300ms\n    follow_symlinks: true");
    bench.write("real/x.md", "# X\n");
    symlink("..", bench.path("docs/real/up")).unwrap();
    symlink("real", bench.path("docs/l1")).unwrap();
    let daemon = Daemon::start(&bench);
    let names = async || bench.ours().await.into_keys().collect::<Vec<_>>();
    daemon.done("both names", async || names().await == ["docs/l1/x.md", "docs/real/x.md"]).await;
    bench.write("real/y.md", "# Y\n");
    bench.write("top.md", "# Top\n");
    let wanted = ["docs/l1/x.md", "docs/l1/y.md", "docs/real/x.md", "docs/real/y.md", "docs/top.md"];
    daemon.done("the new ones", async || names().await == wanted).await;
    daemon.stop().await;
    bench.quiet().await;
    assert_eq!(names().await, wanted);
}
