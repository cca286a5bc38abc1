//! Platforms that refuse, fail, or are not there.

use std::{net::TcpListener, time::Instant};

use kbsync::local::Fault;
use rusqlite::Connection;

use crate::bench::{Bench, ON_NEXVIO, SOURCES, UPLOAD};

#[tokio::test]
async fn a_wrong_key_is_said_and_nothing_is_tried_again() {
    let bench = Bench::new().await;
    bench.write_many(3);
    let config = bench.default_config();
    let key = config.lines().find_map(|line| line.trim().strip_prefix("api_key: ")).unwrap();
    bench.configure(&config.replace(key, "kb_local_wrong"));
    let said = bench.sync().await;
    said.ended(7, &["error: the platform refuses the key (401)", "Check `platform.api_key`"]);
    said.without(&["kb_local_wrong"]);
    assert_eq!((bench.running.requests().total(), bench.running.requests().status(401)), (2, 2), "and one probe");
    for command in [&["check", "--online"][..], &["sources"], &["conversations"]] {
        bench.run(command).await.ended(7, &["refuses the key"]);
    }
    for command in [&["ask", "Why?"][..], &["insights"]] {
        let said = bench.run(command).await;
        if ON_NEXVIO {
            said.ended(2, &["Nexvio's pages show no call"])
        } else {
            said.ended(7, &["refuses the key"])
        };
    }
    bench.run(&["check"]).await.ended(0, &["docs"]);
    bench.run(&["status"]).await.ended(0, &["Last pass: denied"]);
    bench.configure(&config);
    bench.synced().await.ended(0, &["3 added"]);
}

#[tokio::test]
async fn a_key_that_is_refused_in_the_middle_stops_the_pass() {
    let bench = Bench::new().await;
    bench.write_many(10);
    bench.faults.always("POST", UPLOAD, Fault::Status(403));
    bench.sync().await.ended(7, &["refuses the key (403)"]);
    bench.faults.clear();
    bench.synced().await;
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_wrong_address_on_the_right_machine_is_not_tried_again() {
    let bench = Bench::new().await;
    bench.write_many(3);
    let there = bench.base_url();
    bench.reconfigure(&there, &format!("{there}/v2"));
    bench.sync().await.ended(1, &[&format!("answered 404 to GET {SOURCES}")]).without(&["try again", "0 documents"]);
    assert_eq!(bench.running.requests().total(), 1);
}

#[tokio::test]
async fn nobody_there_is_said_soon() {
    let bench = Bench::new().await;
    bench.write_many(3);
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let there = bench.base_url();
    bench.reconfigure(&there, &format!("http://{address}/api/v1"));
    let began = Instant::now();
    let said = bench.sync().await;
    said.ended(5, &["error: ", &address.to_string(), "onnection refused", "nothing was lost, try again later"]);
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    bench.run(&["status"]).await.ended(0, &["Last pass: temporary"]);
}

#[tokio::test]
async fn too_many_requests_are_waited_for() {
    let bench = Bench::new().await;
    bench.write_many(3);
    for (method, route) in [("GET", SOURCES), ("POST", SOURCES), ("POST", UPLOAD)] {
        bench.faults.once(method, route, Fault::TooMany { retry_after: Some(1) });
    }
    let began = Instant::now();
    bench.synced().await.ended(0, &["3 added"]);
    assert!(began.elapsed().as_secs() >= 2, "{:?}", began.elapsed());
    assert_eq!(bench.running.requests().status(429), 3);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_wait_of_hours_is_not_waited_for() {
    let bench = Bench::new().await;
    bench.write_many(1);
    bench.faults.once("GET", SOURCES, Fault::TooMany { retry_after: Some(7200) });
    bench.sync().await.ended(5, &["the platform asks to wait 120 min (429); nothing was lost"]);
    bench.synced().await;
}

#[tokio::test]
async fn documents_that_the_platform_refuses_do_not_stop_the_others() {
    let bench = Bench::new().await;
    bench.write_many(4);
    bench.faults.once("POST", UPLOAD, Fault::Status(413));
    bench.faults.once("POST", SOURCES, Fault::Status(422));
    bench.sync().await.ended(3, &["4 documents: 2 added", "2 documents failed", "answered 413", "answered 422"]);
    assert_eq!(bench.hashes().await.len(), 2);
    bench.run(&["retry"]).await.ended(0, &["2 documents will be tried again"]);
    bench.synced().await.ended(0, &["2 added"]);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn job__fails_for_a_reason_of_the_moment_with_every_document__comes_right_by_itself() {
    let bench = Bench::new().await;
    bench.write_many(3);
    bench.faults.always("POST", UPLOAD, Fault::JobFails("the embedding model is overloaded".to_owned()));
    bench.sync().await.ended(3, &["docs/000.md: the embedding model is overloaded"]);
    bench.run(&["status"]).await.ended(0, &["the embedding model is overloaded; it is tried again by itself"]);
    bench.faults.clear();
    bench.running.requests().reset();
    bench.sync().await.ended(3, &["overloaded"]);
    assert_eq!(bench.running.requests().count("POST", UPLOAD), 0, "their time has not come");
    let state = Connection::open(bench.path("state/state.db")).unwrap();
    let sql = "UPDATE documents SET trouble_retry_at = trouble_retry_at - 3600000000";
    assert_eq!(state.execute(sql, []).unwrap(), 3);
    bench.synced().await.ended(0, &["3 added"]);
    bench.in_step().await;
    bench.quiet().await;
}
