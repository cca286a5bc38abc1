//! Many changes, and changes at the worst moment.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    sync::{Arc, Mutex, mpsc::sync_channel},
    thread,
    time::Duration,
};

use kbsync::scan::{Wake, Watch};

use crate::mirror::{Mirror, options, write, write_text};

/// Folders that go at once: more than those after which the watcher is begun anew.
const FOLDERS: usize = 3_000;

/// Follows the watch while something goes on beside it, and then until nothing is missed.
fn follow_while(mirror: &mut Mirror, beside: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let beside = scope.spawn(beside);
        while !beside.is_finished() {
            let _ = mirror.told.recv_timeout(Duration::from_millis(10));
            mirror.follow();
        }
        beside.join().unwrap();
    });
    mirror.catch_up();
}

/// Writes into each folder, one after another, and wants to hear of it.
fn all_are_watched(mirror: &mut Mirror, folders: &[&str]) {
    for folder in folders {
        let file = format!("{folder}/alive.md");
        write_text(&mirror.options.root, &file, "x");
        mirror.catch_up();
        write_text(&mirror.options.root, &file, "longer");
        mirror.catch_up();
    }
}

#[test]
fn a_burst_of_a_hundred_thousand_files_is_seen_to_the_last_one() {
    // In memory where that can be, for a disk has more trouble with them than the watch.
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let root = dir.path();
    (0..100).for_each(|n| fs::create_dir(root.join(n.to_string())).unwrap());
    let mut mirror = Mirror::new(&options(root));
    let (tell, told) = sync_channel(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            for n in 0..100_000 {
                fs::write(root.join(format!("{}/{n}.md", n % 100)), "x").unwrap();
                if n % 40_000 == 0 {
                    tell.send(()).unwrap();
                }
            }
        });
        // The daemon does not look all the time either.
        told.iter().for_each(|()| drop(mirror.follow()));
    });
    mirror.catch_up();
    write(root, "99/alive.md");
    assert!(mirror.named().folders.contains_key(&b"99"[..]));
}

#[test]
fn thousands_of_folders_that_go_are_all_missed_and_the_rest_stays_watched() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let root = dir.path();
    write(root, "stays/one.md");
    (0..FOLDERS).for_each(|n| write(root, &format!("gone/{}/{n}/one.md", n % 100)));
    let mut mirror = Mirror::new(&options(root));
    fs::remove_dir_all(root.join("gone")).unwrap();
    mirror.catch_up();
    all_are_watched(&mut mirror, &["", "stays", "gone"]);
    assert_eq!(mirror.watch.trouble(), None);
}

#[test]
fn an_overflow_is_everything_and_all_is_watched_anew() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    write(root, "a/one.md");
    write(root, "b/one.md");
    let gate = Arc::new(Mutex::new(()));
    let (tell, told) = sync_channel(1);
    let watch = Watch::new(&options(root), {
        let gate = Arc::clone(&gate);
        move || {
            drop(gate.lock().unwrap());
            _ = tell.try_send(());
        }
    });
    let mut mirror = Mirror { options: options(root), watch: watch.unwrap(), told, files: BTreeMap::new() };
    mirror.look(b"", true);
    let held = gate.lock().unwrap();
    // Making, opening, writing and closing: four events each.
    for n in 0..limit / 3 {
        fs::write(root.join(format!("a/{}.md", n % 100)), "x").unwrap();
        fs::remove_file(root.join(format!("a/{}.md", n % 100))).unwrap();
    }
    // Nobody hears that this one is another folder than before.
    fs::remove_dir_all(root.join("b")).unwrap();
    write(root, "b/two.md");
    drop(held);
    assert!(mirror.catch_up().whole);
    all_are_watched(&mut mirror, &["a", "b"]);
}

