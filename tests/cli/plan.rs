//! `plan`: what a pass would do, said without doing it.

use std::fs;

use crate::bench::{Bench, ON_NEXVIO};

/// A bench with one document to add, to replace, to rename and to delete each.
async fn one_of_each() -> Bench {
    let bench = Bench::new().await;
    for name in ["replace.md", "rename.md", "delete.md", "stay.md"] {
        bench.write(name, format!("# {name}\n"));
    }
    bench.synced().await;
    bench.write("replace.md", "# New words\n");
    bench.write("add.md", "# Add\n");
    bench.remove("delete.md");
    fs::rename(bench.path("docs/rename.md"), bench.path("docs/renamed.md")).unwrap();
    bench.running.requests().reset();
    bench
}

#[tokio::test]
async fn a_plan_reads_like_a_diff() {
    let bench = one_of_each().await;
    let said = bench.run(&["plan"]).await;
    said.ended(10, &[]);
    let text = if ON_NEXVIO {
        // A rename is an upload there, and an upload one request.
        said.out.replace("30 B to send", "18 B to send").replace("8 requests", "9 requests")
    } else {
        said.out.clone()
    };
    insta::assert_snapshot!(text, @"
    - docs/delete.md
    > docs/rename.md > renamed.md
    + docs/add.md (6 B)
    ~ docs/replace.md (12 B)
    1 to add, 1 to replace, 1 to rename, 1 to delete; 18 B to send.
    That is about 9 requests, 0.0 s at this pace.
    ");
    assert_eq!(said.err, "");
    assert_eq!(bench.running.requests().total(), 0, "a plan asks nobody");
    bench.synced().await.ended(0, &["4 documents: 1 added, 1 replaced, 1 renamed, 1 deleted"]);
    let said = bench.run(&["plan"]).await;
    said.ended(0, &[]);
    insta::assert_snapshot!(said.out, @"4 documents, nothing to change.");
}

#[tokio::test]
async fn a_plan_is_json_for_programs() {
    let bench = one_of_each().await;
    let said = bench.run(&["plan", "--json"]).await;
    said.ended(10, &[]);
    let plan = said.json();
    let actions = plan["actions"].as_array().unwrap();
    let told: Vec<_> = actions
        .iter()
        .map(|action| format!("{} {}", action["action"].as_str().unwrap(), action["path"].as_str().unwrap()))
        .collect();
    assert_eq!(told, ["delete delete.md", "rename renamed.md", "add add.md", "replace replace.md"]);
    assert_eq!(actions[1]["from"], "rename.md");
    assert_eq!(plan["documents"], 4);
    assert!(plan["estimate"]["requests"].as_u64().unwrap() >= 6, "{plan}");
    assert_eq!(bench.running.requests().total(), 0);
}

#[tokio::test]
async fn the_estimate_is_near_what_a_pass_then_takes() {
    let bench = Bench::new().await;
    bench.write_many(100);
    let plan = bench.run(&["plan", "--json"]).await.ended(10, &[]).json();
    let estimate = plan["estimate"]["requests"].as_u64().unwrap();
    bench.synced().await;
    // How often a pass asks for news besides depends on how busy the machine is.
    let changes = bench.running.requests().mutating();
    assert!((changes..=changes * 11 / 10 + 5).contains(&estimate), "{estimate} estimated, {changes} sent");
}

#[tokio::test]
async fn without_a_state_a_plan_makes_none() {
    let bench = Bench::new().await;
    bench.write("a.md", "# A\n");
    bench.run(&["plan"]).await.ended(10, &["+ docs/a.md (4 B)", "1 to add", "There is no state yet"]);
    assert!(!bench.path("state").exists());
}

#[tokio::test]
async fn what_cannot_be_read_is_part_of_the_plan() {
    let bench = one_of_each().await;
    fs::rename(bench.path("docs"), bench.path("elsewhere")).unwrap();
    bench.run(&["plan"]).await.ended(8, &["4 of 4 documents of docs are not seen, and not deleted: the folder"]);
}
