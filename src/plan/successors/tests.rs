//! What becomes of documents that are gone, by what has newly come.

use super::*;
use crate::{
    model::{ContentHash, Fingerprint},
    plan::{Action, Files, Policy, Settling, Standing, Wanted},
};

fn name(name: &str) -> CollectionName {
    CollectionName::new(name).unwrap()
}

fn path(path: &str) -> DocPath {
    DocPath::new(path).unwrap()
}

fn gone(document: &str, size: u64) -> Gone {
    Gone {
        path: path(document),
        live: ContentHash([1; 32]).short(),
        size,
        min_hash: None,
        made_here: true,
        successor: None,
        overdue: false,
    }
}

fn wanted(document: &str, size: u64) -> Wanted {
    let fingerprint = Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
    Wanted { path: path(document), fingerprint, hash: ContentHash([2; 32]), min_hash: None, replaces: false }
}

fn gathered(collection: &str) -> Gathered {
    Gathered { held_by_platform: 9, ..Gathered::new(&name(collection), Standing::default()) }
}

fn pending(collection: &str, document: &str) -> Succession {
    Succession::Pending(Some((name(collection), path(document))))
}

#[test]
fn judge__new_document__is_waited_for_where_it_may_be_the_successor() {
    for (old, new, likely) in [
        (gone("guide/t0.md", 500), wanted("handbook/t0.md", 9_000), true),
        (gone("guide/T0.md", 500), wanted("handbook/t0.md", 9_000), true),
        (gone("a.md", 500), wanted("new-a.md", 9_000), true),
        (gone("install_guide_v1.md", 500), wanted("docs/install-guide-v2.md", 9_000), true),
        (gone("alpha.md", 1_000), wanted("zebra.md", 1_040), true),
        (gone("alpha.md", 1_000), wanted("zebra.md", 9_000), false),
        (gone("secret.md", 1_000), wanted("menu-of-the-week.md", 30), false),
    ] {
        let input = [Gathered { wanted: vec![new.clone()], ..gathered("c") }];
        let fate = Successors::of(&input, &[]).judge(&name("c"), std::slice::from_ref(&old));
        let expected = if likely { pending("c", new.path.as_str()) } else { Succession::None };
        assert_eq!(fate, [expected], "{} and {}", old.path, new.path);
    }
}

#[test]
fn judge__namesake_of_a_document_that_has_moved__waits_unless_their_words_differ() {
    let words = |text: &str| {
        let words: String = (0..80).map(|n| format!("{text}{n} ")).collect();
        MinHash::of(words.as_bytes()).map(Box::new)
    };
    for (old_words, new_words, name_of_new, expected) in [
        (None, None, "moved/a.md", pending("c", "moved/a.md")),
        (words("x"), None, "moved/A.md", pending("c", "moved/A.md")),
        (words("x"), words("x"), "moved/a.md", pending("c", "moved/a.md")),
        (words("x"), words("y"), "moved/a.md", Succession::None),
        (None, None, "moved/zebra.md", Succession::None),
    ] {
        let old = Gone { min_hash: old_words, ..gone("x/a.md", 500) };
        let new = Wanted { min_hash: new_words, ..wanted(name_of_new, 500) };
        let to = (name("c"), new.path.clone());
        let moved = NewMove { away: name("d"), from: gone("y/a.md", 500), to, edited: true };
        let input = [Gathered { wanted: vec![new], ..gathered("c") }];
        assert_eq!(Successors::of(&input, &[moved]).judge(&name("c"), &[old]), [expected], "{name_of_new}");
    }
}

#[test]
fn successor__unread_page__has_the_last_part_of_the_address() {
    for (gone, unread, likely) in [
        ("https://a.com/v1/install.html", "https://a.com/v2/install.html", true),
        ("https://a.com/v1/install/", "https://b.com/v2/Install", true),
        ("https://a.com/v1/install.html", "https://a.com/v1/configure.html", false),
        ("https://a.com/v1/?page=1", "https://a.com/v1?page=2", false),
        ("https://a.com/", "https://b.com/", false),
        ("v1/install.html", "https://a.com/v1/install.html", false),
    ] {
        let unread = path(unread);
        let pages = UnreadPages::new([&unread].into_iter());
        assert_eq!(pages.successor(&path(gone)), Some(&unread).filter(|_| likely), "{gone} and {unread}");
    }
}

