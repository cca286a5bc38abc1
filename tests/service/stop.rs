//! The end of the daemon: soon, in order, and with nothing lost.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use kbsync::local::Fault;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::{
    bench::{BINARY, Bench},
    daemon::{Daemon, bench},
};

/// A daemon in the middle of uploads that take so long.
async fn uploading(bench: &Bench, slow: Duration) -> Daemon {
    bench.write_many(30);
    bench.faults.always("POST", "/ingest/upload", Fault::Slow(slow));
    let daemon = Daemon::start(bench);
    daemon.until("uploads", async || bench.running.requests().count("POST", "/ingest/upload") >= 3).await;
    daemon
}

#[tokio::test]
async fn term_in_the_middle_ends_soon_and_the_next_start_goes_on() {
    let bench = bench().await;
    let daemon = uploading(&bench, Duration::from_millis(1_500)).await;
    let began = Instant::now();
    let log = daemon.stop().await;
    // What it has begun gets ten seconds; the rest is for a busy machine.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}\n{log}", began.elapsed());
    assert!(log.contains("kbsync has stopped"), "{log}");
    bench.run(&["status"]).await.ended(0, &["Last pass: temporary"]).without(&["Daemon", "error"]);
    bench.faults.clear();
    Daemon::ready(&bench).await.stop().await;
    assert_eq!(bench.running.requests().count("POST", "/ingest/upload"), 30, "what was sent is not sent again");
    bench.quiet().await;
}

#[tokio::test]
async fn term_twice_ends_at_once() {
    let bench = bench().await;
    let mut daemon = uploading(&bench, Duration::from_secs(8)).await;
    let began = Instant::now();
    daemon.signal(Signal::TERM);
    daemon.until("the first is heard", async || daemon.get("/healthz").await.is_none()).await;
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.ended().await.code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    bench.faults.clear();
    Daemon::ready(&bench).await.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn as_process_one_it_hears_term() {
    let bench = bench().await;
    bench.write_many(3);
    const APART: [&str; 5] = ["--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let apart = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(APART).args(args).current_dir(bench.folder.path()).kill_on_drop(true);
        command
    };
    if !apart(&["true"]).status().await.is_ok_and(|status| status.success()) {
        eprintln!("skipped: namespaces may not be made here");
        return;
    }
    let mut command = apart(&[BINARY, "run"]);
    command.env("HOME", bench.folder.path()).stderr(Stdio::piped());
    let mut daemon = Daemon::of(command, &bench);
    daemon.in_step(&bench).await;
    assert_eq!(daemon.status().await["daemon"]["pid"], 1);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", daemon.id())).unwrap();
    let child = Pid::from_raw(children.trim().parse().unwrap()).unwrap();
    kill_process(child, Signal::TERM).unwrap();
    assert_eq!(daemon.ended().await.code(), Some(0), "{}", daemon.log());
    bench.quiet().await;
}

#[tokio::test]
async fn hangup__terminal_is_there_or_closed__reloads_or_ends() {
    let bench = bench().await;
    bench.write_many(3);
    if !Command::new("script").args(["-qc", "true", "/dev/null"]).status().await.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no `script` here that makes a terminal");
        return;
    }
    let mut command = Command::new("script");
    let run = format!("exec {BINARY} --log-format json run 2>log");
    command.args(["-qc", &run, "/dev/null"]).current_dir(bench.folder.path()).kill_on_drop(true);
    command.env("HOME", bench.folder.path()).stderr(Stdio::piped());
    let terminal = Daemon::of(command, &bench);
    terminal.in_step(&bench).await;
    let log = || fs::read_to_string(bench.path("log")).unwrap();
    let pid = terminal.status().await["daemon"]["pid"].as_i64().unwrap();
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::HUP).unwrap();
    terminal.until("the config is read again", async || log().contains("the config was read again")).await;
    terminal.signal(Signal::KILL);
    terminal.until("it ends in order", async || log().contains("kbsync has stopped")).await;
    assert!(log().contains("the terminal was closed"), "{}", log());
    bench.quiet().await;
}
