//! What people ask, what cannot be answered, and the documents on this machine that would answer it.

use std::fs;

use serde_json::{Value, json};

use crate::bench::{Bench, Said, corpus};

const OPENING: &str = "# Opening hours\n\nThe office opens at nine in the morning.\n";
const SSO: &str = "# Single sign-on\n\nWe support SSO with SAML and OpenID Connect.\n";

async fn informed() -> Bench {
    let bench = Bench::new().await;
    bench.write("opening.md", OPENING);
    bench.write("sky.md", "# The sky\n\nThe sky is blue in summer.\n");
    bench.synced().await;
    bench
}

async fn ask(bench: &Bench, question: &str) {
    bench.run(&["ask", question]).await.ended(0, &[]);
}

/// The documents that are said to answer the first gap.
async fn found(bench: &Bench) -> Vec<Value> {
    let json = bench.run(&["insights", "--json"]).await.ended(0, &[]).json();
    json["coverage_gaps"][0]["documents"].as_array().unwrap_or_else(|| panic!("{json}")).clone()
}

/// Fails unless the first gap is answered by this document alone.
#[track_caller]
fn only(found: &[Value], path: &str, state: &str, reason: &str) {
    let [document] = found else { panic!("{found:?}") };
    assert_eq!((&document["path"], &document["state"]), (&json!(path), &json!(state)), "{document}");
    assert!(document["reason"].as_str().unwrap().contains(reason), "{document}");
}

