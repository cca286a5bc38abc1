//! The store against lists that differ from it.

use std::collections::BTreeSet;

use super::{approvals::held, *};
use crate::model::{Instance, Making, SourceName};

pub(super) fn listed(id: &str, document: &str, content: u8, holds: bool) -> ListedSource {
    let instance = Instance::new("default").unwrap();
    let name = SourceName { collection: docs(), path: path(document), instance, hash: short(content) };
    ListedSource {
        id: SourceId(id.to_owned()),
        text: name.to_string(),
        name: Some(name),
        nameless: false,
        holds,
        filled: false,
        done: false,
        empty: !holds,
        unready: None,
        created: None,
    }
}

pub(super) fn compare(db: &mut Db, page: &[ListedSource]) -> ListReport {
    compare_doubting(db, page, false)
}

/// The same, where another list of the pass was not believed.
pub(super) fn compare_doubting(db: &mut Db, page: &[ListedSource], doubted: bool) -> ListReport {
    compare_with(db, page, doubted, NOW)
}

/// The same at another time.
pub(super) fn compare_at(db: &mut Db, page: &[ListedSource], now: Moment) -> ListReport {
    compare_with(db, page, false, now)
}

fn compare_with(db: &mut Db, page: &[ListedSource], doubted: bool, now: Moment) -> ListReport {
    db.begin_list().unwrap();
    db.add_page(1, page).unwrap();
    let (instance, configured) = (Instance::new("default").unwrap(), BTreeSet::from([docs()]));
    let terms = Terms {
        instance,
        configured,
        crawled: BTreeSet::new(),
        making: Making::Empty,
        lookup: false,
        grace: GRACE,
        job_timeout: JOB_TIMEOUT,
        doubted,
        complete: true,
    };
    db.compare_list(&terms, now, 0).unwrap()
}

#[test]
fn a_source_of_any_name_is_there_where_names_tell_nothing() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    let other = ListedSource { name: None, nameless: true, ..listed("s1", "a.md", 1, true) };
    for _ in 0..2 {
        assert_eq!(compare(&mut db, std::slice::from_ref(&other)).missing, 0);
    }
    assert_eq!(phases(&db, "a.md"), [Phase::Ready]);
}

#[test]
fn repeats_list__sources_of_the_reading_before_are_missing__by_the_total_alone() {
    let (_folder, mut db) = new_db();
    db.begin_list().unwrap();
    db.add_page(1, &[listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true)]).unwrap();
    db.add_page(2, &[listed("s1", "a.md", 1, true)]).unwrap();
    for (total, expected) in [(None, false), (Some(1), false), (Some(2), true)] {
        assert_eq!(db.repeats_list(2, false, total).unwrap(), expected, "{total:?}");
    }
    db.add_page(3, &[listed("s1", "a.md", 1, true)]).unwrap();
    assert!(db.repeats_list(3, false, None).unwrap());
}

#[test]
fn a_lost_store_is_rebuilt_from_the_list() {
    let (_folder, mut db) = new_db();
    let page = [listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true), listed("s3", "c.md", 3, false)];
    let report = compare(&mut db, &page);
    assert_eq!((report.adopted, report.retired, report.ours), (2, 0, 3));
    assert_eq!((live(&db, "a.md"), live(&db, "b.md"), live(&db, "c.md")), (Some(short(1)), Some(short(2)), None));
    assert_eq!(phases(&db, "c.md"), [Phase::Uploading], "an empty one proves nothing");
    assert_eq!(compare(&mut db, &page), ListReport { adopted: 0, ..report });
}

#[test]
fn lost_store__source_is_done_and_does_not_tell_its_content__is_held_unless_others_tell() {
    let done = ListedSource { done: true, empty: false, ..listed("s1", "a.md", 1, false) };
    for (page, held) in [(vec![done.clone()], 1), (vec![done.clone(), listed("s2", "b.md", 2, true)], 0)] {
        let (_folder, mut db) = new_db();
        compare(&mut db, &page);
        assert_eq!(live(&db, "a.md"), (held == 1).then_some(short(1)));
        assert_eq!(db.has_shown_content().unwrap(), held == 0, "one that counts as held tells nothing of its content");
    }
}

#[test]
fn a_source_is_lost_when_two_lists_miss_it() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    let other = listed("s2", "b.md", 2, true);
    let without = std::slice::from_ref(&other);
    assert_eq!(compare(&mut db, without).lost, 0);
    compare(&mut db, &[listed("s1", "a.md", 1, true), other.clone()]);
    assert_eq!(compare(&mut db, without).lost, 0, "it was there in between");
    assert_eq!(compare(&mut db, without).lost, 1);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (None, vec![]));
}

