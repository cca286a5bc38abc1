//! Folders whose content is replaced as a whole behind links: mounted ConfigMaps, git-sync, deployed releases.

use std::os::unix::fs::symlink;

use super::*;

/// Writes a version of a ConfigMap as the kubelet does: a folder of its own, a swap of `..data`, a link for each key.
pub(super) fn config_map(root: &Path, version: &str, keys: &[&str]) {
    for key in keys {
        write_text(root, &format!("..{version}/{key}"), &format!("{key} of {version}"));
    }
    let before = fs::read_link(root.join("..data")).ok();
    symlink(format!("..{version}"), root.join("..data_tmp")).unwrap();
    fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    for key in keys {
        let top = key.split('/').next().unwrap();
        // It is there already where an earlier version had the key.
        let _ = symlink(format!("..data/{top}"), root.join(top));
    }
    if let Some(before) = before {
        fs::remove_dir_all(root.join(before)).unwrap();
    }
}

/// Whether symlinks are followed makes no difference to a layout of versions.
fn both(root: &Path) -> [ScanOptions; 2] {
    [false, true].map(|follow_symlinks| ScanOptions { follow_symlinks, ..options(root) })
}

fn read(options: &ScanOptions, path: &str) -> Vec<u8> {
    let mut file = Root::open(&options.root, options.follow_symlinks).unwrap().open_document(&doc(path)).unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut text).unwrap();
    text
}

#[test]
fn config_map__each_key_is_one_document_by_its_stable_path() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let keys = ["k0.md", "k1.md", "sub/k2.md", "sub/deep/k3.txt"];
    config_map(root, "2026_11_29_10_00.1", &keys);
    // One inside another, as two mounts may be.
    config_map(&root.join("nested"), "2026_11_29_10_00.2", &["k4.md"]);
    let expected = ["k0.md", "k1.md", "nested/k4.md", "sub/deep/k3.txt", "sub/k2.md"];
    for options in both(root) {
        assert_eq!(walked(&options), expected);
        let before = walk(&options);
        for path in expected {
            assert!(matches!(explain(&options, &doc(path)).unwrap(), Explanation::Document { .. }), "{path}");
        }
        assert_eq!(read(&options, "sub/k2.md"), b"sub/k2.md of 2026_11_29_10_00.1");
        let version = if options.follow_symlinks { "2026_11_29_10_10.4" } else { "2026_11_29_10_05.3" };
        config_map(root, version, &keys);
        assert_eq!(walked(&options), expected);
        let after = walk(&options);
        let same = before.iter().filter(|found| after.contains(found)).count();
        assert_eq!(same, 1, "all but the nested one look changed: {before:?} {after:?}");
        assert_eq!(read(&options, "sub/k2.md"), format!("sub/k2.md of {version}").as_bytes());
        if !options.follow_symlinks {
            config_map(root, "2026_11_29_10_00.1", &keys);
        }
    }
    let inside = explain(&options(root), &doc("..data/k0.md")).unwrap();
    assert_eq!(inside, Explanation::Litter { at: "..data".to_owned() });
}

#[test]
fn git_sync__link_to_a_worktree_is_the_stable_folder() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for (link, worktree) in [("current", format!(".worktrees/{commit}")), ("v3", format!("rev-{commit}"))] {
        write(root, &format!("{worktree}/docs/a.md"));
        write(root, &format!("{worktree}/b.md"));
        write(root, &format!("{worktree}/.git"));
        symlink(worktree, root.join(link)).unwrap();
    }
    for options in both(root) {
        assert_eq!(walked(&options), ["current/b.md", "current/docs/a.md", "v3/b.md", "v3/docs/a.md"]);
    }
    // The root itself may be the link.
    for options in both(&root.join("current")) {
        assert_eq!(walked(&options), ["b.md", "docs/a.md"]);
        let root = Root::open(&options.root, false).unwrap();
        assert!(root.is_at(&options.root));
        fs::remove_file(&options.root).unwrap();
        symlink(format!("rev-{commit}"), &options.root).unwrap();
        assert!(!root.is_at(&options.root), "another folder is there now");
        fs::remove_file(&options.root).unwrap();
        symlink(format!(".worktrees/{commit}"), &options.root).unwrap();
    }
}

