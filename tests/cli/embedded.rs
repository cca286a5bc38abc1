//! `kind: local`: the platform inside the program, alone or shared by two processes.

use std::{fs, path::Path, process::Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::bench::{BINARY, Said, command, said};

const CONFIG: &str = "state: ./state/state.db\n\
    platform:\n  kind: local\n  listen: 127.0.0.1:0\n  rate_limit: 1000/s\n\
    sync:\n  grace: 200ms\n\
    collections:\n  - name: docs\n    folder: ./docs\n    settle: 0s\n";

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("kbsync.yaml"), CONFIG).unwrap();
    fs::write(folder.path().join("docs/colour.md"), "# Colours\n\nThe sky is blue in summer.\n").unwrap();
    fs::write(folder.path().join("docs/opening.txt"), "The office opens at nine.\n").unwrap();
    folder
}

async fn run(folder: &Path, args: &[&str]) -> Said {
    said(command(folder, args)).await
}

/// A `kbsync local` that has said where it serves.
async fn served(folder: &Path) -> (Child, Lines<BufReader<ChildStdout>>, String) {
    serving(command(folder, &["local"])).await
}

async fn serving(mut command: Command) -> (Child, Lines<BufReader<ChildStdout>>, String) {
    let mut server = command.spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    let address = first.rsplit(' ').next().unwrap().to_owned();
    assert!(address.starts_with("http://127.0.0.1:"), "{first}");
    (server, lines, address)
}

async fn stop(mut server: Child, with: Signal) {
    kill_process(Pid::from_raw(server.id().unwrap().cast_signed()).unwrap(), with).unwrap();
    let ended = tokio::time::timeout(crate::bench::PATIENCE, server.wait()).await.expect("it ends").unwrap();
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn a_state_by_one_api_is_not_gone_on_with_by_the_other() {
    let folder = folder();
    let at = folder.path();
    run(at, &["sync"]).await.ended(0, &["2 added"]);
    let by_nexvio = CONFIG.replace("kind: local\n", "kind: local\n  api: nexvio\n");
    fs::write(at.join("kbsync.yaml"), &by_nexvio).unwrap();
    for command in ["sync", "plan"] {
        run(at, &[command]).await.ended(2, &["keeps the state of the platform local", "by nexvio"]);
    }
    fs::write(at.join("kbsync.yaml"), by_nexvio.replace("state.db", "other.db")).unwrap();
    run(at, &["sync"]).await.ended(0, &[]);
    fs::write(at.join("kbsync.yaml"), CONFIG).unwrap();
    run(at, &["sync"]).await.ended(0, &[]);
}

#[tokio::test]
async fn a_laptop_needs_no_account() {
    let folder = folder();
    let at = folder.path();
    run(at, &["sync"]).await.ended(0, &["2 documents: 2 added"]);
    run(at, &["sync"]).await.ended(0, &["2 documents, nothing to change"]);
    run(at, &["ask", "When", "does", "the", "office", "open?"]).await.ended(0, &["nine", "[1] docs/opening.txt"]);
    run(at, &["sources"]).await.ended(0, &["2 sources, 2 of them from here", "docs/colour.md [default:"]);
    assert_eq!(run(at, &["status", "--json"]).await.json()["collections"][0]["in_step"], 2);
}

#[tokio::test]
async fn a_served_platform_is_everybodys() {
    let folder = folder();
    let at = folder.path();
    let (server, mut lines, _) = served(at).await;
    let (nexvio, third) = (lines.next_line().await.unwrap().unwrap(), lines.next_line().await.unwrap().unwrap());
    assert!(nexvio.starts_with("and by Nexvio's API at http://127.0.0.1:") && nexvio.ends_with("/v1"), "{nexvio}");
    assert!(third.contains("api_key") && third.contains("Ctrl-C stops it"), "{third}");
    run(at, &["sync"]).await.ended(0, &["2 documents: 2 added"]);
    run(at, &["ask", "What colour is the sky?"]).await.ended(0, &["blue", "docs/colour.md"]);
    run(at, &["local"]).await.ended(6, &["local"]);
    stop(server, Signal::TERM).await;
    run(at, &["sync"]).await.ended(0, &["2 documents, nothing to change"]);
    let (server, _lines, _) = served(at).await;
    run(at, &["sync"]).await.ended(0, &["2 documents, nothing to change"]);
    stop(server, Signal::INT).await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let folder = folder();
    let at = folder.path();
    let listen = |address: &str| fs::write(at.join("kbsync.yaml"), CONFIG.replace("127.0.0.1:0", address)).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    listen(&address);
    for command in ["local", "run"] {
        run(at, &[command]).await.ended(1, &[&address, "`platform.listen`"]);
    }
    listen("127.0.0.1:0");
    let (server, _lines, served) = served(at).await;
    let address = served.strip_prefix("http://").unwrap().split('/').next().unwrap();
    listen(address);
    run(at, &["local"]).await.ended(6, &[address, "is served by another process"]);
    stop(server, Signal::TERM).await;
}

#[tokio::test]
async fn a_platform_that_was_killed_is_whole() {
    let folder = folder();
    let at = folder.path();
    let (mut server, _lines, _) = served(at).await;
    run(at, &["sync"]).await.ended(0, &["2 added"]);
    server.kill().await.unwrap();
    run(at, &["sync"]).await.ended(0, &["nothing to change"]);
    run(at, &["sources"]).await.ended(0, &["2 sources"]);
}

/// A PDF is read in a child, and the child is the program that serves, whatever its file's name leads to by then.
#[tokio::test]
async fn an_upgrade_takes_nothing_from_a_platform_that_serves() {
    let folder = folder();
    let at = folder.path();
    fs::copy("tests/corpus/pdf/borb.pdf", at.join("docs/borb.pdf")).unwrap();
    // By another process: a file that this one has just written may be too busy to be started.
    let copied = Command::new("cp").args([BINARY, "old-kbsync"]).current_dir(at).status().await.unwrap();
    assert!(copied.success());
    let mut old = Command::new(at.join("old-kbsync"));
    old.arg("local").current_dir(at).env_clear().stdout(Stdio::piped()).kill_on_drop(true);
    let (server, _lines, _) = serving(old).await;
    fs::remove_file(at.join("old-kbsync")).unwrap();
    run(at, &["sync"]).await.ended(0, &["3 documents: 3 added"]);
    stop(server, Signal::TERM).await;
}

#[tokio::test]
async fn its_files_are_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    run(folder.path(), &["sync"]).await.ended(0, &[]);
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("state/local"), mode("state/local/api_key")), (0o700, 0o600));
}
