//! The walk's order is the order of the keys, which merge-joins rely on.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn documents_come_in_the_order_of_their_keys(
        paths in prop::collection::btree_set("([a!/.\u{30}é-]{1,3}/){0,3}[a!.\u{30}é-]{1,3}", 0..40)
    ) {
        let dir = tempfile::tempdir().unwrap();
        for path in paths {
            let file = dir.path().join(path.replace("//", "/").trim_start_matches('/').replace("..", "a"));
            // A name that is a folder already, or goes through a file, cannot be made; the others do.
            let _ = fs::create_dir_all(file.parent().unwrap());
            let _ = fs::write(file, "x");
        }
        let include = vec!["*".to_owned()];
        let accepted = &["", "a", "!", "0", "é", "-", "aa"];
        let all = ScanOptions { include, accepted, gitignore: false, ..options(dir.path()) };
        let keys: Vec<DocPath> = walk(&all)
            .into_iter()
            .filter_map(|found| match found {
                Found::Document { path, .. } => Some(path),
                _ => None,
            })
            .collect();
        prop_assert!(keys.is_sorted(), "{:?}", keys);
    }
}

#[test]
fn a_folder_sorts_as_if_it_ended_in_a_slash() {
    let dir = tempfile::tempdir().unwrap();
    let sorted = ["a-.md", "a.md", "a.md0.md", "a/b.md", "a/z/c.md", "a0.md", "b.md/x.md", "b.md0.md"];
    sorted.iter().rev().for_each(|path| write(dir.path(), path));
    assert_eq!(walked(&options(dir.path())), sorted);
}

#[test]
fn a_tree_deeper_than_the_open_folders_is_walked_back_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut sorted = Vec::new();
    for depth in 0..200 {
        let folder = "d/".repeat(depth);
        for file in ["a.md", "z.md"] {
            write(dir.path(), &format!("{folder}{file}"));
            sorted.push(format!("{folder}{file}"));
        }
    }
    sorted.sort();
    assert_eq!(walked(&options(dir.path())), sorted);
}
