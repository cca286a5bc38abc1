//! Passes over a part of a collection: guards count the whole of it, and what is remembered of the rest stays.

#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, SystemTime},
};

use kbsync::{
    config::Input,
    local::Fault,
    model::{CollectionName, Footing},
    plan::Why,
    reconcile::{Extent, Outcome, Report},
    scan::Wake,
};
use support::World;

fn name(name: &str) -> CollectionName {
    CollectionName::new(name).expect("a name")
}

/// Ten documents in each of two folders, in step, and a guard that holds three deletions.
async fn twenty() -> World {
    let mut world = World::new().await;
    (world.scope.policy.max_deletes, world.scope.policy.max_delete_percent) = (2, 10);
    for number in 0..10 {
        world.write(&format!("a/{number}.md"), &format!("a {number}"));
        world.write(&format!("b/{number}.md"), &format!("b {number}"));
    }
    assert_eq!(pass(&mut world, Extent::Full).await.outcome(), Outcome::Ok);
    world.platform.requests().reset();
    world
}

async fn pass(world: &mut World, extent: Extent) -> Report {
    world.scope.extent = extent;
    world.pass(None).await.expect("nobody kills it")
}

/// A pass over one folder of `docs` and all that is below it.
async fn look_at(world: &mut World, folder: &str) -> Report {
    look_at_each(world, [folder]).await
}

async fn look_at_each<const N: usize>(world: &mut World, folders: [&str; N]) -> Report {
    let wake = Wake { whole: false, folders: folders.map(|folder| (folder.as_bytes().to_vec(), true)).into() };
    pass(world, Extent::Part(BTreeMap::from([(name("docs"), wake)]))).await
}

fn remove(world: &World, folder: &str, count: usize) {
    (0..count).for_each(|n| fs::remove_file(world.folder.join(format!("{folder}/{n}.md"))).expect("it is there"));
}

/// Files must have been left alone for so long.
fn settle(world: &mut World, settle: Duration) {
    match &mut world.scope.collections[0].input {
        Input::Folder(folder) => folder.settle = settle,
        other => panic!("no folder, but {other:?}"),
    }
}

