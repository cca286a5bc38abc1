//! The state file: whose it is, who holds it, and what becomes of a damaged one.

use std::fs;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::bench::{Bench, PUT, UPLOAD, rest};

async fn synced(count: usize) -> Bench {
    let bench = Bench::new().await;
    bench.write_many(count);
    bench.synced().await;
    bench.running.requests().reset();
    bench
}

#[tokio::test]
async fn a_state_of_another_platform_or_instance_is_refused() {
    let bench = synced(2).await;
    bench.reconfigure("127.0.0.1", "localhost");
    bench.sync().await.ended(2, &["state.db keeps the state of the platform http://127.0.0.1", "`state:` file"]);
    bench.reconfigure("localhost", "127.0.0.1");
    bench.reconfigure("state: ", "instance: other\nstate: ");
    bench.sync().await.ended(2, &["state.db keeps the state of the instance default", "other"]);
    let looks = [
        &["plan"][..],
        &["status"],
        &["explain", "docs/000.md"],
        &["retry"],
        &["approve", "docs"],
        &["verify", "--sample", "1"],
        &["insights"],
    ];
    for command in looks {
        bench.run(command).await.ended(2, &["state.db keeps the state of the instance default", "other"]);
    }
    assert_eq!(bench.running.requests().total(), 0);
    bench.reconfigure("instance: other\n", "");
    bench.quiet().await;
}

