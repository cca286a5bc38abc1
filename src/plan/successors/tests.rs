//! What becomes of documents that are gone, by what has newly come.

use super::*;
use crate::{
    model::{ContentHash, Fingerprint},
    plan::{Settling, Standing, Wanted},
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
    let fingerprint = Fingerprint { size, mtime_ns: 0, ctime_ns: 0, inode: 0 };
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

#[test]
fn pair_by_file__new_file_is_the_same_on_the_disk__is_the_successor() {
    let mut all = [gone("a.md", 5), gone("b.md", 5), gone("c.md", 5)];
    all[2].successor = Some((name("d"), path("x.md")));
    let (left, came) =
        ([(1, path("a.md")), (2, path("b.md")), (3, path("c.md"))], [(1, path("y.md")), (3, path("z.md"))]);
    pair_by_file(&name("c"), &mut all, &left, &came);
    let successors = all.map(|gone| gone.successor.map(|(_, path)| path.to_string()));
    assert_eq!(successors, [Some("y.md".to_owned()), None, Some("x.md".to_owned())]);
}

#[test]
fn judge__file_was_moved_over_another__is_waited_for_until_that_is_read() {
    let mut all = [gone("a.md", 500)];
    pair_by_file(&name("c"), &mut all, &[(1, path("a.md"))], &[(1, path("b.md"))]);
    let input = Gathered { rewriting: vec![path("b.md")], ..gathered("c") };
    assert_eq!(Successors::of(&[input], &[]).judge(&name("c"), &all), [pending("c", "b.md")]);
    assert_eq!(Successors::of(&[gathered("c")], &[]).judge(&name("c"), &all), [Succession::None], "it is as it was");
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
