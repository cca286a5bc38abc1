//! Folders of which something else has taken the place: what was in them is kept, and named.

use std::{fs, os::unix::fs::symlink, path::Path};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::bench::Bench;

/// Twenty documents, and two more in a folder, which is moved out of the collection.
async fn without_its_folder() -> Bench {
    let bench = Bench::new().await;
    bench.write_many(20);
    bench.write("a/b/1.md", "# One\n");
    bench.write("a/2.md", "# Two\n");
    bench.synced().await;
    fs::rename(bench.path("docs/a"), bench.path("elsewhere")).unwrap();
    bench.running.requests().reset();
    bench
}

#[tokio::test]
async fn folder__something_else_takes_its_place__what_was_in_it_is_kept_and_named() {
    let bench = without_its_folder().await;
    let elsewhere = bench.path("elsewhere");
    type Makes<'a> = &'a dyn Fn(&Path);
    let other: [(&str, Makes<'_>); 5] = [
        ("it is a symlink", &|place| symlink(&elsewhere, place).unwrap()),
        ("it is a symlink", &|place| symlink("../elsewhere", place).unwrap()),
        ("it is a symlink", &|place| symlink("nothing", place).unwrap()),
        ("it is a file", &|place| fs::write(place, "text").unwrap()),
        ("it is not a regular file", &|place| mknodat(CWD, place, FileType::Fifo, Mode::RWXU, 0).unwrap()),
    ];
    let place = bench.path("docs/a");
    for (what, make) in other {
        make(&place);
        let words = ["docs/a: it was a folder with documents", what, "kept: 2 of 22 documents of docs", "exclude"];
        bench.sync().await.ended(3, &words);
        bench.run(&["plan"]).await.ended(3, &words[1..3]);
        fs::remove_file(&place).unwrap();
    }
    // Where symlinks are followed, one that leads out of the folder or to nothing is none that is.
    bench.reconfigure("    settle: 0s\n", "    settle: 0s\n    follow_symlinks: true\n");
    for (target, what) in [("../elsewhere", "out of the collection's folder"), ("nothing", "a symlink to nothing")] {
        symlink(target, &place).unwrap();
        bench.sync().await.ended(3, &[what, "kept: 2 of 22"]);
        fs::remove_file(&place).unwrap();
    }
    assert_eq!(bench.running.requests().mutating(), 0);
    fs::rename(&elsewhere, &place).unwrap();
    bench.quiet().await;
}

#[tokio::test]
async fn folder__something_else_takes_its_place__what_else_is_gone_is_deleted() {
    let bench = without_its_folder().await;
    symlink(bench.path("elsewhere"), bench.path("docs/a")).unwrap();
    bench.remove("001.md");
    bench.sync().await.ended(3, &["1 deleted", "kept: 2 of 22"]);
    // To exclude the folder is to allow the deletions.
    bench.reconfigure("    settle: 0s\n", "    settle: 0s\n    exclude: [/a/]\n");
    bench.synced().await.ended(0, &["2 deleted"]);
}

#[tokio::test]
async fn folder__moved_within_the_collection_with_a_symlink_in_its_place__is_renamed() {
    let bench = without_its_folder().await;
    fs::rename(bench.path("elsewhere"), bench.path("docs/new")).unwrap();
    symlink("new", bench.path("docs/a")).unwrap();
    bench.synced().await;
    let held = bench.ours().await;
    assert!(held.contains_key("docs/new/b/1.md") && !held.contains_key("docs/a/b/1.md"), "{:?}", held.keys());
}

#[tokio::test]
async fn file__a_symlink_takes_its_place__is_kept_and_named() {
    let bench = without_its_folder().await;
    fs::rename(bench.path("elsewhere"), bench.path("docs/a")).unwrap();
    fs::rename(bench.path("docs/a/2.md"), bench.path("two.md")).unwrap();
    symlink(bench.path("two.md"), bench.path("docs/a/2.md")).unwrap();
    bench.sync().await.ended(3, &["skipped docs/a/2.md: it is a symlink", "the platform keeps the older version"]);
    assert_eq!(bench.running.requests().mutating(), 0);
}
