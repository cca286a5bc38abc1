//! Calls that fail as those of a bad or a full disk do: at the first one, then at the second one, until a pass makes no
//! more of them.

use futures_util::StreamExt;
use kbsync::config::Api;

use crate::{
    AT_ONCE,
    ground::Ground,
    strace::{Blow, Ended, Point},
    tally::Tally,
};

/// More calls of a kind than any pass makes here.
const ENDLESS: usize = 2_000;
/// Words of a program that speaks to itself.
const NOT_FOR_PEOPLE: [&str; 6] = ["panicked", "Err(", "Error {", "Failure(", "Os {", "kind:"];

/// The calls, the error, and whether the state is there already.
const BAD_DISK: [(Point, &str, bool); 17] = [
    (Point::on("pwrite64", "-wal"), "EIO", true),
    (Point::on("pwrite64", "-wal"), "ENOSPC", true),
    (Point::on("fsync", "-wal"), "EIO", true),
    (Point::on("pwrite64", ""), "EIO", true),
    (Point::on("pwrite64", ""), "ENOSPC", true),
    (Point::on("fsync", ""), "EIO", true),
    (Point::on("pread64", ""), "EIO", true),
    (Point::on("pread64", "-wal"), "EIO", false),
    (Point::on("pwrite64", "-shm"), "ENOSPC", true),
    (Point::any("ftruncate"), "EIO", true),
    (Point::any("unlink"), "EIO", true),
    (Point::on("openat", ""), "EMFILE", true),
    (Point::on("openat", "-wal"), "EMFILE", true),
    (Point::on("openat", ".lock"), "EIO", true),
    (Point::on("write", ".lock"), "ENOSPC", true),
    (Point::any("fsync"), "EIO", false),
    (Point::on("pwrite64", ""), "ENOSPC", false),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs strace; .ci/run runs it"]
async fn every_call_of_the_store_fails_once_and_for_good() {
    let tally = Tally::new();
    let blows =
        |(point, error, there)| [Blow::Fails(error), Blow::FailFromThen(error)].map(|blow| (point, blow, there));
    let sweeps = BAD_DISK.into_iter().flat_map(blows).map(|(point, blow, there)| sweep(point, blow, there, &tally));
    futures_util::stream::iter(sweeps).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    println!("{tally}");
}

async fn sweep(point: Point, blow: Blow, there: bool, tally: &Tally) {
    let what = format!("{point}{}: {blow}", if there { "" } else { " of a new state" });
    let mut ground = Ground::new(Api::Cevvo, what.clone()).await;
    for number in (1..ENDLESS).filter(|number| is_tried(*number, blow)) {
        ground.change();
        if !there {
            ground.lose_state();
        }
        let ended = ground.struck(point, blow, number).await;
        let context = format!("{what}, number {number}");
        judge(&ground, &ended, blow, &context).await;
        ground.recovers(&format!("number {number}")).await;
        if !ended.struck {
            assert!(number > 1, "{what}: no pass makes this call");
            return ground.rests().await;
        }
        tally.count(format!("{what}, exit {}", ended.code.expect("nobody killed it")));
    }
    panic!("{what}: {ENDLESS} passes, and none of them was left alone");
}

/// Where there are many, every other call fails once and the ones between fail for good, unless more is asked for.
fn is_tried(number: usize, blow: Blow) -> bool {
    let turn = number.is_multiple_of(2) == matches!(blow, Blow::FailFromThen(_));
    turn || number < 10 || std::env::var_os("KBSYNC_EVERY_CALL").is_some()
}

/// Fails unless the pass said what was wrong, or nothing was: then all is in step already.
async fn judge(ground: &Ground, ended: &Ended, blow: Blow, context: &str) {
    let said = &ended.said;
    for word in NOT_FOR_PEOPLE {
        assert!(!said.contains(word), "{context}: {word:?} in {said}");
    }
    let full = matches!(blow, Blow::Fails("ENOSPC") | Blow::FailFromThen("ENOSPC"));
    match ended.code {
        Some(0) => ground.in_step(context).await,
        // A new state does not know who made a source that it has adopted, and whose document is gone.
        Some(8) if said.contains("not uploaded by this state") => {}
        Some(5) if ended.struck && full => assert!(said.contains("the disk is full"), "{context}: {said}"),
        Some(1) if ended.struck && !full => assert!(said.contains("error: "), "{context}: {said}"),
        code => panic!("{context}: exit {code:?}: {said}"),
    }
}