#[tokio::test]
async fn a_damaged_state_is_set_aside_and_rebuilt_without_an_upload() {
    for damage in [b"not a database at all, whatever its name".repeat(500), Vec::new(), vec![0; 4096]] {
        let bench = synced(5).await;
        fs::write(bench.path("state/state.db"), &damage).unwrap();
        bench.write("new.md", "# New\n");
        let said = bench.synced().await;
        said.ended(0, &["5 sources on the platform already, and found again", "1 added"]);
        if damage.len() > 5000 {
            said.ended(0, &["warning: the state", "was damaged; it is kept as", "state.db.damaged-1"]);
            assert_eq!(fs::read(bench.path("state/state.db.damaged-1")).unwrap(), damage);
        }
        let log = bench.running.requests();
        assert_eq!((log.count("POST", UPLOAD), log.mutating()), (1, PUT));
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn pages_that_rot_are_noticed() {
    let bench = synced(60).await;
    let path = bench.path("state/state.db");
    let mut content = fs::read(&path).unwrap();
    let end = content.len();
    content[4096..end].fill(0xa5);
    fs::write(&path, content).unwrap();
    bench.synced().await.ended(0, &["was damaged", "60 sources on the platform already"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    bench.quiet().await;
}

#[tokio::test]
async fn commands_that_only_look_say_that_a_state_is_damaged() {
    let bench = synced(1).await;
    fs::write(bench.path("state/state.db"), b"rubbish".repeat(1000)).unwrap();
    for command in [&["status"][..], &["plan"], &["explain", "docs/000.md"], &["retry"], &["approve", "docs"]] {
        bench.run(command).await.ended(1, &["state.db is damaged", "kbsync sync"]);
    }
    assert!(!bench.path("state/state.db.damaged-1").exists());
    bench.quiet().await;
}

#[tokio::test]
async fn place_of_the_state__can_hold_none__each_command_says_so() {
    let bench = Bench::new().await;
    bench.write_many(1);
    fs::create_dir(bench.path("taken")).unwrap();
    fs::write(bench.path("notes.txt"), "These are notes.\n").unwrap();
    Connection::open(bench.path("shop.db")).unwrap().execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
    let mut before = "./state/state.db".to_owned();
    for (place, words) in [
        ("./taken", "it is a folder; name a file in it"),
        ("./notes.txt", "there is another file, which is no kbsync state"),
        ("./shop.db", "there is the database of another program"),
        ("./notes.txt/state.db", "notes.txt is a file, not a folder"),
        ("/proc/state.db", "cannot use /proc/state.db"),
    ] {
        bench.reconfigure(&before, place);
        before = place.to_owned();
        let is_refused_at_once = !place.starts_with("/proc");
        for command in [&["check"][..], &["status"], &["sync"], &["plan"]].into_iter().filter(|_| is_refused_at_once) {
            bench.run(command).await.ended(2, &["cannot keep the state at", &place[2..], words, "`state:`"]);
        }
    }
    // Root may write everywhere by access(2); where the system rejects the write all the same, the error comes later.
    bench.sync().await.ended(1, &["cannot use /proc/state.db"]);
    assert_eq!(bench.running.requests().total(), 0);
    assert_eq!(fs::read(bench.path("notes.txt")).unwrap(), b"These are notes.\n");
    assert!(!bench.path("notes.txt.damaged-1").exists());
}

#[tokio::test]
async fn a_lost_state_is_rebuilt_without_an_upload() {
    let bench = synced(5).await;
    fs::remove_dir_all(bench.path("state")).unwrap();
    bench.run(&["status"]).await.ended(0, &["Nothing was synced yet", "kbsync sync"]);
    bench.synced().await.ended(0, &["5 sources on the platform already"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    bench.quiet().await;
}

#[tokio::test]
async fn a_state_of_a_newer_kbsync_is_refused_and_kept() {
    let bench = synced(1).await;
    let db = Connection::open(bench.path("state/state.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    for command in ["sync", "status", "plan", "retry"] {
        bench.run(&[command]).await.ended(2, &["was written by a newer kbsync", "update kbsync"]);
    }
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn a_second_kbsync_says_who_holds_the_state() {
    let bench = Bench::with(|options| options.job_delay = std::time::Duration::from_secs(2)).await;
    bench.write_many(3);
    let first = bench.command(&["sync"]).spawn().unwrap();
    let id = first.id().unwrap().to_string();
    bench.seen("an upload", async |running| running.requests().count("POST", UPLOAD) > 0).await;
    bench.sync().await.ended(6, &["state.db is in use by another kbsync", &format!("process {id}")]);
    // Looking needs no lock.
    bench.run(&["plan"]).await.ended(10, &[]);
    bench.run(&["status"]).await.ended(0, &["3 pending"]);
    rest(first).await.ended(0, &["3 added"]);
    bench.in_step().await;
    bench.quiet().await;
}

/// A bench with a pass at work for some seconds, its process, and that process's number.
async fn busy() -> (Bench, tokio::process::Child, String) {
    let bench = Bench::with(|options| options.job_delay = std::time::Duration::from_secs(3)).await;
    bench.write_many(3);
    let first = bench.command(&["sync"]).spawn().unwrap();
    let id = first.id().unwrap().to_string();
    bench.seen("an upload", async |running| running.requests().count("POST", UPLOAD) > 0).await;
    (bench, first, id)
}

#[tokio::test]
async fn a_second_kbsync_waits_for_the_first_when_it_is_told_to() {
    let (bench, first, id) = busy().await;
    let second = bench.run(&["--sync-once", "--wait", "1m"]).await;
    second.ended(0, &[&format!("waiting at most 60 s for another kbsync, process {id}"), "nothing to change"]);
    rest(first).await.ended(0, &["3 added"]);
    bench.in_step().await;
    bench.run(&["sync", "--wait", "1m"]).await.ended(0, &["nothing to change"]).without(&["waiting"]);
}

#[tokio::test]
async fn one_that_waits_in_vain_says_who_holds_the_state() {
    let (bench, first, id) = busy().await;
    let second = bench.run(&["sync", "--quiet", "--wait", "300ms"]).await;
    second.ended(6, &["state.db is in use by another kbsync", &format!("process {id}")]).without(&["waiting"]);
    rest(first).await.ended(0, &["3 added"]);
    bench.run(&["sync", "--wait", "5"]).await.ended(2, &["with its unit, such as `60s`"]);
    bench.run(&["--wait", "5s", "plan"]).await.ended(2, &["--sync-once"]);
}

#[tokio::test]
async fn one_that_waits_can_be_stopped() {
    let (bench, first, _) = busy().await;
    let mut second = bench.command(&["sync", "--wait", "1h"]).spawn().unwrap();
    let mut heard = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    heard.read_line(&mut line).await.unwrap();
    assert!(line.starts_with("waiting at most 60 min"), "{line}");
    let id = Pid::from_raw(second.id().unwrap().cast_signed()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    rest(second).await.ended(5, &[]);
    rest(first).await.ended(0, &["3 added"]);
}
