//! Platforms that will not: answers that never come, renames that are refused, sources that somebody deleted, trouble
//! without end. What can be found is found, what cannot be done is given up, and nothing is multiplied.

#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;

use std::time::Duration;

use kbsync::{
    local::{Fault, Odd, Rewriting},
    reconcile::Outcome,
};
use support::World;

async fn three_documents() -> World {
    let world = World::new().await;
    for name in ["a.md", "b.md", "c.txt"] {
        world.write(name, &format!("this is {name}"));
    }
    world.platform.requests().reset();
    world
}

/// A pass is in step, and sends nothing that changes anything.
async fn changes_nothing(world: &World) {
    world.platform.requests().reset();
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!((report.outcome(), world.platform.requests().mutating()), (Outcome::Ok, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_are_done_and_never_answered_are_found() {
    let world = three_documents().await;
    world.faults.always("POST", "/ingest/upload", Fault::StatusAfter(504));
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!((report.outcome(), report.added), (Outcome::Ok, 3), "{report:?}");
    assert_eq!(world.platform.requests().count("POST", "/ingest/upload"), 3, "each went up once");
    assert_eq!(world.platform.requests().count("POST", "/sources"), 3);
    world.assert_in_step("after lost answers").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_are_never_done_are_given_up_and_leave_nothing() {
    let mut world = three_documents().await;
    world.faults.always("POST", "/ingest/upload", Fault::LostBefore);
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!(report.outcome(), Outcome::Failed, "{report:?}");
    assert!(report.failures().all(|failure| failure.reason.contains("none of several uploads")), "{report:?}");
    assert!(world.platform.requests().count("POST", "/ingest/upload") <= 9, "three tries each");
    world.faults.clear();
    // The platform may be at work on what was lost, until it has had its time for that.
    world.scope.job_timeout = Duration::ZERO;
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Failed);
    assert_eq!(world.platform.snapshot().await.len(), 1, "only the foreign source is left");
    world.platform.requests().reset();
    let again = world.pass(None).await.expect("nobody kills it");
    assert_eq!((again.outcome(), world.platform.requests().mutating()), (Outcome::Failed, 0), "{again:?}");
    world.retry();
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    world.assert_in_step("after a retry").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_somebody_deleted_comes_back_in_the_same_pass() {
    let world = three_documents().await;
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    world.delete_somebody_elses_way("a.md").await;
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!((report.outcome(), report.lost, report.added), (Outcome::Ok, 1, 1), "{report:?}");
    world.assert_in_step("after a deletion on the platform").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_that_the_platform_refuses_becomes_an_upload() {
    let world = three_documents().await;
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    std::fs::rename(world.folder.join("a.md"), world.folder.join("z.md")).expect("it is there");
    world.faults.always("PUT", "/sources", Fault::Status(422));
    let report = world.pass(None).await.expect("nobody kills it");
    // As on a platform that cannot rename: no deletion that a guard would count.
    assert_eq!((report.outcome(), report.renamed, report.deleted), (Outcome::Ok, 1, 0), "{report:?}");
    world.assert_in_step("after a refused rename").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rename__answered_with_the_old_name__fails_once_and_becomes_an_upload() {
    let world = three_documents().await;
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    std::fs::rename(world.folder.join("a.md"), world.folder.join("z.md")).expect("it is there");
    world.faults.always("PUT", "/sources", Fault::Ignored);
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!((report.outcome(), report.renamed), (Outcome::Failed, 0), "{report:?}");
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!((report.outcome(), report.renamed, report.added), (Outcome::Ok, 1, 0), "{report:?}");
    world.assert_in_step("after renames without effect").await;
    assert_eq!(world.platform.requests().count("PUT", "/sources/{id}"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rename__answered_without_a_name_and_not_done__is_repeated_with_back_off_then_uploaded() {
    let world = three_documents().await;
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    std::fs::rename(world.folder.join("a.md"), world.folder.join("z.md")).expect("it is there");
    world.faults.always("PUT", "/sources", Fault::Status(204));
    // The first list after it shows that nothing was done.
    for _ in 0..2 {
        assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    }
    for tried in 1..=3 {
        world.platform.requests().reset();
        let report = world.pass(None).await.expect("nobody kills it");
        assert_eq!((report.outcome(), world.platform.requests().mutating()), (Outcome::Failed, 0), "{report:?}");
        let [unready] = report.unready.as_slice() else { panic!("{report:?}") };
        assert!(unready.reason.contains(&format!("(attempts: {tried})")), "{}", unready.reason);
        world.alter_store("UPDATE replicas SET retry_at = 1 WHERE retry_at IS NOT NULL");
        let report = world.pass(None).await.expect("nobody kills it");
        let renames = world.platform.requests().count("PUT", "/sources/{id}");
        let expected = if tried < 3 { (Outcome::Failed, 1, 0) } else { (Outcome::Ok, 0, 1) };
        assert_eq!((report.outcome(), renames, report.added + report.replaced), expected, "{report:?}");
    }
    world.assert_in_step("after renames without effect").await;
    changes_nothing(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names__shown_as_those_of_other_documents__are_left() {
    let world = three_documents().await;
    world.write("ärger.md", "this is trouble");
    world.faults.always("*", "", Fault::Odd(Odd::Names(Rewriting::Ascii)));
    for _ in 0..2 {
        assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    }
    changes_nothing(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_moved_and_left_a_link_is_followed() {
    let world = three_documents().await;
    world.write("guides/one.md", "the first guide");
    world.write("guides/two.md", "the second guide");
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    std::fs::rename(world.folder.join("guides"), world.folder.join("manual")).expect("it is there");
    std::os::unix::fs::symlink("manual", world.folder.join("guides")).expect("a link");
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!((report.outcome(), report.renamed), (Outcome::Ok, 2), "{report:?}");
    std::fs::remove_file(world.folder.join("guides")).expect("the link");
    world.assert_in_step("after a move behind a link").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_platform_that_fails_for_ever_is_given_up() {
    let world = three_documents().await;
    world.faults.always("*", "/", Fault::Status(500));
    let report = world.pass(None).await.expect("nobody kills it");
    assert_eq!(report.outcome(), Outcome::Temporary, "{report:?}");
    assert!(report.fatal.as_ref().is_some_and(|fatal| fatal.to_string().contains("try again later")), "{report:?}");
    let asked = world.platform.requests().total();
    assert!(asked < 12, "it was asked {asked} times");
    world.faults.clear();
    assert_eq!(world.pass(None).await.expect("nobody kills it").outcome(), Outcome::Ok);
    world.assert_in_step("after the trouble").await;
}
