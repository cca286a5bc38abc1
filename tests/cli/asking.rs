//! Questions: as JSON, in a conversation, and when the answer does not come or breaks off.

use std::{net::TcpListener, time::Instant};

use kbsync::local::Fault;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::{
    bench::Bench,
    origin::{Origin, Reply},
};

/// Has the bench ask somebody else than its platform.
fn ask_at(bench: &Bench, address: &str) {
    let there = bench.running.base_url().to_owned();
    bench.reconfigure(&there, address);
}

#[tokio::test]
async fn json_has_the_answer_its_sources_and_the_conversation() {
    let bench = Bench::informed().await;
    bench.running.requests().reset();
    let first = bench.run(&["ask", "--json", "When does the office open?"]).await.ended(0, &[]).json();
    assert!(first["answer"].as_str().unwrap().contains("nine in the morning"), "{first}");
    assert_eq!(first["sources"][0]["title"], "docs/opening.md", "{first}");
    let thread = first["thread_id"].as_str().unwrap();
    let asked = bench.running.requests();
    assert_eq!((asked.count("POST", "/chat"), asked.count("POST", "/chat/stream")), (1, 0));

    let second = bench.run(&["ask", "--json", "--thread", thread, "And", "the", "sky?"]).await.json();
    assert_eq!(second["thread_id"], thread);
    assert!(second["answer"].as_str().unwrap().contains("blue"), "{second}");
    let unanswered = bench.run(&["ask", "--json", "What is the price of tea in China?"]).await.ended(0, &[]).json();
    assert_eq!(unanswered["sources"], json!([]));
    assert_ne!(unanswered["thread_id"], thread);
    bench.run(&["conversations", "show", thread]).await.ended(0, &["user: And the sky?"]);
}

#[tokio::test]
async fn an_unknown_conversation_is_said() {
    let bench = Bench::informed().await;
    for words in [&["ask", "--thread", "thr_none", "What?"][..], &["ask", "--json", "--thread", "thr_none", "What?"]] {
        let said = bench.run(words).await;
        said.ended(1, &["answered 404", "no conversation has the id `thr_none`"]);
        assert_eq!(said.out, "", "{said}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_soon() {
    let bench = Bench::new().await;
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    ask_at(&bench, &format!("http://{address}/api/v1"));
    let began = Instant::now();
    for words in [&["ask", "Why?"][..], &["ask", "--json", "Why?"]] {
        let said = bench.run(words).await;
        said.ended(5, &["error: ", "onnection refused", "try again later"]);
        assert_eq!(said.out, "", "{said}");
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let bench = Bench::informed().await;
    bench.faults.once("POST", "/chat/stream", Fault::CutBody);
    let said = bench.run(&["ask", "When does the office open?"]).await;
    said.ended(5, &["broke off"]).without(&["[1]"]);
    // What is said of it begins a line of its own, also on a terminal.
    assert!(said.out.ends_with('\n'), "{said}");
}

#[tokio::test]
async fn an_answer_that_does_not_go_on_can_be_ended() {
    let bench = Bench::new().await;
    let origin = Origin::start();
    let piece = "data: {\"type\":\"text\",\"text\":\"It is \"}\n\n";
    origin.serve("/chat/stream", Reply::stalled(1 << 20, piece).header("Content-Type", "text/event-stream"));
    ask_at(&bench, origin.url("/").as_str());
    let mut asked = bench.command(&["ask", "What is it?"]).spawn().unwrap();
    let mut begun = [0; 6];
    asked.stdout.as_mut().unwrap().read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"It is ");
    let began = Instant::now();
    // As Ctrl-C does, which whoever runs the tests may have told them to ignore.
    kill_process(Pid::from_raw(asked.id().unwrap().cast_signed()).unwrap(), Signal::TERM).unwrap();
    let output = asked.wait_with_output().await.unwrap();
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
