//! Jobs that the platform cannot tell of, and lists that are long: nothing is uploaded twice, and requests are bounded.

use std::time::Duration;

use kbsync::local::Fault;

use crate::bench::{Bench, SOURCE, SOURCES, UPLOAD};

/// A bench whose platform takes a while for each document.
async fn slow() -> Bench {
    let bench = Bench::with(|options| options.job_delay = Duration::from_secs(3)).await;
    bench.write("slow.md", "# Slow\n");
    bench
}

#[tokio::test]
async fn forgotten_job__its_source_is_at_work__is_waited_for() {
    let bench = slow().await;
    bench.faults.once("POST", UPLOAD, Fault::JobForgotten);
    bench.sync().await.ended(0, &["1 added"]);
    assert_eq!(bench.running.requests().count("POST", UPLOAD), 1, "it is not uploaded a second time");
    bench.quiet().await;
}

#[tokio::test]
async fn job_status__fails_for_ever__is_judged_by_the_source() {
    let bench = slow().await;
    bench.faults.always("GET", "/ingest/status", Fault::Status(500));
    bench.sync().await.ended(0, &["1 added"]);
    assert_eq!(bench.running.requests().count("POST", UPLOAD), 1, "it is not uploaded a second time");
    bench.faults.clear();
    bench.quiet().await;
}

#[tokio::test]
async fn job_and_source__fail_for_ever__are_judged_by_the_list() {
    let bench = slow().await;
    bench.faults.always("GET", "/ingest/status", Fault::Status(500));
    bench.faults.always("GET", &SOURCE.replace("{id}", ""), Fault::Status(500));
    bench.sync().await.ended(0, &["1 added"]);
    let log = bench.running.requests();
    assert_eq!(log.count("POST", UPLOAD), 1, "it is not uploaded a second time");
    assert!(log.count("GET", SOURCES) <= 30, "{} lists", log.count("GET", SOURCES));
    bench.faults.clear();
    bench.quiet().await;
}
