//! Proof that the platform answers from what was uploaded: green when it does, and red when it does not.

use std::{fs, time::Duration};

use kbsync::local::Fault;
use quick_xml::{Reader, XmlVersion, events::Event};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::bench::{Bench, Said, corpus, rest};

const QUESTIONS: &str = "verify:\n  \
    - ask: When does the office open?\n    expect_source: docs/opening.md\n    expect_text: Nine in  the morning\n  \
    - ask: What colour is the sky in summer?\n    expect_source: docs/sky.md\n";

/// A bench with two documents and a question for each.
async fn asked() -> Bench {
    let bench = Bench::new().await;
    bench.write("opening.md", "# Opening hours\n\nThe office opens at nine in the\nmorning, from Monday to Friday.\n");
    bench.write("sky.md", "# The sky\n\nIn summer the colour of the sky is a remarkable blue.\n");
    bench.configure(&(bench.default_config() + QUESTIONS));
    bench.synced().await;
    bench
}

async fn conversations(bench: &Bench) -> Vec<Value> {
    bench.api(Method::GET, "/conversations", json!(null)).await["data"].as_array().unwrap().clone()
}

/// Removes a document's source behind kbsync's back.
async fn removed_by_others(bench: &Bench, document: &str) {
    let source = bench.ours().await[document][0].id.clone();
    bench.api(Method::DELETE, &format!("/sources/{source}"), json!(null)).await;
}

/// The checks of a kind, as (what, outcome).
fn checks(said: &Said, kind: &str) -> Vec<(String, String)> {
    let json = said.json();
    let all = json["checks"].as_array().unwrap().iter().filter(|check| check["kind"] == kind);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<_> = all.map(|check| (text(&check["what"]), text(&check["outcome"]))).collect();
    found.sort();
    found
}

fn signal(child: &tokio::process::Child, signal: Signal) {
    kill_process(Pid::from_raw(child.id().unwrap().cast_signed()).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn it_goes_red_when_a_document_is_removed_behind_our_back_and_green_after_the_next_pass() {
    let bench = asked().await;
    let said = bench.run(&["verify"]).await;
    said.ended(0, &["✓ When does the office open?\n    docs/opening.md", "2 checks: 2 passed ("]);
    bench.run(&["status"]).await.ended(0, &["Last verification: 2 of 2 checks passed"]);

    removed_by_others(&bench, "docs/opening.md").await;
    let said = bench.run(&["verify"]).await;
    said.ended(
        3,
        &["✗ When does the office open?\n    it does not cite docs/opening.md; the answer cites ", "1 failed"],
    );
    said.ended(3, &["it does not say\n      “Nine in  the morning”", "✓ What colour"]);
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{said}");
    bench.run(&["status"]).await.ended(0, &["Last verification: 1 of 2 checks passed"]);
    assert_eq!(bench.run(&["status", "--json"]).await.json()["last_verification"]["failed"], 1);
    bench.run(&["--quiet", "verify"]).await.ended(3, &["✗ When does"]).without(&["✓"]);

    bench.sync().await.ended(0, &["1 source gone from the platform, or renamed there, and not by kbsync"]);
    bench.run(&["verify"]).await.ended(0, &["2 passed"]);
    let said = bench.run(&["--quiet", "verify"]).await;
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""), "{said}");
    assert!(conversations(&bench).await.is_empty());
    bench.quiet().await;
}