fn held_and_approved(world: &World) -> (u64, u64) {
    let state = world.store().collection(&name("docs")).expect("the store");
    (state.held, state.approved)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_changed_nothing_is_asked() {
    let mut world = twenty().await;
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.documents, report.full), (Outcome::Ok, 10, false), "{report:?}");
    assert_eq!(world.platform.requests().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_and_approved_survives_a_pass_elsewhere() {
    let mut world = twenty().await;
    remove(&world, "a", 5);
    assert_eq!(pass(&mut world, Extent::Full).await.outcome(), Outcome::Held);
    world.write("b/new.md", "new");
    assert_eq!(look_at(&mut world, "b").await.added, 1);
    assert_eq!(held_and_approved(&world), (5, 0));
    assert_eq!(world.store().approve(&name("docs")).expect("the store").deletions, 5);
    // A pass over another collection leaves both.
    let root = world.folder.with_file_name("others");
    fs::create_dir(&root).expect("the folder");
    fs::write(root.join("other.md"), "another").expect("the document");
    let mut other = world.scope.collections[0].clone();
    other.name = name("others");
    if let Input::Folder(folder) = &mut other.input {
        folder.root.clone_from(&root);
    }
    world.scope.collections.push(other);
    assert_eq!(pass(&mut world, Extent::folders([name("others")])).await.added, 1);
    assert_eq!(held_and_approved(&world), (5, 5));
    world.scope.collections.pop();
    // What is held is counted again by every look at its collection, which uses up the approval.
    world.write("b/newer.md", "newer");
    let report = look_at(&mut world, "b").await;
    assert_eq!((report.outcome(), report.added, report.deleted), (Outcome::Ok, 1, 5), "{report:?}");
    assert_eq!(held_and_approved(&world), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_of_passes_one_after_the_other_count_together() {
    let mut world = twenty().await;
    remove(&world, "a", 2);
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.deleted), (Outcome::Ok, 2), "{report:?}");
    assert_eq!(report.deleted_of, BTreeMap::from([(name("docs"), 2)]));
    world.scope.deleted = report.deleted_of;
    remove(&world, "b", 1);
    let report = look_at(&mut world, "b").await;
    assert_eq!((report.outcome(), report.deleted), (Outcome::Held, 0), "{report:?}");
    assert_eq!(report.deleted_of, world.scope.deleted);
    assert_eq!(held_and_approved(&world), (1, 0));
    // A hold outlives the count that led to it, as over a new start.
    world.scope.deleted.clear();
    let report = look_at(&mut world, "b").await;
    assert_eq!((report.outcome(), report.deleted), (Outcome::Held, 0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_anything_is_held_the_whole_is_looked_at() {
    let mut world = twenty().await;
    remove(&world, "a", 3);
    remove(&world, "b", 4);
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.documents, report.full), (Outcome::Held, 13, false), "{report:?}");
    let [withheld] = report.withheld.as_slice() else { panic!("{report:?}") };
    assert_eq!((withheld.deletes(), withheld.of, &withheld.why), (7, 20, &Why::Held));
    assert_eq!(held_and_approved(&world), (7, 0));
    assert_eq!(world.platform.requests().total(), 0);
    // What came back is held no more, although it is told of elsewhere only; what did not come back still is.
    for number in 0..4 {
        world.write(&format!("b/{number}.md"), &format!("b {number}"));
    }
    world.write("a/0.md", "a 0");
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.deleted), (Outcome::Held, 0), "{report:?}");
    assert_eq!(held_and_approved(&world), (2, 0));
    for number in 1..3 {
        world.write(&format!("a/{number}.md"), &format!("a {number}"));
    }
    assert_eq!(pass(&mut world, Extent::folders([name("docs")])).await.outcome(), Outcome::Ok);
    assert_eq!(held_and_approved(&world), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_that_moved_out_of_the_part_are_not_held() {
    let mut world = twenty().await;
    fs::create_dir(world.folder.join("b/deeper")).expect("a folder");
    fs::rename(world.folder.join("a"), world.folder.join("b/deeper/a")).expect("it is moved");
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.renamed), (Outcome::Ok, 10), "{report:?}");
    assert_eq!(held_and_approved(&world), (0, 0));
    world.assert_in_step("after the move").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_root_that_went_is_said_and_deletes_nothing() {
    let mut world = twenty().await;
    fs::rename(&world.folder, world.folder.with_file_name("away")).expect("it is moved");
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.withheld[0].deletes()), (Outcome::Held, 20), "{report:?}");
    assert!(report.withheld[0].to_string().contains("is missing"), "{report:?}");
    assert_eq!(world.platform.requests().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_in_a_part_is_quarantined_until_it_changes() {
    let mut world = twenty().await;
    world.faults.once("POST", "/ingest/upload", Fault::JobFails("it did not like it".to_owned()));
    world.write("a/new.md", "disliked");
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.added), (Outcome::Failed, 0), "{report:?}");
    assert!(world.quarantined().contains("a/new.md"));
    world.platform.requests().reset();
    assert_eq!(look_at(&mut world, "b").await.outcome(), Outcome::Ok);
    let again = look_at(&mut world, "a").await;
    assert_eq!((again.outcome(), again.quarantined.len()), (Outcome::Failed, 1), "{again:?}");
    assert_eq!(world.platform.requests().total(), 0);
    world.write("a/new.md", "liked");
    assert_eq!(look_at(&mut world, "a").await.added, 1);
    world.assert_in_step("after a change").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_cannot_be_read_is_said() {
    let mut world = twenty().await;
    let too_much = "#\n".repeat(4 << 20);
    for folder in ["a", "b/deeper"] {
        world.write(&format!("{folder}/.gitignore"), &too_much);
    }
    // The walk through the one cannot even begin, and the walk through the other finds what it cannot read.
    let report = look_at_each(&mut world, ["a", "b"]).await;
    let unreadable: Vec<_> = report.unreadable.iter().map(|failure| failure.document.path.as_str()).collect();
    assert_eq!((report.outcome(), unreadable), (Outcome::Failed, vec!["a", "b/deeper"]), "{report:?}");
    assert_eq!(world.platform.requests().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_not_mounted_holds_deletions_elsewhere_too() {
    let mut world = twenty().await;
    let state = world.store().collection(&name("docs")).expect("the store");
    let footing = state.footing.expect("it was seen whole");
    assert_eq!(footing.mounts, Vec::<String>::new());
    remove(&world, "b", 1);
    for mount in ["missing", "a/missing"] {
        let before = Footing { mounts: vec![mount.to_owned()], ..footing.clone() };
        world.store().note_guard(&name("docs"), Some(&(BTreeSet::new(), 0)), Some(&before)).expect("the store");
        let report = look_at(&mut world, "b").await;
        assert_eq!((report.outcome(), report.deleted), (Outcome::Held, 0), "{report:?}");
        assert_eq!(report.withheld[0].why, Why::Moved(format!("its folder {mount}")));
        assert_eq!(held_and_approved(&world), (1, 0));
    }
    assert_eq!(world.platform.requests().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_upload_of_what_is_quarantined_does_not_stay_under_way() {
    let mut world = twenty().await;
    world.scope.job_timeout = Duration::from_secs(600);
    world.faults.once("POST", "/ingest/upload", Fault::LostBefore);
    world.faults.once("POST", "/ingest/upload", Fault::JobFails("it did not like it".to_owned()));
    world.write("a/new.md", "disliked");
    // Only a list can tell what became of it, and a look at a part reads none.
    let report = look_at(&mut world, "a").await;
    assert_eq!((report.outcome(), report.full, world.under_way()), (Outcome::Temporary, false, 1), "{report:?}");
    assert_eq!(world.platform.requests().count("GET", "/sources"), 0);
    assert_eq!(pass(&mut world, Extent::Full).await.outcome(), Outcome::Failed);
    // The platform may be at work on what was lost, and goes on with it for as long as with any job.
    for (job_timeout, under_way) in [(600, 1), (0, 0)] {
        world.scope.job_timeout = Duration::from_secs(job_timeout);
        pass(&mut world, Extent::Full).await;
        assert_eq!(world.under_way(), under_way, "of {job_timeout} s");
        assert_eq!(look_at(&mut world, "b").await.outcome(), Outcome::Ok, "it holds up nothing");
    }
    world.retry();
    assert_eq!(look_at(&mut world, "a").await.added, 1);
    world.assert_in_step("after a retry").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files__that_all_become_one_content_or_nothing__are_held_until_they_are_approved() {
    let mut world = twenty().await;
    let texts = |world: &World, text: &dyn Fn(usize) -> String| {
        for n in 0..10 {
            world.write(&format!("a/{n}.md"), &text(n));
            world.write(&format!("b/{n}.md"), &text(n + 10));
        }
    };
    let long = |n: usize| format!("# Document {n}\n{}", "It has many words. ".repeat(100));
    texts(&world, &long);
    let bad: [&dyn Fn(usize) -> String; 2] = [&|_| "# To be written\n".to_owned(), &|n| format!("# {n}\n")];
    for bad in bad {
        texts(&world, &long);
        assert!(pass(&mut world, Extent::Full).await.held_replacements.is_empty());
        texts(&world, bad);
        for whole in [true, true, false] {
            let report = if whole { pass(&mut world, Extent::Full).await } else { look_at(&mut world, "a").await };
            assert_eq!((report.outcome(), report.replaced), (Outcome::Held, 0), "{report:?}");
            assert_eq!(report.held_replacements[0].count(), 20);
        }
        assert_eq!(world.store().approve(&name("docs")).expect("the store").replacements, 20);
        let report = pass(&mut world, Extent::Full).await;
        assert_eq!((report.outcome(), report.replaced), (Outcome::Ok, 20), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn source__with_another_name_since_the_last_list__is_not_deleted() {
    for (is_old, gets, deletes) in [(true, 2, 1), (false, 0, 2)] {
        let mut world = twenty().await;
        world.rename_somebody_elses_way("a/0.md", "Price list of somebody else").await;
        if is_old {
            world.alter_store("UPDATE meta SET value = '1' WHERE key = 'listed_at'");
        }
        world.platform.requests().reset();
        remove(&world, "a", 2);
        let report = look_at(&mut world, "a").await;
        assert_eq!(report.outcome(), Outcome::Ok, "{report:?}");
        let log = world.platform.requests();
        assert_eq!((log.count("GET", "/sources/{id}"), log.count("DELETE", "/sources/{id}")), (gets, deletes));
        let names: Vec<_> = world.platform.snapshot().await.into_iter().map(|source| source.name).collect();
        assert_eq!(names.contains(&"Price list of somebody else".to_owned()), is_old);
        // A list tells that it is nothing of ours, and it is forgotten.
        for _ in 0..2 {
            assert_eq!(pass(&mut world, Extent::Full).await.outcome(), Outcome::Ok);
        }
        assert_eq!((world.under_way(), world.platform.requests().count("DELETE", "/sources/{id}")), (0, deletes));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn source__with_another_name_since_the_last_list__is_not_renamed() {
    let mut world = twenty().await;
    world.rename_somebody_elses_way("a/0.md", "Price list of somebody else").await;
    world.alter_store("UPDATE meta SET value = '1' WHERE key = 'listed_at'");
    for number in [0, 1] {
        let file = |name: &str| world.folder.join(format!("a/{name}.md"));
        fs::rename(file(&number.to_string()), file(&format!("new-{number}"))).expect("it is there");
    }
    world.platform.requests().reset();
    look_at(&mut world, "a").await;
    assert_eq!(world.platform.requests().count("PUT", "/sources/{id}"), 1);
    for _ in 0..2 {
        pass(&mut world, Extent::Full).await;
    }
    let names: Vec<_> = world.platform.snapshot().await.into_iter().map(|source| source.name).collect();
    assert!(names.contains(&"Price list of somebody else".to_owned()), "{names:?}");
    let is_ours = |path: &str| names.iter().any(|name| name.starts_with(&format!("docs/a/{path}.md [")));
    assert!(is_ours("new-0") && is_ours("new-1") && !is_ours("0") && !is_ours("1"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approval__deletions_wait_for_a_file_that_is_being_written__holds_until_they_are_made() {
    let mut world = twenty().await;
    remove(&world, "a", 5);
    assert_eq!(pass(&mut world, Extent::Full).await.outcome(), Outcome::Held);
    world.store().approve(&name("docs")).expect("the store");
    world.write("new.md", "still being written");
    world.scope.patience = Duration::ZERO;
    settle(&mut world, Duration::from_secs(600));
    assert_eq!(pass(&mut world, Extent::Full).await.deleted, 0, "it may be what one of them has become");
    settle(&mut world, Duration::ZERO);
    let report = pass(&mut world, Extent::Full).await;
    assert_eq!((report.deleted, report.added), (5, 1), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ignore_file__written_a_moment_ago__decides_nothing_before_it_has_settled() {
    let mut world = twenty().await;
    world.scope.patience = Duration::ZERO;
    settle(&mut world, Duration::from_secs(600));
    for (name, text) in [("secret.md", "nobody else's business"), (".kbsyncignore", "secret.md\n")] {
        world.write(name, text);
        let file = fs::File::options().append(true).open(world.folder.join(name)).expect("it is there");
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("a date");
    }
    assert_eq!(pass(&mut world, Extent::Full).await.added, 0);
    // A branch without it is checked out for a moment; an editor has emptied it, and has not written it yet; or it has
    // written one that leaves out nearly all.
    for rules in [None, Some(""), Some("*\n")] {
        fs::remove_file(world.folder.join(".kbsyncignore")).expect("it is there");
        rules.into_iter().for_each(|rules| world.write(".kbsyncignore", rules));
        let report = pass(&mut world, Extent::Full).await;
        assert_eq!((report.added, report.deleted), (0, 0), "{rules:?}: {report:?}");
        world.write(".kbsyncignore", "");
    }
    settle(&mut world, Duration::ZERO);
    assert_eq!(pass(&mut world, Extent::Full).await.added, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_document__removed_while_it_goes_up__is_on_the_platform_no_more_after_the_pass() {
    let mut world = twenty().await;
    world.write("a/new.md", "saved by mistake");
    let wake = Wake { whole: false, folders: [(b"a".to_vec(), true)].into() };
    world.scope.extent = Extent::Part(BTreeMap::from([(name("docs"), wake)]));
    world.faults.once("POST", "/ingest/upload", Fault::Slow(Duration::from_secs(1)));
    let removal = async {
        let mut often = tokio::time::interval(Duration::from_millis(10));
        while world.platform.requests().count("POST", "/ingest/upload") == 0 {
            often.tick().await;
        }
        fs::remove_file(world.folder.join("a/new.md")).expect("it is there");
    };
    let (report, ()) = tokio::join!(world.pass(None), removal);
    let report = report.expect("nobody kills it");
    assert_eq!((report.outcome(), report.full), (Outcome::Ok, false), "{report:?}");
    world.assert_in_step("after a pass over a part").await;
}
