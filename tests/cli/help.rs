//! What the program says of itself.

use tempfile::TempDir;

use crate::bench::{command, said};

const COMMANDS: [&[&str]; 35] = [
    &[],
    &["run"],
    &["sync"],
    &["plan"],
    &["status"],
    &["health"],
    &["explain"],
    &["cat"],
    &["diff"],
    &["retry"],
    &["approve"],
    &["ask"],
    &["verify"],
    &["sources"],
    &["sources", "list"],
    &["sources", "show"],
    &["conversations"],
    &["conversations", "list"],
    &["conversations", "show"],
    &["conversations", "delete"],
    &["bots"],
    &["bots", "list"],
    &["bots", "show"],
    &["bots", "create"],
    &["bots", "delete"],
    &["bots", "stats"],
    &["bots", "pull"],
    &["integrations"],
    &["integrations", "list"],
    &["integrations", "enable"],
    &["integrations", "disable"],
    &["insights"],
    &["check"],
    &["local"],
    &["completions"],
];

#[tokio::test]
async fn every_command_has_help_that_fits_a_terminal() {
    let folder = TempDir::new().unwrap();
    for words in COMMANDS {
        let mut command = command(folder.path(), words);
        command.arg("--help").env("COLUMNS", "80");
        let said = said(command).await;
        said.ended(0, &["Usage: kbsync", "--config <FILE>"]);
        for line in said.out.lines() {
            assert!(line.chars().count() <= 80, "{words:?}: {line}");
        }
    }
}

#[tokio::test]
async fn hidden_things_stay_hidden() {
    let folder = TempDir::new().unwrap();
    said(command(folder.path(), &["--help"])).await.ended(0, &["Exit codes:"]).without(&["extract-text"]);
}

#[tokio::test]
async fn completions_are_scripts_for_the_shell() {
    let folder = TempDir::new().unwrap();
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef kbsync"), ("fish", "complete -c kbsync")] {
        let said = said(command(folder.path(), &["completions", shell])).await;
        said.ended(0, &[word, "approve"]);
        assert_eq!(said.err, "");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_usage() {
    let folder = TempDir::new().unwrap();
    let cases: [(&[&str], &str); 12] = [
        (&["snyc"], "sync"),
        (&["--nonsense"], "--nonsense"),
        (&["approve"], "COLLECTION"),
        (&["ask"], "QUESTION"),
        (&["sync", "-q", "-v"], "--quiet"),
        (&["insights", "--limit", "0"], "0"),
        (&["insights", "--since", "1y"], "24h"),
        (&["insights", "--json", "--csv"], "--csv"),
        (&["conversations", "list", "--limit", "101"], "101"),
        (&["bots", "create", "B", "--model", "gpt-5"], "gpt-4"),
        (&["bots", "pull", "a", "--force"], "--instructions-file"),
        (&["integrations", "enable", "slack", "token"], "KEY=VALUE"),
    ];
    for (words, word) in cases {
        let said = said(command(folder.path(), words)).await;
        said.ended(2, &[word]);
        assert_eq!(said.out, "", "{words:?}");
    }
    said(command(folder.path(), &["--version"])).await.ended(0, &["kbsync 0.1.0"]);
}

#[tokio::test]
async fn whoever_types_the_name_alone_learns_how_to_begin() {
    let folder = TempDir::new().unwrap();
    let words = ["kbsync.yaml: there is no such config file", "collections:", "kbsync help"];
    let said = said(command(folder.path(), &[])).await;
    assert_eq!(said.ended(2, &words).out, "");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = TempDir::new().unwrap();
    for words in ["kbsync completions bash", "kbsync --help"] {
        let mut shell = tokio::process::Command::new("sh");
        let program = format!("\"{}\"", crate::bench::BINARY);
        // The reader closes the pipe before anything is written to it.
        let script = format!(
            "{{ read wait; {}; echo \"$?\" >&2; }} <fifo | {{ exec <&-; echo go >fifo; }}",
            words.replace("kbsync", &program)
        );
        shell.args(["-c", &format!("mkfifo fifo && {script}")]).current_dir(folder.path());
        let output = shell.output().await.unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!err.contains("panicked"), "{words}: {err}");
        std::fs::remove_file(folder.path().join("fifo")).unwrap();
    }
}
