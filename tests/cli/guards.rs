//! The guards: many deletions wait for a person's word, and what cannot be seen is not gone.

use std::fs;

use crate::bench::{Bench, RENAME};

async fn twenty() -> Bench {
    let bench = Bench::new().await;
    bench.write_many(20);
    bench.synced().await;
    bench
}

fn keep(bench: &Bench, count: usize) {
    (count..20).for_each(|n| bench.remove(&format!("{n:03}.md")));
}

#[tokio::test]
async fn an_emptied_folder_is_held_until_it_is_approved_once() {
    let bench = twenty().await;
    keep(&bench, 0);
    bench.running.requests().reset();
    bench.sync().await.ended(8, &["held: 20 of 20 documents of docs would be deleted", "kbsync approve docs"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    assert_eq!(bench.ours().await.len(), 20);
    bench.run(&["status"]).await.ended(0, &["20 deletions held", "kbsync approve docs", "Last pass: held"]);
    bench.run(&["plan"]).await.ended(8, &["held: 20 of 20"]);
    bench.run(&["explain", "docs/000.md"]).await.ended(0, &["no such file", "held by a guard"]);
    bench.sync().await.ended(8, &["held: 20 of 20"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 20 documents of docs, once"]);
    bench.run(&["status"]).await.ended(0, &["20 deletions approved"]);
    bench.synced().await.ended(0, &["20 deleted"]);
    bench.holds(&[]).await;
    bench.quiet().await;
    bench.run(&["approve", "docs"]).await.ended(2, &["nothing of docs is held"]);
    // The approval is spent.
    bench.write_many(20);
    bench.synced().await;
    keep(&bench, 0);
    bench.sync().await.ended(8, &["held: 20 of 20"]);
}

#[tokio::test]
async fn approve__unknown_collection_or_nothing_held__is_an_error_that_names_what_is_there() {
    let bench = twenty().await;
    bench.reconfigure("collections:\n", "collections:\n  - name: wiki\n    folder: ./wiki\n");
    fs::create_dir(bench.path("wiki")).unwrap();
    bench.run(&["approve", "wiki"]).await.ended(2, &["nothing of wiki is held", "kbsync status"]);
    keep(&bench, 0);
    bench.sync().await.ended(8, &["held: 20 of 20 documents of docs"]);
    for typo in ["dosc", "Docs"] {
        let words = [&format!("there is no collection `{typo}`"), "there are: wiki, docs (held)"];
        bench.run(&["approve", typo]).await.ended(2, &words);
    }
    bench.run(&["status"]).await.ended(0, &["20 deletions held"]);
    // Said twice before the next pass, it is no mistake.
    for _ in 0..2 {
        bench.run(&["approve", "docs"]).await.ended(0, &["up to 20"]);
    }
}

#[tokio::test]
async fn approval__more_is_gone_since__allows_only_what_was_held() {
    let bench = twenty().await;
    keep(&bench, 8);
    bench.sync().await.ended(8, &["held: 12 of 20"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 12"]);
    (2..8).for_each(|n| bench.remove(&format!("{n:03}.md")));
    bench.sync().await.ended(8, &["12 deleted", "held: 6 of 20"]);
    assert_eq!(bench.ours().await.len(), 8);
    bench.sync().await.ended(8, &["held: 6 of 8"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 6"]);
    bench.synced().await.ended(0, &["6 deleted"]);
}

#[tokio::test]
async fn approval__others_are_gone_in_place_of_what_was_held__allows_none_of_them() {
    let bench = twenty().await;
    keep(&bench, 8);
    bench.sync().await.ended(8, &["held: 12 of 20"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 12"]);
    bench.write_many(19);
    (0..11).for_each(|n| bench.remove(&format!("{n:03}.md")));
    bench.sync().await.ended(8, &["4 deleted", "held: 8 of 20"]);
    assert_eq!(bench.ours().await.len(), 16);
}

#[tokio::test]
async fn approval__others_become_the_same_text_since__allows_only_the_replacements_that_were_held() {
    let bench = twenty().await;
    let same = |documents: std::ops::Range<usize>| {
        documents.for_each(|n| bench.write(&format!("{n:03}.md"), "# Under maintenance\n"));
    };
    same(0..12);
    bench.sync().await.ended(8, &["12 replacements held of 20"]);
    bench.run(&["explain", "docs/000.md"]).await.ended(0, &["held by a guard", "`kbsync approve docs`"]);
    bench.run(&["explain", "docs/019.md"]).await.without(&["held by a guard"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["may replace up to 12 documents"]);
    bench.write_many(20);
    same(12..20);
    bench.sync().await.ended(8, &["8 replacements held of 20"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["may replace up to 8 documents"]);
    same(0..12);
    bench.sync().await.ended(8, &["8 replaced", "12 replacements held of 20"]);
}

#[tokio::test]
async fn one_stray_file_does_not_make_an_emptied_folder_right() {
    let bench = twenty().await;
    keep(&bench, 0);
    bench.write("stray.md", "# Stray\n");
    bench.sync().await.ended(8, &["1 document: 1 added", "held: 20 of 20 documents"]);
    assert_eq!(bench.ours().await.len(), 21);
    bench.run(&["plan", "--json"]).await.ended(8, &["\"held\": true"]);
}

#[tokio::test]
async fn held_deletions__each_pass_and_status__have_the_reason() {
    let bench = twenty().await;
    keep(&bench, 2);
    for _ in 0..3 {
        bench.sync().await.ended(8, &["held: 18 of 20 documents of docs would be deleted"]);
        bench.run(&["status"]).await.ended(0, &["18 deletions of docs not made: held until approved"]);
    }
    bench.run(&["approve", "docs"]).await.ended(0, &[]);
    bench.synced().await.ended(0, &["18 deleted"]);
    bench.run(&["status"]).await.without(&["not made"]);
}

#[tokio::test]
async fn a_few_deletions_need_no_word() {
    let bench = twenty().await;
    keep(&bench, 10);
    bench.synced().await.ended(0, &["10 documents: 10 deleted"]);
    bench.in_step().await;
}

#[tokio::test]
async fn a_missing_folder_deletes_nothing() {
    let bench = twenty().await;
    fs::rename(bench.path("docs"), bench.path("elsewhere")).unwrap();
    bench.running.requests().reset();
    bench.sync().await.ended(8, &["is missing", "20 of 20 documents of docs"]);
    bench.run(&["plan"]).await.ended(8, &["is missing"]);
    bench.run(&["check"]).await.ended(3, &["is missing"]);
    bench.run(&["status"]).await.ended(0, &["20 deletions of docs not made: the folder docs is missing"]);
    // There is nothing that a word could set right.
    bench.run(&["status"]).await.without(&["approve"]);
    bench.run(&["approve", "docs"]).await.ended(2, &["nothing of docs is held", "kbsync status"]);
    assert_eq!((bench.running.requests().mutating(), bench.ours().await.len()), (0, 20));
    fs::rename(bench.path("elsewhere"), bench.path("docs")).unwrap();
    bench.quiet().await;
}

#[tokio::test]
async fn a_folder_that_was_never_there_is_said() {
    let bench = Bench::new().await;
    fs::remove_dir(bench.path("docs")).unwrap();
    let said = bench.sync().await;
    said.ended(8, &["is missing"]);
    let said = bench.run(&["plan"]).await;
    said.ended(8, &["is missing"]);
}

#[tokio::test]
async fn a_file_in_the_folders_place_deletes_nothing() {
    let bench = twenty().await;
    fs::rename(bench.path("docs"), bench.path("elsewhere")).unwrap();
    fs::write(bench.path("docs"), "not a folder").unwrap();
    bench.sync().await.ended(8, &["is not a folder"]);
    assert_eq!(bench.ours().await.len(), 20);
}

#[tokio::test]
async fn a_collection_that_left_the_config_is_guarded() {
    let bench = twenty().await;
    fs::create_dir(bench.path("wiki")).unwrap();
    fs::write(bench.path("wiki/w.md"), "# Wiki\n").unwrap();
    bench.reconfigure("name: docs\n    folder: ./docs", "name: wiki\n    folder: ./wiki");
    bench.sync().await.ended(8, &["1 added", "held: 20 of 20 documents of docs"]);
    assert_eq!(bench.ours().await.len(), 21);
    bench.run(&["status"]).await.ended(0, &["20 deletions held", "kbsync approve docs"]);
    bench.run(&["approve", "docs"]).await.ended(0, &["up to 20"]);
    bench.synced().await.ended(0, &["20 deleted"]);
    assert_eq!(bench.ours().await.into_keys().collect::<Vec<_>>(), ["wiki/w.md"]);
    bench.quiet().await;
    bench.run(&["approve", "docs"]).await.ended(2, &["there is no collection `docs`; there is: wiki"]);
    bench.run(&["status"]).await.without(&["docs", "not in the config"]);
}

#[tokio::test]
async fn a_collection_of_another_name_sends_nothing_again_and_deletes_nothing() {
    let bench = twenty().await;
    bench.reconfigure("name: docs", "name: handbook");
    bench.running.requests().reset();
    bench.run(&["plan"]).await.ended(10, &["> docs/000.md > handbook/000.md", "20 to rename, 0 to delete"]);
    bench.sync().await.ended(0, &["20 renamed"]);
    assert_eq!(bench.running.requests().mutating(), 20 * RENAME);
    let ours = bench.ours().await;
    assert!(ours.len() == 20 && ours.keys().all(|path| path.starts_with("handbook/")), "{ours:?}");
    bench.quiet().await;
}

#[tokio::test]
async fn delete_never_deletes_nothing_and_is_content() {
    let bench = twenty().await;
    bench.reconfigure("grace: 200ms", "grace: 200ms\n  delete: never");
    keep(&bench, 19);
    bench.sync().await.ended(0, &["1 of 20 documents of docs are gone here", "delete: never"]);
    assert_eq!(bench.ours().await.len(), 20);
    bench.run(&["plan"]).await.ended(0, &["delete: never"]);
    // Replacing is not deleting.
    bench.write("000.md", "# New words\n");
    bench.sync().await.ended(0, &["1 replaced"]);
    assert_eq!(bench.ours().await.len(), 20);
}

#[tokio::test]
async fn move__the_new_file_cannot_be_synced__the_old_version_stays() {
    let bench = Bench::new().await;
    for name in ["guide/install.md", "b.md", "c.md", "d.md"] {
        bench.write(name, format!("# {name}\n\nWords.\n"));
    }
    bench.synced().await;
    bench.remove("guide/install.md");
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "4d".repeat(32));
    bench.write("handbook/install.md", pointer);
    for _ in 0..2 {
        bench.sync().await.ended(8, &["what seems to take their place failed", "handbook/install.md"]);
    }
    assert_eq!(bench.ours().await.len(), 4, "the old version answers");
    // What has nothing to do with it is deleted as ever.
    bench.remove("d.md");
    bench.sync().await.ended(8, &["1 deleted"]);
    bench.write("handbook/install.md", "# Install\n\nWords.\n");
    bench.synced().await.ended(0, &["1 renamed"]);
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn collection__renamed_with_edits_and_back__leaves_nothing_behind() {
    let bench = Bench::new().await;
    let text = |n: usize, word: &str| {
        let words: String = (0..80).map(|at| format!("{word}{n}x{at} ")).collect();
        format!("# Number {n}\n\n{words}\n")
    };
    (0..20).for_each(|n| bench.write(&format!("{n:03}.md"), text(n, "before")));
    bench.synced().await;
    bench.reconfigure("name: docs", "name: handbook");
    (0..5).for_each(|n| bench.write(&format!("{n:03}.md"), text(n, "after")));
    bench.sync().await.ended(8, &["5 added, 15 renamed", "held: 5 of 20 documents of docs"]);
    bench.reconfigure("name: handbook", "name: docs");
    // Another text of the same name is no twin.
    bench.write("004.md", text(4, "another"));
    bench.sync().await.ended(8, &["1 replaced, 19 renamed", "held: 1 of 20 documents of handbook"]);
    assert_eq!(bench.ours().await.keys().filter(|path| path.starts_with("handbook/")).count(), 1);
    bench.run(&["approve", "handbook"]).await.ended(0, &["up to 1"]);
    bench.synced().await.ended(0, &["1 deleted"]);
    bench.in_step().await;
    bench.quiet().await;
}
