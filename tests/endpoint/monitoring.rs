//! The names of what can be measured: the scrape, the guide, the alerts and the dashboard speak of the same.

use std::{collections::BTreeSet, fs, path::Path};

use kbsync::local::Fault;

use crate::served::Daemon;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(path)).unwrap()
}

/// Every name of ours in a text, without what a histogram's series add.
fn names(text: &str) -> BTreeSet<String> {
    let name = |start: usize| {
        let rest = &text[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..end];
        let name = ["_bucket", "_count", "_sum"].iter().find_map(|series| name.strip_suffix(series)).unwrap_or(name);
        name.to_owned()
    };
    text.match_indices("kbsync_").map(|(start, _)| name(start)).collect()
}

#[tokio::test]
async fn every_name_is_measured_and_explained() {
    let daemon = Daemon::new().await;
    let scrape = daemon.endpoint.get("/metrics").await.body;
    let samples: String =
        scrape.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let (measured, guide) = (names(&samples), read("monitoring.md"));
    let table: String = guide.lines().filter(|line| line.starts_with("| `kbsync_")).collect();
    assert_eq!(names(&table), measured, "the guide's table (left) and the scrape (right)");
    for page in [&guide, &read("monitoring/alerts.yml"), &read("monitoring/dashboard.json")] {
        let unknown: Vec<_> = names(page).difference(&measured).cloned().collect();
        assert!(unknown.is_empty(), "nobody measures {unknown:?}");
    }
    // Grafana takes it as it is.
    let dashboard: serde_json::Value = serde_json::from_str(&read("monitoring/dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 5);
}

#[tokio::test]
async fn what_happened_is_counted_and_what_is_so_is_read() {
    let daemon = Daemon::new().await;
    let scrape = daemon.endpoint.get("/metrics").await.body;
    for line in [
        r#"kbsync_documents{collection="docs",state="in_step"} 2"#,
        r#"kbsync_documents{collection="docs",state="quarantined"} 1"#,
        r#"kbsync_held_deletions{collection="docs"} 0"#,
        r#"kbsync_collection_watching{collection="docs",how="polled"} 1"#,
        r#"kbsync_last_pass_outcome{outcome="failed"} 1"#,
        r#"kbsync_last_pass_outcome{outcome="denied"} 0"#,
        r#"kbsync_passes_total{kind="full",outcome="failed"} 3"#,
        r#"kbsync_pass_duration_seconds_count{kind="full"} 3"#,
        r#"kbsync_actions_total{action="added"} 2"#,
        r#"kbsync_actions_total{action="failed"} 1"#,
        "kbsync_uploaded_bytes_total 28",
        r#"kbsync_job_duration_seconds_count{outcome="ok"} 2"#,
        r#"kbsync_job_duration_seconds_count{outcome="failed"} 1"#,
        r#"kbsync_requests_total{endpoint="POST /ingest/upload",outcome="2xx"} 3"#,
        r#"kbsync_requests_total{endpoint="DELETE /sources/{id}",outcome="2xx"} 1"#,
        "kbsync_request_budget 1000",
        "kbsync_ready 1",
        "kbsync_verify_checks 7",
        "kbsync_verify_failed 2",
        "kbsync_config_refused 0",
        "kbsync_next_pass_timestamp_seconds 1795316400",
        "# TYPE kbsync_requests counter",
        "# TYPE kbsync_job_duration_seconds histogram",
    ] {
        assert!(scrape.lines().any(|found| found == line), "{line} is missing in\n{scrape}");
    }
    assert!(scrape.ends_with("# EOF\n"));
    let endpoints: BTreeSet<_> = scrape.lines().filter_map(|line| line.strip_prefix("kbsync_requests_total")).collect();
    assert!(endpoints.len() < 8, "{endpoints:?}");
}

#[tokio::test]
async fn requests_are_counted_by_what_came_of_them() {
    let daemon = Daemon::new().await;
    for fault in [Fault::Status(503), Fault::LostBefore, Fault::TooMany { retry_after: Some(0) }, Fault::GarbageBody] {
        daemon.bench.faults.once("GET", "/sources", fault);
        daemon.pass().await;
    }
    // The list, and the probe that tells whether the key is refused.
    daemon.bench.faults.always("GET", "/sources", Fault::Status(401));
    daemon.pass().await;
    let scrape = daemon.endpoint.get("/metrics").await.body;
    for (outcome, count) in [("5xx", 1), ("429", 1), ("4xx", 2), ("none", 2)] {
        let line = format!(r#"kbsync_requests_total{{endpoint="GET /sources",outcome="{outcome}"}} {count}"#);
        assert!(scrape.lines().any(|found| found == line), "{line} is missing in\n{scrape}");
    }
    assert!(scrape.contains("kbsync_last_pass_outcome{outcome=\"denied\"} 1"), "{scrape}");
}