/// Deploys a release as Capistrano does: a folder by its time, and a link that is replaced at once.
fn deploy(root: &Path, release: &str, absolute: bool, documents: &[&str]) {
    for document in documents {
        write_text(root, &format!("releases/{release}/{document}"), &format!("{document} of {release}"));
    }
    let target = format!("releases/{release}");
    let target = if absolute { root.join(target) } else { PathBuf::from(target) };
    symlink(target, root.join("current.new")).unwrap();
    fs::rename(root.join("current.new"), root.join("current")).unwrap();
}

#[test]
fn releases__below_the_root__are_documents_by_the_link_beside_them() {
    for absolute in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let app = root.join("apps/one");
        write(root, "apps/one/shared/log.md");
        write(root, "releases/20261129101500/plain.md");
        deploy(&app, "20261129101500", absolute, &["a.md", "docs/b.md"]);
        let first = ["apps/one/current/a.md", "apps/one/current/docs/b.md", "apps/one/shared/log.md"];
        let plain = "releases/20261129101500/plain.md";
        for options in both(root) {
            assert_eq!(walked(&options), [&first[..], &[plain]].concat(), "{absolute}");
            assert_eq!(read(&options, first[0]), b"a.md of 20261129101500");
            assert!(matches!(explain(&options, &doc(first[1])).unwrap(), Explanation::Document { .. }));
            let release = explain(&options, &doc("apps/one/releases/20261129101500/a.md")).unwrap();
            assert_eq!(release, Explanation::Release { at: "apps/one/releases".to_owned() });
        }
        deploy(&app, "20261130090000", absolute, &["a.md", "docs/c.md"]);
        let second = ["apps/one/current/a.md", "apps/one/current/docs/c.md", "apps/one/shared/log.md", plain];
        for options in both(root) {
            assert_eq!(walked(&options), second, "{absolute}");
            assert_eq!(read(&options, first[0]), b"a.md of 20261130090000");
            // A part that was watched before there was a link is left out as well.
            for part in
                ["apps/one/releases", "apps/one/releases/20261129101500", "apps/one/releases/20261130090000/docs"]
            {
                let walk = Walk::part(&options, None, part.as_bytes(), true).unwrap();
                assert_eq!(walk.reach().prefix(), None, "{part}");
                assert_eq!(walk.count(), 0, "{part}");
            }
            let named = ScanOptions { include: vec!["releases/**/*.md".to_owned()], ..options.clone() };
            assert_eq!(walked(&named), [plain]);
            let named = ScanOptions { include: vec!["**/releases/**/*.md".to_owned()], ..options };
            assert_eq!(walked(&named).len(), 5);
        }
        // The link is gone for a moment, or leads to nothing.
        fs::remove_dir_all(app.join("releases/20261130090000")).unwrap();
        for options in both(root) {
            let found = walked(&options);
            assert!(found[0].starts_with("apps/one/current: it is a symlink to nothing"), "{absolute} {found:?}");
            assert_eq!(found.len(), 3, "{found:?}");
        }
    }
}

#[test]
fn release_link__is_left_out_by_the_config__releases_are_plain_folders() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    deploy(root, "20261129101500", false, &["a.md"]);
    for options in both(root) {
        let options = ScanOptions { exclude: vec!["current".to_owned()], ..options };
        assert_eq!(walked(&options), ["releases/20261129101500/a.md"]);
    }
}

