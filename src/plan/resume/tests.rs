//! What a pass makes of what was left under way.

use std::collections::BTreeSet;

use super::*;
use crate::{
    model::{ContentHash, Fingerprint, ReplicaId},
    plan::{Gone, Wanted},
};

fn replica(phase: Phase, content: u8) -> Replica {
    Replica {
        id: ReplicaId(1),
        collection: CollectionName::new("c").unwrap(),
        path: DocPath::new("a").unwrap(),
        hash: ContentHash([content; 32]).short(),
        phase,
        since: Moment(0),
        source: None,
        job: None,
    }
}

fn put(path: &str, content: u8) -> Plan {
    let fingerprint = Fingerprint { size: 1, mtime_ns: 0, ctime_ns: 0, inode: 0, born_ns: None };
    let hash = ContentHash([content; 32]);
    let wanted = Wanted { path: DocPath::new(path).unwrap(), fingerprint, hash, min_hash: None, replaces: false };
    let collection = CollectionName::new("c").unwrap();
    Plan { actions: vec![Action::Put { collection, wanted }], ..Plan::default() }
}

const NOW: Moment = Moment(1_000_000_000);
const TERMS: Terms = Terms { listed: true, never: false, grace: Duration::from_secs(30) };

fn at_work(replicas: Vec<Replica>, besides: Besides, plan: &mut Plan) -> Resume {
    plan.seen.insert(CollectionName::new("c").unwrap());
    let under_way = replicas.into_iter().map(|replica| under_way(replica, besides));
    resume(under_way.collect(), plan, TERMS, NOW)
}

fn under_way(replica: Replica, besides: Besides) -> UnderWay {
    UnderWay { replica, besides, unanswered: true, missing: false, was_ready: false, retry_at: None }
}

