//! The service asks by a schedule of its own; and a person may ask beside it.

use std::fs;

use reqwest::Method;
use serde_json::json;

use crate::{
    daemon::{Daemon, bench},
    origin::{Origin, Reply},
};

const QUESTION: &str = "verify:\n  schedule: \"* * * * *\"\n  questions:\n    \
    - ask: When does the office open?\n      expect_source: docs/opening.md\n";

#[tokio::test]
async fn it_asks_by_its_schedule_and_says_what_is_news() {
    let bench = bench().await;
    bench.write("opening.md", "# Opening hours\n\nThe office opens at nine in the morning, from Monday to Friday.\n");
    bench.write("sky.md", "# The sky\n\nIn summer the colour of the sky is a remarkable blue.\n");
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    bench.configure(&(config + QUESTION));
    let daemon = Daemon::ready(&bench).await;
    // Beside the daemon, which hears of it.
    bench.run(&["verify", "--sample", "2"]).await.ended(0, &["3 checks: 3 passed"]);
    daemon.shows("the one by hand, if not a later one", |status| status["last_verification"]["failed"] == 0).await;

    let source = bench.ours().await["docs/opening.md"][0].id.clone();
    bench.api(Method::DELETE, &format!("/sources/{source}"), json!(null)).await;
    daemon
        .shows("red", |status| status["last_verification"]["checks"] == 1 && status["last_verification"]["failed"] == 1)
        .await;
    daemon.says(&["warn", "not answered as it should be", "it does not cite docs/opening.md"]).await;
    let (_, metrics) = daemon.get("/metrics").await.unwrap();
    assert!(metrics.contains("kbsync_verify_failed 1\n"), "{metrics}");

    daemon.signal(rustix::process::Signal::USR1);
    daemon.in_step(&bench).await;
    daemon.shows("green", |status| status["last_verification"]["failed"] == 0).await;
    daemon.says(&["info", "all is answered as it should be again"]).await;
    daemon.until("it is told once", async || daemon.lines(&["not answered as it should be"]) == 1).await;
    let left = async || bench.api(Method::GET, "/conversations", json!(null)).await["data"].take();
    daemon.until("no conversation is left", async || left().await == json!([])).await;
    daemon.stop().await;
    bench.quiet().await;
}

#[tokio::test]
async fn pages_that_were_uploaded_are_asked_for_by_what_is_remembered_of_them() {
    let (bench, origin) = (bench().await, Origin::start());
    origin.serve("/a", Reply::page("<title>Pumps</title><h1>Pumps</h1><p>Nine diesel pumps hum quietly here.</p>"));
    origin.serve("/b", Reply::new("text/markdown", "# Gardens\n\nElderly gardeners prune forty orange trees.\n"));
    let lines = format!("{}\n{}\n", origin.url("/a"), origin.url("/b"));
    fs::write(bench.path("urls.txt"), lines).unwrap();
    bench.reconfigure(
        "collections:\n",
        "verify:\n  sample: 5\ncollections:\n  - name: pages\n    url_files: [urls.txt]\n    via: upload\n    allow_private: true\n    delay: 0s\n",
    );
    bench.synced().await;
    let said = bench.run(&["verify", "--json"]).await;
    let checks = said.ended(0, &["Nine diesel pumps hum quietly here."]).json();
    assert_eq!((&checks["passed"], &checks["skipped"]), (&json!(2), &json!(0)), "{said}");
}
