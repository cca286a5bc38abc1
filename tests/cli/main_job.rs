//! The main job: what is new goes up, what changed is replaced, what moved is renamed, what is gone is deleted, and
//! nothing else is touched.

use std::{
    collections::HashMap,
    fs::{self, File},
    time::{Duration, SystemTime},
};

use kbsync::local::Change;
use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, ON_NEXVIO, RENAME, SOURCE};

#[tokio::test]
async fn new_documents_go_up_once() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n\nThe first.\n");
    bench.write("deep/er/b.txt", "The second.\n");
    bench.write("notes.xlsx", "no document");
    bench.synced().await.ended(0, &["2 documents: 2 added", "added docs/a.md", "added docs/deep/er/b.txt"]);
    bench.holds(&["a.md", "deep/er/b.txt"]).await;
    bench.quiet().await;
    let said = bench.run(&["--sync-once", "--quiet"]).await;
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
}

#[tokio::test]
async fn a_changed_document_is_replaced_without_a_hole() {
    let bench = Bench::new().await;
    bench.write_many(8);
    bench.synced().await;
    let held: Vec<_> = bench.ours().await.into_iter().collect();
    let mut ready: HashMap<String, String> =
        held.into_iter().map(|(document, sources)| (sources[0].id.clone(), document)).collect();
    let mut changes = bench.running.watch();
    (0..8).for_each(|n| bench.write(&format!("{n:03}.md"), format!("# Number {n}\n\nNew words.\n")));
    bench.synced().await.ended(0, &["8 documents: 8 replaced"]);
    bench.in_step().await;
    while let Ok(change) = changes.try_recv() {
        match change {
            Change::Held { source_id, name } => {
                let document = name.split(" [").next().unwrap().to_owned();
                ready.insert(source_id, document);
            }
            Change::Gone { source_id } => {
                let document = ready.remove(&source_id).expect("only what is there goes");
                assert!(ready.values().any(|other| *other == document), "{document} had no ready source");
            }
            Change::Renamed { .. } => panic!("nothing was renamed"),
        }
    }
    assert_eq!(ready.len(), 8);
    bench.quiet().await;
}