#[test]
fn version_links__lead_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    write(dir.path(), "outside/secret.md");
    config_map(&root, "v1", &["k0.md", "sub/k1.md"]);
    write(&root, "private/p.txt");
    for (target, link) in [
        ("../private/p.txt", "..v1/p.txt"),
        ("../../outside/secret.md", "..v1/s.md"),
        ("/etc", "..v1/etc"),
        ("..data/p.txt", "p.txt"),
        ("..data/s.md", "s.md"),
        ("..data/../../outside/secret.md", "t.md"),
        ("..data/etc", "etc"),
        ("../../outside", "..out"),
        ("..out/secret.md", "u.md"),
        ("..round", "..round"),
        ("..round/x.md", "x.md"),
        ("..gone/y.md", "y.md"),
        ("..data/z", "z"),
        ("k0.md", "plain.md"),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
    let expected = [
        "k0.md",
        "p.txt: Symlink, kept",
        "plain.md: Symlink, kept",
        "private/p.txt",
        "s.md: Symlink, kept",
        "sub/k1.md",
        "t.md: Symlink, kept",
        "u.md: Symlink, kept",
        "x.md: Symlink, kept",
        "y.md: SymlinkBroken, kept",
        "z: it is a symlink to nothing",
    ];
    assert_eq!(walked(&options(&root)), expected);
    let opened = Root::open(&root, false).unwrap();
    for path in ["p.txt", "s.md", "t.md", "u.md", "etc/hostname", "x.md", "plain.md"] {
        assert_eq!(opened.open_document(&doc(path)).unwrap_err(), HashError::NotAFile, "{path}");
    }
    assert_eq!(opened.open_document(&doc("y.md")).unwrap_err(), HashError::Gone);
}

#[test]
fn version_swapped_during_a_walk__nothing_is_found_missing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let keys = ["a.md", "b.md", "sub/c.md", "sub/d.md"];
    config_map(root, "v1", &keys);
    for options in both(root) {
        let mut walk = Walk::new(&options).unwrap();
        assert!(matches!(walk.next(), Some(Found::Document { path, .. }) if path.as_str() == "a.md"));
        assert!(matches!(walk.next(), Some(Found::Document { path, .. }) if path.as_str() == "b.md"));
        assert!(matches!(walk.next(), Some(Found::Document { path, .. }) if path.as_str() == "sub/c.md"));
        let version = if options.follow_symlinks { "v3" } else { "v2" };
        config_map(root, version, &keys);
        let rest: Vec<_> = walk.collect();
        assert!(matches!(&rest[..], [Found::Unreadable { path, .. }] if path == "sub"), "{rest:?}");
        let mut walk = Walk::new(&options).unwrap();
        walk.next();
        fs::rename(root.join("..data"), root.join("..away")).unwrap();
        let rest: Vec<_> = walk.collect();
        let kept = |found: &Found| matches!(found, Found::Skipped { document: Some(_), .. } | Found::Unreadable { .. });
        assert!(rest.len() == 2 && rest.iter().all(kept), "{rest:?}");
        fs::rename(root.join("..away"), root.join("..data")).unwrap();
    }
}

#[test]
fn litter__is_left_out_unless_the_config_names_it() {
    let dir = tempfile::tempdir().unwrap();
    for path in [
        "a.md",
        "~$a.md",
        "._a.md",
        "#a.md#",
        ".Trash-1000/files/b.md",
        "@eaDir/c.md",
        "x/lost+found/d.md",
        ".stversions/e.md",
        "..2026_x/f.md",
        "__MACOSX/g.md",
        ".#a.md",
    ] {
        write(dir.path(), path);
    }
    let base = options(dir.path());
    assert_eq!(walked(&base), ["a.md"]);
    let with = |include: &[&str], exclude: &[&str]| {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        walked(&ScanOptions { include: list(include), exclude: list(exclude), ..base.clone() })
    };
    assert_eq!(with(&["*"], &[]), ["a.md"]);
    assert_eq!(with(&["*.md", "~$*"], &[]), ["a.md", "~$a.md"]);
    assert_eq!(
        with(&["/.stversions/*.md", "@EADIR/"], &[]),
        [".stversions/e.md"],
        "patterns tell upper from lower case"
    );
    assert_eq!(with(&["*.md"], &["!lost+found/"]), ["a.md", "x/lost+found/d.md"]);
    assert_eq!(with(&["..2026_*/*.md"], &[]), ["..2026_x/f.md"]);
    for (path, at) in [("~$a.md", "~$a.md"), ("x/lost+found/d.md", "x/lost+found"), ("..2026_x/f.md", "..2026_x")] {
        assert_eq!(explain(&base, &doc(path)).unwrap(), Explanation::Litter { at: at.to_owned() });
    }
    // An allowlist in an ignore file does not name it.
    write_text(dir.path(), ".gitignore", "*\n!*/\n!*.md\n");
    assert_eq!(walked(&base), ["a.md"]);
}