#[test]
fn sources__all_missing_from_two_lists__are_not_lost_before_a_third() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    for lost in [0, 0, 2] {
        assert_eq!(compare(&mut db, &[]).lost, lost);
    }
}

#[test]
fn what_a_doubtful_list_missed_is_lost_when_another_pass_misses_it() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    let other = listed("s2", "b.md", 2, true);
    let without = std::slice::from_ref(&other);
    assert_eq!(compare(&mut db, without).missing, 1);
    let report = compare_doubting(&mut db, without, true);
    assert_eq!((report.missing, report.lost, live(&db, "a.md")), (1, 0, Some(short(1))));
    assert_eq!(compare(&mut db, without).lost, 1);
}

#[test]
fn a_source_that_was_renamed_by_hand_is_not_ours_any_more() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    compare(&mut db, &[rewritten(listed("s1", "a.md", 1, true), "My own title")]);
    assert_eq!(db.gone(&docs(), &path("a.md"), NOW).unwrap(), [], "nothing of it is deleted");
    assert!(db.under_way().unwrap()[0].missing);
    compare(&mut db, &[rewritten(listed("s1", "a.md", 1, true), "My own title")]);
    assert_eq!(phases(&db, "a.md"), []);
}

#[test]
fn a_source_that_one_list_left_out_is_not_forgotten_when_its_document_goes() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    compare(&mut db, &[]);
    assert_eq!(db.gone(&docs(), &path("a.md"), NOW).unwrap(), []);
    compare(&mut db, &[listed("s1", "a.md", 1, true)]);
    let under_way = db.under_way().unwrap();
    assert_eq!((under_way.len(), under_way[0].replica.phase, under_way[0].missing), (1, Phase::Retiring, false));
}

#[test]
fn a_source_that_was_renamed_by_hand_is_given_to_no_other_document() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    assert!(db.ready_replica(&docs(), &path("a.md")).unwrap().is_some());
    compare(&mut db, &[rewritten(listed("s1", "a.md", 1, true), "My own title")]);
    assert_eq!(db.ready_replica(&docs(), &path("a.md")).unwrap(), None);
}

#[test]
fn a_job_is_not_believed_whose_source_the_list_does_not_show() {
    let (_folder, mut db) = new_db();
    let old = begun(&mut db, "a.md", 1, "s1", Phase::Ingesting);
    // A store from yesterday: today another source is the document's.
    compare(&mut db, &[listed("s2", "a.md", 2, true)]);
    assert_eq!(db.ready(old, NOW).unwrap(), None);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(2)), vec![Phase::Ingesting, Phase::Ready]));
    compare(&mut db, &[listed("s2", "a.md", 2, true)]);
    assert_eq!(phases(&db, "a.md"), [Phase::Ready]);
}

#[test]
fn a_source_that_was_filled_after_the_store_was_saved_is_not_filled_again() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    let report = compare(&mut db, &[listed("s1", "a.md", 1, false), listed("s2", "a.md", 1, true)]);
    assert_eq!(report.added, 1);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(1)), vec![Phase::Ready, Phase::Retiring]));
}

#[test]
fn a_source_that_something_was_put_into_is_not_filled_again() {
    let (_folder, mut db) = new_db();
    see(&mut db, "a.md", 1);
    db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    compare(&mut db, &[ListedSource { filled: true, ..listed("s1", "a.md", 1, false) }]);
    assert_eq!(phases(&db, "a.md"), [Phase::Uploading]);
}

#[test]
fn what_was_given_up_goes_when_the_platform_has_had_its_time() {
    for (age, holds, phase) in [(9, false, Phase::Uploading), (10, false, Phase::Retiring), (99, true, Phase::Ready)] {
        let (_folder, mut db) = new_db();
        let id = begun(&mut db, "a.md", 1, "s1", Phase::Created);
        db.unanswered(id, Phase::Uploading, None, NOW - GRACE * age).unwrap();
        let given_up = db.under_way().unwrap().remove(0);
        assert!(given_up.unanswered);
        db.give_up(&given_up.replica, "no answer", NOW).unwrap();
        assert!(!db.under_way().unwrap()[0].unanswered, "a retry begins to count anew");
        assert_eq!(db.quarantined().unwrap().len(), 1);
        compare(&mut db, &[listed("s1", "a.md", 1, holds)]);
        assert_eq!((phases(&db, "a.md"), db.quarantined().unwrap().is_empty()), (vec![phase], holds));
    }
}

