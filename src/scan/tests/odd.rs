//! What is found in folders besides plain files.

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

#[test]
fn what_is_no_plain_file_is_skipped_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "good.md");
    write_text(root, "empty.md", "");
    fs::File::create(root.join("huge.md")).unwrap().set_len(2 << 30).unwrap();
    fifo(&root.join("fifo.md"));
    let _socket = UnixListener::bind(root.join("socket.md")).unwrap();
    symlink("good.md", root.join("link.md")).unwrap();
    symlink("/dev/zero", root.join("device.md")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"latin\xe9.md")), "x").unwrap();
    fs::create_dir(root.join(OsStr::from_bytes(b"latin\xe9"))).unwrap();
    // None of these matches the filter, so nothing is said of them.
    fifo(&root.join("fifo"));
    symlink(".", root.join("loop")).unwrap();
    assert_eq!(
        walked(&options(root)),
        [
            "device.md: Symlink, kept",
            "empty.md: Empty, kept",
            "fifo.md: Special, kept",
            "good.md",
            "huge.md: TooLarge { size: 2147483648, limit: 1000 }, kept",
            "latin\u{fffd}: NotUtf8",
            "latin\u{fffd}.md: NotUtf8",
            "link.md: Symlink, kept",
            "socket.md: Special, kept",
        ]
    );
}

#[test]
fn walk__placeholder_in_a_files_place__is_that_file_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for name in
        ["a.md.nextcloud", ".b.md.icloud", "c.md.dvc", "d.md", "d.md.dvc", "e.jpg.owncloud", "sub/f.md.owncloud"]
    {
        write(root, name);
    }
    fs::create_dir(root.join("folder.md.dvc")).unwrap();
    let kept = |name| format!("{name}: Placeholder, kept");
    assert_eq!(walked(&options(root)), [kept("a.md"), kept("b.md"), kept("c.md"), "d.md".to_owned(), kept("sub/f.md")]);
}

#[test]
fn symlinks_are_followed_below_the_root_only_and_never_round_in_circles() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    write(&root, "a/b/one.md");
    write(dir.path(), "outside/two.md");
    write(dir.path(), "three.md");
    for (target, link) in [
        ("a/b/one.md", "file.md"),
        ("a", "folder"),
        ("..", "a/b/up"),
        (".", "self"),
        ("../outside", "out"),
        ("../three.md", "out.md"),
        ("/etc/hostname", "absolute.md"),
        ("nothing.md", "broken.md"),
        ("round.md", "round.md"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    let options = ScanOptions { follow_symlinks: true, ..options(&root) };
    assert_eq!(
        walked(&options),
        [
            "a/b/one.md",
            "a/b/up: SymlinkLoop",
            "absolute.md: SymlinkOutside, kept",
            "broken.md: SymlinkBroken, kept",
            "file.md",
            "folder/b/one.md",
            "folder/b/up: SymlinkLoop",
            "out.md: SymlinkOutside, kept",
            "round.md: SymlinkLoop, kept",
            "self: SymlinkLoop",
        ]
    );
    for path in ["file.md", "folder/b/one.md"] {
        assert!(matches!(explain(&options, &doc(path)).unwrap(), Explanation::Document { .. }), "{path}");
    }
    assert_eq!(explain(&options, &doc("self/file.md")).unwrap(), Explanation::Skipped(Skip::SymlinkLoop));
    assert_eq!(explain(&options, &doc("out.md")).unwrap(), Explanation::Skipped(Skip::SymlinkOutside));
    let root = Root::open(&root, true).unwrap();
    assert!(root.open_document(&doc("folder/b/one.md")).is_ok());
    assert_eq!(root.open_document(&doc("out/two.md")).unwrap_err(), HashError::NotAFile);
}

#[test]
fn a_root_that_cannot_be_scanned_says_so() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "file");
    let error = |path: &str| Walk::new(&options(&dir.path().join(path))).unwrap_err();
    assert!(matches!(error("none"), ScanError::Missing(_)));
    assert!(matches!(error("file"), ScanError::NotAFolder(_)));
    assert!(matches!(error("file/x"), ScanError::NotAFolder(_)));
}

/// Root may read everything, so what cannot be read is made in a way that holds for root too.
#[test]
fn what_cannot_be_read_is_reported_and_its_rules_are_not_guessed() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "a/x.md");
    write(root, "b/x.md");
    fs::File::create(root.join("a/.gitignore")).unwrap().set_len(5 << 20).unwrap();
    let found = walked(&options(root));
    assert_eq!(
        found,
        ["a: a/.gitignore cannot be read: it is larger than 4 MiB, so it is hardly an ignore file", "b/x.md",]
    );
}

