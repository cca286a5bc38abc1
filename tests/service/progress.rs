//! How far a pass is, as the service tells it while it works.

use crate::daemon::{Daemon, bench};

#[tokio::test]
async fn status__a_pass_at_work__says_how_far_it_is_and_what_is_left() {
    let bench = bench().await;
    bench.reconfigure("rate_limit: 1000/s", "rate_limit: 10/s");
    bench.write_many(40);
    let daemon = Daemon::start(&bench);
    let is_told = |status: &serde_json::Value| {
        let (doing, progress) = (&status["daemon"]["doing"], &status["daemon"]["progress"]);
        let is_said = |words: &str| {
            words.starts_with("syncing: ") && words.ends_with(" of 40, less than a minute left") && progress["of"] == 40
        };
        let is_near = progress["seconds_left"].as_u64().is_some_and(|left| left <= 20);
        doing.as_str().is_some_and(is_said) && is_near && progress["failed"] == 0
    };
    daemon.shows("how far it is", is_told).await;
    bench.run(&["status"]).await.ended(0, &["\n  syncing: ", " of 40, less than a minute left\n"]);
    let (code, words) = daemon.get("/readyz").await.unwrap();
    assert!(code == 503 && words.starts_with("not ready: syncing: "), "{code}: {words}");
    daemon.in_step(&bench).await;
    assert!(daemon.status().await["daemon"]["progress"].is_null());
    daemon.stop().await;
}
