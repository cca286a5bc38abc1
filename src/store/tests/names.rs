//! Names of the list that are not those that sources were given.

use super::{
    approvals::held,
    lists::{compare, listed, rewritten},
    *,
};

/// A source as a platform without renames shows it, under another name.
fn nameless(source: ListedSource, text: &str) -> ListedSource {
    ListedSource { text: text.to_owned(), name: None, nameless: true, ..source }
}

#[test]
fn known_id__another_name_where_nothing_can_be_renamed__is_a_stranger_once_it_was_listed_with_ours() {
    for listed_before in [true, false] {
        let (_folder, mut db) = new_db();
        ready(&mut db, "a.md", 1, "s1");
        ready(&mut db, "b.md", 2, "s2");
        let other = listed("s2", "b.md", 2, true);
        if listed_before {
            compare(&mut db, &[listed("s1", "a.md", 1, true), other.clone()]);
        }
        let page = [nameless(listed("s1", "a.md", 1, true), "Contract 2026.pdf"), other];
        compare(&mut db, &page);
        assert_eq!(db.ready_replica(&docs(), &path("a.md")).unwrap().is_none(), listed_before);
        compare(&mut db, &page);
        assert_eq!(live(&db, "a.md").is_none(), listed_before, "it is uploaded again");
        // What the platform has cut is ours still.
        let cut = nameless(listed("s2", "b.md", 2, true), "docs/b.md [default:0202");
        for _ in 0..2 {
            compare(&mut db, std::slice::from_ref(&cut));
        }
        assert_eq!(live(&db, "b.md"), Some(short(2)));
    }
}

#[test]
fn names__all_changed_at_once__nothing_is_uploaded_again_until_approved() {
    let (_folder, mut db) = new_db();
    let documents = ["a.md", "b.md", "c.md"];
    for (content, document) in (1..).zip(documents) {
        ready(&mut db, document, content, document);
    }
    let all = || (1..).zip(documents).map(|(content, document)| listed(document, document, content, true));
    compare(&mut db, &all().collect::<Vec<_>>());
    let slugs: Vec<_> = all().map(|source| rewritten(source.clone(), &format!("slug-{}", source.id))).collect();
    for _ in 0..4 {
        let report = compare(&mut db, &slugs);
        assert_eq!((report.lost, report.missing, live(&db, "a.md")), (0, 0, Some(short(1))));
        assert_eq!(db.misnamed().unwrap()[&docs()].0.len(), 3);
        assert!(db.ready_replica(&docs(), &path("a.md")).unwrap().is_none(), "it is not touched");
    }
    let but_one: Vec<_> = all().take(2).chain(slugs.iter().skip(2).cloned()).collect();
    assert_eq!((compare(&mut db, &but_one).lost, db.misnamed().unwrap()[&docs()].0.len()), (0, 1));
    compare(&mut db, &all().collect::<Vec<_>>());
    assert!(db.misnamed().unwrap().is_empty(), "the names are back");
    compare(&mut db, &slugs);
    db.note_guard(&docs(), Some(&held(&[("a.md", 1), ("b.md", 2)])), None).unwrap();
    db.approve(&docs()).unwrap();
    let report = compare(&mut db, &slugs);
    assert_eq!((report.lost, live(&db, "a.md"), db.misnamed().unwrap()[&docs()].0.len()), (2, None, 1));
}

#[test]
fn name__lost_again_after_another_upload__is_the_platforms_doing_and_held() {
    let (_folder, mut db) = new_db();
    let others = || (2..9).map(|content| listed(&format!("s{content}"), &format!("{content}.md"), content, true));
    for content in 2..9 {
        ready(&mut db, &format!("{content}.md"), content, &format!("s{content}"));
    }
    let titled = |id| rewritten(listed(id, "a.md", 1, true), "How to install");
    let mut page: Vec<_> = others().collect();
    for (id, expected) in [("s1", 0), ("t1", 1)] {
        ready(&mut db, "a.md", 1, id);
        page.push(titled(id));
        for _ in 0..4 {
            compare(&mut db, &page);
        }
        assert_eq!((live(&db, "a.md").is_some(), db.misnamed().unwrap().len()), (expected == 1, expected), "{id}");
    }
    db.note_guard(&docs(), Some(&held(&[("a.md", 1)])), None).unwrap();
    db.approve(&docs()).unwrap();
    compare(&mut db, &page);
    compare(&mut db, &page);
    assert_eq!((live(&db, "a.md"), db.misnamed().unwrap().len()), (None, 0), "approved");
}