#[test]
fn folders_renamed_back_and_forth_stay_watched() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "a/sub/deep/one.md");
    write(root, "c/sub/two.md");
    let mut mirror = Mirror::new(&options(root));
    for _ in 0..20 {
        follow_while(&mut mirror, || {
            let rename = |from: &str, to: &str| fs::rename(root.join(from), root.join(to)).unwrap();
            for _ in 0..100 {
                rename("a", "b");
                rename("c", "a");
                rename("a", "c");
                rename("b", "a");
            }
            // Into a folder that nobody watches yet, and out of it.
            fs::create_dir(root.join("new")).unwrap();
            rename("a", "new/a");
            rename("new/a", "a");
            rename("c", "new/c");
        });
        all_are_watched(&mut mirror, &["a", "a/sub", "a/sub/deep", "new", "new/c", "new/c/sub"]);
        fs::rename(root.join("new/c"), root.join("c")).unwrap();
        fs::remove_dir_all(root.join("new")).unwrap();
        mirror.catch_up();
    }
}

#[test]
fn folders_made_and_removed_under_one_name_stay_watched() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let mut mirror = Mirror::new(&options(root));
    for _ in 0..20 {
        follow_while(&mut mirror, || {
            for _ in 0..50 {
                write(root, "a/sub/one.md");
                fs::rename(root.join("a"), root.join("old")).unwrap();
                write(root, "a/sub/two.md");
                fs::remove_dir_all(root.join("a/sub")).unwrap();
                fs::create_dir(root.join("a/sub")).unwrap();
                fs::remove_dir_all(root.join("old")).unwrap();
                fs::remove_dir_all(root.join("a")).unwrap();
            }
            write(root, "a/sub/three.md");
        });
        all_are_watched(&mut mirror, &["a", "a/sub"]);
        fs::remove_dir_all(root.join("a")).unwrap();
        mirror.catch_up();
    }
}

/// What the daemon does every two seconds, then the walk.
fn checked(mirror: &mut Mirror) -> Wake {
    mirror.watch.check();
    mirror.catch_up()
}

#[test]
fn a_root_that_goes_and_comes_is_watched_again() {
    let dir = tempfile::tempdir().unwrap();
    let (root, away) = (dir.path().join("root"), dir.path().join("away"));
    write(&root, "a/one.md");
    let mut mirror = Mirror::new(&options(&root));
    // At rest, nothing is noticed.
    mirror.watch.check();
    assert!(mirror.watch.take().is_empty());
    for _ in 0..3 {
        fs::remove_dir_all(&root).unwrap();
        assert!(checked(&mut mirror).whole);
        write(&root, "a/two.md");
        assert!(checked(&mut mirror).whole);
        all_are_watched(&mut mirror, &["", "a"]);
        // Between two checks.
        fs::remove_dir_all(&root).unwrap();
        write(&root, "a/three.md");
        assert!(checked(&mut mirror).whole);
        all_are_watched(&mut mirror, &["", "a"]);
        fs::rename(&root, &away).unwrap();
        assert!(checked(&mut mirror).whole);
        assert!(mirror.files.is_empty());
        fs::rename(&away, &root).unwrap();
        assert!(checked(&mut mirror).whole);
        all_are_watched(&mut mirror, &["", "a"]);
        fs::rename(&root, &away).unwrap();
        fs::rename(&away, &root).unwrap();
        checked(&mut mirror);
        all_are_watched(&mut mirror, &["", "a"]);
    }
    assert_eq!(mirror.watch.trouble(), None);
}

#[test]
fn a_root_behind_a_link_is_watched_where_the_link_leads() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("current");
    write(dir.path(), "1/a/one.md");
    write(dir.path(), "2/a/two.md");
    symlink("1", &root).unwrap();
    let mut mirror = Mirror::new(&options(&root));
    all_are_watched(&mut mirror, &["", "a"]);
    symlink("2", dir.path().join("next")).unwrap();
    fs::rename(dir.path().join("next"), &root).unwrap();
    assert!(checked(&mut mirror).whole);
    all_are_watched(&mut mirror, &["", "a"]);
}