#[tokio::test]
async fn a_renamed_document_costs_one_request_or_an_upload() {
    let bench = Bench::new().await;
    bench.write("old.md", "# Old\n\nThe same words.\n");
    bench.write("folder/stays.md", "# Stays\n");
    bench.synced().await;
    let before = bench.ours().await["docs/old.md"][0].id.clone();
    fs::rename(bench.path("docs/old.md"), bench.path("docs/folder/new.md")).unwrap();
    bench.running.requests().reset();
    bench.synced().await.ended(0, &["2 documents: 1 renamed"]);
    let log = bench.running.requests();
    assert_eq!(log.mutating(), RENAME);
    if !ON_NEXVIO {
        assert_eq!(log.count("PUT", SOURCE), 1);
        assert_eq!(bench.ours().await["docs/folder/new.md"][0].id, before);
    }
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_renamed_folder_is_renamed_documents() {
    let bench = Bench::new().await;
    (0..12).for_each(|n| bench.write(&format!("old/{n}.md"), format!("# {n}\n")));
    bench.synced().await;
    fs::rename(bench.path("docs/old"), bench.path("docs/new")).unwrap();
    bench.running.requests().reset();
    bench.synced().await.ended(0, &["12 documents: 12 renamed"]);
    assert_eq!(bench.running.requests().mutating(), 12 * RENAME);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn two_documents_that_change_names_are_both_right() {
    let bench = Bench::new().await;
    bench.write("a.md", "# One\n");
    bench.write("b.md", "# Two\n");
    bench.synced().await;
    fs::rename(bench.path("docs/a.md"), bench.path("docs/c")).unwrap();
    fs::rename(bench.path("docs/b.md"), bench.path("docs/a.md")).unwrap();
    fs::rename(bench.path("docs/c"), bench.path("docs/b.md")).unwrap();
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_deleted_document_is_deleted_and_nothing_of_others_is() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    bench.write("b.md", "# B\n");
    let others = [
        "Product documentation",
        "docs/a.md",
        "docs/a.md [other:0123456789ab]",
        "wiki/page.md [default:0123456789ab]",
        "docs/a.md [default:0123456789AB]",
    ];
    for name in others {
        bench.others_source(name, "# Theirs\n").await;
    }
    bench.synced().await.ended(0, &["left alone: 1 source of a collection wiki"]);
    bench.remove("a.md");
    bench.synced().await.ended(0, &["1 document: 1 deleted", "deleted docs/a.md"]);
    bench.quiet().await;
    let names: Vec<_> = bench.running.snapshot().await.into_iter().map(|source| source.name).collect();
    assert_eq!(names.len(), others.len() + 1, "{names:?}");
    assert!(others.iter().all(|other| names.iter().any(|name| name == other)), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("docs/b.md [default:")), "{names:?}");
}

#[tokio::test]
async fn twins_are_two_documents() {
    let bench = Bench::new().await;
    bench.write("a.md", "# The same\n");
    bench.write("b.md", "# The same\n");
    bench.synced().await.ended(0, &["2 added"]);
    bench.holds(&["a.md", "b.md"]).await;
    bench.remove("a.md");
    bench.synced().await.ended(0, &["1 deleted"]);
    bench.holds(&["b.md"]).await;
    bench.write("c.md", "# The same\n");
    bench.synced().await.ended(0, &["1 added"]);
    bench.holds(&["b.md", "c.md"]).await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_file_that_is_moved_in_is_synced_however_old_it_is() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    bench.synced().await;
    let old = bench.path("old.md");
    fs::write(&old, "# Old\n").unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(&old).unwrap().set_modified(then).unwrap();
    fs::rename(&old, bench.path("docs/old.md")).unwrap();
    bench.synced().await.ended(0, &["1 added"]);
    bench.in_step().await;
    // The same size and time, other words: only the system's own stamp tells.
    fs::write(&old, "# New\n").unwrap();
    File::options().write(true).open(&old).unwrap().set_modified(then).unwrap();
    fs::rename(&old, bench.path("docs/old.md")).unwrap();
    bench.synced().await.ended(0, &["1 replaced"]);
    bench.in_step().await;
}

#[tokio::test]
async fn odd_names_are_names() {
    let bench = Bench::new().await;
    let names = [
        "with space.md",
        "[draft] (1) {x}.md",
        "x [default:0123456789ab].md",
        "two\nlines.md",
        "tab\there.md",
        "Größe/日本語 🦀.md",
        "e\u{301}.md",
        "é.md",
        "-rf.md",
        "--config.md",
        "quote\"and'.md",
        "back\\slash.md",
        "100%25.md",
        "a?b#c&d=e.md",
        "~tilde.md",
        ".md.md",
        " lead.md",
        "semi;colon:.md",
        "\u{202e}gnp.md",
        "esc\u{1b}[31m.md",
    ];
    for name in names {
        bench.write(name, format!("# {name:?}\n"));
    }
    bench.synced().await.without(&["\u{1b}"]);
    bench.holds(&names).await;
    bench.quiet().await;
    fs::rename(bench.path("docs/two\nlines.md"), bench.path("docs/three\n\nlines.md")).unwrap();
    bench.synced().await.ended(0, &["1 renamed"]);
    bench.in_step().await;
    bench.quiet().await;
    bench.run(&["explain", "docs/-rf.md"]).await.ended(0, &["in step"]);
    bench.run(&["explain", "--", "docs/--config.md"]).await.ended(0, &["in step"]);
}

#[tokio::test]
async fn what_the_platform_lost_goes_up_again() {
    let bench = Bench::new().await;
    bench.write_many(3);
    bench.synced().await;
    let lost = bench.ours().await["docs/001.md"][0].id.clone();
    bench.api(Method::DELETE, &format!("/sources/{lost}"), json!(null)).await;
    // Missing in two complete lists, it goes up again.
    let first = bench.sync().await;
    let second = bench.sync().await;
    assert_eq!(second.code, 0, "{second}");
    assert!(first.out.contains("1 source gone from the platform") || second.out.contains("1 source gone"), "{second}");
    bench.in_step().await;
    bench.quiet().await;
}