#[test]
fn judge__replaced_documents__are_no_successors() {
    let edited = Wanted { replaces: true, ..wanted("b/a.md", 500) };
    let input = [Gathered { wanted: vec![edited], ..gathered("c") }];
    assert_eq!(Successors::of(&input, &[]).judge(&name("c"), &[gone("a.md", 500)]), [Succession::None]);
}

#[test]
fn judge__settling_file__is_waited_for() {
    let settling = vec![Settling { path: path("new/a0.md"), size: 7, soon: false }];
    let input = [Gathered { settling, ..gathered("c") }];
    assert_eq!(Successors::of(&input, &[]).judge(&name("c"), &[gone("old/a0.md", 500)]), [pending("c", "new/a0.md")]);
    assert_eq!(Successors::of(&input, &[]).judge(&name("c"), &[gone("old/zebra.md", 500)]), [Succession::None]);
}

#[test]
fn judge__known_successor_is_written_all_the_time__is_waited_for_whatever_its_name() {
    let settling = vec![Settling { path: path("retrospective.md"), size: 7, soon: false }];
    let input = [Gathered { settling, ..gathered("c") }];
    let judge =
        |successor| Successors::of(&input, &[]).judge(&name("c"), &[Gone { successor, ..gone("meeting.md", 500) }]);
    assert_eq!(judge(None), [Succession::None]);
    let known = |document| Some((name("c"), path(document)));
    assert_eq!(judge(known("retrospective.md")), [pending("c", "retrospective.md")]);
    assert_eq!(judge(known("other.md")), [Succession::None]);
}

#[test]
fn judge__files_keep_coming__is_waited_for_those_that_were_there_alone() {
    let new = [wanted("alpine.md", 500), wanted("zebra.md", 505)];
    let settling = vec![Settling { path: path("alpha-2.md"), size: 500, soon: true }];
    let input = [Gathered { wanted: new.to_vec(), settling: settling.clone(), ..gathered("c") }];
    let known = |document| Some((name("c"), path(document)));
    let one = |successor, overdue| Gone { successor, overdue, ..gone("alpha.md", 500) };
    let all = Successors::of(&input, &[]);
    let judge = |gone| all.judge(&name("c"), &[gone]);
    assert_eq!(judge(one(None, false)), [pending("c", "alpha-2.md")]);
    assert_eq!(judge(one(None, true)), [pending("c", "alpine.md")]);
    assert_eq!(judge(one(known("alpha.md"), true)), [pending("c", "alpine.md")], "it has waited for any");
    assert_eq!(judge(one(known("zebra.md"), true)), [pending("c", "zebra.md")]);
    assert_eq!(judge(one(known("ready.md"), true)), [Succession::None]);
    let input = [Gathered { settling, ..gathered("c") }];
    let all = Successors::of(&input, &[]);
    let judge = |overdue| all.judge(&name("c"), &[Gone { overdue, ..gone("secret.md", 9) }]);
    assert_eq!((judge(false), judge(true)), (vec![Succession::Unread], vec![Succession::None]));
}

/// What a file of this number looks like, made at this time.
fn file(inode: u64, born_ns: Option<i64>) -> Fingerprint {
    Fingerprint { inode, born_ns, ..wanted("x", 9_000).fingerprint }
}

/// Collections on the disk 1, one with what left and one with what came, each a file that was made at one time.
fn files(left: &[(u64, &str)], came: &[(u64, &str)]) -> [Gathered; 2] {
    let all = |files: &[(u64, &str)]| files.iter().map(|(number, to)| (file(*number, Some(1)), path(to))).collect();
    let gone = left.iter().map(|(_, document)| gone(document, 500)).collect();
    let on_disk = |left: &[_], came: &[_]| Files { device: Some(1), left: all(left), came: all(came) };
    [
        Gathered { files: on_disk(left, &[]), gone, ..gathered("c") },
        Gathered { files: on_disk(&[], came), ..gathered("d") },
    ]
}

