//! The rest of the platform's surface: asking, sources, conversations, and the check of all of it.

use crate::bench::Bench;

#[tokio::test]
async fn an_answer_comes_with_its_sources() {
    let bench = Bench::informed().await;
    let said = bench.run(&["ask", "When does the office open?"]).await;
    said.ended(0, &["nine in the morning", "[1] docs/opening.md"]);
    let said = bench.run(&["ask", "What is the price of tea in China?"]).await;
    assert_eq!(said.code, 0, "{said}");
    assert!(!said.out.contains("[1]"), "{said}");
}

#[tokio::test]
async fn conversations_are_listed_shown_and_deleted() {
    let bench = Bench::informed().await;
    bench.run(&["conversations"]).await.ended(0, &["0 conversations."]);
    bench.run(&["ask", "When does the office open?"]).await.ended(0, &[]);
    let listed = bench.run(&["conversations", "list"]).await;
    listed.ended(0, &["2 messages", "When does the office open?", "1 conversation."]);
    let id = listed.out.split_whitespace().next().unwrap().to_owned();
    bench.run(&["ask", "--thread", &id, "And", "the", "sky?"]).await.ended(0, &["blue"]);
    let shown = bench.run(&["conversations", "show", &id]).await;
    shown.ended(0, &["user: When does the office open?", "user: And the sky?", "assistant: "]);
    bench.run(&["conversations", "delete", &id]).await.ended(0, &[&id]);
    bench.run(&["conversations"]).await.ended(0, &["0 conversations."]);
    bench.run(&["conversations", "show", &id]).await.ended(1, &["404"]);
    bench.run(&["conversations", "delete", &id]).await.ended(1, &["404"]);
    bench.run(&["ask", "--thread", "no-such-thread", "What?"]).await.ended(1, &["404"]);
}

#[tokio::test]
async fn sources_are_listed_with_whose_they_are() {
    let bench = Bench::informed().await;
    let theirs = bench.others_source("Product \u{1b}[31mdocumentation", "# Theirs\n").await;
    let said = bench.run(&["sources"]).await;
    said.ended(0, &["* src_", "docs/sky.md [default:", "synced", "3 sources, 2 of them from here (*)."]);
    said.without(&["\u{1b}"]);
    let shown = bench.run(&["sources", "show", &theirs]).await.ended(0, &[]).json();
    assert_eq!(shown["id"], theirs.as_str());
    bench.run(&["sources", "show", "none"]).await.ended(1, &["404"]);
    let listed = bench.run(&["sources", "list", "--json"]).await;
    let names: Vec<serde_json::Value> = listed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(names.len(), 3);
}

#[tokio::test]
async fn a_check_says_that_all_is_well() {
    let bench = Bench::informed().await;
    bench.running.requests().reset();
    bench.run(&["check"]).await.ended(0, &["kbsync.yaml: 1 collection.", "docs (docs): ok"]);
    assert_eq!(bench.running.requests().total(), 0);
    bench.run(&["check", "--online"]).await.ended(0, &["the platform accepts the key; it has 2 sources"]);
    assert_eq!((bench.running.requests().total(), bench.running.requests().mutating()), (1, 0));
}
