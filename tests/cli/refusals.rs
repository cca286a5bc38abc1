//! Requests that a platform refuses for good, or answers and does not carry out, while everything else works.

use kbsync::local::Fault;

use crate::bench::{Bench, ON_NEXVIO, PATIENCE, SOURCES, Said};

/// A bench in step, and a document that is gone since.
async fn with_one_gone() -> Bench {
    let bench = Bench::new().await;
    bench.write_many(4);
    bench.synced().await;
    bench.remove("001.md");
    bench
}

/// Passes until one says that something failed.
async fn failed(bench: &Bench) -> Said {
    let passes = async {
        loop {
            let said = bench.sync().await;
            if said.code == 3 {
                return said;
            }
            assert_eq!(said.code, 0, "{said}");
        }
    };
    tokio::time::timeout(PATIENCE, passes).await.expect("a pass notices it")
}

#[tokio::test]
async fn deletion__answered_and_not_made__is_named_and_made_again_later() {
    let bench = with_one_gone().await;
    bench.faults.always("DELETE", SOURCES, Fault::Status(204));
    bench.sync().await.ended(0, &["1 deleted"]);
    let words = ["docs/001.md", "times that its source", "still exists"];
    failed(&bench).await.ended(3, &words).ended(3, &["1 document with a source that could not be deleted"]);
    bench.run(&["status"]).await.ended(0, &words);
    bench.running.requests().reset();
    bench.sync().await.ended(3, &words);
    assert_eq!(bench.running.requests().mutating(), 0, "its time has not come");
    bench.faults.clear();
    bench.run(&["retry"]).await.ended(0, &["1 document will be tried again"]);
    // The list may still show it.
    bench.sync().await.ended(0, &[]).without(&["still exists"]);
    bench.in_step().await;
    bench.quiet().await;
    bench.run(&["status"]).await.without(&["still exists"]);
}

#[tokio::test]
async fn deletion__refused__is_named_in_the_status_and_made_again_later() {
    for status in [401, 403, 405, 409, 500] {
        let bench = with_one_gone().await;
        bench.write("new.md", "# New\n\nThese words are new.\n");
        bench.faults.always("DELETE", SOURCES, Fault::Status(status));
        bench.sync().await.ended(3, &["docs/001.md: its old source", "could not be deleted", "1 added"]);
        bench.run(&["status"]).await.ended(0, &["failed docs/001.md: its old source", &status.to_string()]);
        bench.running.requests().reset();
        bench.sync().await.ended(3, &["with a source that could not be deleted", "docs/001.md"]);
        assert_eq!(bench.running.requests().mutating(), 0, "{status}: its time has not come");
        bench.faults.clear();
        bench.run(&["retry", "docs/*"]).await.ended(0, &["1 document will be tried again"]);
        bench.synced().await;
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn creation__refused_while_the_key_is_fine__deletions_are_made() {
    for (status, code) in [(401, 7), (402, 5), (403, 7)] {
        let bench = with_one_gone().await;
        let new = ["a", "b", "c", "d", "e", "f"];
        for name in new {
            bench.write(&format!("{name}.md"), format!("# {name}\n\nThe letter {name} is new here.\n"));
        }
        bench.faults.always("POST", SOURCES, Fault::Status(status));
        bench.sync().await.ended(code, &[]);
        let left: Vec<_> = bench.ours().await.into_keys().collect();
        assert_eq!(left, ["docs/000.md", "docs/002.md", "docs/003.md"], "{status}");
        bench.faults.clear();
        bench.synced().await;
        bench.in_step().await;
    }
}

#[tokio::test]
async fn rename__refused_or_not_found__the_document_goes_up_anew() {
    if ON_NEXVIO {
        return;
    }
    for status in [400, 401, 403, 404, 405, 409, 422, 500] {
        let bench = Bench::new().await;
        bench.write_many(3);
        bench.synced().await;
        bench.faults.always("PUT", SOURCES, Fault::Status(status));
        std::fs::rename(bench.path("docs/001.md"), bench.path("docs/moved.md")).unwrap();
        let said = bench.sync().await;
        assert!(said.code == 0 || said.code == 3 && said.out.contains("could not be renamed"), "{status}: {said}");
        bench.synced().await;
        bench.in_step().await;
        bench.quiet().await;
    }
}
