//! Hashing: right for files that hold still, and refused for those that do not.

use std::{
    collections::BTreeMap,
    io::{Seek, Write},
    os::unix::fs::symlink,
    sync::mpsc,
    time::UNIX_EPOCH,
};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use sha2::{Digest, Sha256};

use super::{super::hash::hash_with, *};

#[test]
fn the_hash_is_that_of_the_bytes_and_the_look_is_the_walks() {
    let dir = tempfile::tempdir().unwrap();
    write_text(dir.path(), "sub/a.md", &"kbsync ".repeat(100));
    let root = Root::open(dir.path(), false).unwrap();
    let hashed = hash(&root, &doc("sub/a.md")).unwrap();
    assert_eq!(hashed.hash.0, <[u8; 32]>::from(Sha256::digest("kbsync ".repeat(100))));
    assert_eq!(
        walk(&options(dir.path())),
        [Found::Document { path: doc("sub/a.md"), fingerprint: hashed.fingerprint }]
    );
}

#[test]
fn fingerprint__file_system_knows_when_the_file_was_made__tells_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.md");
    let file = fs::File::open(dir.path().join("a.md")).unwrap();
    let made = file.metadata().unwrap().created().ok();
    let made = made.map(|made| i64::try_from(made.duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap());
    assert_eq!(fingerprint(&file).unwrap().born_ns, made);
}

#[test]
fn what_is_not_there_or_no_file_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/b.md");
    mknodat(CWD, dir.path().join("fifo.md"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    symlink("a/b.md", dir.path().join("link.md")).unwrap();
    symlink("a", dir.path().join("folder")).unwrap();
    let root = Root::open(dir.path(), false).unwrap();
    let error = |path: &str| hash(&root, &doc(path)).unwrap_err();
    assert_eq!(error("none.md"), HashError::Gone);
    assert_eq!(error("none/none.md"), HashError::Gone);
    assert_eq!(error("a/b.md/c.md"), HashError::Gone);
    assert_eq!(error("fifo.md"), HashError::NotAFile);
    assert_eq!(error("link.md"), HashError::NotAFile);
    assert_eq!(error("folder/b.md"), HashError::NotAFile);
    assert_eq!(error("a"), HashError::NotAFile);
    assert!(matches!(error("x/".repeat(3000).trim_end_matches('/')), HashError::Unreadable(_)));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path(), false).unwrap();
    let mut buffer = vec![0; 64];
    let changed = |path: &str, mut change: Box<dyn FnMut(&mut fs::File)>, buffer: &mut [u8]| {
        write_text(dir.path(), path, &"x".repeat(200));
        let mut file = fs::OpenOptions::new().read(true).write(true).open(dir.path().join(path)).unwrap();
        hash_with(&root, &doc(path), buffer, &mut || change(&mut file)).unwrap_err()
    };
    let grows = Box::new(|file: &mut fs::File| {
        file.seek(std::io::SeekFrom::End(0)).unwrap();
        file.write_all(&[b'y'; 100]).unwrap();
    });
    let shrinks = Box::new(|file: &mut fs::File| file.set_len(10).unwrap());
    let rewritten = Box::new(|file: &mut fs::File| {
        file.rewind().unwrap();
        file.write_all(b"z").unwrap();
        // Time stamps are as coarse as the clock's tick, so the change is dated apart.
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    });
    assert_eq!(changed("grows.md", grows, &mut buffer), HashError::Changing);
    assert_eq!(changed("shrinks.md", shrinks, &mut buffer), HashError::Changing);
    assert_eq!(changed("rewritten.md", rewritten, &mut buffer), HashError::Changing);
}

#[test]
fn a_file_that_is_removed_while_it_is_read_was_there() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.md");
    let root = Root::open(dir.path(), false).unwrap();
    let path = dir.path().join("a.md");
    let result = hash_with(&root, &doc("a.md"), &mut [0; 8], &mut || fs::remove_file(&path).unwrap_or(()));
    // Removing its last name changes the inode, so it counts as changing; the next look finds it gone.
    assert_eq!(result, Err(HashError::Changing));
    assert_eq!(hash(&root, &doc("a.md")), Err(HashError::Gone));
}

#[test]
fn without_openat2_the_root_is_not_left_either() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "root/a/b.md");
    write(dir.path(), "out/c.md");
    let path = dir.path().join("root");
    symlink("../out", path.join("out")).unwrap();
    symlink("a/b.md", path.join("link.md")).unwrap();
    let root = Root::open(&path, false).unwrap();
    let opens = |path: &str| root.open_stepwise(path.as_bytes(), OFlags::RDONLY).is_ok();
    assert!(opens("a/b.md") && opens("a") && opens("."));
    for path in ["out/c.md", "link.md", "../out/c.md", "a/../../out/c.md", "none"] {
        assert!(!opens(path), "{path}");
    }
}

#[test]
fn many_are_hashed_at_once_and_each_result_comes_back_with_its_job() {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::open(dir.path(), false).unwrap();
    (0..300).for_each(|i| write_text(dir.path(), &format!("{i}.md"), &i.to_string()));
    let mut hashes = BTreeMap::new();
    std::thread::scope(|scope| {
        let (jobs, waiting) = mpsc::sync_channel(4);
        scope.spawn(move || (0..301).try_for_each(|i| jobs.send((i, doc(&format!("{i}.md"))))));
        hash_many(&root, 7, waiting, |i, path, result| {
            assert_eq!(path, doc(&format!("{i}.md")));
            hashes.insert(i, result.map(|hashed| hashed.hash));
        });
    });
    assert_eq!(hashes.len(), 301);
    assert_eq!(hashes[&300], Err(HashError::Gone));
    for i in 0..300 {
        assert_eq!(hashes[&i], Ok(crate::model::ContentHash(Sha256::digest(i.to_string()).into())));
    }
}