#[test]
fn what_was_begun_under_a_clock_that_was_ahead_is_not_waited_for_until_then() {
    let (_folder, mut db) = new_db();
    let id = begun(&mut db, "a.md", 1, "s1", Phase::Created);
    db.unanswered(id, Phase::Uploading, None, NOW + GRACE * 200).unwrap();
    compare(&mut db, &[listed("s1", "a.md", 1, false)]);
    assert_eq!(db.under_way().unwrap()[0].replica.since, NOW);
}

/// The same source with the name that a platform has made of its own.
pub(super) fn rewritten(source: ListedSource, text: &str) -> ListedSource {
    let name = SourceName::parse(text).filter(|name| name.instance.as_str() == "default");
    ListedSource { text: text.to_owned(), name, ..source }
}

#[test]
fn ready_source__empty_in_two_lists__is_put_again_once() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    let page = [listed("s1", "a.md", 1, false), listed("s2", "b.md", 2, true)];
    assert_eq!(compare(&mut db, &page).emptied, 1);
    assert_eq!(live(&db, "a.md"), Some(short(1)), "one list is not enough");
    compare(&mut db, &page);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (None, vec![Phase::Spoilt]));
    // The second upload is empty again: that is the document's own fault.
    let second = db.intend(&docs(), &path("a.md"), short(1), NOW).unwrap();
    db.created(second, &SourceId("s3".to_owned()), None, Phase::Created, NOW).unwrap();
    for retiring in db.ready(second, NOW).unwrap().unwrap() {
        db.deleted(retiring.id, NOW).unwrap();
    }
    let page = [listed("s3", "a.md", 1, false), listed("s2", "b.md", 2, true)];
    compare(&mut db, &page);
    compare(&mut db, &page);
    assert_eq!((live(&db, "a.md"), db.quarantined().unwrap().len()), (None, 1));
}

#[test]
fn ready_sources__all_empty_at_once__the_list_is_not_believed() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    for _ in 0..3 {
        compare(&mut db, &[listed("s1", "a.md", 1, false), listed("s2", "b.md", 2, false)]);
    }
    assert_eq!((live(&db, "a.md"), live(&db, "b.md")), (Some(short(1)), Some(short(2))));
}

#[test]
fn list_lags_behind_a_deletion__source_is_not_deleted_again() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    for retiring in db.gone(&docs(), &path("a.md"), NOW).unwrap() {
        db.deleted(retiring.id, NOW).unwrap();
    }
    let report = compare(&mut db, &[listed("s1", "a.md", 1, true)]);
    assert_eq!((report.adopted, report.retired, db.under_way().unwrap().len()), (0, 0, 0));
    assert!(db.strays(&docs()).unwrap().is_empty());
}

#[test]
fn source_of_another_machine__listed__is_left_alone_until_approved() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    let (ours, theirs) = (listed("s1", "a.md", 1, true), listed("s2", "b.md", 2, true));
    compare(&mut db, std::slice::from_ref(&ours));
    let page = [ours, theirs, listed("s3", "c.md", 3, true)];
    let report = compare(&mut db, &page[..2]);
    assert_eq!((report.adopted, report.retired), (0, 0));
    assert_eq!(db.strays(&docs()).unwrap().len(), 1);
    db.note_guard(&docs(), Some(&held(&[("b.md", 2)])), None).unwrap();
    assert!(!db.has_approved_strays().unwrap());
    db.approve(&docs()).unwrap();
    assert!(db.has_approved_strays().unwrap());
    assert_eq!(compare(&mut db, &page).retired, 1);
    assert_eq!(db.strays(&docs()).unwrap()[0].path, path("c.md"), "it has come since");
}

#[test]
fn source_of_another_machine__approved_and_the_only_version__stays_until_the_present_one_is_up() {
    // Also under a name that the platform has made of its document's.
    for shown in ["price  list.md", "price list.md", "Price-List"] {
        let (_folder, mut db) = new_db();
        ready(&mut db, "a.md", 1, "s1");
        let ours = listed("s1", "a.md", 1, true);
        compare(&mut db, std::slice::from_ref(&ours));
        see(&mut db, "price  list.md", 3);
        let page = [ours, listed("s2", shown, 2, true)];
        compare(&mut db, &page);
        db.note_guard(&docs(), Some(&held(&[(shown, 2)])), None).unwrap();
        db.approve(&docs()).unwrap();
        assert_eq!(compare(&mut db, &page).retired, 0, "{shown}");
        assert_eq!(live(&db, "price  list.md"), Some(short(2)), "{shown}");
        assert_eq!(phases(&db, "price  list.md"), [Phase::Ready], "{shown}");
        ready(&mut db, "price  list.md", 3, "s3");
        assert_eq!(phases(&db, "price  list.md"), [Phase::Retiring, Phase::Ready], "{shown}");
    }
}

