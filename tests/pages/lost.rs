//! Pages that the platform does not hold and that cannot be read.

use crate::{
    bench::{Bench, MARKDOWN},
    origin::Reply,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page__that_the_platform_has_lost_and_that_cannot_be_read__is_a_failure_by_name() {
    for status in [503, 403] {
        let bench = Bench::new(&["/a", "/b", "/c"]).await;
        bench.well().await;
        bench.world.delete_somebody_elses_way(bench.origin.url("/a").as_str()).await;
        ["/a", "/b"].iter().for_each(|path| bench.origin.serve(path, Reply::status(status)));
        let mut report = bench.pass().await;
        for _ in 0..2 {
            report = bench.pass().await;
        }
        assert_eq!(report.outcome().as_str(), "failed", "{status}: {report:?}");
        let failed: Vec<_> = report.failures().map(|failure| failure.document.path.clone()).collect();
        assert_eq!(failed, [bench.origin.url("/a").to_string()], "{status}: {report:?}");
        assert_eq!(report.stale.len(), 1, "the platform holds the other one: {report:?}");
        ["/a", "/b"].iter().for_each(|path| bench.origin.serve(path, Reply::new(MARKDOWN, format!("# Page {path}"))));
        bench.well().await;
        bench.holds(&["/a", "/b", "/c"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collection__of_which_nothing_is_held_and_nothing_can_be_read__has_failed() {
    for (status, outcome) in [(403, "failed"), (503, "failed"), (404, "ok")] {
        let bench = Bench::new(&["/a", "/b"]).await;
        ["/a", "/b"].iter().for_each(|path| bench.origin.serve(path, Reply::status(status)));
        for _ in 0..2 {
            let report = bench.pass().await;
            assert_eq!(report.outcome().as_str(), outcome, "{status}: {report:?}");
            let named = report.failures().any(|failure| failure.document.path == "its pages");
            assert_eq!(named, outcome == "failed", "{status}: {report:?}");
        }
        bench.origin.serve("/b", Reply::new(MARKDOWN, "# Page /b"));
        let report = bench.well().await;
        assert_eq!((report.added, report.stale.len()), (1, 1), "a dead link in a list: {report:?}");
    }
}
