//! Plain changes: each is noted, with the folder it is in.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use kbsync::scan::{ScanOptions, Wake, Walk};

use crate::mirror::{Mirror, options, wake, write, write_text};

#[test]
fn a_written_file_names_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/b/one.md");
    let mut mirror = Mirror::new(&options(dir.path()));
    assert!(mirror.watch.take().is_empty());
    write_text(dir.path(), "a/b/one.md", "longer");
    assert_eq!(mirror.named(), wake([("a/b", false)]));
    write(dir.path(), "a/b-c.md");
    assert_eq!(mirror.named(), wake([("a", false)]));
    fs::remove_file(dir.path().join("a/b/one.md")).unwrap();
    write(dir.path(), "top.md");
    assert_eq!(mirror.named(), wake([("", false), ("a/b", false)]));
    // What is in a folder may be reached now that could not be before.
    fs::set_permissions(dir.path().join("a/b"), PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(mirror.named(), wake([("a", false), ("a/b", false)]));
    assert_eq!(mirror.named(), Wake::default());
}

#[test]
fn an_atomic_save_is_never_missed() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join("docs").join(name);
    write(dir.path(), "docs/one.md");
    let mut mirror = Mirror::new(&options(dir.path()));
    for text in ["xx", "xxx", "xxxx"] {
        // As most editors do, and as vim does.
        fs::write(file(".one.tmp"), text).unwrap();
        fs::rename(file(".one.tmp"), file("one.md")).unwrap();
        mirror.catch_up();
        fs::rename(file("one.md"), file("one.md~")).unwrap();
        fs::write(file("one.md"), text.repeat(2)).unwrap();
        fs::remove_file(file("one.md~")).unwrap();
        mirror.catch_up();
    }
}

#[test]
fn what_is_made_in_new_folders_at_once_is_never_missed() {
    let dir = tempfile::tempdir().unwrap();
    let mut mirror = Mirror::new(&options(dir.path()));
    for n in 0..100 {
        for file in ["a/one.md", "a/b/two.md", "a/b/c/three.md"] {
            write(dir.path(), &format!("{n}/{file}"));
        }
        mirror.catch_up();
    }
}

#[test]
fn folders_that_move_are_watched_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
    write(&root, "stays.md");
    write(&root, "inner/deep/one.md");
    write(&outside, "folder/deep/two.md");
    let mut mirror = Mirror::new(&options(&root));
    fs::rename(outside.join("folder"), root.join("came")).unwrap();
    assert_eq!(mirror.named(), wake([("", false)]));
    write(&root, "came/deep/three.md");
    assert_eq!(mirror.named(), wake([("came/deep", false)]));
    fs::rename(root.join("inner"), outside.join("went")).unwrap();
    assert_eq!(mirror.named(), wake([("", false)]));
    // It is nobody's business any more.
    write(&outside, "went/deep/four.md");
    assert_eq!(mirror.named(), Wake::default());
    fs::rename(root.join("came"), root.join("moved")).unwrap();
    assert_eq!(mirror.named(), wake([("", false)]));
    write(&root, "moved/deep/five.md");
    assert_eq!(mirror.named(), wake([("moved/deep", false)]));
    fs::remove_dir_all(root.join("moved")).unwrap();
    mirror.catch_up();
    write(&root, "moved/deep/six.md");
    mirror.catch_up();
    write(&root, "moved/deep/seven.md");
    mirror.catch_up();
}

#[test]
fn an_ignore_file_names_all_below_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/b/one.md");
    let mut mirror = Mirror::new(&options(dir.path()));
    write(dir.path(), "a/.gitignore");
    assert_eq!(mirror.named(), wake([("a", true)]));
    write(dir.path(), ".kbsyncignore");
    assert_eq!(mirror.named(), wake([("", true)]));
    let mut mirror = Mirror::new(&ScanOptions { gitignore: false, ..options(dir.path()) });
    write_text(dir.path(), "a/.gitignore", "not honoured");
    assert_eq!(mirror.named(), Wake::default());
}

#[test]
fn ignore_file__above_the_root_changes__everything_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(".git/info")).unwrap();
    write(dir.path(), "docs/one.md");
    for (file, gitignore) in [(".gitignore", true), (".git/info/exclude", true), (".gitignore", false)] {
        let mirror = Mirror::new(&ScanOptions { gitignore, ..options(&dir.path().join("docs")) });
        mirror.watch.take();
        mirror.watch.check();
        assert!(!mirror.watch.take().whole, "{file}: nothing has changed");
        write_text(dir.path(), file, &format!("no.md # {gitignore}"));
        mirror.watch.check();
        assert_eq!(mirror.watch.take().whole, gitignore, "{file}");
    }
}

#[test]
fn what_can_be_no_document_is_not_noted() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/one.md");
    let mut mirror = Mirror::new(&options(dir.path()));
    for name in ["a/core.rs", "a/md", "a/.swp", "a/x.md~", ".git/index", ".kbsync/state.db"] {
        write(dir.path(), name);
        write_text(dir.path(), name, "longer");
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    fs::remove_dir(dir.path().join(".git")).unwrap();
    // Our own looks.
    Walk::new(&mirror.options).unwrap().for_each(drop);
    fs::read(dir.path().join("a/one.md")).unwrap();
    assert_eq!(mirror.named(), Wake::default());
    // The platform does not mind how an extension is written.
    write(dir.path(), "a/TWO.MD");
    assert_eq!(mirror.named(), wake([("a", false)]));
}

#[test]
fn where_symlinks_are_followed_any_change_is_one_of_everything() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/data.bin");
    let options = ScanOptions { follow_symlinks: true, ..options(dir.path()) };
    let mut mirror = Mirror::new(&options);
    write_text(dir.path(), "a/data.bin", "a link may lead here");
    assert!(mirror.catch_up().whole);
    // The link's watch is the folder's own, and goes with the link.
    symlink("a", dir.path().join("b")).unwrap();
    mirror.catch_up();
    assert!(mirror.watch.enter(b"b"));
    fs::remove_file(dir.path().join("b")).unwrap();
    mirror.catch_up();
    write_text(dir.path(), "a/data.bin", "it is heard of still");
    mirror.catch_up();
}
