//! `status` and `explain`: what is so, and why.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use kbsync::{
    daemon::{How, Note, Watching},
    local::{Fault, Odd},
    store::{Identity, Store},
};
use rusqlite::Connection;

use crate::bench::{Bench, SOURCES, UPLOAD};

/// The text with its times and places taken out.
fn timeless(text: &str) -> String {
    let line = |line: &str| match line.split_once(", at ") {
        Some((before, _)) => format!("{before}, at TIME.\n"),
        None => match line.split_once("in the last 1.0 s: ") {
            Some((before, _)) => format!("{before}in the last 1.0 s: N of 1000.\n"),
            None => format!("{line}\n"),
        },
    };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn status_says_what_is_in_step_and_what_is_not() {
    let bench = Bench::new().await;
    bench.run(&["status"]).await.ended(0, &["Nothing was synced yet", "Begin with: kbsync sync"]);
    bench.write_many(3);
    bench.faults.once("POST", UPLOAD, Fault::JobFails("the model is on strike".to_owned()));
    bench.sync().await.ended(3, &[]);
    bench.running.requests().reset();
    let said = bench.run(&["status"]).await;
    said.ended(0, &[]);
    let failed = bench.run(&["status", "--json"]).await.json()["quarantined"][0]["path"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(timeless(&said.out.replace(&failed, "FAILED")), @"
    docs (docs): 2 documents in step, 56 B
      1 quarantined
    failed docs/FAILED: the model is on strike; it is tried again by itself
    Requests in the last 1.0 s: N of 1000.
    Last pass: failed, at TIME.
    ");
    let status = bench.run(&["status", "--json"]).await.ended(0, &[]).json();
    let docs = &status["collections"][0];
    assert_eq!((&docs["name"], &docs["in_step"], &docs["quarantined"]), (&"docs".into(), &2.into(), &1.into()));
    assert_eq!(status["last_pass"]["outcome"], "failed");
    assert_eq!(status["last_pass"]["summary"]["added"], 2);
    assert!(status["last_pass"]["ended"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn the_summary_says_what_was_done() {
    let bench = Bench::new().await;
    bench.write_many(3);
    bench.write("empty.md", "");
    let said = bench.synced().await;
    let summary = said.out.split(" (").next().unwrap().to_owned() + "\n" + said.out.split_once('\n').unwrap().1;
    insta::assert_snapshot!(summary, @"
    3 documents: 3 added; 84 B sent
    skipped docs/empty.md: it is empty
    ");
    let mut lines: Vec<_> = said.err.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"), @"
    added docs/000.md
    added docs/001.md
    added docs/002.md
    ");
}

#[tokio::test]
async fn status_without_a_state_is_json_too() {
    let bench = Bench::new().await;
    let status = bench.run(&["status", "--json"]).await.ended(0, &[]).json();
    assert_eq!(status["collections"][0]["in_step"], 0);
    assert!(status["last_pass"].is_null());
    assert!(!bench.path("state").exists());
}

#[tokio::test]
async fn status_says_what_a_running_daemon_says_of_itself() {
    let bench = Bench::new().await;
    bench.write_many(1);
    bench.synced().await;
    let state = bench.path("state/state.db");
    let identity = Identity { platform: bench.running.base_url().to_owned(), instance: "default".to_owned() };
    let store = Store::open(&state, &identity).unwrap();
    let why = Some("./docs is on a network filesystem".to_owned());
    let note = Note {
        doing: "watching".to_owned(),
        ready: true,
        trouble: Some("the key is refused".to_owned()),
        config_error: Some("kbsync.yaml:3:1: `colections` is not a key".to_owned()),
        next: Some("2026-11-22T03:00:00Z".parse().unwrap()),
        collections: BTreeMap::from([("docs".to_owned(), Watching { how: How::Polled, why })]),
        ..Note::begun("2026-11-21T13:00:00Z".parse().unwrap())
    };
    let kept = note.clone();
    store.call(move |db| kept.keep(db)).await.unwrap();
    let said = bench.run(&["status"]).await;
    let text = said.ended(0, &[]).out.replace(&std::process::id().to_string(), "PID");
    insta::assert_snapshot!(timeless(&text), @"
    docs (docs): 1 document in step, 28 B
      polled, because ./docs is on a network filesystem
    Requests in the last 1.0 s: N of 1000.
    Last pass: ok, at TIME.
    kbsync runs (process PID) since 2026-11-21 13:00:00: watching.
    Next full pass: 2026-11-22 03:00:00.
    It is in trouble: the key is refused
    The config was changed and is refused: kbsync.yaml:3:1: `colections` is not a key
    ");
    let status = bench.run(&["status", "--json"]).await.json();
    assert_eq!(status["daemon"], serde_json::to_value(&note).unwrap());
    assert!(status["last_success"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    // Its note stays when it is killed; its lock does not.
    drop(store);
    bench.run(&["status"]).await.ended(0, &[]).without(&["kbsync runs", "polled"]);
    assert!(bench.run(&["status", "--json"]).await.json()["daemon"].is_null());
}

#[tokio::test]
async fn explain_knows_every_state() {
    let bench = Bench::new().await;
    bench.reconfigure("settle: 0s", "settle: 0s\n    exclude: [\"drafts/\"]");
    bench.write("a.md", "# A\n");
    bench.write("drafts/d.md", "# D\n");
    bench.write("ignored.md", "# I\n");
    bench.write(".gitignore", "# comment\nignored.md\n");
    bench.write("sheet.xlsx", "x");
    bench.run(&["explain", "docs/a.md"]).await.ended(0, &["`include` takes it by `**/*.md`", "nothing was synced yet"]);
    bench.synced().await;
    for (path, words) in [
        ("docs/a.md", &["in step: the platform holds this version", "4 B, changed 20"][..]),
        ("./docs/../docs/a.md", &["docs/a.md", "in step"]),
        ("docs/drafts/d.md", &["`exclude` has `drafts/`, matched by `drafts`"]),
        ("docs/ignored.md", &[".gitignore:2 has `ignored.md`"]),
        ("docs/sheet.xlsx", &["no pattern of `include` matches it"]),
        ("docs/none.md", &["there is no such file"]),
        ("docs/drafts", &["`exclude` has `drafts/`"]),
    ] {
        bench.run(&["explain", path]).await.ended(0, words);
    }
    bench.run(&["explain", "docs"]).await.ended(2, &["docs is the folder of docs; name a file in it"]);
    bench.run(&["explain", "elsewhere/a.md"]).await.ended(2, &["is in none of the collections: docs ("]);
    bench.write("a.md", "# New words\n");
    bench.run(&["explain", "docs/a.md"]).await.ended(0, &["changed since the last look"]);
    bench.write("new.md", "# New\n");
    bench.run(&["explain", "docs/new.md"]).await.ended(0, &["not looked at yet", "holds nothing of it"]);
    bench.remove("a.md");
    bench.run(&["explain", "docs/a.md"]).await.ended(0, &["there is no such file", "the platform holds it"]);
}

#[tokio::test]
async fn document__written_for_long__is_named_until_it_is_left_alone() {
    let bench = Bench::new().await;
    bench.write("calm.md", "# Calm\n");
    let calm = File::options().write(true).open(bench.path("docs/calm.md")).unwrap();
    calm.set_modified(UNIX_EPOCH).unwrap();
    bench.write("log.md", "# Log\n");
    bench.synced().await;
    bench.reconfigure("settle: 0s", "settle: 1h");
    bench.write("log.md", "# Log\n\nAnother line.\n");
    bench.write("new.md", "# New\n");
    let words = ["written too often", "being_written\": [\n"];
    bench.sync().await.without(&words);
    bench.run(&["status"]).await.without(&words);
    let db = Connection::open(bench.path("state/state.db")).unwrap();
    let hours = 11 * 3_600_000_000_i64;
    db.execute("UPDATE documents SET written_since = written_since - ?1", [hours]).unwrap();
    for command in ["sync", "status"] {
        let said = bench.run(&[command]).await;
        let name = |path: &str| format!("not read docs/{path}: it has been written too often since 2");
        said.ended(said.code, &[&name("new.md"), &name("log.md"), "written to it for 60 min (`settle`)"]);
        assert_eq!(said.out.matches("; the platform keeps the older version").count(), 1, "{said}");
        said.without(&["calm.md"]);
    }
    let listed = bench.run(&["status", "--json"]).await.json()["being_written"].clone();
    let of = |n: usize| (listed[n]["path"].clone(), listed[n]["older_version_kept"].clone());
    assert_eq!([of(0), of(1)], [("log.md".into(), true.into()), ("new.md".into(), false.into())], "{listed}");
    bench.remove("new.md");
    bench.reconfigure("settle: 1h", "settle: 0s");
    bench.synced().await.without(&words);
    bench.run(&["status", "--json"]).await.ended(0, &["\"being_written\": []"]);
}

#[tokio::test]
async fn document__never_left_alone__is_named_and_no_pass_waits_for_it() {
    let bench = Bench::new().await;
    bench.reconfigure("settle: 0s", "settle: 2s");
    bench.write("calm.md", "# Calm\n");
    bench.write("log.md", "# Log\n");
    let mut log = File::options().append(true).open(bench.path("docs/log.md")).unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let writer = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            writeln!(log, "One more line.").unwrap();
        }
    });
    let first = bench.sync().await;
    let db = Connection::open(bench.path("state/state.db")).unwrap();
    db.execute("UPDATE documents SET written_since = written_since - 3600000000", []).unwrap();
    let (second, plan) = (bench.sync().await, bench.run(&["plan"]).await);
    drop(stop);
    writer.join().unwrap();
    first.ended(5, &["1 added"]);
    let name = "not read docs/log.md: it has been written too often since 2";
    second.ended(0, &[name]);
    plan.ended(0, &["nothing to change", name]);
    bench.run(&["sync"]).await.ended(0, &[]);
}

#[tokio::test]
async fn quiet_says_nothing_of_a_good_pass_and_everything_of_a_bad_one() {
    let bench = Bench::new().await;
    bench.write_many(2);
    let said = bench.run(&["sync", "--quiet"]).await;
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    bench.write("new.md", "# New\n");
    bench.faults.once("POST", UPLOAD, Fault::JobFails("on strike".to_owned()));
    bench.run(&["sync", "--quiet"]).await.ended(3, &["docs/new.md: on strike"]);
}

/// Makes what the lists have shown of unready sources twenty minutes older.
fn age_unready(bench: &Bench) {
    let state = Connection::open(bench.path("state/state.db")).unwrap();
    let sql = "UPDATE replicas SET unready_since = unready_since - 1200000000 WHERE phase = 'ready'";
    assert!(state.execute(sql, []).unwrap() > 0);
}

#[tokio::test]
async fn source__ready_before_and_not_any_more__is_in_step_for_a_while_and_named_then() {
    let statuses = [("processing", 5), ("pending", 5), ("reindexing", 5), ("suspended", 3), ("Disabled", 3)];
    let statuses = statuses.map(|(word, code)| (Odd::Says("status", word), word, code));
    // One that is switched off is still there.
    for (says, word, code) in statuses.into_iter().chain([(Odd::Says("active", "false"), "inactive", 3)]) {
        let bench = Bench::new().await;
        bench.write_many(3);
        bench.synced().await;
        bench.sync().await.ended(0, &[]);
        bench.faults.always("GET", SOURCES, Fault::Odd(says));
        bench.running.requests().reset();
        bench.sync().await.ended(0, &["nothing to change"]).without(&["not ready"]);
        age_unready(&bench);
        let why = format!("docs/000.md: the platform lists its source as `{word}`");
        bench.sync().await.ended(code, &["3 documents with a source that is not as it should be", &why]);
        bench.run(&["status"]).await.ended(0, &["0 documents in step", "3 not ready on the platform", &why]);
        let status = bench.run(&["status", "--json"]).await.json();
        assert_eq!(
            (&status["collections"][0]["in_step"], &status["collections"][0]["unready"]),
            (&0.into(), &3.into())
        );
        assert_eq!(status["unready"].as_array().unwrap().len(), 3);
        bench.run(&["explain", "docs/000.md"]).await.ended(0, &["not in step", word]);
        assert_eq!(bench.running.requests().mutating(), 0, "{word}: pending is not empty");
        bench.faults.clear();
        bench.sync().await.ended(0, &[]).without(&["not ready"]);
        bench.run(&["status"]).await.ended(0, &["3 documents in step"]).without(&["not ready"]);
        bench.quiet().await;
    }
}
