//! Folders whose content is replaced as a whole behind links, with the default config.

use std::{fs, os::unix::fs::symlink};

use crate::bench::Bench;

/// Makes a version the present one, and takes the one before away.
fn publish(bench: &Bench, link: &str, versions: &str, version: &str) {
    let link = bench.path("docs").join(link);
    let before = fs::read_link(&link).ok();
    let new = bench.path("docs/link.new");
    symlink(format!("{versions}{version}"), &new).unwrap();
    fs::rename(new, &link).unwrap();
    if let Some(before) = before {
        fs::remove_dir_all(link.parent().unwrap().join(before)).unwrap();
    }
}

#[tokio::test]
async fn version__is_replaced_behind_links__documents_keep_their_paths_and_none_is_deleted() {
    for follow_symlinks in [false, true] {
        let bench = Bench::new().await;
        bench.reconfigure("settle: 0s", &format!("settle: 0s\n    follow_symlinks: {follow_symlinks}"));
        let write = |version: &str| {
            for number in 0..12 {
                let text = format!("# Key {number}\n\nThis is version {version} of it.\n");
                bench.write(&format!("..{version}/k{number}.md"), &text);
                bench.write(&format!(".worktrees/{version}/docs/w{number}.md"), &text);
            }
            publish(&bench, "..data", "..", version);
            publish(&bench, "current", ".worktrees/", version);
        };
        write("2026_11_29_10_00.1");
        (0..12).for_each(|n| symlink(format!("..data/k{n}.md"), bench.path(&format!("docs/k{n}.md"))).unwrap());
        bench.synced().await.ended(0, &["24 documents: 24 added"]);
        let names = |number| [format!("docs/current/docs/w{number}.md"), format!("docs/k{number}.md")];
        let mut expected: Vec<_> = (0..12).flat_map(names).collect();
        expected.sort();
        assert_eq!(bench.hashes().await.into_keys().collect::<Vec<_>>(), expected);
        write("2026_11_29_10_05.2");
        bench.synced().await.ended(0, &["24 documents: 24 replaced"]).without(&["deleted", "skipped"]);
        assert_eq!(bench.hashes().await.into_keys().collect::<Vec<_>>(), expected);
        bench.quiet().await;
        bench.run(&["explain", "docs/k0.md"]).await.ended(0, &["it is a document", "in step"]);
    }
}
