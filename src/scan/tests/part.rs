//! Walks through a part of a folder: what they find, and what they speak for.

use std::sync::Arc;

use super::*;

fn part(options: &ScanOptions, watch: &Arc<Watch>, folder: &str, deep: bool) -> (Vec<String>, Reach) {
    let walk = Walk::part(options, Some(Arc::clone(watch)), folder.as_bytes(), deep).unwrap();
    let reach = walk.reach().clone();
    let found = walk.map(|found| match found {
        Found::Document { path, .. } => path.to_string(),
        other => panic!("{other:?}"),
    });
    (found.collect(), reach)
}

fn watch(options: &ScanOptions) -> Arc<Watch> {
    Arc::new(Watch::new(options, || ()).unwrap())
}

#[test]
fn a_part_is_one_folder_and_what_is_new_in_it() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["x.md", "a/a.md", "a/old/b.md", "a/z.md", "b/c.md"] {
        write(dir.path(), path);
    }
    let options = options(dir.path());
    let watch = watch(&options);
    assert_eq!(part(&options, &watch, "", true).0, ["a/a.md", "a/old/b.md", "a/z.md", "b/c.md", "x.md"]);
    write(dir.path(), "a/new/deep/er/d.md");
    let (found, reach) = part(&options, &watch, "a", false);
    assert_eq!(found, ["a/a.md", "a/new/deep/er/d.md", "a/z.md"]);
    assert_eq!(reach.prefix(), Some("a/"));
    assert!(reach.covers(&doc("a/new/gone.md")) && !reach.covers(&doc("a/old/b.md")));
    // What was new is known now.
    assert_eq!(part(&options, &watch, "a", false).0, ["a/a.md", "a/z.md"]);
    assert_eq!(part(&options, &watch, "a/new/deep/er", false).0, ["a/new/deep/er/d.md"]);
    assert_eq!(part(&options, &watch, "a", true).0, ["a/a.md", "a/new/deep/er/d.md", "a/old/b.md", "a/z.md"]);
    assert_eq!(part(&options, &watch, "", false).0, ["x.md"]);
}

#[test]
fn a_folder_that_went_is_told_by_the_one_above() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["a/b/c/d.md", "a/e.md", "a/f/g.md"] {
        write(dir.path(), path);
    }
    let options = options(dir.path());
    let watch = watch(&options);
    part(&options, &watch, "", true);
    fs::remove_dir_all(dir.path().join("a/b")).unwrap();
    let (found, reach) = part(&options, &watch, "a/b/c", false);
    assert_eq!(found, ["a/e.md"]);
    assert_eq!(reach.prefix(), Some("a/"));
    assert!(reach.covers(&doc("a/b/c/d.md")) && !reach.covers(&doc("a/f/g.md")));
    // A file or a symlink in its place is no folder either.
    write(dir.path(), "a/b");
    assert_eq!(part(&options, &watch, "a/b/c", false).1.prefix(), Some("a/"));
    fs::remove_file(dir.path().join("a/b")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("a/f"), dir.path().join("a/b")).unwrap();
    assert_eq!(part(&options, &watch, "a/b/c", false).1.prefix(), Some("a/"));
}

#[test]
fn the_rules_from_above_hold_in_a_part() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["a/b/c.md", "a/b/skip.md", "a/out/d.md", "a/b/e.pdf", "a/b/node/f.md"] {
        write(dir.path(), path);
    }
    write_text(dir.path(), ".gitignore", "skip.md\n");
    write_text(dir.path(), "a/.kbsyncignore", "/out/\n");
    let options =
        ScanOptions { include: vec!["a/".to_owned()], exclude: vec!["node/".to_owned()], ..options(dir.path()) };
    let watch = watch(&options);
    assert_eq!(part(&options, &watch, "a/b", true).0, ["a/b/c.md", "a/b/e.pdf"]);
    for left_out in ["a/out", "a/b/node", "a/out/deeper"] {
        assert_eq!(part(&options, &watch, left_out, true), (vec![], Reach::default()), "{left_out}");
    }
}

#[test]
fn without_a_watch_a_part_is_all_that_is_below() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/b/c.md");
    write(dir.path(), "d.md");
    let found = Walk::part(&options(dir.path()), None, b"a", false).unwrap().count();
    assert_eq!(found, 1);
}

#[test]
fn part__link_to_a_folder_above_it__finds_what_the_whole_walk_finds() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["top.md", "real/x.md", "real/deep/er/y.md", "side/z.md"] {
        write(dir.path(), path);
    }
    let links = [("..", "real/up"), ("real", "l1"), ("../../..", "real/deep/er/top"), ("../side", "real/side")];
    for (target, link) in links {
        std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
    }
    let options = ScanOptions { follow_symlinks: true, ..options(dir.path()) };
    let documents = |walk: Walk| {
        let path = |found| if let Found::Document { path, .. } = found { Some(path.to_string()) } else { None };
        walk.filter_map(path).collect::<Vec<_>>()
    };
    let whole = documents(Walk::new(&options).unwrap());
    assert!(
        whole.contains(&"real/side/z.md".to_owned()) && !whole.iter().any(|path| path.contains("/up/")),
        "{whole:?}"
    );
    for folder in ["real", "real/deep", "real/deep/er", "side", "l1", "l1/deep"] {
        let walk = Walk::part(&options, None, folder.as_bytes(), true).unwrap();
        let prefix = format!("{folder}/");
        assert_eq!(walk.reach().prefix(), Some(&*prefix));
        let wanted: Vec<_> = whole.iter().filter(|path| path.starts_with(&prefix)).cloned().collect();
        assert_eq!(documents(walk), wanted, "{folder}");
    }
}