#[tokio::test]
async fn a_sample_of_every_kind_is_answered() {
    let bench = Bench::new().await;
    bench.write("a.md", "# Pumps\n\nNine diesel pumps hum quietly over the river.\n");
    bench.write("b.txt", "The quarterly thermocline survey costs 4711 euros.\n");
    bench.write("c.pdf", fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cheat-sheet.pdf")).unwrap());
    bench.write("d.docx", corpus("docx/python-docx.docx"));
    bench.write("short.md", "# Too short\n\nTo ask.\n");
    bench.synced().await;
    let others = bench.api(Method::POST, "/chat", json!({"message": "Are you there?"})).await;

    let said = bench.run(&["verify", "--sample", "9", "--json"]).await;
    let passed = |name: &str| (format!("docs/{name}"), "passed".to_owned());
    let skipped = ("docs/short.md".to_owned(), "skipped".to_owned());
    let expected = [passed("a.md"), passed("b.txt"), passed("c.pdf"), passed("d.docx"), skipped];
    assert_eq!((said.code, checks(&said, "sample")), (0, expected.to_vec()), "{said}");
    assert_eq!(
        said.json()["checks"].as_array().unwrap().iter().find(|check| check["what"] == "docs/a.md").unwrap()["asked"],
        "Nine diesel pumps hum quietly over the river."
    );
    let left = conversations(&bench).await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &others["thread_id"]), "those of others are left alone");

    // What is passed over for want of a sentence is replaced by another draw.
    bench.remove("b.txt");
    bench.remove("c.pdf");
    bench.remove("d.docx");
    bench.reconfigure("sync:\n", "sync:\n  max_deletes: 10\n  max_delete_percent: 100\n");
    bench.synced().await;
    for _ in 0..5 {
        let said = bench.run(&["verify", "--sample", "1", "--json"]).await;
        assert!(checks(&said, "sample").contains(&passed("a.md")), "{said}");
    }
    // And what was removed by others is seen, whatever is drawn; and then drawn first.
    removed_by_others(&bench, "docs/a.md").await;
    let said = bench.run(&["verify", "--sample", "3"]).await;
    said.ended(3, &["✗ docs/a.md", "it is not cited when it is asked for", "asked: “Nine\n      diesel pumps"]);
    bench.write("a.md", "# Pumps\n\nNow seven electric pumps hum loudly over the river.\n");
    let said = bench.run(&["verify", "--sample", "3"]).await;
    said.ended(3, &["- docs/a.md\n    skipped: it has changed since", "✗ the sample\n    0 of the 3 documents"]);
    bench.synced().await;
    bench.run(&["verify", "--sample", "3"]).await.ended(0, &["✓ docs/a.md"]);
}

#[tokio::test]
async fn deleted_documents_are_not_answered_any_more() {
    let bench = Bench::new().await;
    // Of what goes up sentences are kept for those who verify alone.
    bench.configure(&(bench.default_config() + "verify:\n  sample: 3\n"));
    bench.write("keep.md", "# Keep\n\nThe harbour master keeps nineteen lanterns in the tower.\n");
    bench.write("old.md", "# Old\n\nNine diesel pumps hum quietly over the river.\n");
    bench.write("moved.md", "# Moved\n\nElderly gardeners prune forty orange trees before winter.\n");
    bench.synced().await;
    fs::rename(bench.path("docs/moved.md"), bench.path("docs/new.md")).unwrap();
    bench.remove("old.md");
    // The platform says that it has deleted it, and has not.
    bench.faults.always("DELETE", "/sources", Fault::Status(404));
    bench.synced().await;
    bench.faults.clear();
    let said = bench.run(&["verify", "--sample", "3"]).await;
    said.ended(3, &["✗ docs/old.md\n    it was deleted, and is cited still, as docs/old.md;", "✓ docs/new.md"]);
    bench.synced().await;
    let said = bench.run(&["verify", "--sample", "3"]).await;
    said.ended(0, &["✓ docs/old.md\n    deleted, and not answered any more", "3 checks: 3 passed"]);

    // A copy that somebody else has put there answers with the same words.
    bench.others_source("Manual", "# Manual\n\nNine diesel pumps hum quietly over the river.\n").await;
    let said = bench.run(&["verify", "--sample", "3"]).await;
    said.ended(3, &["✗ docs/old.md", "its words are still answered; the answer cites\n      theirs.md"]);
    // So does one of ours, which is as it should be.
    bench.write("copy.md", "# Copy\n\nNine diesel pumps hum quietly over the river.\n");
    bench.synced().await;
    let said = bench.run(&["verify", "--sample", "9", "--json"]).await;
    assert_eq!(checks(&said, "deleted"), [("docs/old.md".to_owned(), "passed".to_owned())], "{said}");
    // What comes back is not deleted any more.
    bench.write("old.md", "# Old\n\nNine diesel pumps hum quietly over the river.\n");
    bench.synced().await;
    let said = bench.run(&["verify", "--sample", "9", "--json"]).await;
    assert_eq!(checks(&said, "deleted"), [], "{said}");
    let twin = ("docs/old.md".to_owned(), "skipped".to_owned());
    assert!(checks(&said, "sample").contains(&twin), "{said}");
    assert!(conversations(&bench).await.is_empty());
}