#[track_caller]
fn fits(said: &Said) {
    for line in said.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[tokio::test]
async fn what_is_asked_and_what_is_missing() {
    let bench = informed().await;
    let said = bench.run(&["insights"]).await;
    said.ended(0, &["0 conversations", "(7d)"]).without(&["▲", "▼", "Asked most", "Not answered"]);
    for question in ["When does the office open?", "When does the office open?", "How much is a unicorn?"] {
        ask(&bench, question).await;
    }
    let said = bench.run(&["insights", "--since", "24h"]).await;
    said.ended(0, &["3 conversations", "(24h)", "Asked most:", "When does the office open?  2 ×, 100 % answered"]);
    said.ended(0, &["Not answered from the knowledge base:", "How much is a unicorn?  1 ×, since 20"]);
    said.without(&["would answer", "may answer"]);
    let json = bench.run(&["insights", "--json", "--limit", "1"]).await.json();
    assert_eq!(json["top_questions"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["overview"]["total_conversations"], 3);
    assert_eq!(json["coverage_gaps"][0]["documents"], json!([]));
}

#[tokio::test]
async fn an_excluded_document_is_named_with_its_rule() {
    let bench = informed().await;
    bench.write("drafts/sso.md", SSO);
    bench.write(".cache/sso.md", SSO);
    bench.write("node_modules/sso.md", SSO);
    bench.reconfigure(
        "    folder: ./docs\n",
        "    folder: ./docs\n    exclude: [\"drafts/\", \".cache/\", node_modules/]\n",
    );
    bench.synced().await;
    ask(&bench, "Do you support SSO?").await;
    let said = bench.run(&["insights"]).await;
    said.ended(0, &["Do you support SSO?  1 ×, since 20"]);
    said.ended(0, &["    docs/drafts/sso.md would answer it: excluded by `drafts/` (kbsync.yaml)\n"]);
    only(&found(&bench).await, "drafts/sso.md", "filtered", "excluded by `drafts/` (kbsync.yaml)");
}

#[tokio::test]
async fn other_rules_are_named_as_well() {
    let bench = informed().await;
    bench.write(".gitignore", "# ours\ninternal.md\n");
    bench.write("internal.md", SSO);
    bench.synced().await;
    ask(&bench, "Do you support SSO?").await;
    only(&found(&bench).await, "internal.md", "filtered", "ignored by `internal.md` (.gitignore:2)");

    bench.remove("internal.md");
    bench.reconfigure("    folder: ./docs\n", "    folder: ./docs\n    include: [\"*.md\"]\n");
    bench.write("sso.txt", SSO);
    only(&found(&bench).await, "sso.txt", "filtered", "no pattern of `include` matches it (kbsync.yaml)");

    bench.reconfigure("    include: [\"*.md\"]\n", "    max_file_size: 1KiB\n");
    bench.write("sso.txt", SSO.to_owned() + &"More. ".repeat(200));
    only(&found(&bench).await, "sso.txt", "filtered", "more than max_file_size (1.0 KiB)");
}

#[tokio::test]
async fn new_and_changed_documents_are_pending() {
    let bench = informed().await;
    ask(&bench, "Do you support SSO?").await;
    assert_eq!(found(&bench).await, [] as [Value; 0]);
    bench.write("sso.md", SSO);
    only(&found(&bench).await, "sso.md", "pending", "new, and not uploaded yet");
    bench.remove("sso.md");
    bench.write("opening.md", OPENING.to_owned() + SSO);
    only(&found(&bench).await, "opening.md", "pending", "changed, and the new version is not uploaded yet");
    bench.synced().await;
    assert_eq!(found(&bench).await, [] as [Value; 0], "what the platform has is not missing");
}

#[tokio::test]
async fn a_quarantined_document_is_named_with_its_trouble() {
    let bench = informed().await;
    bench.write("travel-expenses.pdf", corpus("refused/encrypted-aes256.pdf"));
    bench.sync().await.ended(3, &["encrypted"]);
    ask(&bench, "How do I claim travel expenses?").await;
    only(&found(&bench).await, "travel-expenses.pdf", "quarantined", "the PDF is encrypted");
    let said = bench.run(&["insights"]).await;
    said.ended(0, &["docs/travel-expenses.pdf may answer it, by its name: quarantined: "]);
}

#[tokio::test]
async fn what_a_guard_holds_is_said() {
    let bench = informed().await;
    bench.write("more.md", "# More\n\nNothing of interest.\n");
    bench.synced().await;
    bench.reconfigure("    folder: ./docs\n", "    folder: ./docs\n    exclude: [\"*.md\"]\n");
    bench.sync().await.ended(8, &[]);
    ask(&bench, "Do you support SSO?").await;
    ask(&bench, "When does the office open?").await;
    bench.write("opening.md", OPENING.to_owned() + SSO);
    let found = found(&bench).await;
    only(&found, "opening.md", "held", "excluded by `*.md` (kbsync.yaml); the deletion of the older version is held");
}

#[tokio::test]
async fn pdf_and_docx_are_read_and_the_best_three_are_named() {
    let bench = informed().await;
    bench.reconfigure("    folder: ./docs\n", "    folder: ./docs\n    exclude: [\"archive/\"]\n");
    for (name, file) in [("guide.pdf", "pdf/typst.pdf"), ("guide.docx", "docx/pandoc.docx")] {
        bench.write(&format!("archive/{name}"), corpus(file));
    }
    for n in 1..=5 {
        bench.write(&format!("archive/{n}.md"), "# The quokka\n\nIt is a small wallaby of Rottnest.");
    }
    let text = String::from_utf8(corpus("docx/pandoc.txt")).unwrap();
    let words = text.split_whitespace().filter(|word| word.len() > 6 && word.chars().all(char::is_alphabetic));
    let question = words.take(4).collect::<Vec<_>>().join(" ");
    ask(&bench, &question).await;
    let found = found(&bench).await;
    assert!(found.iter().any(|document| document["path"] == "archive/guide.docx"), "{question}: {found:?}");
    ask(&bench, "What is a quokka?").await;
    ask(&bench, "What is a quokka?").await;
    let json = bench.run(&["insights", "--json"]).await.json();
    assert_eq!(json["coverage_gaps"][0]["documents"].as_array().unwrap().len(), 3, "{json}");
}

#[tokio::test]
async fn a_document_of_another_collection_is_not_left_out() {
    let bench = informed().await;
    let config = bench.default_config() + "  - name: drafts\n    folder: ./docs/drafts\n    settle: 0s\n";
    bench.configure(&config.replacen("    settle: 0s\n", "    settle: 0s\n    exclude: [\"drafts/\"]\n", 1));
    ask(&bench, "Do you support SSO?").await;
    bench.write("drafts/sso.md", SSO);
    let pending = found(&bench).await;
    only(&pending, "sso.md", "pending", "new");
    assert_eq!(pending[0]["collection"], "drafts");
    bench.synced().await;
    assert_eq!(found(&bench).await, [] as [Value; 0]);
}

/// The rows of a CSV file by RFC 4180, each by the names in the first one.
fn rows(csv: &str) -> Value {
    let mut records = vec![vec![String::new()]];
    let (mut quoted, mut rest) = (false, csv.chars().peekable());
    while let Some(c) = rest.next() {
        let record = records.last_mut().unwrap();
        let field = record.last_mut().unwrap();
        match c {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            c if quoted => field.push(c),
            ',' => record.push(String::new()),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' => records.push(vec![String::new()]),
            c => field.push(c),
        }
    }
    assert!(!quoted && records.pop() == Some(vec![String::new()]), "the last line ends: {csv}");
    let mut records = records.into_iter();
    let names = records.next().unwrap();
    let row = |fields: Vec<String>| {
        assert_eq!(fields.len(), names.len(), "{fields:?}");
        names.iter().cloned().zip(fields.into_iter().map(Value::from)).collect::<serde_json::Map<_, _>>()
    };
    records.map(row).map(Value::from).collect()
}

#[tokio::test]
async fn csv_reads_back() {
    let bench = informed().await;
    bench.write("drafts/formula.md", "# Formulas\n\nA formula sums, \"quotes\" and multiplies cells.\n");
    bench.reconfigure("    folder: ./docs\n", "    folder: ./docs\n    exclude: [\"drafts/\"]\n");
    bench.synced().await;
    ask(&bench, "When does the office open?").await;
    let odd = "=SUM(A1), \"quotes\" in a formula,\nwhat multiplies?";
    ask(&bench, odd).await;
    let said = bench.run(&["insights", "--csv"]).await;
    said.ended(0, &[]);
    let rows = rows(&said.out);
    let gap = rows.as_array().unwrap().iter().find(|row| row["kind"] == "gap").unwrap();
    assert_eq!(gap["question"], format!("'{odd}"));
    assert_eq!((&gap["count"], &gap["share_answered"]), (&json!("1"), &json!("")));
    assert!(gap["first_asked"].as_str().unwrap().starts_with("20"), "{gap}");
    assert_eq!(gap["documents"], "docs/drafts/formula.md (excluded by `drafts/` (kbsync.yaml))");
    let asked = rows.as_array().unwrap().iter().find(|row| row["question"] == "When does the office open?").unwrap();
    assert_eq!(
        (&asked["kind"], &asked["count"], &asked["share_answered"]),
        (&json!("asked"), &json!("1"), &json!("1"))
    );
}

#[tokio::test]
async fn it_fits_eighty_columns() {
    let bench = informed().await;
    let folder = "a-folder-with-a-name/and-another-one/drafts";
    bench.write(&format!("{folder}/sso.md"), SSO);
    bench.reconfigure("    folder: ./docs\n", "    folder: ./docs\n    exclude: [\"drafts/\"]\n");
    bench.synced().await;
    ask(&bench, "Do you support SSO?").await;
    ask(&bench, &format!("Do you {} support it?", "really and truly ".repeat(30))).await;
    ask(&bench, "An escape \u{1b}[31m and a\nbroken line").await;
    let said = bench.run(&["insights"]).await;
    said.ended(0, &["drafts/sso.md would answer it", "…"]).without(&["\u{1b}"]);
    fits(&said);
}

#[tokio::test]
async fn a_folder_that_is_missing_is_said_and_the_rest_goes_on() {
    let bench = informed().await;
    ask(&bench, "Do you support SSO?").await;
    fs::rename(bench.path("docs"), bench.path("elsewhere")).unwrap();
    let said = bench.run(&["insights"]).await;
    said.ended(0, &["Do you support SSO?  1 ×", "warning: the folder", "is missing"]);
}

#[tokio::test]
async fn without_a_state_it_is_said_that_nothing_was_synced() {
    let bench = informed().await;
    ask(&bench, "Do you support SSO?").await;
    bench.write("drafts/sso.md", "Turn on SAML in the settings. SSO then works.");
    fs::remove_dir_all(bench.path("state")).unwrap();
    only(&found(&bench).await, "drafts/sso.md", "pending", "nothing was synced yet");
}

#[tokio::test]
async fn a_state_that_cannot_be_read_costs_no_figures() {
    let bench = informed().await;
    ask(&bench, "Do you support SSO?").await;
    fs::remove_dir_all(bench.path("state")).unwrap();
    fs::create_dir(bench.path("state")).unwrap();
    fs::write(bench.path("state/state.db"), "No database. ".repeat(100)).unwrap();
    let said = bench.run(&["insights"]).await;
    said.ended(0, &["1 conversation", "Do you support SSO?  1 ×", "warning: nobody looked for documents", "state.db"]);
}

#[tokio::test]
async fn what_a_text_is_about_is_found_and_what_it_says_in_passing_is_not() {
    let bench = informed().await;
    bench.reconfigure("    folder: ./docs\n", "    folder: ./docs\n    exclude: [\"drafts/\"]\n");
    bench.write("drafts/sso.md", "Turn on SAML in the settings. SSO then works.");
    bench.write("drafts/novel.md", "We once lost an invoice, and the cat ate it.");
    for question in ["Do you support SSO?", "How do I configure SSO for my company?", "Is there an invoice?"] {
        ask(&bench, question).await;
    }
    let json = bench.run(&["insights", "--json"]).await.json();
    for gap in json["coverage_gaps"].as_array().unwrap() {
        let found: Vec<&Value> = gap["documents"].as_array().unwrap().iter().map(|found| &found["path"]).collect();
        let expected: &[&str] = if gap["question"] == "Is there an invoice?" { &[] } else { &["drafts/sso.md"] };
        assert_eq!(found, expected, "{gap}");
    }
}
