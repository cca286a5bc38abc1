//! Lost, late and wrong answers: afterwards the platform is in step, and nothing is there twice.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use kbsync::local::{Fault, Odd, Rewriting};

use crate::bench::{Bench, ON_NEXVIO, SOURCES, Said, UPLOAD};

/// Passes until one ends well; at most three may be needed.
async fn settle(bench: &Bench) -> Said {
    for _ in 0..3 {
        let said = bench.sync().await;
        if said.code == 0 {
            return said;
        }
        assert_eq!(said.code, 5, "{said}");
    }
    panic!("three passes were not enough");
}

/// New documents meet a fault; one pass is enough, and the platform ends in step.
async fn survived(method: &str, route: &str, fault: Fault) {
    let bench = Bench::new().await;
    bench.write_many(3);
    bench.faults.once(method, route, fault.clone());
    let said = settle(&bench).await;
    assert!(said.out.contains("3 documents: 3 added"), "{fault:?}: {said}");
    bench.in_step().await;
    bench.quiet().await;
}

#[tokio::test]
async fn a_create_whose_answer_is_lost() {
    survived("POST", SOURCES, Fault::LostAfter).await;
}

#[tokio::test]
async fn a_create_that_is_lost() {
    survived("POST", SOURCES, Fault::LostBefore).await;
}

#[tokio::test]
async fn a_create_that_is_done_and_fails() {
    survived("POST", SOURCES, Fault::StatusAfter(500)).await;
}

#[tokio::test]
async fn a_create_that_fails() {
    survived("POST", SOURCES, Fault::Status(503)).await;
}

#[tokio::test]
async fn a_create_with_a_garbled_answer() {
    survived("POST", SOURCES, Fault::GarbageBody).await;
}

#[tokio::test]
async fn a_create_with_a_cut_answer() {
    survived("POST", SOURCES, Fault::CutBody).await;
}

