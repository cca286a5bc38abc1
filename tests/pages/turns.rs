//! Sites that are busy: each page has its turn.

use crate::{
    bench::{Bench, MARKDOWN},
    origin::Reply,
};

const COUNT: usize = 20;

fn path(n: usize) -> String {
    format!("/{n:02}")
}

async fn bench() -> Bench {
    let paths: Vec<String> = (0..COUNT).map(path).collect();
    let mut bench = Bench::new(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await;
    bench.pages().connections = 1;
    bench.restart();
    bench
}

fn busy() -> Reply {
    Reply::status(503).header("Retry-After", "86400")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__busy_for_a_day__keeps_no_other_page_from_coming_up() {
    let bench = bench().await;
    bench.origin.serve("/00", busy());
    bench.origin.serve("/07", busy());
    let report = bench.pass().await;
    assert_eq!((report.added, report.stale.len()), (COUNT as u64 - 2, 2), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__behind_many_that_are_busy__have_their_turn_in_later_passes() {
    let mut bench = bench().await;
    for n in 0..10 {
        bench.origin.serve(&path(n), busy());
    }
    for pass in 0..4 {
        let report = bench.pass().await;
        let asked: Vec<bool> = (0..COUNT).map(|n| bench.origin.count(&path(n)) > 0).collect();
        let first: Vec<bool> = (0..COUNT).map(|n| pass == 3 || n < 3 * (pass + 1)).collect();
        assert_eq!(asked, first, "a host is given up after three pages, and the next pass goes on from there");
        let unasked = report.stale.iter().filter(|stale| stale.reason.contains("it was not asked for")).count();
        assert_eq!(unasked, if pass == 3 { 6 } else { COUNT - 3 }, "{report:?}");
        bench.restart();
    }
    assert_eq!(bench.held().await.len(), 10);
    // Those that are known to be busy are behind now, but for one.
    for n in 10..COUNT {
        bench.origin.serve(&path(n), Reply::new(MARKDOWN, format!("# Another {n}")));
    }
    assert_eq!(bench.pass().await.replaced, 10);
}
