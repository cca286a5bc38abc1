//! The wakes themselves, and what is said where nothing can be watched.

use std::{collections::BTreeMap, thread, time::Instant};

use kbsync::scan::{NotWatchable, Wake, Watch};

use crate::mirror::{Mirror, PATIENCE, options, wake, write, write_text};

#[test]
fn a_wake_never_names_more_than_a_thousand_folders() {
    let of = |n: usize| Wake { whole: false, folders: (0..n).map(|n| (n.to_string().into_bytes(), n == 0)).collect() };
    let mut all = Wake::default();
    assert!(all.is_empty());
    all.merge(of(1_000));
    assert_eq!(all, of(1_000));
    all.merge(wake([("0", false), ("1", true)]));
    assert!(all.folders[&b"0"[..]] && all.folders[&b"1"[..]] && !all.is_empty());
    all.merge(wake([("another", false)]));
    assert_eq!(all, Wake { whole: true, folders: BTreeMap::new() });
    all.merge(of(5));
    assert!(all.whole && all.folders.is_empty() && !all.is_empty());
    let mut all = of(5);
    all.merge(Wake { whole: true, ..Wake::default() });
    assert_eq!(all, Wake { whole: true, folders: BTreeMap::new() });
}

#[test]
fn many_changed_folders_are_everything() {
    let dir = tempfile::tempdir().unwrap();
    let folders = || (0..1_200).map(|n| format!("{n}/one.md"));
    folders().for_each(|file| write(dir.path(), &file));
    let mut mirror = Mirror::new(&options(dir.path()));
    folders().for_each(|file| write_text(dir.path(), &file, "changed"));
    assert!(mirror.catch_up().whole);
}

#[test]
fn a_root_that_cannot_be_watched_is_said() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "file.md");
    for (root, says) in [("missing", "No such file"), ("file.md", "Not a directory")] {
        let root = dir.path().join(root);
        let error = Watch::new(&options(&root), || {}).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{} cannot be opened: {says}", root.display())), "{error}");
    }
    let error = NotWatchable::FileSystem { path: "/srv/docs".into(), kind: "nfs" };
    assert_eq!(error.to_string(), "/srv/docs is on nfs, which does not tell of changes made elsewhere");
}

#[test]
fn the_end_of_the_thread_that_listens_is_trouble_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let test = thread::current().id();
    let watch = Watch::new(&options(dir.path()), move || {
        assert_eq!(thread::current().id(), test, "this ends notify's thread");
    });
    let watch = watch.unwrap();
    assert!(watch.enter(b"") && watch.trouble().is_none());
    write(dir.path(), "one.md");
    let deadline = Instant::now() + PATIENCE;
    while watch.trouble().is_none() {
        assert!(Instant::now() < deadline, "its end is noticed");
        thread::yield_now();
    }
    assert!(watch.trouble().unwrap().contains("has ended"));
    assert!(watch.enter(b"another"));
    watch.check();
}