/// What each document that is gone has become by its file.
fn paired(mut gathered: [Gathered; 2]) -> Vec<Option<String>> {
    pair_by_file(&mut gathered);
    let successor = |gone: &Gone| gone.successor.as_ref().map(|(of, path)| format!("{of}/{path}"));
    gathered[0].gone.iter().map(successor).collect()
}

#[test]
fn pair_by_file__new_file_is_the_same_on_the_disk__is_the_successor() {
    let all = || files(&[(1, "a.md"), (2, "b.md"), (3, "c.md")], &[(1, "y.md"), (3, "z.md")]);
    let mut known = all();
    known[0].gone[2].successor = Some((name("d"), path("x.md")));
    assert_eq!(paired(known), [Some("d/y.md".to_owned()), None, Some("d/x.md".to_owned())]);
    let mut elsewhere = all();
    elsewhere[1].files.device = Some(2);
    assert_eq!(paired(elsewhere), [None, None, None]);
}

#[test]
fn pair_by_file__read_at_once_in_another_collection__is_waited_for_whatever_its_name_and_words() {
    let [old, new] = files(&[(7, "one.md")], &[]);
    let came = Wanted { fingerprint: file(7, Some(1)), ..wanted("came.md", 9_000) };
    let all = [old, Gathered { wanted: vec![came.clone()], ..new }];
    assert_eq!(paired(all.clone()), [Some("d/came.md".to_owned())]);
    let policy = Policy { max_deletes: 10, max_delete_percent: 10, never: false };
    let plan = crate::plan::assemble(all.to_vec(), &[], &policy);
    assert_eq!((plan.waiting.len(), plan.actions.len()), (1, 1), "{plan:?}");
    // It may also take over the source of another one that is gone, if that is still there.
    let mut renamed = all.to_vec();
    renamed[0].gone.push(Gone { live: came.hash.short(), ..gone("twin.md", 500) });
    let plan = crate::plan::assemble(renamed, &[], &policy);
    assert!(matches!(plan.actions[..], [Action::Rename { .. }]), "{plan:?}");
    assert_eq!(plan.waiting.len(), 1);
    // A later look has seen it beside nothing, and it is not up yet.
    let successor = Some((name("d"), path("came.md")));
    let later = Gathered { wanted: vec![came], known: [path("came.md")].into(), ..gathered("d") };
    let waited = Gone { successor, ..gone("one.md", 500) };
    assert_eq!(Successors::of(&[later], &[]).judge(&name("c"), &[waited]), [pending("d", "came.md")]);
}

#[test]
fn pair_by_file__number_was_free_and_is_given_to_a_new_file__is_no_successor() {
    let of_c = Some("c/new.md".to_owned());
    let of_d = Some("d/new.md".to_owned());
    // Where the disk does not tell when files were made, a new one that is read may be another file, and so may one elsewhere.
    for (old, new, read, unread, elsewhere) in [
        (Some(1), Some(1), of_c.clone(), of_c.clone(), of_d),
        (Some(1), Some(2), None, None, None),
        (Some(1), None, None, of_c.clone(), None),
        (None, Some(1), None, of_c.clone(), None),
        (None, None, None, of_c, None),
    ] {
        let left = || {
            let [old_place, new_place] = files(&[], &[]);
            let files = Files { left: vec![(file(7, old), path("old.md"))], ..old_place.files };
            [Gathered { files, gone: vec![gone("old.md", 500)], ..gathered("c") }, new_place]
        };
        let came = || Wanted { fingerprint: file(7, new), ..wanted("new.md", 9_000) };
        let [mut one, mut other, mut third] = [left(), left(), left()];
        one[0].wanted.push(came());
        other[0].files.came.push((file(7, new), path("new.md")));
        third[1].wanted.push(came());
        let found = [paired(one), paired(other), paired(third)].map(|mut found| found.remove(0));
        assert_eq!(found, [read, unread, elsewhere], "{old:?} {new:?}");
    }
}