#[test]
fn stray_with_wanted_content__is_taken_over_instead_of_uploaded() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    compare(&mut db, &[listed("s1", "a.md", 1, true)]);
    see(&mut db, "a.md", 2);
    compare(&mut db, &[listed("s1", "a.md", 1, true), listed("s2", "a.md", 2, true)]);
    let adopted = db.adopt_strays(&[(docs(), path("a.md"), short(2))], NOW).unwrap();
    assert_eq!((adopted.documents.len(), adopted.retiring.len()), (1, 1));
    assert_eq!(live(&db, "a.md"), Some(short(2)));
}

#[test]
fn sources_of_collections_that_nobody_knows_are_left_alone() {
    let (_folder, mut db) = new_db();
    let mut stranger = listed("s1", "a.md", 1, true);
    stranger.name.as_mut().unwrap().collection = CollectionName::new("theirs").unwrap();
    let report = compare(&mut db, &[stranger]);
    assert_eq!((report.adopted, report.retired), (0, 0));
    assert_eq!(report.strangers.get("theirs"), Some(&1));
}

#[test]
fn retiring_what_nothing_refers_to_is_limited() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s");
    let mut page: Vec<_> = (0..60).map(|i| listed(&format!("t{i}"), "a.md", 1, true)).collect();
    page.push(listed("s", "a.md", 1, true));
    for left in [40, 20, 0] {
        let report = compare(&mut db, &page);
        assert_eq!((report.retired, report.spare), (20, left), "what is left is told");
    }
}

#[test]
fn an_upload_whose_answer_was_lost_is_found_done() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    let new = begun(&mut db, "a.md", 2, "s2", Phase::Created);
    db.enter(new, Phase::Uploading, NOW).unwrap();
    let old = listed("s1", "a.md", 1, true);
    assert_eq!(compare(&mut db, &[old.clone(), listed("s2", "a.md", 2, false)]).replaced, 0);
    assert_eq!(compare(&mut db, &[old, listed("s2", "a.md", 2, true)]).replaced, 1);
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(2)), vec![Phase::Retiring, Phase::Ready]));
}

#[test]
fn a_store_from_yesterday_adopts_what_is_there_today() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    let report = compare(&mut db, &[listed("s2", "a.md", 2, true)]);
    assert_eq!((report.adopted, report.retired), (1, 0), "the only copy is not retired");
    assert_eq!((live(&db, "a.md"), phases(&db, "a.md")), (Some(short(2)), vec![Phase::Ready]));
}

#[test]
fn list__ids_belong_to_other_documents_of_ours__believes_their_names() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "a.md", 1, "s1");
    ready(&mut db, "b.md", 2, "s2");
    let report = compare(&mut db, &[listed("s2", "a.md", 1, true), listed("s1", "b.md", 2, true)]);
    assert_eq!((report.adopted, report.lost, report.strangers.len()), (2, 0, 0));
    for (document, content, source) in [("a.md", 1, "s2"), ("b.md", 2, "s1")] {
        let replica = db.ready_replica(&docs(), &path(document)).unwrap().expect("it is held");
        assert_eq!((replica.hash, replica.source), (short(content), Some(SourceId(source.to_owned()))));
    }
}

#[test]
fn list__ready_sources_missing_again_after_another_upload__are_quarantined() {
    let (_folder, mut db) = new_db();
    ready(&mut db, "z.md", 9, "z");
    let shown = [listed("z", "z.md", 9, true)];
    for round in 0..2 {
        for (content, name) in [(1, "a.md"), (2, "b.md"), (3, "c.md")] {
            ready(&mut db, name, content, &format!("{name} {round}"));
        }
        compare(&mut db, &shown);
        assert!(db.quarantined().unwrap().is_empty(), "{round}");
        assert_eq!((compare(&mut db, &shown).lost, live(&db, "a.md")), (3, None), "{round}");
    }
    let quarantined = db.quarantined().unwrap();
    assert_eq!(quarantined.len(), 3);
    assert!(quarantined[0].2.contains("its list does not show it, again"), "{quarantined:?}");
}
