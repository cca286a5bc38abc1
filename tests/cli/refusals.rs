//! Requests that a platform refuses for good, or answers and does not carry out, while everything else works.

use futures_util::{StreamExt, stream};
use kbsync::local::{Fault, Odd};
use rusqlite::Connection;

use crate::bench::{Bench, ON_NEXVIO, PATIENCE, SOURCE, SOURCES, Said, UPLOAD};

/// Cases that are tried at the same time.
const AT_ONCE: usize = 4;

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
async fn deletion__without_a_clear_answer__is_sent_again_where_a_list_shows_its_source() {
    for (fault, sent) in [(Fault::StatusAfter(502), 1), (Fault::LostAfter, 1), (Fault::Status(502), 2)] {
        let bench = with_one_gone().await;
        bench.running.requests().reset();
        bench.faults.once("DELETE", SOURCES, fault.clone());
        bench.sync().await.ended(0, &["3 documents"]).without(&["not by kbsync"]);
        assert_eq!(bench.running.requests().count("DELETE", SOURCE), sent, "{fault:?}");
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn deletion__answered_and_not_made__is_named_and_made_again_later() {
    let bench = with_one_gone().await;
    bench.faults.always("DELETE", SOURCES, Fault::Status(204));
    bench.sync().await.ended(0, &["1 deleted"]);
    let words = ["docs/001.md", "times that its source", "its list still shows it"];
    failed(&bench).await.ended(3, &words).ended(3, &["1 document with a source that could not be deleted"]);
    bench.run(&["status"]).await.ended(0, &words);
    bench.running.requests().reset();
    bench.sync().await.ended(3, &words);
    assert_eq!(bench.running.requests().mutating(), 0, "its time has not come");
    bench.faults.clear();
    bench.run(&["retry"]).await.ended(0, &["1 document will be tried again"]);
    // The list may still show it.
    bench.sync().await.ended(0, &[]).without(&["its list still shows it"]);
    bench.in_step().await;
    bench.quiet().await;
    bench.run(&["status"]).await.without(&["its list still shows it"]);
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
async fn rename__refused_or_not_found__the_document_is_uploaded_again() {
    if ON_NEXVIO {
        return;
    }
    let refused = |status| async move {
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
    };
    // Most of each is waiting.
    let all = [400, 401, 403, 404, 405, 409, 422, 500].map(refused);
    stream::iter(all).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// A bench with documents that hold a script, the first in order, and this many that do not.
async fn with_scripts(scripts: usize, sound: usize) -> Bench {
    let bench = Bench::new().await;
    for n in 0..scripts {
        bench.write(&format!("appsec/{n:02}.md"), format!("# Attack {n}\n\n<script>alert({n})</script>\n"));
    }
    bench.write_many(sound);
    bench
}

#[tokio::test]
async fn upload__some_documents_blocked_by_a_firewall__the_others_go_up_in_the_same_pass() {
    for status in [401, 403, 405] {
        let bench = with_scripts(12, 30).await;
        bench.faults.always("POST", "/", Fault::Blocked(status, "<script>alert"));
        let code = status.to_string();
        bench.sync().await.ended(3, &["30 added", "12 documents failed", "docs/appsec/00.md", &code]);
        bench.running.requests().reset();
        bench.sync().await.ended(3, &["12 documents failed before, to be tried again automatically"]);
        assert_eq!(bench.running.requests().mutating(), 0, "{status}: their time has not come");
        // What failed before is behind what is new.
        bench.write("new.md", "# New\n\nThese words are new.\n");
        bench.run(&["retry"]).await.ended(0, &["12 documents will be tried again"]);
        bench.sync().await.ended(3, &["1 added", "12 documents failed"]);
        // Alone, they are not the key's fault either: the platform holds others.
        let state = Connection::open(bench.path("state/state.db")).unwrap();
        let due = "UPDATE documents SET trouble_retry_at = 1 WHERE trouble_retry_at IS NOT NULL";
        assert_eq!(state.execute(due, []).unwrap(), 12);
        bench.sync().await.ended(3, &["12 documents failed"]).without(&["refuses the key"]);
        bench.faults.clear();
        bench.run(&["retry"]).await.ended(0, &[]);
        bench.sync().await.ended(0, &["12 added"]);
        bench.in_step().await;
        bench.quiet().await;
    }
}

#[tokio::test]
async fn upload__every_document_refused__blames_the_key_after_few_requests() {
    for (documents, route) in [(3, "/"), (200, "/"), (200, UPLOAD)] {
        let bench = Bench::new().await;
        bench.write_many(documents);
        bench.faults.always("POST", route, Fault::Status(403));
        for _ in 0..3 {
            bench.running.requests().reset();
            bench.sync().await.ended(7, &["refuses the key"]).without(&["failed:"]);
            let asked = bench.running.requests().total();
            assert!(asked < 50, "{documents} documents: {asked} requests");
        }
        bench.faults.clear();
        bench.synced().await;
        bench.in_step().await;
    }
}

#[tokio::test]
async fn list__key_that_sees_no_source__asks_for_a_few_and_says_why() {
    if ON_NEXVIO {
        return;
    }
    let bench = Bench::new().await;
    bench.write_many(30);
    bench.synced().await;
    bench.faults.always("GET", "/sources/", Fault::Status(403));
    bench.faults.always("GET", SOURCES, Fault::Odd(Odd::Empty));
    bench.sync().await.ended(5, &[]);
    for _ in 0..3 {
        bench.running.requests().reset();
        bench.sync().await.ended(5, &["30 sources missing from the platform's list", "answered 403 to GET /sources/"]);
        let requests = bench.running.requests();
        assert!((requests.total() < 20, requests.mutating()) == (true, 0), "{} requests", requests.total());
    }
    bench.faults.clear();
    bench.sync().await.ended(0, &[]);
    bench.quiet().await;
}
