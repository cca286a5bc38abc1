//! Folders whose content is replaced as a whole behind links: each swap is noted, and what the new links lead to is watched.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, mpsc::Receiver},
    time::Instant,
};

use kbsync::{
    model::{DocPath, Fingerprint},
    scan::{Found, ScanOptions, Walk, Watch},
};

use crate::mirror::{PATIENCE, options, watch, write_text};

type Documents = BTreeMap<DocPath, Fingerprint>;

/// What a collection's documents are, as far as the watch has told of them.
struct Follower {
    options: ScanOptions,
    watch: Arc<Watch>,
    told: Receiver<()>,
    documents: Documents,
}

fn documents(walk: Walk) -> impl Iterator<Item = (DocPath, Fingerprint)> {
    walk.filter_map(|found| match found {
        Found::Document { path, fingerprint } => Some((path, fingerprint)),
        Found::Skipped { .. } | Found::Unreadable { .. } => None,
    })
}

impl Follower {
    fn new(root: &Path, follow_symlinks: bool) -> Self {
        let options = ScanOptions { follow_symlinks, ..options(root) };
        let (watch, told) = watch(&options);
        let mut follower = Self { options, watch: Arc::new(watch), told, documents: Documents::new() };
        follower.walk(b"", true);
        follower
    }

    fn walk(&mut self, folder: &[u8], deep: bool) {
        let walk = Walk::part(&self.options, Some(Arc::clone(&self.watch)), folder, deep).unwrap();
        let reach = walk.reach().clone();
        // What is left out is found gone from above.
        let Some(prefix) = reach.prefix().map(str::to_owned) else { return };
        self.documents.retain(|path, _| !path.as_str().starts_with(&prefix) || !reach.covers(path));
        self.documents.extend(documents(walk));
    }

    /// Looks where the watch says until the documents are those that are there. Gives how many.
    #[track_caller]
    fn catches_up(&mut self) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // The root may be a link itself.
            self.watch.check();
            let wake = self.watch.take();
            if wake.whole {
                self.walk(b"", true);
            }
            wake.folders.iter().for_each(|(folder, deep)| self.walk(folder, *deep));
            let truth: Documents = documents(Walk::new(&self.options).unwrap()).collect();
            if self.documents == truth {
                return truth.len();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.told.recv_timeout(left).unwrap_or_else(|_| panic!("{:?}, and {truth:?} are there", self.documents));
        }
    }
}

/// Replaces a link at once, as `rename` does.
fn swap(root: &Path, link: &str, target: &str) {
    symlink(target, root.join("link.new")).unwrap();
    fs::rename(root.join("link.new"), root.join(link)).unwrap();
}

#[test]
fn config_map__swaps_again_and_again__every_version_is_seen() {
    for follow_symlinks in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let write = |version: usize| {
            for key in ["a.md", "b.md", "sub/c.md", "sub/deep/d.md"] {
                write_text(root, &format!("..v{version}/{key}"), &"x".repeat(version));
            }
        };
        write(1);
        swap(root, "..data", "..v1");
        for key in ["a.md", "b.md", "sub"] {
            symlink(format!("..data/{key}"), root.join(key)).unwrap();
        }
        let mut follower = Follower::new(root, follow_symlinks);
        assert_eq!(follower.catches_up(), 4);
        for version in 2..6 {
            write(version);
            swap(root, "..data", &format!("..v{version}"));
            fs::remove_dir_all(root.join(format!("..v{}", version - 1))).unwrap();
            assert_eq!(follower.catches_up(), 4);
            // The folder that a link leads to now is watched.
            write_text(root, &format!("..v{version}/sub/new.md"), "new");
            assert_eq!(follower.catches_up(), 5);
        }
    }
}

#[test]
fn git_sync__link_is_replaced_at_once_or_in_two_steps__new_worktree_is_seen_and_watched() {
    for follow_symlinks in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write_text(root, ".worktrees/1/docs/a.md", "one");
        swap(root, "current", ".worktrees/1");
        let mut follower = Follower::new(root, follow_symlinks);
        assert_eq!(follower.catches_up(), 1);
        for version in 2..6 {
            let worktree = format!(".worktrees/{version}");
            write_text(root, &format!("{worktree}/docs/a.md"), "another");
            if version % 2 == 0 {
                swap(root, "current", &worktree);
            } else {
                fs::remove_file(root.join("current")).unwrap();
                assert_eq!(follower.catches_up(), 0);
                symlink(&worktree, root.join("current")).unwrap();
            }
            fs::remove_dir_all(root.join(format!(".worktrees/{}", version - 1))).unwrap();
            assert_eq!(follower.catches_up(), 1);
            write_text(root, &format!("{worktree}/docs/b.md"), "new");
            assert_eq!(follower.catches_up(), 2);
        }
    }
}

#[test]
fn releases__link_beside_them_is_replaced__new_release_is_seen_and_watched() {
    for follow_symlinks in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let app = dir.path().join("app");
        let release = |number: usize| format!("releases/2026112910150{number}");
        write_text(&app, &format!("{}/docs/a.md", release(1)), "one");
        let mut follower = Follower::new(dir.path(), follow_symlinks);
        assert_eq!(follower.catches_up(), 1);
        swap(&app, "current", &release(1));
        assert_eq!(follower.catches_up(), 1, "by its stable name alone");
        for number in 2..5 {
            write_text(&app, &format!("{}/docs/a.md", release(number)), &"x".repeat(number));
            // Each other one is named as Capistrano does.
            let target =
                if number % 2 == 0 { app.join(release(number)).display().to_string() } else { release(number) };
            swap(&app, "current", &target);
            assert_eq!(follower.catches_up(), 1);
            write_text(&app, &format!("{}/docs/b.md", release(number)), "new");
            assert_eq!(follower.catches_up(), 2);
        }
        fs::remove_dir_all(app.join(release(1))).unwrap();
        assert_eq!(follower.catches_up(), 2);
    }
}

#[test]
fn root__is_a_link_to_a_release__next_release_is_seen_and_watched() {
    let dir = tempfile::tempdir().unwrap();
    write_text(dir.path(), "releases/1/a.md", "one");
    swap(dir.path(), "current", "releases/1");
    let mut follower = Follower::new(&dir.path().join("current"), false);
    assert_eq!(follower.catches_up(), 1);
    for release in 2..4 {
        write_text(dir.path(), &format!("releases/{release}/a.md"), "another");
        swap(dir.path(), "current", &format!("releases/{release}"));
        fs::remove_dir_all(dir.path().join(format!("releases/{}", release - 1))).unwrap();
        assert_eq!(follower.catches_up(), 1);
        write_text(dir.path(), &format!("releases/{release}/b.md"), "new");
        assert_eq!(follower.catches_up(), 2);
    }
}