/// The test cases of a report with what is in each, and the numbers of its suite.
fn parsed(xml: &str) -> (Vec<(String, Option<String>)>, String) {
    let mut reader = Reader::from_str(xml);
    let (mut cases, mut suite) = (Vec::new(), String::new());
    loop {
        let event = reader.read_event().unwrap();
        let (Event::Start(element) | Event::Empty(element)) = event else {
            if event == Event::Eof {
                return (cases, suite);
            }
            continue;
        };
        let attribute = |name: &str| {
            let value = element
                .try_get_attribute(name)
                .unwrap()
                .map(|value| value.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned());
            value.unwrap_or_default()
        };
        match element.name().as_ref() {
            "testsuite" => {
                suite = ["tests", "failures", "errors", "skipped"].map(attribute).join(" ");
            }
            "testcase" => cases.push((attribute("name"), None)),
            "failure" | "skipped" | "error" => cases.last_mut().unwrap().1 = Some(attribute("message")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_report_is_for_every_ci() {
    let bench = asked().await;
    bench.reconfigure("What colour is the sky", "What \\\"colour\\\" <is> the sky & more");
    bench.reconfigure("ask: What", "ask: \"What");
    bench.reconfigure("in summer?", "in summer?\"");
    bench.run(&["verify", "--junit", "report.xml"]).await.ended(0, &["2 passed"]);
    let (cases, suite) = parsed(&fs::read_to_string(bench.path("report.xml")).unwrap());
    let colour = "What \"colour\" <is> the sky & more in summer?".to_owned();
    assert_eq!(cases, [("When does the office open?".to_owned(), None), (colour, None)]);
    assert_eq!(suite, "2 0 0 0");

    removed_by_others(&bench, "docs/opening.md").await;
    bench.run(&["verify", "--junit", "report.xml"]).await.ended(3, &["1 failed"]);
    let (cases, suite) = parsed(&fs::read_to_string(bench.path("report.xml")).unwrap());
    assert!(cases[0].1.as_ref().unwrap().starts_with("it does not cite docs/opening.md"), "{cases:?}");
    assert_eq!((&cases[1].1, suite.as_str()), (&None, "2 1 0 0"));

    // A platform that goes away in the middle is in it too.
    bench.faults.always("POST", "/chat", Fault::Status(401));
    bench.run(&["verify", "--junit", "report.xml"]).await.ended(7, &["the platform refuses the key"]);
    let (cases, suite) = parsed(&fs::read_to_string(bench.path("report.xml")).unwrap());
    assert!(cases[0].1.as_ref().unwrap().contains("refuses the key"), "{cases:?}");
    assert_eq!(suite, "1 0 1 0");

    bench.running.requests().reset();
    let said = bench.run(&["verify", "--junit", "none/report.xml"]).await;
    said.ended(2, &["the folder none of the report is not there; make it first"]);
    bench.run(&["verify", "--junit", "docs"]).await.ended(2, &["the report docs cannot be written"]);
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn a_question_that_is_refused_fails_one_that_gets_no_answer_is_open_and_the_others_are_asked() {
    let bench = asked().await;
    bench.faults.once("POST", "/chat", Fault::Status(422));
    let said = bench.run(&["verify"]).await;
    said.ended(3, &["✗ When does the office open?\n    the platform answered 422", "✓ What colour"]);
    assert!(conversations(&bench).await.is_empty());
    // A conversation that stays is no failure.
    bench.faults.once("DELETE", "/conversations", Fault::Status(403));
    bench.run(&["verify"]).await.ended(0, &["warning: the conversation thr_", "could not be deleted"]);
    assert_eq!(conversations(&bench).await.len(), 1);
    bench.faults.once("POST", "/chat", Fault::LostAfter);
    let said = bench.run(&["verify"]).await;
    said.ended(
        5,
        &["- When does the office open?\n    skipped: not checked", "its conversation may be left", "✓ What"],
    );
    // When no answer comes at all, that says nothing of the documents.
    bench.faults.always("POST", "/chat", Fault::LostAfter);
    bench.run(&["verify"]).await.ended(5, &["2 questions got no answer, so their conversations may be left"]);
    bench.run(&["status"]).await.ended(0, &["Last verification: 1 of 1 check"]);
    bench.running.requests().reset();
    let said = bench.run(&["verify", "--sample", "2"]).await;
    said.ended(5, &["3 questions in a row got no answer"]);
    assert_eq!(bench.running.requests().count("POST", "/chat"), 3);
}

#[tokio::test]
async fn what_all_pages_say_at_their_foot_is_not_asked_for() {
    let bench = Bench::new().await;
    let foot = "Responsible for everything: Extraordinarily Complicated Publishing Incorporated, 4711 Hamburg.";
    for (name, pump) in [("a", "diesel"), ("b", "electric"), ("c", "manual")] {
        bench.write(&format!("{name}.md"), format!("# {name}\n\nNine {pump} pumps hum here.\n\n{foot}\n"));
    }
    bench.synced().await;
    bench.run(&["verify", "--sample", "3"]).await.ended(0, &["3 checks: 3 passed"]);
    // Where there is nothing else, nothing is proved.
    for name in ["a", "b", "c"] {
        bench.write(&format!("{name}.md"), format!("# {name}\n\n{foot}\n"));
    }
    bench.synced().await;
    let said = bench.run(&["verify", "--sample", "3"]).await;
    said.ended(3, &["has the same sentence", "✗ the sample\n    0 of the 3 documents", "1 failed"]);
    bench.run(&["status"]).await.ended(0, &["Last verification: 0 of 1 check"]);
}

#[tokio::test]
async fn ctrl_c_in_the_middle_leaves_no_conversation() {
    let bench = asked().await;
    bench.faults.always("POST", "/chat", Fault::Slow(Duration::from_millis(500)));
    let verifying = bench.command(&["verify", "--junit", "report.xml"]).spawn().unwrap();
    bench.seen("a question", async |running| running.requests().count("POST", "/chat") >= 1).await;
    signal(&verifying, Signal::INT);
    let said = rest(verifying).await;
    said.ended(5, &["warning: stopping", "stopped before the last question", "✓ When does"]).without(&["What colour"]);
    assert!(conversations(&bench).await.is_empty());
    assert_eq!(bench.running.requests().count("POST", "/chat"), 1);
    let (cases, _) = parsed(&fs::read_to_string(bench.path("report.xml")).unwrap());
    assert_eq!(cases.len(), 2, "{cases:?}");
    bench.run(&["status"]).await.ended(0, &[]).without(&["Last verification"]);
}

#[tokio::test]
async fn without_questions_or_state_it_says_what_to_do() {
    let bench = Bench::new().await;
    bench.write("a.md", "# Pumps\n\nNine diesel pumps hum quietly over the river.\n");
    bench.run(&["verify"]).await.ended(2, &["there is nothing to ask", "kbsync verify --sample 5"]);
    bench.run(&["verify", "--sample", "1"]).await.ended(1, &["run `kbsync sync` first"]);
    bench.run(&["verify", "--sample", "1001"]).await.ended(2, &["1001"]);
    // Questions need no state, and make none.
    bench.configure(&(bench.default_config() + "verify: [{ask: Who?, expect_text: don't know}]\n"));
    bench.run(&["verify"]).await.ended(0, &["✓ Who?", "1 check: 1 passed"]);
    assert!(!bench.path("state").exists());
    bench.configure(&(bench.default_config() + "verify: {sample: 3}\n"));
    bench.synced().await;
    bench.run(&["verify"]).await.ended(0, &["✓ docs/a.md"]);
    bench.run(&["verify", "--sample", "0"]).await.ended(2, &["there is nothing to ask"]);
}
