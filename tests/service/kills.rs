//! Deaths without a word, and sleeps: whatever is cut off, the next start puts it right.

use std::time::Duration;

use kbsync::local::Fault;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rustix::process::Signal;

use crate::daemon::{Daemon, bench};

const KILLS: u64 = 20;
const DOCUMENTS: u32 = 24;

#[tokio::test]
async fn twenty_kills_in_the_middle_of_changes_lose_and_double_nothing() {
    let bench = bench().await;
    bench.reconfigure("sync:\n", "sync:\n  max_deletes: 1000\n");
    let mut rng = StdRng::seed_from_u64(20);
    (0..DOCUMENTS).for_each(|n| bench.write(&format!("{n}.md"), format!("# Page {n}\n")));
    // Where something stays, a guard never sees all of a collection go.
    bench.write("stays.md", "# It stays\n");
    bench.faults.always("POST", "/ingest/upload", Fault::Slow(Duration::from_millis(20)));
    for round in 0..KILLS {
        let daemon = if round % 4 == 0 { Daemon::ready(&bench).await } else { Daemon::start(&bench) };
        let log = bench.running.requests();
        let moment = log.total() + rng.random_range(1..25);
        let died = async || log.total() >= moment;
        // What a start leaves to be done may be less than that.
        while !died().await {
            let path = format!("{}.md", rng.random_range(0..DOCUMENTS));
            match rng.random_range(0..4) {
                0 if bench.path("docs").join(&path).exists() => bench.remove(&path),
                1 if bench.path("docs").join(&path).exists() => {
                    let to = bench.path("docs").join(format!("{}.md", rng.random_range(0..DOCUMENTS)));
                    std::fs::rename(bench.path("docs").join(&path), to).unwrap();
                }
                _ => bench.write(&path, format!("# {path} in round {round}, {}\n", rng.random_range(0..1_000_000))),
            }
            let _ =
                tokio::time::timeout(Duration::from_millis(rng.random_range(1..150)), daemon.until("its moment", died))
                    .await;
        }
        daemon.kill().await;
    }
    bench.faults.clear();
    // A content that was on its way up at three of the kills is not tried a fourth time by itself.
    bench.run(&["retry"]).await.ended(0, &[]);
    let daemon = Daemon::ready(&bench).await;
    daemon.stop().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_daemon_that_was_asleep_catches_up() {
    let bench = bench().await;
    bench.write_many(12);
    let daemon = Daemon::ready(&bench).await;
    for round in 0..2 {
        daemon.signal(Signal::STOP);
        bench.write("000.md", format!("# Changed in {round}\n"));
        bench.write(&format!("new/{round}.md"), "# New\n");
        bench.remove(&format!("{:03}.md", 5 + round));
        daemon.signal(Signal::CONT);
        daemon.in_step(&bench).await;
    }
    // In the middle of a request.
    bench.faults.once("POST", "/ingest/upload", Fault::Slow(Duration::from_millis(300)));
    bench.running.requests().reset();
    bench.write("001.md", "# Changed\n");
    daemon.until("an upload", async || bench.running.requests().count("POST", "/ingest/upload") == 1).await;
    daemon.signal(Signal::STOP);
    bench.write("001.md", "# Changed once more\n");
    daemon.signal(Signal::CONT);
    daemon.in_step(&bench).await;
    daemon.stop().await;
    bench.quiet().await;
}
