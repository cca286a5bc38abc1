//! Names and headings of documents that want to be more than words: in a terminal, in a form, in a page, in numbers.

use serde_json::Value;

use crate::{
    bench::{Bench, said},
    daemon::{Daemon, prepared},
    wire::Wire,
};

/// Each has an `x`, so that it is known to have been said. Slashes and NUL no name can have.
const NAMES: [&str; 15] = [
    "x\u{1b}[31mred\u{1b}[0m.md",
    "x\u{1b}]0;title\u{7}.md",
    "x\u{9b}2J\u{85}.md",
    "x\u{7f}\u{8}\u{8}.md",
    "x\r\nContent-Type: evil\r\n\r\nbody.md",
    "x\n<0>emergency.md",
    "x\u{202e}dm.exe\u{2066}\u{200f}.md",
    "x\"; filename=\"y.md",
    "x'; name='file.md",
    "x\\\" back\\.md",
    "x%0d%0a%22%00.md",
    "x<script>alert(1)<-script><img src=x onerror=alert(1)>.md",
    "x&lt;b&gt;&quot;.md",
    "x{}{0}%s%n$(id)`id`.md",
    "x\u{2028}\u{2029}\u{feff}\u{e000}.md",
];

/// A document with the name as its heading. Text has no control characters but for a few.
fn content(name: &str, when: &str) -> String {
    format!("# {}\n\n{when}\n", name.replace(|c: char| c.is_control() && c != '\u{1b}', " "))
}

fn write_all(bench: &Bench) {
    for name in NAMES {
        bench.write(name, content(name, "at first"));
        bench.write(&format!("in {name}/{name}"), content(name, "in a folder"));
    }
    bench.write(&format!("{}.md", "x".repeat(252)), "# Long\n");
}

/// Fails where a character that plays with a terminal was said.
#[track_caller]
fn are_words(text: &str, place: &str) {
    let plays = |c: &char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let found = text.chars().find(plays);
    assert!(found.is_none(), "{place}: {found:?} in {text:?}");
}

#[tokio::test]
async fn no_name_plays_with_a_terminal() {
    let bench = Bench::new().await;
    write_all(&bench);
    // Some are refused, so that they are spoken of.
    let faults = |count: usize| {
        for name in NAMES.iter().take(count) {
            bench.faults.once("POST", "/ingest/upload", kbsync::local::Fault::JobFails(format!("no: {name}")));
        }
    };
    for format in ["plain", "pretty", "json", "journald"] {
        faults(NAMES.len());
        for args in
            [&["plan", "-vv"][..], &["plan", "--json"], &["sync", "-vv"], &["status", "-vv"], &["status", "--json"]]
        {
            let said = bench.run(&[&["--log-format", format], args].concat()).await;
            are_words(&said.out, &format!("{args:?}, {format}, standard output"));
            are_words(&said.err, &format!("{args:?}, {format}, standard error"));
            assert!(!said.err.lines().any(|line| line.starts_with("<0>")), "{said}");
        }
        NAMES.iter().for_each(|name| bench.write(name, content(name, format)));
    }
    bench.run(&["retry"]).await;
    bench.synced().await;
    bench.in_step().await;
    for args in [
        &["sources"][..],
        &["ask", "alert"],
        &["ask", "--json", "alert"],
        &["conversations"],
        &["insights"],
        &["check"],
    ] {
        let said = bench.run(&[args, &["-vv"]].concat()).await;
        are_words(&said.out, &format!("{args:?}, standard output"));
        are_words(&said.err, &format!("{args:?}, standard error"));
    }
    for name in NAMES {
        for command in ["explain", "retry"] {
            let said = bench.run(&[command, &format!("docs/{name}"), "-vv"]).await;
            are_words(&said.out, &format!("{command} {name:?}, standard output"));
            are_words(&said.err, &format!("{command} {name:?}, standard error"));
        }
    }
}

#[tokio::test]
async fn no_name_adds_to_a_form() {
    let bench = Bench::new().await;
    let wire = Wire::lay(&bench).await;
    write_all(&bench);
    bench.synced().await;
    bench.in_step().await;
    let sent = String::from_utf8_lossy(&wire.sent()).into_owned();
    let lines: Vec<&str> = sent.split("\r\n").filter(|line| line.contains("Content-Disposition")).collect();
    let files: Vec<&&str> = lines.iter().filter(|line| line.contains("name=\"file\"")).collect();
    assert_eq!(files.len(), 2 * NAMES.len() + 1, "one for each document: {lines:#?}");
    for file in files {
        let name = file
            .strip_prefix("Content-Disposition: form-data; name=\"file\"; filename=\"")
            .unwrap_or_else(|| panic!("{file:?}"));
        let name = name.strip_suffix('"').unwrap_or_else(|| panic!("{file:?}"));
        let quotes = name.replace("\\\\", "").replace("\\\"", "").contains('"');
        assert!(!quotes && !name.contains(char::is_control), "{file:?}");
    }
    assert!(!sent.contains("\r\nContent-Type: evil"), "a name became a header");
}

#[tokio::test]
async fn no_name_runs_in_the_page_or_breaks_a_number() {
    let bench = prepared(Bench::new().await);
    write_all(&bench);
    for name in NAMES {
        bench.faults.once("POST", "/ingest/upload", kbsync::local::Fault::JobFails(format!("no: {name}")));
    }
    let daemon = Daemon::start(&bench);
    daemon.until("they failed", async || daemon.status().await["collections"][0]["quarantined"] == NAMES.len()).await;
    let (_, page) = daemon.get("/").await.unwrap();
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)"), "it is said: {page}");
    let (_, status) = daemon.get("/api/status").await.unwrap();
    serde_json::from_str::<Value>(&status).unwrap();
    let (_, metrics) = daemon.get("/metrics").await.unwrap();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        assert!(name.starts_with("kbsync_") && value.parse::<f64>().is_ok(), "{line:?}");
    }
    let log = daemon.stop().await;
    are_words(&log, "the log");
    for line in log.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    }
    said(bench.command(&["status"])).await.ended(0, &["quarantined"]);
}