#[test]
fn lost_state__source_under_way_has_a_name_that_was_rewritten__becomes_its_documents() {
    let (_folder, mut db) = new_db();
    let shown = |holds, content| {
        let source = ListedSource { filled: true, empty: false, ..listed("s1", "a.md", content, holds) };
        rewritten(source, &format!("docs/a.md%20[default:{}]", short(content)))
    };
    compare(&mut db, &[shown(false, 1)]);
    see(&mut db, "a.md", 1);
    let [found] = &db.begun_for_missing(&docs()).unwrap()[..] else { panic!("it is under way") };
    assert_eq!((found.path.as_str(), found.live), ("docs/a.md%20[default:010101010101]", short(1)));
    let of = RewrittenName { found: (docs(), found.clone()), of: (docs(), path("a.md")) };
    db.reassign_sources(&[of], NOW).unwrap();
    assert_eq!((phases(&db, "a.md"), db.begun_for_missing(&docs()).unwrap()), (vec![Phase::Uploading], vec![]));
    assert_eq!(compare(&mut db, &[shown(true, 1)]).added, 1);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(1)), vec![Phase::Ready]));
}

#[test]
fn begun_for_missing__document_is_here_or_was_named_so__is_none() {
    let (_folder, mut db) = new_db();
    begun(&mut db, "here.md", 1, "s1", Phase::Uploading);
    let named = begun(&mut db, "left.md", 2, "s2", Phase::Ingesting);
    db.forget(&docs(), &[path("left.md")]).unwrap();
    assert_eq!(db.begun_for_missing(&docs()).unwrap().len(), 1);
    db.named(named).unwrap();
    assert_eq!(db.begun_for_missing(&docs()).unwrap(), []);
}

#[test]
fn ids__all_changed_at_once__their_sources_are_no_strays_to_delete() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    compare(&mut db, &[listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true)]);
    let page = [listed("t1", "a.md", 1, true), listed("t2", "b.md", 2, true)];
    compare(&mut db, &page);
    assert!(db.strays(&docs()).unwrap().is_empty());
}

#[test]
fn id__twice_in_a_list_with_two_names__loses_and_deletes_nothing_and_is_named() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    let ours = [listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true)];
    let site =
        ListedSource { name: None, holds: false, empty: true, ..rewritten(listed("s1", "a.md", 1, true), "Site") };
    let [a, b] = ours.clone();
    for page in [vec![a.clone(), b.clone(), site.clone()], vec![site, a, b]] {
        for _ in 0..4 {
            let report = compare(&mut db, &page);
            assert_eq!((report.lost, report.emptied, report.misplaced.len()), (0, 0, 0));
        }
        assert_eq!(db.ready_replica(&docs(), &path("a.md")).unwrap(), None, "it is not ours to change");
        assert!(db.ready_replica(&docs(), &path("b.md")).unwrap().is_some());
        assert!(db.unready().unwrap()[0].2.contains("several sources with the id"), "{:?}", db.unready());
        // What takes its place leaves it where it is.
        ready(&mut db, "a.md", 3, "s3");
        let page = [page, vec![listed("s3", "a.md", 3, true)]].concat();
        compare(&mut db, &page);
        let retiring = db.under_way().unwrap().remove(0);
        assert!(retiring.missing && retiring.replica.phase == Phase::Retiring, "{retiring:?}");
        assert_eq!(db.undeleted().unwrap().len(), 1);
        // The other one is gone.
        compare(&mut db, &[&ours[..], &[listed("s3", "a.md", 3, true)]].concat());
        assert!(!db.under_way().unwrap()[0].missing && db.unready().unwrap().is_empty());
        db.drop_replica(retiring.replica.id).unwrap();
        db.drop_replica(db.ready_replica(&docs(), &path("a.md")).unwrap().unwrap().id).unwrap();
        ready(&mut db, "a.md", 1, "s1");
    }
}

#[test]
fn create_without_answer__the_platform_drops_folders_and_an_earlier_state_has_left_the_same__is_found() {
    let (_folder, mut db) = new_db();
    let shown = |id: &str, document| rewritten(listed(id, document, 1, false), "a.md [default:010101010101]");
    // The first list of a new state tells what is there under the name that it has, and nobody needs it.
    compare(&mut db, &[shown("s1", "sub/a.md")]);
    let [left] = &db.under_way().unwrap()[..] else { panic!("it is known") };
    assert_eq!(left.replica.path, path("a.md [default:010101010101]"));
    db.deleted(left.replica.id, NOW).unwrap();
    see(&mut db, "sub/a.md", 1);
    db.intend(&docs(), &path("sub/a.md"), short(1), NOW).unwrap();
    // A list that lags shows what was deleted.
    compare(&mut db, &[shown("s1", "sub/a.md")]);
    assert_eq!(phases(&db, "sub/a.md"), [Phase::Unknown]);
    compare(&mut db, &[shown("s2", "sub/a.md")]);
    assert_eq!(phases(&db, "sub/a.md"), [Phase::Created]);
}