#[test]
fn ignore_files__too_many_rules_in_nested_folders__are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let rules = "# a comment that matches nothing at all\n".repeat(75_000);
    for folder in ["a", "a/b", "c"] {
        write(root, &format!("{folder}/x.md"));
        fs::write(root.join(folder).join(".gitignore"), &rules).unwrap();
    }
    let why = "a/b: a/b/.gitignore and the ignore files of the folders above have more than 4 MiB of rules";
    assert_eq!(walked(&options(root)), [why, "a/x.md", "c/x.md"]);
}

#[test]
fn a_folder_that_is_nested_too_deeply_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    // The system takes no such path in one piece, so each folder is made inside the one before.
    let name = "n".repeat(250);
    let mut folder = rustix::fs::open(dir.path(), rustix::fs::OFlags::PATH, Mode::empty()).unwrap();
    for _ in 0..20 {
        rustix::fs::mkdirat(&folder, name.as_str(), Mode::RWXU).unwrap();
        folder = rustix::fs::openat(&folder, name.as_str(), rustix::fs::OFlags::PATH, Mode::empty()).unwrap();
    }
    let found = walk(&options(dir.path()));
    assert!(
        matches!(&found[..], [Found::Unreadable { error, .. }] if error.contains("nest it less deeply")),
        "{found:?}"
    );
}

#[test]
fn what_goes_away_during_a_walk_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    ["a.md", "b.md", "c/d.md", "e.md"].iter().for_each(|path| write(dir.path(), path));
    let mut walk = Walk::new(&options(dir.path())).unwrap();
    assert!(walk.next().is_some());
    fs::remove_file(dir.path().join("b.md")).unwrap();
    fs::remove_dir_all(dir.path().join("c")).unwrap();
    let rest: Vec<Found> = walk.collect();
    assert!(matches!(&rest[..], [Found::Document { path, .. }] if path.as_str() == "e.md"), "{rest:?}");
}

#[test]
fn walk__own_ignore_file_of_any_kind__is_heeded_or_said() {
    /// What the ignore file is, how it is made, and what is found, or why nothing is.
    type Case = (&'static str, fn(&Path), Result<&'static [&'static str], &'static str>);
    let kinds: [Case; 8] = [
        ("a link", link_to_rules, Ok(&["a.md"])),
        ("UTF-16", |file| fs::write(file, b"\xff\xfed\0r\0a\0f\0t\0s\0/\0\n\0").unwrap(), Ok(&["a.md"])),
        ("from here", |file| fs::write(file, "./drafts/\n").unwrap(), Ok(&["a.md"])),
        ("taken back", |file| fs::write(file, "drafts/\n!./drafts/\n").unwrap(), Ok(&["a.md", "drafts/b.md"])),
        ("none", |_| {}, Ok(&["a.md", "drafts/b.md"])),
        ("a dangling link", |file| symlink("nowhere", file).unwrap(), Err("it is a link that leads nowhere")),
        ("a folder", |file| fs::create_dir(file).unwrap(), Err("it is not a file")),
        ("a pipe", fifo, Err("it is not a file")),
    ];
    for (kind, make, expected) in kinds {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "a.md");
        write(dir.path(), "drafts/b.md");
        make(&dir.path().join(".kbsyncignore"));
        match expected {
            Ok(seen) => assert_eq!(walked(&options(dir.path())), seen, "{kind}"),
            Err(reason) => {
                let error = Walk::new(&options(dir.path())).expect_err(kind).to_string();
                assert!(error.contains(reason), "{kind}: {error}");
            }
        }
    }
}

fn link_to_rules(file: &Path) {
    write_text(file.parent().unwrap(), "..data/rules", "drafts/\n");
    symlink("..data/rules", file).unwrap();
}

#[test]
fn folders__that_link_to_each_other__are_entered_once_by_each_link() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let names = ["a", "b", "c", "d", "e", "f"];
    for name in names {
        write(root, &format!("{name}/one.md"));
        for other in names.iter().filter(|other| **other != name) {
            symlink(format!("../{other}"), root.join(name).join(format!("to-{other}"))).unwrap();
        }
    }
    let options = ScanOptions { follow_symlinks: true, ..options(root) };
    let (documents, skipped): (Vec<_>, Vec<_>) =
        walked(&options).into_iter().partition(|found| !found.contains(": Symlink"));
    assert_eq!(documents.len(), 6 + 6 * 5, "{documents:?}");
    assert!(documents.contains(&"a/to-b/one.md".to_owned()));
    assert!(skipped.contains(&"a/to-b/to-c: SymlinkTwice".to_owned()), "{skipped:?}");
    let twice = Explanation::Skipped(Skip::SymlinkTwice);
    assert_eq!(explain(&options, &doc("a/to-b/to-c/one.md")).unwrap(), twice);
    // A folder that is synced by no path of its own is entered behind any symlink.
    let options = ScanOptions { exclude: vec!["/c/".to_owned()], ..options };
    assert!(walked(&options).contains(&"a/to-b/to-c/one.md".to_owned()));
    assert!(matches!(explain(&options, &doc("a/to-b/to-c/one.md")).unwrap(), Explanation::Document { .. }));
}
