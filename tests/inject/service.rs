//! The service killed in the middle of what it does: in its first pass, and in those over what changes while it runs.

use std::{fs, time::Duration};

use futures_util::StreamExt;
use kbsync::{config::Api, model::SourceName};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    AT_ONCE,
    ground::Ground,
    strace::{self, Blow, Point},
    tally::Tally,
};

/// What is struck, and how far apart: a service makes many calls.
const POINTS: [(Point, usize); 3] =
    [(Point::on("pwrite64", "-wal"), 13), (Point::on("fsync", "-wal"), 2), (Point::any("writev"), 2)];
/// More calls of a kind than a service makes here.
const ENDLESS: usize = 2_000;
/// How often the platform is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// The longest that a service may take for what a round has for it.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace; .ci/run runs it"]
async fn the_service_is_killed_and_a_pass_puts_it_right() {
    let tally = Tally::new();
    let all = POINTS.into_iter().flat_map(|point| [Api::Cevvo, Api::Nexvio].map(|api| (api, point)));
    let sweeps = all.map(|(api, (point, apart))| sweep(api, point, apart, &tally));
    futures_util::stream::iter(sweeps).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    println!("{tally}");
}

async fn sweep(api: Api, point: Point, apart: usize, tally: &Tally) {
    let what = format!("{api}, the service: killed at {point}");
    let mut ground = Ground::new(api, what.clone()).await;
    for number in (1..ENDLESS).step_by(apart) {
        ground.change();
        let killed = lives(&mut ground, point, number).await;
        ground.recovers(&format!("number {number}")).await;
        if !killed {
            return ground.rests().await;
        }
        tally.count(what.clone());
    }
    panic!("{what}: {ENDLESS} calls, and more to come");
}

/// A service's life: a first pass, two changes while it runs, and a stop. Whether it was killed.
async fn lives(ground: &mut Ground, point: Point, number: usize) -> bool {
    let (mut command, trace) = strace::struck(&ground.args("run"), &ground.store, point, Blow::Kill, number);
    // The service must not wait longer than this test.
    command.env("KBSYNC_TEST_SPEED", "60");
    let mut service = tokio::spawn(async move { strace::run(command, Some(&trace)).await });
    for change in [false, true, true] {
        if change {
            ground.change();
        }
        tokio::select! {
            biased;
            ended = &mut service => return ended.expect("it is waited for").killed(),
            () = in_step(ground) => {}
        }
    }
    let process = fs::read_to_string(ground.lock()).expect("the lock says who has it");
    let process = Pid::from_raw(process.trim().parse().expect("a number")).expect("a process");
    // It may be killed on its way to the end.
    let _ = kill_process(process, Signal::TERM);
    let ended = service.await.expect("it is waited for");
    assert!(ended.killed() || ended.code == Some(0), "{}", ended.said);
    ended.killed()
}

/// Waits until the platform holds what the folder has.
async fn in_step(ground: &Ground) {
    let world = &ground.world;
    let wait = async {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            let mut held: Vec<(String, Vec<String>)> = Vec::new();
            for source in world.platform.snapshot().await.into_iter().filter(|source| source.status == "synced") {
                let hashes = source.documents.into_iter().map(|document| document.sha256).collect();
                held.extend(SourceName::parse(&source.name).map(|name| (name.path.to_string(), hashes)));
            }
            held.sort();
            if held == world.on_disk().into_iter().collect::<Vec<_>>() {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the service comes in step");
}