#[test]
fn every_phase_has_its_way_on() {
    let elsewhere = "b";
    // Phase, what the plan puts, then: deleted, retired, followed, uploaded, open, puts left in the plan.
    for (phase, (path, content), expected) in [
        (Phase::Retiring, ("a", 1), (1, 0, 0, 0, false, 1)),
        (Phase::Intent, ("a", 1), (0, 0, 0, 0, true, 0)),
        (Phase::Unknown, ("a", 1), (0, 0, 0, 0, true, 0)),
        (Phase::Unknown, ("a", 2), (0, 0, 0, 0, true, 1)),
        (Phase::Created, ("a", 1), (0, 0, 0, 1, false, 1)),
        (Phase::Created, ("a", 2), (0, 1, 0, 0, false, 1)),
        (Phase::Created, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
        (Phase::Uploading, ("a", 1), (0, 0, 0, 0, false, 1)),
        (Phase::Uploading, ("a", 2), (0, 0, 0, 0, false, 1)),
        (Phase::Uploading, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
        (Phase::Spoilt, ("a", 1), (0, 0, 0, 0, false, 1)),
        (Phase::Spoilt, (elsewhere, 1), (0, 1, 0, 0, false, 1)),
        (Phase::Ingesting, ("a", 1), (0, 0, 1, 0, false, 0)),
        (Phase::Ingesting, ("a", 2), (0, 0, 0, 0, false, 1)),
        (Phase::Ingesting, (elsewhere, 1), (0, 0, 1, 0, true, 1)),
    ] {
        let mut plan = put(path, content);
        let resume = at_work(vec![replica(phase, 1)], Besides::Held, &mut plan);
        let Resume { delete, retire, follow, upload, open, .. } = resume;
        let got = (delete.len(), retire.len(), follow.len(), upload.len(), open, plan.actions.len());
        assert_eq!(got, expected, "{phase:?}, the plan puts {path} with content {content}");
    }
}

#[test]
fn replicas_under_way__no_list_was_read__are_followed_or_left_to_one() {
    // Phase, whether the plan puts its document, then: followed, uploaded, retired, since when to wait, puts left.
    for (phase, planned, expected) in [
        (Phase::Ingesting, true, (1, 0, 0, None, 0)),
        (Phase::Ingesting, false, (1, 0, 0, None, 0)),
        (Phase::Created, true, (0, 1, 0, None, 1)),
        (Phase::Created, false, (0, 0, 0, None, 0)),
        (Phase::Intent, true, (0, 0, 0, Some(Moment(0)), 0)),
        (Phase::Unknown, false, (0, 0, 0, Some(Moment(0)), 0)),
        (Phase::Uploading, true, (0, 0, 0, Some(Moment(0)), 0)),
        (Phase::Uploading, false, (0, 0, 0, None, 0)),
    ] {
        let mut plan = if planned { put("a", 1) } else { Plan::default() };
        let one = under_way(replica(phase, 1), Besides::NotHeld);
        let resume = resume(vec![one], &mut plan, Terms { listed: false, ..TERMS }, NOW);
        let Resume { follow, upload, retire, open, wait_since, .. } = resume;
        let got = (follow.len(), upload.len(), retire.len(), wait_since, plan.actions.len());
        assert_eq!(got, expected, "{phase:?}, planned: {planned}");
        assert_eq!(open, wait_since.is_some(), "{phase:?}, planned: {planned}: only a list can tell");
    }
}

#[test]
fn what_the_last_list_did_not_show_is_left_alone() {
    for phase in [Phase::Created, Phase::Uploading, Phase::Spoilt, Phase::Ingesting] {
        for (content, puts) in [(1, 0), (2, 1)] {
            let mut plan = put("a", content);
            let one = UnderWay { missing: true, ..under_way(replica(phase, 1), Besides::Held) };
            assert_eq!(resume(vec![one], &mut plan, TERMS, NOW), Resume::default(), "{phase:?}");
            assert_eq!(plan.actions.len(), puts, "{phase:?}: the same is not begun twice");
        }
    }
}

#[test]
fn what_was_begun_stays_while_its_folder_is_not_seen() {
    for (besides, retired) in [(Besides::Nothing, 0), (Besides::NotHeld, 0), (Besides::Unwanted, 0), (Besides::Held, 1)]
    {
        for (phase, was_ready) in [(Phase::Uploading, false), (Phase::Spoilt, true)] {
            let one = UnderWay { was_ready, ..under_way(replica(phase, 1), besides) };
            let resume = resume(vec![one], &mut Plan::default(), TERMS, NOW);
            assert_eq!(resume.retire.len(), retired, "{phase:?}, {besides:?}");
        }
    }
}

#[test]
fn upload__its_file_changed_on_the_way_and_is_gone__goes_in_a_pass_over_a_part() {
    for (besides, retired) in [(Besides::Nothing, 1), (Besides::NotHeld, 0)] {
        let one = under_way(replica(Phase::Spoilt, 1), besides);
        assert_eq!(resume(vec![one], &mut Plan::default(), TERMS, NOW).retire.len(), retired, "{besides:?}");
    }
}

#[test]
fn upload__of_a_file_that_cannot_be_synced_any_more__goes_where_it_was_never_held() {
    let seen = || Plan { seen: BTreeSet::from([CollectionName::new("c").unwrap()]), ..Plan::default() };
    for (besides, retired) in [(Besides::NotHeld, 0), (Besides::Unwanted, 1)] {
        for phase in [Phase::Uploading, Phase::Spoilt] {
            let resume = resume(vec![under_way(replica(phase, 1), besides)], &mut seen(), TERMS, NOW);
            assert_eq!(resume.retire.len(), retired, "{phase:?}, {besides:?}");
        }
    }
    let one = under_way(replica(Phase::Retiring, 1), Besides::Unwanted);
    assert_eq!(resume(vec![one], &mut seen(), TERMS, NOW).delete.len(), 1);
    // Only a list tells whether the platform holds it, and another one takes it for held.
    for (besides, listed, expected) in [
        (Besides::Unwanted, false, (0, false)),
        (Besides::MayBeHeld, false, (0, false)),
        (Besides::MayBeHeld, true, (0, true)),
    ] {
        let one = under_way(replica(Phase::Uploading, 1), besides);
        let resume = resume(vec![one], &mut seen(), Terms { listed, ..TERMS }, NOW);
        assert_eq!((resume.retire.len(), resume.open), expected, "{besides:?}, listed: {listed}");
    }
}

#[test]
fn a_deletion_that_was_decided_is_made_while_it_is_still_wanted() {
    let seen = || Plan { seen: BTreeSet::from([CollectionName::new("c").unwrap()]), ..Plan::default() };
    // Whether the folder was seen, and nothing is ever deleted; then what is deleted, and what unless it is back.
    for (besides, plan, never, expected) in [
        (Besides::Nothing, seen(), false, (0, 1)),
        (Besides::Nothing, Plan::default(), false, (0, 1)),
        (Besides::Nothing, seen(), true, (0, 0)),
        (Besides::Elsewhere, seen(), true, (0, 1)),
        (Besides::Elsewhere, Plan::default(), false, (0, 1)),
        (Besides::Held, Plan::default(), true, (1, 0)),
        (Besides::NotHeld, seen(), false, (1, 0)),
        (Besides::NotHeld, Plan::default(), false, (0, 0)),
        (Besides::NotHeld, Plan { seen: seen().seen, ..put("a", 2) }, false, (0, 0)),
    ] {
        let one = under_way(replica(Phase::Retiring, 1), besides);
        let Resume { delete, finish, .. } = resume(vec![one], &mut plan.clone(), Terms { never, ..TERMS }, NOW);
        assert_eq!((delete.len(), finish.len()), expected, "{besides:?}, never {never}, {plan:?}");
    }
}

#[test]
fn what_was_ready_goes_when_the_next_one_is_ready() {
    let one = UnderWay { was_ready: true, ..under_way(replica(Phase::Retiring, 1), Besides::NotHeld) };
    let mut plan = Plan { seen: BTreeSet::from([CollectionName::new("c").unwrap()]), ..Plan::default() };
    assert_eq!(resume(vec![one], &mut plan, TERMS, NOW), Resume::default(), "it is back, and not wanted now");
}

#[test]
fn resume__deletion_has_failed__is_tried_again_when_it_is_due() {
    for (retry_at, deleted) in [(None, 1), (Some(NOW), 1), (Some(NOW + Duration::from_secs(1)), 0)] {
        let one = UnderWay { retry_at, ..under_way(replica(Phase::Retiring, 1), Besides::Held) };
        let resume = resume(vec![one], &mut Plan::default(), TERMS, NOW);
        assert_eq!(resume.delete.len(), deleted, "{retry_at:?}");
    }
}

#[test]
fn what_may_be_the_only_version_stays() {
    for phase in [Phase::Uploading, Phase::Spoilt] {
        assert_eq!(at_work(vec![replica(phase, 1)], Besides::NotHeld, &mut put("b", 1)), Resume::default());
    }
}

#[test]
fn an_unanswered_upload_is_waited_for_and_not_repeated_for_ever() {
    let aged = |age: u64| Replica { since: NOW - Duration::from_secs(age), ..replica(Phase::Uploading, 1) };
    let mut plan = put("a", 1);
    let young = at_work(vec![aged(90), aged(10)], Besides::NotHeld, &mut plan);
    assert_eq!((young.open, young.wait_since, plan.actions.len()), (true, Some(aged(10).since), 0));
    let mut plan = put("a", 1);
    let old = at_work(vec![aged(90), aged(30)], Besides::NotHeld, &mut plan);
    assert_eq!((old.open, old.give_up.len(), plan.actions.len()), (false, 0, 1));
    let mut plan = put("a", 1);
    let many = at_work(vec![aged(90), aged(60), aged(30)], Besides::NotHeld, &mut plan);
    assert_eq!((many.open, many.give_up.len(), plan.actions.len()), (false, 1, 0));
}

#[test]
fn a_job_of_a_document_that_goes_is_not_followed() {
    let (path, live) = (DocPath::new("a").unwrap(), ContentHash([1; 32]).short());
    let gone = Gone { path, live, size: 1, min_hash: None, made_here: true, successor: None, overdue: false };
    let collection = CollectionName::new("c").unwrap();
    let mut plan = Plan { actions: vec![Action::Delete { collection, gone, moved: false }], ..Plan::default() };
    assert_eq!(at_work(vec![replica(Phase::Ingesting, 2)], Besides::Held, &mut plan), Resume::default());
}

#[test]
fn rename__its_target_is_on_its_way_already__waits_for_that() {
    // The phase and content of what is on its way, then: renames left, uploads into it.
    for (phase, content, renames, uploads) in [
        (Phase::Ingesting, 1, 0, 0),
        (Phase::Unknown, 1, 0, 0),
        (Phase::Intent, 1, 0, 0),
        (Phase::Ingesting, 2, 1, 0),
        (Phase::Created, 1, 0, 1),
        (Phase::Created, 2, 1, 0),
    ] {
        let Plan { actions, .. } = put("a", 1);
        let Some(Action::Put { collection, wanted: to }) = actions.into_iter().next() else { unreachable!() };
        let live = to.hash.short();
        let from = Gone {
            path: DocPath::new("b").unwrap(),
            live,
            size: 1,
            min_hash: None,
            made_here: true,
            successor: None,
            overdue: false,
        };
        let rename = Action::Rename { away: collection.clone(), from, collection, to };
        let mut plan = Plan { actions: vec![rename], ..Plan::default() };
        let resume = at_work(vec![replica(phase, content)], Besides::NotHeld, &mut plan);
        let is_rename = |action: &&Action| matches!(action, Action::Rename { .. });
        assert_eq!(plan.actions.iter().filter(is_rename).count(), renames, "{phase:?} {content}");
        assert_eq!((resume.upload.len(), plan.actions.len()), (uploads, renames + uploads), "{phase:?} {content}");
        assert!(renames == 1 || resume.open, "{phase:?} {content}: the next round looks again");
    }
}

#[test]
fn ingesting__document_is_gone__is_deleted_unless_it_has_moved() {
    for (plan, never, expected) in
        [(put("b", 2), false, (1, 0)), (put("b", 1), false, (0, 1)), (put("b", 2), true, (0, 1))]
    {
        let one = under_way(replica(Phase::Ingesting, 1), Besides::Nothing);
        let resume = resume(vec![one], &mut { plan }, Terms { never, ..TERMS }, NOW);
        assert_eq!((resume.finish.len(), resume.follow.len()), expected);
    }
}
