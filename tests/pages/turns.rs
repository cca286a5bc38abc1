//! Sites that are busy or slow: each page has its turn, and what was read does not wait for the rest.

use std::time::Duration;

use crate::{
    bench::{Bench, MARKDOWN},
    origin::{Gate, Reply},
    support::collection,
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

/// Waits until the platform holds `count` documents of a collection.
async fn until_held(bench: &Bench, collection: &str, count: usize) {
    let held = async || {
        let sources = bench.world.platform.snapshot().await;
        sources.iter().filter(|source| source.status == "synced" && source.name.starts_with(collection)).count()
    };
    let all = async {
        while held().await < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("they go up while the last page is not answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages__of_a_site_that_takes_its_time__go_up_before_the_last_one_was_read() {
    let mut bench = bench().await;
    bench.world.scope.pause_after = Duration::ZERO;
    let (last, gate) = (path(COUNT - 1), Gate::default());
    for version in 1..3 {
        (0..COUNT)
            .for_each(|n| bench.origin.serve(&path(n), Reply::new(MARKDOWN, format!("# {n}, edition {version}"))));
        bench.origin.serve(&last, Reply::new(MARKDOWN, format!("# The last one, edition {version}")).behind(&gate));
        let (report, ()) = tokio::join!(bench.well(), async {
            until_held(&bench, "pages/", COUNT - 1).await;
            gate.open();
        });
        assert_eq!((report.added + report.replaced, report.documents), (COUNT as u64, COUNT as u64), "{report:?}");
        assert_eq!(bench.held().await.len(), COUNT);
    }
    assert!((0..COUNT - 1).all(|n| bench.origin.count(&path(n)) < 6), "none is asked for in vain again and again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file__beside_a_site_that_answers_nothing_for_long__goes_up_before_its_pages() {
    let mut bench = bench().await;
    bench.world.scope.pause_after = Duration::ZERO;
    bench.world.scope.collections.push(collection(&bench.world.folder));
    bench.world.write("a.md", "# A file");
    let gate = Gate::default();
    (0..COUNT).for_each(|n| bench.origin.serve(&path(n), Reply::new(MARKDOWN, format!("# {n}")).behind(&gate)));
    let (report, ()) = tokio::join!(bench.well(), async {
        until_held(&bench, "docs/", 1).await;
        gate.open();
    });
    assert_eq!(report.added, COUNT as u64 + 1, "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_has_moved_and_comes_after_a_pause__is_still_asked_for_conditionally() {
    let mut bench = bench().await;
    bench.world.scope.pause_after = Duration::ZERO;
    let page = |n: usize, edition: u32| {
        Reply::new(MARKDOWN, format!("# {n}, edition {edition}")).etag(&format!("\"{n} {edition}\""))
    };
    let (last, gate) = (COUNT - 1, Gate::default());
    (0..last).for_each(|n| bench.origin.serve(&path(n), page(n, 1)));
    bench.origin.serve(&path(last), Reply::redirect(301, bench.origin.url("/moved").as_str()));
    bench.origin.serve("/moved", page(last, 1));
    bench.well().await;
    bench.origin.forget();
    bench.mutating();
    bench.origin.serve(&path(0), page(0, 2));
    bench.origin.serve("/moved", page(last, 1).behind(&gate));
    let (report, ()) = tokio::join!(bench.well(), async {
        let replaced = async {
            while bench.world.platform.requests().count("DELETE", "/sources/{id}") == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), replaced).await.expect("it goes up before the last page is had");
        gate.open();
    });
    assert_eq!(report.replaced, 1);
    let requests = bench.origin.requests_for("/moved");
    let is_conditional = requests.iter().all(|request| request.header("if-none-match").is_some());
    assert!(!requests.is_empty() && is_conditional, "{requests:?}");
}
