//! Passes that are stopped in the middle: they end soon, say so, and the next one goes on.

use std::time::{Duration, Instant};

use kbsync::local::Fault;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::bench::{Bench, SOURCES, UPLOAD, rest};

fn signal(child: &Child, signal: Signal) {
    let id = Pid::from_raw(child.id().expect("it runs").cast_signed()).unwrap();
    kill_process(id, signal).unwrap();
}

/// Starts a pass, waits until the platform has seen so many uploads, and stops it.
async fn stopped_while(bench: &Bench, with: Signal) {
    let pass = bench.command(&["sync"]).spawn().unwrap();
    bench.seen("two uploads", async |running| running.requests().count("POST", UPLOAD) >= 2).await;
    signal(&pass, with);
    let began = Instant::now();
    let said = rest(pass).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    said.ended(5, &["warning: stopping", "stopped; the next pass goes on from here"]);
    bench.run(&["status"]).await.ended(0, &["Last pass: temporary"]);
}

#[tokio::test]
async fn ctrl_c_while_jobs_are_under_way() {
    let bench = Bench::with(|options| options.job_delay = Duration::from_secs(1)).await;
    bench.write_many(12);
    stopped_while(&bench, Signal::INT).await;
    bench.synced().await;
    bench.in_step().await;
    assert_eq!(bench.ours().await.len(), 12);
    bench.quiet().await;
}

#[tokio::test]
async fn sigterm_while_uploads_are_slow() {
    let bench = Bench::new().await;
    bench.write_many(12);
    bench.faults.always("POST", UPLOAD, Fault::Slow(Duration::from_secs(1)));
    stopped_while(&bench, Signal::TERM).await;
    bench.faults.clear();
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn twice_ends_at_once() {
    let bench = Bench::new().await;
    bench.write_many(4);
    bench.faults.always("POST", UPLOAD, Fault::Slow(Duration::from_secs(8)));
    let mut pass = bench.command(&["sync"]).spawn().unwrap();
    bench.seen("an upload", async |running| running.requests().count("POST", UPLOAD) >= 1).await;
    let began = Instant::now();
    signal(&pass, Signal::INT);
    // The first is heard when it is answered; the second one counts from then on.
    let mut heard = tokio::io::BufReader::new(pass.stderr.take().unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut heard, &mut line).await.unwrap();
    assert!(line.contains("once more to stop at once"), "{line}");
    // Whichever of the two it is.
    signal(&pass, Signal::TERM);
    rest(pass).await.ended(5, &[]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    bench.faults.clear();
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_terminal_that_closes_ends_a_pass() {
    let bench = Bench::new().await;
    bench.write_many(4);
    bench.faults.always("POST", UPLOAD, Fault::Slow(Duration::from_secs(8)));
    let pass = bench.command(&["sync"]).spawn().unwrap();
    bench.seen("an upload", async |running| running.requests().count("POST", UPLOAD) >= 1).await;
    signal(&pass, Signal::HUP);
    // No exit code: the signal itself ended it.
    rest(pass).await.ended(-1, &[]);
}

#[tokio::test]
async fn ctrl_c_while_it_waits_for_its_turn() {
    let bench = Bench::new().await;
    bench.write_many(3);
    bench.faults.once("GET", SOURCES, Fault::TooMany { retry_after: Some(300) });
    let pass = bench.command(&["sync"]).spawn().unwrap();
    bench.seen("the refusal", async |running| running.requests().status(429) == 1).await;
    let began = Instant::now();
    signal(&pass, Signal::INT);
    rest(pass).await.ended(5, &["stopped; the next pass goes on from here"]);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    bench.synced().await;
}

#[tokio::test]
async fn a_kill_in_the_middle_loses_and_doubles_nothing() {
    let bench = Bench::with(|options| options.job_delay = Duration::from_millis(300)).await;
    bench.write_many(12);
    for uploads in [1, 4, 8] {
        bench.running.requests().reset();
        let mut pass = bench.command(&["sync"]).spawn().unwrap();
        let seen = async |running: &kbsync::local::Running| {
            running.requests().count("POST", UPLOAD) >= uploads || running.snapshot().await.len() == 12
        };
        bench.seen("uploads", seen).await;
        pass.kill().await.unwrap();
    }
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}