#[test]
fn judge__file_was_moved_over_another__is_waited_for_until_that_is_read() {
    let mut all = files(&[(1, "a.md")], &[(1, "b.md")]);
    pair_by_file(&mut all);
    let gone = &all[0].gone;
    let input = Gathered { rewriting: vec![path("b.md")], ..gathered("d") };
    assert_eq!(Successors::of(&[input], &[]).judge(&name("c"), gone), [pending("d", "b.md")]);
    assert_eq!(Successors::of(&[gathered("d")], &[]).judge(&name("c"), gone), [Succession::None], "it is as it was");
}

#[test]
fn judge__successor_failed__only_where_it_came_when_the_document_went() {
    let input = [Gathered { failed: vec![path("report-2.pdf")], ..gathered("c") }];
    let judge = |old| Successors::of(&input, &[]).judge(&name("c"), &[old]);
    assert_eq!(judge(gone("report-1.pdf", 500)), [Succession::None], "it had failed before");
    let successor = Some((name("c"), path("report-2.pdf")));
    let waited = Gone { successor, ..gone("report-1.pdf", 500) };
    assert_eq!(judge(waited), [Succession::Failed(path("report-2.pdf"))]);
}

#[test]
fn judge__moved_to_another_collection__is_found_by_its_file_name() {
    let input = [gathered("old"), Gathered { wanted: vec![wanted("x/a.md", 9_000)], ..gathered("new") }];
    let successors = Successors::of(&input, &[]);
    assert_eq!(successors.judge(&name("old"), &[gone("a.md", 500)]), [pending("new", "x/a.md")]);
    assert_eq!(successors.judge(&name("old"), &[gone("new-a.md", 9_000)]), [Succession::None]);
}

#[test]
fn judge__moved_to_another_collection_and_not_read_yet__is_found_by_its_size() {
    for (size, verdict) in [(500, pending("new", "x/b.md")), (501, Succession::None)] {
        let settling = vec![Settling { path: path("x/b.md"), size, soon: false }];
        let input = [gathered("old"), Gathered { settling, ..gathered("new") }];
        assert_eq!(Successors::of(&input, &[]).judge(&name("old"), &[gone("a.md", 500)]), [verdict]);
    }
}

#[test]
fn succession__documents_that_were_seen_beside_it__are_no_successors() {
    let mut input = [gathered("c")];
    input[0].wanted = vec![Wanted { path: path("new/a0.md"), ..wanted("x", 7) }];
    let judge = |input: &[Gathered]| Successors::of(input, &[]).judge(&name("c"), &[gone("old/a0.md", 7)]);
    assert!(matches!(judge(&input)[..], [Succession::Pending(_)]));
    input[0].known.insert(path("new/a0.md"));
    assert_eq!(judge(&input), [Succession::None]);
}

#[test]
fn judge__moved_over_another_and_edited__is_waited_for_by_its_words_or_its_file() {
    let words = |text: &str, edited: bool| {
        let word = |n| if edited && n % 10 == 0 { format!("edited{n} ") } else { format!("{text}{n} ") };
        MinHash::of((0..80).map(word).collect::<String>().as_bytes()).map(Box::new)
    };
    let known = || Some((name("c"), path("x/b.md")));
    for (old, successor, new, expected) in [
        (words("a", false), None, words("a", true), pending("c", "x/b.md")),
        (words("a", false), None, words("b", true), Succession::None),
        (None, None, words("a", true), Succession::None),
        (None, known(), None, pending("c", "x/b.md")),
        (None, Some((name("c"), path("x/c.md"))), None, Succession::None),
    ] {
        let edited = Wanted { replaces: true, min_hash: new.clone(), ..wanted("x/b.md", 9_000) };
        let input = [Gathered { wanted: vec![edited], ..gathered("c") }];
        let gone = Gone { min_hash: old.clone(), successor: successor.clone(), ..gone("a.md", 500) };
        let judged = Successors::of(&input, &[]).judge(&name("c"), &[gone]);
        assert_eq!(judged, [expected], "{} {successor:?} {}", old.is_some(), new.is_some());
    }
}
