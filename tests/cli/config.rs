//! Configs that are missing or wrong: said with their place, and nothing is touched.

use std::fs;

use crate::bench::{Bench, said};

/// A pass that must not begin: no state is made, and the platform hears nothing.
async fn refused(bench: &Bench, words: &[&str]) {
    for command in ["sync", "plan", "status", "check"] {
        bench.run(&[command]).await.ended(2, words).without(&["panicked"]);
    }
    assert!(!bench.path("state").exists(), "a state was made");
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn no_config() {
    let bench = Bench::new().await;
    fs::remove_file(bench.path("kbsync.yaml")).unwrap();
    refused(&bench, &["kbsync.yaml: there is no such config file", "--config", "collections:"]).await;
}

#[tokio::test]
async fn a_config_that_is_a_folder() {
    let bench = Bench::new().await;
    fs::remove_file(bench.path("kbsync.yaml")).unwrap();
    fs::create_dir(bench.path("kbsync.yaml")).unwrap();
    refused(&bench, &["kbsync.yaml: the config cannot be read"]).await;
}

#[tokio::test]
async fn an_empty_config() {
    let bench = Bench::new().await;
    bench.configure("");
    refused(&bench, &["collection"]).await;
}

#[tokio::test]
async fn a_typo_is_shown_where_it_is() {
    let bench = Bench::new().await;
    bench.reconfigure("    settle: 0s", "    setle: 0s");
    refused(&bench, &["kbsync.yaml:12:5", "did you mean `settle`", "setle: 0s\n     |     ^"]).await;
}

#[tokio::test]
async fn every_mistake_is_said_at_once() {
    let bench = Bench::new().await;
    bench.reconfigure("settle: 0s", "settle: soon\n    max_file_size: -1");
    bench.reconfigure("rate_limit: 1000/s", "rate_limit: fast");
    refused(&bench, &[":6:", ":12:", ":13:"]).await;
}

#[tokio::test]
async fn yaml_that_is_none() {
    let bench = Bench::new().await;
    bench.configure("platform: {kind: local\ncollections: [");
    refused(&bench, &["kbsync.yaml:"]).await;
}

#[tokio::test]
async fn a_variable_that_is_not_set() {
    let bench = Bench::new().await;
    bench.reconfigure("  rate_limit: 1000/s", "  rate_limit: ${NO_SUCH_VARIABLE}");
    refused(&bench, &["NO_SUCH_VARIABLE", "kbsync.yaml:6:"]).await;
}

#[tokio::test]
async fn a_config_is_named_by_option_or_environment_and_its_paths_are_its_own() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    fs::create_dir(bench.path("elsewhere")).unwrap();
    let mut command = bench.command(&["sync"]);
    command.current_dir(bench.path("elsewhere")).env("KBSYNC_CONFIG", bench.path("kbsync.yaml"));
    said(command).await.ended(0, &["1 added"]);
    let mut command = bench.command(&["sync", "-c", "../kbsync.yaml"]);
    command.current_dir(bench.path("elsewhere"));
    said(command).await.ended(0, &["nothing to change"]);
    assert!(bench.path("state/state.db").exists());
    bench.in_step().await;
}