#[tokio::test]
async fn a_create_that_takes_effect_late() {
    survived("POST", SOURCES, Fault::LateEffect(Duration::from_millis(100))).await;
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost() {
    survived("POST", UPLOAD, Fault::LostAfter).await;
}

#[tokio::test]
async fn an_upload_that_is_lost() {
    survived("POST", UPLOAD, Fault::LostBefore).await;
}

#[tokio::test]
async fn an_upload_that_is_done_and_fails() {
    survived("POST", UPLOAD, Fault::StatusAfter(502)).await;
}

#[tokio::test]
async fn a_job_that_is_forgotten() {
    survived("POST", UPLOAD, Fault::JobForgotten).await;
}

#[tokio::test]
async fn a_list_that_fails_once() {
    survived("GET", SOURCES, Fault::Status(503)).await;
}

#[tokio::test]
async fn a_list_that_is_cut() {
    survived("GET", SOURCES, Fault::CutBody).await;
}

#[tokio::test]
async fn deletes_whose_answers_are_lost() {
    for fault in [Fault::LostAfter, Fault::LostBefore, Fault::StatusAfter(500), Fault::GarbageBody] {
        let bench = Bench::new().await;
        bench.write_many(3);
        bench.synced().await;
        bench.remove("001.md");
        bench.write("002.md", "# New words\n");
        bench.faults.once("DELETE", SOURCES, fault.clone());
        bench.faults.once("DELETE", SOURCES, fault);
        settle(&bench).await.ended(0, &["1 replaced, 1 deleted"]);
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn a_rename_whose_answer_is_lost() {
    for fault in [Fault::LostAfter, Fault::LostBefore, Fault::GarbageBody] {
        let bench = Bench::new().await;
        bench.write_many(3);
        bench.synced().await;
        std::fs::rename(bench.path("docs/001.md"), bench.path("docs/renamed.md")).unwrap();
        bench.faults.once(if ON_NEXVIO { "POST" } else { "PUT" }, SOURCES, fault);
        settle(&bench).await.ended(0, &["1 renamed"]);
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn a_job_that_fails_is_quarantined_and_the_old_version_stays() {
    let bench = Bench::new().await;
    bench.write_many(2);
    bench.synced().await;
    let before = bench.hashes().await;
    bench.write("001.md", "# New words\n");
    bench.faults.once("POST", UPLOAD, Fault::JobFails("the model is on strike".to_owned()));
    bench.sync().await.ended(3, &["1 document failed", "docs/001.md: the model is on strike"]);
    assert_eq!(bench.hashes().await, before, "the old version stays");
    bench.running.requests().reset();
    bench.sync().await.ended(3, &["1 document failed before, to be tried again automatically", "on strike"]);
    assert_eq!(bench.running.requests().mutating(), 0);
    bench.run(&["status"]).await.ended(0, &["1 quarantined", "failed docs/001.md: the model is on strike"]);
    bench.run(&["explain", "docs/001.md"]).await.ended(0, &["quarantined", "on strike", "an older version"]);
    bench.run(&["retry", "docs/00*"]).await.ended(0, &["1 document will be tried again"]);
    bench.synced().await.ended(0, &["1 replaced"]);
    bench.in_step().await;
    bench.quiet().await;
    bench.run(&["retry"]).await.ended(0, &["Nothing is quarantined"]);
    bench.run(&["retry", "docs/00*"]).await.ended(2, &["no failed document matches `docs/00*`; failed: nothing"]);
}

/// A platform whose answers are all odd in one way; whatever happens to the documents, it ends in step, and nothing is
/// sent twice.
async fn lives_with(method: &str, route: &str, odd: Odd) {
    let bench = Bench::new().await;
    for name in ["R&D  <Cafe\u{301}>.md", "README.md", "a/moves.md", "a/goes.md", "stays.md"] {
        bench.write(name, format!("# {name}\n\nWords of {name}.\n"));
    }
    bench.faults.always(method, route, Fault::Odd(odd.clone()));
    let context = format!("{method} {route} {odd:?}");
    let said = settle(&bench).await;
    assert!(said.out.contains("5 documents: 5 added"), "{context}: {said}");
    bench.in_step().await;
    bench.write("README.md", "# Other words\n");
    bench.remove("a/goes.md");
    std::fs::rename(bench.path("docs/a/moves.md"), bench.path("docs/a/moved.md")).unwrap();
    settle(&bench).await;
    bench.in_step().await;
    bench.quiet().await;
    bench.faults.clear();
    bench.quiet().await;
}

#[tokio::test]
async fn odd_answers__of_every_kind__are_lived_with() {
    let dated = if ON_NEXVIO { "added_at" } else { "created_at" };
    // What is created without a body is looked for in the list.
    let changes = if ON_NEXVIO { "DELETE" } else { "PUT" };
    let dialects: [&[(&str, &str)]; 4] = [
        &[("ratelimit", "limit=1000, remaining=999, reset=1"), ("ratelimit-policy", "1000;w=1")],
        &[("ratelimit-limit", "1000"), ("ratelimit-remaining", "999"), ("ratelimit-reset", "1")],
        &[("x-ratelimit-limit", "1000, 1000;w=1"), ("x-ratelimit-remaining", "many"), ("x-ratelimit-reset", "soon")],
        &[("x-rate-limit-limit", "1000"), ("x-rate-limit-reset", "1")],
    ];
    let mut kinds = vec![
        ("*", "", Odd::Names(Rewriting::Composed)),
        ("*", "", Odd::Names(Rewriting::Blanks)),
        ("*", "", Odd::Names(Rewriting::Lower)),
        ("*", "", Odd::Names(Rewriting::Entities)),
        ("*", "", Odd::Without(dated)),
        ("*", "", Odd::Null("document_count")),
        ("*", "", Odd::OtherType("document_count")),
        ("*", "", Odd::OtherType("total")),
        ("*", "", Odd::Without("total")),
        ("GET", SOURCES, Odd::Total(1)),
        ("GET", SOURCES, Odd::Total(-1)),
        ("GET", SOURCES, Odd::Pages(2)),
        ("GET", SOURCES, Odd::Repeats),
        ("DELETE", SOURCES, Odd::NoBody),
        ("DELETE", SOURCES, Odd::Body("OK")),
        (changes, SOURCES, Odd::NoBody),
    ];
    kinds.extend(dialects.map(|headers| ("*", "", Odd::Headers(headers))));
    let all = kinds.into_iter().map(|(method, route, odd)| lives_with(method, route, odd));
    stream::iter(all).buffer_unordered(4).collect::<()>().await;
}

#[tokio::test]
async fn list__empty_or_late_once__deletes_and_doubles_nothing() {
    for odd in [Odd::Empty, Odd::Lags(1)] {
        let bench = Bench::new().await;
        bench.write_many(5);
        bench.synced().await;
        bench.running.requests().reset();
        bench.faults.once("GET", SOURCES, Fault::Odd(odd.clone()));
        bench.sync().await;
        assert_eq!(bench.running.requests().mutating(), 0, "{odd:?}");
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn names__cut_before_the_marker__fail_by_document_and_leave_nothing() {
    let bench = Bench::new().await;
    bench.write("a document with quite a long name.md", "# Long\n");
    bench.faults.always("*", "", Fault::Odd(Odd::Names(Rewriting::Cut(20))));
    bench.sync().await.ended(3, &["without the end in brackets"]);
    assert!(bench.running.snapshot().await.is_empty());
    bench.running.requests().reset();
    bench.sync().await;
    assert_eq!(bench.running.requests().mutating(), 0);
}

#[tokio::test]
async fn names__cut_in_the_list_alone__fail_by_document_and_leave_nothing() {
    if !ON_NEXVIO {
        return;
    }
    let bench = Bench::new().await;
    bench.write("a document with quite a long name.md", "# Long\n");
    bench.faults.always("POST", SOURCES, Fault::Odd(Odd::Without("name")));
    bench.faults.always("GET", SOURCES, Fault::Odd(Odd::Names(Rewriting::Cut(20))));
    bench.sync().await.ended(3, &["without the end in brackets"]);
    assert!(bench.running.snapshot().await.is_empty());
}

#[tokio::test]
async fn create__answered_with_the_id_of_a_task__finds_the_source_by_its_name() {
    if !ON_NEXVIO {
        return;
    }
    let bench = Bench::new().await;
    bench.write_many(1);
    bench.faults.always("POST", SOURCES, Fault::Odd(Odd::Says("id", "task_7")));
    bench.sync().await.ended(0, &[]);
    bench.in_step().await;
    bench.quiet().await;
}
