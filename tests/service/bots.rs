//! Bots under the service: each full pass brings them in step, with their instructions as the file has them then.

use std::fs;

use kbsync::local::{CEVVO_PATH, NEXVIO_PATH};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::{
    bench::Bench,
    daemon::{Daemon, bench},
};

/// What the platform has as the instructions of a bot.
async fn instructions(bench: &Bench, id: &str) -> String {
    let url = format!("{}/chatbots/{id}", bench.running.base_url().replace(CEVVO_PATH, NEXVIO_PATH));
    let request = bench.client.get(url).bearer_auth(bench.running.api_key().expose_secret());
    let shown: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    shown["data"]["chatbot"]["instructions"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn instructions_are_read_in_each_full_pass() {
    let bench = bench().await;
    bench.reconfigure("kind: cevvo", "kind: nexvio");
    bench.reconfigure(&format!("{CEVVO_PATH}\n"), &format!("{NEXVIO_PATH}\n"));
    let made = bench.run(&["bots", "create", "Sales"]).await;
    let id = made.ended(0, &[]).out.split_whitespace().next().unwrap().to_owned();
    let config = fs::read_to_string(bench.path("kbsync.yaml")).unwrap();
    bench.configure(&format!("{config}chatbots:\n  - id: {id}\n    instructions_file: sales.md\n"));
    fs::write(bench.path("sales.md"), "Be kind.\n").unwrap();
    bench.write("a.md", "# A\n");
    let daemon = Daemon::ready(&bench).await;
    assert_eq!(instructions(&bench, &id).await, "Be kind.");

    fs::write(bench.path("sales.md"), "Be brief.\n").unwrap();
    daemon.signal(Signal::USR1);
    daemon.until("the file was read again", async || instructions(&bench, &id).await == "Be brief.").await;
    daemon.until("it is told twice", async || daemon.lines(&["bot written", "instructions"]) == 2).await;

    fs::remove_file(bench.path("sales.md")).unwrap();
    bench.write("b.md", "# B\n");
    daemon.signal(Signal::USR1);
    daemon.says(&["bot failed", "sales.md cannot be read"]).await;
    daemon.in_step(&bench).await;
    assert_eq!(instructions(&bench, &id).await, "Be brief.", "no file is no reason to take the instructions away");

    bench.reconfigure("instructions_file: sales.md", "instructions: Be both.");
    daemon.signal(Signal::HUP);
    daemon.until("the config was read again", async || instructions(&bench, &id).await == "Be both.").await;
    daemon.stop().await;
    bench.quiet().await;
}
