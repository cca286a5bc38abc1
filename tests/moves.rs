//! Moves that take an upload, as the platform cannot rename or the document was edited as well: whatever happens between
//! the upload at the new place and the deletion at the old one, the content stays on the platform, goes up once, and no
//! guard counts the move.

#[allow(dead_code, reason = "this test needs a part of it only")]
mod support;

use std::{collections::BTreeSet, fs, time::Duration};

use kbsync::{
    config::{Api, Input},
    local::{Fault, KnowledgeShown},
    model::CollectionName,
    reconcile::{Event, Outcome, Report},
};
use support::World;

const MOVED: u32 = 40;

async fn pass(world: &World) -> Report {
    world.pass(None).await.expect("nobody kills it")
}

/// A world in step on Nexvio's API, with the guards that a new config has.
async fn world(documents: impl IntoIterator<Item = String>) -> World {
    let mut world = World::of(Api::Nexvio).await;
    (world.scope.policy.max_deletes, world.scope.policy.max_delete_percent) = (10, 10);
    world.write("stays.md", "it stays");
    for path in documents {
        world.write(&path, &format!("this was {path}"));
    }
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    world.platform.requests().reset();
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_whose_new_place_is_refused_keeps_its_old_source() {
    let world = world(["old.md".to_owned()]).await;
    fs::rename(world.folder.join("old.md"), world.folder.join("new.md")).expect("it is there");
    world.faults.once("POST", "/knowledge", Fault::Status(413));
    for _ in 0..3 {
        assert_eq!(pass(&world).await.outcome(), Outcome::Failed);
        let held = world.held(&BTreeSet::new(), "a refused move").await;
        assert_eq!(held.keys().collect::<Vec<_>>(), ["old.md", "stays.md"]);
    }
    assert_eq!(world.platform.requests().mutating(), 1, "the refused upload");
    world.retry();
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    world.assert_in_step("after a retry").await;
    // Of a move that is off because the new place has other words by now, nothing is left either.
    fs::rename(world.folder.join("new.md"), world.folder.join("third.md")).expect("it is there");
    world.faults.once("POST", "/knowledge", Fault::Status(413));
    assert_eq!(pass(&world).await.outcome(), Outcome::Failed);
    world.write("third.md", "other words");
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    world.assert_in_step("after other words").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_folder_goes_up_once_and_is_held_by_no_guard_wherever_it_is_cut_off() {
    for kill_at in [9, 30, 50, 75, 95, 115, 140] {
        let context = format!("killed at {kill_at}");
        let world = world((0..MOVED).map(|n| format!("old/{n}.md"))).await;
        fs::rename(world.folder.join("old"), world.folder.join("new")).expect("it is there");
        let killed = world.pass(Some(kill_at)).await.is_none();
        assert!(killed || kill_at > 75, "{context}: it ended before");
        let report = pass(&world).await;
        assert_eq!(report.outcome(), Outcome::Ok, "{context}: {report:?}");
        world.assert_in_step(&context).await;
        let posts = world.platform.requests().count("POST", "/knowledge");
        // What was on its way at the kill may not have come to anything.
        assert!(posts <= u64::from(MOVED) + 8, "{context}: {posts} uploads");
        world.platform.requests().reset();
        assert_eq!((pass(&world).await.outcome(), world.platform.requests().mutating()), (Outcome::Ok, 0), "{context}");
    }
}

/// A text of its own for each number, long enough to be known again.
fn text(number: usize, edited: bool) -> String {
    let word = |n| if edited && n % 7 == 0 { format!("other{n} ") } else { format!("word{} ", number * 1_000 + n) };
    let added = if edited {
        "and a new last paragraph, by which it is longer than it was before. ".repeat(3)
    } else {
        String::new()
    };
    (0..80).map(word).collect::<String>() + &added
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restructuring__files_are_renamed_and_edited__is_no_mass_deletion() {
    for api in [Api::Cevvo, Api::Nexvio] {
        let mut world = World::of(api).await;
        (world.scope.policy.max_deletes, world.scope.policy.max_delete_percent) = (10, 10);
        (0..30).for_each(|n| world.write(&format!("old/{n}.md"), &text(n, false)));
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{api}");
        fs::remove_dir_all(world.folder.join("old")).expect("it is there");
        (0..30).for_each(|n| world.write(&format!("new/chapter {}.md", 99 - n), &text(n, true)));
        let planned = world.preview().plan;
        assert_eq!((planned.withheld.len(), planned.actions.len()), (0, 60), "{api}");
        let report = pass(&world).await;
        assert_eq!(report.outcome(), Outcome::Ok, "{api}: {report:?}");
        assert_eq!((report.renamed, report.added, report.deleted), (30, 0, 0), "{api}");
        world.assert_in_step("after the restructuring").await;
        // What is deleted after that is counted alone.
        fs::remove_file(world.folder.join("new/chapter 99.md")).expect("it is there");
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{api}");
        world.assert_in_step("after a deletion").await;
        world.platform.requests().reset();
        assert_eq!((pass(&world).await.outcome(), world.platform.requests().mutating()), (Outcome::Ok, 0), "{api}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renamed_and_edited_document__new_one_is_refused__old_one_stays() {
    for (api, route) in [(Api::Nexvio, "/knowledge"), (Api::Cevvo, "/sources")] {
        let world = World::of(api).await;
        world.write("stays.md", "it stays");
        world.write("vacation.md", &text(1, false));
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{api}");
        fs::remove_file(world.folder.join("vacation.md")).expect("it is there");
        world.write("people/leave of absence.md", &text(1, true));
        world.faults.once("POST", route, Fault::Status(413));
        for _ in 0..2 {
            assert_eq!(pass(&world).await.outcome(), Outcome::Failed, "{api}");
            let held = world.held(&BTreeSet::new(), "a refused move").await;
            assert_eq!(held.keys().collect::<Vec<_>>(), ["stays.md", "vacation.md"], "{api}");
        }
        world.retry();
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{api}");
        world.assert_in_step("after a retry").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renamed_and_edited_document__old_file_is_back_before_it_is_ready__both_stay() {
    let world = World::of(Api::Nexvio).await;
    world.write("vacation.md", &text(1, false));
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    fs::remove_file(world.folder.join("vacation.md")).expect("it is there");
    world.write("leave.md", &text(1, true));
    world.faults.once("POST", "/knowledge", Fault::Status(413));
    assert_eq!(pass(&world).await.outcome(), Outcome::Failed);
    world.write("vacation.md", &text(1, false));
    world.retry();
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    world.assert_in_step("after it is back").await;
    assert_eq!(world.store().moves().expect("the store"), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_to_its_old_place_is_not_deleted_there() {
    let world = world(["old.md".to_owned()]).await;
    fs::rename(world.folder.join("old.md"), world.folder.join("new.md")).expect("it is there");
    world.faults.once("POST", "/knowledge", Fault::Status(413));
    assert_eq!(pass(&world).await.outcome(), Outcome::Failed);
    fs::rename(world.folder.join("new.md"), world.folder.join("old.md")).expect("it is there");
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    world.assert_in_step("after it came back").await;
    assert_eq!(world.platform.requests().mutating(), 1, "the refused upload alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_shows_as_little_as_the_pages_promise_is_enough() {
    let shows = |names, statuses, paged| KnowledgeShown { names, statuses, paged };
    for shown in
        [shows(false, true, true), shows(true, false, true), shows(true, true, false), shows(false, false, true)]
    {
        let context = format!("{shown:?}");
        let mut world = World::with(Api::Nexvio, |options| options.knowledge = shown).await;
        world.scope.job_timeout = Duration::from_secs(30);
        for n in 0..12 {
            world.write(&format!("{n}.md"), &format!("the first words of {n}"));
        }
        world.platform.requests().reset();
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{context}");
        assert_eq!(world.platform.requests().mutating(), 12, "{context}");
        world.write("1.md", "other words");
        fs::rename(world.folder.join("2.md"), world.folder.join("moved.md")).expect("it is there");
        fs::remove_file(world.folder.join("3.md")).expect("it is there");
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{context}");
        world.assert_in_step(&context).await;
        world.platform.requests().reset();
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{context}");
        assert_eq!(world.platform.requests().mutating(), 0, "{context}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_given_twice_concerns_one_document_alone() {
    for (api, route) in [(Api::Nexvio, "/knowledge"), (Api::Cevvo, "/sources")] {
        let world = World::of(api).await;
        world.write("a.md", "the first");
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
        world.write("b.md", "the second");
        world.write("c.md", "the third");
        world.faults.always("POST", route, Fault::OldId);
        // The oldest is not ours; then it is the other's.
        let report = pass(&world).await;
        assert!(report.fatal.is_none(), "{api}: {report:?}");
        world.faults.clear();
        world.retry();
        assert!(pass(&world).await.fatal.is_none(), "{api}");
        world.retry();
        assert_eq!(pass(&world).await.outcome(), Outcome::Ok, "{api}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn document__moved_while_the_folders_are_walked_through__is_not_gone() {
    let mut world = World::new().await;
    let one = world.scope.collections.remove(0);
    for name in ["early", "late"] {
        let mut collection = one.clone();
        collection.name = CollectionName::new(name).expect("a name");
        let Input::Folder(folder) = &mut collection.input else { panic!("no folder: {collection:?}") };
        folder.root.push(name);
        world.scope.collections.push(collection);
        (0..3).for_each(|n| world.write(&format!("{name}/{n}.md"), &format!("{name} {n}")));
    }
    assert_eq!(pass(&world).await.outcome(), Outcome::Ok);
    // From where the walk is still to come to where it has been already.
    let (from, to) = (world.folder.join("late/1.md"), world.folder.join("early/moved.md"));
    world.beside = Box::new(move |event| {
        if matches!(event, Event::Looking(name) if name.as_str() == "early") && from.exists() {
            fs::rename(&from, &to).expect("nobody else moves it");
        }
    });
    let report = pass(&world).await;
    assert_eq!((report.outcome(), report.renamed, report.changed()), (Outcome::Ok, 1, 1), "{report:?}");
}
